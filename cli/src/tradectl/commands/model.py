"""``tradectl model``: the models there are, what they take, and what they would have forecast."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.commands import noun
from tradectl.figures import UNDEFINED, iso, moment, plural
from tradectl.interrupts import end_at_second_interrupt
from tradectl.layout import Column
from tradectl.offers import show_offers
from tradectl.run_inputs import End, Start, Timeframe, past_bars
from tradectl.session import session_of
from tradectl.stored import instruments
from tradectl.strategies import models

if TYPE_CHECKING:
    from tradectl_sdk.config import SettingRow
    from tradectl_sdk.hooks import ModelSpec
    from tradectl_sdk.models import Quality
    from tradectl_sdk.pipelines.model_trial import ModelTrial, TriedFit
    from tradectl_sdk.plugins import Plugins, Provided

    from tradectl.console import Output

app = noun("List, show and try models that forecast.")


@app.command("list")
def list_(context: typer.Context) -> ExitStatus:
    """List the models that installed plugins offer."""
    session = session_of(context)
    plugins = session.plugins(session.settings())
    found = plugins.models()
    out = session.out
    show_offers(
        out, plugins, found, kind="model", none="no plugin offers a model; tradectl-ml does"
    )
    first = next(iter(found), "")
    out.next(f"tradectl model show {first}" if first else "tradectl plugin list")
    return ExitStatus.OK


@app.command()
def show(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Its name.", autocompletion=models)],
) -> ExitStatus:
    """Show a model: what it is, and the settings that may stand behind its name."""
    session = session_of(context)
    provided = _find(session.plugins(session.settings()), model)
    settings = _settings(provided)
    out = session.out
    out.line(provided.name, "bold")
    out.line()
    out.text(provided.spec.summary)
    columns = [
        Column(title="SETTING"),
        Column(title="DEFAULT", wrap=True),
        Column(title="ABOUT", wrap=True),
    ]
    out.table(columns, [(row.key, _default(row), row.description) for row in settings])
    out.line()
    out.fields([("from", provided.source)])
    out.result(
        "model/1",
        {
            "name": provided.name,
            "summary": provided.spec.summary,
            "source": provided.source,
            "capabilities": provided.spec.capabilities,
            "settings": [asdict(row) for row in settings],
        },
    )
    out.next(f"tradectl model fit {provided.name}")
    return ExitStatus.OK


@app.command()
def fit(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL[:KEY=VALUE,...]", help="Its name and settings.", autocompletion=models
        ),
    ],
    series: Annotated[
        str,
        typer.Argument(
            help="SYMBOL.VENUE; the sample or the only one when left out.",
            autocompletion=instruments,
        ),
    ] = "",
    *,
    timeframe: Timeframe = "",
    start: Start = "",
    end: End = "",
) -> ExitStatus:
    """Walk a model through a series, and compare what it forecast with what came.

    Nothing is traded. Each line is one fit: how well it forecasts the bars it learned from, and
    how well those that came after. The first says little; the difference says how much was noise.
    """
    from tradectl_sdk.pipelines.model_trial import try_model

    session = session_of(context)
    bars = past_bars(session, [series] if series else [], timeframe, start, end)
    end_at_second_interrupt()
    trial = try_model(
        model,
        bars.series[0],
        timeframe=bars.timeframe,
        start=start or None,
        end=end or None,
        settings=bars.settings,
        plugins=bars.plugins,
    )
    _show_trial(session.out, trial)
    session.out.result("model-fit/1", _document(trial))
    session.out.next(f"tradectl backtest forecast-threshold {bars.series[0]} --model {model}")
    return ExitStatus.OK


def _find(plugins: Plugins, name: str) -> Provided[ModelSpec]:
    from tradectl_sdk.errors import NotFoundError, did_you_mean

    found = plugins.models()
    if name not in found:
        known = ", ".join(found) or "none; tradectl-ml offers some"
        raise NotFoundError(
            f"there is no model {name!r}", hint=did_you_mean(name, found) or f"there is {known}"
        )
    return found[name]


def _settings(provided: Provided[ModelSpec]) -> list[SettingRow]:
    from tradectl_sdk.config import describe_settings

    model = provided.load_settings()
    return [] if model is None else describe_settings(model)


def _default(row: SettingRow) -> str:
    if isinstance(row.default, list | tuple):
        return " + ".join(map(str, row.default))
    return "" if row.default is None else str(row.default)


def _show_trial(out: Output, trial: ModelTrial) -> None:
    from tradectl_sdk.pipelines.words import model_in_words

    out.line(f"{trial.about['model']} on {trial.instrument}", "bold")
    out.line()
    out.text(model_in_words(trial.about))
    numbers = ("ROWS", "RANK CORR. THERE", "BARS AHEAD", "RANK CORR.", "SIGNS RIGHT")
    columns = [Column(title="FIT AT"), *(Column(title=each, right=True) for each in numbers)]
    out.table(columns, [_row(each) for each in trial.fits])
    out.line()
    chance = "" if trial.chance is None else f", by chance within ±{trial.chance:.3f}"
    out.fields(
        [
            ("rank correlation", f"{_number(trial.ahead.rank_correlation)}{chance}"),
            ("signs right", _share(trial.ahead.hits)),
            ("R² over nothing", _number(trial.ahead.r_squared)),
            ("forecasts", plural(trial.ahead.count, "bar")),
            ("verdict", trial.verdict),
        ]
    )


def _row(tried: TriedFit) -> tuple[str, ...]:
    learned = tried.fit.learned
    return (
        moment(tried.time),
        f"{tried.fit.rows:,}",
        _number(None if learned is None else learned.rank_correlation),
        f"{tried.ahead.count:,}",
        _number(tried.ahead.rank_correlation),
        _share(tried.ahead.hits),
    )


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value * 100:.1f} %"


def _document(trial: ModelTrial) -> dict[str, Any]:
    def written(quality: Quality | None) -> dict[str, Any] | None:
        return None if quality is None else asdict(quality)

    return {
        "about": trial.about,
        "instrument": trial.instrument,
        "bars": trial.bars,
        "features": trial.features,
        "fits": [
            {
                "time": iso(each.time),
                "rows": each.fit.rows,
                **asdict(each.fit.fold),
                "learned": written(each.fit.learned),
                "ahead": written(each.ahead),
            }
            for each in trial.fits
        ],
        "ahead": written(trial.ahead),
        "chance": trial.chance,
        "verdict": trial.verdict,
    }
