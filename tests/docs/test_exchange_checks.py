"""The guide for authors of adapters lists every check on exchanges, in order and in its words."""

from __future__ import annotations

from page_examples import ROOT
from tradectl_sdk.testing import exchange_checks


def test_the_guide_lists_every_check_on_exchanges() -> None:
    guide = (ROOT / "docs" / "guides" / "write-an-exchange-adapter.md").read_text(encoding="utf-8")
    checks = exchange_checks(rehearsal=lambda: None)  # type: ignore[arg-type, return-value]
    rows = [
        f"| {number} | `{check.name}` | {check.doc.rstrip('.')} |"
        for number, check in enumerate(checks, 1)
    ]

    listed = [line for line in guide.splitlines() if line.startswith("| ")]
    assert listed[-len(rows) :] == rows
