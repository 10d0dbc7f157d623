from __future__ import annotations

from tradectl_sdk.testing import Check, parametrize, plugin_checks


@parametrize(plugin_checks("ml"))
def test_conforms(check: Check) -> None:
    check()
