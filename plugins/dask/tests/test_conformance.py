from __future__ import annotations

import pytest
from tradectl_sdk.testing import Check, parametrize, plugin_checks

pytest.importorskip("distributed", reason="Dask is not installed")


@parametrize(plugin_checks("dask"))
def test_conforms(check: Check) -> None:
    check()
