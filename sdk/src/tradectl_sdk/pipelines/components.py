"""Components by name from settings: which one is meant, and with which settings of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict

from tradectl_sdk.config.layers import Layer, OriginKind
from tradectl_sdk.config.resolve import resolve
from tradectl_sdk.errors import NotFoundError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tradectl_sdk.config.positions import KeyPath
    from tradectl_sdk.hooks import Spec
    from tradectl_sdk.plugins import Plugins, Provided

    S = TypeVar("S", bound=Spec)
M = TypeVar("M", bound=BaseModel)


class NoSettings(BaseModel):
    """What a table looks like that nobody reads: empty."""

    model_config = ConfigDict(extra="forbid")


def loaded(plugins: Plugins | None) -> Plugins:
    """Return the plugins given, or those that are installed."""
    if plugins is not None:
        return plugins
    from tradectl_sdk.plugins import Plugins as Host

    return Host.discover().load()


def named(offered: Mapping[str, Provided[S]], name: str, key: str) -> Provided[S]:
    """Return the component of a name.

    Args:
        offered: The components of one kind.
        name: The one that is wanted.
        key: The setting that names it.

    Raises:
        NotFoundError: When no loaded plugin offers it.
    """
    if name in offered:
        return offered[name]
    message, hint = unoffered(offered, name)
    raise NotFoundError(f"{key} {message}", hint=hint)


def unoffered(offered: Mapping[str, Provided[S]], name: str) -> tuple[str, str]:
    """Say of a name that no loaded plugin offers it, and what may have been meant."""
    known = ", ".join(offered) or "none; tradectl plugin list tells which plugins are loaded"
    hint = did_you_mean(name, offered) or f"there is {known}"
    return f"names {name!r}, which no plugin offers", hint


def own_settings(model: type[M], values: Mapping[str, Any], path: KeyPath) -> M:
    """Read a component's own table of settings into its model.

    Args:
        model: What the settings must look like.
        values: The table, as it was written.
        path: Where in the settings the table stands, for messages.

    Raises:
        ConfigError: With every problem found.
    """
    nested: dict[str, Any] = dict(values)
    for key in reversed(path):
        nested = {str(key): nested}
    return resolve(model, [Layer(kind=OriginKind.DEFAULT, values=nested)], prefix=path)
