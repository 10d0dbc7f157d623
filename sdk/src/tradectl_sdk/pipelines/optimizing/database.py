"""Where a study is kept: a PostgreSQL database, in the tables that Optuna makes there.

A password is in nobody's address here: the client library takes it from PGPASSWORD or ~/.pgpass, so
that there is none to be written into a log, a record or a message.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tradectl_sdk.errors import DataError, NotFoundError, TransportError, UsageError, pip_install
from tradectl_sdk.pipelines.optimizing.choosing import require_optuna
from tradectl_sdk.pipelines.optimizing.places import StudyPlace
from tradectl_sdk.pipelines.optimizing.study import Study
from tradectl_sdk.runs import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tradectl_sdk.pipelines.optimizing.question import Question

_SCHEMES = ("postgresql", "postgres")
_CONNECT = 10  # seconds the server may take to answer, unless the address says connect_timeout


class StudyDatabase(StudyPlace):
    """A study in a database. While it is open, an advisory lock keeps others from it.

    Args:
        address: ``postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE``, all of it optional but the
            beginning; the usual environment variables and files fill in the rest.
        study_id: ``o-`` and 32 hexadecimal digits, from all that the trials depend on.

    Raises:
        UsageError: If it is no such address, holds a password, or no driver is installed.
    """

    def __init__(self, address: str, study_id: str) -> None:
        self.study_id = study_id
        self._address = checked_address(address)
        require_optuna()
        _require_driver()

    @property
    def exists(self) -> bool:
        """Whether the database has it."""
        with _said(self.study_id), self._storage() as storage:
            try:
                storage.get_study_id_from_name(self.study_id)
            except KeyError:
                return False
        return True

    def remove(self) -> None:
        """Delete it from the database."""
        if self.exists:
            with self._held(), _said(self.study_id), self._storage() as storage:
                require_optuna().delete_study(study_name=self.study_id, storage=storage)

    @contextmanager
    def opened(self, question: Question, about: Mapping[str, Any], parts: int) -> Iterator[Study]:
        """Open it, and hold the lock until it is closed."""
        with self._held() as lock, _said(self.study_id), self._storage() as storage:
            flush = _Alive(lock)
            study = Study(storage, self.study_id, question, parts, flush)
            number = storage.get_study_id_from_name(self.study_id)
            storage.set_study_user_attr(number, "about", canonical_json(about))
            yield study

    def read(self) -> tuple[str, str, list[Any]]:
        """Read the study whose id begins as ours does: its id, what it is about, its trials.

        Raises:
            NotFoundError: If there is none, or more than one.
        """
        with _said(self.study_id), self._storage(make=False) as storage:
            kept = {one.study_name: one for one in storage.get_all_studies()}
            found = [name for name in kept if name.startswith(self.study_id)]
            if len(found) != 1:
                raise NotFoundError(
                    f"{len(found) or 'no'} studies of this database begin with {self.study_id}, "
                    "expected one",
                    hint="tradectl optimize prints the id of a study",
                )
            study = kept[found[0]]
            trials = storage.get_all_trials(study._study_id, deepcopy=False)  # noqa: SLF001 - Optuna has no public name for it
            return found[0], study.user_attrs.get("about", ""), trials

    @contextmanager
    def _storage(self, *, make: bool = True) -> Iterator[Any]:
        """Open Optuna's tables, making them where they are not."""
        from optuna.storages import RDBStorage

        _, _, rest = self._address.partition("://")
        storage = RDBStorage(
            f"postgresql+psycopg://{rest}",
            engine_kwargs={"hide_parameters": True, "connect_args": self._timeout()},
            skip_table_creation=not make,
        )
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()

    def _timeout(self) -> dict[str, Any]:
        given = dict(parse_qsl(urlsplit(self._address).query))
        return {} if "connect_timeout" in given else {"connect_timeout": _CONNECT}

    @contextmanager
    def _held(self) -> Iterator[Any]:
        """Hold the study's lock; the server drops it with the connection."""
        import psycopg

        digest = hashlib.sha256(self.study_id.encode()).digest()[:8]
        key = int.from_bytes(digest, "big", signed=True)
        with (
            _said(self.study_id),
            psycopg.connect(self._address, autocommit=True, **self._timeout()) as connection,
        ):
            row = connection.execute("select pg_try_advisory_lock(%s)", (key,)).fetchone()
            if row is None or not row[0]:
                raise UsageError(
                    f"another process is at study {self.study_id[:10]}",
                    hint="wait for it, or end it",
                )
            yield connection


class _Alive:
    """Insists that a connection, and so the lock that goes with it, is still there."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __call__(self) -> None:
        self._connection.execute("select 1")


def stored_study(address: str, reference: str) -> tuple[str, str, list[Any]]:
    """Read a study that is in a database; errors as for :class:`StudyDatabase` and its ``read``."""
    return StudyDatabase(address, reference).read()


def checked_address(address: str) -> str:
    """Return an address of a database, if it may be used.

    Raises:
        UsageError: If it is of another kind or holds a password. Nothing of it is repeated.
    """
    try:
        parts = urlsplit(address)
        secret = parts.password is not None
        port = parts.port
    except ValueError:
        raise UsageError("the address of the storage makes no sense", hint=_form()) from None
    options = [name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    if secret or any("password" in name for name in options):
        raise UsageError(
            "the address of the storage holds a password, expected none",
            hint="set PGPASSWORD or write it into ~/.pgpass, and change one that was shown",
        )
    if parts.scheme not in _SCHEMES or parts.fragment or port == 0:
        raise UsageError("the storage is no PostgreSQL database", hint=_form())
    return address


def _form() -> str:
    return "write it as postgresql://USER@HOST:PORT/DATABASE"


def _require_driver() -> None:
    try:
        import psycopg  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UsageError(
            "a study on PostgreSQL needs psycopg, which is not installed",
            hint=pip_install('"tradectl-sdk[postgresql]"'),
        ) from error


@contextmanager
def _said(study_id: str) -> Iterator[None]:
    """Say in our words what goes wrong between us and the server.

    Raises:
        TransportError: If it cannot be reached, lets nobody in, or the connection is lost.
        DataError: If it answers, and not as a database of studies should.
    """
    import psycopg
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (psycopg.Error, SQLAlchemyError, StorageInternalError) as error:
        found = _cause(error)
        if isinstance(found, psycopg.OperationalError | psycopg.InterfaceError):
            raise TransportError(
                f"the database of study {study_id[:10]} cannot be used: {_line(found)}",
                hint="trials that were made are kept there: --resume once it is back",
            ) from None
        raise DataError(
            f"the database refused study {study_id[:10]}: {_line(found)}",
            hint="it takes a user who may make tables, and tables of this version of Optuna",
        ) from None
    except RuntimeError as error:
        if "optuna storage upgrade" not in str(error) and "alembic" not in str(error):
            raise
        raise DataError(
            "the tables of studies in this database are of another version of Optuna",
            hint="take another database, or that version",
        ) from None


def _cause(error: BaseException) -> BaseException:
    """What the driver said, if it was the driver."""
    import psycopg

    found: BaseException | None = error
    while found is not None and not isinstance(found, psycopg.Error):
        found = getattr(found, "orig", None) or found.__cause__
    return found or error


def _line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
