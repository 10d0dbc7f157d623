"""What pydantic found wrong, in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tradectl_sdk.errors import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST_VALUE = 60
_WHOLE_NUMBER = "a whole number"
_NUMBER = "a number"
_FINITE = "a finite number"
_BOOLEAN = "true or false"
_TEXT = "text"
_LIST = "a list"
_TABLE = "a table"
_DATE = "a date such as 2024-01-31"
_TIME = "a date and time such as 2024-01-31T12:00:00Z"
_DURATION = "a duration"

# Kind of pydantic error -> what was expected; braces are filled from the error's context.
_EXPECTED = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "date_from_datetime_inexact": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "datetime_from_date_parsing": _TIME,
    "datetime_parsing": _TIME,
    "datetime_type": _TIME,
    "decimal_max_digits": "at most {max_digits} digits",
    "decimal_max_places": "at most {decimal_places} decimal places",
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "dict_type": _TABLE,
    "enum": "one of {expected}",
    "finite_number": _FINITE,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "list_type": _LIST,
    "literal_error": "one of {expected}",
    "model_attributes_type": _TABLE,
    "model_type": _TABLE,
    "multiple_of": "a multiple of {multiple_of}",
    "path_type": "the path of a file or folder as text",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "string_type": _TEXT,
    "time_delta_parsing": _DURATION,
    "time_delta_type": _DURATION,
    "timezone_aware": "a time with its offset from UTC",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} items",
    "tuple_type": _LIST,
}


def explain(errors: list[ErrorDetails], *, secret: bool) -> str:
    """Say what is wrong with one value.

    Args:
        errors: What pydantic said about it; a union says something for each of its members.
        secret: Whether the value must not be repeated.
    """
    first = errors[0]
    if first["type"] == "missing":
        return "is missing, expected a value"
    was = "was something else" if secret else f"was {shown(first['input'])}"
    expected = list(dict.fromkeys(filter(None, map(_expectation, errors))))
    if not expected and isinstance(first["input"], dict):  # its keys do not go together
        return _own_words(first)
    if not expected:
        return f"{was}: {_own_words(first)}"
    return f"{was}, expected {' or '.join(expected)}{_nearest(first)}"


def shown(value: Any) -> str:
    """Return a value as a user would recognise it, on one line and not too long."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str | list) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _expectation(error: ErrorDetails) -> str:
    template = _EXPECTED.get(error["type"], "")
    context = dict(error.get("ctx", {}))
    choices = _choices(error)
    if choices:
        context["expected"] = ", ".join(choices)
    return template.format(**context)


def _choices(error: ErrorDetails) -> list[str]:
    """Return the words that a choice offers, without the quotes pydantic puts around them."""
    expected = str(error.get("ctx", {}).get("expected", ""))
    return re.findall(r"'([^']*)'", expected)


def _nearest(error: ErrorDetails) -> str:
    value = error["input"]
    meant = did_you_mean(value, _choices(error)) if isinstance(value, str) else ""
    return f", {meant}" if meant else ""


def _own_words(error: ErrorDetails) -> str:
    """Return a validator's own sentence; pydantic's as the last resort."""
    raised = error.get("ctx", {}).get("error")
    message = str(raised) if raised is not None else error["msg"]
    return message[:1].lower() + message[1:]
