"""``make bench-check``: has tradectl become slower, measured against the limit, since a release?

Seconds differ from machine to machine, ratios to the hand-written loop far less; they are what is
recorded. ``--record`` makes the present results the recorded ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HERE = Path(__file__).resolve().parent
TOLERANCE = 0.25
OURS = "tradectl"
_HINTS = (
    "make bench writes results.json",
    "python -m benchmarks.check --record makes the present results the baseline",
)
_KEY = ("workload", "size", "engine", "mode")


@dataclass(frozen=True)
class Verdict:
    """One recorded row, looked up in the present results.

    Attributes:
        name: Workload, size, engine and mode.
        recorded: The ratio to the limit it had.
        measured: The ratio it has, None when it was not measured.
        equal: Whether its result is the expected one.
    """

    name: str
    recorded: float
    measured: float | None
    equal: bool

    @property
    def failed(self) -> bool:
        """Whether it is too slow or wrong; what was not measured does not fail."""
        if self.measured is None:
            return False
        return not self.equal or self.measured > self.recorded * (1 + TOLERANCE)

    def __str__(self) -> str:
        """Return the row in a line."""
        if self.measured is None:
            return f"{self.name}: not measured, {self.recorded:.3g} recorded"
        word = "WORSE" if self.failed else "fine"
        if not self.equal:
            word = "WRONG RESULT"
        change = self.measured / self.recorded - 1
        return (
            f"{self.name}: {self.measured:.3g} times the limit, "
            f"{self.recorded:.3g} recorded ({change:+.0%}), {word}"
        )


def compare(
    results: Iterable[Mapping[str, Any]], baseline: Iterable[Mapping[str, Any]]
) -> list[Verdict]:
    """Look up every recorded row in the results."""
    found = {tuple(row[name] for name in _KEY): row for row in results}
    verdicts = []
    for row in baseline:
        key = tuple(row[name] for name in _KEY)
        now = found.get(key, {})
        name = " ".join(str(part) for part in key)
        verdicts.append(
            Verdict(name, row["ratio_to_limit"], now.get("ratio_to_limit"), now.get("equal", False))
        )
    return verdicts


def record(results: Mapping[str, Any]) -> dict[str, Any]:
    """Take what a baseline needs from results: tradectl's own rows that have a ratio.

    Raises:
        ValueError: If one of them has a wrong result.
    """
    ours = [r for r in results["rows"] if r["engine"] == OURS and r["ratio_to_limit"] is not None]
    wrong = [row for row in ours if not row["equal"]]
    if wrong or not ours:
        what = "a wrong result" if wrong else "no ratio of tradectl to the limit"
        raise ValueError(f"the results have {what}, so they cannot be recorded")
    rows = [{name: row[name] for name in (*_KEY, "ratio_to_limit")} for row in ours]
    return {"machine": results["machine"], "rows": rows}


def main(arguments: list[str] | None = None) -> int:
    """Compare or record; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    parser.add_argument("--baseline", type=Path, default=HERE / "baseline.json")
    parser.add_argument("--record", action="store_true", help="record the results instead")
    options = parser.parse_args(arguments)
    needed = [options.results] if options.record else [options.results, options.baseline]
    for path in needed:
        if not path.exists():
            print(f"there is no {path.name}", file=sys.stderr)
            print(f"hint: {_HINTS[path is options.baseline]}", file=sys.stderr)
            return 2
    results = json.loads(options.results.read_text(encoding="utf-8"))
    if options.record:
        text = json.dumps(record(results), indent=1) + "\n"
        options.baseline.write_text(text, encoding="utf-8")
        return 0
    verdicts = compare(
        results["rows"], json.loads(options.baseline.read_text(encoding="utf-8"))["rows"]
    )
    print(*verdicts, sep="\n")
    if all(verdict.measured is None for verdict in verdicts):
        print("nothing that was recorded has been measured", file=sys.stderr)
        return 2
    return 1 if any(verdict.failed for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
