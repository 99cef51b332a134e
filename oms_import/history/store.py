"""The history store: opening it safely, its schema, and what every reader of it needs.

One process at a time may write. The database file is never opened but by DuckDB: closing a handle
of our own would drop DuckDB's lock.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

import duckdb

from oms_import.durable import sync_folder
from oms_import.history.faults import explained, is_conflict, plain_errors
from oms_import.history.lock import held_error, holder
from oms_import.history.schema import VERSIONS
from oms_import.model.errors import OutputError, StateError
from oms_import.model.publishing import PublishFile, from_json

_CONFLICT_WAIT = 2.0  # seconds; a reader closes sooner, a run does not
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A committed run whose files are not all known to be in place."""

    run_id: str
    manifest: str  # JSON, model.publishing.from_json

    @property
    def files(self) -> list[PublishFile]:
        """What the commit promised."""
        return from_json(self.manifest)


@dataclass(frozen=True, slots=True)
class _Settings:
    database: Path
    memory_mb: int
    temp_dir: Path
    read_only: bool

    def config(self) -> dict[str, str | bool | int | float | list[str]]:
        """Bounded, and closed against extensions; `_confine` does the rest."""
        return {
            "memory_limit": f"{self.memory_mb}MiB",
            "threads": 2,
            "temp_directory": str(self.temp_dir.absolute()),
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "preserve_insertion_order": True,
        }


def utc(moment: datetime) -> datetime:
    """UTC without a zone, as TIMESTAMP wants it."""
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


class Store:
    """An open history store. A context manager; closing writes what the WAL still holds."""

    def __init__(self, settings: _Settings, connection: duckdb.DuckDBPyConnection) -> None:
        self._settings = settings
        self._connection = connection
        self._umask = os.umask(0o077)  # DuckDB makes its files 0644, the WAL even later

    @classmethod
    def open(
        cls, database: Path, memory_mb: int, temp_dir: Path, *, read_only: bool = False
    ) -> Store:
        """Open the store, making or migrating it where needed.

        Read-only, a store that does not exist yet reads as an empty one. SQL reaches files below
        the database's folder and nothing else.

        Raises:
            LockHeldError: another process has it open.
            StateError: it is damaged, or made by a newer version.
            OutputError: no space or no permission.
        """
        settings = _Settings(database, memory_mb, temp_dir, read_only)
        return cls(settings, _prepared(settings))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """For the history package only."""
        return self._connection

    @property
    def database(self) -> Path:
        """Where the store is."""
        return self._settings.database

    def has_run(self, run_id: str) -> bool:
        """Whether the run was committed; the answer to any doubt about a commit."""
        return bool(self._column("SELECT run_id FROM runs WHERE run_id = ?", [run_id]))

    def run_ids(self) -> list[str]:
        """Every committed run, in order."""
        return self._column("SELECT run_id FROM runs ORDER BY run_id")

    def last_run(self) -> str | None:
        """The newest committed run."""
        found = self._column("SELECT max(run_id) FROM runs HAVING max(run_id) IS NOT NULL")
        return found[0] if found else None

    def unpublished(self) -> list[Unpublished]:
        """Runs committed but not known to be published, oldest first."""
        query = "SELECT run_id, manifest FROM runs WHERE NOT published ORDER BY run_id"
        with plain_errors(self.database):
            rows = self._connection.execute(query).fetchall()
        return [Unpublished(run_id, manifest) for run_id, manifest in rows]

    def manifest(self, run_id: str) -> str:
        """JSON of the files the run promised (model.publishing)."""
        found = self._column("SELECT manifest FROM runs WHERE run_id = ?", [run_id])
        return found[0] if found else "[]"

    def mark_published(self, run_id: str) -> None:
        """All files of the run are in place."""
        with plain_errors(self.database):
            self._connection.execute("UPDATE runs SET published = true WHERE run_id = ?", [run_id])

    def reopen(self) -> None:
        """Close and open again: after some failures DuckDB refuses all further work."""
        with plain_errors(self.database):
            self._connection.close()
        self._connection = _prepared(self._settings)

    def close(self) -> None:
        """Close the store.

        Raises:
            OutputError: no space to write the WAL into the database; nothing is lost by that.
        """
        try:
            with plain_errors(self.database):
                self._connection.close()
        finally:
            os.umask(self._umask)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def _column(self, query: str, values: list[object] | None = None) -> list[str]:
        with plain_errors(self.database):
            rows = self._connection.execute(query, values or []).fetchall()
        return [row[0] for row in rows]


def _prepared(settings: _Settings) -> duckdb.DuckDBPyConnection:
    """A connection with the schema in place."""
    connection = _connect(settings)
    if settings.read_only and settings.database.exists():
        connection = _upgraded(connection, settings)
    with plain_errors(settings.database):
        try:
            _migrate(connection, settings)
            _confine(connection, settings)
        except BaseException:
            connection.close()
            raise
    return connection


def _upgraded(
    connection: duckdb.DuckDBPyConnection, settings: _Settings
) -> duckdb.DuckDBPyConnection:
    """The connection of a reader that may come before the first run of a newer version."""
    with plain_errors(settings.database):
        version = _version(connection)
    if version >= len(VERSIONS):
        return connection
    connection.close()
    writing = replace(settings, read_only=False)
    upgrading = _connect(writing)
    with plain_errors(settings.database):
        try:
            _migrate(upgrading, writing)
        finally:
            upgrading.close()
    return _connect(settings)


def _connect(settings: _Settings) -> duckdb.DuckDBPyConnection:
    fresh = not settings.database.exists()
    if settings.read_only and fresh:
        return duckdb.connect(":memory:", config=settings.config())
    _make_folders(settings)
    umask = os.umask(0o077)
    try:
        if fresh:
            _create(settings)
        return _connect_patiently(settings)
    finally:
        os.umask(umask)


def _create(settings: _Settings) -> None:
    """Make the store whole under another name first: a crash leaves no half database behind."""
    making = settings.database.with_name(settings.database.name + ".new")
    making.unlink(missing_ok=True)
    making.with_name(making.name + ".wal").unlink(missing_ok=True)
    with plain_errors(settings.database):
        connection = duckdb.connect(str(making), config=settings.config())
        try:
            _migrate(connection, settings)
        finally:
            connection.close()
    making.rename(settings.database)
    sync_folder(settings.database.parent)


def _connect_patiently(settings: _Settings) -> duckdb.DuckDBPyConnection:
    deadline = monotonic() + _CONFLICT_WAIT
    while True:
        try:
            return duckdb.connect(
                str(settings.database), read_only=settings.read_only, config=settings.config()
            )
        except duckdb.Error as error:
            if not is_conflict(error):
                raise explained(error, settings.database) from None
            if monotonic() >= deadline:
                raise held_error(holder(settings.database.parent / "lock")) from None
        sleep(_POLL)


def _make_folders(settings: _Settings) -> None:
    try:
        settings.database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.temp_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        if settings.read_only:
            return
        raise OutputError(
            f"cannot make the folder of the history store {settings.database}: {error.strerror}",
            hint="fix the permissions of the workspace",
            location=str(settings.database.parent),
        ) from error


def _migrate(connection: duckdb.DuckDBPyConnection, settings: _Settings) -> None:
    """Bring the schema to the newest version, each version in one transaction."""
    version = _version(connection)
    if version > len(VERSIONS):
        raise StateError(
            f"the history store {settings.database} was made by a newer oms-import",
            hint="install at least the version that last ran here",
            location=str(settings.database),
        )
    if version == len(VERSIONS):
        return
    umask = os.umask(0o077)
    try:
        for number, statements in enumerate(VERSIONS[version:], start=version + 1):
            connection.begin()
            for statement in statements:
                connection.execute(statement)
            now = datetime.now(UTC).replace(tzinfo=None)
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [number, now])
            connection.commit()
    finally:
        os.umask(umask)


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    tables = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_name = 'schema_version'"
    ).fetchall()
    if not tables:
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    return int(row[0]) if row else 0


def _confine(connection: duckdb.DuckDBPyConnection, settings: _Settings) -> None:
    """No network and no file outside our own folder; DuckDB takes this only once a process."""
    row = connection.execute("SELECT current_setting('enable_external_access')").fetchone()
    if row and row[0]:
        folder = str(settings.database.parent.absolute()).replace("'", "''")
        connection.execute(f"SET allowed_directories = ['{folder}']")
        connection.execute("SET enable_external_access = false")
