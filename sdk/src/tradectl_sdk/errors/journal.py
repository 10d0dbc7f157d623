"""What goes wrong with the executor's journal."""

from __future__ import annotations

from tradectl_sdk.errors.base import ExitStatus, TradectlError


class JournalError(TradectlError):
    """The executor's journal could not be written or read, and the executor has stopped.

    What is not in the journal was not sent: the executor writes before it lets anything leave. A
    full disk, a disk that fails or a file that cannot be opened therefore stops trading at once;
    orders at the venue stay as they are. Make room or mend the disk and start again: start, restart
    and recovery are the same.
    """

    code = "JOURNAL"
    exit_status = ExitStatus.DATA


class JournalLockedError(JournalError):
    """Another executor is writing to the same journal.

    Two executors on one account would each know half of it. ``tradectl ps`` shows what is running.
    """

    code = "JOURNAL_LOCKED"


class JournalDamagedError(JournalError):
    """The executor's journal is not what was written to it.

    Each record is chained to the one before by a hash; the message names the first place that does
    not fit. Nothing was changed. Restore the file from a copy, or open it with ``repair``: then
    what comes before the damage is kept, what comes after is set aside, and the account is compared
    with the venue before anything is traded.
    """

    code = "JOURNAL_DAMAGED"
