"""The history store, opened for the length of a command that only reads."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from oms_import.workspace import Workspace


@contextmanager
def reading(workspace: Workspace) -> Generator[duckdb.DuckDBPyConnection]:
    """A connection that cannot write.

    Raises:
        LockHeldError: a run has the store open right now.
        StateError: the store is damaged.
    """
    from oms_import.history.store import Store

    memory = workspace.settings.limits.memory_mb
    with Store.open(workspace.database, memory, workspace.state / "tmp", read_only=True) as store:
        yield store.connection
