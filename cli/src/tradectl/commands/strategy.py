"""``tradectl strategy``: the strategies there are, what they take, how to write and try one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tradectl_sdk.errors import ExitStatus

from tradectl.commands import noun
from tradectl.commands.strategy_check import check
from tradectl.figures import UNDEFINED, plural
from tradectl.layout import Column
from tradectl.offers import show_offers
from tradectl.session import session_of
from tradectl.strategies import installed, may_need_plugins
from tradectl.strategy_file import TEMPLATES, write_strategy

if TYPE_CHECKING:
    from tradectl_sdk.pipelines.describing import StrategyDescription
    from tradectl_sdk.strategy import Parameter

    from tradectl.console import Output

app = noun("List, show, write and check strategies.")
app.command("check")(check)


@app.command("list")
def list_(context: typer.Context) -> ExitStatus:
    """List the strategies that installed plugins offer."""
    session = session_of(context)
    plugins = session.plugins(session.settings())
    found = plugins.strategies()
    out = session.out
    show_offers(out, plugins, found, kind="strategy", none="no plugin offers a strategy")
    first = next(iter(found), "")
    out.next(
        *([f"tradectl strategy show {first}"] if first else []),
        "tradectl strategy new my_strategy.py",
    )
    return ExitStatus.OK


@app.command()
def show(
    context: typer.Context,
    strategy: Annotated[
        str, typer.Argument(help="Its name, or path.py:Class.", autocompletion=installed)
    ],
    *,
    timeframe: Annotated[
        str, typer.Option(help="Bars it would run on; some want more of shorter ones.")
    ] = "1d",
) -> ExitStatus:
    """Show a strategy: what it does, what it takes, how many bars it wants first."""
    from tradectl_sdk.pipelines.describing import describe_strategy
    from tradectl_sdk.pipelines.finding import find_strategy

    session = session_of(context)
    plugins = session.plugins(session.settings()) if may_need_plugins(strategy) else None
    description = describe_strategy(find_strategy(strategy, plugins), timeframe)
    _show(session.out, description, timeframe)
    session.out.result("strategy/1", _document(description, timeframe))
    session.out.next(f"tradectl backtest {strategy}{_example(description)}")
    return ExitStatus.OK


@app.command()
def new(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write, such as my_strategy.py.")],
    *,
    template: Annotated[
        str,
        typer.Option(
            help=f"What to start from: {', '.join(TEMPLATES)}.", autocompletion=lambda: [*TEMPLATES]
        ),
    ] = "trend",
) -> ExitStatus:
    """Write a strategy in one file that runs at once."""
    out = session_of(context).out
    class_name = write_strategy(file, template)
    out.fields([("created", str(file)), ("class", class_name), ("from", TEMPLATES[template])])
    out.result("strategy-new/1", {"file": file, "class": class_name, "template": template})
    out.next(f"tradectl backtest {file}", f"tradectl strategy check {file}")
    return ExitStatus.OK


def _show(out: Output, description: StrategyDescription, timeframe: str) -> None:
    out.line(description.name, "bold")
    out.line()
    out.text(description.doc.replace("``", "") or "It has no description.")
    columns = [
        Column(title="PARAMETER"),
        Column(title="TYPE"),
        Column(title="DEFAULT", right=True),
        Column(title="FROM", right=True),
        Column(title="TO", right=True),
        Column(title="ABOUT", wrap=True),
    ]
    if description.parameters:
        out.table(columns, [_row(each) for each in description.parameters.values()])
    else:
        out.line("It has no parameters.")
    out.line()
    if description.warmup is None:
        warmup = f"{UNDEFINED}: {description.reason}"
    elif description.warmup:
        warmup = f"{plural(description.warmup, 'bar')} of {timeframe} before orders are accepted"
    else:
        warmup = "none"
    instruments = "one object for all" if description.portfolio else "one object for each"
    out.fields([("warm-up", warmup), ("instruments", instruments), ("from", description.source)])


def _row(parameter: Parameter) -> tuple[str, ...]:
    if parameter.choices:
        low, high = ", ".join(map(str, parameter.choices)), ""
    else:
        low, high = (
            "" if bound is None else f"{bound:g}" for bound in (parameter.ge, parameter.le)
        )
    default = str(parameter.default)
    if parameter.type is bool:
        default = default.lower()
    return (parameter.name, parameter.type.__name__, default, low, high, parameter.doc)


def _document(description: StrategyDescription, timeframe: str) -> dict[str, object]:
    return {
        "name": description.name,
        "source": description.source,
        "doc": description.doc,
        "portfolio": description.portfolio,
        "timeframe": timeframe,
        "warmup": description.warmup,
        "warmup_unknown": description.reason or None,
        "parameters": [
            {
                "name": each.name,
                "type": each.type.__name__,
                "default": each.default,
                "ge": each.ge,
                "le": each.le,
                "choices": each.choices,
                "doc": each.doc,
            }
            for each in description.parameters.values()
        ],
    }


def _example(description: StrategyDescription) -> str:
    """Return how to set the first parameter, as an example of how it is done."""
    for each in description.parameters.values():
        return f" --set {each.name}={str(each.default).lower()}"
    return ""
