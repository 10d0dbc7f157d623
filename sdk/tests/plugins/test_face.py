from __future__ import annotations

import pytest
from tradectl_sdk import plugins


def test_every_public_name_is_there() -> None:
    assert all(getattr(plugins, name) is not None for name in plugins.__all__)
    assert dir(plugins) == sorted(plugins.__all__)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        plugins.Nothing  # noqa: B018
