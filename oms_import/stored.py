"""A run that is over: its report, its drops' raw bytes and its records' outcomes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oms_import.model.errors import SettingError
from oms_import.model.values import Offer
from oms_import.workspace import Workspace

_FAILED = ("rejected", "failed")
_BACK = ("rejected", "held")


@dataclass(frozen=True, slots=True)
class StoredDrop:
    """A drop of the run, as its report has it."""

    drop_id: str
    channel: str
    name: str
    sha256: str
    status: str

    def offer(self, workspace: Workspace, run_id: str) -> Offer:
        """The drop's raw bytes, offered again.

        Raises:
            SettingError: they are not there any more.
        """
        path = workspace.raw / self.sha256
        if not path.is_file():
            raise SettingError(
                f"the raw bytes of {self.name} are no longer stored",
                hint="import the file again from its source",
                location=str(path),
            )
        return Offer(self.name, f"run {run_id}: {self.name}", path, path.stat().st_size)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run of the workspace."""

    run_id: str
    drops: tuple[StoredDrop, ...]
    records: pl.DataFrame  # drop_id, record, order_key, outcome, codes …; empty if none were read
    retry_of: str | None = None

    def taken(self) -> dict[str, dict[str, list[int]] | None] | None:
        """What a retry took, as `failed` says it; None: every drop whole."""
        if self.retry_of is None:
            return None
        taken: dict[str, dict[str, list[int]] | None] = {drop.drop_id: None for drop in self.drops}
        for drop_id, records in self.records.group_by("drop_id").agg("record").iter_rows():
            taken[drop_id] = {"": records}
        return taken

    def failed(self) -> dict[str, dict[str, list[int]] | None]:
        """What did not get in: drop id → key of each rejected or held order → its records.

        None instead: all of the drop. Orders without a key stand together under "".
        """
        whole: dict[str, dict[str, list[int]] | None] = {
            drop.drop_id: None for drop in self.drops if drop.status in _FAILED
        }
        back = self.records.filter(pl.col("outcome").is_in(_BACK))
        key = pl.col("order_key").fill_null("")
        for drop_id, order, numbers in back.group_by("drop_id", key).agg("record").iter_rows():
            orders = whole.setdefault(drop_id, {})
            if orders is not None:
                orders[order] = sorted(numbers)
        return whole


def run_ids(workspace: Workspace) -> list[str]:
    """Finished runs, oldest first."""
    folder = workspace.out / "reports"
    if not folder.is_dir():
        return []
    return sorted(path.parent.name for path in folder.glob("*/report.json"))


def stored_run(workspace: Workspace, wanted: str | None) -> StoredRun:
    """The run of this id (or the beginning of it); None: the last one.

    Raises:
        SettingError: there is no such run, or several.
    """
    run_id = _one(run_ids(workspace), wanted)
    text = (workspace.out / "reports" / run_id / "report.json").read_text("utf-8")
    report = json.loads(text)
    keys = StoredDrop.__slots__
    drops = tuple(StoredDrop(**{key: entry[key] for key in keys}) for entry in report["drops"])
    lineage = workspace.lineage / f"{run_id}.parquet"
    return StoredRun(run_id, drops, _records(lineage), report.get("retry_of"))


def _records(lineage: Path) -> pl.DataFrame:
    if lineage.is_file():  # its dictionaries are for the disk; joins compare text
        return pl.read_parquet(lineage, memory_map=False).cast({pl.Categorical: pl.String})
    names = ("drop_id", "order_key", "outcome", "codes")
    return pl.DataFrame(schema={"record": pl.Int64, **dict.fromkeys(names, pl.String)})


def _one(known: Sequence[str], wanted: str | None) -> str:
    if not known:
        raise SettingError("no run has been made here yet", hint="start one with `oms-import run`")
    if wanted is None or wanted == "last":
        return known[-1]
    found = [run_id for run_id in known if run_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    told = f"several runs begin with {wanted}" if found else f"there is no run {wanted}"
    raise SettingError(told, hint="`oms-import runs list` shows them", location=wanted)
