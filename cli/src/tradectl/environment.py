"""The environment variables tradectl reads, for ``tradectl help environment`` and the docs."""

from __future__ import annotations

ENVIRONMENT = (
    (
        "TRADECTL__SECTION__KEY",
        "A setting, such as TRADECTL__BACKTEST__CASH=5000; it beats the files, an option beats it",
    ),
    (
        "TRADECTL_PLUGINS",
        "The only plugins that may be loaded, as names with commas between; empty allows none",
    ),
    ("TRADECTL_CONFIG_HOME", "The folder of the user's config.toml and keys"),
    (
        "TRADECTL_KEY_NAME_PART",
        "A part of a key, such as TRADECTL_KEY_BINANCE_API_KEY; a file or the keyring is safer",
    ),
    ("CREDENTIALS_DIRECTORY", "Where the service manager puts keys, as tradectl-NAME (systemd)"),
    ("TRADECTL_CACHE_DIR", "The folder of what was compiled, instead of the user's cache folder"),
    (
        "TRADECTL_FAILPOINT",
        "Where a node is to die or fail, NAME:kill or NAME:raise; for tests only",
    ),
    ("NO_COLOR", "No colours, when set to anything"),
    ("TERM", "No colours, when it is dumb"),
    ("COLUMNS", "How wide tables may be, also where the output is no terminal"),
)
