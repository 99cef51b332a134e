"""A short clean EDIFACT file: one interchange of ISO 9735 without groups, nothing to repair."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from oms_import.model.edi import COMPONENT, Delimiters, Envelopes, Group
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
from oms_import.readers.edi.edifact import EDIFACT
from oms_import.readers.edi.edifact_charset import Repertoire, encoding_of
from oms_import.readers.edi.edifact_header import find_edifact
from oms_import.readers.edi.edifact_syntax import part
from oms_import.readers.edi.source import Header

_TAG = re.compile(r"[A-Z]{3}")
_REFERENCE = re.compile(r"[A-Za-z0-9]{1,14}")
_TYPE = re.compile(r"[A-Z]{6}(?:\x1f[A-Z0-9]{1,6}){3,4}")
_SERVICE = {"UNA", "UNB", "UNZ", "UNG", "UNE", "UNH", "UNT"}


def brief_edifact(data: bytes) -> Brief | None:
    """The file, if it is short, ASCII, of one interchange, and all its counts and numbers agree."""
    if len(data) > LARGEST or not data.isascii() or data.count(b"UNB") != 1:
        return None
    opening = find_edifact(data, 0)
    if opening is None or opening.start != 0 or opening.notes:
        return None
    text = data.decode("ascii")
    segments = _segments(text, opening.begin, opening.delimiters)
    return None if not segments else _assembled(text, opening.delimiters, segments)


def _segments(text: str, begin: int, marks: Delimiters) -> list[Segment] | None:
    """The segments from UNB on; None: something is odd."""
    released = marks.release is not None and marks.release in text[begin:]
    advised = begin == 0 or text[9:begin] in {"", "\n", "\r\n"}
    if released or not advised:
        return None
    segments = cut(text, begin, marks, _TAG)
    # A blank before a terminator may be one that the writer put between segments.
    blank = any(one.elements and one.elements[-1].endswith(" ") for one in segments or ())
    return None if blank else segments


def _assembled(text: str, marks: Delimiters, segments: Sequence[Segment]) -> Brief | None:
    """UNB, messages and UNZ, if they enclose each other and the trailers agree."""
    rest = iter(segments)
    unb = next(rest)
    if unb.tag != "UNB" or not all(part(_whole(unb), place) for place in (1, 2, 3, 5)):
        return None
    if not unb.elements[-1] or any(one != one.strip() for one in unb.elements):
        return None
    messages: list[Message] = []
    for one in rest:
        if one.tag == "UNZ":
            control = part(_whole(unb), 5)
            references = {message.row[6] for message in messages}
            sound = len(references) == len(messages) > 0 and agree(one, len(messages), control)
            return (
                _brief(text, marks, unb, messages) if sound and next(rest, None) is None else None
            )
        if one.tag != "UNH" or not _taken(one, rest, messages):
            return None
    return None


def _taken(unh: Segment, rest: Iterator[Segment], messages: list[Message]) -> bool:
    """Take a message from after its UNH to its UNT; whether it is in order."""
    if len(unh.elements) != 2 or not _REFERENCE.fullmatch(unh.elements[0]):
        return False
    if not _TYPE.fullmatch(unh.elements[1]):
        return False
    segments = [unh]
    for one in rest:
        segments.append(one)
        if one.tag == "UNT":
            if not agree(one, len(segments), unh.elements[0]):
                return False
            messages.append(_message(len(messages) + 1, segments))
            return True
        if one.tag in _SERVICE:
            return False
    return False


def _message(number: int, segments: list[Segment]) -> Message:
    control, named = segments[0].elements
    kind, _, version = named.partition(COMPONENT)
    row = (
        number, 1, 1, number, kind, version.replace(COMPONENT, ":"), control,
        EDIFACT.kinds.get(kind, "other"), len(segments), segments[0].line, segments[0].begin,
        segments[-1].end + 1,
    )  # fmt: skip
    return Message(row, segments)


def _whole(segment: Segment) -> list[str | None]:
    """Tag and elements, empty ones None."""
    return [segment.tag, *(value or None for value in segment.elements)]


def _brief(text: str, marks: Delimiters, unb: Segment, messages: list[Message]) -> Brief:
    headed: dict[int, Header] = {1: [("UNB", [value or None for value in unb.elements])]}
    interchange = EDIFACT.interchange(1, _whole(unb), marks)
    envelopes = Envelopes(
        interchanges=(replace(interchange, header=text[unb.begin : unb.end + 1]),),
        groups=(Group(1, 1),),
        messages=messages_frame(messages),
        faults=(),
    )
    encoding, _ = encoding_of(part(_whole(unb), 1), Repertoire())
    return Brief(
        "edifact", encoding, envelopes, headed, ready_frame(messages, headed, terminated=True)
    )
