"""What the room offers."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tradectl_sdk import bus


@pytest.mark.parametrize("name", bus.__all__)
def test_every_name_that_is_offered_is_there(name: str) -> None:
    assert getattr(bus, name).__name__ == name


def test_a_name_that_is_not_offered_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"module 'tradectl_sdk.bus' has no attribute 'x'"):
        bus.x  # noqa: B018


def test_messages_and_cores_load_neither_zeromq_nor_numpy() -> None:
    code = (
        "import sys, tradectl_sdk.bus.messages.market, tradectl_sdk.bus.channel\n"
        "import tradectl_sdk.bus.publishing, tradectl_sdk.bus.subscribing\n"
        "print({'zmq', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
