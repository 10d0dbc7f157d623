from __future__ import annotations

import importlib
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from tradectl_sdk.testing import Outcome, check_plugin, run_checks, strategy_checks

if TYPE_CHECKING:
    from tradectl_sdk.strategy import Strategy

    from conftest import FakeSite

SOUND = '''
from datetime import datetime, timedelta
import math as m
from tradectl_sdk.strategy import Strategy, param

class Subject(Strategy):
    """Do something."""

    flag: bool = param(True)
    mode: int = param(1, choices=(1, 2))
    fast: int = param(10, ge=2, le=200)

    def on_start(self, ctx):
        self.root = m.sqrt(self.fast)
        self.gap = timedelta(days=1)
        self.warmup = 5

    def on_bar(self, ctx, bar):
        if ctx.position == 0 and not ctx.warming:
            ctx.buy(1)
        elif bar.close > bar.open:
            ctx.close()
'''


def subject(site: FakeSite, code: str) -> type[Strategy]:
    site.module("fake_subject", textwrap.dedent(code))
    cls: type[Strategy] = importlib.import_module("fake_subject").Subject
    return cls


def failures(cls: type[Strategy]) -> dict[str, str]:
    results = run_checks(strategy_checks(cls))  # compiling each would take most of the time
    return {r.name: r.message for r in results if r.status is Outcome.FAILED}


def test_a_sound_strategy_passes_every_check(site: FakeSite) -> None:
    results = run_checks(strategy_checks(subject(site, SOUND), capabilities={"compiled"}))

    assert {result.status for result in results} == {Outcome.PASSED}


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        ('"""Do something."""', "", "is_documented", "Subject has no docstring"),
        (", le=200)", ")", "parameters_have_bounds", "parameter 'fast' has no bounds"),
        (
            "def on_start",
            (
                "def __init__(self, **more):\n"
                "        super().__init__(**more)\n"
                "        self.fast = float(self.fast)\n\n"
                "    def on_start"
            ),
            "defaults_are_allowed",
            "parameter 'fast' was 10.0 after construction, expected 10",
        ),
        (
            "def on_start",
            (
                "def __init__(self, **more):\n"
                "        super().__init__()\n"
                "        self.__dict__.update(more)\n\n"
                "    def on_start"
            ),
            "values_out_of_bounds_are_refused",
            "accepted no_such_parameter=1, expected UsageError",
        ),
        (
            "def on_start",
            "prices = []\n\n    def on_start",
            "instances_share_no_state",
            "Subject.prices is shared by all runs",
        ),
        (
            "def on_start",
            (
                "def __init__(self, **more):\n"
                "        super().__init__(**more)\n"
                "        self.decide = lambda: 1\n\n"
                "    def on_start"
            ),
            "can_be_copied",
            "pickle",
        ),
        (
            "def on_start",
            (
                "def __init__(self, **more):\n"
                "        super().__init__(**more)\n"
                "        self.identity = id(self)\n\n"
                "    def __setstate__(self, state):\n"
                "        self.identity = 0\n\n"
                "    def on_start"
            ),
            "can_be_copied",
            "deep copy gave {'identity': 0}",
        ),
        (
            "m.sqrt(self.fast)",
            "datetime.now()",
            "sees_no_wall_clock",
            "fake_subject uses datetime.datetime.now in line 14; ask ctx",
        ),
        (
            "import math as m",
            "import math as m, time as t",
            "sees_no_wall_clock",
            "fake_subject uses time in line 3",
        ),
        (
            "m.sqrt(self.fast)",
            "m.sqrt(self.fast) or open('prices.csv')",
            "sees_no_network_or_disk",
            "builtins.open in line 14",
        ),
        (
            "import math as m",
            "import math as m\nfrom urllib.request import urlopen",
            "sees_no_network_or_disk",
            "urllib.request.urlopen in line 4",
        ),
        (
            "m.sqrt(self.fast)",
            "np.random.rand()",
            "leaves_nothing_to_chance",
            "numpy.random.rand in line 14",
        ),
    ],
)
def test_what_a_strategy_does_wrong_is_found(
    site: FakeSite, old: str, new: str, check: str, message: str
) -> None:
    assert old in SOUND
    code = SOUND.replace("import math as m", "import math as m; import numpy as np", 1)
    found = failures(subject(site, (code if "np." in new else SOUND).replace(old, new, 1)))

    assert message in found[check]
    assert list(found) == [check]


def test_a_strategy_without_parameters_skips_what_is_about_them(site: FakeSite) -> None:
    code = 'from tradectl_sdk.strategy import Strategy\nclass Subject(Strategy):\n    """Do."""\n'
    results = run_checks(strategy_checks(subject(site, code), capabilities={"compiled"}))

    assert {r.name for r in results if r.status is Outcome.SKIPPED} == {
        "parameters_have_bounds",
        "defaults_are_allowed",
        "does_not_see_the_future",  # it places no orders
    }


def test_a_strategy_without_source_skips_what_reads_it(site: FakeSite) -> None:
    cls = subject(site, SOUND)
    (site.folder / "fake_subject.py").unlink()
    importlib.import_module("linecache").clearcache()

    results = run_checks(strategy_checks(cls))

    assert {r.message for r in results if r.status is Outcome.SKIPPED} == {
        "its source cannot be read",
        "does not claim compiled",
    }


def test_strategies_of_a_plugin_are_checked_under_their_name(site: FakeSite) -> None:
    site.module("fake_subject", SOUND.replace("le=200", ""))
    body: Any = (
        "@hookimpl\ndef tradectl_strategies(self):\n"
        "    yield StrategySpec(name='trend', summary='A', factory='fake_subject:Subject')"
    )
    site.plugin("acme", body)

    report = check_plugin("acme", site.plugins())

    assert [r.name for r in report.results if r.status is Outcome.FAILED] == [
        "strategy:trend:parameters_have_bounds"
    ]


def test_a_strategy_that_cannot_be_loaded_is_told_once(site: FakeSite) -> None:
    site.strategies("acme", "trend")

    report = check_plugin("acme", site.plugins())

    assert [r.name for r in report.results if r.status is Outcome.FAILED] == ["factories_resolve"]
