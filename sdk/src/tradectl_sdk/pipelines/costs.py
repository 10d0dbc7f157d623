"""From ``backtest.fees`` and ``backtest.slippage`` to cost models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import UsageError
from tradectl_sdk.pipelines.components import NoSettings, loaded, named, own_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradectl_sdk.config.settings import BacktestSection, CostModelSection
    from tradectl_sdk.domain.instrument import Instrument
    from tradectl_sdk.engine import FeeModel, SlippageModel
    from tradectl_sdk.hooks import CostModelSpec
    from tradectl_sdk.plugins import Plugins, Provided


def make_costs(
    backtest: BacktestSection, plugins: Plugins | None, instruments: Sequence[Instrument]
) -> tuple[
    Callable[[], FeeModel] | None, Callable[[], SlippageModel] | None, list[tuple[str, str]]
]:
    """Return what makes the cost models of a run, as :class:`~tradectl_sdk.engine.Plan` wants it.

    Args:
        backtest: Names the models and holds their settings.
        plugins: Where models are looked up; the installed plugins unless given.
        instruments: What is traded, in order.

    Returns:
        What makes a fresh fee model and a fresh slippage model, None for one that is not named;
        and for each that is, what it is and ``name: summary``.

    Raises:
        NotFoundError: When no plugin offers a model that is named.
        ConfigError: When a model's own settings are wrong.
        UsageError: When a model is named for what it is not.
    """
    words: list[tuple[str, str]] = []
    fees = _maker("fees", backtest.fees, plugins, instruments, words)
    slippage = _maker("slippage", backtest.slippage, plugins, instruments, words)
    return fees, slippage, words


def unfit(offered: Mapping[str, Provided[CostModelSpec]], name: str, role: str) -> tuple[str, str]:
    """Say of a model that it does not do what it is named for, and which models do."""
    fitting = ", ".join(n for n, one in offered.items() if role in one.spec.capabilities)
    return f"was {name!r}, which is no model of {role}", f"models of {role} are {fitting}"


def _maker(
    role: str,
    section: CostModelSection | None,
    plugins: Plugins | None,
    instruments: Sequence[Instrument],
    words: list[tuple[str, str]],
) -> Callable[[], Any] | None:
    if section is None:
        return None
    offered = loaded(plugins).cost_models()
    key = f"backtest.{role}.model"
    found = named(offered, section.model, key)
    if role not in found.spec.capabilities:
        message, hint = unfit(offered, section.model, role)
        raise UsageError(f"{key} {message}", hint=hint)
    model, factory = found.load_settings(), found.load()
    path = ("backtest", role)
    read = own_settings(model or NoSettings, section.own, path)
    settings = read if model is not None else None
    words.append((role, f"{found.name}: {found.spec.summary}"))
    return lambda: factory(settings, instruments)
