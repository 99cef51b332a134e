"""Short clean files of EDI, taken apart in plain Python and given to Polars once.

A thousand files of 1 KB cost more in array work that each of them starts than in all their bytes. A
file that is short and has nothing odd about it is therefore read here; where anything is unusual,
the survey of its standard reads it instead. Both give the same (a test holds them to it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from oms_import.model.edi import MESSAGES, SEGMENTS, Envelopes, element
from oms_import.model.finding import Finding
from oms_import.readers.edi.source import ORDER_KINDS, Header

LARGEST = 1 << 16
"""Bytes of a file that is short."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: tag, elements, and where it stands."""

    tag: str
    elements: Sequence[str]
    line: int
    begin: int  # offset of its tag
    end: int  # offset its standard gives as `_byte_to`


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


def messages_frame(messages: Sequence[Message]) -> pl.DataFrame:
    """MESSAGES of a short file."""
    rows = [message.row for message in messages]
    return pl.DataFrame(rows, schema=MESSAGES, orient="row")


def ready_frame(messages: Sequence[Message], headers: Mapping[int, Header]) -> pl.DataFrame:
    """SEGMENTS of the orders with `_interchange` and `_group`, each led by its envelope."""
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
            rows.append((number, place, one.line, one.begin, one.end, one.tag, interchange, group))
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
