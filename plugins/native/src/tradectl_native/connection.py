"""One connection of the library: calls with a deadline, and what their codes mean."""

from __future__ import annotations

import asyncio
import ctypes
from ctypes import byref, c_int32, c_int64, c_void_p, sizeof
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tradectl_sdk.errors import (
    ClockSkewError,
    CredentialError,
    ExchangeRefusedError,
    MaintenanceError,
    RateLimitedError,
    TransportError,
    UnreadableAnswerError,
)
from tradectl_sdk.exchange import Refused, Unclear

from tradectl_native import convert
from tradectl_native.layouts import Sized, TvConfig, TvError, TvEvent
from tradectl_native.library import Code
from tradectl_native.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradectl_sdk.errors import TradectlError
    from tradectl_sdk.exchange import Credentials

    from tradectl_native.settings import NativeSettings

S = TypeVar("S", bound=Sized)
ROOM: Final = 256  # items of a list at first
MOST: Final = 1 << 20  # items of a list at most
EVENTS: Final = 64  # at once


class Connection:
    """A handle of the library and the two threads that use it.

    Args:
        library: The library, loaded.
        settings: How long to wait.
        credentials: Keys to open it with.
    """

    def __init__(
        self, library: ctypes.CDLL, settings: NativeSettings, credentials: Credentials
    ) -> None:
        self._library = library
        self._settings = settings
        self._credentials = credentials
        self._handle = c_void_p()
        self._calls = Worker("native calls")
        self._polls = Worker("native events")
        self._late = False
        self.closed = False

    async def open(self) -> None:
        """Connect.

        Raises:
            ExchangeError: When the library says that it cannot.
        """
        keys = self._credentials

        def connect() -> tuple[int, TvError]:
            error = TvError()
            config = TvConfig(
                api_key=keys.api_key.reveal().encode(),
                secret=keys.secret.reveal().encode(),
                passphrase=keys.passphrase.reveal().encode(),
                private_key=keys.private_key.reveal().encode(),
                account=keys.account.encode(),
                options=convert.lines(self._settings.options).encode(),
            )
            return self._library.tv_open(byref(config), byref(self._handle), byref(error)), error

        code, error = await self._made(connect)
        self.check(code, error)

    async def close(self) -> None:
        """Disconnect; a library that hangs is left alone."""
        if self.closed:
            return
        self.closed = True
        handle, self._handle = self._handle, c_void_p()
        if handle and not self._stuck():
            try:
                polled = self._polls.start(lambda: None)  # behind the poll that is under way
                await asyncio.wait_for(polled.future, self._settings.call_seconds)
                job = self._calls.start(lambda: self._library.tv_close(handle))
                await asyncio.wait_for(job.future, self._settings.call_seconds)
            except TimeoutError:
                pass
        self._calls.stop()
        self._polls.stop()

    # Calls ---------------------------------------------------------------------------------

    async def ask(self, name: str, *arguments: Any) -> int:
        """Call a function and return its code, ``OK`` or ``ABSENT``.

        Raises:
            ExchangeError: When the code says that there is no answer.
        """
        code, error = await self._made(lambda: self._plain(name, *arguments))
        if code != Code.ABSENT:
            self.check(code, error)
        return code

    async def time(self) -> int:
        """Ask the venue's clock."""
        found = c_int64()
        await self.ask("tv_time", byref(found))
        return found.value

    async def items(self, kind: type[S], name: str, *arguments: Any, more: bool = True) -> list[S]:
        """Ask for a list, with more room if it does not hold all.

        Raises:
            ExchangeError: When there is no answer.
            UnreadableAnswerError: When the count makes no sense.
        """
        room = ROOM
        while True:
            found = (kind * room)()
            for item in found:
                item.size = sizeof(kind)
            count = c_int32()
            await self.ask(name, *arguments, found, room, byref(count))
            if not 0 <= count.value <= room:
                raise UnreadableAnswerError(f"{name} counted {count.value}, expected 0 to {room}")
            if count.value < room or not more or room >= MOST:
                return list(found[: count.value])
            room *= 4

    async def order(self, name: str, argument: Sized, answer: Sized) -> Refused | Unclear | None:
        """Send what may change an order; None when it was taken.

        A call that was not begun in time is withdrawn, so that it is never made late.
        """
        if self.closed or not self._handle:
            return Unclear(text="the connection has been closed", sent=False)
        if self._stuck():
            return Unclear(text="the library has not returned from an earlier call", sent=False)
        job = self._calls.start(lambda: self._plain(name, byref(argument), byref(answer)))
        try:
            code, error = await asyncio.wait_for(job.future, self._settings.call_seconds)
        except TimeoutError:
            self._late = True
            withdrawn = job.withdraw()
            return Unclear(text=f"{name} did not return in time", sent=not withdrawn)
        except Exception as failure:  # noqa: BLE001 - an order may have been taken
            return Unclear(text=f"{name} raised {type(failure).__name__}")
        return self._outcome(code, error)

    async def poll(self) -> list[TvEvent]:
        """Wait a moment for events.

        Raises:
            ExchangeError: When the library says that it cannot.
        """
        handle, wait = self._handle, self._settings.poll_milliseconds

        def wait_for_events() -> tuple[int, TvError, list[TvEvent]]:
            error, count = TvError(), c_int32()
            found = (TvEvent * EVENTS)()
            for item in found:
                item.size = sizeof(TvEvent)
            code = self._library.tv_poll(handle, found, EVENTS, byref(count), wait, byref(error))
            return code, error, list(found[: max(0, min(EVENTS, count.value))])

        limit = self._settings.call_seconds + wait / 1000
        job = self._polls.start(wait_for_events)
        try:
            code, error, events = await asyncio.wait_for(job.future, limit)
        except TimeoutError:
            job.withdraw()
            raise TransportError("the library did not return from tv_poll in time") from None
        self.check(code, error)
        return list(events)

    def _plain(self, name: str, *arguments: Any) -> tuple[int, TvError]:
        error = TvError()
        return getattr(self._library, name)(self._handle, *arguments, byref(error)), error

    async def _made(self, function: Callable[[], tuple[int, TvError]]) -> tuple[int, TvError]:
        if self.closed:
            raise TransportError("the connection has been closed")
        if self._stuck():
            raise TransportError("the library has not returned from an earlier call")
        job = self._calls.start(function)
        try:
            found: tuple[int, TvError] = await asyncio.wait_for(
                job.future, self._settings.call_seconds
            )
        except TimeoutError:
            job.withdraw()
            self._late = True
            raise TransportError("the library did not return in time") from None
        return found

    def _stuck(self) -> bool:
        """Say whether a call that was given up has not returned yet."""
        self._late = self._late and self._calls.busy
        return self._late

    # What codes mean -----------------------------------------------------------------------

    def check(self, code: int, error: TvError) -> None:
        """Raise our error for a code that means that a question has no answer.

        Raises:
            ExchangeError: Unless the code is ``OK``.
        """
        if code != Code.OK:
            raise self._failure(code, error)

    def _failure(self, code: int, error: TvError) -> TradectlError:
        words = self._words(error) or f"the library returned {code}"
        match code:
            case Code.REFUSED | Code.ABSENT:
                own = convert.text(error.code) or "refused"
                return ExchangeRefusedError(words, venue_code=own)
            case Code.RATE_LIMITED:
                return RateLimitedError(words, retry_after=max(1, error.retry_after))
            case Code.MAINTENANCE:
                return MaintenanceError(words)
            case Code.CLOCK:
                return ClockSkewError(words)
            case Code.CREDENTIALS:
                return CredentialError(words)
            case Code.TRANSPORT | Code.UNCLEAR | Code.NOT_SENT:
                return TransportError(words)
        return UnreadableAnswerError(words)

    def _outcome(self, code: int, error: TvError) -> Refused | Unclear | None:
        """Say what a code leaves of an order: refused only by a definite no."""
        if code == Code.OK:
            return None
        words = self._words(error) or f"the library returned {code}"
        if code in {Code.REFUSED, Code.ABSENT}:
            return Refused(code=convert.text(error.code) or "refused", text=words)
        return Unclear(text=words, sent=code != Code.NOT_SENT)

    def _words(self, error: TvError) -> str:
        try:
            return self._credentials.redact(convert.text(error.text))
        except UnreadableAnswerError:
            return ""
