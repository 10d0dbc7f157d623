"""A strategy is a class, a plugin's name or a file; what is none of them is explained."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import NotFoundError, StrategyError, UsageError
from tradectl_sdk.pipelines.finding import find_strategy
from tradectl_sdk.strategy import Strategy

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "from tradectl_sdk import Strategy\n"


@pytest.fixture
def write(tmp_path: Path):
    def write(code: str, name: str = "mine.py") -> str:
        (tmp_path / name).write_text(textwrap.dedent(code))
        return str(tmp_path / name)

    return write


class Mine(Strategy):
    """A strategy."""


def test_a_class_is_taken_as_it_is():
    found = find_strategy(Mine)
    assert (found.name, found.cls, found.source) == ("Mine", Mine, __name__)
    with pytest.raises(UsageError, match="int was no strategy, expected a subclass of Strategy"):
        find_strategy(int)


@pytest.mark.parametrize("wrong", [None, 7, dict, object()])
def test_what_is_no_strategy_is_refused(wrong):
    with pytest.raises(UsageError, match="was no strategy, expected a subclass of Strategy"):
        find_strategy(wrong)


@pytest.mark.parametrize(
    ("handler", "taken", "expected"),
    [
        ("on_bar", "self, ctx", "self, ctx, bar"),
        ("on_bar", "self, ctx, bar, *, volume", "self, ctx, bar"),
        ("on_start", "self", "self, ctx"),
        ("on_fill", "self, ctx, fill, price", "self, ctx, fill"),
    ],
)
def test_a_handler_that_takes_something_else_is_refused(write, handler, taken, expected):
    path = write(HEAD + f"class One(Strategy):\n    def {handler}({taken}): pass\n")
    with pytest.raises(UsageError) as caught:
        find_strategy(path)
    assert caught.value.message == f"One.{handler} takes ({taken}), expected ({expected})"
    assert caught.value.hint == f"write it as def {handler}({expected}):"


def test_a_handler_may_name_what_it_takes_as_it_likes(write):
    code = """
        class One(Strategy):
            def on_bar(self, *args): pass
            def on_fill(self, context, what, why=None): pass
            @staticmethod
            def on_stop(only): pass
    """
    path = write(HEAD + textwrap.dedent(code))
    assert find_strategy(path).name == "One"


def test_the_only_strategy_of_a_file_need_not_be_named(write):
    path = write(HEAD + "class One(Strategy): pass\nclass Other: pass\n")
    assert find_strategy(path).name == "One"
    assert find_strategy(f"{path}:One").source == path


def test_a_file_reaches_its_neighbours_and_may_offer_what_it_imports(write):
    write(HEAD + "class Base(Strategy): pass\n", "neighbour_of_mine.py")
    path = write("from neighbour_of_mine import Base\nclass Own(Base): pass\n")
    assert find_strategy(path).name == "Own"
    assert find_strategy(f"{path}:Base").name == "Base"


@pytest.mark.parametrize(
    ("code", "name", "message", "hint"),
    [
        ("x = 1", "", "has no strategy", "give it as path.py:Class"),
        ("x = 1", ":Own", "has no strategy", "give it as path.py:Class"),
        ("class A(Strategy): pass\nclass B(Strategy): pass", "", "it has A, B", "path.py:Class"),
        ("class Trend(Strategy): pass", ":Tred", "no strategy 'Tred'; it has Trend", "mean Trend?"),
    ],
)
def test_a_class_that_is_not_there_is_explained(write, code, name, message, hint):
    with pytest.raises(NotFoundError) as caught:
        find_strategy(write(HEAD + code) + name)
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = (", r"mine.py:1 could not be imported: SyntaxError"),
        ("\n\n1 / 0", r"mine.py:3 could not be imported: ZeroDivisionError"),
        ("import nowhere_at_all", r"mine.py:1 could not be imported: ModuleNotFoundError"),
        ("import sys\nsys.exit(3)", r"mine.py:2 could not be imported: SystemExit: 3"),
    ],
)
def test_a_file_that_raises_is_named_with_its_line(write, code, message):
    with pytest.raises(StrategyError, match=message):
        find_strategy(write(code))


def test_a_file_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="there is no file"):
        find_strategy(str(tmp_path / "none.py"))


def test_a_name_is_looked_up_among_the_plugins(site):
    assert find_strategy("sma-cross").source.startswith("tradectl-strategies ")
    with pytest.raises(NotFoundError, match="no strategy 'one'; there is none"):
        find_strategy("one", site.plugins())
    body = """
    @hookimpl
    def tradectl_strategies(self):
        yield StrategySpec(name="wrong", summary="One", factory="decimal:Decimal")
    """
    site.plugin("acme", body)
    with pytest.raises(Exception, match="does not derive from Strategy"):
        find_strategy("wrong", site.plugins())


@pytest.mark.parametrize(
    "code",
    [
        "async def on_bar(self, ctx, bar): ctx.buy(1)",
        "def on_bar(self, ctx, bar): yield ctx.buy(1)",
    ],
)
def test_a_handler_whose_body_would_never_run_is_refused(write, code):
    path = write(HEAD + f"class One(Strategy):\n    {code}\n")
    with pytest.raises(UsageError) as caught:
        find_strategy(path)
    assert caught.value.message == "One.on_bar would never run, for it is async or has a yield"
    assert "without await" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "handler"),
    [("onbar", "on_bar"), ("on_bars", "on_bar"), ("onFill", "on_fill"), ("onstart", "on_start")],
)
def test_a_handler_spelt_wrong_is_refused(write, name, handler):
    path = write(HEAD + f"class One(Strategy):\n    def {name}(self, ctx, bar): pass\n")
    with pytest.raises(UsageError) as caught:
        find_strategy(path)
    assert caught.value.message == f"One.{name} is no handler; did you mean {handler}?"


def test_methods_of_ones_own_may_be_like_handlers(write):
    code = """
        class One(Strategy):
            def on_bar(self, ctx, bar): self.on_bars(bar)
            def on_bars(self, bar): pass
            def on_breakout(self, bar): pass
            def _onfill(self): pass
    """
    path = write(HEAD + textwrap.dedent(code))
    assert find_strategy(path).name == "One"
