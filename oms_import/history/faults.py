"""DuckDB's failures in plain words. Its own texts quote values of orders, so they go no further."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from oms_import.model.errors import OmsImportError, OutputError, StateError

_SPACE = ("No space left", "Disk quota exceeded", "disk is full", "max_temp_directory_size")
_DENIED = ("Permission denied", "Read-only file system", "Operation not permitted")
_DAMAGED = (
    "Corrupt",
    "not a valid DuckDB database",
    "Could not read enough bytes",
    "checksum",
    "Failed to load metadata",
    "erialization",
    "WAL file",
    "replaying WAL",
    "different database",
)


@contextmanager
def plain_errors(database: Path) -> Generator[None]:
    """Whatever DuckDB raises inside the block leaves it as one of our errors.

    Raises:
        OutputError: no space, no permission, not enough memory.
        StateError: the store is damaged.
        OmsImportError: anything else, which is a bug of ours.
    """
    try:
        yield
    except duckdb.Error as error:
        raise explained(error, database) from None


def explained(error: duckdb.Error, database: Path) -> OmsImportError:
    """The same failure as one of our errors, without DuckDB's text."""
    text = str(error)
    where = str(database)
    if any(mark in text for mark in _SPACE):
        return OutputError(
            f"no space left for the history store {database}",
            hint="free disk space, then run again; what was committed before is intact",
            location=where,
        )
    if any(mark in text for mark in _DENIED):
        return OutputError(
            f"the history store {database} cannot be written or read: permission denied",
            hint="run as the user that owns the workspace, or fix the permissions",
            location=where,
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return OutputError(
            "the history store needs more memory than it may use",
            hint="raise limits.memory_mb in oms-import.toml; nothing was imported",
            location=where,
        )
    if isinstance(error, duckdb.FatalException) or any(mark in text for mark in _DAMAGED):
        return damaged(database)
    return OmsImportError(
        f"the history store refused a statement ({type(error).__name__})",
        hint="this is a bug of ours; nothing was imported by this run",
        location=where,
    )


def damaged(database: Path) -> StateError:
    """The store cannot be read."""
    return StateError(
        f"the history store {database} is damaged",
        hint="restore the .oms-import folder from a backup; do not delete it, since it knows "
        "which orders were imported",
        location=str(database),
    )


def is_conflict(error: duckdb.Error) -> bool:
    """Whether another process has the store open."""
    return "Conflicting lock" in str(error) or "Could not set lock" in str(error)
