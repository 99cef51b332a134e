"""The envelope segments of a file as arrays, and the faults found in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import Fault
from oms_import.readers.edi.x12_header import Isa
from oms_import.readers.edi.x12_scan import Places
from oms_import.readers.edi.x12_survey import GE, GS, IEA, ISA, SE, ST, TA1, Found, Malformed

TAGS = {ISA: "ISA", GS: "GS", ST: "ST", SE: "SE", GE: "GE", IEA: "IEA"}


@dataclass(frozen=True, slots=True)
class Origin:
    """From offsets in the text that was surveyed to those of the drop.

    Both arrays hold, ascending, offsets in the text before which a byte of the drop was left out.
    """

    dropped: Places
    dropped_breaks: Places  # of these, line breaks

    def bytes(self, offsets: Places) -> Places:
        """Offsets in the drop."""
        if not len(self.dropped):
            return offsets
        return offsets + np.searchsorted(self.dropped, offsets, "right")

    def breaks(self, offsets: Places) -> Places:
        """How many line breaks were left out before each offset."""
        return np.searchsorted(self.dropped_breaks, offsets, "right").astype(np.int64)


NOTHING_DROPPED = Origin(np.empty(0, np.int64), np.empty(0, np.int64))


class Where(TypedDict, total=False):
    """The rest of a Fault, as far as it is known."""

    group: int
    message: int
    segment: int
    tag: str
    element: int
    value: str
    error: str


class Events:
    """Envelope segments without TA1, in file order, a place in the arrays each."""

    def __init__(self, heads: Sequence[Isa], found: Found, size: int, origin: Origin) -> None:
        self.heads, self.found, self.size, self.origin = heads, found, size, origin
        every = found.events()
        notes = _array(every, "kind") == TA1
        self.notes = _array(every, "segment")[notes]
        self.frame = every.filter(pl.Series(~notes)) if notes.any() else every
        self.kind = _array(self.frame, "kind")
        self.segment = _array(self.frame, "segment")
        self.start = _array(self.frame, "start")
        self.after = _array(self.frame, "after")
        self.byte = origin.bytes(self.start)
        self.line = _array(self.frame, "line") + origin.breaks(self.start)
        self.sets: Places = np.flatnonzero(self.kind == ST)
        self.walls: Places = np.flatnonzero((self.kind != ST) & (self.kind != SE))
        values = self.frame.select("e01", "e02")[self.walls].rows()
        self._values: dict[int, tuple[str | None, ...]] = dict(
            zip(self.walls.tolist(), values, strict=True)
        )
        begins = np.array([head.start for head in heads], np.int64)
        self.interchange = np.searchsorted(begins, self.start, "right")
        self.faults: list[Fault] = []

    def __len__(self) -> int:
        return len(self.kind)

    def tag(self, at: int) -> str:
        """ISA, GS, ST, SE, GE or IEA."""
        return TAGS[int(self.kind[at])]

    def value(self, at: int, element: int) -> str:
        """The first or second element of one of `walls`, trimmed, empty where there is none."""
        return self._values[at][element - 1] or ""

    def fault(
        self,
        code: str,
        at: int | None,
        detail: str,
        interchange: int,
        **where: Unpack[Where],
    ) -> None:
        """Note a fault at a place in the arrays; None: at the end of the file."""
        byte = self.drop_size if at is None else int(self.byte[at])
        line = None if at is None else int(self.line[at])
        self.faults.append(Fault(code, interchange, detail, byte=byte, line=line, **where))

    def malformed(self, one: Malformed, at: int) -> None:
        """Note a piece without a tag in the set that begins at this place."""
        message = int(np.searchsorted(self.sets, at)) + 1
        here = np.array([one.start], np.int64)
        self.faults.append(
            Fault(
                code=Code.EDI_SEGMENT,
                interchange=int(self.interchange[at]),
                detail="a segment begins with a tag of two or three capitals or digits",
                message=message,
                segment=one.segment - int(self.segment[at]) + 1,
                tag=one.text[:3],
                value=one.text,
                byte=int(self.origin.bytes(here)[0]),
                line=one.line + int(self.origin.breaks(here)[0]),
            )
        )

    @property
    def drop_size(self) -> int:
        """Bytes of the drop, as far as it is text."""
        return self.size + len(self.origin.dropped)

    def group_at(self, around: Sequence[int | None], rows: Places) -> Places:
        """The number of the group each event stands in, 0 for none.

        Parameters:
            around: of each of `walls` the group behind it.
        """
        groups = np.array([number or 0 for number in around], np.int64)
        return groups[np.searchsorted(self.walls, rows, "right") - 1]


def _array(frame: pl.DataFrame, column: str) -> Places:
    return frame.get_column(column).to_numpy().astype(np.int64, copy=False)
