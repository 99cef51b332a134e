"""The survey of an X12 file: its envelope segments, where they stand, and what is no segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.readers.edi.x12_header import Isa
from oms_import.readers.edi.x12_scan import (
    Bytes,
    Mask,
    Places,
    Syntax,
    breaks,
    cells,
    copied,
    pieces,
    stretches,
)

ISA, GS, ST, SE, GE, IEA, TA1 = range(1, 8)
"""Kinds of events: envelope segments."""

_TAGS = {b"GS": GS, b"ST": ST, b"SE": SE, b"GE": GE, b"ISA": ISA, b"IEA": IEA, b"TA1": TA1}
_LIKE_EVENTS = np.zeros(1 << 16, np.bool_)
"""The first two bytes, the first one lower, that envelope segments begin with."""
_LIKE_EVENTS[[int.from_bytes(tag[:2], "little") for tag in _TAGS]] = True
_LONGEST = 400  # bytes of an envelope segment that are looked at
_PADDING = (b" ", b"\t", b"\r", b"\n", b"\xa0")
_LF, _CR = 10, 13
_SHOWN = 60  # bytes of a malformed segment that are shown
MOST_MALFORMED = 10_000
"""Malformed segments of one run that are told one by one."""

_KEPT = np.array([(1 << 8 * length) - 1 for length in range(5)], np.uint32)
"""Length of a segment → mask of its bytes among four."""
_BEYOND = np.array([0x01010101 & ~((1 << 8 * length) - 1) for length in range(5)], np.uint32)
_UPPER = np.zeros(256, np.bool_)
_UPPER[65:91] = True
_ALNUM = _UPPER.copy()
_ALNUM[48:58] = True

_EVENTS = {
    "kind": pl.UInt8,
    "segment": pl.Int64,  # number in the file, from 1
    "start": pl.Int64,
    "after": pl.Int64,  # after its terminator
    "line": pl.Int64,
    **{f"e{place:02}": pl.String for place in range(1, 4)},
}


@dataclass(frozen=True, slots=True)
class Run:
    """Interchanges that follow each other and are written alike."""

    begin: int
    end: int
    syntax: Syntax
    heads: tuple[Isa, ...]


@dataclass(frozen=True, slots=True)
class Malformed:
    """A piece that has no tag."""

    segment: int
    start: int
    line: int
    text: str


@dataclass(slots=True)
class Tally:
    """Line ends of a run, and those that stand before tags."""

    feeds: int = 0
    returns: int = 0
    leading: int = 0


@dataclass(slots=True)
class Found:
    """What the survey of all runs found."""

    segments: int = 0
    line_ends: int = 0
    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    groups: dict[int, tuple[str, ...]] = field(default_factory=dict[int, tuple[str, ...]])
    """Offset of a GS → GS01 to GS08, trimmed."""
    malformed: list[Malformed] = field(default_factory=list[Malformed])
    unlisted: int = 0
    """Malformed segments beyond MOST_MALFORMED."""

    def events(self) -> pl.DataFrame:
        """kind, segment, start, after, line, e01, e02, e03, in file order."""
        return pl.concat(self.frames) if self.frames else pl.DataFrame(schema=_EVENTS)


def runs(heads: Sequence[Isa], size: int) -> list[Run]:
    """Interchanges put together where they are written alike."""
    found: list[Run] = []
    first = 0
    for place, head in enumerate(heads):
        following = heads[place + 1] if place + 1 < len(heads) else None
        if following is not None and following.delimiters == head.delimiters:
            continue
        end = size if following is None else following.start
        found.append(Run(heads[first].start, end, syntax_of(head), tuple(heads[first : place + 1])))
        first = place + 1
    return found


def syntax_of(head: Isa) -> Syntax:
    """The delimiters as bytes. They are ASCII: others are rewritten before."""

    def byte(character: str | None) -> int | None:
        return None if character is None or not character.isascii() else ord(character)

    delimiters = head.delimiters
    return Syntax(
        ord(delimiters.element),
        ord(delimiters.terminator),
        byte(delimiters.component),
        byte(delimiters.repetition),
    )


def look(data: Bytes, run: Run, found: Found) -> Tally:
    """Look at all of a run."""
    tally = Tally()
    heads = np.array([head.start for head in run.heads], np.int64)
    for begin, end in stretches(data, run.begin, run.end, run.syntax.terminator):
        cut = pieces(data, begin, end, run.syntax, heads)
        tally.leading += cut.leading
        filled = cut.filled()
        line_ends = breaks(data, begin, end)
        feeds = int(np.count_nonzero(data[line_ends] == _LF))
        tally.feeds += feeds
        tally.returns += int(np.count_nonzero(data[begin:end] == _CR))
        _Stretch(data, run.syntax, cut.starts[filled], cut.ends[filled], line_ends).note(found)
        found.line_ends += len(line_ends)
    return tally


@dataclass(frozen=True, slots=True)
class _Stretch:
    data: Bytes
    syntax: Syntax
    starts: Places
    ends: Places
    line_ends: Places

    def note(self, found: Found) -> None:
        """Add the envelope segments and the malformed ones."""
        kinds, sound = self._kinds()
        events = np.flatnonzero(kinds)
        if len(events):
            self._note_events(found, events, kinds)
        bad = np.flatnonzero(~sound)
        room = max(0, MOST_MALFORMED - len(found.malformed))
        found.unlisted += max(0, len(bad) - room)
        for row in bad[:room].tolist():
            place = found.segments + row + 1
            found.malformed.append(self._malformed(row, place, found.line_ends))
        found.segments += len(self.starts)

    def _heads(self) -> npt.NDArray[np.uint32]:
        """The first four bytes of each segment, the first one lowest; separators beyond its end."""
        size = len(self.data)
        # Four bytes at every offset, without a copy.
        words = np.ndarray((size - 3,), "<u4", self.data, 0, (1,))
        late = np.maximum(self.starts - (size - 4), 0)  # in the last bytes of the file
        heads = words[self.starts - late] >> (8 * late).astype(np.uint32)
        length = np.minimum(self.ends - self.starts, 4)
        return heads & _KEPT[length] | _BEYOND[length] * np.uint32(self.syntax.element)

    def _kinds(self) -> tuple[Bytes, Mask]:
        """Of each segment the kind of event (0: none), and whether its tag is one."""
        heads, separator = self._heads(), self.syntax.element
        third, fourth = (heads >> 16) & 0xFF, heads >> 24
        two = third == separator
        sound = _UPPER[heads & 0xFF] & _ALNUM[(heads >> 8) & 0xFF]
        sound &= two | (_ALNUM[third] & (fourth == separator))
        kinds = np.zeros(len(heads), np.uint8)
        # Few begin like these: only those are compared with each tag.
        rows = np.flatnonzero(_LIKE_EVENTS[heads & 0xFFFF])
        heads, found = heads[rows], kinds[rows]
        short = heads & 0xFFFFFF
        for tag, kind in _TAGS.items():
            code = int.from_bytes(tag + bytes([separator]), "little")
            found[(short if len(tag) == 2 else heads) == code] = kind
        kinds[rows] = found
        return kinds, sound

    def _note_events(self, found: Found, rows: Places, kinds: Bytes) -> None:
        starts, ends = self.starts[rows], self.ends[rows]
        values = self._values(rows, 4)
        last = len(self.data) - 1
        closed = (ends <= last) & (self.data[np.minimum(ends, last)] == self.syntax.terminator)
        frame = pl.DataFrame(
            {
                "kind": kinds[rows],
                "segment": rows + found.segments + 1,
                "start": starts,
                "after": ends + closed,
                "line": self._lines(starts, found.line_ends),
            }
        )
        found.frames.append(frame.hstack(values.select("e01", "e02", "e03")))
        groups = rows[kinds[rows] == GS]
        if len(groups):
            for start, group in zip(
                self.starts[groups].tolist(), self._values(groups, 9).iter_rows(), strict=True
            ):
                found.groups[start] = tuple(value or "" for value in group[1:])

    def _values(self, rows: Places, width: int) -> pl.DataFrame:
        """Tag and elements of some segments, trimmed."""
        starts, ends = self.starts[rows], self.ends[rows]
        text = copied(
            self.data, starts, np.minimum(ends, starts + _LONGEST), self.syntax.terminator
        )
        if not text.isascii():
            text = text.decode("utf-8", "ignore").encode()  # a character may be cut in two
        values = cells(text, self.syntax, width)
        if not any(blank in text for blank in _PADDING):
            return values
        return values.with_columns(pl.all().str.strip_chars(" \t\r\n\xa0"))

    def _lines(self, offsets: Places, before: int) -> Places:
        return np.searchsorted(self.line_ends, offsets) + before + 1

    def _malformed(self, row: int, segment: int, before: int) -> Malformed:
        start, end = int(self.starts[row]), int(self.ends[row])
        text = self.data[start : min(end, start + _SHOWN)].tobytes().decode("utf-8", "replace")
        line = int(self._lines(self.starts[row : row + 1], before)[0])
        return Malformed(segment, start, line, text)
