"""Transaction sets as a frame of MESSAGES, and what is wrong with them and between them (X12.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import MESSAGES, Group
from oms_import.model.finding import Finding, Severity
from oms_import.readers.edi.x12_envelope import Walk
from oms_import.readers.edi.x12_events import Events, Where
from oms_import.readers.edi.x12_scan import Places, positions
from oms_import.readers.edi.x12_survey import IEA, SE, ST

KINDS = {"850": "order", "875": "order", "940": "order", "860": "change", "876": "change"}
"""Transaction set → kind of message; all others are `other`."""

_MOST = 10_000  # faults of a kind told one by one; beyond, the interchange is condemned
_WARNED = 20


@dataclass(frozen=True, slots=True)
class Sets:
    """MESSAGES, and where they stand in the text that was surveyed."""

    messages: pl.DataFrame
    begins: Places
    ends: Places  # after the terminator of SE


def sets_of(events: Events, walked: Walk) -> Sets:
    """All transaction sets, each from its ST to its SE, or to what stands in place of that."""
    rows = events.sets
    count, size = len(events), events.size
    following = np.minimum(rows + 1, count - 1)
    last = rows + 1 >= count
    closed = ~last & (events.kind[following] == SE)
    ends = np.where(last, size, events.start[following])
    ends = np.where(closed, events.after[following], ends)
    beyond = np.where(last, events.found.segments + 1, events.segment[following] + closed)
    group = events.group_at(walked.around, rows)
    frame = pl.DataFrame(
        {
            "message": np.arange(1, len(rows) + 1),
            "interchange": events.interchange[rows],
            "group": group,
            "place": positions(group),
            "of_group": pl.Series([one.version for one in walked.groups]).gather(group - 1),
            "segments": beyond - events.segment[rows],
            "line": events.line[rows],
            "byte_from": events.byte[rows],
            "byte_to": events.origin.bytes(ends - 1) + 1,
        }
    ).hstack(events.frame.select("e01", "e02", "e03")[rows])
    named = frame.with_columns(
        type=pl.col("e01").fill_null(""),
        version=pl.coalesce("e03", "of_group"),
        control=pl.col("e02").fill_null(""),
        kind=pl.col("e01").replace_strict(KINDS, default="other"),
    )
    messages = named.select(pl.col(name).cast(dtype) for name, dtype in MESSAGES.items())
    return Sets(messages, events.start[rows], ends)


def check_sets(events: Events, walked: Walk, messages: pl.DataFrame) -> None:
    """SE of each set, and segments that stand outside of sets or are none; noted in `events`."""
    trailers = events.frame.select(trailer="kind", e01="e01", e02="e02").shift(-1)[events.sets]
    sets = messages.hstack(trailers).with_columns(at=pl.Series(events.sets))
    closed = (pl.col("trailer") == SE).fill_null(value=False)
    stated = pl.col("e01").str.to_integer(strict=False)
    sound = sets.select(
        closed=closed,
        counted=(stated == pl.col("segments")).fill_null(value=False),
        named=pl.col("e02").fill_null("") == pl.col("control"),
    )
    teller = _Teller(events, walked)
    if not all(sound.select(pl.all().all()).row(0)):
        closed, counted, named = sound
        teller.each(sets.filter(~closed), teller.unclosed)
        teller.each(sets.filter(closed & ~counted), teller.miscounted)
        teller.each(sets.filter(closed & ~named), teller.misnamed)
    first = messages.select(pl.struct("group", "control").is_first_distinct()).to_series()
    for row in sets.filter(~first).head(_MOST).iter_rows(named=True):
        teller.shared(row)
    teller.stray_trailers()
    teller.outside()
    teller.malformed()


class _Teller:
    def __init__(self, events: Events, walked: Walk) -> None:
        self.events, self.walked = events, walked

    def each(self, sets: pl.DataFrame, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """One fault a set, within limits."""
        for row in sets.head(_MOST).iter_rows(named=True):
            tell(row)
        if sets.height > _MOST:
            rest = sets.slice(_MOST)
            self._beyond(rest.get_column("interchange").unique().to_list(), rest.height)

    def _beyond(self, interchanges: list[int], count: int) -> None:
        """Faults beyond the limit condemn their interchanges, so that none of them is passed."""
        for number in interchanges:
            detail = f"{count} more faults of the same kind in this file"
            self.events.fault(Code.EDI_ENVELOPE, None, detail, number)

    def unclosed(self, row: Mapping[str, Any]) -> None:
        """A set without SE."""
        following = row["at"] + 1
        at = following if following < len(self.events) else None
        place = int(row["segments"]) + 1
        self.events.fault(
            Code.EDI_TRUNCATED, at, "SE is missing", **_scope(row), segment=place, tag="SE"
        )

    def miscounted(self, row: Mapping[str, Any]) -> None:
        """SE01."""
        stated = row["e01"] or ""
        self._trailer(
            Code.EDI_COUNT,
            row,
            1,
            stated,
            f"SE01 states {stated or 'nothing'}, {row['segments']} segments were read",
        )

    def misnamed(self, row: Mapping[str, Any]) -> None:
        """SE02."""
        stated = row["e02"] or ""
        detail = f"SE02 is {stated or 'empty'}, ST02 is {row['control'] or 'empty'}"
        self._trailer(Code.EDI_CONTROL_REF, row, 2, stated, detail)

    def shared(self, row: Mapping[str, Any]) -> None:
        """ST02 of a set before it in the group."""
        stated = row["control"]
        detail = f"ST02 {stated or '(empty)'} is that of another transaction set of the group"
        self.events.fault(
            Code.EDI_CONTROL_REF,
            row["at"],
            detail,
            **_scope(row),
            segment=1,
            tag="ST",
            element=2,
            value=stated,
            error="not unique",
        )

    def _trailer(
        self, code: str, row: Mapping[str, Any], element: int, stated: str, detail: str
    ) -> None:
        self.events.fault(
            code,
            row["at"] + 1,
            detail,
            **_scope(row),
            segment=row["segments"],
            tag="SE",
            element=element,
            value=stated,
        )

    def stray_trailers(self) -> None:
        """SE without ST."""
        kind = self.events.kind
        before = np.concatenate((np.full(min(1, len(kind)), IEA), kind[:-1]))
        self._around(np.flatnonzero((kind == SE) & (before != ST)), lambda _: "SE without ST")

    def outside(self) -> None:
        """Segments between sets. Behind IEA they are junk, which is told as a repair."""
        gaps = gaps_after(self.events)
        kind = self.events.kind
        rows = np.flatnonzero((gaps > 0) & (kind != ST) & (kind != IEA))
        self._around(
            rows,
            lambda at: (
                f"{gaps[at]} segments that belong to no transaction set after {self.events.tag(at)}"
            ),
        )

    def _around(self, rows: Places, detail: Callable[[int], str]) -> None:
        """A fault of the group that each place is in, else of its interchange."""
        groups = self.events.group_at(self.walked.around, rows).tolist()
        numbers = self.events.interchange[rows].tolist()
        for at, group, number in zip(rows[:_MOST].tolist(), groups, numbers, strict=False):
            self.events.fault(Code.EDI_ENVELOPE, at, detail(at), number, **_in_group(group))
        self._beyond(sorted(set(numbers[_MOST:])), len(rows) - _MOST)

    def malformed(self) -> None:
        """Pieces within sets that have no tag."""
        events = self.events
        found = events.found.malformed
        rows = np.searchsorted(events.segment, [one.segment for one in found], "right") - 1
        for one, at in zip(found, rows.tolist(), strict=True):
            if at < 0 or events.kind[at] != ST:
                continue  # told as outside of sets, or junk
            events.malformed(one, at)
        if events.found.unlisted and len(rows):
            first = int(events.interchange[max(0, rows[-1])])
            every = list(range(first, len(events.heads) + 1))
            self._beyond(every, events.found.unlisted)


def _in_group(group: int) -> Where:
    return {"group": group} if group else {}


def _scope(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("interchange", "group", "message")}


def gaps_after(events: Events) -> Places:
    """How many segments stand between each envelope segment and the next, TA1 left out."""
    following = np.append(events.segment[1:], events.found.segments + 1)
    notes = np.searchsorted(events.notes, following) - np.searchsorted(events.notes, events.segment)
    return following - events.segment - 1 - notes


def repeated(groups: tuple[Group, ...]) -> list[Finding]:
    """Warnings: control numbers that groups of an interchange share."""
    numbers = Counter(
        (one.interchange, one.sender, one.receiver, one.control) for one in groups if one.control
    )
    told = [
        f"GS06 {control} is that of {count} groups of interchange {interchange}"
        for (interchange, _, _, control), count in numbers.most_common(_WARNED)
        if count > 1
    ]
    return [Finding(Code.EDI_ENVELOPE, detail=one, severity=Severity.WARNING) for one in told]
