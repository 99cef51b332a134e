"""Accepted orders into PostgreSQL by COPY: a run's rows are there together, and once.

A ledger in the receiver's own database says which runs it has. Ledger and rows are one
transaction, so that neither a crash nor a lost answer brings a run twice.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from oms_import.connectors.secrets import resolved
from oms_import.model.delivery import Piece, Sent
from oms_import.model.errors import AuthenticationError, SettingError, SourceUnreachableError
from oms_import.model.tables import TABLES
from oms_import.targets import PostgresTarget

Texts = Callable[[Path, str], Iterator[str]]
"""Folder of a run, name of a table → its rows as CSV texts without a header."""

_LEDGER = "oms_import_deliveries"


@dataclass(slots=True)
class PostgresDeliverer:
    """See model.delivery.Deliverer."""

    spec: PostgresTarget
    password: str | None
    texts: Texts
    psycopg: Any  # the module: an extra
    _connection: Any = None

    def send(self, pieces: Sequence[Piece], folder: Path) -> Iterator[Sent]:
        """Copy a run's tables and note it in the ledger."""
        for piece in pieces:
            now = datetime.now(UTC)
            try:
                said = self._copied(piece, folder)
            except self.psycopg.Error as error:
                self.close()
                yield _failed(piece, error, now)
                return
            yield Sent(piece, "delivered", said, now)

    def close(self) -> None:
        """Leave the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _copied(self, piece: Piece, folder: Path) -> str:
        if self._connection is None:
            self._connection = self._connected()
        with self._connection.transaction(), self._connection.cursor() as cursor:
            self._prepare(cursor)
            if not self._noted(cursor, piece):
                return "it was there already"
            rows = sum(self._copy(cursor, name, folder) for name in TABLES)
        return f"{rows:,} rows"

    def _connected(self) -> Any:
        return self.psycopg.connect(
            self.spec.url,
            autocommit=True,
            connect_timeout=self.spec.connect_seconds,
            **({"password": self.password} if self.password else {}),
        )

    def _prepare(self, cursor: Any) -> None:
        """Tables that are not there yet; one run at a time makes them."""
        sql = self.psycopg.sql
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_LEDGER])
        columns = "run_id text PRIMARY KEY, target text, orders bigint, at timestamptz"
        cursor.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} (" + columns + ")").format(self._named(_LEDGER))
        )
        for name, schema in TABLES.items():
            fields = [
                sql.SQL("{} " + _type(kind)).format(sql.Identifier(column))
                for column, kind in _columns(schema).items()
            ]
            statement = sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})")
            cursor.execute(statement.format(self._named(name), sql.SQL(", ").join(fields)))

    def _noted(self, cursor: Any, piece: Piece) -> bool:
        """Note the run; False: the ledger has it."""
        statement = "INSERT INTO {} VALUES (%s, %s, %s, now()) ON CONFLICT DO NOTHING"
        cursor.execute(
            self.psycopg.sql.SQL(statement).format(self._named(_LEDGER)),
            [piece.run_id, piece.target, piece.orders],
        )
        return cursor.rowcount == 1

    def _copy(self, cursor: Any, name: str, folder: Path) -> int:
        """Rows of one table, streamed."""
        sql = self.psycopg.sql
        columns = sql.SQL(", ").join(sql.Identifier(one) for one in TABLES[name])
        statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv)")
        with cursor.copy(statement.format(self._named(name), columns)) as copy:
            for text in self.texts(folder, name):
                copy.write(text)
        return cursor.rowcount

    def _named(self, table: str) -> Any:
        return self.psycopg.sql.Identifier(self.spec.schema_, table)


def _columns(schema: Mapping[str, Any]) -> dict[str, pl.DataType]:
    return dict(pl.Schema(schema))


def _type(kind: pl.DataType) -> str:
    """PostgreSQL's type of a column. Times are UTC, or a wall clock of no known zone."""
    if isinstance(kind, pl.Decimal):
        return f"numeric({kind.precision},{kind.scale})"
    if kind.is_integer():
        return "bigint"
    if kind == pl.Boolean:
        return "boolean"
    if kind == pl.Date:
        return "date"
    return "timestamp" if isinstance(kind, pl.Datetime) else "text"


def _failed(piece: Piece, error: Any, now: datetime) -> Sent:
    """A failure in words; what the server quotes of a row stays with it."""
    state = error.sqlstate or ""
    code = SourceUnreachableError.exit_code
    said = f"{type(error).__name__} {state}".strip()
    if error.diag.message_primary and not state.startswith("22"):  # 22: data, quoted in the text
        said += f": {error.diag.message_primary}"
    if state.startswith("28") or "authentication" in str(error) or "no password" in str(error):
        code, said = AuthenticationError.exit_code, "the database refused the login"
    elif state[:2] in {"22", "23", "42"}:
        code = SettingError.exit_code
    return Sent(piece, "failed", said[:200], now, code, lost=True)


def open_postgres_deliverer(
    spec: PostgresTarget, name: str, root: Path, texts: Texts
) -> PostgresDeliverer:
    """A receiver that is connected when there is something to send.

    Raises:
        SettingError: the extra is not installed, or the password's reference names nothing.
    """
    try:
        psycopg = importlib.import_module("psycopg")
        importlib.import_module("psycopg.sql")
    except ImportError:
        raise SettingError(
            f"deliver {name}: no driver for PostgreSQL is installed",
            hint="pip install 'oms-import[postgresql]'",
            location=name,
        ) from None
    key = f"deliver {name}: postgresql.password"
    password = resolved(spec.password, key, root) if spec.password else None
    return PostgresDeliverer(spec, password, texts, psycopg)
