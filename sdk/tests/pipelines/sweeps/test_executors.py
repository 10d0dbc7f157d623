from __future__ import annotations

import pytest
from tradectl_sdk import Settings
from tradectl_sdk.errors import NotFoundError
from tradectl_sdk.pipelines.sweeps import Local, find_executor


def test_processes_of_this_machine_are_always_there() -> None:
    assert isinstance(find_executor("local", Settings()), Local)


def test_an_executor_that_nobody_offers_is_not_found() -> None:
    with pytest.raises(NotFoundError, match=r"no executor 'locale'; there is local") as caught:
        find_executor("locale", Settings())
    assert "local" in caught.value.hint
