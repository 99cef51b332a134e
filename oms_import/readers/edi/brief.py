"""Short clean files of EDI, taken apart in plain Python and given to Polars once.

A thousand files of 1 KB cost more in array work that each of them starts than in all their bytes. A
file that is short and has nothing odd about it is therefore read here; where anything is unusual,
the survey of its standard reads it instead. Both give the same (a test holds them to it).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from oms_import.model.edi import (
    COMPONENT,
    MESSAGES,
    REPETITION,
    SEGMENTS,
    Delimiters,
    Envelopes,
    element,
)
from oms_import.model.finding import Finding
from oms_import.readers.edi.source import ORDER_KINDS, Header

LARGEST = 1 << 16
"""Bytes of a file that is short."""

_ODD = re.compile(r"[\x00-\x1f\x7f]")
_MOST = 40  # elements of a segment


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: tag, elements, and where it stands."""

    tag: str
    elements: Sequence[str]
    line: int
    begin: int  # offset of its tag
    end: int  # offset of its terminator


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a row of MESSAGES, and its segments."""

    row: tuple[object, ...]  # in the order of MESSAGES
    segments: Sequence[Segment]


@dataclass(slots=True)
class Brief:
    """A short file as a tokenizer gives it (readers.edi.source.Tokenized)."""

    name: str
    encoding: str
    envelopes: Envelopes
    headers: Mapping[int, Header]
    ready: pl.DataFrame  # SEGMENTS of all orders, led by their envelopes, as SegmentSource does
    repairs: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The segments of some messages, without envelope rows."""
        chosen = pl.col("_message").is_in(messages["message"].implode()) & (pl.col("_segment") > 0)
        return self.ready.filter(chosen).drop("_interchange", "_group")


def cut(text: str, begin: int, marks: Delimiters, tag: re.Pattern[str]) -> list[Segment] | None:
    """The segments from `begin` on; None: something is odd.

    Line ends may stand after terminators and nowhere else. `end` of a segment is the offset of its
    terminator.
    """
    if not marks.terminator.isprintable() or not marks.element.isprintable():
        return None
    pairs = ((marks.component, COMPONENT), (marks.repetition, REPETITION))
    joined = str.maketrans({mark: joining for mark, joining in pairs if mark is not None})
    found: list[Segment] = []
    at, line = begin, 1 + text.count("\n", 0, begin)
    for piece in text[begin:].split(marks.terminator):
        inner = piece.removeprefix("\r\n").removeprefix("\n")
        line += piece.count("\n", 0, len(piece) - len(inner))
        start, at = at + len(piece) - len(inner), at + len(piece) + 1
        if not inner and at > len(text):
            continue  # the end of the file
        name, *elements = inner.split(marks.element)
        odd = at > len(text) or _ODD.search(inner) or not tag.fullmatch(name)
        if odd or len(elements) > _MOST:
            return None
        found.append(Segment(name, [e.translate(joined) for e in elements], line, start, at - 1))
    return found


def agree(trailer: Segment, count: int, control: str) -> bool:
    """Whether a trailer states this count and this control number, and nothing else."""
    if len(trailer.elements) != 2:
        return False
    stated, number = trailer.elements
    return stated.isdigit() and int(stated) == count and bool(control) and number == control


def messages_frame(messages: Sequence[Message]) -> pl.DataFrame:
    """MESSAGES of a short file."""
    rows = [message.row for message in messages]
    return pl.DataFrame(rows, schema=MESSAGES, orient="row")


def ready_frame(
    messages: Sequence[Message], headers: Mapping[int, Header], *, terminated: bool = False
) -> pl.DataFrame:
    """SEGMENTS of the orders with `_interchange` and `_group`, each led by its envelope.

    `terminated`: `_byte_to` counts the terminator in, as the long way of the standard has it.
    """
    rows: list[tuple[object, ...]] = []
    cells: list[Sequence[str | None]] = []
    for message in messages:
        number, interchange, group, _, _, _, _, kind, _, line, *_ = message.row
        if kind not in ORDER_KINDS or not isinstance(group, int):
            continue
        for tag, elements in headers[group]:
            rows.append((number, 0, line, None, None, tag, interchange, group))
            cells.append(elements)
        for place, one in enumerate(message.segments, 1):
            end = one.end + terminated
            rows.append((number, place, one.line, one.begin, end, one.tag, interchange, group))
            cells.append([cell or None for cell in one.elements])
    return _framed(rows, cells)


def _framed(
    rows: Sequence[tuple[object, ...]], cells: Sequence[Sequence[str | None]]
) -> pl.DataFrame:
    width = max((len(one) for one in cells), default=1)
    padded = [[*one, *[None] * (width - len(one))] for one in cells]
    names = [element(place) for place in range(1, width + 1)]
    around: dict[str, pl.DataType | type[pl.DataType]] = {
        "_interchange": pl.UInt32,
        "_group": pl.UInt32,
    }
    lead = list(zip(*rows, strict=True)) or [()] * (len(SEGMENTS) + len(around))
    columns = [
        pl.Series(name, values, dtype)
        for (name, dtype), values in zip({**SEGMENTS, **around}.items(), lead, strict=True)
    ]
    texts = [
        pl.Series(name, values, pl.String)
        for name, values in zip(names, zip(*padded, strict=True), strict=False)
    ]
    return pl.DataFrame([*columns[:-2], *texts, *columns[-2:]])
