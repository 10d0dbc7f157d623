"""The port that a notifier fills: one way to reach a person."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradectl_sdk.notify.notice import Notice


class Notifier(abc.ABC):
    """Delivers notices; called from one thread at a time, so it may simply block.

    Attributes:
        interval: Least seconds between two messages that the service allows.
        limit: Most characters of one message.
    """

    interval: float = 1.0
    limit: int = 4000

    @abc.abstractmethod
    def send(self, notices: Sequence[Notice]) -> None:
        """Deliver notices as one message, the oldest first.

        Raises:
            NotDeliveredError: If it did not work; never with a secret in its text.
        """
