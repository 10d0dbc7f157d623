from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tradectl_sdk.errors import pip_install
from tradectl_sdk.plugins.metadata import scan
from tradectl_sdk.plugins.records import Phase

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import FakeSite

OURS = "[tradectl.v1]\nacme = acme:plugin\n"


def failure_in(site: FakeSite) -> str:
    (failure,) = scan([site.folder]).failures
    assert failure.phase is Phase.DISCOVER
    assert failure.plugin == ""
    return f"{failure} | {failure.hint}"


def test_metadata_of_a_distribution_are_read(site: FakeSite) -> None:
    site.distribution(
        "Tradectl_Acme",
        "[console_scripts]\nacme = acme:main\n" + OURS,
        metadata="Name: Tradectl_Acme\nVersion: 1.2\nRequires-Dist: a\nRequires-Dist: b>1\n"
        "Summary: One line\n  folded\n\nName: not a header\n",
    )

    (dist,) = scan([site.folder]).distributions

    assert (dist.name, dist.version, dist.summary) == ("Tradectl_Acme", "1.2", "One line")
    assert dist.requires == ("a", "b>1")
    assert dist.entry_points == {"tradectl.v1": {"acme": "acme:plugin"}}


def test_missing_metadata_name_the_distribution(site: FakeSite) -> None:
    (site.distribution("tradectl-acme", OURS) / "METADATA").unlink()

    assert failure_in(site) == (
        "distribution tradectl-acme 1.0 failed at discover: "
        "METADATA cannot be read: No such file or directory | "
        + pip_install("--force-reinstall --no-deps tradectl-acme")
    )


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("Version: 1\n", "METADATA has no Name"),
        ("Name: x\nVersion:\n", "METADATA has no Version"),
        (b"Name: \xff\n", "METADATA is not UTF-8: invalid start byte at byte 6"),
    ],
)
def test_unusable_metadata_name_the_distribution(
    site: FakeSite, metadata: str | bytes, message: str
) -> None:
    site.distribution("tradectl-acme", OURS, metadata=metadata)

    assert f"distribution tradectl-acme 1.0 failed at discover: {message}" in failure_in(site)


@pytest.mark.parametrize(
    ("entry_points", "message"),
    [
        ("[tradectl.v1]\nno equals sign\n", "cannot be parsed: Source contains parsing errors"),
        (OURS + OURS, "cannot be parsed: While reading from"),
        (b"[tradectl.v1]\nacme = \xff\n", "entry_points.txt is not UTF-8"),
        (OURS.encode("utf-16"), "entry_points.txt is not UTF-8"),
    ],
)
def test_unusable_entry_points_name_the_distribution(
    site: FakeSite, entry_points: str | bytes, message: str
) -> None:
    site.distribution("tradectl-acme", entry_points)

    assert message in failure_in(site)


def test_entry_points_that_cannot_be_opened_name_the_distribution(site: FakeSite) -> None:
    folder = site.distribution("tradectl-acme", OURS)
    (folder / "entry_points.txt").unlink()
    (folder / "entry_points.txt").mkdir()

    assert "entry_points.txt cannot be read: Is a directory" in failure_in(site)


def test_what_is_broken_in_strangers_is_none_of_our_business(site: FakeSite) -> None:
    site.distribution("alpha", b"\xff\xfe")
    site.distribution("beta", "not an INI file")
    folder = site.distribution("gamma", "")
    (folder / "entry_points.txt").unlink()
    (folder / "entry_points.txt").mkdir()
    (site.folder / "delta-1.0.dist-info").write_text("a file", encoding="utf-8")

    found = scan([site.folder])

    assert (found.distributions, found.failures) == ((), ())


def test_two_versions_in_one_folder_are_refused(site: FakeSite) -> None:
    site.distribution("tradectl-acme", OURS, version="1.0")
    site.distribution("tradectl-acme", OURS, version="2.0")

    assert "versions 1.0 and 2.0 are installed in one folder" in failure_in(site)


def test_what_pip_is_about_to_remove_is_ignored(site: FakeSite) -> None:
    folder = site.distribution("tradectl-acme", OURS)
    folder.rename(folder.with_name("~radectl_acme-1.0.dist-info"))

    assert scan([site.folder]).distributions == ()


def test_the_first_folder_on_the_path_wins(tmp_path: Path, site: FakeSite) -> None:
    first = type(site)(tmp_path / "first")
    first.folder.mkdir()
    first.distribution("tradectl-acme", OURS, version="2.0")
    site.distribution("Tradectl.Acme", OURS, version="1.0")

    (dist,) = scan([first.folder, site.folder]).distributions

    assert dist.version == "2.0"


def test_what_is_on_the_path_but_no_folder_is_skipped(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(b"PK")

    assert scan([tmp_path / "nowhere", archive]).distributions == ()


def test_a_scan_is_kept_until_a_folder_changes(site: FakeSite) -> None:
    first = scan([site.folder])

    assert scan([site.folder]) is first

    site.distribution("tradectl-acme", OURS)

    assert len(scan([site.folder]).distributions) == 1


def test_the_path_is_that_of_the_interpreter_by_default(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.distribution("tradectl-acme", OURS)
    monkeypatch.setattr(sys, "path", [str(site.folder)])

    assert [dist.name for dist in scan().distributions] == ["tradectl-acme"]
