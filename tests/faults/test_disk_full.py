"""A full disk, on a real small file system: told as exit 7, nothing imported, state intact."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from steps import RUN, open_store, request, stage_run, workspace_in

from oms_import.history import journal
from oms_import.history.commit import commit
from oms_import.history.recover import finish, recover
from oms_import.landing.store import land
from oms_import.model.errors import OutputError
from oms_import.model.tables import CLAIMS, TABLES
from oms_import.outputs.accepted import AcceptedWriter
from oms_import.outputs.manifest import stage_bytes
from oms_import.outputs.publish import publish
from oms_import.outputs.rejected import EXCEPTIONS, RejectedWriter


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs needs root with CAP_SYS_ADMIN")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """Fill the file system but for `leave` bytes."""
    room = os.statvfs(folder)
    filler = folder / "filler"
    filler.write_bytes(b"x" * max(0, room.f_bavail * room.f_bsize - leave))
    return filler


def random_text(rows: int) -> list[str]:
    return [os.urandom(50).hex() for _ in range(rows)]


def test_landing_on_a_full_disk(small: Path, tmp_path: Path) -> None:
    source = tmp_path / "orders.csv"
    source.write_bytes(os.urandom(1_000_000))
    filler = fill(small, 100_000)
    with pytest.raises(OutputError):
        land(source, small / "raw")
    assert [path for path in small.rglob("*") if path.is_file() and path != filler] == [] or all(
        path.name.endswith(".part") for path in (small / "raw").iterdir()
    )
    filler.unlink()
    assert land(source, small / "raw").path.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_accepted_files_on_a_full_disk(small: Path, kind: str) -> None:
    fill(small, 300_000)
    schema = {"_order": pl.Int64, **TABLES["orders"]}
    rows = {"_order": range(20_000), "buyer_note": random_text(20_000)}
    orders = pl.DataFrame(schema=schema).join(
        pl.DataFrame(rows), on=["_order", "buyer_note"], how="full", coalesce=True
    )
    tables = {name: pl.DataFrame(schema={"_order": pl.Int64, **s}) for name, s in TABLES.items()}
    writer = AcceptedWriter(small / "accepted", (kind,))
    writer.write({**tables, "orders": orders.select(list(schema))})  # waits for more
    with pytest.raises(OutputError) as caught:
        writer.close()
    assert str(small) in caught.value.message
    assert "No space" in caught.value.message


def test_rejected_files_on_a_full_disk(small: Path) -> None:
    fill(small, 200_000)
    text = random_text(20_000)
    frame = pl.DataFrame({"value": text}).select(
        *[pl.lit(None, dtype=t).alias(n) if n != "value" else n for n, t in EXCEPTIONS.items()]
    )
    writer = RejectedWriter(small / "rejected")
    with pytest.raises(OutputError, match="No space"):
        writer.write_exceptions(frame)


def test_a_report_on_a_full_disk(small: Path) -> None:
    (small / "reports").mkdir()
    fill(small, 0)
    with pytest.raises(OutputError):
        stage_bytes(small, "reports/report.json", b"x" * 10_000)


def big_claims(path: Path, rows: int) -> Path:
    """Claims that need more room in the store than is left."""
    texts = random_text(rows)
    frame = pl.DataFrame({"key": texts, "order_key": texts}).with_columns(
        pl.lit("shop").alias("channel"),
        pl.lit("default").alias("account"),
        pl.lit("accepted").alias("outcome"),
        pl.int_range(rows).alias("_order"),
        pl.lit(0, dtype=pl.UInt32).alias("_drop"),
    )
    missing = {name: kind for name, kind in CLAIMS.items() if name not in frame.columns}
    whole = frame.with_columns(pl.lit(None, dtype=kind).alias(n) for n, kind in missing.items())
    whole.select(list(CLAIMS)).write_parquet(path)
    return path


def test_a_commit_on_a_full_disk_imports_nothing_and_can_be_repeated(small: Path) -> None:
    workspace = workspace_in(small)
    asked = request(workspace, stage_run(workspace))
    claims = big_claims(workspace.staging / RUN / "claims.parquet", 10_000)
    with open_store(workspace) as store:
        filler = fill(small, 300_000)
        assert asked.claims == [claims]
        with pytest.raises(OutputError) as caught:
            commit(store, asked)
        assert caught.value.exit_code == 7
        assert not store.has_run(RUN)
        filler.unlink()
        notes = recover(workspace, store, publish)
        assert any("before its commit" in note for note in notes)
    with open_store(workspace) as store:
        assert store.run_ids() == []
        commit(store, request(workspace, stage_run(workspace)))
        finish(workspace, store, RUN, publish)
        assert store.run_ids() == [RUN]


def test_a_journal_on_a_full_disk_keeps_whole_lines_and_the_next_start_completes(
    small: Path,
) -> None:
    workspace = workspace_in(small)
    with open_store(workspace) as store:
        commit(store, request(workspace, stage_run(workspace)))
        filler = fill(small, 0)
        with pytest.raises(OutputError):
            finish(workspace, store, RUN, publish)
        assert list(journal.entries(workspace.journal)) == []
        filler.unlink()
        recover(workspace, store, publish)
        assert store.unpublished() == []
        assert journal.committed_runs(workspace.journal) == {RUN}
