"""A venue behind a shared library that is compiled here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from ctypes import sizeof
from typing import TYPE_CHECKING, Any

import pytest
from compiled import (
    BUSY,
    GARBAGE,
    HANG,
    INCLUDE,
    KEY,
    MINUTE,
    UNREACHABLE,
    UNSENT,
    NativeStage,
    build,
    compile_with,
    rehearsal,
    settings_of,
)
from tradectl_native.adapter import NativeExchange
from tradectl_native.layouts import LAYOUTS
from tradectl_native.library import FUNCTIONS, load
from tradectl_native.settings import NativeSettings
from tradectl_sdk.errors import (
    CredentialError,
    NotFoundError,
    PluginError,
    RateLimitedError,
    TransportError,
    UnreadableAnswerError,
)
from tradectl_sdk.exchange import (
    Accepted,
    AccountLink,
    BarClosed,
    Credentials,
    FeedState,
    OrderRef,
    Subscription,
    Ticket,
    Unclear,
)
from tradectl_sdk.testing import Outcome, exchange_checks, parametrize, plugin_checks, run_checks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

ACME = "ACME/USD.NATIVE"
TICKET = Ticket(client_id="a1", instrument=ACME, side=1, type=1, lots=500, limit=5_000, decided=0)
REF = OrderRef(instrument=ACME, client_id="a1")


def play(
    library: Path,
    act: Callable[[NativeStage, NativeExchange], Coroutine[Any, Any, None]],
    **changes: Any,
) -> None:
    async def run() -> None:
        stage = NativeStage(library, **changes)
        exchange = stage.connect()
        await exchange.open()
        try:
            await act(stage, exchange)
        finally:
            stage.demo.demo_fault(0)
            await exchange.close()

    asyncio.run(asyncio.wait_for(run(), 40))


@parametrize(plugin_checks("native"))
def test_the_plugin_conforms(check):
    check()


def test_the_example_library_passes_every_check(library: Path) -> None:
    checks = exchange_checks(rehearsal=rehearsal(library))
    found = run_checks(checks)
    bare = {"has_a_sound_card", "leaves_room_in_its_budgets", "closes_without_having_been_opened"}

    wrong = [(r.name, r.message) for r in found if r.status is not Outcome.PASSED]
    assert [(name, message) for name, message in wrong if name not in bare] == []
    assert len(found) >= 38


def test_its_card_is_checked_too(library: Path) -> None:
    stage = NativeStage(library)
    checks = exchange_checks(lambda *_: stage.connect())

    assert [result.status for result in run_checks(checks)] == [Outcome.PASSED] * 3


# The layout ---------------------------------------------------------------------------------------


def test_every_structure_lies_in_memory_as_the_compiler_lays_it(tmp_path: Path) -> None:
    lines = []
    for name, layout in LAYOUTS.items():
        members = [member for member, *_ in layout._fields_]
        lines.append(f'printf("{{\\"{name}\\": [%zu", sizeof({name}));')
        lines += [f'printf(", %zu", offsetof({name}, {member}));' for member in members]
        lines.append('printf("]}\\n");')
    source = tmp_path / "layout.c"
    heads = "#include <stddef.h>\n#include <stdio.h>\n#include <tradectl_venue.h>\n"
    source.write_text(heads + "int main(void) {\n" + "\n".join(lines) + "\nreturn 0; }\n")
    compile_with(["-o", str(tmp_path / "layout"), str(source)])
    printed = subprocess.run([tmp_path / "layout"], capture_output=True, text=True, check=True)

    theirs: dict[str, list[int]] = {}
    for line in printed.stdout.splitlines():
        theirs |= json.loads(line)
    ours = {
        name: [sizeof(layout), *(getattr(layout, member).offset for member, *_ in layout._fields_)]
        for name, layout in LAYOUTS.items()
    }
    assert ours == theirs


def test_every_function_of_the_header_is_declared(tmp_path: Path) -> None:
    text = (INCLUDE / "tradectl_venue.h").read_text(encoding="utf-8")
    exported = {
        line.partition("(")[0].split()[-1].lstrip("*")
        for line in text.splitlines()
        if line.startswith("TV_EXPORT")
    }

    assert set(FUNCTIONS) == exported


def test_the_header_is_good_cxx_too(tmp_path: Path) -> None:
    source = tmp_path / "header.c"
    source.write_text('#include "tradectl_venue.h"\n#include "tradectl_venue.h"\n')
    compile_with(["-pedantic", "-fsyntax-only", str(source)])


# Loading ------------------------------------------------------------------------------------------


def test_a_library_that_has_changed_is_not_loaded(library: Path, tmp_path: Path) -> None:
    copy = tmp_path / library.name
    copy.write_bytes(library.read_bytes())
    settings = settings_of(copy)
    with copy.open("ab") as file:
        file.write(b"x")
    with pytest.raises(PluginError, match=f"expected {settings.sha256}"):
        _ = NativeExchange(settings, None).card


def test_a_library_that_is_not_there_is_named(library: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="was not there"):
        load(tmp_path / "nothing.so", "0" * 64)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("int tv_abi(void) { return 1; }", "lacks tv_describe, tv_open"),
        ("not C at all", "could not be loaded"),
    ],
)
def test_a_file_that_is_no_such_library_is_refused(tmp_path: Path, code: str, message: str) -> None:
    source = tmp_path / "wrong.c"
    source.write_text(code)
    path = source if message.startswith("could") else build(tmp_path, name="wrong", source=source)
    with pytest.raises(PluginError, match=message):
        load(path, settings_of(path).sha256)


def test_a_library_of_another_version_is_refused(tmp_path: Path) -> None:
    from compiled import HERE

    text = (HERE / "venue.c").read_text(encoding="utf-8")
    source = tmp_path / "later.c"
    source.write_text(text.replace("return TV_ABI;", "return 2;"))
    path = build(tmp_path, name="later", source=source)
    with pytest.raises(PluginError, match="speaks version 2 of the interface, expected 1"):
        load(path, settings_of(path).sha256)


@pytest.mark.parametrize(
    "changes",
    [
        {"library": "venue.so"},
        {"sha256": "abc"},
        {"venue": "lower"},
        {"options": {"a=b": "c"}},
        {"options": {"a": "b\nc"}},
        {"unknown": 1},
    ],
)
def test_settings_that_leave_a_doubt_are_refused(changes: dict[str, Any]) -> None:
    usual = {"library": "/opt/venue.so", "sha256": "0" * 64}
    NativeSettings.model_validate(usual)
    with pytest.raises(ValueError, match="validation error"):
        NativeSettings.model_validate(usual | changes)


def test_making_it_loads_nothing(tmp_path: Path) -> None:
    settings = NativeSettings(library=tmp_path / "nothing.so", sha256="0" * 64)
    exchange = NativeExchange(settings, Credentials.of({"api_key": KEY}))

    assert KEY not in repr(vars(exchange))
    asyncio.run(exchange.close())


# When it misbehaves -------------------------------------------------------------------------------


def test_a_key_that_it_refuses_is_not_repeated(library: Path) -> None:
    async def act() -> None:
        stage = NativeStage(library)
        wrong = Credentials.of({"api_key": "a-wrong-key-of-mine"})
        exchange = NativeExchange(settings_of(stage.path), wrong)
        with pytest.raises(CredentialError) as refused:
            await exchange.open()
        assert "***" in refused.value.message
        assert "a-wrong-key-of-mine" not in repr(refused.value)
        await exchange.close()

    asyncio.run(act())


async def returned(exchange: NativeExchange) -> None:
    """Wait until the library has returned from the call that hung."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(TransportError):
                await exchange.venue_time()
                return
            await asyncio.sleep(0.1)


def test_a_call_that_does_not_return_is_given_up(library: Path) -> None:
    async def act(stage: NativeStage, exchange: NativeExchange) -> None:
        stage.demo.demo_fault(HANG)
        with pytest.raises(TransportError, match="did not return in time"):
            await exchange.venue_time()
        with pytest.raises(TransportError, match="not returned from an earlier call"):
            await exchange.query(REF)
        (outcome,) = await exchange.submit([TICKET])
        assert outcome == Unclear(
            text="the library has not returned from an earlier call", sent=False
        )
        assert stage.demo.demo_submits() == 0
        stage.demo.demo_fault(0)
        await returned(exchange)
        assert isinstance((await exchange.submit([TICKET]))[0], Accepted)

    play(library, act, call_seconds=1.0)


def test_an_order_that_hangs_is_unclear_and_one_behind_it_is_never_made(library: Path) -> None:
    async def act(stage: NativeStage, exchange: NativeExchange) -> None:
        other = Ticket(
            client_id="b2", instrument=ACME, side=1, type=1, lots=500, limit=5_000, decided=0
        )
        stage.demo.demo_fault(HANG)
        (first,), (second,) = await asyncio.gather(
            exchange.submit([TICKET]), exchange.submit([other])
        )
        assert isinstance(first, Unclear)
        assert first.sent
        assert isinstance(second, Unclear)
        assert not second.sent
        stage.demo.demo_fault(0)
        await returned(exchange)
        assert stage.demo.demo_submits() == 1

    play(library, act, call_seconds=1.0)


def test_a_process_ends_although_the_library_hangs(library: Path) -> None:
    code = f"""
import asyncio, sys
sys.path.insert(0, {str(library.parents[0])!r})
sys.path.insert(0, {__file__.rpartition("/")[0]!r})
from pathlib import Path
from compiled import HANG, NativeStage
async def act():
    stage = NativeStage(Path({str(library)!r}), call_seconds=0.2)
    exchange = stage.connect()
    await exchange.open()
    stage.demo.demo_fault(HANG)
    try:
        await exchange.venue_time()
    except Exception as error:
        print(type(error).__name__)
    await exchange.close()
asyncio.run(act())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == "TransportError\n", done.stderr


def test_what_was_not_sent_is_known_not_to_be_there(library: Path) -> None:
    async def act(stage: NativeStage, exchange: NativeExchange) -> None:
        stage.demo.demo_fault(UNSENT)
        (outcome,) = await exchange.submit([TICKET])
        assert outcome == Unclear(text="the line is down", sent=False)

    play(library, act)


def test_nonsense_is_no_answer(library: Path) -> None:
    async def act(stage: NativeStage, exchange: NativeExchange) -> None:
        await exchange.submit([TICKET])
        stage.demo.demo_fault(GARBAGE)
        with pytest.raises(UnreadableAnswerError, match="side 9"):
            await exchange.query(REF)
        with pytest.raises(UnreadableAnswerError, match="counted -5"):
            await exchange.open()
        other = Ticket(
            client_id="c3", instrument=ACME, side=1, type=1, lots=500, limit=5_000, decided=0
        )
        (outcome,) = await exchange.submit([other])
        assert outcome == Accepted()  # taken, and nothing can be said of it

    play(library, act)


def test_a_rate_limit_says_how_long_to_wait(library: Path) -> None:
    async def act(stage: NativeStage, exchange: NativeExchange) -> None:
        stage.demo.demo_fault(BUSY)
        with pytest.raises(RateLimitedError) as limited:
            await exchange.venue_time()
        assert limited.value.retry_after == 250_000_000

    play(library, act)


class Ear:
    """Collects what a stream yields."""

    def __init__(self, events: Any) -> None:
        self.heard: list[Any] = []
        self.grown = asyncio.Event()
        self.task = asyncio.create_task(self._listen(events))

    async def _listen(self, events: Any) -> None:
        async for event in events:
            self.heard.append(event)
            self.grown.set()

    async def until(self, count: int) -> list[Any]:
        while len(self.heard) < count:
            self.grown.clear()
            await self.grown.wait()
        return self.heard


def test_bars_that_the_library_left_out_are_asked_for(library: Path) -> None:
    async def act(stage: NativeStage, exchange: NativeExchange) -> None:
        wanted = Subscription(instrument=ACME, kind="bars", length=MINUTE)
        ear = Ear(exchange.market_data([wanted]))
        assert await ear.until(1) == [FeedState(live=True)]
        for silently in (0, 1, 1, 0):
            stage.demo.demo_advance(silently)
        bars = [event.time for event in await ear.until(5) if isinstance(event, BarClosed)]
        assert [later - bars[0] for later in bars] == [0, MINUTE, 2 * MINUTE, 3 * MINUTE]

    play(library, act)


def test_when_events_cannot_be_taken_out_the_streams_say_so(library: Path) -> None:
    async def act(stage: NativeStage, exchange: NativeExchange) -> None:
        ear = Ear(exchange.account_events())
        await ear.until(1)
        stage.demo.demo_fault(UNREACHABLE)
        await ear.until(2)
        stage.demo.demo_fault(0)
        links = [event.up for event in await ear.until(3) if isinstance(event, AccountLink)]
        assert links == [True, False, True]

    play(library, act)
