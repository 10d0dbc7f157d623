"""What every distribution must have, and what a lock file must not."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workspace import distributions, package_name, project

if TYPE_CHECKING:
    from pathlib import Path

# A host, a folder of one machine, or an option that names either.
_PLACES = re.compile(
    r"://|\bfile:|(^|\s)--(index-url|extra-index-url|find-links|trusted-host)|\s-[ief]\s"
    r"|(^|[\s=@])(/|[A-Za-z]:\\|\.{1,2}/)\S",
    re.MULTILINE,
)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(\s|$)")


def lock_problems(text: str) -> list[str]:
    """Return the requirements without a version and a hash, and the lines that name a place."""
    found = [line.strip() for line in text.splitlines() if _PLACES.search(line)]
    for requirement in text.replace("\\\n", " ").splitlines():
        if requirement.strip() and not requirement.lstrip().startswith("#"):
            name = requirement.split()[0]
            if "==" not in name:
                found.append(f"{name}: no version")
            if not _HASH.search(requirement):
                found.append(f"{name}: no hash")
    return found


def distribution_problems(root: Path) -> list[str]:
    """Return what is wrong with the distributions of a workspace, one by one and together."""
    found = []
    folders = distributions(root)
    versions = {project(folder)["name"]: project(folder)["version"] for folder in folders}
    listed = (root / "requirements" / "workspace.txt").read_text(encoding="utf-8").splitlines()
    for folder in folders:
        name = project(folder)["name"]
        package = folder / "src" / package_name(folder)
        if not (package / "py.typed").is_file():
            found.append(f"{name}: no py.typed")
        if _version(package) not in {versions[name], ""}:
            found.append(f"{name}: __version__ is {_version(package)}, version {versions[name]}")
        if f"-e ./{folder.relative_to(root).as_posix()}" not in listed:
            found.append(f"{name}: not in requirements/workspace.txt")
        found += _stale_requirements(folder, versions)
    return found


def _version(package: Path) -> str:
    """Return a package's ``__version__``; empty where it leaves that to its metadata."""
    for node in ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
            return str(ast.literal_eval(node.value))
    return ""


def _stale_requirements(folder: Path, versions: dict[str, str]) -> list[str]:
    """Return requirements on other distributions that their version in this tree does not meet."""
    from packaging.requirements import Requirement

    table = project(folder)
    extras = table.get("optional-dependencies", {}).values()
    lines = [*table.get("dependencies", []), *(line for extra in extras for line in extra)]
    wanted = [Requirement(line) for line in lines]
    return [
        f"{table['name']}: wants {requirement}, here is {versions[requirement.name]}"
        for requirement in wanted
        if requirement.name in versions
        and not requirement.specifier.contains(versions[requirement.name], prereleases=True)
    ]
