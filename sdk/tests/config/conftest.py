from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.config import LoadedSettings, load_settings
from tradectl_sdk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

sys.path.insert(0, str(Path(__file__).parent))  # for toml_documents


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., LoadedSettings]:
    """Load settings from texts: of the project's file, the user's file, and the rest."""

    def load(
        project: str | None = None,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
        overrides: Mapping[str, object] | None = None,
    ) -> LoadedSettings:
        files: list[Path | None] = []
        for name, text in (("project/tradectl.toml", project), ("user/config.toml", user)):
            file = tmp_path / name
            file.parent.mkdir(exist_ok=True)
            if text is not None:
                file.write_text(text, encoding="utf-8")
            files.append(file if text is not None else None)
        return load_settings(
            project=files[0],
            user=files[1],
            environment=environment or {},
            overrides=overrides or {},
        )

    return load


@pytest.fixture
def problems(load: Callable[..., LoadedSettings]) -> Callable[..., list[str]]:
    """Load settings that are wrong; return ``place  key  message`` lines, files by name only."""

    def problems(*texts: str, **sources: Mapping[str, object]) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(*texts, **sources)
        lines = []
        for problem in caught.value.problems:
            folder = f"{problem.file.parent}/" if problem.file else ""
            lines.append(str(problem).replace(folder, "", 1))
        return lines

    return problems
