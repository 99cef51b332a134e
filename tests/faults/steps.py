"""A small run of the protocol's real steps, so that a fault can be put between any two."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from oms_import.history.commit import CommitRequest, DropRecord, commit
from oms_import.history.store import Store
from oms_import.model.publishing import PublishFile
from oms_import.model.tables import CLAIMS, TABLES
from oms_import.model.values import Drop, DropResult
from oms_import.outputs.accepted import AcceptedWriter
from oms_import.outputs.manifest import stage, stage_bytes, stage_file
from oms_import.workspace import Settings, Workspace

NOW = datetime(2026, 11, 23, 3, 15, tzinfo=UTC)
RUN = "20261123T031500000-aaaa"
NEXT = "20261124T031500000-bbbb"


def workspace_in(folder: Path) -> Workspace:
    return Workspace(folder, Settings())


def open_store(workspace: Workspace) -> Store:
    return Store.open(workspace.database, 128, workspace.state / "tmp")


def stage_run(workspace: Workspace, run_id: str = RUN, orders: int = 3) -> list[PublishFile]:
    """Steps 2 to 4: everything of a run in staging, durable."""
    staging = workspace.staging / run_id
    writer = AcceptedWriter(staging / "accepted", ("csv",))
    schema = {"_order": pl.Int64, **TABLES["orders"]}
    rows = [{"_order": n, "order_key": f"shop/default/{run_id}/{n}"} for n in range(orders)]
    tables = {name: pl.DataFrame(schema={"_order": pl.Int64, **s}) for name, s in TABLES.items()}
    writer.write({**tables, "orders": pl.DataFrame(rows, schema=schema)})
    files = stage(staging, "accepted", run_id, writer.close())
    report = stage_bytes(staging, "reports/report.json", b"{}\n")
    files += stage(staging, "reports", run_id, [report])
    pl.DataFrame({"record": [1]}).write_parquet(staging / "lineage.parquet")
    files.append(stage_file(staging, "lineage.parquet", f".oms-import/lineage/{run_id}.parquet"))
    return files


def request(
    workspace: Workspace, files: list[PublishFile], run_id: str = RUN, orders: int = 3
) -> CommitRequest:
    claims = workspace.staging / run_id / "claims.parquet"
    rows = [
        {"_order": n, "_drop": 0, "channel": "shop", "account": "default", "outcome": "accepted",
         "order_key": f"shop/default/{run_id}/{n}", "key": f"{run_id}/{n}"}
        for n in range(orders)
    ]  # fmt: skip
    pl.DataFrame(rows, schema=CLAIMS).write_parquet(claims)
    drop = Drop(0, "d" * 32, "shop", "default", "a.csv", "a.csv", claims, "e" * 64, 9, NOW)
    return CommitRequest(
        run_id=run_id,
        command="run",
        status="ok",
        exit_code=0,
        started_at=NOW,
        finished_at=NOW,
        drops=[DropRecord.of(DropResult(drop, "imported"))],
        claims=[claims],
        decisions=None,
        findings=[],
        files=files,
        report="{}",
    )


def commit_run(workspace: Workspace, store: Store, run_id: str = RUN) -> list[PublishFile]:
    """Steps 2 to 5: a run that was committed and nothing after it."""
    files = stage_run(workspace, run_id)
    commit(store, request(workspace, files, run_id))
    return files
