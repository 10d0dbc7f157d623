from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tradectl.layout import Cell, Column, Table, cells_wide, clean, lay_out

NAME = Column(title="NAME")
COUNT = Column(title="N", right=True, rank=1)
TEXT = Column(title="TEXT", wrap=True)


def drawn(table: Table) -> list[str]:
    return ["  ".join(cell.text for cell in line).rstrip() for line in table.lines]


def rows(*lines: tuple[str, ...]) -> list[list[Cell]]:
    return [[Cell(text) for text in line] for line in lines]


def test_numbers_stand_right_and_text_left() -> None:
    table = lay_out([NAME, COUNT], rows(("a", "5"), ("long", "1000")), width=None)
    assert drawn(table) == ["NAME     N", "a        5", "long  1000"]


def test_a_narrow_terminal_drops_the_column_of_highest_rank_and_says_so() -> None:
    table = lay_out([NAME, COUNT], rows(("abcdefgh", "12345678")), width=12)
    assert drawn(table) == ["NAME", "abcdefgh"]
    assert table.hidden == ("N",)


def test_long_text_continues_below_itself() -> None:
    table = lay_out([NAME, TEXT], rows(("a", "one two three four five six seven")), width=32)
    assert drawn(table) == ["NAME  TEXT", "a     one two three four five", "      six seven"]


def test_a_wrapping_column_keeps_its_own_line_breaks() -> None:
    table = lay_out([NAME, TEXT], rows(("a", "one\ntwo")), width=None)
    assert drawn(table) == ["NAME  TEXT", "a     one", "      two"]


def test_without_a_width_nothing_is_dropped_or_wrapped() -> None:
    table = lay_out([NAME, COUNT, TEXT], rows(("a", "1", "word " * 100)), width=None)
    assert table.hidden == ()
    assert len(table.lines) == 2


def test_wide_characters_take_two_cells_and_combining_ones_none() -> None:
    assert cells_wide("日本") == 4
    assert cells_wide("e\N{COMBINING ACUTE ACCENT}") == 1


def test_a_table_without_rows_is_its_heading() -> None:
    assert drawn(lay_out([NAME, TEXT], [], width=80)) == ["NAME  TEXT"]


def test_control_characters_cannot_reach_the_terminal() -> None:
    assert clean("\x1b[2Jgone\x07\x9b") == "?[2Jgone??"


@given(
    st.lists(st.tuples(st.text("ab ", max_size=60), st.text("ab ", max_size=200)), max_size=5),
    st.integers(60, 120),
)
def test_lines_fit_the_terminal_where_columns_may_wrap(
    texts: list[tuple[str, str]], width: int
) -> None:
    columns = [Column(title="A", rank=1), TEXT]
    for line in drawn(lay_out(columns, rows(*texts), width=width)):
        assert len(line) <= width
