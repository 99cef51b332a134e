"""What is odd about an X12 file and harms nothing, for people."""

from __future__ import annotations

import mmap
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from oms_import.model.codes import Code
from oms_import.model.finding import Finding, Location, Severity
from oms_import.readers.edi.x12_events import Events
from oms_import.readers.edi.x12_header import Isa
from oms_import.readers.edi.x12_scan import BLANKS
from oms_import.readers.edi.x12_sets import gaps_after
from oms_import.readers.edi.x12_survey import IEA

_MARK = b"\xef\xbb\xbf"
_LENGTH = 105  # of ISA by X12.5, its terminator left out
_LOOKED_AT = 1 << 20
_HEADER = re.compile(rb"ISA[^A-Za-z0-9\s.,;:]")


def oddities(data: mmap.mmap, heads: Sequence[Isa], events: Events) -> list[str]:
    """Byte order mark, junk around interchanges, ISA of another length, no-break spaces."""
    told: list[str] = []
    before = data[: min(heads[0].start, _LOOKED_AT)]
    if before.startswith(_MARK):
        told.append("a byte order mark")
    if before.removeprefix(_MARK).strip(BLANKS):
        told.append(f"{heads[0].start} bytes before the first ISA left out")
    lengths = {len(head.text) for head in heads} - {_LENGTH}
    if lengths:
        told.append(f"ISA of {min(lengths) + 1} characters instead of {_LENGTH + 1}")
    if any("\xa0" in head.text for head in heads):
        told.append("no-break spaces in ISA")
    return told + _junk(events)


def _junk(events: Events) -> list[str]:
    """Pieces behind an IEA that belong to nothing."""
    rows = np.flatnonzero((gaps_after(events) > 0) & (events.kind == IEA))
    if not len(rows):
        return []
    where = f"after the interchange that ends on line {events.line[rows[0]]}"
    return [f"text {where} left out" if len(rows) == 1 else f"text {where} and others left out"]


def lost_headers(data: mmap.mmap, events: Events) -> list[Finding]:
    """Errors: what looks like an interchange, in text without a header that can be read.

    Such text is behind an IEA or before the first header; what is lost there must be told.
    """
    rows = np.flatnonzero((gaps_after(events) > 0) & (events.kind == IEA))
    begins = [0, *events.after[rows].tolist()]
    stops = np.append(events.start, events.size)
    ends = [events.heads[0].start, *stops[rows + 1].tolist()]
    found: list[Finding] = []
    for begin, end in zip(begins, ends, strict=True):
        match = _HEADER.search(data[begin : min(end, begin + _LOOKED_AT)])
        if match is not None:
            place = int(events.origin.bytes(np.array([begin + match.start()], np.int64))[0])
            detail = f"at byte {place} of the file; nothing of this interchange was read"
            found.append(Finding(Code.EDI_HEADER, detail=detail, location=Location(byte=place)))
    return found[:100]


def same_controls(heads: Sequence[Isa]) -> list[Finding]:
    """A warning for each interchange whose sender, receiver and ISA13 came before in the file."""
    seen: Counter[tuple[str, str, str]] = Counter()
    found: list[Finding] = []
    for number, head in enumerate(heads, 1):
        key = (head.elements[5], head.elements[7], head.elements[12])
        if seen[key]:
            found.append(
                Finding(
                    Code.EDI_INTERCHANGE_SEEN,
                    value=key[2],
                    detail=f"interchange {number} repeats ISA13 of another one in this file",
                    severity=Severity.WARNING,
                    location=Location(byte=head.start, pointer=f"interchange {number}"),
                )
            )
        seen[key] += 1
    return found[:100]
