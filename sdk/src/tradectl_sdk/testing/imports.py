"""What importing a module does to the world, found out in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tradectl_sdk.testing.checks import CheckFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROBE: Final = Path(__file__).with_name("import_probe.py")
_DEADLINE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What one import did.

    Attributes:
        error: What it raised; empty when it did not.
        printed: What it wrote to standard output and standard error.
        modules: Modules it brought in.
        environment: Environment variables it changed.
        sockets: Network operations it made, as names of audit events.
        processes: Processes it started, as names of audit events.
        files: Files it opened for writing.
        threads: Names of the threads it started.
        records: What the provider hooks yielded afterwards, sorted.
    """

    error: str
    printed: str
    modules: list[str]
    environment: list[str]
    sockets: list[str]
    processes: list[str]
    files: list[str]
    threads: list[str]
    records: list[list[Any]]


def probe_import(
    module: str,
    attribute: str,
    hooks: list[str],
    *,
    environment: Mapping[str, str],
    hash_seed: int = 0,
) -> ImportReport:
    """Import a module in a fresh interpreter that sees what this one sees.

    Args:
        module: What to import.
        attribute: Path of the plugin object in it.
        hooks: Provider hooks to call on the object.
        environment: Environment of the new interpreter.
        hash_seed: Seed of string hashing, so that order taken from a set shows.

    Raises:
        CheckFailedError: When the interpreter gave no answer.
    """
    request = {"path": sys.path, "module": module, "attribute": attribute, "hooks": hooks}
    try:
        finished = subprocess.run(  # noqa: S603 - this interpreter, a file of ours
            [sys.executable, "-P", "-B", "-X", "utf8", str(_PROBE)],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            env={**environment, "PYTHONHASHSEED": str(hash_seed)},
            timeout=_DEADLINE_SECONDS,
            check=False,
        )
        answer = json.loads(finished.stdout)
    except subprocess.TimeoutExpired as error:
        raise CheckFailedError(f"import took over {_DEADLINE_SECONDS:g} seconds") from error
    except ValueError as error:
        status = finished.returncode
        raise CheckFailedError(f"import ended the interpreter with status {status}") from error
    return ImportReport(**{field.name: answer[field.name] for field in fields(ImportReport)})
