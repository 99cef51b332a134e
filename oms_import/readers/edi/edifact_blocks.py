"""One interchange cut into blocks of whole messages, each segment told by its role."""

from __future__ import annotations

import mmap
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from oms_import.model.codes import Code
from oms_import.model.edi import Fault
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.readers.edi.edifact_codec import codec
from oms_import.readers.edi.edifact_header import Opening
from oms_import.readers.edi.edifact_survey import Lines
from oms_import.readers.edi.edifact_syntax import Syntax
from oms_import.readers.edi.edifact_text import (
    TAG,
    Places,
    Segments,
    clean,
    is_nested,
    is_sound,
    tag_number,
)

_BLOCK = 4 << 20
_MOST = 64 << 20  # bytes of one message; more are a file whose terminator is another
_TRAILER = 256  # bytes in which a trailer ends

_ROLES = ("message", "message_end", "group", "group_end", "trailer", "header")
MESSAGE, MESSAGE_END, GROUP, GROUP_END, TRAILER, HEADER = range(1, len(_ROLES) + 1)
"""Roles of segments, as attributes of Syntax; 0 is any other."""

_SHOWN = bytes({0x1C: 39, 0x1D: 43, 0x1E: 42, 0x1F: 58}.get(code, code) for code in range(256))


@dataclass(frozen=True, slots=True)
class Block:
    """Whole segments of an interchange and where they stand in the file."""

    at: int
    segments: Segments
    lines: Places  # of each segment, from 1
    roles: npt.NDArray[np.uint8]  # of each segment: 0, or its place in _ROLES from 1
    sound: npt.NDArray[np.bool_]  # whether each begins with a tag
    nested: bool  # some tags tell where in the message they stand
    boundary: int | None  # the first segment that belongs to another interchange
    final: bool  # the file ends here

    def text(self, index: int) -> bytes:
        """A segment, cleaned."""
        one = self.segments
        return one.data[one.starts[index] : one.ends[index] + 1].tobytes()

    def tag(self, index: int) -> str:
        """A segment's first three characters, fewer where it has fewer."""
        return self.shown(index)[:3]

    def shown(self, index: int, length: int = 40) -> str:
        """The beginning of a segment, for people."""
        return self.text(index)[:-1][:length].translate(_SHOWN).decode("latin-1")

    def fault(self, code: str, interchange: int, detail: str, index: int) -> Fault:
        """A fault of an interchange, placed at one of these segments."""
        byte, line = self.at + int(self.segments.begins[index]), int(self.lines[index])
        return Fault(code, interchange, detail, tag=self.tag(index), byte=byte, line=line)


class Blocks:
    """The blocks of one interchange."""

    def __init__(self, data: mmap.mmap, syntax: Syntax, opening: Opening, lines: Lines) -> None:
        self._data, self._syntax, self._opening, self._lines = data, syntax, opening, lines
        self.codec = codec(opening.delimiters, syntax.tag_end)
        self._tags = [tag_number(getattr(syntax, role)) for role in _ROLES]
        self._advice = tag_number(syntax.advice)
        self._at = opening.begin

    def next(self) -> tuple[Block, int, bool] | None:
        """The block that follows, how many of its segments to take, and whether it is the last."""
        size, bound = _BLOCK, self._bound()
        while True:
            end = min(self._at + size, len(self._data)) if bound is None else bound
            block = self._read(end)
            stop, done = _stop(block)
            if stop or done:
                self._move(block, stop, done=done)
                return (block, stop, done) if stop else None
            size, bound = (size, None) if bound is not None else (size * 2, None)
            if size > _MOST:
                raise self._endless()

    @property
    def end(self) -> tuple[int, int]:
        """Offset and line after what was taken."""
        return self._at, self._lines.at(self._at)

    def written(self, begin: int, end: int, encoding: str) -> str:
        """Some of the file as the partner wrote it, without line ends."""
        raw = self._data[begin:end].translate(None, b"\r\n")
        return raw.decode(encoding, errors="replace")

    def _move(self, block: Block, stop: int, *, done: bool) -> None:
        """Go on behind the segments that were taken; but for the end, where the next one begins."""
        one = block.segments
        if done or stop == len(one.starts):
            self._at = block.at + int(one.closes[stop - 1]) if stop else len(self._data)
        else:
            self._at = block.at + int(one.begins[stop])
            self._lines.know(self._at, int(block.lines[stop]))

    def _bound(self) -> int | None:
        """Where this interchange seems to end, if that is near: spares small ones a large block."""
        after = (self._syntax.tag_end or self._opening.delimiters.element).encode()
        find, limit = self._first, min(self._at + _BLOCK, len(self._data))
        end = find(self._syntax.trailer.encode() + after, self._at, limit)
        until = limit if end < 0 else end
        again = find(self._syntax.header.encode() + after, self._at + 3, until)
        if again >= 0:
            return again
        close = self._data.find(self._opening.delimiters.terminator.encode(), end, end + _TRAILER)
        return close + 1 if 0 <= end <= close else None

    def _first(self, text: bytes, begin: int, end: int) -> int:
        """Where a text begins first; -1: nowhere, which rfind tells in half the time."""
        if self._data.rfind(text, begin, end) < 0:
            return -1
        return self._data.find(text, begin, end)

    def _read(self, end: int) -> Block:
        raw, final = self._data[self._at : end], end == len(self._data)
        one = clean(raw, self.codec, final=final)
        heads = one.heads
        tags, sound = heads & TAG, is_sound(heads)
        roles = np.zeros(len(tags), np.uint8)
        for role, tag in enumerate(self._tags, 1):
            roles[(tags == tag) & sound] = role
        opens = (roles == HEADER) | ((tags == self._advice) & sound)
        # The first segment of all is this interchange's own header.
        opens[: self._at == self._opening.begin] = False
        others = np.flatnonzero(opens)
        boundary = int(others[0]) if len(others) else None
        lines = one.lines + self._lines.at(self._at)
        return Block(self._at, one, lines, roles, sound, is_nested(heads), boundary, final)

    def _endless(self) -> DropRejectedError:
        detail = f"after byte {self._at} no message ends within {_MOST >> 20} MB"
        where = Location(line=self._lines.at(self._at), byte=self._at)
        return DropRejectedError([Finding(Code.EDI_ENVELOPE, detail=detail, location=where)])


def _stop(block: Block) -> tuple[int, bool]:
    """How many segments of the block to take now, and whether the interchange ends with them."""
    ends = np.flatnonzero(block.roles == TRAILER)
    end = int(ends[0]) + 1 if len(ends) else None
    if block.boundary is not None and (end is None or block.boundary < end):
        return block.boundary, True
    if end is not None:
        return end, True
    if block.final:
        return len(block.roles), True
    # The last message may go on beyond the block.
    begun = np.flatnonzero(block.roles == MESSAGE)
    return (int(begun[-1]) if len(begun) else 0), False
