"""The command that starts what a preflight was of, models included."""

from __future__ import annotations

import shlex

from tradectl.commands.live import _start_of
from tradectl_sdk.pipelines.modelling import find_models, read_models
from tradectl_sdk.pipelines.sessions.forecasting import pin_models, tables_of

GIVEN = {
    "strategy": "forecast-threshold", "instruments": ["BTC/USDT"], "exchange": "binance",
    "timeframe": "1h", "parameters": {"enter": 0.1}, "warmup": 0, "history": 500,
}  # fmt: skip


def test_a_rehearsed_model_is_named_by_words_that_make_the_very_same() -> None:
    """Else the preflight of a paper session's model would not be that of the start it proposes."""
    word = "slow=ridge:horizon=3,alpha=0.5,features=return_1+rsi_14"
    pinned = pin_models(find_models(read_models([word])))
    words = shlex.split(_start_of({**GIVEN, "models": tables_of(pinned)}))
    again = words[words.index("--model") + 1]
    assert again.startswith("slow=ridge:")
    assert pin_models(find_models(read_models([again]))) == pinned


def test_a_model_is_repeated_as_it_was_written() -> None:
    models = read_models(["ridge:horizon=5"])
    assert "--model forecast=ridge:horizon=5" in _start_of({**GIVEN, "models": models})
    assert "--model" not in _start_of({**GIVEN, "models": {}})
