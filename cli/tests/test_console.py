from __future__ import annotations

import io
import json

import pytest
from tradectl.console import Output
from tradectl.layout import Cell, Column


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class AsciiTerminal(io.TextIOWrapper):
    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii")


def test_colours_are_for_terminals() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    Output(stdout=terminal, stderr=pipe).line("fine", "ok")
    Output(stdout=pipe, stderr=terminal).line("fine", "ok")
    assert terminal.getvalue() == "\x1b[32mfine\x1b[0m\n"
    assert pipe.getvalue() == "fine\n"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_switches_colours_off(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    terminal = Terminal()
    Output(stdout=terminal).line("fine", "ok")
    assert terminal.getvalue() == "fine\n"


def test_an_empty_no_color_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    terminal = Terminal()
    Output(stdout=terminal).line("fine", "ok")
    assert "\x1b[32m" in terminal.getvalue()


def test_quiet_keeps_data_and_warnings() -> None:
    out, err = io.StringIO(), io.StringIO()
    output = Output(quiet=True, stdout=out, stderr=err)
    output.line("data")
    output.note("message")
    output.warn("beware", hint="do this")
    output.next("tradectl doctor")
    output.finish(ok=True)
    assert out.getvalue() == "data\n"
    assert err.getvalue() == "warning: beware\n  hint: do this\n"


def test_json_is_one_document_with_warnings_and_next_steps() -> None:
    out, err = io.StringIO(), io.StringIO()
    output = Output(as_json=True, stdout=out, stderr=err)
    output.line("a screen")
    output.table([Column(title="A")], [["1"]])
    output.fields([("a", "1")])
    output.note("message")
    output.warn("beware")
    output.next("tradectl doctor")
    output.result("thing/1", {"n": 1})
    output.finish(ok=False)
    assert err.getvalue() == ""
    assert json.loads(out.getvalue()) == {
        "schema": "tradectl.thing/1",
        "ok": False,
        "data": {"n": 1},
        "warnings": [{"message": "beware", "hint": ""}],
        "next": ["tradectl doctor"],
    }


def test_text_of_strangers_cannot_steer_the_terminal() -> None:
    terminal = Terminal()
    Output(stdout=terminal).line("name\x1b]0;title\x07", "ok")
    assert terminal.getvalue() == "\x1b[32mname?]0;title?\x1b[0m\n"


def test_a_stream_that_cannot_spell_a_name_gets_its_code() -> None:
    stream = AsciiTerminal()
    Output(stdout=stream).line("Müller")
    stream.flush()
    assert stream.buffer.getvalue() == b"M\\xfcller\n"  # type: ignore[attr-defined]


def test_columns_without_room_are_named_on_standard_error() -> None:
    out, err = io.StringIO(), io.StringIO()
    columns = [Column(title="NAME"), Column(title="ORIGIN", rank=1)]
    Output(stdout=out, stderr=err, width=10).table(columns, [["abcdefgh", Cell("elsewhere")]])
    assert out.getvalue() == "NAME\nabcdefgh\n"
    assert err.getvalue() == "no room for: ORIGIN (a wider terminal or --json has it)\n"


def test_lines_may_be_as_long_as_they_are_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Output(stdout=io.StringIO()).width is None
    monkeypatch.setenv("COLUMNS", "71")
    assert Output(stdout=io.StringIO()).width == 71
