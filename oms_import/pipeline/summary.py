"""From what happened to the run's report and exit code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from statistics import quantiles

from oms_import.model.errors import OmsImportError, gravest
from oms_import.model.fail_on import FailOn
from oms_import.model.report import ChannelReport, DropReport, ReasonCount, RunReport, Totals
from oms_import.model.values import DropResult, WrittenFile
from oms_import.profiles.model import Profile


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the report says, before it is said."""

    run_id: str
    command: str
    dry_run: bool
    started: datetime
    channels: tuple[str, ...]
    results: tuple[DropResult, ...] = ()
    totals: Mapping[int, Totals] = field(default_factory=dict[int, Totals])  # by drop index
    reasons: tuple[ReasonCount, ...] = ()
    errors: Mapping[str, OmsImportError] = field(default_factory=dict[str, OmsImportError])
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    outputs: tuple[WrittenFile, ...] = ()
    notes: tuple[str, ...] = ()
    retry_of: str | None = None
    profiles: tuple[Profile, ...] = ()


def report(facts: Facts, fail_on: FailOn, finished: datetime) -> RunReport:
    """The report of a run."""
    drops = tuple(_drop(result, facts) for result in facts.results)
    channels = tuple(_channel(name, drops, facts) for name in facts.channels)
    totals = sum((drop.totals for drop in drops), Totals())
    codes = {error.exit_code for error in facts.errors.values()}
    codes |= {4 for drop in drops if drop.status == "rejected"}
    codes |= {1 for drop in drops if drop.status == "failed"}
    if fail_on.reached(totals):
        codes.add(3)
    return RunReport(
        run_id=facts.run_id,
        command=facts.command,
        status=_status(tuple(channel.status for channel in channels)),
        exit_code=gravest(codes),
        dry_run=facts.dry_run,
        started_at=instant(facts.started),
        finished_at=instant(finished),
        seconds=round((finished - facts.started).total_seconds(), 3),
        totals=totals,
        channels=channels,
        drops=drops,
        reasons=facts.reasons,
        latency=_latency(facts.results, finished),
        outputs=facts.outputs,
        notes=facts.notes,
        retry_of=facts.retry_of,
    )


def instant(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _drop(result: DropResult, facts: Facts) -> DropReport:
    drop = result.drop
    counted = facts.totals.get(drop.index, Totals()) if drop.index >= 0 else Totals()
    return DropReport(
        drop_id=drop.drop_id,
        channel=drop.channel,
        name=drop.name,
        sha256=drop.sha256,
        bytes=drop.size,
        status=result.status,
        profile=result.profile,
        profile_version=result.profile_version,
        totals=replace(counted, drops=1, records=result.records),
        findings=result.findings,
    )


def _channel(name: str, drops: tuple[DropReport, ...], facts: Facts) -> ChannelReport:
    mine = [drop for drop in drops if drop.channel == name]
    totals = sum((drop.totals for drop in mine), Totals())
    error = facts.errors.get(name)
    return ChannelReport(
        channel=name,
        status=_channel_status(mine, totals, error),
        totals=totals,
        seconds=round(facts.seconds.get(name, 0.0), 3),
        error=None if error is None else error.message,
    )


def _channel_status(drops: list[DropReport], totals: Totals, error: OmsImportError | None) -> str:
    bad = sum(drop.status in {"rejected", "failed"} for drop in drops)
    if error is not None or bad:
        return "failed" if bad == len(drops) else "partial"
    if all(drop.status == "duplicate" for drop in drops):
        return "noop"
    return "rejects" if totals.orders_rejected or totals.orders_held else "ok"


def _status(channels: tuple[str, ...]) -> str:
    known = set(channels) - {"noop"}
    if not known:
        return "noop"
    if known == {"failed"}:
        return "failed"
    if known & {"failed", "partial"}:
        return "partial"
    return "rejects" if "rejects" in known else "ok"


def _latency(results: tuple[DropResult, ...], finished: datetime) -> dict[str, float | None]:
    """Seconds from a drop's arrival (its time at the source, else our taking it) to its output."""
    waits = [
        max(0.0, (finished - (result.drop.modified_at or result.drop.fetched_at)).total_seconds())
        for result in results
        if result.status == "imported"
    ]
    if not waits:
        return {"p50_s": None, "p95_s": None}
    cuts = quantiles([*waits, *waits], n=20, method="inclusive")
    return {"p50_s": round(cuts[9], 3), "p95_s": round(cuts[18], 3)}
