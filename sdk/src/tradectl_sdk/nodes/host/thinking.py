"""Models at work beside the host's loop, which goes on hearing and answering meanwhile.

One thread says what models make of each bar, one after the other. Another makes fits before they
are needed, where all they learn from is known; a fit that is needed and not made yet is made by the
first. Neither keeps a process that ends from ending: nothing of theirs is kept.
"""

from __future__ import annotations

import logging
import traceback
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

from tradectl_sdk.errors import TradectlError
from tradectl_sdk.nodes.host.handing import Foreseen
from tradectl_sdk.nodes.precedence import run_as_others

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tradectl_sdk.exchange.values import BarClosed
    from tradectl_sdk.nodes.host.handing import Forecasts

LOG = logging.getLogger("tradectl.host")


class Foresight(Protocol):
    """The models of a session, as they have been told of its bars so far."""

    def foresee(self, bars: Sequence[BarClosed]) -> Forecasts:
        """Take in the bars of an instant, and say what stands beside each of them.

        Raises:
            ModelError: If a model raises, or gives what cannot be used.
        """
        ...

    def fit_ahead(self) -> None:
        """Make fits that will be needed, as far as it can be done now."""
        ...


class Thinking:
    """Asks models in threads of their own.

    Args:
        models: The models.
        tell: Told the answers, in one of these threads.
    """

    def __init__(self, models: Foresight, tell: Callable[[Foreseen], None]) -> None:
        self._models = models
        self._tell = tell
        self._questions: SimpleQueue[Sequence[BarClosed] | None] = SimpleQueue()
        self._worth_a_look = Event()
        self._worth_a_look.set()
        self._over = False
        for work, name in ((self._answer, "models"), (self._look_ahead, "fits")):
            Thread(target=work, name=name, daemon=True).start()

    def ask(self, bars: Sequence[BarClosed]) -> None:
        """Ask what stands beside the bars of the next instant."""
        self._questions.put(bars)

    def close(self) -> None:
        """Ask no more; whatever is being thought of is thought to its end, and nobody hears."""
        self._over = True
        self._questions.put(None)
        self._worth_a_look.set()

    def _answer(self) -> None:
        while (bars := self._questions.get()) is not None and not self._over:
            self._tell(self._asked(bars))
            self._worth_a_look.set()

    def _asked(self, bars: Sequence[BarClosed]) -> Foreseen:
        try:
            return Foreseen(self._models.foresee(bars))
        except TradectlError as error:
            return Foreseen(text=error.message, traceback=traceback.format_exc())
        except BaseException as error:  # noqa: BLE001 - nothing of it is lost
            return Foreseen(
                text=f"{type(error).__name__}: {error}", traceback=traceback.format_exc()
            )

    def _look_ahead(self) -> None:
        run_as_others()
        while self._worth_a_look.wait() and not self._over:
            self._worth_a_look.clear()
            try:
                self._models.fit_ahead()
            except Exception:  # it is made again when it is needed, and fails the session then
                LOG.warning("a fit that was made ahead failed", exc_info=True)
