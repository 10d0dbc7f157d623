"""Reference pages as reStructuredText, taken from the code at build time and never retyped."""

from __future__ import annotations

import importlib
import inspect
from typing import TYPE_CHECKING, Any

import reference_trading
import tradectl_sdk
from reference_trading import setting_table
from rst import literal, section, table
from tradectl import table as command_table
from tradectl.environment import ENVIRONMENT
from tradectl.options import GLOBAL_OPTIONS
from tradectl_sdk.config import describe_settings
from tradectl_sdk.domain.orders import ILLEGAL, TRANSITIONS, OrderEvent, OrderStatus
from tradectl_sdk.engine.reasons import CloseReason, DenyReason, FillReason
from tradectl_sdk.errors import ExitStatus, error_classes
from tradectl_sdk.hooks import HOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

# Public modules beside the face itself; what they list in __all__ is public.
MODULES = (
    "tradectl_sdk.errors",
    "tradectl_sdk.strategy",
    "tradectl_sdk.indicators",
    "tradectl_sdk.kernel",
    "tradectl_sdk.engine",
    "tradectl_sdk.domain.instrument",
    "tradectl_sdk.domain.timeframe",
    "tradectl_sdk.data",
    "tradectl_sdk.models",
    "tradectl_sdk.evidence",
    "tradectl_sdk.runs",
    "tradectl_sdk.runs.metrics",
    "tradectl_sdk.report",
    "tradectl_sdk.hooks",
    "tradectl_sdk.plugins",
    "tradectl_sdk.exchange",
    "tradectl_sdk.config",
    "tradectl_sdk.testing",
)


def errors() -> Iterator[str]:
    """Yield one section for each error code, in the order of the tree."""
    for cls in error_classes():
        yield from ("", f".. _error-{cls.code}:")
        yield from section(cls.code)
        yield f"``tradectl_sdk.errors.{cls.__name__}``, exit status {int(cls.exit_status)}."
        yield ""
        # The part below "Args:" is for programmers; the API page has it.
        yield from (inspect.getdoc(cls) or "").partition("\nArgs:")[0].splitlines()


def exit_codes() -> Iterator[str]:
    """Yield the table of exit statuses and the errors that end in each."""
    yield from table(
        ("status", "meaning", "error codes"),
        (
            (
                f"``{int(status)}``",
                status.summary,
                ", ".join(
                    f":ref:`{cls.code} <error-{cls.code}>`"
                    for cls in error_classes()
                    if cls.exit_status is status
                ),
            )
            for status in ExitStatus
        ),
    )


def settings() -> Iterator[str]:
    """Yield the table of settings."""
    yield from setting_table(describe_settings())


def environment() -> Iterator[str]:
    """Yield the table of environment variables."""
    yield from table(
        ("variable", "meaning"), ((f"``{name}``", meaning) for name, meaning in ENVIRONMENT)
    )


def hooks() -> Iterator[str]:
    """Yield one section for each hook: signature, docstring with its example, its record."""
    for name in HOOKS.names:
        hook = getattr(HOOKS.specification, name)
        yield from section(name)
        yield f"``{name}{_signature(hook)}``"
        yield ""
        yield from (inspect.getdoc(hook) or "").splitlines()
        if record := HOOKS.providers.get(name):
            yield from ("", f"The record: :class:`tradectl_sdk.hooks.{record.__name__}`.", "")
            yield from _capabilities(record.known_capabilities)


def _signature(hook: Callable[..., Any]) -> str:
    return str(inspect.signature(hook)).replace("'", "")


def _capabilities(known: Any) -> Iterator[str]:
    if known:
        yield "Capabilities it may declare:"
        yield from table(("capability", "claims"), ((f"``{k}``", v) for k, v in known.items()))


def commands() -> Iterator[str]:
    """Yield each command's help, as ``--help`` prints it, and the global options."""
    for row in command_table.BUILT_IN:
        command = command_table.load(row)
        yield from section(f"tradectl {row.name}")
        yield from literal(_help(command, f"tradectl {row.name}"))
        for verb, child in getattr(command, "commands", {}).items():
            yield from literal(_help(child, f"tradectl {row.name} {verb}"))
    yield from section("Options of every command")
    yield from table(
        ("option", "meaning"),
        (
            (
                " or ".join(
                    f"``{name} {option.metavar}``".replace(" ``", "``") for name in option.names
                ),
                option.help,
            )
            for option in GLOBAL_OPTIONS
        ),
    )


def _help(command: Any, path: str) -> str:
    context = command.context_class(command, info_name=path, max_content_width=90)
    text: str = command.get_help(context)
    return text


def reasons() -> Iterator[str]:
    """Yield three tables: why an order was filled, denied or closed."""
    for title, kind in (("filled", FillReason), ("denied", DenyReason), ("closed", CloseReason)):
        yield from section(f"Why an order was {title}")
        yield from table(
            ("code", "name", "meaning"),
            ((f"``{int(one)}``", f"``{one.name}``", one.summary) for one in kind),
        )


def order_states() -> Iterator[str]:
    """Yield, for each status, what may happen in it and the status afterwards."""
    for status in OrderStatus:
        happens = ((event, TRANSITIONS[status][event]) for event in OrderEvent)
        cells = [(event, after) for event, after in happens if after != ILLEGAL]
        yield from section(status.name + (" (terminal)" if status.terminal else ""))
        yield from table(
            ("what happens", "status afterwards"),
            ((f"``{event.name}``", f"``{OrderStatus(after).name}``") for event, after in cells),
        )


def api() -> Iterator[str]:
    """Yield every public name: those of ``tradectl_sdk``, then those of its public modules."""
    described: dict[int, str] = {}
    yield from _public("tradectl_sdk", tradectl_sdk.__all__, described)
    for name in MODULES:
        module = importlib.import_module(name)
        yield from section(name)
        yield from (f".. py:module:: {name}", "")
        yield from ((inspect.getdoc(module) or "").partition("\n\n")[0].splitlines())
        yield ""
        yield from _public(name, getattr(module, "__all__", _defined_in(module)), described)


def _defined_in(module: ModuleType) -> list[str]:
    members = vars(module).items()
    return [
        name
        for name, value in members
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    ]


def _public(module: str, names: Iterable[str], described: dict[int, str]) -> Iterator[str]:
    """Yield each name; one that was described under another module is only pointed to."""
    for name in sorted(names):
        value = getattr(importlib.import_module(module), name)
        home = described.setdefault(id(value), f"{module}.{name}")
        if home != f"{module}.{name}":
            yield from (f"``{module}.{name}`` is :py:obj:`{home}`.", "")
        elif inspect.isclass(value):
            yield from (f".. autoclass:: {home}", "   :members:", "")
        elif callable(value):
            yield from (f".. autofunction:: {home}", "")


PAGES: dict[str, Callable[[], Iterable[str]]] = {
    "errors": errors,
    "exit-codes": exit_codes,
    "settings": settings,
    "environment": environment,
    "hooks": hooks,
    "commands": commands,
    "reasons": reasons,
    "order-states": order_states,
    "api": api,
    **reference_trading.PAGES,
}
