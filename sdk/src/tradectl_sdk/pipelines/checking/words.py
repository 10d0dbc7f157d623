"""Moments and numbers in the sentences of findings."""

from __future__ import annotations

import numpy as np


def moment(nanoseconds: int) -> str:
    """A moment as people write it, UTC."""
    return f"{np.datetime_as_string(np.datetime64(nanoseconds, 'ns'), unit='s')}Z"


def number(value: object) -> str:
    """A value with as many digits as one reads."""
    if isinstance(value, float):
        return f"{value:.8g}"
    return "not there" if value is None else str(value)


def share(value: float) -> str:
    """A share with its sign, in per cent."""
    return f"{value * 100:+.1f} %"


def count(many: int, what: str) -> str:
    """A number of things, such as ``1 fill`` or ``1,200 fills``."""
    return f"{many:,} {what}" + ("" if many == 1 else "s")
