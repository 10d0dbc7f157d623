"""What a study's files and the attributes of its trials are called."""

from __future__ import annotations

JOURNAL, ABOUT, LOCK = "journal.log", "about.json", "lock"
ROW = "row"  # of a trial that was made: its metrics, and what else came of it
PASSED = "passed"  # parts after which a trial was let go on
