"""``tradectl keys``: API keys, kept where only the gateway reads them, shown nowhere."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import CredentialError, ExitStatus, UsageError

from tradectl.asking import confirmed
from tradectl.commands import noun
from tradectl.figures import plural
from tradectl.layout import Cell, Column
from tradectl.session import session_of

if TYPE_CHECKING:
    from tradectl_sdk.keys import Kept, KeyEntry, KeyStore

    from tradectl.session import Session

app = noun("Store, list, check and replace API keys.")


def _names(incomplete: str) -> list[str]:
    """Complete the name of a key; nothing is read but names."""
    return [name for name in _store().names() if name.startswith(incomplete)]


_Name = Annotated[str, typer.Argument(help="The key, such as binance.", autocompletion=_names)]
_Stdin = Annotated[
    bool, typer.Option("--stdin", help="Read the parts as one JSON object instead of asking.")
]
_Unchecked = Annotated[
    bool,
    typer.Option("--unchecked", help="Store it without asking the exchange what it may do."),
]


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What to call it, such as binance or binance-sub1.")],
    *,
    exchange: Annotated[
        str, typer.Option("--exchange", metavar="NAME", help="The exchange; the name itself.")
    ] = "",
    place: Annotated[
        str, typer.Option("--in", metavar="PLACE", help="file (mode 0600) or keyring.")
    ] = "file",
    part: Annotated[
        list[str] | None,
        typer.Option("--part", metavar="PART", help="A part to ask for, instead of the usual."),
    ] = None,
    stdin: _Stdin = False,
    unchecked: _Unchecked = False,
) -> ExitStatus:
    """Store a key; its parts are typed in and shown nowhere.

    The exchange is asked what the key may do, and a key that can withdraw is refused. --part token
    stores a secret of another service, to which settings can point with keyring:NAME.
    """
    from tradectl_sdk.keys import KeyEntry, checked_name

    from tradectl.key_parts import asked

    session, store = session_of(context), _store()
    target = store.place(place)
    if checked_name(name) in store.names():
        raise UsageError(f"there is a key {name!r} already", hint=f"tradectl keys rotate {name}")
    parts = asked(session, part or (), from_stdin=stdin)
    other_service = set(parts) == {"token"}
    entry = KeyEntry(
        name=name,
        exchange="" if other_service else exchange or name,
        parts=parts,
        created=time.time_ns(),
    )
    entry = _judged(session, entry, unchecked=unchecked or other_service)
    target.save(entry)
    _tell_stored(session, entry, place, "stored")
    return ExitStatus.OK


@app.command("list")
def list_(context: typer.Context) -> ExitStatus:
    """List the keys there are: where they are kept, how old they are, what they may do."""
    session = session_of(context)
    rows, documents, broken = [], [], 0
    for kept in _store().list():
        if isinstance(kept, CredentialError):
            session.out.warn(kept.message, hint=kept.hint)
            broken += 1
            continue
        entry = kept.entry
        rows.append(
            (entry.name, entry.exchange or "-", kept.place.kind, entry.fingerprint,
             _age(entry.created), Cell(_checked(entry), "" if entry.checked else "warn"))
        )  # fmt: skip
        documents.append(_document(kept))
    titles = ("KEY", "EXCHANGE", "KEPT IN", "PRINT", "AGE", "CHECKED")
    if rows:
        session.out.table([Column(title=title) for title in titles], rows)
    elif broken:
        session.out.note(f"{plural(broken, 'key')}, and none that can be used")
    else:
        session.out.note("there are no keys; paper trading and public data need none")
    session.out.result("keys-list/1", {"keys": documents})
    if rows:
        session.out.next(f"tradectl keys test {rows[0][0]}")
    elif not broken:
        session.out.next("tradectl keys add NAME")
    return ExitStatus.OK


@app.command()
def test(context: typer.Context, name: _Name) -> ExitStatus:
    """Ask the exchange what a key may do; nothing is traded."""
    session, store = session_of(context), _store()
    kept = store.get(name)
    if not kept.entry.exchange:
        raise UsageError(f"key {name} belongs to no exchange, so nobody can be asked")
    entry = _judged(session, kept.entry, unchecked=False)
    if kept.place.writable:
        kept.place.save(entry)
    session.out.line(f"{name}  {_checked(entry)}", "ok")
    session.out.result("keys-test/1", _document(replace(kept, entry=entry)))
    session.out.next(f"tradectl exchange test {entry.exchange}")
    return ExitStatus.OK


@app.command()
def rotate(
    context: typer.Context, name: _Name, *, stdin: _Stdin = False, unchecked: _Unchecked = False
) -> ExitStatus:
    """Replace a key by a new one, which is checked before the old one is forgotten."""
    from tradectl.key_parts import asked

    session, store = session_of(context), _store()
    kept = store.get(name)
    if not kept.place.writable:
        raise CredentialError(
            f"key {name} comes from the {kept.place.kind}, which tradectl only reads",
            hint="replace it where it was set",
        )
    parts = asked(session, tuple(kept.entry.parts), from_stdin=stdin)
    fresh = replace(
        kept.entry, parts=parts, created=time.time_ns(), checked=0, trade=None, withdraw=None
    )
    if fresh.fingerprint == kept.entry.fingerprint:
        raise UsageError(f"key {name} was given as it is, expected a new one")
    fresh = _judged(session, fresh, unchecked=unchecked or not fresh.exchange)
    kept.place.save(fresh)
    _tell_stored(session, fresh, kept.place.kind, "replaced")
    session.out.note(
        f"sessions that run keep the old key {kept.entry.fingerprint} until they are started "
        "again; delete it at the exchange then"
    )
    return ExitStatus.OK


@app.command()
def rm(
    context: typer.Context,
    name: _Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> ExitStatus:
    """Forget a key. At the exchange it lives on until it is deleted there."""
    session, store = session_of(context), _store()
    if name in store.names() and not confirmed(session, f"forget key {name}?", yes=yes):
        session.out.note("nothing was removed")
        return ExitStatus.OK
    place = store.remove(name)
    session.out.line(f"{name}  removed from the {place.kind}")
    session.out.result("keys-rm/1", {"name": name, "place": place.kind})
    session.out.next("delete the key at the exchange, too", "tradectl keys list")
    return ExitStatus.OK


def _store() -> KeyStore:
    from tradectl_sdk.pipelines.exchanges import key_store

    return key_store()


def _judged(session: Session, entry: KeyEntry, *, unchecked: bool) -> KeyEntry:
    """Ask the exchange what a key may do, and refuse it if that is too much."""
    if unchecked:
        return entry
    from tradectl_sdk.keys import judge
    from tradectl_sdk.pipelines.exchanges import ask_permissions, make_exchange

    loaded, plugins = session.checked()
    exchange = make_exchange(
        entry.exchange,
        plugins=plugins,
        sections=loaded.settings.plugins,
        credentials=entry.credentials,
    )
    permissions = ask_permissions(exchange)
    verdict = judge(entry.name, permissions, to_trade=False)
    if verdict.unclear:
        what = " and ".join(verdict.unclear)
        session.out.warn(
            f"{entry.exchange} does not tell {what}",
            hint="look it up on the exchange's page of API keys",
        )
    for warning in verdict.warnings:
        session.out.warn(f"key {entry.name}: {warning}")
    return replace(
        entry,
        checked=time.time_ns(),
        trade=permissions.trade,
        withdraw=permissions.withdraw,
    )


def _tell_stored(session: Session, entry: KeyEntry, place: str, done: str) -> None:
    session.out.cells(
        Cell(entry.name, "bold"), Cell(f"  {done} in the {place}, print {entry.fingerprint}")
    )
    session.out.result(
        "keys-add/1",
        {
            "name": entry.name,
            "exchange": entry.exchange,
            "place": place,
            "fingerprint": entry.fingerprint,
            "checked": entry.checked > 0,
        },
    )
    session.out.next(
        f"tradectl keys test {entry.name}" if entry.exchange else "tradectl notify list"
    )


def _document(kept: Kept) -> dict[str, Any]:
    entry = kept.entry
    return {
        "name": entry.name,
        "exchange": entry.exchange,
        "place": kept.place.kind,
        "fingerprint": entry.fingerprint,
        "created_ns": entry.created,
        "checked_ns": entry.checked,
        "trade": entry.trade,
        "withdraw": entry.withdraw,
    }


def _checked(entry: KeyEntry) -> str:
    if not entry.exchange:
        return "not an exchange's"
    if not entry.checked:
        return "never"
    trade = {True: "can trade", False: "data only", None: "trading not told"}[entry.trade]
    withdraw = "cannot withdraw" if entry.withdraw is False else "withdrawing not told"
    return f"{_age(entry.checked)} ago: {withdraw}, {trade}"


def _age(since: int) -> str:
    if not since:
        return "-"
    seconds = max(0, time.time_ns() - since) // 10**9
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
