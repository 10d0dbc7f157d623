"""Merging what plugins offer: by name, whatever the order of installation."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradectl_sdk.errors import PluginError
from tradectl_sdk.hooks import StrategySpec
from tradectl_sdk.plugins.collection import collect_records

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tradectl_sdk.plugins import PluginInfo

    from conftest import FakeSite


def spec(name: str) -> StrategySpec:
    return StrategySpec(name=name, summary="One", factory="nowhere:Nothing")


def test_strategies_come_with_their_source_sorted_by_name(site: FakeSite) -> None:
    site.strategies("zeta", "b", "c")
    site.strategies("alpha", "d", "a")

    found = site.plugins().strategies()

    assert {name: offered.source for name, offered in found.items()} == {
        "a": "tradectl-alpha 1.0",
        "b": "tradectl-zeta 1.0",
        "c": "tradectl-zeta 1.0",
        "d": "tradectl-alpha 1.0",
    }
    assert list(found) == ["a", "b", "c", "d"]


def test_a_name_that_two_plugins_offer_belongs_to_neither(site: FakeSite) -> None:
    site.strategies("zeta", "same", "other")
    site.strategies("alpha", "same")
    plugins = site.plugins()

    found = plugins.strategies()

    assert list(found) == ["other", "same"]
    assert found["other"].rivals == ()
    with pytest.raises(PluginError, match="'same' is also provided by plugin 'zeta'") as caught:
        found["same"].load()
    assert caught.value.hint.startswith("disable 'alpha' or 'zeta'")
    assert [str(failure) for failure in plugins.failures] == [
        (
            "plugin 'alpha' (tradectl-alpha 1.0) failed at collect: "
            "strategy 'same' is also provided by plugin 'zeta' (tradectl-zeta 1.0)"
        ),
        (
            "plugin 'zeta' (tradectl-zeta 1.0) failed at collect: "
            "strategy 'same' is also provided by plugin 'alpha' (tradectl-alpha 1.0)"
        ),
    ]


def test_of_three_plugins_with_one_name_each_is_named_once(site: FakeSite) -> None:
    for name in ("one", "three", "two"):
        site.strategies(name, "same")
    plugins = site.plugins()

    rivals = plugins.strategies()["same"].rivals

    assert [rival.name for rival in rivals] == ["three", "two"]
    assert [failure.plugin for failure in plugins.failures] == ["one", "three", "two"]


@given(
    offers=st.dictionaries(
        st.sampled_from(["p1", "p2", "p3", "p4"]),
        st.lists(st.sampled_from("abcdef"), max_size=4, unique=True),
    ),
    seed=st.integers(0, 1000),
)
def test_the_collection_does_not_depend_on_the_order_of_installation(
    tmp_path_factory: pytest.TempPathFactory, offers: dict[str, list[str]], seed: int
) -> None:
    shuffled = list(offers)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret

    assert installed(offers, offers, tmp_path_factory) == installed(
        offers, shuffled, tmp_path_factory
    )


def installed(
    offers: dict[str, list[str]], order: Iterable[str], factory: pytest.TempPathFactory
) -> object:
    """Install distributions in this order, gate and collect them; hooks are called directly."""
    from tradectl_sdk.plugins.discovery import discover

    folder: Path = factory.mktemp("site")
    for name in order:
        info = folder / f"tradectl_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: tradectl-{name}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[tradectl.v1]\n{name}=m:p\n", encoding="utf-8")

    def call(plugin: PluginInfo) -> list[StrategySpec]:
        return [spec(component) for component in offers[plugin.name]]

    providers = [
        (plugin, lambda plugin=plugin: call(plugin)) for plugin in discover(path=[folder]).plugins
    ]
    records, failures = collect_records(providers, "tradectl_strategies", StrategySpec)
    return (
        {name: offered.source for name, offered in records.items()},
        [str(failure) for _plugin, failure in failures],
    )
