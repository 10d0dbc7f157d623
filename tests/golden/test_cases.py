"""No golden case is forgotten: each is reproduced here or named with the reason why not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from golden_data import Shared

NOT_REPRODUCED = {
    "lean-split-orders": "a split does not adjust open orders: there are no corporate actions",
    "arch-garch-sp500-2000-2013": "an estimate, no backtest",
    "riskfolio-classic": "optimal weights, no backtest",
    "gemini-sample": "a matching engine's order book, no bars",
}


def test_every_case_is_reproduced_or_has_a_reason(shared: Shared) -> None:
    document = shared.file("data/golden/backtests/golden.json").read_text(encoding="utf-8")
    cases = {case["id"] for case in json.loads(document)["cases"]}
    modules = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    reproduced = set(re.findall(r'shared\.expected\(\s*"([^"]+)"', "\n".join(modules)))
    assert reproduced == cases - NOT_REPRODUCED.keys()
