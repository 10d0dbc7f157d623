from __future__ import annotations

import subprocess
import sys

import ccxt
import pytest
from tradectl_ccxt import factories, plugin
from tradectl_ccxt.names import NAMES
from tradectl_ccxt.settings import CcxtSettings
from tradectl_sdk.testing import exchange_checks, parametrize, plugin_checks


def test_every_exchange_of_ccxt_is_offered_and_no_other() -> None:
    assert list(NAMES) == ccxt.exchanges
    assert [spec.name for spec in plugin.tradectl_exchanges()] == list(NAMES)


def test_listing_them_does_not_import_ccxt() -> None:
    code = (
        "import sys, tradectl_ccxt; list(tradectl_ccxt.plugin.tradectl_exchanges());"
        "sys.exit('ccxt' in sys.modules or 'aiohttp' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_name_that_is_none_has_no_factory() -> None:
    with pytest.raises(AttributeError, match="no exchange 'binanse'"):
        _ = factories.binanse


def test_settings_name_exchanges_that_there_are() -> None:
    settings = CcxtSettings.model_validate({"exchanges": {"kraken": {"timeout_seconds": 3}}})

    assert settings.of("kraken").timeout_seconds == 3
    assert settings.of("okx").timeout_seconds == 10
    with pytest.raises(ValueError, match="'kracken' is no exchange"):
        CcxtSettings.model_validate({"exchanges": {"kracken": {}}})
    with pytest.raises(ValueError, match="Extra inputs"):
        CcxtSettings.model_validate({"exchanges": {"kraken": {"timeout": 3}}})


@parametrize([check for check in plugin_checks("ccxt") if ":" not in check.name])
def test_conforms(check):
    check()


@pytest.mark.parametrize("name", ["binance", "kraken", "coinbase", "hyperliquid", "zebpay"])
def test_adapters_conform_without_a_venue(name: str) -> None:
    for check in exchange_checks(getattr(factories, name), settings=CcxtSettings):
        check()
