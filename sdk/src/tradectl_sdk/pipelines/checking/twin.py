"""``python -m tradectl_sdk.pipelines.checking.twin``: the run of an errand, in this process.

The parent writes the errand to standard input and reads a hash of what came of it.
"""

from __future__ import annotations

import pickle
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradectl_sdk.pipelines.checking.determinism import Errand


def main() -> int:
    """Run the errand on standard input and print the fingerprint of its story."""
    path, errand = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by the parent process
    sys.path[:] = path
    print(_run(errand))  # noqa: T201 - the answer
    return 0


def _run(errand: Errand) -> str:
    from tradectl_sdk.pipelines.checking.determinism import fingerprint
    from tradectl_sdk.pipelines.checking.watching import watch
    from tradectl_sdk.pipelines.finding import find_strategy
    from tradectl_sdk.pipelines.job import prepare
    from tradectl_sdk.plugins import Plugins

    plugins = Plugins.discover(disabled=errand.settings.plugins.disabled).load()
    job = prepare(
        find_strategy(errand.strategy, plugins),
        errand.parameters,
        errand.series,
        errand.settings,
        signals=errand.signals,  # type: ignore[arg-type]  # as they were made there
        warmup=errand.warmup,
        trials=1,
        plugins=plugins,
    )
    return fingerprint(watch(job.plan))


if __name__ == "__main__":
    sys.exit(main())
