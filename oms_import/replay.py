"""Replay: what today's profiles, or those of another version, would make of earlier runs' drops.

The comparison changes nothing; `commit` imports what today's profiles make of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from oms_import.history.profiles import used_profile, used_versions
from oms_import.history.store import Store
from oms_import.model.errors import SettingError
from oms_import.model.report import RunReport
from oms_import.model.tables import TABLES
from oms_import.model.values import Drop, DropResult, Limits, Offer
from oms_import.pipeline.arrivals import arrive
from oms_import.pipeline.channel import channel
from oms_import.pipeline.chosen import stretches
from oms_import.pipeline.companions import Pairing, Waiting
from oms_import.pipeline.ingest import Ingest, Progress, silent
from oms_import.pipeline.spool import Spool
from oms_import.profiles.load import channels as load_channels
from oms_import.profiles.model import Profile
from oms_import.run import RunRequest, execute
from oms_import.stored import StoredRun, run_ids, stored_run
from oms_import.workspace import Workspace

_UNTOLD = frozenset({"drop_id", "record_no", "profile_version", "content_hash", "revision"})
_HISTORY = ("DUP_ORDER", "DUP_CONFLICT", "ORDER_REVISED", "REVISION_IGNORED", "NEAR_DUPLICATE",
    "KEY_COLLISION")  # fmt: skip
_ORDER = ["drop_id", "order_key", "unnamed"]
_MOST = 200  # changes named one by one; beyond that only counted


@dataclass(frozen=True, slots=True)
class Replay:
    """The comparison: orders whose outcome or whose fields would change."""

    run_id: str
    orders: int
    outcomes: pl.DataFrame  # drop, order_key, before, after, codes
    fields: pl.DataFrame  # order_key, table, line_no, field, before, after
    drops: tuple[str, ...]  # drops that could not be read now
    runs: tuple[str, ...] = ()
    profile_version: int | None = None

    def with_(self, other: Replay) -> Replay:
        """Two runs' comparisons as one."""
        return replace(
            self,
            run_id=other.run_id,
            orders=self.orders + other.orders,
            outcomes=pl.concat([self.outcomes, other.outcomes]),
            fields=pl.concat([self.fields, other.fields]),
            drops=(*self.drops, *other.drops),
            runs=(*self.runs, *other.runs),
        )

    def as_json(self) -> dict[str, object]:
        """One JSON document; lists are cut at 200 entries, counts are not."""
        return {
            "schema": 1,
            "run_id": self.run_id,
            "runs": list(self.runs),
            "profile_version": self.profile_version,
            "orders": self.orders,
            "outcomes_changed": self.outcomes.height,
            "fields_changed": self.fields.height,
            "outcomes": self.outcomes.head(_MOST).to_dicts(),
            "fields": self.fields.head(_MOST).to_dicts(),
            "drops_refused": list(self.drops),
        }


def replay(
    workspace: Workspace, wanted: Sequence[str | None], version: int | None = None
) -> Replay:
    """Read the runs' raw drops with today's profiles and compare with what was made of them then.

    What history decided then (a duplicate, a revision, a near-duplicate) is not asked again: of
    such an order it only says whether today's profiles would reject, hold or ignore it.

    Args:
        workspace: where.
        wanted: runs or beginnings of their ids; None: the last one. At least one.
        version: the version of the profiles to read with; None: as they are today.

    Raises:
        SettingError: there is no such run, or no such version of one of its channels' profiles.
    """
    stored = [stored_run(workspace, run_id) for run_id in wanted]
    channels = {drop.channel for one in stored for drop in one.drops}
    profiles = _profiles(workspace, channels, version)
    compared = [_replayed(workspace, one, profiles) for one in stored]
    whole = reduce(Replay.with_, compared)
    return replace(whole, profile_version=version)


def commit(
    workspace: Workspace, run_id: str | None, request: RunRequest, progress: Progress
) -> RunReport:
    """Import a run's raw drops again with today's profiles.

    Orders that are known and come out the same are duplicates; those that come out otherwise are
    revisions, and the profile's `duplicates.revision` says what becomes of them.

    Raises:
        SettingError: there is no such run, or none of its bytes are stored any more.
    """
    stored = stored_run(workspace, run_id)
    files: dict[str, tuple[Offer, ...]] = {}
    for drop in stored.drops:
        if drop.status != "duplicate":
            offer = drop.offer(workspace, stored.run_id)
            files[drop.channel] = (*files.get(drop.channel, ()), offer)
    again = replace(
        request,
        command="replay",
        channels=tuple(files),
        files=files,
        only={drop.drop_id: None for drop in stored.drops},
        retry_of=stored.run_id,
    )
    return execute(workspace, again, progress)


def since(workspace: Workspace, begin: datetime) -> list[str]:
    """Runs that began at that time or later, oldest first.

    Raises:
        SettingError: there is none.
    """
    mark = f"{begin:%Y%m%dT%H%M%S}"
    found = [run_id for run_id in run_ids(workspace) if run_id >= mark]
    if not found:
        raise SettingError(f"no run began since {begin:%Y-%m-%d %H:%M} UTC", hint="go back further")
    return found


def _profiles(workspace: Workspace, channels: set[str], version: int | None) -> dict[str, Profile]:
    """The profiles to read with, by channel; of another version, as the history has them."""
    today = {profile.name: profile for profile in load_channels(workspace.profiles)}
    if version is None:
        return today
    memory = workspace.settings.limits.memory_mb
    found: dict[str, Profile] = {}
    with Store.open(workspace.database, memory, workspace.state / "tmp", read_only=True) as store:
        for name in sorted(channels):
            if name in today and today[name].version == version:
                found[name] = today[name]
                continue
            used = used_profile(store.connection, name, version)
            if used is None:
                known = used_versions(store.connection, name)
                told = ", ".join(map(str, known)) or "none"
                raise SettingError(
                    f"the profile of {name} has no version {version}",
                    hint=f"versions that were used: {told}",
                    location=name,
                )
            found[name] = Profile.model_validate(json.loads(used.text))
    return found


def _replayed(workspace: Workspace, stored: StoredRun, profiles: Mapping[str, Profile]) -> Replay:
    with TemporaryDirectory(prefix="oms-import-") as folder:
        spool, results = _read(workspace, stored, profiles, Path(folder))
        now = _outcomes_now(spool, results)
        fields = _fields(workspace, stored, spool)
    names = {drop.drop_id: drop.name for drop in stored.drops}
    return Replay(
        run_id=stored.run_id,
        orders=now.height,
        outcomes=_compared(_outcomes_then(stored), now, names),
        fields=fields,
        drops=tuple(r.drop.name for r in results if r.status != "imported"),
        runs=(stored.run_id,),
    )


def _read(
    workspace: Workspace, stored: StoredRun, profiles: Mapping[str, Profile], scratch: Path
) -> tuple[Spool, list[DropResult]]:
    spool = Spool(scratch / "spool")
    limits = workspace.settings.limits.as_limits()
    results: list[DropResult] = []
    for profile in profiles.values():
        drops = _drops(workspace, stored, profile, limits, len(results))
        if drops:
            ready = channel(profile, workspace.settings.timezone, limits)
            pairs = None
            if profile.companion.profile:
                pairs = Pairing.of(ready, drops, Waiting.nobody(), scratch)
            for only, some in stretches(drops, stored.taken()):
                ingest = Ingest(ready, spool, scratch, _failed, silent, only, pairs)
                results += ingest.run(some)
    return spool, results


def _drops(
    workspace: Workspace, stored: StoredRun, profile: Profile, limits: Limits, first: int
) -> list[Drop]:
    mine = [d for d in stored.drops if d.channel == profile.name and d.status != "duplicate"]
    offers = [drop.offer(workspace, stored.run_id) for drop in mine]
    arrivals = arrive(profile, offers, workspace.raw, limits, datetime.now(UTC))
    found = [drop for arrival in arrivals for drop in arrival.drops]
    return [replace(drop, index=first + position) for position, drop in enumerate(found)]


def _failed(drop: Drop, error: Exception) -> DropResult:
    return DropResult(drop, "failed", detail=type(error).__name__)


def _outcomes_now(spool: Spool, results: list[DropResult]) -> pl.DataFrame:
    ids = pl.DataFrame(
        {"_drop": [r.drop.index for r in results], "drop_id": [r.drop.drop_id for r in results]},
        schema={"_drop": pl.UInt32, "drop_id": pl.String},
    )
    texts = dict.fromkeys(("drop_id", "order_key", "outcome", "codes"), pl.String)
    empty = pl.DataFrame(schema={"record": pl.Int64, **texts})
    parts = [
        part.read("claims").join(ids, on="_drop", how="left").select(empty.columns)
        for part in spool
    ]
    return pl.concat([empty, *parts])


def _outcomes_then(stored: StoredRun) -> pl.DataFrame:
    codes = pl.col("codes").str.split(" ")
    decided = pl.any_horizontal(codes.list.contains(code) for code in _HISTORY)
    was = pl.col("outcome").alias("before")
    return _once(stored.records).select(*_ORDER, was, decided.fill_null(value=False).alias("late"))


def _once(orders: pl.DataFrame) -> pl.DataFrame:
    """One row an order of a drop; those without a number are told apart by their record."""
    unnamed = pl.when(pl.col("order_key").is_null()).then("record")
    named = orders.with_columns(unnamed.alias("unnamed"))
    return named.unique(_ORDER, keep="first", maintain_order=True)


def _compared(then: pl.DataFrame, now: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    both = then.join(_once(now), on=_ORDER, how="full", coalesce=True, nulls_equal=True)
    as_before = pl.col("late").fill_null(value=False) & (pl.col("outcome") == "accepted")
    differs = pl.col("before").ne_missing(pl.col("outcome"))
    changed = both.filter(differs & ~as_before.fill_null(value=False))
    drop = pl.col("drop_id").replace_strict(names, default=None, return_dtype=pl.String)
    return changed.select(
        drop.alias("drop"),
        "order_key",
        "before",
        pl.col("outcome").alias("after"),
        "codes",
    ).sort("drop", "order_key")


def _fields(workspace: Workspace, stored: StoredRun, spool: Spool) -> pl.DataFrame:
    """Fields of accepted orders and lines that would be written differently now."""
    folder = workspace.out / "accepted" / stored.run_id
    names = ["order_key", "table", "line_no", "field", "before", "after"]
    found = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))]
    order = ["drop_id", "order_key"]  # another file may have brought another version of it
    for table, keys in (("orders", order), ("order_lines", [*order, "line_no"])):
        path = folder / f"{table}.parquet"
        if path.is_file():
            then = pl.read_parquet(path, memory_map=False)
            found += [_changed(then, part.table(table), table, keys) for part in spool]
    return pl.concat(found).sort("order_key", "table", "line_no", "field")


def _changed(then: pl.DataFrame, now: pl.DataFrame, table: str, keys: list[str]) -> pl.DataFrame:
    names = [name for name in TABLES[table] if name not in _UNTOLD and name not in keys]
    first = now.unique(keys, keep="first", maintain_order=True)  # of copies the first was taken
    both = then.join(first, on=keys, how="inner", suffix=" now")
    line = pl.col("line_no").cast(pl.String) if "line_no" in keys else pl.lit(None, dtype=pl.String)
    changes = [
        both.filter(pl.col(name).ne_missing(pl.col(f"{name} now"))).select(
            "order_key",
            pl.lit(table).alias("table"),
            line.alias("line_no"),
            pl.lit(name).alias("field"),
            pl.col(name).cast(pl.String).alias("before"),
            pl.col(f"{name} now").cast(pl.String).alias("after"),
        )
        for name in names
    ]
    return pl.concat(changes)
