"""Running the rules over staged bars: what was found, what was mended, what must be refused."""

# ruff: noqa: S608 - statements are built from constants, numbers and quoted names only
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradectl_sdk.data.bars import COLUMNS
from tradectl_sdk.errors import ImportRefusedError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import duckdb

    from tradectl_sdk.data.rules import Rule
    from tradectl_sdk.data.source import Source

SHOWN = 3  # cells quoted per rule
CHECKED_ELSEWHERE = ("timeframe",)  # rules about the whole file that can be accepted


@dataclass(frozen=True, slots=True)
class Finding:
    """One bad cell, as it stands in the source.

    Attributes:
        rule: The rule it breaks.
        row: Data row, counted from 1 without the header; 0 for the file as a whole.
        line: Line of a text file; 0 for binary formats.
        column: Column of the bar.
        value: The text found there.
        reason: What is wrong with it.
        total: How many cells break this rule.
    """

    rule: str
    row: int
    line: int
    column: str
    value: str | None
    reason: str
    total: int

    def __str__(self) -> str:
        """Return place, value, reason, and how many there are."""
        if not self.row:
            return f"{self.rule}: {self.reason}"
        place = f"row {self.row}" + (f" (line {self.line})" if self.line else "")
        value = "empty" if self.value is None else repr(self.value)
        return (
            f"{place}, column {self.column} was {value}: {self.reason} [{self.rule}, {self.total}]"
        )


@dataclass(slots=True)
class Outcome:
    """What the rules found so far; grows while they run."""

    refused: list[Finding] = field(default_factory=list)
    repaired: dict[str, int] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)


def check_accepted(accept: Collection[str], rules: Sequence[Rule]) -> None:
    """Refuse to accept what is no rule, or what can never be genuine.

    Raises:
        UsageError: With the rules that can be accepted.
    """
    possible = [rule.name for rule in rules if rule.genuine] + list(CHECKED_ELSEWHERE)
    for name in accept:
        if name not in possible:
            raise UsageError(
                f"accept named {name!r}, expected one of {', '.join(possible)}",
                hint=did_you_mean(name, possible),
            )


def run_rules(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    source: Source,
    outcome: Outcome,
    *,
    repair: bool,
    accept: Collection[str] = (),
) -> None:
    """Run rules in order over ``work``; repairs change it and are recorded in ``repairs``."""
    for rule in rules:
        for statement in rule.prepare:
            connection.execute(statement)
        connection.execute(
            'CREATE OR REPLACE TEMP TABLE hits (row BIGINT, "column" VARCHAR, before VARCHAR,'
            " after VARCHAR)"
        )
        connection.execute(f"INSERT INTO hits {rule.find}")
        row = connection.execute("SELECT count(*) FROM hits").fetchone()
        total = int(row[0]) if row else 0
        if not total:
            continue
        if rule.name in accept:
            outcome.accepted.append(rule.name)
        elif repair and rule.repair:
            _mend(connection, rule)
            outcome.repaired[rule.name] = total
        else:
            outcome.refused.extend(_quote(connection, rule, source, total))


def _mend(connection: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    connection.execute("INSERT INTO repairs SELECT row, ?, * EXCLUDE row FROM hits", [rule.name])
    for statement in rule.repair:
        connection.execute(statement)


def _quote(
    connection: duckdb.DuckDBPyConnection, rule: Rule, source: Source, total: int
) -> list[Finding]:
    """Quote the first findings with the text that stands in the source."""
    cell = " ".join(f"WHEN '{c}' THEN raw.{'t' if c == 'time' else c}" for c in COLUMNS)
    rows = connection.execute(
        f'SELECT row, "column", CASE "column" {cell} END FROM hits JOIN raw USING (row)'
        f' ORDER BY row, "column" LIMIT {SHOWN}'
    ).fetchall()
    return [
        Finding(rule.name, row, source.line_of(row), column, value, rule.reason, total)
        for row, column, value in rows
    ]


def raise_refused(source: Source, outcome: Outcome, rules: Sequence[Rule]) -> None:
    """Raise for what was neither mended nor accepted; return if there is nothing.

    Raises:
        ImportRefusedError: Listing the findings.
    """
    if not outcome.refused:
        return
    totals = {finding.rule: finding.total for finding in outcome.refused}
    counted = ", ".join(f"{name} {total}" for name, total in totals.items())
    raise ImportRefusedError(
        f"{source.path} was refused, nothing was stored; bad cells: {counted}",
        findings=outcome.refused,
        hint=_hint(set(totals), rules),
    )


def _hint(broken: set[str], rules: Sequence[Rule]) -> str:
    mendable = {rule.name for rule in rules if rule.repair}
    genuine = {rule.name for rule in rules if rule.genuine} | set(CHECKED_ELSEWHERE)
    parts = []
    if broken & mendable:
        parts.append("--repair mends what can be mended and records each change")
    if broken & genuine:
        flags = " ".join(f"--accept {name}" for name in sorted(broken & genuine))
        parts.append(f"{flags} if the market really did that")
    return "; ".join(parts) or "mend the file at its source"
