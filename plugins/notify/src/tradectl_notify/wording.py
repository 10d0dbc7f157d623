"""Notices as plain text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tradectl_sdk.notify import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.notify import Notice

MARKS = {Level.INFO: "", Level.WARNING: "[warning] ", Level.CRITICAL: "[CRITICAL] "}


def as_text(notices: Sequence[Notice], limit: int) -> str:
    """Write notices one below the other, within a number of characters.

    The newest are kept when there is no room for all; how many were left out is said.
    """
    blocks = [_block(one) for one in notices]
    left_out = 0
    while len(blocks) > 1 and len(_joined(blocks, left_out)) > limit:
        blocks.pop(0)
        left_out += 1
    text = _joined(blocks, left_out)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _joined(blocks: Sequence[str], left_out: int) -> str:
    first = [f"({left_out} earlier notices left out)"] if left_out else []
    return "\n".join([*first, *blocks])


def _block(notice: Notice) -> str:
    moment = datetime.fromtimestamp(notice.time // 10**9, UTC)
    line = f"{MARKS[notice.level]}{notice.headline} ({moment:%Y-%m-%d %H:%M:%S} UTC)"
    return f"{line}\n{notice.text}" if notice.text else line
