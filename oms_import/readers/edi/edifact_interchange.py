"""One interchange surveyed: its groups and trailers checked, its messages written down.

Interchanges and groups are met in a loop, messages by arrays (`edifact_messages`).
"""

from __future__ import annotations

import mmap
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from oms_import.model.codes import Code
from oms_import.model.edi import Fault, Group
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.readers.edi.edifact_blocks import (
    GROUP,
    GROUP_END,
    TRAILER,
    Block,
    Blocks,
)
from oms_import.readers.edi.edifact_charset import Repertoire, encoding_of
from oms_import.readers.edi.edifact_header import Opening
from oms_import.readers.edi.edifact_messages import Spans, placed, spans
from oms_import.readers.edi.edifact_survey import Lines, Survey, beside, no_header
from oms_import.readers.edi.edifact_syntax import Elements, Syntax, part
from oms_import.readers.edi.edifact_text import (
    MOST_ELEMENTS,
    Places,
    elements,
    utf8,
)

_TOLD = 20  # stray segments that are told of one block
_GROUP_CONTROL = 5  # the element of UNG that its trailer repeats
_SENDER = 2  # the element of UNB and STX that names the sender; the recipient follows
_DIGITS = 18


def survey(data: mmap.mmap, syntax: Syntax, encoding: str | None) -> Survey:
    """Look at all of a file.

    Parameters:
        encoding: that of the text, or None to go by what each interchange says.

    Raises:
        DropRejectedError: EDI_HEADER (no interchange begins anywhere), EDI_ENVELOPE (a message of
            more than 64 MB: the terminator is probably another), ENC_INVALID (text that is not in
            `encoding`).
    """
    found, lines, at = Survey(), Lines(data), 0
    while (opening := syntax.find(data, at)) is not None:
        beside(found, syntax, data, (at, opening.start), lines)
        at = _Surveyor(data, syntax, found, opening, lines).run(encoding)
    if not found.interchanges:
        raise no_header(syntax, data)
    beside(found, syntax, data, (at, len(data)), lines)
    return found


class _Surveyor:
    """One interchange, from its header to its trailer or to where it breaks off."""

    def __init__(
        self, data: mmap.mmap, syntax: Syntax, found: Survey, opening: Opening, lines: Lines
    ) -> None:
        self._syntax, self._found, self._opening = syntax, found, opening
        self._blocks = Blocks(data, syntax, opening, lines)
        self._number = len(found.interchanges) + 1
        for note in opening.notes:
            found.note(note)
        self._first_placed = len(found.placed)
        self._seen = Repertoire()
        self._header, self._header_end, self._where = b"", opening.begin, (opening.begin, 1)
        self._groups: list[bytes] = []  # headers of the groups; empty: messages without a group
        self._open = False  # whether the last of them goes on
        self._in_group = self._messages = 0
        self._closed = False  # the trailer came

    def run(self, encoding: str | None) -> int:
        """Survey it; the offset after it."""
        done = False
        while not done and (following := self._blocks.next()):
            block, stop, done = following
            self._take(block, stop)
            if encoding is not None:
                _require(block, stop, encoding)
        self._finish(encoding)
        return self._blocks.end[0]

    def _take(self, block: Block, stop: int) -> None:
        """Check and write down the first `stop` segments of a block."""
        one, roles = block.segments, block.roles[:stop]
        self._seen.add(one.data[: one.ends[stop - 1]])
        self._say(block)
        if not self._header:
            self._header, self._where = block.text(0), (block.at, int(block.lines[0]))
            self._header_end = block.at + int(one.closes[0])
        service = np.flatnonzero(roles)
        found = spans(service, roles[service], stop)
        groups = self._grouped(block, service[roles[service] >= GROUP], found.heads)
        first = self._found.messages + 1
        if len(groups):
            at = (block.at, self._number)
            self._found.placed.append(placed(one, found, at, block.lines, groups))
            self._found.messages += len(groups)
        self._strays(block, roles, found)
        self._unsound(block, stop, found, first)

    def _say(self, block: Block) -> None:
        """Note what was mended in a block."""
        one = block.segments
        for is_so, what in (
            (one.wrapped, "lines end inside segments"),
            (one.stray, "control characters in the text, read as blanks"),
            (one.empty, "terminators without a segment"),
            (one.unended, "the last segment has no terminator"),
        ):
            if is_so:
                self._found.note(what)

    # ---- groups and trailers

    def _grouped(self, block: Block, events: Places, heads: Places) -> Places:
        """Go through the segments of groups and interchange; the group of each message."""
        groups, done = np.zeros(len(heads), np.int64), 0
        for index in events.tolist():
            until = int(np.searchsorted(heads, index))
            self._fill(groups[done:until])
            done = until
            self._event(block, index)
        self._fill(groups[done:])
        return groups

    def _fill(self, groups: Places) -> None:
        """The messages up to here belong to the group that is open, or to one without a header."""
        if not len(groups):
            return
        if not self._open:
            self._begin(b"")
        groups[:] = len(self._found.groups) + len(self._groups)
        self._in_group += len(groups)
        self._messages += len(groups)

    def _begin(self, header: bytes) -> None:
        self._groups.append(header)
        self._open, self._in_group = True, 0

    @property
    def _group_header(self) -> bytes:
        return self._groups[-1] if self._open else b""

    def _event(self, block: Block, index: int) -> None:
        role = int(block.roles[index])
        if role == GROUP:
            self._break_group(block.tag(index), block, index)
            self._begin(block.text(index))
        elif role == GROUP_END:
            self._end_group(block, index)
        elif role == TRAILER:
            self._break_group(block.tag(index), block, index)
            self._closed = True
            real = sum(1 for header in self._groups if header)
            counted = real if real and self._syntax.referenced else self._messages
            wanted = part(_elements(self._header), self._syntax.control)
            self._check(block, index, counted, wanted)

    def _end_group(self, block: Block, index: int) -> None:
        if self._group_header:
            wanted = part(_elements(self._group_header), _GROUP_CONTROL)
            self._check(block, index, self._in_group, wanted, self._group_number)
        else:
            detail = f"{block.tag(index)} stands without {self._syntax.group}"
            self._found.faults.append(block.fault("EDI_ENVELOPE", self._number, detail, index))
        self._open = False

    def _break_group(self, before: str, block: Block, index: int) -> None:
        """A group that something else ends than its trailer."""
        if self._group_header:
            detail = f"{self._syntax.group_end} is missing before {before}"
            fault = block.fault("EDI_TRUNCATED", self._number, detail, index)
            group, tag = self._group_number, self._syntax.group_end
            self._found.faults.append(replace(fault, group=group, tag=tag))
        self._open = False

    @property
    def _group_number(self) -> int:
        return len(self._found.groups) + len(self._groups)

    def _check(
        self, block: Block, index: int, counted: int, wanted: str, group: int | None = None
    ) -> None:
        """A trailer's count and, where it has one, its reference."""
        segment = _elements(block.text(index))
        tag, stated, repeated = block.tag(index), part(segment, 1), part(segment, 2)
        if not _is_number(stated) or int(stated) != counted:
            detail = f'{tag} states "{stated}", {counted} were read'
            fault = block.fault("EDI_COUNT", self._number, detail, index)
            self._found.faults.append(replace(fault, group=group, element=1, value=stated))
        if self._syntax.referenced and repeated != wanted:
            detail = f'{tag} refers to "{repeated}", its header to "{wanted}"'
            fault = block.fault("EDI_CONTROL_REF", self._number, detail, index)
            self._found.faults.append(replace(fault, group=group, element=2, value=repeated))

    # ---- damage

    def _strays(self, block: Block, roles: npt.NDArray[np.uint8], found: Spans) -> None:
        """Segments that stand in no message, and trailers of messages that did not begin."""
        inside = np.zeros(len(roles) + 1, np.int64)
        inside[found.heads] = 1
        inside[found.lasts + 1] -= 1
        stray = np.flatnonzero((np.cumsum(inside)[:-1] == 0) & (roles < GROUP))
        for index in stray[:_TOLD].tolist():
            detail = f'"{block.shown(index)}" stands outside of a message'
            self._found.faults.append(block.fault("EDI_ENVELOPE", self._number, detail, index))

    def _unsound(self, block: Block, stop: int, found: Spans, first: int) -> None:
        """Segments without a proper tag, or of too many elements: their message is damaged."""
        widths = block.segments.width(stop)
        self._found.width = max(self._found.width, min(int(widths.max()), MOST_ELEMENTS))
        self._found.nested |= block.nested
        bad = ~block.sound[:stop] | (widths >= MOST_ELEMENTS)
        at = np.flatnonzero(bad)
        message = np.searchsorted(found.heads, at, side="right") - 1
        inside = message >= 0
        inside[inside] = at[inside] <= found.lasts[message[inside]]
        at, message = at[inside], message[inside]
        # One a message: the first tells what happened, those after it often follow from it.
        for of, place in zip(*np.unique(message, return_index=True), strict=True):
            index = int(at[place])
            self._bad_segment(block, index, first + int(of), index - int(found.heads[of]) + 1)

    def _bad_segment(self, block: Block, index: int, message: int, segment: int) -> None:
        said = block.shown(index)
        detail = f'"{said}" does not begin with a tag'
        if block.sound[index]:
            detail = f"{MOST_ELEMENTS} elements or more; those beyond were not read"
        fault = block.fault("EDI_SEGMENT", self._number, detail, index)
        fault = replace(fault, message=message, segment=segment, value=said)
        self._found.faults.append(fault)

    # ---- the end

    def _finish(self, encoding: str | None) -> None:
        """Write the interchange down, its text decoded as all of it showed."""
        found = self._found
        if not self._closed:
            self._break_off()
        if b"" in self._groups and any(self._groups):
            detail = "messages stand in groups and outside of them"
            self._add("EDI_ENVELOPE", detail, self._syntax.group, self._where)
        name = encoding or self._encoding()
        found.writings.append((self._blocks.codec, name))
        for one in found.placed[self._first_placed :]:
            one.decode(name)
        header = _elements(self._header, name)
        marks, number = self._opening.delimiters, self._number
        text = self._blocks.written(self._opening.begin, self._header_end, name)
        one = self._syntax.interchange(number, header, marks)
        found.interchanges.append(replace(one, header=text))
        self._headers(header, name)
        for value, place, what in (
            (one.sender, _SENDER, "sender"),
            (one.receiver, _SENDER + 1, "recipient"),
            (one.control, self._syntax.control, "control reference"),
        ):
            if not value:
                detail = f"{self._syntax.header} names no {what}"
                self._add("EDI_HEADER", detail, self._syntax.header, self._where, place)

    def _break_off(self) -> None:
        """The interchange ends without its trailer."""
        end = self._blocks.end
        if self._group_header:
            detail = f"{self._syntax.group_end} is missing"
            self._add("EDI_TRUNCATED", detail, self._syntax.group_end, end)
        detail = f"{self._syntax.trailer} is missing"
        self._add("EDI_TRUNCATED", detail, self._syntax.trailer, end)

    def _add(
        self, code: str, detail: str, tag: str, at: tuple[int, int], element: int | None = None
    ) -> None:
        byte, line = at
        fault = Fault(code, self._number, detail, tag=tag, element=element, byte=byte, line=line)
        self._found.faults.append(fault)

    def _encoding(self) -> str:
        name, note = encoding_of(part(_elements(self._header), 1), self._seen)
        if note:
            self._found.note(note)
        return name

    def _headers(self, header: Elements, encoding: str) -> None:
        """The groups, and the header segments of each."""
        found, outer = self._found, (str(header[0]), header[1:])
        for raw in self._groups:
            inner = _elements(raw, encoding) if raw else ()
            plain = Group(len(found.groups) + 1, self._number)
            found.groups.append(self._syntax.grouped(plain, inner) if inner else plain)
            own = [(str(inner[0]), inner[1:])] if inner else []
            found.headers[plain.number] = [outer, *own]


def _require(block: Block, stop: int, encoding: str) -> None:
    """The text must be in the encoding the profile names."""
    one = block.segments
    try:
        one.data[: one.ends[stop - 1]].tobytes().decode(encoding)
    except UnicodeDecodeError as error:
        index = int(np.searchsorted(one.ends, error.start))
        where = Location(line=int(block.lines[index]), byte=block.at + int(one.begins[index]))
        detail = f"a segment on line {where.line} is not {encoding}"
        finding = Finding(Code.ENC_INVALID, detail=detail, location=where)
        raise DropRejectedError([finding]) from None


def _elements(text: bytes, encoding: str = "latin-1") -> Elements:
    """A segment's tag and elements; a trailer's and a control reference are ASCII in any case."""
    return elements(utf8(np.frombuffer(text, np.uint8), encoding))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS
