"""What else a run could have been: its trades, its returns and its bars, changed by chance.

::

    from tradectl_sdk import backtest, montecarlo

    run = backtest("sma-cross", "SPX.SAMPLE")
    print(montecarlo(run.record, noisy=20))

Three things are changed, each alone: the order of the trades, which days came when, and every price
by a little. Where the actual run stands among the others says what it owes to luck.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.config.settings import Settings
from tradectl_sdk.data.bars import PRICE_COLUMNS
from tradectl_sdk.domain.money import MONEY_UNITS
from tradectl_sdk.engine import Mode, run
from tradectl_sdk.errors import TradectlError, UsageError
from tradectl_sdk.evidence import block_length, noised_prices, return_paths, trade_paths
from tradectl_sdk.pipelines.again import Past, prepare_again
from tradectl_sdk.pipelines.arguments import checked
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.pipelines.series import Resampling, series_of, to_columns
from tradectl_sdk.runs import closed_trades
from tradectl_sdk.runs.metrics import Sample
from tradectl_sdk.runs.metrics.definition import percent
from tradectl_sdk.runs.metrics.drawdown import max_drawdown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tradectl_sdk.data import Bars
    from tradectl_sdk.engine import Plan
    from tradectl_sdk.pipelines.job import Job
    from tradectl_sdk.plugins import Plugins
    from tradectl_sdk.runs import RunRecord
    from tradectl_sdk.strategy import Strategy

    Floats = NDArray[np.float64]

TRADES, RETURNS, BARS = "trades", "returns", "bars"
PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """What came of one kind of change.

    Attributes:
        name: ``trades`` in another order, ``returns`` drawn again, or noised ``bars``.
        final: Final equity of each path, shape (n,).
        drawdown: Largest share lost from a peak of each, shape (n,).
        ruin_probability: Share of the paths that fell to the ruin or below.
        actual_final: Of the run itself.
        actual_drawdown: Of the run itself, measured as the paths' are: by closed trades, by day,
            or by bar.
    """

    name: str
    final: Floats
    drawdown: Floats
    ruin_probability: float
    actual_final: float
    actual_drawdown: float

    @property
    def place_of_final(self) -> float:
        """Share of the paths that end below the run; ties count half."""
        return _place(self.final, self.actual_final)

    @property
    def place_of_drawdown(self) -> float:
        """Share of the paths that fall less deep than the run; ties count half."""
        return _place(self.drawdown, self.actual_drawdown)

    def percentiles(self, of: str) -> dict[int, float]:
        """Percentiles of ``final`` or ``drawdown``."""
        values = np.percentile(getattr(self, of), PERCENTILES)
        return dict(zip(PERCENTILES, map(float, values), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "name": self.name,
            "paths": len(self.final),
            "final": {f"p{at}": value for at, value in self.percentiles("final").items()},
            "drawdown": {f"p{at}": value for at, value in self.percentiles("drawdown").items()},
            "actual": {"final": self.actual_final, "drawdown": self.actual_drawdown},
            "place": {"final": self.place_of_final, "drawdown": self.place_of_drawdown},
            "ruin_probability": self.ruin_probability,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class MonteCarlo:
    """What a run could have been.

    Attributes:
        run_id: The run.
        currency: Of all equity.
        initial: Equity at the start.
        spreads: One for each kind of change that could be made.
        left_out: Why the others could not, by name.
        block: Expected length of the blocks that returns were drawn in, in days; None where they
            were not.
        noise: Deviation of the bars' noise, as a share of the middle bar's range.
        ruin: Share of the initial equity at which one would have given up.
        seed: Of the chance.
    """

    run_id: str
    currency: str
    initial: float
    spreads: tuple[Spread, ...]
    left_out: Mapping[str, str]
    block: float | None
    noise: float
    ruin: float
    seed: int

    @property
    def words(self) -> tuple[str, ...]:
        """What to make of it, a sentence for each spread."""
        return tuple(_WORDS[each.name](each, self) for each in self.spreads)

    def __repr__(self) -> str:
        """The sentences; the spreads have the numbers."""
        return "\n".join(self.words)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "run": self.run_id,
            "currency": self.currency,
            "initial_equity": self.initial,
            "spreads": [each.to_json() for each in self.spreads],
            "left_out": dict(self.left_out),
            "block": self.block,
            "noise": self.noise,
            "ruin": self.ruin,
            "seed": self.seed,
            "words": list(self.words),
        }


@checked
def montecarlo(
    record: RunRecord,
    *,
    paths: int = 2000,
    noisy: int = 100,
    noise: float = 0.1,
    ruin: float = 0.5,
    block: float | None = None,
    seed: int = 0,
    strategy: str | type[Strategy] | None = None,
    data: Sequence[str | Bars] | None = None,
    settings: Settings | None = None,
    plugins: Plugins | None = None,
    notify: Callable[[str], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MonteCarlo:
    """Change a run by chance, and see where the actual one stands.

    Args:
        record: The run.
        paths: Orders of its trades, and samples of its returns.
        noisy: Runs on noised bars; 0 for none.
        noise: Deviation of each price's noise, as a share of the middle bar's range.
        ruin: Share of the initial equity at which one would have given up.
        block: Expected length in days of the blocks that returns are drawn in; chosen by their
            dependence unless given.
        seed: Of the chance: the same gives the same numbers again.
        strategy: The strategy, if the run's was given as a class.
        data: The series, if the run's were given as bars.
        settings: Where data are; what was assumed is taken from the run.
        plugins: Installed plugins, if they are loaded already.
        notify: Told in words when something needs compiling.
        progress: Told how many noised runs are done, of how many.

    Raises:
        NotFoundError: If there is no strategy of that name.
        UsageError: For a number out of its bounds, a strategy or data that are none, or a run of
            which nothing can be changed.
    """
    _check(paths=paths, noisy=noisy, noise=noise, ruin=ruin, block=block)
    if strategy is not None:
        find_strategy(strategy, plugins)
    if data is not None:
        series_of(data)
    left_out: dict[str, str] = {}
    returns = _returns(record)
    length = block
    if block is None and len(returns) >= 8 and np.isfinite(returns).all():
        length = block_length(returns)

    def noised() -> Spread:
        job = prepare_again(
            Past.of(record), settings or Settings(), strategy=strategy, data=data, plugins=plugins
        )
        noises = _Noised(job, record, noise, seed, notify)
        return noises.spread(noisy, ruin, progress or (lambda _done, _all: None))

    made: dict[str, Callable[[], Spread]] = {
        TRADES: lambda: _shuffled(record, paths, ruin, seed),
        RETURNS: lambda: _drawn_again(record, returns, length, paths, ruin, seed),
    } | ({BARS: noised} if noisy else {})
    spreads = []
    for name, make in made.items():
        try:
            spreads.append(make())
        except TradectlError as error:
            left_out[name] = error.message
    if not spreads:
        raise UsageError(f"nothing of the run could be changed: {'; '.join(left_out.values())}")
    return MonteCarlo(
        run_id=record.run_id,
        currency=record.currency,
        initial=_initial(record),
        spreads=tuple(spreads),
        left_out=left_out,
        block=None if RETURNS in left_out else length,
        noise=noise,
        ruin=ruin,
        seed=seed,
    )


def _check(*, paths: int, noisy: int, noise: float, ruin: float, block: float | None) -> None:
    for name, value, sound, wanted in (
        ("paths", paths, 1 <= paths <= 1_000_000, "1 to 1,000,000"),
        ("noisy", noisy, 0 <= noisy <= 100_000, "0 to 100,000"),
        ("noise", noise, 0 <= noise <= 10, "0 to 10 ranges of a bar"),
        ("ruin", ruin, 0 <= ruin < 1, "0 or more and less than 1"),
        ("block", block, block is None or block >= 1, "1 or more"),
    ):
        if not sound:
            raise UsageError(f"{name} was {value}, expected {wanted}")


def _initial(record: RunRecord) -> float:
    return float(record.initial_equity / MONEY_UNITS)


def _near(values: Floats, actual: float) -> NDArray[np.bool_]:
    """Where values differ by rounding at most."""
    return np.abs(values - actual) <= 1e-9 * max(abs(actual), 1e-300)


def _place(values: Floats, actual: float) -> float:
    return float(np.mean(np.where(_near(values, actual), 0.5, values < actual)))


def _shuffled(record: RunRecord, paths: int, ruin: float, seed: int) -> Spread:
    profits, initial = closed_trades(record.trades).profits, _initial(record)
    if len(profits) < 2:
        raise UsageError(f"{len(profits)} closed trades have no other order")
    found = trade_paths(profits, initial, how="shuffle", ruin=ruin, draws=paths, seed=seed)
    path: Floats = initial + np.cumsum(profits)
    return Spread(
        name=TRADES,
        final=found.final,
        drawdown=found.drawdown,
        ruin_probability=found.ruin_probability,
        actual_final=float(path[-1]),
        actual_drawdown=max_drawdown(path, initial),
    )


def _returns(record: RunRecord) -> Floats:
    """Daily returns, as the metrics have them."""
    sample = Sample(
        time=record.time,
        equity=record.equity,
        initial_equity=_initial(record),
        session_close=record.instruments[0].session_close,
    )
    return sample.returns


def _drawn_again(
    record: RunRecord, returns: Floats, block: float | None, paths: int, ruin: float, seed: int
) -> Spread:
    initial = _initial(record)
    found = return_paths(returns, initial, block=block, ruin=ruin, draws=paths, seed=seed)
    wealth = np.asarray(initial * np.cumprod(1.0 + returns), np.float64)
    return Spread(
        name=RETURNS,
        final=found.final,
        drawdown=found.drawdown,
        ruin_probability=found.ruin_probability,
        actual_final=float(wealth[-1]),
        actual_drawdown=max_drawdown(wealth, initial),
    )


class _Noised:
    """Runs a job on noised bars, with the same machine code each time."""

    def __init__(
        self,
        job: Job,
        record: RunRecord,
        noise: float,
        seed: int,
        notify: Callable[[str], None] | None,
    ) -> None:
        self._job, self._record, self._noise, self._seed = job, record, noise, seed
        self._notify = notify

    def spread(self, count: int, ruin: float, progress: Callable[[int, int], None]) -> Spread:
        initial, compiled = _initial(self._record), None
        compiling = self._record.engine["mode"] != Mode.INTERPRETED
        mode = Mode.AUTO if compiling else Mode.INTERPRETED
        final, depth, lowest = np.empty(count), np.empty(count), np.empty(count)
        for number in range(count):
            plan = self._plan(np.random.default_rng([self._seed, number]))
            outcome = run(plan, mode, notify=self._notify, compiled=compiled)
            compiled = outcome.compiled
            final[number] = outcome.final_equity / MONEY_UNITS
            depth[number] = max_drawdown(outcome.equity, initial)
            lowest[number] = outcome.equity.min()
            progress(number + 1, count)
        return Spread(
            name=BARS,
            final=final,
            drawdown=depth,
            ruin_probability=float(np.mean(lowest <= ruin * initial)),
            actual_final=self._record.final_equity / MONEY_UNITS,
            actual_drawdown=max_drawdown(self._record.equity, initial),
        )

    def _plan(self, generator: np.random.Generator) -> Plan:
        series = []
        for loaded in self._job.series:
            prices = np.stack([getattr(loaded.bars, name) for name in PRICE_COLUMNS])
            moved = noised_prices(prices, noise=self._noise, generator=generator)
            bars = replace(loaded.bars, **dict(zip(PRICE_COLUMNS, moved, strict=True)))
            series.append(replace(loaded, bars=bars, prepared=None))
        columns = tuple(to_columns(one.bars, index) for index, one in enumerate(series))
        plan, models = self._job.plan, self._job.models
        signals = {**plan.signals, **{one.signal: one.over(series) for one in models}}
        return replace(plan, columns=columns, resample=Resampling(series), signals=signals)


def _about_trades(spread: Spread, _: MonteCarlo) -> str:
    place, deep = spread.place_of_drawdown, spread.percentiles("drawdown")[95]
    equal, fell = _near(spread.drawdown, spread.actual_drawdown), spread.actual_drawdown
    if equal.all():
        text = "the order of the trades makes no difference: in each the account falls"
        return f"{text} {percent(fell, 1)}"
    luck = "ordinary" if 0.1 <= place <= 0.9 else "lucky" if place < 0.1 else "unlucky"
    deeper = float(np.mean((spread.drawdown > fell) & ~equal))
    return (
        f"the order of the trades was {luck}: {percent(deeper)} of other orders fall deeper "
        f"than {percent(fell, 1)}, and one in twenty {percent(deep, 1)} or more"
    )


def _about_returns(spread: Spread, found: MonteCarlo) -> str:
    losing = float(np.mean(spread.final < found.initial))
    low = spread.percentiles("final")[5]
    text = f"{percent(losing)} of the samples of its days lose money"
    if losing > 0.05:
        return f"{text}: the profit may be luck"
    return f"{text}, and one in twenty ends below {low:,.0f} {found.currency}"


def _about_bars(spread: Spread, found: MonteCarlo) -> str:
    place, gained = spread.place_of_final, spread.actual_final - found.initial
    text = f"with prices that differ by {found.noise:g} of a bar's range"
    if gained <= 0:
        gaining = float(np.mean(spread.final > found.initial))
        return f"{text} it gains in {percent(gaining)} of the runs"
    kept = (spread.percentiles("final")[50] - found.initial) / gained
    if place > 0.9 and kept < 0.5:
        return (
            f"{text} it makes less in {percent(place)} of the runs, and the middle one keeps "
            f"{percent(kept)} of the gain: it was fitted to these very bars"
        )
    return f"{text} the middle run keeps {percent(kept)} of the gain"


_WORDS = {TRADES: _about_trades, RETURNS: _about_returns, BARS: _about_bars}
