"""What commands that run over past bars are told: which strategy, which bars, assuming what."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from tradectl_sdk.errors import ConfigError, DataMissingError, UsageError

from tradectl.assignments import assignments
from tradectl.executors import executors
from tradectl.figures import plural
from tradectl.stored import instruments, timeframes
from tradectl.strategies import assumptions, installed, models, parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tradectl_sdk.config import LoadedSettings, Settings
    from tradectl_sdk.plugins import Plugins

    from tradectl.session import Session

SAMPLE = "SPX.SAMPLE"  # what a newcomer without data of their own starts with
_TIMEFRAME = "1d"

Strategy = Annotated[
    str, typer.Argument(help="Its name, or path.py:Class.", autocompletion=installed)
]
Series = Annotated[
    list[str] | None,
    typer.Argument(
        help="SYMBOL.VENUE, one or several; the sample or the only one when left out.",
        autocompletion=instruments,
    ),
]
Timeframe = Annotated[
    str,
    typer.Option(
        help="Length of a bar; the one the catalog has, or 1d, when left out.",
        autocompletion=timeframes,
    ),
]
Start = Annotated[str, typer.Option(help="Earliest open time, such as 2015-01-01.")]
End = Annotated[str, typer.Option(help="Open times stay before this.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A parameter of the strategy.",
        autocompletion=parameters,
    ),
]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="A setting of [backtest], such as slippage_bps=5.",
        autocompletion=assumptions,
    ),
]
Cash = Annotated[str, typer.Option(help="Cash to start with.")]
Engine = Annotated[
    Literal["auto", "compiled", "interpreted"],
    typer.Option(help="How the strategy runs; both ways give the same result."),
]
Model = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="[SIGNAL=]MODEL[:KEY=VALUE,...]",
        help="A model that makes a signal, 'forecast' unless named.",
        autocompletion=models,
    ),
]
Grid = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUES",
        help="Values to try: fast=5:50:5 or slow=20,50,100; a single one is the same for all.",
        autocompletion=parameters,
    ),
]
Where = Annotated[
    list[str] | None, typer.Option(metavar="A<B", help="Try only points where this holds.")
]
Sample = Annotated[
    int | None, typer.Option(min=1, help="Draw so many points of the grid at random.")
]
Each = Annotated[
    bool, typer.Option("--each", help="Try every series by itself, not all in one account.")
]
ChanceSeed = Annotated[
    int, typer.Option(min=0, help="Of the chance; the same gives the same again.")
]
DrawSeed = Annotated[int, typer.Option(min=0, help="Of that draw.")]
Yes = Annotated[bool, typer.Option("--yes", help="Run a grid however large it is.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Run it even if the store has the answer.")]
RunOn = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Where trials run: local, or what a plugin offers, such as dask.",
        autocompletion=executors,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes at most; as many as there are when left out."),
]
Warmup = Annotated[int, typer.Option(min=0, help="Bars before orders are accepted, at least.")]


def overrides(assume: Sequence[str], cash: str) -> dict[str, str]:
    """Return settings of ``[backtest]`` and their text."""
    given = assignments(assume, "--assume")
    if cash and "cash" in given:
        raise UsageError("the cash was given twice, with --cash and with --assume")
    return given | ({"cash": cash} if cash else {})


def ranges(
    strategy: str,
    set_: Sequence[str] | None,
    plugins: Plugins,
    *,
    hint: str,
    needed: bool = True,
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the parameters that are given several values, and those that are given one.

    Raises:
        UsageError: If none has several, and one is needed; a parameter that the strategy does not
            have is named first.
    """
    given = assignments(set_ or (), "--set")
    found = {name: text for name, text in given.items() if ":" in text or "," in text}
    if found:
        return found, {name: text for name, text in given.items() if name not in found}
    from tradectl_sdk.pipelines.finding import find_strategy
    from tradectl_sdk.pipelines.planning import parameter_values

    parameter_values(find_strategy(strategy, plugins), given)
    if not needed:
        return {}, given
    raise UsageError("no parameter has several values, expected at least one that has", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBars:
    """What a command runs over.

    Attributes:
        settings: With what the options assume.
        plugins: The installed ones.
        series: Names of the series.
        timeframe: Length of their bars.
        options: Those that give another command the same bars, signals and assumptions.
    """

    settings: Settings
    plugins: Plugins
    series: list[str]
    timeframe: str
    options: Sequence[str]

    def again(self, strategy: str, sets: Iterable[str], *more: str) -> str:
        """Return the words that ask another command for the same with these parameters."""
        chosen = [word for each in sets for word in ("--set", each)]
        return shlex.join([strategy, *self.series, *self.options, *chosen, *more])

    def at(self, instrument: str, window: str) -> PastBars:
        """Return the same in one place of a sweep: on one instrument, in one window, or both."""
        options = list(self.options)
        if window:
            from tradectl_sdk.pipelines.sweeps.windows import read_windows

            (span,) = read_windows([window])
            pairs = [*zip(options[::2], options[1::2], strict=True)]
            pairs = [pair for pair in pairs if pair[0] not in {"--start", "--end"}]
            pairs += [("--start", span.start or ""), ("--end", span.end or "")]
            options = [word for option, value in pairs if value for word in (option, value)]
        series = [instrument] if instrument else self.series
        return replace(self, series=series, options=options)


def past_bars(
    session: Session,
    series: Sequence[str] | None,
    timeframe: str,
    start: str,
    end: str,
    *,
    assume: Sequence[str] | None = None,
    cash: str = "",
    model: Sequence[str] | None = None,
    warmup: int = 0,
) -> PastBars:
    """Read what is assumed and which bars are meant, and say what the options do not.

    Raises:
        ConfigError: If a setting is wrong.
        DataMissingError: If no series was named and it is not plain which one is meant.
    """
    loaded, plugins = load_settings(session, overrides(assume or (), cash))
    for failure in plugins.failures:
        session.out.warn(str(failure), hint=failure.hint)
    wanted, length = chosen_series(series or (), timeframe, loaded.settings, plugins)
    if not series:
        session.out.note(f"no series was named, so this is {wanted[0]}")
    pairs = [("--timeframe", timeframe), ("--start", start), ("--end", end), ("--cash", cash)]
    pairs += [("--assume", each) for each in assume or ()]
    pairs += [("--model", each) for each in model or ()]
    pairs += [("--warmup", str(warmup))] if warmup else []
    return PastBars(
        settings=loaded.settings,
        plugins=plugins,
        series=wanted,
        timeframe=length,
        options=[word for option, value in pairs if value for word in (option, value)],
    )


def load_settings(session: Session, assumed: Mapping[str, str]) -> tuple[LoadedSettings, Plugins]:
    """Load the settings with what the options assume, and the plugins.

    Raises:
        ConfigError: With every problem; one of an option names the option.
    """
    try:
        return session.checked({f"backtest.{key}": value for key, value in assumed.items()})
    except ConfigError as error:
        problems = [
            replace(problem, origin=problem.origin.replace("--set backtest.", "--assume "))
            for problem in error.problems
        ]
        raise ConfigError(error.message, problems=problems, hint=error.hint) from error


def chosen_series(
    named: Sequence[str], timeframe: str, settings: Settings, plugins: Plugins
) -> tuple[list[str], str]:
    """Return the series to use and the length of their bars.

    Raises:
        DataMissingError: If none was named and it is not plain which one is meant.
    """
    from tradectl_sdk.data import Catalog

    stored = Catalog(settings.data.catalog).names()
    wanted = list(named) or [_default_series({name for name, _ in stored}, plugins)]
    frames = {str(frame) for name, frame in stored if name in wanted}
    return wanted, timeframe or (frames.pop() if len(frames) == 1 else _TIMEFRAME)


def _default_series(stored: set[str], plugins: Plugins) -> str:
    from tradectl_sdk.pipelines.offering import offered_series

    if SAMPLE in stored or SAMPLE in {o.instrument for o in offered_series(plugins).series}:
        return SAMPLE
    if len(stored) == 1:
        return stored.pop()
    if stored:
        raise DataMissingError(
            f"no series was named, and the catalog has {plural(len(stored), 'instrument')}",
            hint=f"name one, such as {shlex.quote(min(stored))}",
        )
    raise DataMissingError(
        "there is no data to run on",
        hint="tradectl data import FILE --instrument SYMBOL.VENUE",
    )
