"""What is particular to Dask: parts go to a worker once, and clusters that fail."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_dask import worker
from tradectl_dask.executor import DaskExecutor, connected
from tradectl_dask.rehearsal import two_workers
from tradectl_dask.settings import DaskSettings
from tradectl_sdk import Settings, backtest, optimize, sweep
from tradectl_sdk.errors import ConfigError, DeadlineError, TransportError, UsageError
from tradectl_sdk.testing.executor_suite import LENGTHS, Heard, task_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tradectl_dask.campaign import Campaign
    from tradectl_sdk.research import Trial

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="Dask is not installed")
NUMBERS = range(len(LENGTHS))


@pytest.fixture
def campaigns(monkeypatch: pytest.MonkeyPatch) -> list[Campaign]:
    """Every campaign there was."""
    from tradectl_dask.campaign import Campaign

    made: list[Campaign] = []
    usual = Campaign.run

    def remembered(self: Campaign, *given: Any) -> Any:
        made.append(self)
        return usual(self, *given)

    monkeypatch.setattr(Campaign, "run", remembered)
    return made


@contextmanager
def cluster_inside(workers: int, security: Any = None) -> Iterator[Any]:
    """A cluster in this process, whose workers can be looked into."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=False,
        protocol="tls://" if security else "tcp://",
        security=security,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs="CRITICAL",
    ) as cluster:
        yield cluster


def settings_of(cluster: Any) -> DaskSettings:
    return DaskSettings(
        scheduler=cluster.scheduler_address,
        connect_seconds=60,
        worker_seconds=0.3,
        chunk_seconds=0.01,
    )


def test_a_sweep_is_the_sweep_of_one_process_and_sends_bars_once(
    campaigns: list[Campaign],
) -> None:
    grid = {"fast": "5:20:5", "slow": "40:60:10"}
    with two_workers() as values:
        with connected(DaskSettings(**values)) as client:
            client.wait_for_workers(2, timeout=60)  # one may be on its way back from a test
        settings = Settings.model_validate({"plugins": {"dask": dict(values)}})
        given: dict[str, Any] = {"hashes": True, "settings": settings}
        alone = sweep("sma-cross", "SPX.SAMPLE", grid, workers=1, **given)
        spread = sweep("sma-cross", "SPX.SAMPLE", grid, executor="dask", **given)
        again = sweep("sma-cross", "SPX.SAMPLE", {"fast": "5:9"}, executor="dask", **given)
    assert (spread.workers, spread.deaths) == (2, 0)
    assert spread.table.order_hashes == alone.table.order_hashes
    assert len(set(spread.table.order_hashes)) == 12
    assert spread.table.final_equity.tobytes() == alone.table.final_equity.tobytes()
    for name, column in alone.table.metrics.items():
        assert spread.table.metrics[name].tobytes() == column.tobytes(), name
    first, second = campaigns
    assert len(first.sent) == len(set(first.sent)) == 4  # task and bars, two workers
    assert len(second.sent) == 2  # the bars were there
    assert len(again.table) == 5
    assert {key for _, key in second.sent}.isdisjoint(key for _, key in first.sent)


def test_a_sweep_over_instruments_and_windows_is_that_of_one_process() -> None:
    with two_workers() as values:
        settings = Settings.model_validate({"plugins": {"dask": dict(values)}})
        given: dict[str, Any] = {
            "each": True,
            "windows": ["2010-01-01:2012-01-01", "2012-01-01:2013-01-01"],
            "hashes": True,
            "settings": settings,
        }
        data, grid = ["SPX.SAMPLE", "IXIC.SAMPLE"], {"fast": "5:9:2"}
        alone = sweep("sma-cross", data, grid, workers=1, **given)
        spread = sweep("sma-cross", data, grid, executor="dask", **given)
    assert len(set(spread.table.order_hashes)) == len(spread.table) == 12
    for number in (2, 5, 10):
        place, point = spread.table.place(number), spread.table.points[number]
        assert place is not None
        start, _, end = place.window.partition(":")
        single = backtest(
            "sma-cross", place.instrument, start=start, end=end, parameters=point, trials=12
        ).record
        assert spread.table.order_hashes[number] == single.order_list_hash
        assert int(spread.table.final_equity[number]) == single.final_equity
    assert spread.table.order_hashes == alone.table.order_hashes
    assert spread.table.final_equity.tobytes() == alone.table.final_equity.tobytes()
    for name, column in alone.table.metrics.items():
        assert spread.table.metrics[name].tobytes() == column.tobytes(), name


def test_an_optimisation_is_that_of_one_process_and_sends_bars_once(
    campaigns: list[Campaign], tmp_path: Path
) -> None:
    ranges = {"fast": "5:20", "slow": "40:60"}
    given: dict[str, Any] = {"trials": 12, "batch": 6, "pruner": "median", "end": "2004-01-01"}
    alone = optimize("sma-cross", "SPX.SAMPLE", ranges, folder=tmp_path / "a", workers=1, **given)
    with two_workers() as values:
        settings = Settings.model_validate({"plugins": {"dask": dict(values)}})
        spread = optimize(
            "sma-cross", "SPX.SAMPLE", ranges,
            folder=tmp_path / "b", executor="dask", settings=settings, **given,
        )  # fmt: skip
    assert spread.table.points == alone.table.points
    assert spread.table.final_equity.tobytes() == alone.table.final_equity.tobytes()
    for name, column in alone.table.metrics.items():
        assert spread.table.metrics[name].tobytes() == column.tobytes(), name
    assert spread.pruned == alone.pruned
    sent = [each for campaign in campaigns for each in campaign.sent]
    assert len(sent) == len(set(sent)) <= 2 * 3 * 2  # task and bars, three lengths, two workers


def test_a_worker_that_has_let_go_of_parts_gets_them_again(campaigns: list[Campaign]) -> None:
    heard = Heard()

    def forgetful(trials: Sequence[Trial]) -> None:
        if not heard.trials:
            worker._parts.clear()
            worker._tasks.clear()
        heard(trials)

    with cluster_inside(1) as cluster:
        DaskExecutor(settings_of(cluster)).run(task_of("Steady"), NUMBERS, forgetful)
    assert sorted(heard.trials) == list(NUMBERS)
    assert not heard.twice
    assert len(campaigns[0].sent) == 4


def test_no_more_workers_are_busy_than_wanted(campaigns: list[Campaign]) -> None:
    with cluster_inside(2) as cluster:
        effort = DaskExecutor(settings_of(cluster)).run(
            task_of("Steady"), NUMBERS, Heard(), workers=1
        )
    assert effort.workers == 1


def test_a_bug_is_no_failed_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("tradectl_dask.campaign.run_trials", broken)
    with cluster_inside(1) as cluster, pytest.raises(RuntimeError, match=r"bug at .*ours"):
        DaskExecutor(settings_of(cluster)).run(task_of("Steady"), NUMBERS, Heard())


def test_without_workers_it_ends_after_a_while_and_says_how_to_start_some() -> None:
    with cluster_inside(0) as cluster, pytest.raises(DeadlineError, match="no worker") as caught:
        DaskExecutor(settings_of(cluster)).run(task_of("Steady"), NUMBERS, Heard())
    assert caught.value.hint.startswith("dask worker tcp://127.0.0.1:")


def test_a_scheduler_that_goes_away_ends_the_run_and_what_came_before_was_told() -> None:
    heard = Heard()
    with cluster_inside(1) as cluster:

        def ending(trials: Sequence[Trial]) -> None:
            if not heard.trials:
                cluster.close()
            heard(trials)

        with pytest.raises((TransportError, DeadlineError)):
            DaskExecutor(settings_of(cluster)).run(task_of("Steady"), NUMBERS, ending)
    assert 0 < len(heard.trials) < len(LENGTHS)


def test_where_nobody_listens_the_address_is_named() -> None:
    settings = DaskSettings(scheduler="tcp://127.0.0.1:9", connect_seconds=0.2)
    with pytest.raises(TransportError, match=r"answered at tcp://127\.0\.0\.1:9"):
        DaskExecutor(settings).run(task_of("Steady"), NUMBERS, Heard())


def test_over_tls_only_who_has_a_certificate_gets_in(tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    from distributed.security import Security

    security = Security.temporary()
    files = {name: tmp_path / name for name in ("tls_ca_file", "tls_client_cert", "tls_client_key")}
    for name, path in files.items():
        path.write_text(getattr(security, name))
    ours = {name.replace("client_", ""): path for name, path in files.items()}
    task = task_of("Steady")
    with cluster_inside(1, security) as cluster:
        heard, settings = Heard(), settings_of(cluster)
        DaskExecutor(settings.model_copy(update=ours)).run(task, NUMBERS, heard)
        bare = settings.scheduler.replace("tls://", "tcp://")
        with pytest.raises(TransportError):
            DaskExecutor(
                settings.model_copy(update={"scheduler": bare, "connect_seconds": 0.5})
            ).run(task, NUMBERS, heard)
    assert sorted(heard.trials) == list(NUMBERS)


def test_tls_needs_its_files() -> None:
    settings = DaskSettings(scheduler="tls://127.0.0.1:9", connect_seconds=0.2)
    with pytest.raises(UsageError, match="tls_ca_file"):
        DaskExecutor(settings).run(task_of("Steady"), NUMBERS, Heard())


def test_an_address_that_is_none_is_found_in_the_settings() -> None:
    settings = Settings.model_validate({"plugins": {"dask": {"scheduler": "10.0.0.5"}}})
    with pytest.raises(ConfigError) as caught:
        sweep("sma-cross", "SPX.SAMPLE", {"fast": "5:9"}, executor="dask", settings=settings)
    assert caught.value.problems[0].key == "plugins.dask.scheduler"


def test_workers_to_rehearse_with_that_are_gone_for_good_are_followed_by_others() -> None:
    with two_workers() as values, connected(DaskSettings(**values)) as client:
        client.wait_for_workers(2, timeout=60)
        client.retire_workers(close_workers=True, remove=True)
        client.wait_for_workers(1, timeout=60)
