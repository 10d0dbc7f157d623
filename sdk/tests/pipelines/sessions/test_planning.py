"""What is pinned when a session is made, and what is refused before anything starts."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from listing import Listing, coin, plan
from session_scene import session
from tradectl_sdk.config import Settings
from tradectl_sdk.errors import DataError, NotFoundError, UsageError
from tradectl_sdk.exchange import Card
from tradectl_sdk.nodes.session_folder import Sessions, write_json
from tradectl_sdk.pipelines.sessions.forecasting import pin_models
from tradectl_sdk.pipelines.sessions.opening import create_session, open_session
from tradectl_sdk.pipelines.sessions.pinning import pinned, unpinned
from tradectl_sdk.pipelines.sessions.plan import SessionPlan
from tradectl_sdk.pipelines.sessions.planning import resolve_plan
from tradectl_sdk.pipelines.sessions.preflight import preflight_key


def test_everything_is_pinned_and_read_again_as_it_was(tmp_path: Path) -> None:
    exchange = Listing(coin(), coin("ETH/USDT"))
    made = plan(exchange, "ETH/USDT", "BTC/USDT.X", history=50)
    assert exchange.opened
    assert exchange.closed
    assert made.names == ("ETH/USDT.X", "BTC/USDT.X")
    assert (made.timeframe, made.history, made.name) == ("1h", 50, "sma-cross")
    assert made.parameters == {"fast": 7, "slow": 100, "share": 0.95}
    assert made.code
    home = {"session": {"directory": str(tmp_path)}}
    folder = create_session(made, Settings.model_validate(home))
    assert open_session(folder).plan == made
    assert SessionPlan.of(json.loads(json.dumps(folder.manifest()))) == made


def test_models_are_pinned_with_what_they_need(tmp_path: Path) -> None:
    """A history long enough for the first fit, no order before it, and another preflight."""
    exchange = Listing(coin())
    wanted = {"forecast": "ridge:first=120,every=30"}
    made = plan(exchange, "BTC/USDT.X", models=wanted, history=50)
    assert (made.history, made.warmup) == (120, 120)
    assert plan(exchange, "BTC/USDT.X", models=wanted, history=300, warmup=200).history == 300
    assert plan(exchange, "BTC/USDT.X", models=wanted, history=0).history == 0
    pin = made.models["forecast"]
    assert (pin["model"], pin["settings"]["first"], len(pin["hash"])) == ("ridge", 120, 64)
    folder = create_session(made, Settings.model_validate({"session": {"directory": tmp_path}}))
    (again,) = open_session(folder).forecasting()
    assert pin_models([again]) == made.models
    other = plan(exchange, "BTC/USDT.X", models={"forecast": "ridge:first=120,every=31"})
    assert other.models["forecast"]["hash"] != pin["hash"]
    keys = {preflight_key(one, Settings()) for one in (made, other, plan(exchange, "BTC/USDT.X"))}
    assert len(keys) == 3


def test_a_paper_account_can_do_what_paper_can_and_a_live_one_what_its_venue_can() -> None:
    card = Card(
        order_types=frozenset(), times_in_force=frozenset(), market_data=frozenset({"bars"})
    )
    exchange = Listing(coin(), card=card)
    assert plan(exchange, "BTC/USDT").card.simulated
    assert plan(exchange, "BTC/USDT", mode="live").card == card


def test_two_processes_write_the_same_manifest() -> None:
    first, second = (plan(Listing(coin()), "BTC/USDT").manifest() for _ in range(2))
    assert {**first, "created": ""} == {**second, "created": ""}
    assert first["card"]["market_data"] == sorted(first["card"]["market_data"])


@pytest.mark.parametrize(
    ("names", "options", "error", "text"),
    [
        (["DOGE/USDT"], {}, NotFoundError, "x does not trade DOGE/USDT"),
        (["btc/usdt"], {}, NotFoundError, "does not trade btc/usdt"),
        (["BTC/USDT", "BTC/USDT"], {}, UsageError, "given twice"),
        (["BTC/USDT", "BTC/EUR"], {}, UsageError, "expected one currency"),
        (["BTC/USDT"], {"parameters": {"fast": 0}}, UsageError, "fast was 0"),
        (["BTC/USDT"], {"timeframe": "1y"}, UsageError, "timeframe was '1y'"),
        ([], {}, UsageError, "no series was given"),
    ],
)
def test_what_makes_no_sense_is_refused(
    names: list[str], options: dict[str, Any], error: type[Exception], text: str
) -> None:
    exchange = Listing(coin(), coin("BTC/EUR", "EUR"))
    with pytest.raises(error, match=text):
        plan(exchange, *names, **options)


def test_an_exchange_without_bars_cannot_drive_a_strategy() -> None:
    card = Card(
        order_types=frozenset(), times_in_force=frozenset(), market_data=frozenset({"trades"})
    )
    with pytest.raises(UsageError, match="x has no bars"):
        plan(Listing(coin(), card=card), "BTC/USDT")


def test_fees_of_the_settings_are_the_sessions() -> None:
    settings = Settings.model_validate({"backtest": {"taker_fee": Decimal("0.003")}})
    made = plan(Listing(coin()), "BTC/USDT", settings=settings)
    (one,) = resolve_plan(made, settings, None).engine.instruments
    assert (one.taker_fee, one.maker_fee) == (Decimal("0.003"), Decimal("0.0002"))


def test_a_strategy_in_a_file_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(
        "from tradectl_sdk import Strategy\nclass Mine(Strategy): ..."
    )
    monkeypatch.chdir(tmp_path)
    opened = session(tmp_path, "mine.py:Mine")
    assert opened.plan.strategy == f"{tmp_path.resolve()}/mine.py:Mine"


@pytest.mark.parametrize(
    "change",
    [
        {"timeframe": None},
        {"card": {"order_types": 5}},
        {"instruments": [{"x": 1}]},
        {"replay": {}},
    ],
)
def test_a_manifest_that_was_changed_is_damage(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = session(tmp_path).folder
    manifest = folder.manifest() | change
    if change == {"timeframe": None}:
        del manifest["timeframe"]
    if change == {"replay": {}}:
        manifest["replay"] = {"pace": 3}
    write_json(folder.path / "session.json", manifest)
    with pytest.raises(DataError):
        open_session(folder)


def test_settings_are_pinned_to_the_last_digit() -> None:
    given = {
        "backtest": {"slippage_bps": Decimal("2.50"), "fees": {"model": "per-unit", "rate": 1}},
        "risk": {"max_daily_loss": Decimal("0.1"), "rules": ("daily-loss",)},
        "session": {"directory": "there"},
        "plugins": {"acme": {"deep": {"a": [1, 2.5, "x"]}}},
    }
    settings = Settings.model_validate(given)
    again = unpinned(json.loads(json.dumps(pinned(settings))))
    assert again.backtest == settings.backtest
    assert again.risk == settings.risk
    assert again.risk.model_fields_set == settings.risk.model_fields_set
    assert again.plugins.section("acme") == {"deep": {"a": [1, 2.5, "x"]}}
    assert again.session.directory == Path("there").absolute()


def test_settings_of_another_version_are_told_of(tmp_path: Path) -> None:
    folder = session(tmp_path).folder
    write_json(folder.path / "settings.json", {"backtest": {"future": 1}})
    with pytest.raises(DataError, match="another version"):
        open_session(folder)
    assert Sessions(tmp_path).find(folder.id).id == folder.id
