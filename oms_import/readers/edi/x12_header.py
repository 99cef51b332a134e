"""ISA headers: found anywhere in a file, and the delimiters each of them sets.

X12.5 gives ISA a fixed length, so that its delimiters stand at fixed bytes. Files in the wild pad
it short, with no-break spaces or wrap it; what holds in all of them is that ISA has 16 elements.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

from oms_import.model.edi import Delimiters, Interchange

_REACH = 1600  # bytes looked at for one header; 106 by the standard
_LONGEST = 400  # characters of a header without its padding being wrapped
_ELEMENTS = 16
_BLANKS = " \t\xa0"
_LINE_ENDS = "\r\n"
_SIZES = (4, 20, 4, 20, 4, 40, 4, 40, 8, 8, 2, 6, 14, 2, 2)  # at most, of ISA01 to ISA15
_REPETITIONS_SINCE = "00402"  # ISA12; before, ISA11 is the standards' agency (U)
_WITHOUT_COMPONENT = re.compile(r"\s*([A-Z]?)\s*([^A-Za-z0-9\s]|[\r\n])[\s\xa0]*GS")


@dataclass(frozen=True, slots=True)
class Isa:
    """One header: where it stands, what it says, how its interchange is written."""

    start: int  # offset of the I
    end: int  # offset after the terminator
    text: str  # from the I to the terminator, which is left out
    elements: tuple[str, ...]  # ISA01 to ISA16, trimmed
    delimiters: Delimiters
    sound: bool = True  # whether it has its 16 elements

    def interchange(self, number: int) -> Interchange:
        """The header as a value."""
        part = self.elements
        return Interchange(
            number=number,
            standard="x12",
            sender=part[5],
            receiver=part[7],
            control=part[12],
            delimiters=self.delimiters,
            sender_qualifier=part[4] or None,
            receiver_qualifier=part[6] or None,
            prepared=f"{part[8]} {part[9]}".strip() or None,
            version=part[11] or None,
            test=part[14].upper() == "T",
            ack_requested=part[13] == "1",
            header=self.text,
        )


def headers(data: mmap.mmap | bytes) -> Iterator[Isa]:
    """All ISA headers of UTF-8 text, in order."""
    last = data.rfind(b"ISA")  # rfind takes half the time of find: most files have one header
    at = data.find(b"ISA")
    while at >= 0:
        found = _header(data, at)
        if found is not None:
            yield found
        following = at + 3 if found is None else found.end
        at = data.find(b"ISA", following) if following <= last else -1


def _header(data: mmap.mmap | bytes, at: int) -> Isa | None:
    """The header that begins here; None: ISA is part of some text."""
    window = data[at : at + _REACH].decode("utf-8", "ignore")
    separator = window[3:4]
    if not separator or separator.isalnum() or separator in " \xa0\r\n":
        return None
    parts = window.split(separator, _ELEMENTS)
    if len(parts) <= _ELEMENTS:
        return None
    values = [_trimmed(part) for part in parts[1:_ELEMENTS]]
    tail = parts[_ELEMENTS]
    before = len(separator.join(parts[:_ELEMENTS])) + 1
    short = _WITHOUT_COMPONENT.fullmatch(parts[_ELEMENTS - 1])
    if short is not None:
        # ISA16 is missing: what seemed to be its separator is the one after GS.
        values[-1] = short[1]
        ends, before = _Ends(None, short[2], short.end(2)), before - len(parts[15]) - 1
    else:
        ends = _ends(tail)
    if ends is None or before > _LONGEST or not _plausible(values):
        return None
    delimiters = _delimiters(separator, ends, values)
    if delimiters is None:
        return None
    text = window[: before + ends.length]
    end = at + len(text.encode())
    elements = (*values, ends.component or "")
    return Isa(at, end, text[: len(text) - len(ends.terminator)], elements, delimiters)


def unsound(data: mmap.mmap | bytes, start: int, end: int, delimiters: Delimiters) -> Isa:
    """A segment of this tag that is no header, within interchanges of these delimiters."""
    text = data[start : min(end, start + _REACH)].decode("utf-8", "replace")
    text = text.removesuffix(delimiters.terminator)
    values = [_trimmed(part) for part in text.split(delimiters.element)[1 : _ELEMENTS + 1]]
    elements = (*values, *[""] * (_ELEMENTS - len(values)))
    return Isa(start, end, text, elements, delimiters, sound=False)


@dataclass(frozen=True, slots=True)
class _Ends:
    """How a header ends: ISA16, the terminator, characters up to and with it."""

    component: str | None
    terminator: str
    length: int


def _ends(tail: str) -> _Ends | None:
    """What stands after the 16th separator: `>~`, `>` and a line end, wrapped, or ISA16 empty."""
    first = _skip(tail, 0, _LINE_ENDS)
    component = tail[first : first + 1]
    if not component:
        return None
    if component.isalnum() and first > 0:
        return _Ends(None, tail[0], 1)  # *P*, line end, GS
    after = first + 1
    at = _skip(tail, after, _BLANKS)
    follower = tail[at : at + 1]
    if not follower or follower.isalnum():
        # Nothing but a letter of GS follows: ISA16 is empty, this is the terminator.
        return None if component.isalnum() else _Ends(None, component, after)
    if follower not in _LINE_ENDS:
        return _Ends(component, follower, at + 1)
    return _line_ended(tail, component, after, at)


def _line_ended(tail: str, component: str, after: int, at: int) -> _Ends | None:
    """`>` and a line end: that is the terminator, or only a wrap before it, or ISA16 is empty."""
    beyond = _skip(tail, at, _LINE_ENDS + _BLANKS)
    next_one = tail[beyond : beyond + 1]
    if next_one and not next_one.isalnum() and next_one.isprintable() and next_one != "\ufeff":
        return _Ends(component, next_one, beyond + 1)
    line = re.match(r"[^\r\n]*", tail[beyond:])
    if line is not None and line[0].rstrip(_BLANKS).endswith(component):
        return _Ends(None, component, after)  # GS ends with it too
    return _Ends(component, tail[at], at + 1)


def _skip(text: str, at: int, what: str) -> int:
    while at < len(text) and text[at] in what:
        at += 1
    return at


def _trimmed(part: str) -> str:
    """An element without padding and without the line end of a wrap."""
    return part.replace("\r", "").replace("\n", "").strip(_BLANKS)


def _plausible(values: list[str]) -> bool:
    """Whether ISA01 to ISA15 are of sizes they may have, so that this is not some text."""
    sizes = all(len(value) <= size for value, size in zip(values, _SIZES, strict=True))
    digits = all(not values[place] or values[place].isdigit() for place in (8, 9))
    return sizes and digits


def _delimiters(separator: str, ends: _Ends, values: list[str]) -> Delimiters | None:
    terminator = ends.terminator
    if terminator == separator or terminator.isalnum() or terminator in _BLANKS:
        return None
    taken = {separator, terminator}
    component = ends.component
    if component is None or component in taken or component.isalnum() or component in _BLANKS:
        component = None
    repetition = values[10]
    usable = len(repetition) == 1 and not repetition.isalnum() and repetition not in taken
    if not usable or values[11] < _REPETITIONS_SINCE or repetition == component:
        repetition = None
    return Delimiters(separator, component, terminator, repetition)
