"""All inputs of a run, resolved and checked, before anything runs."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.codehash import class_hash, engine_version
from tradectl_sdk.pipelines.components import loaded
from tradectl_sdk.pipelines.modelling import find_models, wanted_models
from tradectl_sdk.pipelines.planning import bare_plan, parameter_values
from tradectl_sdk.pipelines.risk import tables_of_rules
from tradectl_sdk.pipelines.series import Resampling, to_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.config.settings import Settings
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import Plan
    from tradectl_sdk.pipelines.finding import FoundStrategy
    from tradectl_sdk.pipelines.modelling import MadeBy, SignalModel
    from tradectl_sdk.pipelines.series import LoadedSeries
    from tradectl_sdk.plugins import Plugins


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Job:
    """What is to be run, and everything its result depends on.

    Attributes:
        found: The strategy.
        series: The data, one series per instrument.
        plan: The run itself.
        settings: Everything that is assumed.
        identity: What names the run in the store.
        trials: Parameter sets tried to arrive at this one.
        models: What makes signals that the plan does not have yet.
    """

    found: FoundStrategy
    series: tuple[LoadedSeries, ...]
    plan: Plan
    settings: Settings
    identity: Mapping[str, Any]
    trials: int
    models: tuple[SignalModel, ...] = ()

    def with_forecasts(self) -> Job:
        """The same job, its plan with the signals that models make; they are fitted for it.

        Raises:
            ModelError: If a model raises, or gives what cannot be used.
        """
        if not self.models:
            return self
        made = {one.signal: one.over(self.series) for one in self.models}
        return replace(self, plan=replace(self.plan, signals={**self.plan.signals, **made}))


def prepare(
    found: FoundStrategy,
    parameters: Mapping[str, object],
    series: tuple[LoadedSeries, ...],
    settings: Settings,
    *,
    signals: Mapping[str, Sequence[NDArray[np.float64]]],
    models: Mapping[str, MadeBy] | None = None,
    warmup: int,
    trials: int,
    plugins: Plugins | None,
) -> Job:
    """Resolve parameters, models, fees, risk rules and cost models, and name the run.

    No model is fitted yet: a run that is in the store needs none to be.

    Raises:
        UsageError: If a parameter is unknown or out of bounds, or the series do not fit into one
            account, or are too short for a model.
        PluginError: If a rule or a model cannot be loaded.
    """
    fit_together([one.bars.instrument for one in series])
    plugins = loaded(plugins)
    values = parameter_values(found, parameters)
    making = find_models(wanted_models(found.cls, models or {}, signals), plugins)
    lengths = [len(one.bars) for one in series]
    made = {one.signal: one.identity(lengths) for one in making}
    bare = bare_plan(
        found,
        values,
        [one.bars.instrument for one in series],
        series[0].bars.timeframe.nanoseconds,
        settings,
        has_volume=all(one.bars.volume.any() for one in series),
        warmup=max([warmup, *(one.first_forecast() for one in making)]),
        plugins=plugins,
    )
    plan = replace(
        bare,
        columns=tuple(
            to_columns(one.bars, index, one.prepared) for index, one in enumerate(series)
        ),
        resample=Resampling(series),
        signals=signals,
    )
    identity = identity_of(plan, found, values, settings, trials=trials, plugins=plugins) | {
        "data": [_describe(one) for one in series]
    }
    if made:
        identity["settings"]["models"] = made
    return Job(
        found=found,
        series=series,
        plan=plan,
        settings=settings,
        identity=identity,
        trials=trials,
        models=making,
    )


def identity_of(
    plan: Plan,
    found: FoundStrategy,
    parameters: Mapping[str, object],
    settings: Settings,
    *,
    trials: int = 1,
    plugins: Plugins | None = None,
) -> dict[str, Any]:
    """Return everything that the result of a run depends on, other than its data."""
    return {
        "code": _code(plan, found),
        "parameters": dict(parameters),
        "engine": engine_version(),
        "settings": _settings(plan, settings, trials, plugins),
    }


def fit_together(instruments: Sequence[Instrument]) -> None:
    """Refuse what one account of one currency cannot hold side by side.

    Raises:
        UsageError: If there are none, one is there twice, or their currencies differ.
    """
    if not instruments:
        raise UsageError("no series was given, expected at least one")
    twice = [name for name, count in Counter(each.id for each in instruments).items() if count > 1]
    if twice:
        raise UsageError(
            f"{twice[0]} was given twice, expected each series once",
            hint="a strategy reads a longer timeframe of its instrument with ctx.bar",
        )
    first = instruments[0]
    other = next((each for each in instruments if each.quote != first.quote), None)
    if other is not None:
        raise UsageError(
            f"{first.id} is priced in {first.quote} and {other.id} in {other.quote}, "
            "expected one currency",
            hint="an account has one currency so far; run them one by one",
        )


def optimistic(settings: Settings) -> Settings:
    """The same settings with every doubt about a fill decided in the trader's favour."""
    hopeful = {
        "limit_fill": "touch",
        "bar_path": "adaptive",
        "volume_share": Decimal(0),
        "slippage_bps": Decimal(0),
        "slippage": None,
    }
    return settings.model_copy(update={"backtest": settings.backtest.model_copy(update=hopeful)})


def _code(plan: Plan, found: FoundStrategy) -> dict[str, object]:
    models = [make() for make in (plan.fees, plan.slippage) if make is not None]
    parts = {"rules": plan.make_rules(), "costs": models}
    return {
        "strategy": _class(found.cls),
        **{name: [_class(type(each)) for each in made] for name, made in parts.items()},
    }


def _class(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__} {class_hash(cls)}"


def _describe(series: LoadedSeries) -> dict[str, object]:
    bars = series.bars
    return {
        "instrument": str(bars.instrument.id),
        "timeframe": str(bars.timeframe),
        "bars": len(bars),
        "hash": series.content_hash,
    }


def _settings(
    plan: Plan, settings: Settings, trials: int, plugins: Plugins | None
) -> dict[str, object]:
    return {
        "assumptions": plan.assumptions.manifest(),
        "risk": settings.risk.model_dump(mode="json"),
        "backtest": settings.backtest.model_dump(mode="json"),
        "fees": [[str(one.maker_fee), str(one.taker_fee)] for one in plan.instruments],
        "instruments": [_terms(one) for one in plan.instruments],
        "plugins": tables_of_rules(settings.risk, plugins, settings.plugins),
        "signals": hashes_of_signals(plan.signals),
        "warmup": plan.warmup,
        "trials": trials,
    }


def hashes_of_signals(
    signals: Mapping[str, Sequence[NDArray[np.float64]]],
) -> dict[str, list[str]]:
    """Return what names prepared columns: the hash of each, by signal and series."""
    return {name: [_hash(one) for one in each] for name, each in signals.items()}


def _terms(instrument: Instrument) -> dict[str, str]:
    """All that an instrument says of itself: multiplier and calendar shape a result too."""
    return {field.name: str(getattr(instrument, field.name)) for field in fields(instrument)}


def _hash(values: NDArray[np.float64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, np.float64).data).hexdigest()
