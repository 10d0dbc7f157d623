"""Tells people what a session does: from its journal and its supervisor to the courier.

How far the journal has been told stands in a small file of the session, written before a notice is
handed over: after a crash a notice may be missing, and none is told twice.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from tradectl_sdk.errors import TradectlError
from tradectl_sdk.nodes.executor.tail import JournalTail
from tradectl_sdk.nodes.supervisor.wording import notice_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tradectl_sdk.nodes.supervisor.wording import Told
    from tradectl_sdk.notify import Level, Notice

_log = logging.getLogger("tradectl.supervisor")


class Teller:
    """Offers notices of one session.

    Args:
        told: The session.
        journal: The executor's journal; it need not be there yet.
        mark: The file that says how far it has been told.
        offer: Takes a notice, such as ``Courier.offer``.
    """

    def __init__(
        self, told: Told, journal: Path, mark: Path, offer: Callable[[Notice], None]
    ) -> None:
        self._told = told
        self._journal = journal
        self._mark = mark
        self._offer = offer
        self._tail: JournalTail | None = None
        self._count = 0

    def poll(self) -> None:
        """Tell what the journal has got since; call it every second or so."""
        if self._tail is None and not self._open():
            return
        tail = self._tail
        assert tail is not None  # noqa: S101 - it has just been opened
        try:
            found = list(tail.read())
        except TradectlError as error:
            self._give_up(error)
            return
        if found:
            self._remember(found[-1][0])
        for seq, record in found:
            notice = notice_of(self._told, seq, record, tail.state)
            if notice is not None:
                self._offer(notice)

    def say(self, time: int, level: Level, kind: str, title: str, text: str = "") -> None:
        """Tell something that stands in no journal."""
        self._count += 1
        name = f"supervisor/{time}/{self._count}"
        self._offer(self._told.notice(name, time, level, kind, title, text))

    def close(self) -> None:
        """Tell the rest and let go of the journal."""
        self.poll()
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    def _open(self) -> bool:
        if not self._journal.exists():
            return False
        try:
            self._tail = JournalTail(self._journal, self._marked())
        except TradectlError as error:
            self._give_up(error)
        return self._tail is not None

    def _give_up(self, error: TradectlError) -> None:
        """Try again at the next poll: the executor may be making or mending the file just now."""
        _log.debug("the journal cannot be told from: %s", error.message)
        if self._tail is not None:
            self._tail.close()
            self._tail = None

    def _marked(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int(self._mark.read_text(encoding="utf-8"))
        return 0

    def _remember(self, seq: int) -> None:
        fresh = self._mark.with_suffix(".new")
        fresh.write_text(str(seq), encoding="utf-8")
        fresh.replace(self._mark)
