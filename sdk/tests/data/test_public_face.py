from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import tradectl_sdk.data as room


def test_the_public_names_agree_and_exist() -> None:
    assert sorted(room._HOMES) == sorted(room.__all__)
    tree = ast.parse(Path(room.__file__).read_text(encoding="utf-8"))
    imported = {
        (alias.name, node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tradectl_sdk.data")
        for alias in node.names
    }
    assert imported == set(room._HOMES.items())
    for name in room.__all__:
        assert getattr(room, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = room.nothing


def test_importing_the_room_imports_nothing_heavy() -> None:
    code = "import sys, tradectl_sdk.data; print({'numpy', 'duckdb', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
