"""Where walks forward are kept: a folder each beside the runs, its windows in one file."""

from __future__ import annotations

import json
import math
import zipfile
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tradectl_sdk.errors import DataError
from tradectl_sdk.research.walked import Piece, WalkForward, walk_id
from tradectl_sdk.runs.shelf import Shelf, ShelfStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SCHEMA = "tradectl.walk-windows/1"
_MANIFEST, _CURVES = "manifest.json", "curves.npz"
_ARRAYS = ("times", "equity")
_UNDEFINED = ("in_sample", "out_of_sample")  # may be, and JSON has no word for it


class WalkStore(ShelfStore):
    """The walks forward in a folder of runs.

    Args:
        root: The folder; made on the first save.
    """

    def __init__(self, root: Path) -> None:
        hint = "tradectl walks list shows them"
        super().__init__(Shelf(root=root, kind="walk", prefix="w-", digits=8, hint=hint))

    def save(self, walk: WalkForward) -> str:
        """Keep a walk in place of an earlier one of the same inputs, and return its id.

        Raises:
            DataError: If the disk refused; nothing is left behind then.
        """
        self._shelf.put(walk.walk_id, lambda folder: _write(walk, folder))
        return walk.walk_id

    def find(self, walk_id: str) -> WalkForward | None:
        """Return the walk of this id; None if there is none, or it is damaged."""
        return self._shelf.find(walk_id, _read)

    def load(self, reference: str) -> WalkForward:
        """Read a walk by its id, or a unique prefix of it.

        Raises:
            NotFoundError: If there is no such walk.
            UsageError: If the prefix fits several.
            DataError: If it is damaged.
        """
        return self._shelf.read(self.resolve(reference), _read)

    def list(self) -> Sequence[tuple[str, WalkForward | None]]:
        """Return id and walk of each, the newest first; None stands for a damaged one."""
        read = self._shelf.read_all(_read)
        found = [(each, None if isinstance(one, DataError) else one) for each, one in read]
        return sorted(found, key=lambda pair: pair[1].created if pair[1] else "", reverse=True)


def _write(walk: WalkForward, folder: Path) -> None:
    plain = {one.name: getattr(walk, one.name) for one in fields(walk)}
    plain |= {"schema": SCHEMA, "pieces": [_plain(piece) for piece in walk.pieces]}
    np.savez_compressed(
        folder / _CURVES,
        allow_pickle=False,
        lengths=np.array([len(piece.times) for piece in walk.pieces]),
        **{
            name: np.concatenate([getattr(piece, name) for piece in walk.pieces])
            for name in _ARRAYS
        },
    )
    (folder / _MANIFEST).write_text(json.dumps(plain, allow_nan=False) + "\n", encoding="utf-8")


def _plain(piece: Piece) -> dict[str, Any]:
    found = {one.name: getattr(piece, one.name) for one in fields(piece)}
    for name in _ARRAYS:
        del found[name]
    for name in _UNDEFINED:
        found[name] = found[name] if math.isfinite(found[name]) else None
    return found


def _manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    if manifest.pop("schema") != SCHEMA or walk_id(manifest["identity"]) != folder.name:
        raise ValueError(f"{_MANIFEST} belongs to another walk")
    return manifest


def _read(folder: Path) -> WalkForward:
    try:
        manifest = _manifest(folder)
        with np.load(folder / _CURVES, allow_pickle=False) as stored:
            ends = np.cumsum(stored["lengths"])[:-1]
            curves = {name: np.split(stored[name], ends) for name in _ARRAYS}
        pieces = [
            _piece(plain, times, equity)
            for plain, times, equity in zip(
                manifest.pop("pieces"), curves["times"], curves["equity"], strict=True
            )
        ]
        walk = WalkForward(pieces=tuple(pieces), **manifest)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise DataError(
            f"walk {folder.name} is damaged: {error}", hint="walking again writes it anew"
        ) from error
    return replace(walk, data=tuple(walk.data), stored=True)


def _piece(plain: dict[str, Any], times: Any, equity: Any) -> Piece:
    for name in _UNDEFINED:
        plain[name] = math.nan if plain[name] is None else plain[name]
    return Piece(**{**plain, "bars": tuple(plain["bars"]), "times": times, "equity": equity})
