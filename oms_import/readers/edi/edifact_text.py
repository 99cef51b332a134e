"""EDIFACT's way of writing segments, undone in bulk (ISO 9735 part 1, clause 8; TRADACOMS alike).

Bytes come in as a partner wrote them, in pieces of whole segments. Line ends go, release characters
are resolved, delimiters become control characters that no text holds; what is left is split by
Polars. Places in the bytes as they were written are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.model.edi import COMPONENT, element
from oms_import.readers.edi.edifact_codec import (
    CR,
    JOINED,
    LF,
    PARTED,
    TERMINATED,
    Bytes,
    Codec,
    table,
)
from oms_import.readers.edi.ranks import ranks

Places = npt.NDArray[np.int64]

MOST_ELEMENTS = 150
"""No segment of a directory has a third of these; more are a file that is none of EDIFACT."""


@dataclass(frozen=True, slots=True)
class Segments:
    """Cleaned segments, one after the other."""

    data: Bytes  # their text, each ended by TERMINATED; four bytes more, so that tags can be read
    starts: Places  # in `data`: of each segment's tag
    ends: Places  # in `data`: of each segment's TERMINATED
    begins: Places  # in the bytes as written: of each segment's tag
    closes: Places  # in the bytes as written: after each segment's terminator
    lines: Places  # how many lines end before each segment
    wrapped: bool = False  # line ends stood inside segments
    stray: bool = False  # control characters stood in the text
    empty: int = 0  # segments of nothing
    unended: bool = False  # the last segment has no terminator
    rest: bool = False  # text stands after the last terminator, and is left out

    @property
    def heads(self) -> npt.NDArray[np.uint32]:
        """The first four bytes of each segment as a number: its tag and what follows that."""
        size = len(self.data) - 3
        words = np.ndarray((size,), np.dtype("<u4"), self.data, strides=(1,))
        return words[self.starts]

    def width(self, upto: int) -> Places:
        """How many elements each of the first `upto` segments has."""
        places = np.append(self.starts[:1], self.ends[:upto])
        return np.diff(ranks(self.data == PARTED, places))


def tag_number(tag: str) -> int:
    """A tag as the lower three bytes of `Segments.heads` give it."""
    return int.from_bytes(tag.encode("ascii"), "little")


TAG = 0xFFFFFF
"""The tag's part of `Segments.heads`."""


def is_sound(heads: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Whether segments begin with a tag: a capital, two capitals or digits, then a delimiter."""
    return _FIRST_TWO[heads & 0xFFFF] & _LAST_TWO[heads >> 16]


def is_nested(heads: npt.NDArray[np.uint32]) -> bool:
    """Whether tags have components: syntax 1 to 3 may write the nesting so, LIN:1:2+…."""
    return bool(((heads >> 24) == JOINED).any())


_CAPITAL = table(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_MORE = _CAPITAL | table(b"0123456789")
_AFTER = table(bytes((PARTED, TERMINATED, JOINED)))
_FIRST_TWO = (_MORE[:, None] & _CAPITAL[None, :]).ravel()  # the later byte is the higher one
_LAST_TWO = (_AFTER[:, None] & _MORE[None, :]).ravel()
_PAD = bytes(4)


def clean(raw: bytes, writing: Codec, *, final: bool) -> Segments:
    """Resolve what the partner wrote.

    Parameters:
        raw: bytes that begin where a segment begins, or with blanks and line ends before it.
        final: nothing follows, so that text after the last terminator is a segment too; else it is
            left out, as its end is not here.
    """
    text = np.frombuffer(raw, np.uint8)
    counts = [int(np.count_nonzero(text == code)) for code in writing.controls]
    stray = int(np.count_nonzero(text < 32)) != sum(counts)
    if stray:
        raw = raw.translate(writing.solid)
    line_ends = sum(counts[: len(writing.dropped) - 1])
    one = _cleaned(raw, writing, line_ends) or _unwrapped(raw, writing)
    if final and one.rest:
        whole = clean(_ended(raw, writing), writing, final=False)
        closes = np.minimum(whole.closes, len(raw))
        return replace(whole, closes=closes, stray=stray, unended=True)
    return replace(one, stray=stray)


def _ended(raw: bytes, writing: Codec) -> bytes:
    """The text with the terminator that is missing at its end."""
    text = raw.translate(None, writing.dropped)
    mark = b"" if writing.release is None else bytes((writing.release,))
    released = bool(mark) and (len(text) - len(text.rstrip(mark))) % 2 == 1
    return raw + b" " * released + bytes((writing.terminator,))


def _cleaned(raw: bytes, writing: Codec, line_ends: int) -> Segments | None:
    """Segments where all line ends stand right behind terminators; None if they do not."""
    text, active = _released(np.frombuffer(raw, np.uint8), raw, writing)
    if line_ends and _any(writing.between, text[active[active + 1 < len(text)] + 1]):
        return None
    closed = np.flatnonzero(text == writing.terminator)
    begun = np.append(np.zeros(1, np.int64), closed + 1)
    rest, begun = text[begun[-1] :], begun[:-1]
    begins = _begun(text, begun, writing.between if line_ends else writing.gap)
    shift = np.zeros(len(closed), np.int64)
    if line_ends:
        shift = np.cumsum(begins - begun)
        inside = line_ends - int(np.count_nonzero(writing.between[rest]))
        if _any(writing.gap, text[begins]) or inside != (shift[-1] if len(shift) else 0):
            return None
    size = len(text) - len(rest)
    data = text[:size].tobytes() if len(active) else raw[:size]
    starts, ends = begins - shift, closed - shift
    if len(active):
        starts = starts - np.searchsorted(active, begins)
        ends = ends - np.searchsorted(active, closed)
    one = Segments(
        data=np.frombuffer(data.translate(writing.inward, writing.dropped) + _PAD, np.uint8),
        starts=starts,
        ends=ends,
        begins=begins,
        closes=closed + 1,
        lines=_lines(raw, begins, shift),
        rest=bool((~writing.gap[rest] & (rest != writing.drop)).any()),
    )
    return _full(one, writing)


def _any(table: npt.NDArray[np.bool_], text: Bytes) -> bool:
    return bool(table[text].any())


def _full(one: Segments, writing: Codec) -> Segments:
    """The segments that are not empty, their tags ended as elements are."""
    full = one.starts < one.ends
    empty = len(full) - int(np.count_nonzero(full))
    if empty:
        one = replace(
            one,
            starts=one.starts[full],
            ends=one.ends[full],
            begins=one.begins[full],
            closes=one.closes[full],
            lines=one.lines[full],
            empty=empty,
        )
    if writing.tag_end is None:
        return one
    data, at = one.data.copy(), one.starts + 3
    data[at[data[at] == writing.tag_end]] = PARTED
    return replace(one, data=data)


def _lines(raw: bytes, begins: Places, shift: Places) -> Places:
    """How many lines end before each place.

    Parameters:
        shift: how many line end characters do so; 0 everywhere if that is not known.
    """
    text = np.frombuffer(raw, np.uint8)
    feeds, returns = text == LF, text == CR
    if shift.any():
        if not returns.any():
            return shift
        pairs = int(np.count_nonzero(feeds[1:] & returns[:-1]))
        if pairs == np.count_nonzero(feeds) == np.count_nonzero(returns):
            return shift // 2
    return np.searchsorted(line_ends(raw), begins)


def _unwrapped(raw: bytes, writing: Codec) -> Segments:
    """Segments of text with line ends inside them, or with blanks before tags."""
    at = np.flatnonzero(writing.between[np.frombuffer(raw, np.uint8)])
    one = _cleaned(raw.translate(None, writing.dropped), writing, 0)
    if one is None:
        raise AssertionError  # there are no line ends any more
    kept = at - np.arange(len(at))
    before = np.searchsorted(kept, one.begins, side="right")
    until = np.searchsorted(kept, one.closes - 1, side="right")
    begins, lined = one.begins + before, writing.terminator in {LF, CR}
    return replace(
        one,
        begins=begins,
        closes=one.closes + until,
        lines=np.searchsorted(line_ends(raw), begins),
        wrapped=bool((before != until).any()) and not lined,
    )


def _released(text: Bytes, raw: bytes, writing: Codec) -> tuple[Bytes, Places]:
    """Text with released delimiters protected and release characters marked; where these stood."""
    if writing.release is None or writing.release not in raw:
        return text, np.zeros(0, np.int64)
    at = np.flatnonzero(text == writing.release)
    # Of `???+` the first and the third release: every other one of a row, from its first.
    first = np.append(np.ones(1, np.bool_), np.diff(at) != 1)
    index = np.arange(len(at))
    within = index - np.maximum.accumulate(np.where(first, index, 0))
    active = at[within % 2 == 0]
    text = text.copy()
    released = active[active + 1 < len(text)] + 1
    text[released] = writing.protected[text[released]]
    text[active] = writing.drop
    return text, active


_STEPS = 4


def _begun(text: Bytes, starts: Places, gap: npt.NDArray[np.bool_]) -> Places:
    """Starts moved over what may stand before tags."""
    for _ in range(_STEPS):
        blank = gap[text[starts]]
        if not bool(blank.any()):
            return starts
        starts = starts + blank
    solid = np.flatnonzero(~gap[text])
    return solid[np.searchsorted(solid, starts)]


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


def rows_at(text: bytes, rows: Places) -> list[int]:
    """Where some of the cleaned segments begin in a text."""
    after = np.flatnonzero(np.frombuffer(text, np.uint8) == TERMINATED) + 1
    return np.append(np.zeros(1, np.int64), after)[rows].tolist()


def split(text: bytes, width: int, *, nested: bool = False) -> pl.DataFrame:
    """Cleaned UTF-8 segments as rows of `tag`, e01, e02 …: `width` of these, any beyond are lost.

    Parameters:
        nested: some tags have components, which tell the segment's place and are left out.
    """
    names = ["tag", *(element(number + 1) for number in range(max(1, width)))]
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
        extra_columns="ignore",
        truncate_ragged_lines=True,
        infer_schema=False,
    )
    tag = pl.col("tag").str.split(COMPONENT).list.first()
    return frame.with_columns(tag) if nested else frame


def elements(text: bytes) -> list[str | None]:
    """The elements of one cleaned segment, its tag first, empty ones None."""
    return [part or None for part in text.rstrip(b"\x1c").decode().split(chr(PARTED))]


def line_ends(raw: bytes) -> Places:
    """Where lines end: LF, CRLF (its LF) and CR alone."""
    data = np.frombuffer(raw, np.uint8)
    feeds = data == LF
    if b"\r" in raw:
        alone = data == CR
        alone[:-1] &= ~feeds[1:]
        feeds |= alone
    return np.flatnonzero(feeds)
