"""What came of walking forward, and what to make of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.runs.identity import name_of
from tradectl_sdk.runs.metrics import Sample
from tradectl_sdk.runs.metrics.definition import percent
from tradectl_sdk.runs.metrics.report import compute_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.runs.metrics.report import MetricsReport
    from tradectl_sdk.strategy import ParameterValue

FEW = 4  # windows below which nothing can be told
_HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """One window.

    Attributes:
        first: When the bars begin that the choice was made on, UTC nanoseconds.
        chosen: When they end.
        begin: When the bars begin that it was traded on.
        end: When the last of them closed.
        bars: How many of both.
        warm: Those of the former from the choice's warm-up on; 0 if there are none, or no choice.
        parameters: The choice; None if no trial had the metric, and nothing was traded.
        in_sample: The metric of the choice on these warm bars, on which it could order.
        out_of_sample: On those it was traded on; NaN for undefined, like the other.
        in_growth: Final over initial equity on the bars it was made on.
        trades: Trades on those it was traded on.
        order_list_hash: Of the backtest that it is; empty if nothing was traded.
        times: Instants, shape (n,).
        equity: Equity at them, each piece from the same cash, shape (n,).
    """

    first: int
    chosen: int
    begin: int
    end: int
    bars: tuple[int, int]
    warm: int
    parameters: Mapping[str, ParameterValue] | None
    in_sample: float
    out_of_sample: float
    in_growth: float
    trades: int
    order_list_hash: str
    times: NDArray[np.int64]
    equity: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class WalkForward:
    """All windows, and what they say together.

    Attributes:
        strategy: Its name.
        data: What was traded.
        timeframe: Of the bars.
        currency: Of all equity.
        metric: What choices were made by.
        anchored: Whether every window began with the first bar.
        embargo: Bars left out between choosing and trading.
        axes: The values tried, by parameter.
        pieces: The windows, in order.
        trials: Trials made in all windows, failed ones included.
        unused: Bars at the end that no window had room for.
        initial: Cash each piece began with.
        session_close: Minutes after midnight UTC at which a trading day ends.
        identity: Everything the results depend on; it names the walk.
        given: Values that all trials shared, as they were given.
        created: When it was made, ISO 8601 in UTC.
        failures: How many trials failed, by the reason.
        stored: Whether it was answered from the store instead of being walked.
    """

    strategy: str
    data: tuple[str, ...]
    timeframe: str
    currency: str
    metric: str
    anchored: bool
    embargo: int
    axes: Mapping[str, Sequence[ParameterValue]]
    pieces: tuple[Piece, ...]
    trials: int
    unused: int
    initial: float
    session_close: int
    identity: Mapping[str, Any]
    given: Mapping[str, ParameterValue]
    created: str
    failures: Mapping[str, int] = field(default_factory=dict)
    stored: bool = False

    @property
    def walk_id(self) -> str:
        """``w-`` and 32 hexadecimal digits."""
        return walk_id(self.identity)

    @property
    def times(self) -> NDArray[np.int64]:
        """Instants of all pieces, shape (n,)."""
        return np.concatenate([piece.times for piece in self.pieces])

    @property
    def equity(self) -> NDArray[np.float64]:
        """Equity out of sample, each piece begun with what the one before left, shape (n,).

        Where one left nothing, or less, there is nothing to begin with: it stays at that.
        """
        level, parts = self.initial, []
        for piece in self.pieces:
            share = level / self.initial
            part = piece.equity * share if share > 0 else np.full(len(piece.equity), level)
            parts.append(part)
            level = float(part[-1])
        return np.concatenate(parts)

    @property
    def metrics(self) -> MetricsReport:
        """Metrics of the pieces one after another."""
        sample = Sample(
            time=self.times,
            equity=self.equity,
            initial_equity=self.initial,
            session_close=self.session_close,
        )
        return compute_metrics(sample)

    @property
    def growth(self) -> float:
        """Final over initial equity out of sample."""
        return float(self.equity[-1]) / self.initial

    @property
    def efficiency(self) -> float | None:
        """Growth a bar out of sample over that a warm bar in sample, where there are such bars.

        None where the latter is no gain.
        """
        pieces = [piece for piece in self.pieces if piece.warm]
        inside = [piece.in_growth for piece in pieces]
        outside = [float(piece.equity[-1]) / self.initial for piece in pieces]
        if min([*inside, *outside], default=0) <= 0:
            return None
        before = sum(map(math.log, inside)) / sum(piece.warm for piece in pieces)
        after = sum(map(math.log, outside)) / sum(piece.bars[1] for piece in pieces)
        return after / before if before > 0 else None

    @property
    def gaining(self) -> float:
        """Share of the windows that gained out of sample."""
        return float(np.mean([piece.equity[-1] > self.initial for piece in self.pieces]))

    @property
    def stability(self) -> float | None:
        """Share of the choices that stayed within a step of the one before.

        Over all parameters with more than two values, for others are never farther away; None
        where there are none, or not two choices.
        """
        places = [
            [values.index(piece.parameters[name]) for piece in self.pieces if piece.parameters]
            for name, values in self.axes.items()
            if len(values) > 2
        ]
        moves = np.abs(np.diff(np.array(places), axis=1)) if places else np.empty(0)
        return float(np.mean(moves <= 1)) if moves.size else None

    @property
    def verdict(self) -> str:
        """Nothing was traded, or what came of it.

        It is ``untraded``, there are ``few`` windows, or the choices ``fail``, are ``weak``, or
        ``hold``, out of sample.
        """
        if not any(piece.trades for piece in self.pieces):
            return "untraded"
        if len(self.pieces) < FEW:
            return "few"
        if self.growth <= 1:
            return "fail"
        kept = self.efficiency
        weak = kept is not None and kept < _HALF
        return "weak" if weak or self.gaining < _HALF else "hold"

    @property
    def words(self) -> str:
        """What to make of it."""
        if self.verdict == "untraded":
            return f"{self._idleness}: {_VERDICTS[self.verdict]}"
        kept = self.efficiency
        text = f"out of sample it {'gained' if self.growth > 1 else 'lost'} "
        text += f"{percent(abs(self.growth - 1), 1)} over {len(self.pieces)} windows, "
        text += f"{percent(self.gaining)} of them gaining"
        if kept is not None:
            text += f", and kept {percent(kept)} of what it showed in sample"
        return f"{text}: {_VERDICTS[self.verdict]}"

    @property
    def _idleness(self) -> str:
        """Why nothing was traded, as far as can be seen."""
        count = f"{len(self.pieces)} window{'s' * (len(self.pieces) > 1)}"
        if any(piece.parameters is not None for piece in self.pieces):
            return f"no choice traded out of sample in {count}"
        failed = sum(self.failures.values())
        if failed == self.trials:
            return f"all {failed:,} trials of {count} failed"
        but = f", {failed:,} of {self.trials:,} failed" if failed else ""
        return (
            f"no trial of {count} has a value of {self.metric}{but}; where windows are shorter "
            "than the warm-up, none can trade"
        )

    def __repr__(self) -> str:
        """The sentence; ``pieces`` have the numbers."""
        return f"{self.strategy}: {self.words}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, the curve included."""
        return {
            "walk": self.walk_id,
            "stored": self.stored,
            "created": self.created,
            "strategy": self.strategy,
            "data": list(self.data),
            "timeframe": self.timeframe,
            "currency": self.currency,
            "metric": self.metric,
            "anchored": self.anchored,
            "embargo": self.embargo,
            "given": dict(self.given),
            "axes": {name: list(values) for name, values in self.axes.items()},
            "trials": self.trials,
            "failures": dict(self.failures),
            "unused_bars": self.unused,
            "windows": [_piece_to_json(piece, self.initial) for piece in self.pieces],
            "growth": self.growth,
            "efficiency": self.efficiency,
            "stability": self.stability,
            "gaining": self.gaining,
            "metrics": dict(self.metrics.values),
            "time": self.times.tolist(),
            "equity": self.equity.tolist(),
            "verdict": self.verdict,
            "words": self.words,
        }


def walk_id(identity: Mapping[str, Any]) -> str:
    """Name a walk by the hash of everything its results depend on."""
    return name_of("w-", identity)


_VERDICTS = {
    "untraded": "nothing was traded, so nothing can be told",
    "few": f"fewer than {FEW} windows say nothing",
    "fail": "choosing parameters this way does not work",
    "weak": "most of what it shows in sample is chosen luck",
    "hold": "the choices hold out of sample",
}


def _piece_to_json(piece: Piece, initial: float) -> dict[str, Any]:
    return {
        "train_start": piece.first,
        "train_end": piece.chosen,
        "test_start": piece.begin,
        "test_end": piece.end,
        "bars": list(piece.bars),
        "warm_bars": piece.warm,
        "parameters": None if piece.parameters is None else dict(piece.parameters),
        "in_sample": _known(piece.in_sample),
        "out_of_sample": _known(piece.out_of_sample),
        "in_growth": piece.in_growth,
        "out_growth": float(piece.equity[-1]) / initial,
        "trades": piece.trades,
        "order_list_hash": piece.order_list_hash or None,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
