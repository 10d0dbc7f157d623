"""Telling people what a session does: notices, the port of notifiers, and the courier."""

from __future__ import annotations

from tradectl_sdk.notify.courier import Courier, Sender
from tradectl_sdk.notify.notice import KINDS, Level, Notice
from tradectl_sdk.notify.notifier import Notifier
from tradectl_sdk.notify.queue import Patience, SenderQueue

__all__ = ["KINDS", "Courier", "Level", "Notice", "Notifier", "Patience", "Sender", "SenderQueue"]
