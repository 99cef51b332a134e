"""Opening the history store."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from oms_import.history.lock import hold
from oms_import.history.schema import VERSIONS
from oms_import.history.store import Store
from oms_import.model.errors import StateError


def opened(folder: Path, *, read_only: bool = False) -> Store:
    return Store.open(folder / "history.duckdb", 128, folder / "tmp", read_only=read_only)


def test_a_new_store_has_the_schema_and_only_we_may_read_it(tmp_path: Path) -> None:
    with opened(tmp_path / "state") as store:
        assert store.run_ids() == []
        assert store.last_run() is None
        store.connection.execute("INSERT INTO schema_version VALUES (0, NULL)")
        modes = {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "state").glob("history*")}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_crash_while_the_store_is_made_leaves_no_half_store(tmp_path: Path) -> None:
    (tmp_path / "history.duckdb.new").write_bytes(b"half")
    (tmp_path / "history.duckdb.new.wal").write_bytes(b"half")
    with opened(tmp_path) as store:
        assert store.run_ids() == []


def test_reading_a_store_that_does_not_exist_makes_none(tmp_path: Path) -> None:
    with opened(tmp_path / "state", read_only=True) as store:
        assert store.run_ids() == []
    assert not (tmp_path / "state").exists()


def test_readers_see_what_was_written_before(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.connection.execute("INSERT INTO runs (run_id, published) VALUES ('r1', false)")
        assert store.has_run("r1")
        store.mark_published("r1")
    with opened(tmp_path, read_only=True) as store:
        assert store.last_run() == "r1"
        assert store.unpublished() == []


@pytest.mark.parametrize("content", [b"", b"hello" * 2000, b"\0" * 20000])
def test_a_damaged_store_needs_a_person(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.duckdb").write_bytes(content)
    with pytest.raises(StateError, match="damaged") as caught:
        opened(tmp_path)
    assert "backup" in caught.value.hint


def test_a_store_cut_short_needs_a_person(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.connection.execute("INSERT INTO others (run_id) SELECT i FROM range(100000) t(i)")
    path = tmp_path / "history.duckdb"
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(StateError):
        opened(tmp_path)


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        newer = len(VERSIONS) + 1
        store.connection.execute("INSERT INTO schema_version VALUES (?, NULL)", [newer])
    with pytest.raises(StateError, match="newer"):
        opened(tmp_path)


def test_sql_reaches_no_file_outside_the_folder_of_the_store(tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    with opened(tmp_path / "state") as store, pytest.raises(duckdb.PermissionException):
        store.connection.execute(f"SELECT * FROM read_csv('{outside}')")


def test_a_second_process_is_told_who_has_the_store(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from oms_import.history.store import Store\n"
        "from oms_import.model.errors import LockHeldError\n"
        "d = Path(sys.argv[1])\n"
        "try: Store.open(d / 'history.duckdb', 128, d / 'tmp', read_only=True)\n"
        "except LockHeldError as error: print(error.message)\n"
    )
    with hold(tmp_path / "lock", "run-one"), opened(tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        )
    assert "run-one" in done.stdout
    assert "PID" in done.stdout
