"""References to objects, written ``package.module:Class``, and what to say when one breaks."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Final

from tradectl_sdk.errors import pip_install
from tradectl_sdk.plugins.names import normalise_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_DOTTED: Final = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_REFERENCE: Final = re.compile(rf"(?P<module>{_DOTTED}):(?P<path>{_DOTTED})")
# The name and the extra in a line of Requires-Dist, such as: torch>=2; extra == "ml"
_REQUIREMENT: Final = re.compile(
    r"\s*(?P<name>[\w.-]+).*?(?:;.*\bextra\s*==\s*['\"](?P<extra>[\w.-]+)['\"].*)?", re.DOTALL
)


def split_reference(reference: str) -> tuple[str, str]:
    """Split ``package.module:Class`` into the module and the path inside it.

    Raises:
        ValueError: When it is not written like that.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(f"was {reference!r}, expected 'package.module:Class'")
    return match["module"], match["path"]


def resolve(reference: str) -> object:
    """Import what ``package.module:Class`` refers to.

    Raises:
        ValueError: When the reference is not written like that.
        ImportError: When the module cannot be imported.
        AttributeError: When the module holds no such object.
    """
    module, path = split_reference(reference)
    value: object = importlib.import_module(module)
    for attribute in path.split("."):
        value = getattr(value, attribute)
    return value


def import_hint(
    error: BaseException | None,
    reference: str,
    *,
    distribution: str = "",
    requires: Iterable[str] = (),
) -> str:
    """Say what to install after an import failed; an empty string when that would not help.

    Args:
        error: What the import raised.
        reference: What was to be imported.
        distribution: Distribution whose code it was, if known.
        requires: Its lines of Requires-Dist, which tell packages behind an extra.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    missing = error.name.partition(".")[0]
    if missing == re.split(r"[.:]", reference, maxsplit=1)[0]:
        reinstall = pip_install(f"--force-reinstall --no-deps {distribution}")
        return f"its files are missing: {reinstall}" if distribution else "its files are missing"
    for line in requires:
        match = _REQUIREMENT.fullmatch(line)
        if match and normalise_name(match["name"]) == normalise_name(missing):
            extra = match["extra"]
            wanted = f"'{distribution}[{extra}]'" if extra else match["name"]
            return pip_install(wanted)
    return f"install the package that provides {missing!r} into this environment"
