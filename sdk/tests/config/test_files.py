"""Which files settings are read from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tradectl_sdk.config import discover_settings, find_files
from tradectl_sdk.errors import ConfigError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with a folder three levels down, and a settings file above the project."""
    (tmp_path / "tradectl.toml").write_text("backtest.cash = 1")
    (tmp_path / "project" / "a" / "b" / "c").mkdir(parents=True)
    return tmp_path / "project"


def found(start: Path, **arguments: Path) -> Path | None:
    return find_files(start=start, environment={}, **arguments).project


def test_the_project_file_is_looked_for_in_the_folders_above(tree: Path) -> None:
    (tree / "tradectl.toml").touch()
    assert found(tree / "a/b/c") == tree / "tradectl.toml"


def test_the_nearest_project_file_is_taken(tree: Path) -> None:
    (tree / "tradectl.toml").touch()
    (tree / "a/b/tradectl.toml").touch()
    assert found(tree / "a/b/c") == tree / "a/b/tradectl.toml"


@pytest.mark.parametrize("git", [Path.mkdir, Path.touch], ids=["repository", "work tree"])
def test_the_search_ends_at_a_git_repository(tree: Path, git: object) -> None:
    git(tree / ".git")  # type: ignore[operator]
    assert found(tree / "a/b/c") is None
    (tree / "tradectl.toml").touch()
    assert found(tree / "a/b/c") == tree / "tradectl.toml"


def test_the_search_ends_at_the_home_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tree))
    assert found(tree / "a") is None


def test_a_folder_of_that_name_is_no_project_file(tree: Path) -> None:
    (tree / "a" / "tradectl.toml").mkdir()
    assert found(tree / "a") == tree.parent / "tradectl.toml"


@pytest.mark.skipif(os.name == "nt", reason="Windows wants a privilege for links")
@pytest.mark.parametrize("layer", ["project", "user"])
def test_a_link_to_nowhere_is_told_not_passed_over(tree: Path, layer: str) -> None:
    name = {"project": "tradectl.toml", "user": "config.toml"}[layer]
    (tree / name).symlink_to(tree / "nowhere")
    with pytest.raises(ConfigError) as caught:
        discover_settings(start=tree, environment={"TRADECTL_CONFIG_HOME": str(tree)})
    (problem,) = caught.value.problems
    assert problem.file == tree / name
    assert problem.message == "cannot be read: no such file or directory"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_no_settings_file_and_nobody_waits_for_it(tree: Path) -> None:
    os.mkfifo(tree / "tradectl.toml")
    with pytest.raises(ConfigError) as caught:
        discover_settings(start=tree, environment={"TRADECTL_CONFIG_HOME": str(tree)})
    assert "it is no regular file" in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps folders that are in use")
def test_a_current_folder_that_was_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(ConfigError, match="the current folder cannot be found"):
        discover_settings(environment={})


def test_a_named_project_is_taken_without_a_search(tree: Path) -> None:
    file = tree / "a" / "tradectl.toml"
    file.touch()
    assert found(tree, project=tree / "a") == file
    assert found(tree, project=file) == file


def test_a_named_project_without_a_file_is_refused(tree: Path) -> None:
    with pytest.raises(ConfigError, match=r"no tradectl\.toml at .*expected the folder"):
        found(tree, project=tree / "a")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no user ids")
def test_a_file_above_that_another_user_planted_is_refused(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tree.parent / "tradectl.toml"
    if os.geteuid() == 0:
        os.chown(file, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ConfigError, match="belongs to another user") as caught:
        found(tree / "a")
    assert f"--project {tree.parent}" in caught.value.hint
    assert found(tree.parent) == file
    assert found(tree / "a", project=tree.parent) == file


def test_the_users_file_is_where_the_platform_or_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"TRADECTL_CONFIG_HOME": str(tmp_path)}
    named = find_files(start=tmp_path, environment=environment).user
    assert named == tmp_path / "config.toml"
    usual = find_files(start=tmp_path, environment={}).user
    assert usual.name == "config.toml"
    assert "tradectl" in str(usual.parent)


def test_discovery_reads_what_it_finds(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "a")
    monkeypatch.setenv("TRADECTL_CONFIG_HOME", str(tree))
    assert discover_settings().settings.backtest.cash == 1
    monkeypatch.setenv("TRADECTL__BACKTEST__CASH", "2")
    assert discover_settings().settings.backtest.cash == 2
    assert discover_settings(overrides={"backtest.cash": "3"}).settings.backtest.cash == 3
    here = discover_settings(start=tree, environment={})
    assert here.files == (tree.parent / "tradectl.toml",)
