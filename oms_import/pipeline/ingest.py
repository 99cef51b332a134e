"""The drops of one channel through read, assemble and judge into the spool.

Small drops of one shape share a batch, neighbours or not, so a thousand small files cost little
more than one big file. A big drop streams; what only its end reveals (day before month, orders in
pieces) is learned on the way, and where it contradicts what was assumed the drop is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Protocol

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError, OmsImportError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Drop, DropResult, Shaping, Source
from oms_import.normalize.grouping import Keys, keyed, numbered
from oms_import.normalize.plan import Plan, compile_plan, surveyed
from oms_import.pipeline.assemble import Assembler, Pieces
from oms_import.pipeline.channel import Channel, open_drop
from oms_import.pipeline.corrected import corrected
from oms_import.pipeline.headers import Headers
from oms_import.pipeline.judge import Judged, judge
from oms_import.pipeline.knowledge import Evidence, Knowledge
from oms_import.pipeline.small import Gathered, Small
from oms_import.pipeline.spool import Spool

_ATTEMPTS = 4
_PLANS = 64  # compiled plans that are kept

Progress = Callable[[str, int, int], None]
Failure = Callable[[Drop, Exception], DropResult]
Sink = Callable[[Judged], None]


class Pairs(Protocol):
    """Orders that come in two files; see companions.Pairing."""

    def reading(self, drop: Drop) -> Channel:
        """How the drop is to be read."""
        ...

    def rows(self, drop: Drop, frame: pl.DataFrame) -> pl.DataFrame:
        """What becomes of its rows."""
        ...


def silent(label: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


def source_frames(
    drop: Drop, source: Source, rows: int, pairs: Pairs | None = None
) -> Iterator[pl.DataFrame]:
    """A drop's rows as the pipeline takes them: a corrected file restored, with `_drop`."""
    return _as_rows(source.shape, _batches(drop, source, rows, pairs))


def _batches(drop: Drop, source: Source, rows: int, pairs: Pairs | None) -> Iterator[pl.DataFrame]:
    """A drop's batches with `_drop`, not yet shaped."""
    number = pl.lit(drop.index, dtype=pl.UInt32).alias("_drop")
    for frame in source.batches(rows):
        if frame.height:
            restored = corrected(frame) if source.shape is None else frame
            whole = restored.with_columns(number)
            kept = whole if pairs is None else pairs.rows(drop, whole)
            if kept.height:
                yield kept


def _as_rows(shape: Shaping | None, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """One drop's batches shaped, its records numbered through."""
    first = 1
    for batch in batches:
        rows = batch if shape is None else shape.rows(batch, first)
        first += rows.height
        if rows.height:
            yield rows


@dataclass(slots=True)
class Ingest:
    """Imports drops of one channel into a spool."""

    channel: Channel
    spool: Spool
    scratch: Path
    on_failure: Failure
    progress: Progress
    only: pl.DataFrame | None = None  # _drop, record: orders to take (retry), None: all
    pairs: Pairs | None = None
    headers: Headers | None = None  # watches the drops' headers; None: nobody does
    results: dict[int, DropResult] = field(default_factory=dict[int, DropResult])
    _small: Gathered = field(default_factory=Gathered)
    _plans: dict[object, Plan] = field(default_factory=dict[object, Plan])

    def run(self, drops: Sequence[Drop]) -> list[DropResult]:
        """Read all drops; every one gets a result, whatever happens to it."""
        total = sum(drop.size for drop in drops)
        done = 0
        for drop in drops:
            self._isolated(drop)
            done += drop.size
            self.progress(self.channel.name, done, total)
        self._flush()
        return [self.results[drop.index] for drop in drops]

    def _isolated(self, drop: Drop) -> None:
        try:
            self._read(drop)
        except DropRejectedError as rejected:
            self.results[drop.index] = self._rejected(drop, rejected.findings)
        except OmsImportError:
            raise
        except Exception as error:  # noqa: BLE001 one bad drop never stops the channel
            self.results[drop.index] = self.on_failure(drop, error)

    def _read(self, drop: Drop) -> None:
        source = self._opened(drop)
        frames = _batches(drop, source, self.channel.limits.batch_rows, self.pairs)
        first = next(frames, None)
        second = next(frames, None)
        if first is None:
            self._done(drop, source, 0)
        elif second is None:
            self._keep_small(drop, source, first)
        else:
            self._flush()
            batches = chain((first, second), frames)
            self._big(drop, source, _as_rows(source.shape, batches))

    def _opened(self, drop: Drop) -> Source:
        """The drop opened, and its header compared with the channel's last one."""
        reading = self.channel if self.pairs is None else self.pairs.reading(drop)
        if self.headers is None:
            return open_drop(reading, drop, self.scratch)
        try:
            source = open_drop(reading, drop, self.scratch)
        except DropRejectedError as refused:
            raise self.headers.explained(reading, drop, self.scratch, refused) from refused
        self.headers.judge(drop, source.dialect)
        return source

    def _frames(self, drop: Drop, source: Source) -> Iterator[pl.DataFrame]:
        return source_frames(drop, source, self.channel.limits.batch_rows, self.pairs)

    def _done(self, drop: Drop, source: Source, records: int, plan: Plan | None = None) -> None:
        watched = self.headers.accept(drop) if self.headers else []
        findings = [*watched, *source.findings, *_assumed(plan)]
        self.results[drop.index] = DropResult(
            drop=drop,
            status="imported",
            dialect=source.dialect,
            records=records,
            findings=tuple(_in(drop, finding) for finding in findings),
            profile=self.channel.name,
            profile_version=self.channel.profile.version,
            envelopes=source.envelopes,
            columns=source.shape.columns if source.shape else source.dialect.columns,
            header=self.headers.of(drop) if self.headers else None,
        )

    def _rejected(self, drop: Drop, findings: list[Finding]) -> DropResult:
        return DropResult(
            drop=drop,
            status="rejected",
            findings=tuple(_in(drop, finding) for finding in findings),
            profile=self.channel.name,
            profile_version=self.channel.profile.version,
            header=self.headers.of(drop) if self.headers else None,
        )

    def _keep_small(self, drop: Drop, source: Source, rows: pl.DataFrame) -> None:
        columns = source.shape.columns if source.shape else tuple(rows.columns)
        if self._small.rows + rows.height > self.channel.limits.batch_rows:
            self._flush()
        self._small.add(drop, columns, source.shape, rows)
        plan = self._plan(columns, Knowledge())
        self._done(drop, source, rows.height, plan)

    def _flush(self) -> None:
        """Judge the waiting small drops, those of one shape together."""
        for small in self._small.taken():
            self._together(small)

    def _together(self, small: Small) -> None:
        """Judge drops in one batch; where that fails, each alone."""
        mark = self.spool.mark()
        try:
            self._batch(small)
        except OmsImportError:
            raise
        except Exception as error:  # noqa: BLE001 one bad drop never stops the channel
            self.spool.rollback(mark)
            if len(small.drops) == 1:
                drop = small.drops[0]
                self.results[drop.index] = self.on_failure(drop, error)
                return
            for one in small.apart():
                self._together(one)

    def _batch(self, small: Small) -> None:
        drops, columns = small.drops, small.columns
        rows = small.whole()
        if small.shape is not None:
            self._count(rows)
        evidence = Evidence(*surveyed(self.channel.profile, columns))
        evidence.add(rows)
        known = evidence.decided()
        default = Knowledge()
        groups: list[tuple[Knowledge, list[Drop]]] = []
        for drop in drops:  # those that are read alike share a batch
            mine = known.get(drop.index, default)
            alike = next((members for one, members in groups if one == mine), None)
            if alike is None:
                groups.append((mine, [drop]))
            else:
                alike.append(drop)
        for knowledge, members in groups:
            plan = self._plan(columns, knowledge)
            keys = Keys.of(self.channel.profile, plan.columns)
            chosen = pl.col("_drop").is_in([drop.index for drop in members])
            mine = rows if len(groups) == 1 else rows.filter(chosen)
            self._judge(keyed(mine, keys), plan, keys, members)

    def _count(self, rows: pl.DataFrame) -> None:
        """Correct the records of drops that were only shaped now."""
        for drop, records in rows.group_by("_drop").agg(pl.len()).iter_rows():
            self.results[drop] = replace(self.results[drop], records=records)

    def _big(self, drop: Drop, source: Source, frames: Iterator[pl.DataFrame]) -> None:
        """Stream one drop; nothing of it stays in the spool unless all of it can be trusted."""
        mark = self.spool.mark()
        knowledge: Knowledge | None = None
        try:
            for _ in range(_ATTEMPTS):
                used, learned, records, plan = self._attempt(drop, source, frames, knowledge)
                if learned == used:
                    self._done(drop, source, records, plan)
                    return
                self.spool.rollback(mark)
                knowledge = learned
                frames = self._frames(drop, source)
        except Exception:
            self.spool.rollback(mark)
            raise
        msg = f"{drop.name} reads differently each time"
        raise RuntimeError(msg)

    def _attempt(
        self,
        drop: Drop,
        source: Source,
        frames: Iterator[pl.DataFrame],
        knowledge: Knowledge | None,
    ) -> tuple[Knowledge, Knowledge, int, Plan]:
        """Read the drop once: what was assumed, what it showed, its rows, the plan."""
        head = next(frames)
        columns = tuple(head.columns)
        evidence = Evidence(*surveyed(self.channel.profile, columns))
        evidence.add(head)
        used = knowledge or evidence.decided().get(drop.index, Knowledge())
        plan = self._plan(columns, used)
        keys = Keys.of(self.channel.profile, plan.columns)
        assembler = Assembler(keys, self._pieces(drop, source, keys, used.scattered))
        counted = [head.height]

        def watched() -> Iterator[pl.DataFrame]:
            yield head
            for frame in frames:
                evidence.add(frame)
                counted.append(frame.height)
                yield frame

        for rows in assembler.whole_orders(watched()):
            self._judge(rows, plan, keys, [drop])
        learned = replace(
            evidence.decided().get(drop.index, Knowledge()), scattered=assembler.scattered()
        )
        return used, learned, sum(counted), plan

    def _pieces(self, drop: Drop, source: Source, keys: Keys, scattered: frozenset[int]) -> Pieces:
        rows = self.channel.limits.batch_rows
        frames = self._frames(drop, source) if scattered else ()
        return Pieces.gathered(frames, keys, scattered, self.scratch, rows)

    def _plan(self, columns: tuple[str, ...], knowledge: Knowledge) -> Plan:
        """The profile compiled for these columns; the last ones are kept, since files are alike."""
        both = (dict(knowledge.dates), dict(knowledge.decimals))
        told = tuple(tuple(sorted(one.items())) for one in both)
        if (columns, told) not in self._plans:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[columns, told] = compile_plan(
                self.channel.profile,
                columns,
                self.channel.zone,
                knowledge.dates,
                knowledge.decimals,
            )
        return self._plans[columns, told]

    def _judge(self, rows: pl.DataFrame, plan: Plan, keys: Keys, drops: list[Drop]) -> None:
        whole = numbered(rows, keys, self.spool.next_order).drop("_key")
        if self.only is not None:
            whole = _chosen(whole, self.only, self.spool.next_order)
        if whole.is_empty():
            return
        ids = pl.DataFrame(
            {"_drop": [drop.index for drop in drops], "drop_id": [drop.drop_id for drop in drops]},
            schema={"_drop": pl.UInt32, "drop_id": pl.String},
        )
        self.spool.add(judge(whole, plan, self.channel, ids, len(self.spool.parts)))


def _chosen(rows: pl.DataFrame, only: pl.DataFrame, first: int) -> pl.DataFrame:
    """Orders that begin at one of the given records."""
    named = rows.join(only, left_on=["_drop", "_record"], right_on=["_drop", "record"], how="semi")
    kept = rows.filter(pl.col("_order").is_in(named["_order"].unique().implode()))
    return kept.with_columns((pl.col("_order").rle_id().cast(pl.Int64) + first).alias("_order"))


def _assumed(plan: Plan | None) -> list[Finding]:
    """What the profile's defaults stood in for, once a drop."""
    if plan is None or plan.profile.defaults.currency is None:
        return []
    if any(one.name == "currency" and one.columns for one in plan.order):
        return []
    currency = plan.profile.defaults.currency
    return [Finding(Code.CURRENCY_DEFAULTED, field="currency", value=currency)]


def _in(drop: Drop, finding: Finding) -> Finding:
    return replace(finding, location=replace(finding.location or Location(), drop=drop.name))
