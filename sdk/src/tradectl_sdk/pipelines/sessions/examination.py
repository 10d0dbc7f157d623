"""What only a process with keys can find out about an account, done in one that then ends.

``python -m tradectl_sdk.pipelines.examine`` reads an :class:`Examination` from standard input and
writes a list of :class:`Row` to standard output. Keys come into that process and leave it with it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.errors import DeadlineError, InternalError, TradectlError
from tradectl_sdk.keys import Redactor, judge
from tradectl_sdk.pipelines.exchanges import estimated, exchange_of, key_store, probe_clock
from tradectl_sdk.pipelines.sessions.pinning import unpinned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradectl_sdk.exchange import Exchange

SECOND = 1_000_000_000
PATIENCE = 120.0  # seconds the whole examination may take
OK, WARN, FAIL = "ok", "warn", "fail"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a checklist.

    Attributes:
        name: What was looked at.
        status: ``ok``, ``warn`` or ``fail``.
        text: What was found.
        hint: What mends it.
    """

    name: str
    status: str
    text: str
    hint: str = ""


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be examined.

    Attributes:
        exchange: As the settings name it.
        account: Name of the key.
        instruments: What is to be traded.
        length: Nanoseconds of a bar.
        settings: Pinned settings.
    """

    exchange: str
    account: str
    instruments: tuple[str, ...]
    length: int
    settings: dict[str, Any]


def examine_apart(what: Examination) -> list[Row]:
    """Examine an account in a process of its own.

    Raises:
        DeadlineError: If it takes too long.
        InternalError: If it ends without an answer.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tradectl_sdk.pipelines.examine"],
            input=msgspec.json.encode(what),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineError(
            f"{what.exchange} was not examined within {PATIENCE:g} s",
            hint=f"tradectl exchange test {what.exchange}",
        ) from error
    try:
        return msgspec.json.decode(done.stdout, type=list[Row])
    except msgspec.MsgspecError as error:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["no word"]
        raise InternalError(f"the examination ended with {words[-1]}") from error


def main() -> int:
    """Examine what standard input says, and write down what was found."""
    from tradectl_sdk.nodes.gateway.hardening import seal_process

    seal_process()
    what = msgspec.json.decode(sys.stdin.buffer.read(), type=Examination)
    rows = asyncio.run(examine(what))
    sys.stdout.buffer.write(msgspec.json.encode(rows))
    return 0


async def examine(what: Examination) -> list[Row]:
    """Examine an account; whatever fails is a row, too."""
    redactor = Redactor()
    try:
        store = key_store()
        credentials = store.credentials_for(what.account)
        redactor.learn(*store.get(what.account).entry.secrets())
        settings = unpinned(what.settings)
        exchange = exchange_of(what.exchange, settings=settings, credentials=credentials)
    except TradectlError as error:
        return [Row(name="keys", status=FAIL, text=error.message, hint=error.hint)]
    limit = settings.session.clock_limit_seconds
    try:
        await exchange.open()
        rows = [Row(name="keys", status=OK, text=f"key {what.account} was found")]
        for name, look in (
            ("permissions", lambda: _permissions(exchange, what)),
            ("clock", lambda: _clock(exchange, limit)),
            ("data", lambda: _data(exchange, what)),
            ("account", lambda: _account(exchange, what)),
        ):
            rows.append(await _row(name, look, redactor))
    except TradectlError as error:
        text = redactor.scrub(error.message)
        return [Row(name="exchange", status=FAIL, text=text, hint=error.hint)]
    finally:
        await exchange.close()
    return rows


async def _row(name: str, look: Callable[[], Awaitable[Row]], redactor: Redactor) -> Row:
    try:
        return await look()
    except TradectlError as error:
        text = redactor.scrub(error.message)
        return Row(name=name, status=FAIL, text=text, hint=error.hint)


async def _permissions(exchange: Exchange, what: Examination) -> Row:
    permissions = await exchange.permissions()
    verdict = judge(what.account, permissions)
    if verdict.unclear:
        text = f"{what.exchange} does not say {' or '.join(verdict.unclear)}"
        hint = "look it up there: a key that can withdraw must not be used"
        return Row(name="permissions", status=WARN, text=text, hint=hint)
    if verdict.warnings:
        return Row(name="permissions", status=WARN, text="; ".join(verdict.warnings))
    return Row(name="permissions", status=OK, text="it can trade and cannot withdraw")


async def _clock(exchange: Exchange, limit: float) -> Row:
    best = estimated(await probe_clock(exchange))
    offset = best.offset / 1e9
    off = abs(best.offset) - best.uncertainty > limit * SECOND
    text = f"the exchange's clock is {offset:+.3f} s from ours, the limit is {limit:g} s"
    hint = "set the machine's clock, for example with an NTP service" if off else ""
    return Row(name="clock", status=FAIL if off else OK, text=text, hint=hint)


async def _data(exchange: Exchange, what: Examination) -> Row:
    now = await exchange.venue_time()
    for name in what.instruments:
        found = await exchange.history(name, what.length, now - 20 * what.length, now)
        age = (now - found[-1].time) if found else None
        if age is None or age > 3 * what.length + 60 * SECOND:
            said = (
                "has no bars" if age is None else f"has a latest bar that is {age / 1e9:.0f} s old"
            )
            return Row(name="data", status=FAIL, text=f"{name} {said}", hint="is its market open?")
    return Row(name="data", status=OK, text=f"fresh bars of {', '.join(what.instruments)}")


async def _account(exchange: Exchange, what: Examination) -> Row:
    working = await exchange.open_orders()
    strange = [one for one in working if one.instrument in what.instruments]
    if strange:
        return Row(
            name="account",
            status=FAIL,
            text=f"{len(strange)} orders are working there already",
            hint="cancel them, or trade something else on this account",
        )
    held = [one for one in await exchange.balances() if one.total]
    seconds = time.strftime("%H:%M:%S", time.gmtime())
    text = f"no strange orders at {seconds} UTC, {len(held)} currencies held"
    return Row(name="account", status=OK, text=text)
