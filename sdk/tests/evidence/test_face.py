from __future__ import annotations

import pytest
from tradectl_sdk import evidence


def test_every_public_name_is_where_the_table_says() -> None:
    assert sorted(evidence._HOMES) == evidence.__all__
    for name in evidence.__all__:
        assert getattr(evidence, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'sharp'"):
        evidence.sharp  # noqa: B018
