"""Where a study is kept: a folder of the run store, with Optuna's journal in it."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

from tradectl_sdk.data.locking import writer_lock
from tradectl_sdk.errors import DataError, DeadlineError, UsageError
from tradectl_sdk.pipelines.optimizing.choosing import require_optuna
from tradectl_sdk.pipelines.optimizing.names import ABOUT, JOURNAL, LOCK
from tradectl_sdk.pipelines.optimizing.study import Study
from tradectl_sdk.runs import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tradectl_sdk.pipelines.optimizing.question import Question


class StudyPlace(ABC):
    """Where one study is kept, for one process at a time."""

    study_id: str

    @property
    @abstractmethod
    def exists(self) -> bool:
        """Whether there is something to go on with."""

    @abstractmethod
    def remove(self) -> None:
        """Forget it.

        Raises:
            UsageError: If another process is at it.
        """

    @abstractmethod
    def opened(
        self, question: Question, about: Mapping[str, Any], parts: int
    ) -> AbstractContextManager[Study]:
        """Open the study for one process, making it where it is not.

        Args:
            question: What it is after.
            about: Everything that its trials depend on.
            parts: How many parts of the bars a trial may be stopped after.

        Raises:
            UsageError: If another process is at it, or Optuna is not installed.
            DataError: If what is kept is damaged, or nothing can be written.
        """


class StudyFolder(StudyPlace):
    """A study's folder in the run store: the journal, and what it is about.

    Args:
        root: The store.
        study_id: ``o-`` and 32 hexadecimal digits, from all that the trials depend on.
    """

    def __init__(self, root: Path, study_id: str) -> None:
        self.study_id = study_id
        self.path = root / study_id

    @property
    def exists(self) -> bool:
        """Whether there is a journal."""
        return (self.path / JOURNAL).exists()

    def remove(self) -> None:
        """Remove the folder."""
        if self.path.exists():
            with self._held():
                shutil.rmtree(self.path, ignore_errors=True)

    @contextmanager
    def opened(self, question: Question, about: Mapping[str, Any], parts: int) -> Iterator[Study]:
        """Open the journal."""
        require_optuna()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{self.path} could not be made: {error.strerror}") from error
        with self._held():
            (self.path / ABOUT).write_text(canonical_json(about) + "\n", encoding="utf-8")
            with ExitStack() as opened:
                yield self._study(question, parts, opened)

    def _study(self, question: Question, parts: int, opened: ExitStack) -> Study:
        from tradectl_sdk.pipelines.optimizing.books import Books
        from tradectl_sdk.pipelines.optimizing.journal import JournalFile

        path = self.path / JOURNAL
        try:
            journal = opened.enter_context(closing(JournalFile(path)))
            return Study(Books(journal), self.study_id, question, parts, journal.flush)
        except (ValueError, KeyError, OSError) as error:
            raise DataError(
                f"{path} is damaged: {error}", hint="--fresh starts the study over"
            ) from error

    @contextmanager
    def _held(self) -> Iterator[None]:
        with ExitStack() as held:
            try:
                held.enter_context(writer_lock(self.path / LOCK, timeout=0.0))
            except DeadlineError as error:
                raise UsageError(
                    f"another process is at study {self.study_id[:10]}",
                    hint="wait for it, or end it",
                ) from error
            yield
