"""A short clean X12 file: one interchange as X12.5 writes it, with nothing to repair or to tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from oms_import.model.edi import Envelopes, Group
from oms_import.readers.edi.brief import (
    LARGEST,
    Brief,
    Message,
    Segment,
    agree,
    cut,
    messages_frame,
    ready_frame,
)
from oms_import.readers.edi.source import Header
from oms_import.readers.edi.x12_header import Isa, headers
from oms_import.readers.edi.x12_sets import KINDS

_ISA = 106  # bytes of a header, its terminator included
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}")


def brief_x12(data: bytes) -> Brief | None:
    """The file, if it is short, ASCII, of one interchange, and all its counts and numbers agree."""
    if len(data) > LARGEST or not data.isascii() or data.count(b"ISA") != 1:
        return None
    head = next(headers(data), None)
    if head is None or head.start != 0 or head.end != _ISA:
        return None
    segments = cut(data.decode("ascii"), head.end, head.delimiters, _TAG)
    return None if segments is None else _assembled(head, segments)


def _assembled(head: Isa, segments: Sequence[Segment]) -> Brief | None:
    """Groups and sets, if they enclose each other and their trailers agree."""
    groups: list[tuple[Group, Segment]] = []
    messages: list[Message] = []
    rest = iter(segments)
    for one in rest:
        if one.tag == "IEA":
            if not agree(one, len(groups), head.elements[12]) or next(rest, None) is not None:
                return None
            return _brief(head, groups, messages)
        if one.tag != "GS" or not _grouped(one, rest, groups, messages):
            return None
    return None


def _grouped(
    gs: Segment,
    rest: Iterator[Segment],
    groups: list[tuple[Group, Segment]],
    messages: list[Message],
) -> bool:
    """Take a group from after its GS to its GE; whether it is in order."""
    part = gs.elements
    if len(part) != 8 or not all(value == value.strip() != "" for value in part):
        return False
    group = Group(len(groups) + 1, 1, part[0], part[1], part[2], part[5], part[7])
    if any(one.control == group.control for one, _ in groups):
        return False
    groups.append((group, gs))
    controls: set[str] = set()
    for one in rest:
        if one.tag == "GE":
            return bool(controls) and agree(one, len(controls), group.control)
        if one.tag != "ST":
            return False
        taken = _set(one, rest)
        control = one.elements[1] if len(one.elements) > 1 else ""
        if taken is None or not control or control in controls:
            return False
        controls.add(control)
        messages.append(_message(len(messages) + 1, group, len(controls), taken))
    return False


def _set(st: Segment, rest: Iterator[Segment]) -> list[Segment] | None:
    if any(value != value.strip() for value in st.elements):
        return None  # blanks around the set's name or number belong to neither
    taken = [st]
    for one in rest:
        taken.append(one)
        if one.tag == "SE":
            control = st.elements[1] if len(st.elements) > 1 else ""
            return taken if agree(one, len(taken), control) else None
        if one.tag in {"ST", "GS", "GE", "ISA", "IEA", "TA1"}:
            return None
    return None


def _message(number: int, group: Group, place: int, taken: list[Segment]) -> Message:
    kind, control, *more = taken[0].elements
    version = more[0] if more and more[0] else group.version
    row = (
        number, 1, group.number, place, kind, version, control, KINDS.get(kind, "other"),
        len(taken), taken[0].line, taken[0].begin, taken[-1].end + 1,
    )  # fmt: skip
    return Message(row, taken)


def _brief(head: Isa, groups: list[tuple[Group, Segment]], messages: list[Message]) -> Brief:
    isa = ("ISA", [value or None for value in head.elements])
    headed: dict[int, Header] = {
        group.number: [isa, ("GS", [value or None for value in gs.elements])]
        for group, gs in groups
    }
    envelopes = Envelopes(
        interchanges=(head.interchange(1),),
        groups=tuple(group for group, _ in groups),
        messages=messages_frame(messages),
        faults=(),
    )
    return Brief("x12", "utf-8", envelopes, headed, ready_frame(messages, headed))
