"""Loading a library: the one that was meant, of a version that we speak, and nothing else of it."""

from __future__ import annotations

import ctypes
import enum
import hashlib
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_void_p
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.errors import NotFoundError, PluginError

from tradectl_native.layouts import (
    ABI,
    TvBalance,
    TvBar,
    TvCard,
    TvConfig,
    TvError,
    TvEvent,
    TvInstrument,
    TvOrder,
    TvRef,
    TvRights,
    TvTicket,
    TvTrade,
)

if TYPE_CHECKING:
    from pathlib import Path


class Code(enum.IntEnum):
    """What a call returns."""

    OK = 0
    REFUSED = 1
    UNCLEAR = 2
    NOT_SENT = 3
    ABSENT = 4
    RATE_LIMITED = 5
    MAINTENANCE = 6
    TRANSPORT = 7
    CLOCK = 8
    CREDENTIALS = 9
    UNREADABLE = 10


_ERROR: Final = POINTER(TvError)
_COUNT: Final = (c_int32, POINTER(c_int32), _ERROR)  # capacity, count, error

# Function -> types of its arguments
FUNCTIONS: Final[dict[str, tuple[Any, ...]]] = {
    "tv_abi": (),
    "tv_describe": (POINTER(TvCard),),
    "tv_open": (POINTER(TvConfig), POINTER(c_void_p), _ERROR),
    "tv_close": (c_void_p,),
    "tv_time": (c_void_p, POINTER(c_int64), _ERROR),
    "tv_permissions": (c_void_p, POINTER(TvRights), _ERROR),
    "tv_instruments": (c_void_p, POINTER(TvInstrument), *_COUNT),
    "tv_balances": (c_void_p, POINTER(TvBalance), *_COUNT),
    "tv_history": (c_void_p, c_char_p, c_int64, c_int64, c_int64, POINTER(TvBar), *_COUNT),
    "tv_open_orders": (c_void_p, POINTER(TvOrder), *_COUNT),
    "tv_closed_orders": (c_void_p, c_char_p, c_int64, POINTER(TvOrder), *_COUNT),
    "tv_trades": (c_void_p, c_char_p, c_int64, POINTER(TvTrade), *_COUNT),
    "tv_submit": (c_void_p, POINTER(TvTicket), POINTER(TvOrder), _ERROR),
    "tv_cancel": (c_void_p, POINTER(TvRef), POINTER(TvOrder), _ERROR),
    "tv_query": (c_void_p, POINTER(TvRef), POINTER(TvOrder), _ERROR),
    "tv_listen": (c_void_p, _ERROR),
    "tv_subscribe": (c_void_p, c_char_p, c_int32, c_int64, _ERROR),
    "tv_poll": (c_void_p, POINTER(TvEvent), c_int32, POINTER(c_int32), c_int32, _ERROR),
}


def load(path: Path, sha256: str) -> ctypes.CDLL:
    """Load a library whose contents are the ones that were pinned.

    Args:
        path: The file.
        sha256: What it must contain.

    Raises:
        NotFoundError: If there is no such file.
        PluginError: If it has changed, cannot be loaded, lacks a function, or is another version's.
    """
    if not path.is_file():
        raise NotFoundError(f"{path} was not there, expected the library of [plugins.native]")
    found = file_hash(path)
    if found != sha256:
        raise PluginError(
            f"{path} has the SHA-256 {found}, expected {sha256}",
            hint="if you changed it on purpose, write the new one into plugins.native.sha256",
        )
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise PluginError(f"{path} could not be loaded: {error}") from error
    _declare(library, path)
    version = library.tv_abi()
    if version != ABI:
        raise PluginError(
            f"{path} speaks version {version} of the interface, expected {ABI}",
            hint="compile it with the tradectl_venue.h of the tradectl-native that is installed",
        )
    return library


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _declare(library: ctypes.CDLL, path: Path) -> None:
    """Tell ctypes the types, so that no argument is ever guessed."""
    missing = [name for name in FUNCTIONS if not hasattr(library, name)]
    if missing:
        raise PluginError(
            f"{path} lacks {', '.join(missing)}", hint="tradectl_venue.h lists what it must export"
        )
    for name, arguments in FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes = arguments
        function.restype = None if name == "tv_close" else c_int32
