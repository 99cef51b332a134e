"""EDI as values: interchanges, groups, messages, their faults, and segments in bulk.

One vocabulary for X12, EDIFACT, TRADACOMS and IDoc: an *interchange* (ISA…IEA, UNB…UNZ, STX…END,
an IDoc file) holds *groups* (GS…GE, UNG…UNE) that hold *messages* (transaction sets ST…SE, messages
UNH…UNT and MHD…MTR, one IDoc). Interchanges and groups are few and are objects; messages are as
many as orders and stand in frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

COMPONENT = "\x1f"
"""Stands between the components of an element, whatever character the file uses."""

REPETITION = "\x1e"
"""Stands between the repetitions of an element (X12 from 00402, EDIFACT syntax 4)."""

ENVELOPE_TAGS = ("ISA", "GS", "UNB", "UNG", "STX", "EDI_DC40")
"""Segments around a message that its own rows repeat, with `_segment` 0, so that locators such as
ISA06, GS03 or UNB.0004 read like any other."""

FAULT_TAG = "_FAULT"
"""A row of this tag (`_segment` 0) is a fault that condemns its message: e01 code, e02 detail."""

MESSAGE = "MESSAGE"
"""The column that tells the messages of a drop apart; profiles group rows by it."""

LINE_OPENERS = ("PO1", "POC", "G68", "W01", "LIN", "OLD", "E1EDP01")
"""Segments that open an order line; what a name of OTHER SEGMENTS begins with there."""

OTHER = "OTHER SEGMENTS"
"""The column of segments that no mapping used: a JSON list of objects with `name` and `value`."""

SEGMENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "_message": pl.UInt32,  # the message's number in the drop, from 1
    "_segment": pl.UInt32,  # position in the message; ST, UNH, MHD is 1, envelope rows are 0
    "_line": pl.Int64,  # physical line of its first byte, from 1
    "_byte_from": pl.Int64,  # offset in the drop; null where there is none
    "_byte_to": pl.Int64,
    "tag": pl.String,  # without blanks: PO1, NAD, E1EDP01
}
"""Leading columns of a frame of segments; then e01, e02 … (String, at least one): the elements with
release characters resolved, components joined by COMPONENT, repetitions by REPETITION, empty null.
Rows stand in file order; a message's rows stand together, envelope rows and faults first."""


def element(number: int) -> str:
    """The column of the element at this position, from 1."""
    return f"e{number:02}"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters one interchange is written with."""

    element: str
    component: str | None
    terminator: str
    repetition: str | None = None
    release: str | None = None
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with an envelope or a segment, placed as acknowledgements need it."""

    code: str  # reason code
    interchange: int
    detail: str
    group: int | None = None
    message: int | None = None  # the message's number in the drop; None: the group or interchange
    segment: int | None = None  # position in the message, from 1
    tag: str | None = None
    element: int | None = None  # position in the segment, from 1
    component: int | None = None
    value: str | None = None
    byte: int | None = None  # offset in the drop
    line: int | None = None
    error: str | None = None
    """Of faults within a message: missing segment, repeated, missing, too long, number, date,
    components; an acknowledgement has a code for each. Of headers: not unique."""

    @property
    def noted(self) -> bool:
        """Told and acknowledged as an error, but never held against an order: partners who give
        every set the same number are many.
        """
        return self.error == "not unique"

    @property
    def pointer(self) -> str:
        """`interchange 1, group 2, message 3, segment 4 (SE), element 1` as far as it is known."""
        segment = None if self.segment is None else f"{self.segment} ({self.tag})"
        tag = self.tag if self.segment is None else None
        named = (
            ("interchange", self.interchange), ("group", self.group), ("message", self.message),
            ("segment", segment or tag), ("element", self.element), ("component", self.component),
        )  # fmt: skip
        return ", ".join(f"{name} {value}" for name, value in named if value is not None)


@dataclass(frozen=True, slots=True)
class Interchange:
    """One transmission of a partner."""

    number: int  # in the drop, from 1
    standard: str  # x12, edifact, tradacoms, idoc
    sender: str
    receiver: str
    control: str  # ISA13, UNB 0020, STX SNRF, DOCNUM
    delimiters: Delimiters
    sender_qualifier: str | None = None
    receiver_qualifier: str | None = None
    prepared: str | None = None  # date and time as the file says them, "YYMMDD HHMM"
    version: str | None = None  # ISA12, UNB S001 ("UNOC:3")
    test: bool = False  # ISA15 T, UNB 0035 1
    ack_requested: bool = False  # ISA14 1, UNB 0031 1
    header: str = ""  # the header segment's own text, for acknowledgements that quote it


@dataclass(frozen=True, slots=True)
class Group:
    """A functional group; standards without groups have one, with an empty `control`."""

    number: int  # in the drop, from 1
    interchange: int
    functional_id: str = ""  # GS01, UNG 0038
    sender: str = ""
    receiver: str = ""
    control: str = ""
    version: str = ""  # GS08


MESSAGES = pl.Schema(
    {
        "message": pl.UInt32,  # number in the drop, from 1
        "interchange": pl.UInt32,
        "group": pl.UInt32,  # number of the Group
        "place": pl.UInt32,  # position in its group, from 1
        "type": pl.String,  # 850, ORDERS
        "version": pl.String,  # 004010, D:96A:UN:EAN008
        "control": pl.String,  # ST02, UNH 0062
        "kind": pl.String,  # order, change (860, ORDCHG), other (810, 997 …: skipped and told)
        "segments": pl.UInt32,  # counted, ST and SE included
        "line": pl.Int64,  # physical line it begins on
        "byte_from": pl.Int64,  # offsets in the drop
        "byte_to": pl.Int64,
    }
)
"""One row a message, in file order."""


@dataclass(frozen=True, slots=True)
class Envelopes:
    """What surrounds the segments of a drop."""

    interchanges: tuple[Interchange, ...]
    groups: tuple[Group, ...]
    messages: pl.DataFrame  # MESSAGES
    faults: tuple[Fault, ...]
