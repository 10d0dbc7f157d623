"""Settings: where they come from, what they mean, and what is wrong with them.

A setting comes from the highest of five layers that names it: an override (``--set KEY=VALUE``),
the environment (``TRADECTL__SECTION__KEY``), the project's ``tradectl.toml``, the user's
``config.toml``, or the default. Tables merge key by key; any other value replaces the one below.
Unknown keys are errors in every layer, and every problem of every layer is reported at once.

>>> from tradectl_sdk.config import discover_settings
>>> loaded = discover_settings()
>>> loaded.settings.backtest.cash
Decimal('100000')
"""

from __future__ import annotations

from tradectl_sdk.config.describe import SettingRow, describe_settings, json_schema
from tradectl_sdk.config.files import SettingsFiles, find_files, user_folder
from tradectl_sdk.config.layers import Origin, OriginKind
from tradectl_sdk.config.load import (
    LoadedSettings,
    SettingValue,
    discover_settings,
    load_settings,
    validate_plugin_section,
)
from tradectl_sdk.config.section import Folder, Section
from tradectl_sdk.config.settings import (
    BacktestSection,
    CostModelSection,
    DataSection,
    InstrumentLimits,
    PluginsSection,
    RiskSection,
    RunsSection,
    SenderSection,
    Settings,
)
from tradectl_sdk.config.trading import (
    ExchangeSection,
    LiveSection,
    PaperSection,
    SessionSection,
)

__all__ = [
    "BacktestSection",
    "CostModelSection",
    "DataSection",
    "ExchangeSection",
    "Folder",
    "InstrumentLimits",
    "LiveSection",
    "LoadedSettings",
    "Origin",
    "OriginKind",
    "PaperSection",
    "PluginsSection",
    "RiskSection",
    "RunsSection",
    "Section",
    "SenderSection",
    "SessionSection",
    "SettingRow",
    "SettingValue",
    "Settings",
    "SettingsFiles",
    "describe_settings",
    "discover_settings",
    "find_files",
    "json_schema",
    "load_settings",
    "user_folder",
    "validate_plugin_section",
]
