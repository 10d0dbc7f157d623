"""Bars from an exchange into the catalog, at an exchange that can do everything wrong."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.data import Catalog
from tradectl_sdk.domain.instrument import Instrument
from tradectl_sdk.errors import (
    DataError,
    DataMissingError,
    ExchangeRefusedError,
    NotFoundError,
    RateLimitedError,
    TransportError,
    UsageError,
)
from tradectl_sdk.exchange import BarClosed
from tradectl_sdk.pipelines import pulling
from tradectl_sdk.pipelines.pulling import PullProgress, PullReport, pull_bars

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MINUTE = 60_000_000_000
COIN = Instrument(symbol="A/B", venue="X", tick_size=Decimal("0.01"), lot_size=Decimal(1))
START = 1_700_000_040 * 10**9  # on the grid of minutes


class Market:
    """An exchange with bars in [0, count) minutes after START, but for holes; 50 to a page."""

    page = 50

    def __init__(self, count: int, holes: frozenset[int] = frozenset()) -> None:
        self.count = count
        self.holes = holes
        self.asked: list[tuple[int, int]] = []
        self.troubles: list[BaseException] = []
        self.clock_troubles: list[BaseException] = []
        self.price: dict[int, int] = {}

    async def instruments(self) -> Sequence[Instrument]:
        return (COIN,)

    async def venue_time(self) -> int:
        if self.clock_troubles:
            raise self.clock_troubles.pop(0)
        return START + self.count * MINUTE + MINUTE // 2  # in the middle of a bar

    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        if self.troubles:
            raise self.troubles.pop(0)
        low, high = ((at - START) // MINUTE for at in (since, until))
        self.asked.append((low, high))
        there = [at for at in range(max(0, low), min(high, self.count)) if at not in self.holes]
        return [self._bar(at) for at in there[: self.page]]

    def _bar(self, at: int) -> BarClosed:
        close = self.price.get(at, 100)
        return BarClosed(
            instrument=COIN.id,
            length=MINUTE,
            time=START + (at + 1) * MINUTE,
            open=100,
            high=110,
            low=90,
            close=close,
            volume=at,
        )


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def pull(market: Any, catalog: Catalog, since: int = 0, **options: Any) -> PullReport:
    usual: dict[str, Any] = {"name": "x", "symbol": "A/B", "timeframe": "1m"}
    usual["since"] = START + since * MINUTE
    coroutine = pull_bars(market, catalog, **(usual | options))
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def pull_from(market: Any, catalog: Catalog, since: str, until: str) -> None:
    coroutine = pull_bars(
        market, catalog, name="x", symbol="A/B", timeframe="1m", since=since, until=until
    )
    asyncio.run(coroutine)


def stored(catalog: Catalog) -> list[int]:
    return ((catalog.bars("A/B.X", "1m").time - START) // MINUTE).tolist()


def test_everything_that_has_closed_is_pulled_and_the_running_bar_is_not(catalog: Catalog) -> None:
    report = pull(Market(130), catalog)

    assert stored(catalog) == list(range(130))
    assert report.merged is not None
    assert (report.received, report.merged.added, report.merged.series.gaps) == (130, 130, 0)
    assert catalog.info("A/B.X", "1m").provenance.source == "exchange x"


def test_only_what_is_missing_is_asked_for_again(catalog: Catalog) -> None:
    pull(Market(100), catalog)
    market = Market(130)
    report = pull(market, catalog)

    assert stored(catalog) == list(range(130))
    assert market.asked == [(90, 130)]  # ten bars are compared
    assert report.merged is not None
    assert (report.merged.added, report.merged.same) == (30, 10)


def test_a_series_that_is_whole_costs_one_question(catalog: Catalog) -> None:
    pull(Market(100), catalog)
    market = Market(100)
    report = pull(market, catalog)

    assert market.asked == [(90, 100)]
    assert report.merged is not None
    assert report.merged.added == 0


def test_an_earlier_beginning_is_added_in_front(catalog: Catalog) -> None:
    pull(Market(100), catalog, since=80)
    pull(Market(100), catalog, since=20)

    assert stored(catalog) == list(range(20, 100))


def test_holes_that_the_ledger_knows_are_filled(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "JOIN", 3)
    pull(Market(100, holes=frozenset({10, 11, 40, 42, 80})), catalog)
    assert catalog.info("A/B.X", "1m").gaps == 4
    market = Market(100)
    pull(market, catalog)

    assert stored(catalog) == list(range(100))
    assert market.asked == [(10, 12), (40, 43), (80, 81), (90, 100)]
    assert catalog.info("A/B.X", "1m").gaps == 0


def test_holes_of_the_exchange_stay_holes(catalog: Catalog) -> None:
    holes = frozenset(range(30, 95))
    report = pull(Market(100, holes=holes), catalog)

    assert stored(catalog) == [at for at in range(100) if at not in holes]
    assert report.merged is not None
    assert report.merged.series.missing == 65


def test_until_ends_it(catalog: Catalog) -> None:
    pull(Market(100), catalog, until=START + 40 * MINUTE)

    assert stored(catalog) == list(range(40))


def test_times_are_read_as_people_write_them(catalog: Catalog) -> None:
    since, until = "2023-11-14T22:20", "2023-11-14T22:30"
    pull_from(Market(100), catalog, since, until)

    assert len(stored(catalog)) == 10


def test_a_rate_limit_is_waited_for(catalog: Catalog) -> None:
    market = Market(60)
    market.troubles = [RateLimitedError("slow down", retry_after=10**8) for _ in range(9)]
    market.clock_troubles = [RateLimitedError("slow down", retry_after=10**8)]
    pull(market, catalog)

    assert stored(catalog) == list(range(60))


def test_a_lost_answer_is_asked_for_again_but_not_for_ever(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_seconds: float) -> None: ...

    monkeypatch.setattr(pulling.asyncio, "sleep", at_once)
    market = Market(60)
    market.troubles = [TransportError("cut")] * 5
    pull(market, catalog)
    assert stored(catalog) == list(range(60))

    market.troubles = [TransportError("cut")] * 6
    with pytest.raises(TransportError):
        pull(market, catalog)


class Failing(Market):
    """Breaks after so many pages."""

    def __init__(self, count: int, pages: int, error: BaseException) -> None:
        super().__init__(count)
        self.left, self.error = pages, error

    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        self.left -= 1
        if self.left < 0:
            raise self.error
        return await super().history(instrument, length, since, until)


@pytest.mark.parametrize(
    "error", [ExchangeRefusedError("no"), asyncio.CancelledError(), KeyError("a bug")]
)
def test_what_came_before_it_failed_is_kept(catalog: Catalog, error: BaseException) -> None:
    with pytest.raises(type(error)):
        pull(Failing(200, 2, error), catalog)
    assert stored(catalog) == list(range(100))

    pull(Market(200), catalog)
    assert stored(catalog) == list(range(200))


def test_pages_that_waited_from_a_killed_pull_are_merged_first(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "_merge", lambda _: 0)  # killed before it could
    with pytest.raises(DataMissingError):
        pull(Market(150), catalog, until=START + 100 * MINUTE)
    assert catalog.names() == []
    monkeypatch.undo()
    market = Market(150)
    report = pull(market, catalog)

    assert report.resumed == 100
    assert market.asked == [(90, 150), (140, 150)]
    assert stored(catalog) == list(range(150))


def test_a_long_pull_is_merged_now_and_then(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "MERGE", 100)
    seen: list[int] = []

    def tell(progress: PullProgress) -> None:
        try:
            seen.append(catalog.info("A/B.X", "1m").rows)
        except DataMissingError:
            seen.append(0)

    report = pull(Market(250), catalog, tell=tell)

    assert seen == [0, 0, 100, 100, 200, 200]
    assert report.merged is not None
    assert report.merged.added == 250


def test_progress_rises_to_the_whole(catalog: Catalog) -> None:
    told: list[PullProgress] = []
    pull(Market(200), catalog, tell=told.append)

    assert [progress.share for progress in told] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert told[-1].bars == 200
    assert told[-1].remaining == 0


def test_an_exchange_that_tells_something_else_now_is_refused(catalog: Catalog) -> None:
    pull(Market(100), catalog)
    market = Market(120)
    market.price = {95: 101}
    with pytest.raises(DataError, match="1 bar with other values"):
        pull(market, catalog)
    assert stored(catalog) == list(range(100))

    report = pull(market, catalog, restatement="replace")
    assert report.merged is not None
    assert report.merged.restated == 1
    assert catalog.bars("A/B.X", "1m").close.tolist()[95] == 101
    assert len(stored(catalog)) == 120


class Disorderly(Market):
    async def history(
        self, instrument: str, length: int, since: int, until: int
    ) -> Sequence[BarClosed]:
        return (await super().history(instrument, length, since, until))[::-1]


def test_an_adapter_that_breaks_its_word_stores_nothing(catalog: Catalog) -> None:
    with pytest.raises(DataError, match="out of order or out of bounds"):
        pull(Disorderly(100), catalog)

    assert catalog.names() == []


def test_what_makes_no_sense_is_said(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError, match="no instrument 'A/C'"):
        pull(Market(10), catalog, symbol="A/C")
    with pytest.raises(
        UsageError,
        match="was 2023-11-14T22:34:00, expected a bar that has closed by 2023-11-14T22:24:00",
    ):
        pull(Market(10), catalog, since=20)
    with pytest.raises(DataMissingError, match=r"no bars of A/B\.X 1m"):
        pull(Market(10, holes=frozenset(range(10))), catalog)


def test_an_instrument_is_found_by_symbol_or_id(catalog: Catalog) -> None:
    assert pull(Market(10), catalog, symbol="A/B.X").instrument == "A/B.X"
