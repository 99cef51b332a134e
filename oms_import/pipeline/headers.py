"""Headers watched: what a channel's table had before, what it has now, and whether that is taken.

What came before is told as plain values; a drop that is taken becomes what the next one is
compared with, also within one run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location, Severity
from oms_import.model.headers import (
    Columns,
    HeaderChange,
    KnownHeader,
    SeenHeader,
    header_change,
)
from oms_import.model.values import Dialect, Drop
from oms_import.pipeline.channel import Channel, open_drop
from oms_import.pipeline.corrected import is_corrected
from oms_import.profiles.header import Lost, alias, governed_columns, lost
from oms_import.profiles.model import Profile
from oms_import.readers.registry import READERS, reader_named

_SHOWN = 8


@dataclass(slots=True)
class Headers:
    """The headers of one channel's drops during a run."""

    profile: Profile
    known: list[KnownHeader]  # accepted before, the one that came last at the end
    others: frozenset[int] = frozenset()  # positions of the drops that are its companion's
    again: bool = False  # whether the drops came before: what was accepted is not judged again
    _seen: dict[int, SeenHeader] = field(default_factory=dict[int, SeenHeader])
    _findings: dict[int, Finding] = field(default_factory=dict[int, Finding])
    _verdicts: dict[tuple[KnownHeader, SeenHeader], Finding | None] = field(
        default_factory=dict[tuple[KnownHeader, SeenHeader], Finding | None]
    )

    def judge(self, drop: Drop, dialect: Dialect) -> None:
        """Compare the drop's header with the last one of its format.

        Raises:
            DropRejectedError: HEADER_MISSING_MAPPED, or HEADER_CHANGED where the policy is reject.
        """
        if not _governed(self.profile, dialect):
            return
        header = self._header(drop, dialect)
        if self.again and any(one.same(header) for one in self.known):
            return
        self._seen[drop.index] = header
        last = self._last(header)
        if last is None or last.columns == header.columns:
            return
        if (last, header) not in self._verdicts:
            self._verdicts[last, header] = self._verdict(last, header)
        finding = self._verdicts[last, header]
        if finding is None:
            return
        if finding.effective_severity is Severity.ERROR:
            raise DropRejectedError([replace(finding, location=_at(dialect))])
        self._findings[drop.index] = finding

    def explained(
        self, channel: Channel, drop: Drop, scratch: Path, refused: DropRejectedError
    ) -> DropRejectedError:
        """A file refused for want of a column, with what has become of that column.

        Where its header is no relative of an earlier one, the refusal as it was.
        """
        if not self.known or refused.findings[0].code != Code.HDR_MISSING:
            return refused
        known = frozenset(name for one in self.known for name in one.columns)
        read = replace(
            channel.read,
            required_columns=(),
            known_columns=channel.read.known_columns | known,
        )
        try:
            dialect = open_drop(replace(channel, read=read), drop, scratch).dialect
        except DropRejectedError:
            return refused
        if not _governed(self.profile, dialect):
            return refused
        header = self._header(drop, dialect)
        last = self._last(header)
        if last is None or not last.names() & header.names():
            return refused
        gone = self._lost(last, header)
        if not gone:
            return refused
        self._seen[drop.index] = header
        finding = _missing(self.profile, gone, self._change(last, header), last)
        return DropRejectedError([replace(finding, location=refused.findings[0].location)])

    def accept(self, drop: Drop) -> list[Finding]:
        """The drop was read: what there is to say of its header, now the last one."""
        header = self._seen.get(drop.index)
        if header is not None and not self._is_last(header):
            day = drop.fetched_at.date().isoformat()
            last = KnownHeader(header.profile, header.format, header.columns, day)
            self.known = [*(one for one in self.known if not one.same(header)), last]
        found = self._findings.get(drop.index)
        return [] if found is None else [found]

    def of(self, drop: Drop) -> SeenHeader | None:
        """The drop's header; None: it has none that is watched, or was not seen."""
        return self._seen.get(drop.index)

    def _is_last(self, header: SeenHeader) -> bool:
        """Whether nothing is to be noted; of a thousand small files most are such."""
        last = self.known[-1] if self.known else None
        return last is not None and last.relative(header) and last.columns == header.columns

    def _last(self, header: SeenHeader) -> KnownHeader | None:
        return next((one for one in reversed(self.known) if one.relative(header)), None)

    def _header(self, drop: Drop, dialect: Dialect) -> SeenHeader:
        own = self.profile.name
        name = self.profile.companion.profile if drop.index in self.others else own
        return SeenHeader(name, dialect.format, dialect.columns)

    def _change(self, last: KnownHeader, header: SeenHeader) -> HeaderChange:
        return header_change(
            governed_columns(self.profile, last.columns),
            governed_columns(self.profile, header.columns),
        )

    def _lost(self, last: KnownHeader, header: SeenHeader) -> tuple[Lost, ...]:
        return lost(self.profile, self._mapped(last), self._mapped(header))

    def _mapped(self, header: SeenHeader) -> Columns:
        """The columns by the names that the mapping has for them: a companion's are prefixed."""
        if header.profile == self.profile.name:
            return header.columns
        return tuple(f"{self.profile.companion.prefix}{name}" for name in header.columns)

    def _verdict(self, last: KnownHeader, header: SeenHeader) -> Finding | None:
        policy = self.profile.format.header_change
        change = self._change(last, header)
        gone = self._lost(last, header)
        if policy == "accept" or not (change or gone):
            return None
        before = next((one for one in self.known if one.same(header)), None)
        if policy == "auto" and gone and before is None:
            return _missing(self.profile, gone, change, last)
        parts = [f"since {last.last_day}", change.told()]
        if gone:
            parts.append(f"no longer filled: {', '.join(one.key for one in gone[:_SHOWN])}")
        if before is not None:
            parts.append(f"this header came before, last on {before.last_day}")
        severity = Severity.ERROR if policy == "reject" else Severity.WARNING
        return Finding(Code.HEADER_CHANGED, detail=_told(parts), severity=severity)


def _governed(profile: Profile, dialect: Dialect) -> bool:
    """Whether the drop is a table of the channel's own, with a header of its own."""
    reader = READERS.get(dialect.format)
    if reader is None or not (reader.tables and reader_named(profile.format.reader).tables):
        return False
    return not profile.format.header and not is_corrected(dialect.columns)


def _missing(
    profile: Profile, gone: Sequence[Lost], change: HeaderChange, last: KnownHeader
) -> Finding:
    """HEADER_MISSING_MAPPED: what is gone, what is there instead, and what to write."""
    keys = ", ".join(dict.fromkeys(one.key.split(" ")[0] for one in gone[:_SHOWN]))
    columns = tuple(dict.fromkeys(name for one in gone for name in one.columns))
    lines = [line for line in (alias(profile, one, change) for one in gone) if line]
    parts = [f"read for {keys}", f"last seen {last.last_day}", change.told()]
    if lines:
        what = "it as an alias" if len(lines) == 1 else "them as aliases"
        parts.append(f"add {what}: {'; '.join(lines[:_SHOWN])}")
    names = ", ".join(columns[:_SHOWN])
    return Finding(Code.HEADER_MISSING_MAPPED, field=names, detail=_told(parts))


def _told(parts: Sequence[str]) -> str:
    return "; ".join(part for part in parts if part)


def _at(dialect: Dialect) -> Location:
    return Location(line=dialect.header_line)
