"""What callers give to the functions of research, held to what their signatures say.

Signatures of pipelines are written for people and for type checkers; programs in notebooks meet
neither. ``checked`` reads the same signature when the function is called: a count that is no whole
number, a name where a mapping belongs or a text where a store does is refused in words before
anything is loaded. What a value means, such as bounds and names, is known where it is used.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import reprlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np

from tradectl_sdk.data.catalog import nanoseconds
from tradectl_sdk.domain.timeframe import Timeframe
from tradectl_sdk.errors import UsageError

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_Reader = Callable[
    [object], object
]  # returns what is meant; ValueError or TypeError for what is not

MOST = 10**15  # of anything that is counted: one in more is no probability any more
LEAST = {"seed": 0, "warmup": 0, "workers": 1, "bars": 1}  # where nobody else asks


def checked(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Refuse arguments that the function's signature excludes, before it is called.

    Whole numbers of NumPy become Python's, moments and timeframes their texts, and one text where
    several may be given becomes several. Annotations that name something of another room's are
    left to that room. Arguments that do not exist are an error of Python's, as in any call.
    """
    parameters = inspect.signature(function).parameters
    alternatives = {name: _split(each.annotation) for name, each in parameters.items()}

    @functools.wraps(function)
    def call(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        named = dict(zip(parameters, args, strict=False)) | kwargs
        read = {
            name: _read(parameters[name], alternatives[name], value)
            for name, value in named.items()
            if name in parameters
        }
        places = list(parameters)[: len(args)]
        return function(
            *(*(read[name] for name in places), *args[len(places) :]),  # type: ignore[arg-type]
            **{name: read.get(name, value) for name, value in kwargs.items()},  # type: ignore[arg-type]
        )

    return call


def _split(annotation: object) -> tuple[str, ...]:
    """Part what an annotation allows at its bars, but not at those within brackets."""
    parts = [""]
    for letter in str(annotation):
        within = parts[-1].count("[") > parts[-1].count("]")
        if letter == "|" and not within:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(part.strip() for part in parts)


def _read(parameter: inspect.Parameter, alternatives: tuple[str, ...], value: object) -> object:
    name = parameter.name
    if value is None and "None" in alternatives:
        return None
    wanted = [each for each in alternatives if each != "None"]
    if name in _BY_NAME:
        wanted = [name]
    readers = [_reader(each) for each in wanted]
    if None in readers:
        return value
    for read, _ in filter(None, readers):
        try:
            found = read(value)
        except (ValueError, TypeError):
            continue
        return _bounded(name, found) if isinstance(found, int) else found
    words = " or ".join(words for _, words in filter(None, readers))
    or_none = ", or None" if "None" in alternatives else ""
    raise UsageError(
        f"{name} was {_shown(value)}, expected {words}{or_none}",
        hint=_hint(parameter, wanted[0], value),
    )


def _bounded(name: str, value: int) -> int:
    least = LEAST.get(name)
    if least is not None and value < least:
        raise UsageError(f"{name} was {value}, expected {least} or more", hint=f"{name}={least}")
    if value > MOST and name != "seed":
        raise UsageError(f"{name} was {value:.3g}, expected {MOST:,} at most", hint="take less")
    return value


def _reader(annotation: str) -> tuple[_Reader, str] | None:
    """Return how to read what an annotation names, and its words; None where others know."""
    word = annotation.partition("[")[0]
    if annotation in _KINDS or word in _KINDS:
        return _KINDS.get(annotation) or _KINDS[word]
    if word in _CLASSES:
        return functools.partial(_alike, _CLASSES[word]), f"{_article(word)} {word}"
    return None


def _whole(value: object) -> int:
    if isinstance(value, bool | np.bool_):
        raise TypeError(value)
    return operator.index(value)  # type: ignore[arg-type]  # a TypeError for what is none


def _number(value: object) -> float:
    if isinstance(value, bool | np.bool_ | str) or not math.isfinite(value):  # type: ignore[arg-type]
        raise ValueError(value)
    return value if isinstance(value, int) else float(value)  # type: ignore[arg-type]


def _truth(value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(value)
    return bool(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _texts(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(value)
    return tuple(_text(each) for each in value)


def _mapping(value: object) -> object:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TypeError(value)
    return value


def _path(value: object) -> Path:
    return Path(value)  # type: ignore[arg-type]  # a TypeError for what is none


def _function(value: object) -> object:
    if not callable(value):
        raise TypeError(value)
    return value


def _moment(value: object) -> str:
    text = value.isoformat() if isinstance(value, date) else value
    text = _text(str(text) if isinstance(text, np.datetime64) else text)
    nanoseconds(text)
    return text


def _timeframe(value: object) -> str:
    if not isinstance(value, str | Timeframe):
        raise TypeError(value)
    return str(Timeframe.parse(value))


def _alike(needed: tuple[str, ...], value: object) -> object:
    """Take whatever does what is asked of the class: whoever made it need not derive from it."""
    if not all(hasattr(value, name) for name in needed):
        raise TypeError(value)
    return value


def _article(word: str) -> str:
    return "an" if word[0] in "AEIO" else "a"


def _shown(value: object) -> str:
    """What was given, as short as it can be told; large things by what they are."""
    if isinstance(value, int | float | str | bytes | None):
        return reprlib.repr(value)
    return f"a {type(value).__name__}"


def _hint(parameter: inspect.Parameter, wanted: str, value: object) -> str:
    """Say how it is written: nearest to what was meant, or as it is by default."""
    name, default = parameter.name, parameter.default
    if wanted == "int" and isinstance(value, float) and math.isfinite(value):
        return f"write it as {name}={round(value)}"
    if default is inspect.Parameter.empty or default is None or default == ():
        example = _EXAMPLES.get(wanted.partition("[")[0])
        return f"such as {name}={example}" if example else "leave it out unless you have one"
    return f"it is {name}={default!r} unless given"


_KINDS: dict[str, tuple[_Reader, str]] = {
    "int": (_whole, "a whole number"),
    "float": (_number, "a finite number"),
    "bool": (_truth, "True or False"),
    "str": (_text, "text"),
    "Sequence[str]": (_texts, "texts"),
    "Mapping": (_mapping, "values by name"),
    "Path": (_path, "a folder"),
    "Callable": (_function, "a function"),
    "start": (_moment, "a moment"),
    "end": (_moment, "a moment"),
    "timeframe": (_timeframe, "a timeframe"),
}
_BY_NAME = ("start", "end", "timeframe")
_CLASSES = {  # by name, and what is asked of each
    "Executor": ("run",),
    "Plugins": ("strategies", "models", "risk_rules"),
    "RunRecord": ("run_id", "identity"),
    "RunStore": ("find", "save"),
    "Settings": ("backtest", "risk", "data"),
    "StoredSweep": ("table", "identity"),
    "SweepStore": ("find", "require_room"),
    "Tried": ("table", "pasts"),
    "WalkStore": ("find", "require_room"),
}
_EXAMPLES = {
    "int": "100",
    "float": "0.5",
    "str": '"..."',
    "Sequence": '["fast < slow"]',
    "Mapping": '{"fast": 10}',
    "Path": '"runs"',
    "start": '"2024-01-31"',
    "end": '"2024-01-31T09:30+01:00"',
}
