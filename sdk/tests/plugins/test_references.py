from __future__ import annotations

import pytest
from tradectl_sdk.errors import pip_install
from tradectl_sdk.plugins.references import import_hint, resolve, split_reference


def test_a_reference_leads_to_the_object() -> None:
    from collections import OrderedDict

    assert resolve("collections:OrderedDict.fromkeys") == OrderedDict.fromkeys


@pytest.mark.parametrize("reference", ["", "a", "a:", ":b", "a:b:c", "a b:c", "a.:b", "1a:b"])
def test_what_is_no_reference_is_refused(reference: str) -> None:
    with pytest.raises(ValueError, match=r"expected 'package\.module:Class'"):
        split_reference(reference)


def missing(name: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.mark.parametrize(
    ("requires", "hint"),
    [
        (('Torch_Geo>=2; extra == "ml"',), pip_install("'tradectl-acme[ml]'")),
        (("numpy", "torch-geo>=2"), pip_install("torch-geo")),
        ((), "install the package that provides 'torch_geo' into this environment"),
    ],
)
def test_the_hint_names_what_to_install(requires: tuple[str, ...], hint: str) -> None:
    error = missing("torch_geo.nn")

    assert import_hint(error, "acme:x", distribution="tradectl-acme", requires=requires) == hint


def test_a_plugin_without_its_own_files_is_to_be_reinstalled() -> None:
    hint = import_hint(missing("acme.core"), "acme.core:x", distribution="tradectl-acme")

    assert hint.startswith("its files are missing: " + pip_install("--force-reinstall"))
    assert import_hint(missing("acme"), "acme:x") == "its files are missing"


def test_errors_that_no_installation_mends_get_no_hint() -> None:
    assert import_hint(ValueError("x"), "acme:x") == ""
    assert import_hint(None, "acme:x") == ""
