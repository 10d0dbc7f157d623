"""Models by name, and the signals they make for a run.

``forecast=ridge:horizon=5,every=50`` is how one is written: the signal it makes, the model, and the
model's own settings. Without ``forecast=`` the signal is called ``forecast``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from tradectl_sdk.config.layers import override_layer
from tradectl_sdk.config.resolve import resolve
from tradectl_sdk.errors import ConfigError, ModelError, NotFoundError, UsageError, pip_install
from tradectl_sdk.pipelines.codehash import class_hash
from tradectl_sdk.pipelines.components import NoSettings, loaded, named
from tradectl_sdk.pipelines.model_state import state_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from pydantic import BaseModel

    from tradectl_sdk.models import Model
    from tradectl_sdk.pipelines.series import LoadedSeries
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.strategy import Strategy

    FloatArray = NDArray[np.float64]

MadeBy: TypeAlias = "str | Mapping[str, object] | Callable[[], Model]"
"""What makes a signal: ``ridge:horizon=5``, the same as a table with its name under ``model``, or
what makes a fresh model."""

FORECAST = "forecast"  # what a signal is called that is given no name
_SIGNAL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FORM = "write it as SIGNAL=MODEL:KEY=VALUE,KEY=VALUE; all but MODEL may be left out"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalModel:
    """A signal and the model that makes it.

    Attributes:
        signal: What strategies call it.
        name: What the model is called.
        source: Where the model came from.
        make: Makes a fresh model; each series of a run has one of its own.
        settings: What the model was made with.
        is_code: Whether it was given as Python code, of which no settings are known.
    """

    signal: str
    name: str
    source: str
    make: Callable[[], Model]
    settings: Mapping[str, object]
    is_code: bool = False

    def identity(self, bars: Sequence[int]) -> dict[str, object]:
        """Everything its forecasts depend on, other than data; names the run.

        Args:
            bars: Length of each series.

        Raises:
            UsageError: If a series ends before the model is fitted.
            ModelError: If its attributes cannot name the run, and it has no settings.
        """
        schedule = self.fresh().schedule
        if min(bars) <= schedule.first:
            raise UsageError(
                f"model {self.name} is first fitted at bar {schedule.first:,}, "
                f"and there are {min(bars):,} bars",
                hint=f"take more bars, or set first: {self.signal}={self.name}:first=...",
            )
        fits = [sum(1 for _ in schedule.folds(count)) for count in bars]
        return {**self.described(), "fits": fits}

    def described(self) -> dict[str, object]:
        """Everything its forecasts depend on, other than the bars.

        Raises:
            ModelError: If its attributes cannot name the run, and it has no settings.
        """
        from importlib import metadata  # which few runs need, and takes long to import

        model = self.fresh()
        cls = type(model)
        state = state_hash(model, self.name) if self.is_code else ""
        return ({"state": state} if state else {}) | {
            "model": self.name,
            "code": f"{cls.__module__}.{cls.__qualname__} {class_hash(cls)}",
            "schedule": asdict(model.schedule),
            "settings": {**model.settings, **self.settings},
            "libraries": {name: metadata.version(name) for name in sorted(model.libraries)},
        }

    def fresh(self) -> Model:
        """Make a model.

        Raises:
            ModelError: If that gives none.
        """
        from tradectl_sdk.models import Model

        model = self.make()
        if not isinstance(model, Model):
            raise ModelError(f"{self.name} made a {type(model).__name__}, expected a Model")
        return model

    def over(self, series: Sequence[LoadedSeries]) -> list[FloatArray]:
        """Forecast along each series; one array beside its bars each."""
        from tradectl_sdk.models import walk_forward

        return [walk_forward(self.fresh(), one.bars).values for one in series]

    def first_forecast(self) -> int:
        """Position of the first bar it may forecast."""
        return self.fresh().schedule.first


def read_models(words: Iterable[str]) -> dict[str, MadeBy]:
    """Read models as they stand on the command line, by the signal they make.

    Raises:
        UsageError: If one has another form, or two make the same signal.
    """
    found: dict[str, MadeBy] = {}
    for word in words:
        head, colon, settings = word.partition(":")
        signal, equals, model = head.rpartition("=")
        signal = signal if equals else FORECAST
        if not model or not _SIGNAL.fullmatch(signal):
            raise UsageError(f"a model was {word!r}, expected its name", hint=_FORM)
        if signal in found:
            raise UsageError(
                f"signal {signal} was given two models, expected one",
                hint="name signals, as in --model fast=ridge:horizon=1 --model slow=ridge",
            )
        found[signal] = f"{model}{colon}{settings}"
    return found


def wanted_models(
    strategy: type[Strategy], given: Mapping[str, MadeBy], columns: Iterable[str]
) -> dict[str, MadeBy]:
    """The models of a run: those it is given, and a strategy's own for what it reads besides.

    Args:
        strategy: Says in ``signals`` what it reads.
        given: Models of the run, by signal.
        columns: Signals that are prepared already.

    Raises:
        UsageError: If a signal is prepared and has a model, or has neither.
    """
    prepared = set(columns)
    if twice := sorted(prepared & given.keys()):
        raise UsageError(f"signal {twice[0]} was given both a column and a model, expected one")
    found = dict(given)
    for word in strategy.signals:
        signal, equals, model = word.partition("=")
        if signal in found or signal in prepared:
            continue
        if not equals:
            raise UsageError(
                f"{strategy.__name__} reads the signal {signal!r}, and nothing makes it",
                hint=f"name a model: --model {signal}=MODEL",
            )
        found[signal] = model
    return found


def find_models(
    wanted: Mapping[str, MadeBy], plugins: Plugins | None = None
) -> tuple[SignalModel, ...]:
    """Find the models of a run, each with its settings checked.

    Args:
        wanted: What makes each signal.
        plugins: Where names are looked up; the installed plugins unless given.

    Raises:
        NotFoundError: If no plugin offers a model of that name.
        ConfigError: If its settings are wrong.
        PluginError: If it cannot be imported.
    """
    return tuple(
        _given(signal, made) if callable(made) else _of_plugin(signal, *_parted(made), plugins)
        for signal, made in wanted.items()
    )


def _given(signal: str, make: Callable[[], Model]) -> SignalModel:
    made = make.func if isinstance(make, partial) else make
    name = getattr(made, "__name__", type(made).__name__)
    source = getattr(made, "__module__", "")
    return SignalModel(
        signal=signal, name=name, source=source, make=make, settings={}, is_code=True
    )


def _parted(made: str | Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return the name of a model, and its settings as they were given."""
    if not isinstance(made, str | Mapping):
        raise UsageError(
            f"a model was {made!r}, expected its name or what makes it",
            hint="such as 'ridge:horizon=5', or a class of yours that derives from Model",
        )
    if not isinstance(made, str):
        given = dict(made)
        return str(given.pop("model", "")), given
    name, _, text = made.partition(":")
    given = {}
    for word in filter(None, text.split(",")):
        key, equals, value = (part.strip() for part in word.partition("="))
        if not (key and equals):
            raise UsageError(f"a setting of model {name} was {word!r}, expected KEY=VALUE")
        given[key] = value
    return name, given


def _of_plugin(
    signal: str, name: str, given: Mapping[str, object], plugins: Plugins | None
) -> SignalModel:
    offered = loaded(plugins).models()
    if not offered:
        raise NotFoundError(
            f"no plugin offers a model, and {signal} is to be made by {name!r}",
            hint=pip_install("tradectl-ml"),
        )
    provided = named(offered, name, f"--model {signal}")
    model, factory = provided.load_settings(), provided.load()
    settings = _settings(model or NoSettings, signal, name, given)
    made: object = settings if model is not None else None
    return SignalModel(
        signal=signal,
        name=name,
        source=provided.source,
        make=partial(factory, made),
        settings=settings.model_dump(mode="json"),
    )


def _settings(
    model: type[BaseModel], signal: str, name: str, given: Mapping[str, object]
) -> BaseModel:
    """Read what stands behind a model's name into its settings."""
    layer = override_layer({f"models.{signal}.{key}": value for key, value in given.items()})
    try:
        return resolve(model, [layer], prefix=("models", signal))
    except ConfigError as error:
        prefix = f"models.{signal}."
        problems = [
            replace(
                one,
                origin="",
                key=one.key.removeprefix(prefix),
                message=one.message.replace(prefix, ""),
            )
            for one in error.problems
        ]
        raise ConfigError(
            f"the settings of model {name} are wrong",
            problems=problems,
            hint=f"tradectl model show {name}",
        ) from error
