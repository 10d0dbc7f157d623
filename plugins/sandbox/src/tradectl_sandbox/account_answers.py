"""Answers about the account, and keys of its stream in the older form."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from tradectl_sandbox import refusals, reports

if TYPE_CHECKING:
    from tradectl_sandbox.house import House
    from tradectl_sandbox.question import Question

HOUR = 3_600_000  # milliseconds


def account(house: House, question: Question) -> Any:
    """Describe the account."""
    key = question.owner
    fees = house.listings.all[0].instrument
    omits = question.params.get("omitZeroBalances") == "true"
    balances = [
        {"asset": one.currency, "free": reports.money(one.free), "locked": reports.money(one.held)}
        for one in house.core.balances()
        if one.total or not omits
    ]
    return {
        "makerCommission": int(fees.maker_fee * 10_000),
        "takerCommission": int(fees.taker_fee * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": f"{fees.maker_fee:.8f}",
            "taker": f"{fees.taker_fee:.8f}",
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": key.trade,
        "canWithdraw": key.withdraw,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": house.clock.milliseconds,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": 1,
    }


def api_restrictions(house: House, question: Question) -> Any:
    """Say what the key may do."""
    key = question.owner
    return {
        "ipRestrict": key.restricted,
        "createTime": house.clock.milliseconds,
        "enableReading": True,
        "enableWithdrawals": key.withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": key.trade,
        "enablePortfolioMarginTrading": False,
    }


def coins(house: House, _: Question) -> Any:
    """Describe currencies; nothing can be brought here or taken away."""
    names = {one.instrument.base for one in house.listings.all}
    names |= {one.instrument.quote for one in house.listings.all}
    held = {one.currency: one for one in house.core.balances()}
    return [
        {
            "coin": name,
            "name": name,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "trading": True,
            "isLegalMoney": False,
            "free": reports.money(held[name].free if name in held else 0),
            "locked": reports.money(held[name].held if name in held else 0),
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "networkList": [],
        }
        for name in sorted(names)
    ]


def trade_fee(house: House, question: Question) -> Any:
    """Tell fees by symbol."""
    symbols = house.listings.all
    if question.symbol:
        symbols = [house.listings.named(question.symbol)]
    return [
        {
            "symbol": one.name,
            "makerCommission": str(one.instrument.maker_fee),
            "takerCommission": str(one.instrument.taker_fee),
        }
        for one in symbols
    ]


def start_stream(house: House, _: Question) -> Any:
    """Give out a key of the account's stream, in the older form."""
    key = secrets.token_hex(30)
    house.listen_keys[key] = house.clock.milliseconds + HOUR
    return {"listenKey": key}


def keep_stream(house: House, question: Question) -> Any:
    """Keep such a key for another hour."""
    key = question.params.get("listenKey", "")
    if key not in house.listen_keys:
        raise refusals.BAD_LISTEN_KEY
    house.listen_keys[key] = house.clock.milliseconds + HOUR
    return {}


def end_stream(house: House, question: Question) -> Any:
    """Let such a key end."""
    if house.listen_keys.pop(question.params.get("listenKey", ""), None) is None:
        raise refusals.BAD_LISTEN_KEY
    return {}
