"""X12 orders opened as a source of segments: 850, 875, 940, and changes 860 and 876.

A file is surveyed first (headers, envelopes, what is wrong); odd ones are rewritten once, clean.
Messages are then cut out and parsed by the batch. Memory is a few blocks and MESSAGES.
"""

from __future__ import annotations

import mmap
import weakref
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import SEGMENTS, Envelopes, element
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.model.values import Limits
from oms_import.readers.edi.leading import Leads, is_plain
from oms_import.readers.edi.source import Header, SegmentSource
from oms_import.readers.edi.x12_envelope import walk
from oms_import.readers.edi.x12_events import NOTHING_DROPPED, Events
from oms_import.readers.edi.x12_header import Isa, headers, unsound
from oms_import.readers.edi.x12_oddities import lost_headers, oddities, same_controls
from oms_import.readers.edi.x12_repair import Mend, examine, foreign, rewritten
from oms_import.readers.edi.x12_scan import (
    NOWHERE,
    Bytes,
    Places,
    breaks,
    line_breaks_before,
    parsed,
    pieces,
    positions,
)
from oms_import.readers.edi.x12_sets import check_sets, repeated, sets_of
from oms_import.readers.edi.x12_survey import ISA, Found, Tally, look, runs
from oms_import.readers.edi.x12_text import open_utf8
from oms_import.readers.spec import ReadSpec

_APART = 1 << 16  # bytes between two messages that are not worth reading


def open_x12(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of X12 interchanges.

    Raises:
        DropRejectedError: FILE_EMPTY; EDI_HEADER, there is no ISA; ENC_MISMATCH, ENC_INVALID.
        OutputError: the scratch folder has no space.
    """
    del limits  # memory does not depend on the file's fields
    return SegmentSource(X12File(path, spec.format.encoding, scratch), spec)


class X12File:
    """A file of interchanges, surveyed; `segments` reads the messages asked for."""

    name = "x12"

    def __init__(self, path: Path, encoding: str, scratch: Path) -> None:
        """Survey the file.

        Raises:
            DropRejectedError: see open_x12.
        """
        self.repairs: list[str] = []
        self.findings: list[Finding] = []
        text = open_utf8(path, encoding, scratch)
        self.encoding = text.encoding
        self._open(text.path, temporary=text.temporary)
        self._heads = self._find_headers()
        self._origin = NOTHING_DROPPED
        self._assemble(self._survey(scratch))

    def _open(self, path: Path, *, temporary: bool) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._data: Bytes = np.frombuffer(self._map, np.uint8)
        if temporary:
            weakref.finalize(self, path.unlink, missing_ok=True)

    def _find_headers(self) -> list[Isa]:
        found = list(headers(self._map))
        if not found:
            detail = "no ISA with 16 elements begins an interchange"
            raise DropRejectedError([Finding(Code.EDI_HEADER, detail=detail)])
        return found

    def _survey(self, scratch: Path) -> Found:
        """Survey the file, and once again where it had to be rewritten."""
        mends: list[Mend] = foreign(self._heads, len(self._data))
        if not mends:
            found, tallies = self._look()
            examined = [
                examine(self._data, run, tally)
                for run, tally in zip(self._runs, tallies, strict=True)
            ]
            mends = [mend for mend in examined if mend is not None]
            if not mends:
                return found
        self.repairs += dict.fromkeys(mend.told for mend in mends)
        clean = rewritten(self._data, mends, scratch)
        self._origin = clean.origin
        self._open(clean.path, temporary=True)
        self._heads = self._find_headers()
        return self._look()[0]

    def _look(self) -> tuple[Found, list[Tally]]:
        self._runs = runs(self._heads, len(self._data))
        found = Found()
        found.line_ends = line_breaks_before(self._data, self._runs[0].begin)
        tallies = [look(self._data, run, found) for run in self._runs]
        self._broken = any(tally.feeds or tally.returns for tally in tallies)
        return found, tallies

    def _assemble(self, found: Found) -> None:
        """Envelopes, headers, and where each message stands."""
        self._add_unsound(found)
        events = Events(self._heads, found, len(self._data), self._origin)
        walked = walk(events)
        sets = sets_of(events, walked)
        check_sets(events, walked, sets.messages)
        self._begins, self._ends = sets.begins, sets.ends
        groups = tuple(walked.groups)
        self.envelopes = Envelopes(
            interchanges=tuple(head.interchange(n) for n, head in enumerate(self._heads, 1)),
            groups=groups,
            messages=sets.messages,
            faults=tuple(sorted(events.faults, key=lambda fault: fault.byte or 0)),
        )
        self.headers: dict[int, Header] = {
            group.number: _header(self._heads[group.interchange - 1], elements)
            for group, elements in zip(groups, walked.elements, strict=True)
        }
        self.findings += [
            *lost_headers(self._map, events),
            *same_controls(self._heads),
            *repeated(groups),
        ]
        self.repairs += oddities(self._map, self._heads, events)

    def _add_unsound(self, found: Found) -> None:
        """ISA that were not found as headers begin interchanges too, which are condemned."""
        every = found.events()
        headers_ = np.flatnonzero(every.get_column("kind").to_numpy() == ISA)
        if len(headers_) == len(self._heads):
            return
        known = {head.start for head in self._heads}
        for start, end in every.select("start", "after")[headers_].iter_rows():
            if start not in known:
                run = int(self._run_of(np.array([start], np.int64))[0])
                delimiters = self._runs[run].heads[0].delimiters
                self._heads.append(unsound(self._map, start, end, delimiters))
        self._heads.sort(key=lambda head: head.start)

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The SEGMENTS of these messages (rows of MESSAGES, in order), ISA and GS left out."""
        return self._rows(messages, Leads.of(messages, None))

    def led(self, messages: pl.DataFrame, headers: Mapping[int, Header]) -> pl.DataFrame | None:
        """The segments behind leading rows, by group; None where their text holds delimiters."""
        marks = {chr(code) for run in self._runs for code in run.syntax.cutting}
        return (
            self._rows(messages, Leads.of(messages, headers)) if is_plain(headers, marks) else None
        )

    def _rows(self, messages: pl.DataFrame, leads: Leads) -> pl.DataFrame:
        numbers = messages.get_column("message").to_numpy().astype(np.int64)
        lines = messages.get_column("line").to_numpy()
        parts = [
            self._span(numbers[begin:end], lines[begin:end], leads.part(begin, end))
            for begin, end in self._spans(numbers)
        ]
        if not parts:
            return pl.DataFrame(schema={**SEGMENTS, element(1): pl.String})
        return parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal")

    def _spans(self, numbers: Places) -> Iterator[tuple[int, int]]:
        """Messages that are read together: near each other, written alike, all terminated."""
        if not len(numbers):
            return
        begins, ends = self._begins[numbers - 1], self._ends[numbers - 1]
        run = self._run_of(begins)
        terminators = np.array([one.syntax.terminator for one in self._runs])
        apart = (run[1:] != run[:-1]) | (begins[1:] - ends[:-1] > _APART)
        apart |= self._data[ends[:-1] - 1] != terminators[run[:-1]]
        cuts = [0, *(np.flatnonzero(apart) + 1).tolist(), len(numbers)]
        yield from pairwise(cuts)

    def _run_of(self, offsets: Places) -> Places:
        begins = np.array([run.begin for run in self._runs], np.int64)
        return np.searchsorted(begins, offsets, "right") - 1

    def _span(self, numbers: Places, lines: Places, leads: Leads) -> pl.DataFrame:
        """The segments of messages that stand near each other, and what leads them."""
        begins, ends = self._begins[numbers - 1], self._ends[numbers - 1]
        first, last = int(begins[0]), int(ends[-1])
        syntax = self._runs[int(self._run_of(begins[:1])[0])].syntax
        found = pieces(self._data, first, last, syntax, NOWHERE)
        rows = np.searchsorted(found.starts, begins)
        message = np.repeat(np.arange(len(rows)), np.diff(np.append(rows, len(found.starts))))
        kept = found.filled() & (found.starts < ends[message])
        frame = parsed(self._data, found, syntax, kept, (begins, rows, leads))
        every = bool(kept.all())
        starts = found.starts if every else found.starts[kept]
        stops = found.ends if every else found.ends[kept]
        message = message if every else message[kept]
        places = {
            "_message": numbers[message].astype(np.uint32),
            "_segment": positions(message).astype(np.uint32),
            "_line": int(lines[0]) + self._passed(starts, first, last),
            "_byte_from": self._origin.bytes(starts),
            "_byte_to": self._origin.bytes(stops),
        }
        rows = np.searchsorted(starts, begins)
        return leads.framed(places, frame, rows, numbers, lines)

    def _passed(self, starts: Places, first: int, last: int) -> Places:
        """How many lines of the drop end between the first of these offsets and each."""
        passed = np.zeros(len(starts), np.int64)
        if self._broken:
            passed = np.searchsorted(breaks(self._data, first, last), starts)
        if not len(self._origin.dropped_breaks):
            return passed
        return passed + self._origin.breaks(starts) - self._origin.breaks(starts[:1])


def _header(head: Isa, group: tuple[str, ...]) -> Header:
    """ISA and, where there is one, GS."""
    segments = (("ISA", head.elements), ("GS", group))
    return [(tag, [value or None for value in values]) for tag, values in segments if values]
