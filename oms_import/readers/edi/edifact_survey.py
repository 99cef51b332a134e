"""The survey of a file: interchanges one after the other, and what stands beside them."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field

import numpy as np

from oms_import.model.codes import Code
from oms_import.model.edi import Fault, Group, Interchange
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.readers.edi.edifact_codec import Codec
from oms_import.readers.edi.edifact_messages import Placed
from oms_import.readers.edi.edifact_syntax import Elements, Syntax
from oms_import.readers.edi.edifact_text import line_ends

_BLOCK = 4 << 20
_NOTHING = b" \t\r\n\x00\x1a\xef\xbb\xbf"


@dataclass(slots=True)
class Survey:
    """What a file holds."""

    interchanges: list[Interchange] = field(default_factory=list[Interchange])
    groups: list[Group] = field(default_factory=list[Group])
    headers: dict[int, list[tuple[str, Elements]]] = field(
        default_factory=dict[int, list[tuple[str, Elements]]]
    )
    faults: list[Fault] = field(default_factory=list[Fault])
    notes: dict[str, int] = field(default_factory=dict[str, int])  # what was mended → how often
    writings: list[tuple[Codec, str]] = field(default_factory=list[tuple[Codec, str]])
    """Of each interchange: its byte tables and the encoding of its text."""
    placed: list[Placed] = field(default_factory=list[Placed])
    messages: int = 0
    width: int = 1  # elements of the longest segment
    nested: bool = False  # some tags have components

    def note(self, what: str) -> None:
        """Count something that was mended."""
        self.notes[what] = self.notes.get(what, 0) + 1

    @property
    def repairs(self) -> list[str]:
        """What was mended, for people."""
        return list(self.notes)


class Lines:
    """Which physical line an offset of the file is on, for offsets that rise."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at, self._line = data, 0, 1

    def know(self, offset: int, line: int) -> None:
        """Take it as told that this offset, beyond any asked for, is on this line."""
        self._at, self._line = offset, line

    def at(self, offset: int) -> int:
        """The line of this offset, from 1."""
        while self._at < offset:
            end = min(offset, self._at + _BLOCK)
            # One byte more tells whether a CR at the end is followed by its LF.
            ends = line_ends(self._data[self._at : end + 1])
            self._line += int(np.searchsorted(ends, end - self._at))
            self._at = end
        return self._line


def no_header(syntax: Syntax, data: mmap.mmap) -> DropRejectedError:
    """Nothing in the file begins an interchange."""
    shown = data[:40].decode("latin-1")
    detail = f"no {syntax.header} segment stands in it; it begins with {shown!r}"
    where = Location(line=1, byte=0)
    return DropRejectedError([Finding(Code.EDI_HEADER, detail=detail, location=where)])


def beside(
    found: Survey, syntax: Syntax, data: mmap.mmap, span: tuple[int, int], lines: Lines
) -> None:
    """Tell what stands between two interchanges: nothing, junk, or messages nobody frames."""
    begin, end = span
    if begin == end:
        return
    some = data[begin : min(end, begin + _BLOCK)]
    if not some.strip(_NOTHING):
        if b"\x1a" in some or b"\x00" in some:
            found.note("Ctrl-Z or NUL beside the interchanges")
        return
    found.note("text before, between or after interchanges, left out")
    if found.interchanges:
        _unframed(found, syntax, data, span, lines)


def _unframed(
    found: Survey, syntax: Syntax, data: mmap.mmap, span: tuple[int, int], lines: Lines
) -> None:
    """A message after an interchange's trailer: that trailer stands in the wrong place."""
    last = found.interchanges[-1]
    after = syntax.message + (syntax.tag_end or last.delimiters.element)
    at = data.find(after.encode(), *span)
    if at < 0:
        return
    detail = f"{syntax.message} stands after {syntax.trailer}, outside of an interchange"
    found.faults.append(
        Fault(
            "EDI_ENVELOPE",
            last.number,
            detail,
            tag=syntax.message,
            byte=at,
            line=lines.at(at),
        )
    )
