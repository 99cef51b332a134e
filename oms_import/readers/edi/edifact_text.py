"""EDIFACT's way of writing segments, undone in bulk (ISO 9735 part 1, clause 8; TRADACOMS alike).

Bytes come in as a partner wrote them, in pieces of whole segments. Line ends go, release characters
are resolved, delimiters become control characters that no text holds; what is left is split by
Polars. Places in the bytes as they were written are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import COMPONENT, REPETITION, Delimiters, element

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

TERMINATED, PARTED = 0x1C, 0x1D
"""What ends a segment and what stands between its elements, in cleaned text."""

_REPEATED, _JOINED, _RELEASED = ord(REPETITION), ord(COMPONENT), 0x1B
_LF, _CR, _TAB, _BLANK = 10, 13, 9, 32
_STRAY = 0x1A  # a control character that means nothing here; read as a blank

MOST_ELEMENTS = 150
"""No segment of a directory has a third of these; more are a file that is none of EDIFACT."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How one interchange is written, as byte tables."""

    delimiters: Delimiters
    inward: bytes  # 256 bytes: as written → cleaned
    outward: Bytes  # cleaned → as written, for released delimiters
    tag_end: int | None  # TRADACOMS: "=" ends the tag


@lru_cache(maxsize=256)
def codec(delimiters: Delimiters, tag_end: str | None = None) -> Codec:
    """The tables of these delimiters, all of them ASCII."""
    inward = bytearray(range(256))
    for code in range(32):
        inward[code] = code if code in {_LF, _CR, _TAB} else _STRAY
    pairs = (
        (delimiters.component, _JOINED),
        (delimiters.repetition, _REPEATED),
        (delimiters.release, _RELEASED),
        (delimiters.element, PARTED),
        (delimiters.terminator, TERMINATED),
    )
    outward = np.arange(256, dtype=np.uint8)
    for character, code in pairs:
        if character is not None:
            inward[ord(character)] = code
            outward[code] = ord(character)
    return Codec(delimiters, bytes(inward), outward, ord(tag_end) if tag_end else None)


@dataclass(frozen=True, slots=True)
class Segments:
    """Cleaned segments, one after the other."""

    data: Bytes  # their text, each ended by TERMINATED; four bytes more, so that tags can be read
    starts: Places  # in `data`: of each segment's tag
    ends: Places  # in `data`: of each segment's TERMINATED
    begins: Places  # in the bytes as written: of each segment's tag
    closes: Places  # in the bytes as written: after each segment's terminator
    wrapped: bool  # line ends stood inside segments
    stray: bool  # control characters stood in the text
    empty: int  # segments of nothing
    unended: bool  # the last segment has no terminator

    @property
    def tags(self) -> npt.NDArray[np.int32]:
        """The first three bytes of each segment as a number."""
        data, at = self.data, self.starts
        high, middle = data[at].astype(np.int32) << 16, data[at + 1].astype(np.int32) << 8
        return high | middle | data[at + 2]

    @property
    def sound(self) -> npt.NDArray[np.bool_]:
        """Whether each begins with a tag: a capital, two capitals or digits, then a delimiter."""
        data, at = self.data, self.starts
        shape = _CAPITAL[data[at]] & _MORE[data[at + 1]] & _MORE[data[at + 2]]
        return shape & _AFTER[data[at + 3]]


def _table(characters: bytes) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(characters)] = True
    return table


_CAPITAL = _table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_MORE = _table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_AFTER = _table(bytes((PARTED, TERMINATED, _JOINED)))
_PAD = np.zeros(4, np.uint8)
_GAP = _table(bytes((_LF, _CR, _BLANK, _TAB, TERMINATED)))


def tag_number(tag: str) -> int:
    """A tag as `Segments.tags` gives it."""
    return int.from_bytes(tag.encode("ascii"), "big")


def clean(raw: bytes, writing: Codec, *, final: bool) -> Segments:
    """Resolve what the partner wrote.

    Parameters:
        raw: bytes that begin where a segment begins, or with blanks and line ends before it.
        final: nothing follows, so that text after the last terminator is a segment too; else it is
            left out, as its end is not here.
    """
    text = np.frombuffer(raw.translate(writing.inward), np.uint8)
    data, kept, wrapped = _unwrapped(text)
    stray = bool((data == _STRAY).any())
    if stray:
        data = np.where(data == _STRAY, np.uint8(_BLANK), data)
    data, kept = _released(data, kept, writing)
    data, kept, unended = _ended(data, kept, len(raw), final=final)
    ends = np.flatnonzero(data == TERMINATED)
    data = np.concatenate((data, _PAD))
    starts = _begun(data, np.concatenate((np.zeros(1, np.int64), ends + 1))[:-1])
    full = starts < ends
    empty = len(full) - int(np.count_nonzero(full))
    if empty:
        starts, ends = starts[full], ends[full]
    if writing.tag_end is not None:
        data = _tag_ended(data, starts, writing.tag_end)
    begins = starts if kept is None else kept[starts].astype(np.int64)
    closes = (ends if kept is None else kept[ends].astype(np.int64)) + 1
    closes = np.minimum(closes, len(raw))
    return Segments(data, starts, ends, begins, closes, wrapped, stray, empty, unended)


def _unwrapped(text: Bytes) -> tuple[Bytes, npt.NDArray[Any] | None, bool]:
    """Text without line ends, where its bytes stood, and whether lines ended inside segments."""
    line_end = (text == _LF) | (text == _CR)
    at = np.flatnonzero(line_end)
    if not len(at):
        return text, None, False
    wrapped = not bool(_GAP[text[at[at > 0] - 1]].all())
    kept = np.flatnonzero(~line_end).astype(np.int32)
    return text[kept], kept, wrapped


def _released(
    data: Bytes, kept: npt.NDArray[Any] | None, writing: Codec
) -> tuple[Bytes, npt.NDArray[Any] | None]:
    """Drop release characters; what follows one is text, whatever it is."""
    at = np.flatnonzero(data == _RELEASED)
    if not len(at):
        return data, kept
    # Of `???+` the first and the third release: every other one of a row, from its first.
    first = np.concatenate((np.ones(1, np.bool_), np.diff(at) != 1))
    index = np.arange(len(at))
    within = index - np.maximum.accumulate(np.where(first, index, 0))
    active = at[within % 2 == 0]
    data = data.copy()
    released = active[active + 1 < len(data)] + 1
    data[released] = writing.outward[data[released]]
    stay = np.ones(len(data), np.bool_)
    stay[active] = False
    places = np.flatnonzero(stay)
    return data[places], places.astype(np.int32) if kept is None else kept[places]


def _ended(
    data: Bytes, kept: npt.NDArray[Any] | None, size: int, *, final: bool
) -> tuple[Bytes, npt.NDArray[Any] | None, bool]:
    """Text that ends with a terminator: of the file's last segment, one that is not there."""
    ends = np.flatnonzero(data == TERMINATED)
    last = int(ends[-1]) + 1 if len(ends) else 0
    rest = data[last:]
    if not final or not bool((rest > _BLANK).any()):
        return data[:last], kept, False
    data = np.append(data, np.uint8(TERMINATED))
    return data, None if kept is None else np.append(kept, np.int32(size - 1)), True


def _begun(data: Bytes, starts: Places) -> Places:
    """Starts moved over the blanks before tags."""
    first = data[starts]
    if not bool(((first == _BLANK) | (first == _TAB)).any()):
        return starts
    solid = np.flatnonzero((data != _BLANK) & (data != _TAB))
    return solid[np.searchsorted(solid, starts)]


def _tag_ended(data: Bytes, starts: Places, tag_end: int) -> Bytes:
    """The character after the tag is a delimiter there, and nowhere else."""
    at = starts + 3
    data[at[data[at] == tag_end]] = PARTED
    return data


def gathered(data: Bytes, starts: Places, ends: Places) -> Bytes:
    """The segments from start to end (TERMINATED included), one after the other."""
    if not len(starts):
        return data[:0]
    if bool((starts[1:] == ends[:-1] + 1).all()):
        return data[starts[0] : ends[-1] + 1]
    lengths = ends + 1 - starts
    before = np.cumsum(lengths) - lengths
    return data[np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))]


def utf8(data: Bytes, encoding: str) -> bytes:
    """Cleaned text as UTF-8; bytes the encoding does not know become U+FFFD."""
    raw = data.tobytes()
    if encoding == "utf-8" or raw.isascii():
        return raw
    return raw.decode(encoding, errors="replace").encode()


def width(text: bytes) -> int:
    """How many elements the longest of these segments has, at least 1, at most MOST_ELEMENTS."""
    data = np.frombuffer(text, np.uint8)
    ends = np.searchsorted(np.flatnonzero(data == PARTED), np.flatnonzero(data == TERMINATED))
    most = int(np.diff(ends, prepend=0).max()) if len(ends) else 1
    return min(max(1, most), MOST_ELEMENTS)


def split(text: bytes, least: int = 1) -> pl.DataFrame:
    """Cleaned UTF-8 segments as rows of `tag`, e01, e02 … (`least` of these at least)."""
    names = ["tag", *(element(number + 1) for number in range(max(least, width(text))))]
    schema = dict.fromkeys(names, pl.String)
    if not text:
        return pl.DataFrame(schema=schema)
    frame = pl.read_csv(
        text,
        has_header=False,
        separator=chr(PARTED),
        eol_char=chr(TERMINATED),
        quote_char=None,
        schema=schema,
        missing_columns="insert",
        truncate_ragged_lines=True,
        infer_schema=False,
    )
    # Syntax 1 to 3 may write a segment's nesting into its tag: LIN:1:2+….
    nested = pl.col("tag").str.split(COMPONENT).list.first()
    return frame.with_columns(nested) if _is_nested(text) else frame


def _is_nested(text: bytes) -> bool:
    data = np.frombuffer(text + bytes(4), np.uint8)
    starts = np.flatnonzero(data == TERMINATED) + 1
    return bool((data[np.append(starts[:-1], 0) + 3] == _JOINED).any())


def elements(text: bytes) -> list[str | None]:
    """The elements of one cleaned segment, its tag first, empty ones None."""
    return [part or None for part in text.rstrip(b"\x1c").decode().split(chr(PARTED))]


def line_ends(raw: bytes) -> Places:
    """Where lines end: LF, CRLF (its LF) and CR alone."""
    data = np.frombuffer(raw, np.uint8)
    feeds = data == _LF
    if b"\r" in raw:
        alone = data == _CR
        alone[:-1] &= ~feeds[1:]
        feeds |= alone
    return np.flatnonzero(feeds)
