"""``make bench``: run the workloads, one process at a time, and show what came out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from benchmarks import report
from benchmarks.catalogue import ENGINES, WORKLOADS, Engine, Workload, interpreter
from benchmarks.running import ROOT, Limits, Row, measure, run_process
from benchmarks.whole_process import measure_command

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="letters, such as A,C")
    parser.add_argument("--engines", default=",".join(ENGINES), help="names, such as limit,flox")
    parser.add_argument("--size", type=int, help="instead of each workload's sizes")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it work at all")
    parser.add_argument("--slow", action="store_true", help="slow engines at full size, too")
    parser.add_argument("--rounds", type=int, default=1, help="of all engines; the best counts")
    parser.add_argument("--repeats", type=int, default=Limits.repeats, help="warm calls, at most")
    parser.add_argument("--budget", type=float, default=Limits.budget, help="seconds of calls")
    parser.add_argument("--timeout", type=float, default=Limits.timeout, help="of a process")
    cache = Path(platformdirs.user_cache_dir("tradectl")) / "benchmarks"
    parser.add_argument("--data", type=Path, default=cache, help="where the data sets are kept")
    parser.add_argument("--output", type=Path, default=HERE / "results.json")
    options = parser.parse_args(arguments)
    for name, known in (("workloads", WORKLOADS), ("engines", ENGINES)):
        wanted = getattr(options, name).split(",")
        unknown = [one for one in wanted if one not in known]
        if unknown:
            parser.error(f"{name} was {unknown[0]!r}, expected some of {', '.join(known)}")
        setattr(options, name, [one for key, one in known.items() if key in wanted])
    return options


def sizes(workload: Workload, options: argparse.Namespace) -> tuple[int, ...]:
    """Sizes to run a workload at."""
    if options.size:
        return (options.size,)
    return (workload.quick,) if options.quick else workload.sizes


def prepare(options: argparse.Namespace) -> None:
    """Make the data sets in a process of its own, so that this one stays small."""
    keys = dict.fromkeys(
        f"{'A' if workload.letter == 'P' else workload.letter}-{size}"
        for workload in options.workloads
        for size in sizes(workload, options)
    )
    command = [sys.executable, "-m", "benchmarks.datasets", str(options.data), *keys]
    done = run_process(command, folder=ROOT, timeout=options.timeout, environment={})
    if done.error:
        raise RuntimeError(f"the data sets could not be made: {done.error}")


def measurements(
    options: argparse.Namespace, missing: dict[str, str]
) -> Iterator[tuple[str, Row | str]]:
    """Yield each measurement with its name, one process after another."""
    how = Limits(options.repeats, options.budget, options.timeout)
    pythons = {engine.name: interpreter(engine) for engine in options.engines}
    missing |= {name: "not installed" for name, python in pythons.items() if python is None}
    for workload in options.workloads:
        for size in sizes(workload, options):
            for engine in options.engines * options.rounds:
                python = pythons[engine.name]
                if python is not None:
                    yield from _of_engine(python, engine, workload, size, options, how)


def _of_engine(
    python: Path,
    engine: Engine,
    workload: Workload,
    size: int,
    options: argparse.Namespace,
    how: Limits,
) -> Iterator[tuple[str, Row | str]]:
    whole = workload.letter == "P"
    name = f"{workload.letter} {size} {engine.name}"
    if whole and not engine.environment:
        for row in measure_command(workload, size, options.data, how):
            yield name, row
        return
    modes = engine.modes.get("A" if whole else workload.letter, ())
    if modes and not engine.can(workload, size, slow=options.slow):
        yield name, "takes minutes; --slow runs it"
        return
    if whole:
        how = Limits(0, how.budget, how.timeout)
    for mode in modes:
        yield f"{name} {mode}", measure(python, engine, workload, size, mode, options.data, how)


def main(arguments: list[str] | None = None) -> int:
    """Run everything asked for; return 1 when a result was wrong."""
    options = parse(arguments)
    prepare(options)
    header = report.machine()
    best: dict[str, Row] = {}
    missing: dict[str, str] = {}
    for name, found in measurements(options, missing):
        print(name, file=sys.stderr)
        if isinstance(found, Row):
            key = f"{name} {found.mode}"
            best[key] = found.after(best[key]) if key in best else found
        else:
            missing[name] = found
    rows = report.with_ratios(list(best.values()))
    report.write(options.output, header, rows, missing)
    print(report.table(header, rows, missing))
    return 0 if all(row.equal for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
