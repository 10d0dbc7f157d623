"""A finished run in plain words: what it assumed, and what its numbers do and do not say.

Everything is read from the record, so that a run answered from the store says the same.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tradectl_sdk.domain.money import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tradectl_sdk.runs import RunRecord

FEW_TRADES = 30  # below this a mean says little, whatever its distribution (rule of thumb)
DEAR = 0.5  # share of the profit before costs from which on the costs are worth a remark

_MARKET_FILL = {
    "next_open": "market orders at the next open",
    "this_close": "market orders at the close they were decided on",
    "next_close": "market orders at the next close",
}
_LIMIT_FILL = {"cross": "limits only when traded through", "touch": "limits when touched"}
_BAR_PATH = {
    "worst_case": "stop before target",
    "adaptive": "nearer extreme first",
    "ohlc": "open, high, low, close",
}
# Limit of [risk] -> what it means; None and false mean that it is not set
_LIMITS = {
    "max_order_quantity": "orders up to {} units",
    "max_order_notional": "orders up to {} in value",
    "max_position_quantity": "positions up to {} units",
    "max_position_notional": "positions up to {} in value",
    "max_gross_exposure": "all positions up to {} in value",
    "max_daily_loss": "no new risk after a daily loss of {}",
}


def assumptions_in_words(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Say what a run assumed, as (what, how) pairs in the order of a report."""
    settings: Mapping[str, Any] = record.identity["settings"]
    assumed, costs = settings["assumptions"], settings["backtest"]
    kind = "margin account" if assumed["margin"] else "cash account"
    share = Decimal(assumed["volume_share"])
    pairs = [
        ("account", f"{_grouped(assumed['cash'])} {record.currency}, {kind}"),
        ("fills", f"{_MARKET_FILL[assumed['market_fill']]}, {_LIMIT_FILL[assumed['limit_fill']]}"),
        ("inside a bar", _inside(assumed)),
        (
            "liquidity",
            f"at most {plain(share * 100)} % of a bar's volume" if share else "no volume limit",
        ),
        ("fees", _fees(costs["fees"], settings["fees"])),
        ("slippage", _slippage(costs["slippage"], assumed["slippage_bps"])),
        ("risk", "; ".join(_risk(settings["risk"], margin=assumed["margin"]))),
    ]
    pairs += [
        (f"signal {name}", model_in_words(model))
        for name, model in settings.get("models", {}).items()
    ]
    if settings["warmup"]:
        pairs.append(("warm-up", f"at least {settings['warmup']:,} bars"))
    pairs.append(("statistics", _statistics(record.metrics.conventions)))
    if settings["trials"] > 1:
        pairs.append(("trials", f"{settings['trials']:,} parameter sets tried"))
    return tuple(pairs)


def _statistics(conventions: Mapping[str, Any]) -> str:
    """Say what ratios are made of, and by whose formulas it is said how far to believe them."""
    periods = conventions["periods_per_year"]
    yearly = "" if periods is None else f", {periods:.5g} a year"
    return f"daily returns{yearly}; errors of Sharpe: {conventions['sharpe_error']}"


def model_in_words(model: Mapping[str, Any]) -> str:
    """Say of a model how it was fitted, on what, and with what."""
    plan = model["schedule"]
    horizon, window = plan["horizon"], plan["window"]
    learned = f"the {_bars(window)} before" if window else "all bars before"
    own = [f"{key} {_listed(value)}" for key, value in model["settings"].items() if key not in plan]
    fits = sum(model["fits"])
    parts = [
        f"{model['model']}, return over {_bars(horizon)}",
        f"{fits:,} {'fit' if fits == 1 else 'fits'} walk-forward",
        f"from bar {plan['first']:,} every {_bars(plan['every'])}, on {learned}",
        f"purged of labels that end later than the fit, embargo {_bars(plan['embargo'])}",
        *([", ".join(own)] if own else []),
        *(f"{name} {version}" for name, version in model["libraries"].items()),
    ]
    return "; ".join(parts)


def _bars(count: int) -> str:
    return f"{count:,} {'bar' if count == 1 else 'bars'}"


def _listed(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def summary(record: RunRecord) -> str:
    """Write a run on a few lines: what ran, what came out, what to mind."""
    value = record.metrics.text
    data = ", ".join(
        f"{each['instrument']} {each['timeframe']}" for each in record.identity["data"]
    )
    gained, held = value("total_return"), value("benchmark_return")
    sharpe, low, high = map(value, ("sharpe_ratio", "sharpe_low", "sharpe_high"))
    drawdown, trades, fees = map(value, ("max_drawdown", "trades", "fees"))
    lines = [
        f"{record.strategy} on {data}: {gained}, buy and hold {held}",
        f"Sharpe {sharpe} ({low} to {high}), max drawdown {drawdown}",
        f"trades {trades}, fees {fees} {record.currency}",
    ]
    lines += [f"warning: {warning}" for warning in record.warnings]
    lines += [f"note: {remark}" for remark in remarks(record)]
    return "\n".join([*lines, f"run {record.run_id}"])


def remarks(record: RunRecord) -> tuple[str, ...]:
    """Say in plain words what a reader of the numbers should not overlook."""
    return tuple(_remarks(record, record.metrics.values))


def _remarks(record: RunRecord, values: Mapping[str, float | None]) -> Iterator[str]:
    text = record.metrics.text
    trades = int(values.get("trades") or 0)
    if not len(record.fills):
        yield "nothing was traded, so the numbers say nothing about the strategy"
        return
    gained, held = values.get("total_return"), values.get("benchmark_return")
    if gained is not None and held is not None and held > gained:
        yield f"it returned less than buying and holding, {text('benchmark_return')}"
    if not trades:
        yield "no trade was closed: the result is what open positions are worth at the end"
    elif trades < FEW_TRADES:
        trade = "trade was" if trades == 1 else "trades were"
        yield f"only {trades} {trade} closed, too few to tell skill from luck"
    low, high = values.get("sharpe_low"), values.get("sharpe_high")
    if low is not None and high is not None and low <= 0 <= high:
        yield (
            "the Sharpe ratio is not significant: its 95 % interval, "
            f"{text('sharpe_low')} to {text('sharpe_high')}, holds zero"
        )
    costs = (values.get("fees") or 0.0) + (values.get("slippage") or 0.0)
    before = (values.get("net_profit") or 0.0) + costs
    if before > 0 and costs > DEAR * before:
        yield f"costs took {costs / before:.0%} of the profit before costs".replace("%", " %")


def _inside(assumed: Mapping[str, Any]) -> str:
    path = _BAR_PATH[assumed["bar_path"]]
    return path if assumed["exits_in_entry_bar"] else f"{path}, no exit in the bar of the entry"


def _fees(model: Mapping[str, Any] | None, shares: Sequence[Sequence[str]]) -> str:
    if model is not None:
        return _model(model)
    names = {_maker_taker(Decimal(maker), Decimal(taker)) for maker, taker in shares}
    return "; ".join(sorted(names)) if len(names) <= 2 else "by instrument"


def _maker_taker(maker: Decimal, taker: Decimal) -> str:
    if maker == taker:
        return f"{plain(taker * 100)} % of the value" if taker else "none"
    return f"maker {plain(maker * 100)} %, taker {plain(taker * 100)} % of the value"


def _slippage(model: Mapping[str, Any] | None, bps: str) -> str:
    if model is not None:
        return _model(model)
    return f"{plain(Decimal(bps))} basis points on taking fills" if Decimal(bps) else "none"


def _model(model: Mapping[str, Any]) -> str:
    own = ", ".join(f"{key} {value}" for key, value in model.items() if key != "model")
    return f"{model['model']} ({own})" if own else str(model["model"])


def _risk(risk: Mapping[str, Any], *, margin: bool) -> Iterator[str]:
    from tradectl_sdk.config.settings import RULE_SETTINGS

    if margin:
        yield f"equity of {plain(Decimal(risk['initial_margin']) * 100)} % of all positions"
    else:
        yield "cash for what is bought, holdings for what is sold"
    if "order-rate" in risk["rules"]:
        yield f"at most {risk['max_orders']:,} orders in {risk['max_orders_seconds']:,} s"
    if "collar" in risk["rules"]:
        percent = plain(Decimal(risk["collar_bps"]) / 100)
        yield f"prices within {percent} % of the last"
    yield from (f"rule {name}" for name in risk["rules"] if name not in RULE_SETTINGS)
    for key, words in _LIMITS.items():
        if risk[key] is not None:
            yield words.format(_grouped(risk[key]))
    if risk["instruments"]:
        yield f"own limits for {', '.join(risk['instruments'])}"
    if risk["resize"]:
        yield "orders are cut down to the limits"


def _grouped(number: str) -> str:
    return f"{Decimal(number):,f}"
