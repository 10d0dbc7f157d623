"""Whether a slower engine is noticed, on made-up numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import check

if TYPE_CHECKING:
    from pathlib import Path


def row(ratio: float | None, *, equal: bool = True, **changes: Any) -> dict[str, Any]:
    fields = {"workload": "A", "size": 100, "engine": "tradectl", "mode": "compiled"}
    return fields | {"ratio_to_limit": ratio, "equal": equal} | changes


@pytest.fixture
def files(tmp_path: Path) -> Any:
    """Write results and a baseline; return the arguments that name them."""

    def write(results: list[dict[str, Any]], baseline: list[dict[str, Any]] | None) -> list[str]:
        content = {"machine": {"cpu": "made up"}, "rows": results}
        (tmp_path / "results.json").write_text(json.dumps(content))
        if baseline is not None:
            (tmp_path / "baseline.json").write_text(json.dumps({"rows": baseline}))
        return [f"--{name}={tmp_path / name}.json" for name in ("results", "baseline")]

    return write


@pytest.mark.parametrize(
    ("measured", "status", "word"),
    [(2.0, 0, "fine"), (2.5, 0, "fine"), (1.0, 0, "fine"), (2.51, 1, "WORSE"), (9.0, 1, "WORSE")],
)
def test_a_quarter_is_allowed_and_no_more(
    files: Any, capsys: pytest.CaptureFixture[str], measured: float, status: int, word: str
) -> None:
    assert check.main(files([row(measured)], [row(2.0)])) == status
    assert word in capsys.readouterr().out


def test_one_bad_row_among_good_ones_fails(files: Any) -> None:
    results = [row(2.0), row(9.0, workload="C")]
    assert check.main(files(results, [row(2.0), row(3.0, workload="C")])) == 1


def test_a_wrong_result_fails_however_fast(files: Any, capsys: Any) -> None:
    assert check.main(files([row(0.1, equal=False)], [row(2.0)])) == 1
    assert "WRONG RESULT" in capsys.readouterr().out


def test_what_was_not_measured_is_said(files: Any, capsys: Any) -> None:
    baseline = [row(2.0), row(3.0, mode="interpreted")]
    assert check.main(files([row(2.0)], baseline)) == 0
    assert "interpreted: not measured" in capsys.readouterr().out


@pytest.mark.parametrize("results", [[], [row(None)], [row(2.0, size=7)]])
def test_comparing_nothing_is_no_success(files: Any, results: list[dict[str, Any]]) -> None:
    assert check.main(files(results, [row(2.0)])) == 2


def test_a_missing_file_is_named(files: Any, capsys: Any) -> None:
    assert check.main(files([row(2.0)], None)) == 2
    assert "there is no baseline.json" in capsys.readouterr().err


def test_recording_keeps_our_ratios_and_the_machine(files: Any, tmp_path: Path) -> None:
    results = [row(2.0), row(None, mode="interpreted"), row(50.0, engine="other")]
    arguments = files(results, None)
    assert check.main([*arguments, "--record"]) == 0
    kept = json.loads((tmp_path / "baseline.json").read_text())
    assert kept["machine"] == {"cpu": "made up"}
    assert [(one["engine"], one["ratio_to_limit"]) for one in kept["rows"]] == [("tradectl", 2.0)]
    assert check.main(arguments) == 0


@pytest.mark.parametrize("results", [[row(2.0, equal=False)], [row(None)], []])
def test_nothing_wrong_or_empty_is_recorded(files: Any, results: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="cannot be recorded"):
        check.main([*files(results, None), "--record"])
