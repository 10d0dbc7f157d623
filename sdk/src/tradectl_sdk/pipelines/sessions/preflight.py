"""The checklist before real money moves: gone through, written down, and valid for a while.

What was checked is named by a hash of everything that matters: strategy code and parameters,
instruments, account, settings. A start with anything else needs another preflight.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tradectl_sdk.data import synthetic_market
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.engine import Mode
from tradectl_sdk.errors import LiveRefusedError, NotFoundError, TradectlError
from tradectl_sdk.nodes.executor import Journal, JournalView
from tradectl_sdk.nodes.precedence import HINT, objection_to_first
from tradectl_sdk.nodes.session_folder import Sessions, read_json, write_json
from tradectl_sdk.pipelines.backtest import backtest
from tradectl_sdk.pipelines.sessions.examination import (
    FAIL,
    OK,
    WARN,
    Examination,
    Row,
    examine_apart,
)
from tradectl_sdk.pipelines.sessions.forecasting import tables_of
from tradectl_sdk.pipelines.sessions.pinning import pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradectl_sdk.config import Settings
    from tradectl_sdk.pipelines.sessions.plan import SessionPlan
    from tradectl_sdk.plugins import Plugins

MINUTE = 60.0
CAPS = ("max_order_notional", "max_position_notional", "max_daily_loss")
_BARS = 1500  # of the made-up market that the strategy is tried on


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """A checklist that was gone through.

    Attributes:
        key: Names what was checked.
        time: When, seconds since 1970.
        expires: Until when a start may rest on it.
        rows: What was found.
    """

    key: str
    time: float
    expires: float
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(row.status != FAIL for row in self.rows)

    def document(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        rows = [msgspec.to_builtins(row) for row in self.rows]
        return {"key": self.key, "time": self.time, "expires": self.expires, "rows": rows}


def run_preflight(
    plan: SessionPlan,
    settings: Settings,
    plugins: Plugins,
    *,
    examine: Callable[[Examination], list[Row]] = examine_apart,
) -> Preflight:
    """Go through the checklist and write down what was found.

    Args:
        plan: What is to be started.
        settings: With which settings.
        plugins: Installed plugins, loaded.
        examine: Asks the exchange about the account.
    """
    sessions = Sessions(settings.session.directory)
    rows = [
        _plugins(plugins),
        _caps(settings),
        _card(plan),
        *_strategy(plan, settings, plugins),
        _disk(settings),
        _journal(sessions.root),
        *_precedence(settings),
        _switch(plan, sessions),
        *examine(
            Examination(
                exchange=plan.exchange,
                account=plan.account,
                instruments=plan.names,
                length=Timeframe.parse(plan.timeframe).nanoseconds,
                settings=pinned(settings),
            )
        ),
    ]
    now = time.time()
    found = Preflight(
        key=preflight_key(plan, settings),
        time=now,
        expires=now + settings.live.preflight_minutes * MINUTE,
        rows=tuple(rows),
    )
    sessions.root.mkdir(parents=True, exist_ok=True)
    write_json(_place(sessions, found.key), found.document())
    return found


def require_preflight(plan: SessionPlan, settings: Settings) -> Preflight:
    """Return the preflight that allows a start.

    Raises:
        LiveRefusedError: If there is none for exactly this, it failed, or it is too old.
    """
    hint = f"tradectl live preflight {plan.strategy} {' '.join(plan.names)} with the same options"
    key = preflight_key(plan, settings)
    try:
        kept = read_json(_place(Sessions(settings.session.directory), key))
    except NotFoundError:
        raise LiveRefusedError(
            "there is no preflight of exactly this strategy, account and settings", hint=hint
        ) from None
    found = Preflight(
        key=key,
        time=kept["time"],
        expires=kept["expires"],
        rows=tuple(msgspec.convert(kept["rows"], list[Row])),
    )
    failed = [row for row in found.rows if row.status == FAIL]
    if failed:
        names = ", ".join(row.name for row in failed)
        raise LiveRefusedError(f"the latest preflight failed: {names}", hint=hint)
    if time.time() > found.expires:
        minutes = (time.time() - found.time) / MINUTE
        raise LiveRefusedError(
            f"the latest preflight was {minutes:.0f} minutes ago, "
            f"expected at most {settings.live.preflight_minutes}",
            hint=hint,
        )
    return found


def preflight_key(plan: SessionPlan, settings: Settings) -> str:
    """Name exactly what is to be started, code and settings included."""
    manifest = {name: value for name, value in plan.manifest().items() if name != "created"}
    text = json.dumps([manifest, pinned(settings)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place(sessions: Sessions, key: str) -> Path:
    return sessions.root / f"preflight-{key}.json"


# The rows that need no exchange -----------------------------------------------------------------


def _plugins(plugins: Plugins) -> Row:
    broken = [str(one.message) for one in plugins.failures]
    if broken:
        return Row(name="plugins", status=FAIL, text="; ".join(broken), hint="tradectl plugin list")
    return Row(name="plugins", status=OK, text="all of them can be loaded")


def _caps(settings: Settings) -> Row:
    missing = [name for name in CAPS if getattr(settings.risk, name) is None]
    if missing:
        names = ", ".join(f"risk.{name}" for name in missing)
        return Row(name="caps", status=FAIL, text=f"not set: {names}", hint="set them under [risk]")
    words = ", ".join(f"{name} {getattr(settings.risk, name)}" for name in CAPS)
    return Row(name="caps", status=OK, text=words)


def _card(plan: SessionPlan) -> Row:
    ids = plan.card.client_ids
    if ids is None or not ids.queryable:
        return Row(
            name="order ids",
            status=FAIL,
            text=f"{plan.exchange} does not find orders by ids of ours, so an unclear answer "
            "could not be resolved",
            hint="trade at an exchange that does",
        )
    if plan.card.simulated:
        text = f"{plan.exchange} is simulated: no real money can move"
        return Row(name="order ids", status=WARN, text=text)
    return Row(name="order ids", status=OK, text="orders are found by ids of ours")


def _strategy(plan: SessionPlan, settings: Settings, plugins: Plugins) -> Iterator[Row]:
    """Try the strategy on a made-up market, both ways, and compare."""
    if Timeframe.parse(plan.timeframe) > Timeframe.parse("1d"):
        yield Row(name="strategy", status=WARN, text="not tried: its bars are longer than a day")
        return
    bars = max(_BARS, 2 * plan.warmup)
    made_up = synthetic_market(plan.instruments, plan.timeframe, bars, seed=7)
    market = [one.bars for one in made_up]
    hashes = {}
    for mode in (Mode.INTERPRETED, Mode.AUTO):
        try:
            result = backtest(
                plan.strategy,
                market,
                parameters=plan.parameters,
                timeframe=plan.timeframe,
                settings=settings,
                models=tables_of(plan.models),
                mode=mode,
                plugins=plugins,
            )
        except TradectlError as error:
            yield Row(name="strategy", status=FAIL, text=error.message, hint=error.hint)
            return
        hashes[result.record.engine["mode"]] = result.record.order_list_hash
        ahead = [check for check in result.checks if check.status == FAIL]
        if ahead:
            text = "; ".join(f"{check.name}: {check.text}" for check in ahead)
            hint = "tradectl backtest shows where"
            yield Row(name="strategy", status=FAIL, text=text, hint=hint)
            return
    if len(set(hashes.values())) > 1:
        yield Row(
            name="strategy", status=FAIL, text="it decides differently compiled and interpreted"
        )
        return
    ways = " and ".join(sorted(hashes))
    yield Row(name="strategy", status=OK, text=f"runs {ways} on a made-up market, no look-ahead")


def _disk(settings: Settings) -> Row:
    root = settings.session.directory.absolute()
    while not root.exists():
        root = root.parent
    free = shutil.disk_usage(root).free // 2**20
    least = settings.live.least_disk_mb
    text = f"{free:,} MB are free, expected at least {least:,}"
    return Row(name="disk", status=OK if free >= least else FAIL, text=text)


def _journal(root: Path) -> Row:
    """Try whether a journal can be kept where sessions are."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".preflight-") as folder:
            Journal(Path(folder) / "journal.sqlite").close()
    except (TradectlError, OSError) as error:
        return Row(name="journal", status=FAIL, text=f"cannot be written in {root}: {error}")
    return Row(name="journal", status=OK, text="can be written")


def _precedence(settings: Settings) -> Iterator[Row]:
    """Try whether nodes may run before other programs, where that is wanted."""
    if settings.session.realtime:
        objection = objection_to_first()
        if objection:
            yield Row(name="priority", status=FAIL, text=objection, hint=HINT)
        else:
            yield Row(name="priority", status=OK, text="nodes run before ordinary programs")


def _switch(plan: SessionPlan, sessions: Sessions) -> Row:
    """Look whether a session on the same account was halted and not released."""
    for folder in sessions.list():
        what = folder.manifest()
        same = (what.get("mode"), what.get("exchange"), what.get("account")) == (
            plan.mode,
            plan.exchange,
            plan.account,
        )
        if same and folder.journal.exists():
            with JournalView(folder.journal) as journal:
                if journal.state.switch != "active":
                    return Row(
                        name="kill switch",
                        status=FAIL,
                        text=f"session {folder.id} on this account is {journal.state.switch}",
                        hint=f"tradectl risk resume {folder.id}, once it is clear why",
                    )
    return Row(name="kill switch", status=OK, text="active")
