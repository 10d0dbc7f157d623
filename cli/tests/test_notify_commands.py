"""``tradectl notify``: who is told, and whether it gets through."""

from __future__ import annotations

import http.server
import json
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    got: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(404 if "broken" in self.path else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def settings(project: Path, text: str) -> None:
    (project / "tradectl.toml").write_text(text)


def test_without_senders_it_says_how_to_name_one(run) -> None:
    answer = run("notify", "list")
    assert answer.status == 0
    assert "name a sender under [notify.NAME]" in answer.err
    assert run("notify", "test").status == 6


def test_senders_are_listed_and_tried(run, project: Path, receiver) -> None:
    address, got = receiver
    settings(
        project,
        f"""
        [notify.pager]
        notifier = "webhook"
        endpoint = "{address}/ok"
        level = "warning"
        kinds = ["switch"]
        [notify.other]
        notifier = "webhook"
        endpoint = "{address}/broken"
        """,
    )
    (pager, other) = run("notify", "list", "--json").data["senders"]
    assert pager == {
        "name": "pager",
        "notifier": "webhook",
        "level": "warning",
        "kinds": ["switch"],
    }
    assert other["name"] == "other"
    answer = run("notify", "test", "pager")
    assert answer.status == 0
    assert "pager  delivered" in answer.out
    assert "test of sender pager" in json.loads(got[0])["notices"][0]["title"]
    both = run("notify", "test", "--json")
    assert both.status == 5
    delivered = {one["sender"]: one["delivered"] for one in both.data["senders"]}
    assert delivered == {"pager": True, "other": False}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('notifier = "telegramm"', "did you mean telegram?"),
        (
            'notifier = "telegram"\nchat = "1"\ntoken = "env:T"\nslient = true',
            "did you mean silent?",
        ),
        ('notifier = "telegram"\nchat = "1"', "token"),
        ('notifier = "telegram"\nchat = "1"\ntoken = "123:canary"', "token"),
        ('notifier = "webhook"\nendpoint = "https://x"\nlevel = "loud"', "level"),
        ('chat = "1"', "notifier"),
    ],
)
def test_a_mistake_is_an_error_with_its_place(run, project: Path, table: str, said: str) -> None:
    settings(project, f"[notify.phone]\n{table}\n")
    for words in (("config", "validate"), ("notify", "list")):
        answer = run(*words)
        assert answer.status == 2, answer.out
        assert said in answer.err
        assert "tradectl.toml:" in answer.err
        assert "canary" not in answer.err


def test_a_secret_that_is_not_there_names_the_setting(run, project: Path) -> None:
    settings(
        project, '[notify.phone]\nnotifier = "telegram"\nchat = "1"\ntoken = "env:NO_SUCH_TOKEN"\n'
    )
    answer = run("notify", "test", "phone")
    assert answer.status == 4
    assert "notify.phone.token: env:NO_SUCH_TOKEN" in answer.err
    missing = run("notify", "test", "phnoe")
    assert missing.status == 6
    assert "did you mean phone?" in missing.err
