"""The commit point: one transaction that makes a run's orders imported, or nothing of it.

Everything before it can be thrown away, everything after it can be rolled forward. Whether a
commit that failed or was cut off went through is asked of the store, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from oms_import.history import commit_sql as sql
from oms_import.history.faults import explained
from oms_import.history.headers import HeaderRecord, header_hash, keep
from oms_import.history.outbox import fill
from oms_import.history.profiles import UsedProfile, remember
from oms_import.history.rows import inserts
from oms_import.history.store import Store, utc
from oms_import.model.errors import OmsImportError, OutputError
from oms_import.model.publishing import PublishFile, to_json
from oms_import.model.values import DropResult


@dataclass(frozen=True, slots=True)
class DropRecord:
    """A row of `drops`; `index` is the `_drop` of the run's claims (-1: it has none)."""

    index: int
    drop_id: str
    channel: str
    account: str
    name: str
    origin: str
    sha256: str
    bytes: int
    modified_at: datetime | None
    fetched_at: datetime
    status: str
    encoding: str | None
    dialect: str | None  # JSON of model.values.Dialect
    header_hash: str | None
    profile: str
    profile_version: int
    stated_count: int | None
    read_count: int
    findings: str  # JSON list of FINDING

    @classmethod
    def of(cls, result: DropResult) -> DropRecord:
        """What history keeps of a drop's result."""
        drop, dialect = result.drop, result.dialect
        return cls(
            index=drop.index,
            drop_id=drop.drop_id,
            channel=drop.channel,
            account=drop.account,
            name=drop.name,
            origin=drop.origin,
            sha256=drop.sha256,
            bytes=drop.size,
            modified_at=None if drop.modified_at is None else utc(drop.modified_at),
            fetched_at=utc(drop.fetched_at),
            status=result.status,
            encoding=dialect.encoding if dialect else None,
            dialect=json.dumps(asdict(dialect), ensure_ascii=False) if dialect else None,
            header_hash=header_hash(dialect.columns) if dialect else None,
            profile=result.profile,
            profile_version=result.profile_version,
            stated_count=dialect.stated_count if dialect else None,
            read_count=result.records,
            findings=json.dumps([f.as_json() for f in result.findings], ensure_ascii=False),
        )


@dataclass(frozen=True, slots=True)
class CommitRequest:
    """A finished run, ready to be committed; its files are durable in staging."""

    run_id: str
    command: str
    status: str
    exit_code: int
    started_at: datetime
    finished_at: datetime
    drops: Sequence[DropRecord]
    claims: Sequence[Path]  # Parquet, model.tables.CLAIMS: outcomes before dedupe
    decisions: Path | None  # Parquet, model.tables.DECISIONS
    findings: Sequence[Path]  # Parquet, FINDINGS and `pointer` of rejected and held orders
    files: Sequence[PublishFile]
    report: str  # report.json
    interchanges: Sequence[Sequence[object]] = ()  # rows of history.interchanges
    headers: Sequence[HeaderRecord] = ()
    profiles: Sequence[UsedProfile] = ()
    targets: Sequence[tuple[str, int | None]] = ()  # receivers, and orders a piece
    retry_of: str | None = None

    @property
    def manifest(self) -> str:
        """The promise to publish, as history keeps it."""
        return to_json(self.files)


_STATEMENTS = (sql.ACCEPTED, sql.EXCEPTIONS, sql.OTHERS, sql.RESOLVED, sql.SUPERSEDED)


def commit(store: Store, request: CommitRequest) -> None:
    """Make the run history, in one transaction. When this returns, the run is committed.

    Raises:
        OutputError: no space; nothing of the run is in the store.
        StateError: the store is damaged.
    """
    try:
        _transaction(store, request)
    except duckdb.Error as error:
        if _went_through(store, request.run_id):
            return
        raise _refused(error, store) from None


def _transaction(store: Store, request: CommitRequest) -> None:
    connection = store.connection
    try:
        connection.execute("BEGIN")
        _insert_run(connection, request)
        _insert_drops(connection, request)
        _insert(connection, "interchanges", request.interchanges)
        again = request.retry_of is not None
        keep(connection, request.run_id, request.headers, retry=again)
        remember(connection, request.run_id, request.finished_at, request.profiles)
        _judged_orders(connection, request)
        for statement in _STATEMENTS:
            connection.execute(statement, {"run_id": request.run_id})
        fill(connection, request.run_id, request.targets)
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise
    finally:
        _forget_scratch(connection)


def _roll_back(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        return  # no transaction is left: DuckDB ended it, or the database is invalidated


def _went_through(store: Store, run_id: str) -> bool:
    """Ask the store, opened anew where it refuses to answer."""
    try:
        return store.has_run(run_id)
    except OmsImportError:
        try:
            store.reopen()
            return store.has_run(run_id)
        except OmsImportError:
            return False


def _refused(error: duckdb.Error, store: Store) -> OmsImportError:
    known = explained(error, store.database)
    if isinstance(error, duckdb.TransactionException) and not isinstance(known, OutputError):
        return OutputError(
            f"the run could not be committed to the history store {store.database}",
            hint="free disk space, then run again; nothing was imported",
            location=str(store.database),
        )
    return known


def _insert_run(connection: duckdb.DuckDBPyConnection, request: CommitRequest) -> None:
    row = [
        request.run_id,
        request.command,
        request.status,
        request.exit_code,
        utc(request.started_at),
        utc(request.finished_at),
        request.retry_of,
        False,
        request.manifest,
        request.report,
    ]
    _insert(connection, "runs", [row])


def _insert_drops(connection: duckdb.DuckDBPyConnection, request: CommitRequest) -> None:
    """The drops' rows, and `_drop` → drop id for the orders' rows."""
    connection.execute("CREATE TEMP TABLE run_drops (_drop UINTEGER, drop_id VARCHAR)")
    rows = [list(asdict(drop).values()) for drop in request.drops]
    _insert(connection, "drops", [[request.run_id, *row[1:]] for row in rows])
    _insert(connection, "run_drops", [row[:2] for row in rows if row[0] >= 0])


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]
) -> None:
    """Rows with a value for each column of the table; there may be none."""
    for statement, values in inserts(table, rows):
        connection.execute(statement, values)


def _judged_orders(connection: duckdb.DuckDBPyConnection, request: CommitRequest) -> None:
    """run_orders: every claim with its last word, as pipeline.verdicts has it."""
    claims = _parquet(request.claims, sql.NO_CLAIMS)
    decided = [request.decisions] if request.decisions else []
    decisions = _parquet(decided, sql.NO_DECISIONS)
    findings = _parquet(request.findings, sql.NO_FINDINGS)
    connection.execute(f"CREATE TEMP VIEW run_claims AS {claims}")
    connection.execute(f"CREATE TEMP VIEW run_decisions AS {decisions}")
    connection.execute(f"CREATE TEMP VIEW run_findings AS {findings}")
    connection.execute(sql.JUDGED)


def _parquet(paths: Sequence[Path], empty: str) -> str:
    """SQL that reads the parts in their order, or an empty relation of the same columns."""
    if not paths:
        return empty
    names = ", ".join("'" + str(path.absolute()).replace("'", "''") + "'" for path in paths)
    return f"SELECT * FROM read_parquet([{names}], file_row_number = true)"  # noqa: S608


def _forget_scratch(connection: duckdb.DuckDBPyConnection) -> None:
    try:
        for view in ("run_orders", "run_claims", "run_decisions", "run_findings"):
            connection.execute(f"DROP VIEW IF EXISTS {view}")
        connection.execute("DROP TABLE IF EXISTS run_drops")
    except duckdb.Error:
        return  # an invalidated database forgets them with its connection
