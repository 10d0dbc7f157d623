"""The settings there are, for editors and for people."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from tradectl_sdk.config.layers import dotted
from tradectl_sdk.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic_core import core_schema

_TYPE_WORDS = {
    "array": "list",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "object": "table",
    "string": "text",
}
_BOUND_WORDS = {
    "exclusiveMinimum": "more than",
    "minimum": "at least",
    "exclusiveMaximum": "less than",
    "maximum": "at most",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting: dotted key, kind of value in words, default as JSON has it, description."""

    key: str
    type: str
    default: Any
    description: str


class _TomlSchema(GenerateJsonSchema):
    """JSON schema of what TOML may hold: a decimal number is a number."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Describe a decimal as a number; pydantic's own form allows text as well."""
        described: JsonSchemaValue = {"type": "number"}
        self.update_with_validations(described, schema, self.ValidationsMapping.numeric)
        return described

    def encode_default(self, dft: Any) -> Any:
        """Write a default the way the file would have it."""
        if isinstance(dft, Decimal):
            return int(dft) if dft == dft.to_integral_value() else float(dft)
        return super().encode_default(dft)


def json_schema(model: type[BaseModel] = Settings) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a settings file."""
    schema = model.model_json_schema(schema_generator=_TomlSchema)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def describe_settings(model: type[BaseModel] = Settings) -> list[SettingRow]:
    """Return every setting, sorted by section as the model has it."""
    schema = json_schema(model)
    return list(_rows(schema, schema.get("$defs", {}), ""))


def _rows(schema: dict[str, Any], definitions: dict[str, Any], prefix: str) -> Iterator[SettingRow]:
    for name, described in schema["properties"].items():
        key = prefix + dotted((name,))
        target = _section(described, definitions)
        if target is not None:
            yield from _rows(target, definitions, f"{key}.")
            continue
        yield SettingRow(
            key=key,
            type=_words(_target(described, definitions) or described),
            default=described.get("default"),
            description=described.get("description", ""),
        )
        inner = described.get("additionalProperties")
        each = _section(inner, definitions) if isinstance(inner, dict) else None
        if each is not None:  # a table of tables, each named by whoever writes it
            yield from _rows(each, definitions, f"{key}.<name>.")
    if isinstance(schema.get("additionalProperties"), dict):
        yield SettingRow(
            key=f"{prefix}<name>",
            type="table",
            default=None,
            description="Settings of one plugin, checked by its own model.",
        )


def _target(described: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a reference leads to."""
    found: dict[str, Any] | None = definitions.get(
        described.get("$ref", "").removeprefix("#/$defs/")
    )
    return found


def _section(described: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any] | None:
    """Return the section that a reference leads to, if it is one."""
    target = _target(described, definitions)
    return target if target is not None and "properties" in target else None


def _words(schema: dict[str, Any]) -> str:
    """Say in words what kind of value a schema allows."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(_words(member) for member in schema["anyOf"])
    if "$ref" in schema:
        return "table"
    if "path" in schema.get("format", ""):
        return "path"
    words = _TYPE_WORDS.get(schema.get("type", ""), "nothing")
    if schema.get("type") == "array":
        words = f"list of {_words(schema.get('items', {}))}"
    bounds = [f"{word} {schema[key]:g}" for key, word in _BOUND_WORDS.items() if key in schema]
    return ", ".join([words, *bounds])
