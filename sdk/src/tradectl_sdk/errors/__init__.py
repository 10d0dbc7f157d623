"""Every error tradectl raises on purpose, drawn as one tree.

::

    TradectlError                  code  exit status
    ├── UsageError                 USAGE              2  the command or call makes no sense
    ├── ConfigError                CONFIG             2  settings are wrong; lists every problem
    ├── PluginError                PLUGIN             2  a plugin could not be loaded or used
    ├── NotFoundError              NOT_FOUND          6  no such thing, or it is not running
    ├── DeadlineError              DEADLINE           8  it took too long
    ├── InternalError              INTERNAL          70  a bug in tradectl
    ├── StrategyError              STRATEGY           2  a strategy raised, or cannot run
    │   ├── NotCompilableError     NOT_COMPILABLE     2  a kernel uses what machine code cannot
    │   └── KernelRaisedError      KERNEL_RAISED      2  an exception left compiled code
    ├── ModelError                 MODEL              2  a model raised, or gave what is of no use
    ├── DataError                  DATA               3  data is bad
    │   ├── DataMissingError       DATA_MISSING       3  data is not there
    │   └── ImportRefusedError     IMPORT_REFUSED     3  a file holds bad bars; lists them
    ├── CredentialError            CREDENTIAL         4  keys are missing or refused
    ├── ExchangeError              EXCHANGE           5  an exchange or the network failed
    │   ├── TransportError         TRANSPORT          5  the network failed, or no answer came
    │   ├── RateLimitedError       RATE_LIMITED       5  too much was asked; says how long to wait
    │   ├── MaintenanceError       MAINTENANCE        5  the exchange is closed for now
    │   ├── ClockSkewError         CLOCK_SKEW         5  our clock and the exchange's differ
    │   ├── ExchangeRefusedError   EXCHANGE_REFUSED   5  the exchange answered no
    │   └── UnreadableAnswerError  UNREADABLE_ANSWER  5  the answer makes no sense
    ├── NotDeliveredError          NOT_DELIVERED      5  a notice did not get through
    ├── RiskRefusedError           RISK_REFUSED       7  the risk gate said no
    ├── LiveRefusedError           LIVE_REFUSED       7  it is not safe to trade real money yet
    ├── AccountInUseError          ACCOUNT_IN_USE     7  another gateway holds the account
    ├── BusError                   BUS                5  nodes cannot talk to each other
    │   ├── FrameError             FRAME              5  what arrived is not a message
    │   ├── ChannelFullError       CHANNEL_FULL       5  a node does not take what it is told
    │   └── ChannelClosedError     CHANNEL_CLOSED     5  the channel was closed before
    └── JournalError               JOURNAL            3  the executor's journal failed
        ├── JournalLockedError     JOURNAL_LOCKED     3  another executor writes to it
        └── JournalDamagedError    JOURNAL_DAMAGED    3  it is not what was written

A class docstring is the long text that ``tradectl explain CODE`` prints, so it is written for
the person who met the error: what happened, why tradectl insists, what to do.

Messages are sentences without a full stop that say what was found and what was expected.
The hint says what mends it.

A new error is a class in one of the modules here and a line in the tree above.
"""

from __future__ import annotations

from tradectl_sdk.errors.advice import did_you_mean, pip_install
from tradectl_sdk.errors.base import ExitStatus, TradectlError, error_classes
from tradectl_sdk.errors.bus import BusError, ChannelClosedError, ChannelFullError, FrameError
from tradectl_sdk.errors.exchange import (
    ClockSkewError,
    ExchangeRefusedError,
    MaintenanceError,
    RateLimitedError,
    TransportError,
    UnreadableAnswerError,
)
from tradectl_sdk.errors.journal import (
    JournalDamagedError,
    JournalError,
    JournalLockedError,
)
from tradectl_sdk.errors.program import (
    ConfigError,
    DeadlineError,
    InternalError,
    NotFoundError,
    PluginError,
    Problem,
    UsageError,
)
from tradectl_sdk.errors.research import (
    DataError,
    DataMissingError,
    ImportRefusedError,
    KernelRaisedError,
    ModelError,
    NotCompilableError,
    StrategyError,
)
from tradectl_sdk.errors.trading import (
    AccountInUseError,
    CredentialError,
    ExchangeError,
    LiveRefusedError,
    NotDeliveredError,
    RiskRefusedError,
)

__all__ = [
    "AccountInUseError",
    "BusError",
    "ChannelClosedError",
    "ChannelFullError",
    "ClockSkewError",
    "ConfigError",
    "CredentialError",
    "DataError",
    "DataMissingError",
    "DeadlineError",
    "ExchangeError",
    "ExchangeRefusedError",
    "ExitStatus",
    "FrameError",
    "ImportRefusedError",
    "InternalError",
    "JournalDamagedError",
    "JournalError",
    "JournalLockedError",
    "KernelRaisedError",
    "LiveRefusedError",
    "MaintenanceError",
    "ModelError",
    "NotCompilableError",
    "NotDeliveredError",
    "NotFoundError",
    "PluginError",
    "Problem",
    "RateLimitedError",
    "RiskRefusedError",
    "StrategyError",
    "TradectlError",
    "TransportError",
    "UnreadableAnswerError",
    "UsageError",
    "did_you_mean",
    "error_classes",
    "pip_install",
]
