"""The models of a session: pinned when it is started, and walked through its bars as they come."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import UsageError
from tradectl_sdk.models import Following
from tradectl_sdk.pipelines.modelling import find_models
from tradectl_sdk.pipelines.sessions.closed_bars import to_bars
from tradectl_sdk.pipelines.sessions.history import Past
from tradectl_sdk.runs.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.domain.timeframe import Timeframe
    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.models import Model
    from tradectl_sdk.nodes.host.handing import Forecasts
    from tradectl_sdk.pipelines.modelling import MadeBy, SignalModel
    from tradectl_sdk.plugins import Plugins


class Forecaster:
    """Says what the models of a session make of its bars, to the bits of a backtest over them.

    Each instrument has models of its own, which count its bars from the first that the session
    ever knew, its history included.

    Args:
        models: What makes signals, in the session's order.
        instruments: What is traded.
        timeframe: Length of a bar.
    """

    def __init__(
        self, models: Sequence[SignalModel], instruments: Sequence[Instrument], timeframe: Timeframe
    ) -> None:
        self._timeframe = timeframe
        self._instruments = {str(one.id): one for one in instruments}
        self._following = {
            name: [Following(model.fresh, one, timeframe) for model in models]
            for name, one in self._instruments.items()
        }
        self._last = dict.fromkeys(self._instruments, 0)

    def begin(self, past: Past) -> Past:
        """Take in the bars before, and return them with what stands beside each.

        What earlier lives of the session have said of them is left as it is.

        Raises:
            ModelError: If a model raises, or gives what cannot be used.
        """
        if past.foreseen:
            for name, mine in self._by_instrument(past.bars).items():
                for each in self._following[name]:
                    each.see(to_bars(mine, self._instruments[name], self._timeframe))
            return past
        keys = [(bar.instrument, bar.time) for bar in past.bars]
        return Past(past.bars, dict(zip(keys, self.foresee(past.bars), strict=True)))

    def foresee(self, bars: Sequence[BarClosed]) -> Forecasts:
        """Take in bars, and say what stands beside each: the value of each signal, in order.

        Nothing stands beside a bar of no instrument of the session, or one that is older than
        those before it: such a bar is passed over.

        Raises:
            ModelError: If a model raises, or gives what cannot be used.
        """
        found: dict[tuple[str, int], tuple[float, ...]] = {}
        for name, mine in self._by_instrument(bars).items():
            columns = []
            for each in self._following[name]:
                since = len(each)
                each.see(to_bars(mine, self._instruments[name], self._timeframe))
                columns.append(each.forecast(since).tolist())
            times = [(name, bar.time) for bar in mine]
            found |= dict(zip(times, zip(*columns, strict=True), strict=True))
        return tuple(found.pop((bar.instrument, bar.time), ()) for bar in bars)

    def fit_ahead(self) -> None:
        """Make the fits that are needed next, where all they learn from is known.

        Raises:
            ModelError: If a model raises, or gives what cannot be used.
        """
        for models in self._following.values():
            for each in models:
                each.fit_ahead()

    def _by_instrument(self, bars: Iterable[BarClosed]) -> dict[str, list[BarClosed]]:
        """Sort out the bars that follow what was seen, by instrument."""
        found: dict[str, list[BarClosed]] = {}
        for bar in bars:
            fits = bar.length == self._timeframe.nanoseconds
            if fits and bar.time > self._last.get(bar.instrument, bar.time):
                self._last[bar.instrument] = bar.time
                found.setdefault(bar.instrument, []).append(bar)
        return found


# In the session's plan --------------------------------------------------------------------------


def pin_models(models: Iterable[SignalModel]) -> dict[str, dict[str, Any]]:
    """Return what a session's plan says of its models, by signal.

    Raises:
        ModelError: If a model's attributes cannot name it, and it has no settings.
    """
    return {
        one.signal: {
            "model": one.name,
            "settings": dict(one.settings),
            "code": one.is_code,
            "hash": _hash(one),
        }
        for one in models
    }


def pinned_models(
    pinned: Mapping[str, Mapping[str, Any]],
    given: Mapping[str, Callable[[], Model]],
    plugins: Plugins | None,
) -> tuple[SignalModel, ...]:
    """Find the models that a session's plan names, with the settings they were pinned with.

    Args:
        pinned: What the plan says.
        given: What makes those that were given as Python code.
        plugins: Installed plugins, if they are loaded already.

    Raises:
        NotFoundError: If no plugin offers such a model any more.
        UsageError: If one was given as code, and is not given again.
    """
    for signal, one in pinned.items():
        if one["code"] and signal not in given:
            raise UsageError(
                f"model {one['model']} of {signal} was given as Python code, expected it again",
                hint="resume_session(..., models=...) takes it",
            )
    return find_models({**tables_of(pinned), **given}, plugins)


def tables_of(pinned: Mapping[str, Mapping[str, Any]]) -> dict[str, MadeBy]:
    """Return the models of plugins that were pinned, in the form that any run is given them in."""
    return {
        signal: {"model": one["model"], **one["settings"]}
        for signal, one in pinned.items()
        if not one["code"]
    }


def other_models(
    models: Iterable[SignalModel], pinned: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return the signals whose models are not what they were when the session was made."""
    return [one.signal for one in models if _hash(one) != pinned[one.signal]["hash"]]


def require_same_models(
    models: Iterable[SignalModel], pinned: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse to go on with models that would make other signals of the same bars.

    Raises:
        UsageError: If code, settings or a library of one is another.
    """
    for signal in other_models(models, pinned):
        raise UsageError(
            f"model {pinned[signal]['model']} of {signal} is not what it was when the session was "
            "started: its code, or a library it is made of, is another",
            hint="install what it was started with, or start a new session",
        )


def _hash(model: SignalModel) -> str:
    return hashlib.sha256(canonical_json(model.described()).encode()).hexdigest()
