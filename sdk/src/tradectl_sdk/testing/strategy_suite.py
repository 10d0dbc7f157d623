"""What every strategy is held to."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from tradectl_sdk.errors import UsageError
from tradectl_sdk.strategy import Strategy
from tradectl_sdk.testing.checks import CheckFailedError, CheckSkippedError, Suite, require
from tradectl_sdk.testing.sources import forbidden, uses

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tradectl_sdk.strategy import Parameter


@dataclass(frozen=True, slots=True)
class StrategySubject:
    """One strategy under test."""

    strategy: type[Strategy]

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Its declared parameters by name."""
        return self.strategy.parameters()


STRATEGY: Final[Suite[StrategySubject]] = Suite("strategy")

_CLOCK: Final = (
    "time",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
)
_OUTSIDE: Final = (
    "aiohttp",
    "asyncio",
    "builtins.input",
    "builtins.open",
    "ccxt",
    "ctypes",
    "ftplib",
    "http.client",
    "httpx",
    "os",
    "requests",
    "shutil",
    "smtplib",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "urllib.request",
    "urllib3",
    "websockets",
)
_CHANCE: Final = ("random", "secrets", "uuid.uuid1", "uuid.uuid4", "numpy.random", "os.urandom")


@STRATEGY.check()
def is_documented(subject: StrategySubject) -> None:
    """It has a docstring of its own whose first line says what it does."""
    doc = vars(subject.strategy).get("__doc__") or ""
    require(doc.strip(), f"{subject.strategy.__name__} has no docstring")


@STRATEGY.check()
def parameters_have_bounds(subject: StrategySubject) -> None:
    """Every number among its parameters has bounds or choices, so that it can be searched."""
    for name, parameter in _parameters(subject).items():
        bounded = parameter.ge is not None and parameter.le is not None
        if parameter.type is not bool and not parameter.choices:
            require(bounded, f"parameter {name!r} has no bounds, expected ge= and le=, or choices=")


@STRATEGY.check()
def defaults_are_allowed(subject: StrategySubject) -> None:
    """It can be made without arguments and then holds the defaults."""
    instance = subject.strategy()
    for name, parameter in _parameters(subject).items():
        value = getattr(instance, name)
        require(
            value == parameter.default and type(value) is parameter.type,
            f"parameter {name!r} was {value!r} after construction, expected {parameter.default!r}",
        )


@STRATEGY.check()
def values_out_of_bounds_are_refused(subject: StrategySubject) -> None:
    """Values beyond the bounds, and parameters nobody declared, raise UsageError."""
    beyond: list[tuple[str, float]] = [("no_such_parameter", 1)]
    for name, parameter in subject.parameters.items():
        beyond += [(name, parameter.ge - 1)] if parameter.ge is not None else []
        beyond += [(name, parameter.le + 1)] if parameter.le is not None else []
    for name, value in beyond:
        _refuses(subject.strategy, name, value)


def _refuses(strategy: type[Strategy], name: str, value: float) -> None:
    try:
        strategy(**{name: value})
    except UsageError:
        return
    raise CheckFailedError(f"accepted {name}={value}, expected UsageError")


@STRATEGY.check()
def instances_share_no_state(subject: StrategySubject) -> None:
    """No list, dictionary, set or array stands in a class body, where all runs would share it."""
    for cls in subject.strategy.__mro__:
        if issubclass(cls, Strategy) and cls is not Strategy:
            for name, value in vars(cls).items():
                shared = name.startswith("__") or not _is_mutable(value)
                require(shared, f"{cls.__name__}.{name} is shared by all runs; set it in on_start")


def _is_mutable(value: object) -> bool:
    return isinstance(value, list | dict | set | bytearray) or type(value).__name__ == "ndarray"


@STRATEGY.check()
def can_be_copied(subject: StrategySubject) -> None:
    """Before it starts it survives deep copy and pickle, so that it can go to another process."""
    original = subject.strategy()
    for how, twin in (
        ("deep copy", copy.deepcopy(original)),
        ("pickle", pickle.loads(pickle.dumps(original))),  # noqa: S301 - made one line before
    ):
        require(type(twin) is type(original), f"{how} gave a {type(twin).__name__}")
        require(vars(twin) == vars(original), f"{how} gave {vars(twin)}, not {vars(original)}")


@STRATEGY.check()
def sees_no_wall_clock(subject: StrategySubject) -> None:
    """Its module reads no wall clock: time is that of the bar, in a backtest and live."""
    _refuse_uses(subject, _CLOCK, "ask ctx for the time")


@STRATEGY.check()
def sees_no_network_or_disk(subject: StrategySubject) -> None:
    """Its module touches neither network, disk, environment nor other processes."""
    _refuse_uses(subject, _OUTSIDE, "bring it in as a column before the run")


@STRATEGY.check()
def leaves_nothing_to_chance(subject: StrategySubject) -> None:
    """Its module draws no random numbers: same data and settings, same orders."""
    _refuse_uses(subject, _CHANCE, "a run must give the same orders every time")


def _refuse_uses(subject: StrategySubject, names: Collection[str], instead: str) -> None:
    try:
        found = forbidden(uses(subject.strategy), names)
    except OSError as error:
        raise CheckSkippedError("its source cannot be read") from error
    places = ", ".join(f"{use.name} in line {use.line}" for use in found)
    require(not found, f"{subject.strategy.__module__} uses {places}; {instead}")


def _parameters(subject: StrategySubject) -> Mapping[str, Parameter]:
    if not subject.parameters:
        raise CheckSkippedError("it declares no parameters")
    return MappingProxyType(dict(subject.parameters))
