from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tradectl_sdk.errors import DataError, NotFoundError, UsageError
from tradectl_sdk.runs import RunStore
from tradectl_sdk.runs.shelf import short_ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def test_a_run_comes_back_as_it_was(store: RunStore, run: Callable[..., Any]) -> None:
    record = run(exposure=np.arange(2000.0))
    assert store.save(record) == record.run_id
    loaded = store.load(record.run_id)
    for name in ("orders", "fills", "trades", "time", "equity", "exposure"):
        first, second = getattr(record, name), getattr(loaded, name)
        assert first.dtype == second.dtype
        assert first.tobytes() == second.tobytes()
    for name in ("identity", "instruments", "initial_equity", "final_equity", "warnings", "engine"):
        assert getattr(record, name) == getattr(loaded, name)
    assert loaded.metrics == record.metrics


def test_a_run_without_trades_comes_back(store: RunStore, run: Callable[..., Any]) -> None:
    record = run()
    nothing = run(orders=record.orders[:0], fills=record.fills[:0], trades=record.trades[:0])
    assert store.load(store.save(nothing)).fills.size == 0


def test_the_same_inputs_are_answered_from_the_store(
    store: RunStore, run: Callable[..., Any]
) -> None:
    record = run()
    assert store.find(record.identity) is None
    store.save(record)
    found = store.find(dict(reversed(record.identity.items())))
    assert found is not None
    assert found.order_list_hash == record.order_list_hash
    assert store.find(record.identity | {"engine": "0.2.0"}) is None


def test_saving_twice_keeps_the_first(store: RunStore, run: Callable[..., Any]) -> None:
    store.save(run(created="2024-01-01"))
    run_id = store.save(run(created="2024-02-02"))
    assert store.load(run_id).created == "2024-01-01"
    store.save(run(created="2024-03-03"), replace=True)
    assert store.load(run_id).created == "2024-03-03"
    assert [each.name for each in store.root.iterdir()] == [run_id]


def test_a_unique_prefix_is_enough(store: RunStore, run: Callable[..., Any]) -> None:
    run_id = store.save(run())
    for reference in (run_id, run_id[:8], run_id[2:6], run_id.upper()):
        assert store.resolve(reference) == run_id


def test_a_prefix_that_fits_several_is_refused(
    store: RunStore, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for tail in ("1", "2"):
        (store.root / ("r-" + "ab" * 15 + f"0{tail}")).mkdir(parents=True)
    with pytest.raises(UsageError, match=r"could be any of r-abab.*01, r-abab.*02"):
        store.resolve("abab")
    with pytest.raises(UsageError, match="could be any of"):
        store.resolve("a")


def test_a_prefix_that_fits_one_but_is_short_is_told_so(
    store: RunStore, run: Callable[..., Any]
) -> None:
    run_id = store.save(run())
    with pytest.raises(UsageError, match="is too short to mean one for sure") as caught:
        store.resolve(run_id[:4])
    assert (caught.value.hint or "").startswith("give at least 4 digits, as in r-")


def test_an_unknown_run_is_not_found_and_a_near_one_is_named(
    store: RunStore, run: Callable[..., Any]
) -> None:
    with pytest.raises(NotFoundError, match="there is no run 'abcd'"):
        store.load("abcd")
    run_id = store.save(run())
    wrong = run_id[:9] + ("0" if run_id[9] != "0" else "1")
    with pytest.raises(NotFoundError) as caught:
        store.remove(wrong)
    assert caught.value.hint == f"did you mean {run_id[:10]}?"
    with pytest.raises(NotFoundError) as caught:
        store.load("r-")
    assert "did you mean" not in caught.value.hint
    with pytest.raises(NotFoundError):
        store.load("")


def test_the_list_shows_the_newest_first(store: RunStore, run: Callable[..., Any]) -> None:
    assert list(store.list()) == []
    older = store.save(run(created="2024-01-01", parameters={"fast": 1}))
    newer = store.save(run(created="2024-02-01", parameters={"fast": 2}))
    assert [each.run_id for each in store.list()] == [newer, older]
    assert store.list()[0].metrics["total_return"] is not None
    assert store.summary(older[:8]).manifest["counts"]["fills"] == 3


def test_a_removed_run_is_gone(store: RunStore, run: Callable[..., Any]) -> None:
    run_id = store.save(run())
    assert store.remove(run_id[:8]) == run_id
    assert list(store.root.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "metrics.json", "orders.npy", "fills.npy", "trades.npy", "time.npy",
     "equity.npy"],
)  # fmt: skip
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "changed", "a folder"])
def test_a_damaged_run_is_reported_and_mended_by_running_again(
    store: RunStore, run: Callable[..., Any], name: str, damage: str
) -> None:
    record = run()
    path = store.root / store.save(record) / name
    content = path.read_bytes()
    path.unlink()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "changed":
        path.write_bytes(content.replace(b"0.1.0", b"0.1.1").replace(b"e", b"f", 1) + b"x")
    elif damage == "a folder":
        path.mkdir()
    with pytest.raises(DataError, match=f"run {record.run_id} is damaged: ") as caught:
        store.load(record.run_id)
    assert record.run_id[:8] in caught.value.hint
    assert len(store.list()) == 1
    assert store.find(record.identity) is None
    store.save(record)
    assert store.load(record.run_id).metrics == record.metrics


def test_the_list_tells_a_damaged_run_from_a_sound_one(
    store: RunStore, run: Callable[..., Any]
) -> None:
    sound = store.save(run())
    broken = store.save(run(parameters={"fast": 3}))
    (store.root / broken / "manifest.json").write_text('{"schema": "tradectl.run/9"}')
    summaries = store.list()
    assert [each.run_id for each in summaries] == [sound, broken]
    assert "tradectl.run/9" in summaries[1].problem


def test_a_manifest_that_says_nonsense_is_damage_not_a_crash(
    store: RunStore, run: Callable[..., Any]
) -> None:
    run_id = store.save(run())
    path = store.root / run_id / "manifest.json"
    manifest = json.loads(path.read_text())
    for field, value in (
        ("files", []),
        ("instruments", [{"symbol": 1, "colour": 2}]),
        ("time_axis", {"start": "x"}),
        ("identity", {"code": 1}),
        ("final_equity", "much"),
    ):
        path.write_text(json.dumps(manifest | {field: value}))
        with pytest.raises(DataError, match="is damaged"):
            store.load(run_id)
        assert [each.run_id for each in store.list()] == [run_id]
        assert store.summary(run_id).run_id == run_id
    path.write_text(json.dumps(manifest | {"identity": {"code": 1}}))
    assert "identity" in store.summary(run_id).problem
    assert store.list()[0].problem == store.summary(run_id).problem


def test_nothing_is_left_behind_when_the_disk_refuses(
    store: RunStore, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tradectl_sdk.runs.folders.write_array", full)
    with pytest.raises(DataError, match="could not be stored: No space left on device"):
        store.save(run())
    assert list(store.root.iterdir()) == []


def test_a_reader_never_sees_half_a_run(store: RunStore, run: Callable[..., Any]) -> None:
    record = run()
    run_id = store.save(record)
    stop, problems = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            try:
                store.load(run_id)
            except NotFoundError:
                pass  # between taking the old one away and putting the new one there
            except DataError as error:
                problems.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(30):
        store.save(record, replace=True)
    stop.set()
    reader.join()
    assert problems == []


def test_several_processes_may_save_the_same_run(
    store: RunStore, run: Callable[..., Any], tmp_path: Path
) -> None:
    record = run()
    code = f"""
        import sys
        from pathlib import Path
        from tradectl_sdk.runs import RunStore
        source, target = RunStore(Path({str(tmp_path / "source")!r})), Path({str(store.root)!r})
        record = source.load({record.run_id!r})
        for _ in range(10):
            RunStore(target).save(record, replace=sys.argv[1] == "replace")
    """
    RunStore(tmp_path / "source").save(record)
    workers = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), mode])
        for mode in ("replace", "replace", "keep")
    ]
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    assert [each.name for each in store.root.iterdir()] == [record.run_id]
    assert store.load(record.run_id).order_list_hash == record.order_list_hash


def test_what_a_dead_process_left_is_swept_away_after_a_day(
    store: RunStore, run: Callable[..., Any]
) -> None:
    old, recent = store.root / ".new-1", store.root / ".new-2"
    for folder in (old, recent):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    store.save(run())
    assert not old.exists()
    assert recent.exists()


def test_short_ids_keep_runs_apart() -> None:
    assert list(short_ids(["r-aaaaaaaa1", "r-aaaaaaaa2"])) == ["r-aaaaaaaa1", "r-aaaaaaaa2"]
    assert list(short_ids(["r-abcdef12", "r-bbcdef12"])) == ["r-abcdef", "r-bbcdef"]


def test_runs_of_one_second_are_listed_as_they_were_written(
    store: RunStore, run: Callable[..., Any]
) -> None:
    ids = [store.save(run(created="2024-01-01", parameters={"fast": fast})) for fast in range(4)]
    for nanosecond, run_id in enumerate(ids, 1):
        os.utime(store.root / run_id, ns=(nanosecond, nanosecond))
    assert [each.run_id for each in store.list()] == ids[::-1]


def test_listing_runs_does_not_wait_for_numpy(store: RunStore, run: Callable[..., Any]) -> None:
    store.save(run())
    code = (
        "import sys; from pathlib import Path; from tradectl_sdk.runs import RunStore;"
        f"assert len(RunStore(Path({str(store.root)!r})).list()) == 1;"
        "assert not {'numpy', 'pydantic', 'duckdb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
