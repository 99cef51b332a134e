"""Odd X12 files rewritten clean, once: wraps undone, line ends made one kind, delimiters ASCII.

What is left out is remembered, so that offsets and lines are still those of the drop.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oms_import.readers.edi.x12_events import Origin
from oms_import.readers.edi.x12_header import Isa
from oms_import.readers.edi.x12_scan import Bytes, Mask, Places, Syntax, breaks
from oms_import.readers.edi.x12_survey import Run, Tally
from oms_import.readers.edi.x12_text import no_space, scratch_file

_BLOCK = 8 << 20
_LF, _CR = 10, 13
_STEPS = 300  # blanks around a line end that are looked over
_USUAL_WIDTHS = frozenset({40, 72, 76, 78, 79, 80, 100, 120, 128, 132, 256})
_NARROWEST = 20
_STAND_INS = (0x1D, 0x1C, 0x1F, 0x1E)  # for element, terminator, component, repetition

_UNKNOWN = Syntax(0, 0, None, None)  # until the delimiters are ASCII
WRAPPED, LOOSE, LINE_ENDS, FOREIGN = "wrapped", "loose", "line ends", "foreign"


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do to a run."""

    run: Run
    how: str
    told: str  # for people


@dataclass(frozen=True, slots=True)
class Mended:
    """The clean copy."""

    path: Path
    origin: Origin


def foreign(heads: Sequence[Isa], size: int) -> list[Mend]:
    """Interchanges whose delimiters are not ASCII, such as NEL of files from a mainframe."""
    mends: list[Mend] = []
    for place, head in enumerate(heads):
        if not "".join(_characters(head)).isascii():
            end = heads[place + 1].start if place + 1 < len(heads) else size
            told = "delimiters beyond ASCII"
            mends.append(Mend(Run(head.start, end, _UNKNOWN, (head,)), FOREIGN, told))
    return mends


def _characters(head: Isa) -> tuple[str, str, str, str]:
    one = head.delimiters
    return one.element, one.terminator, one.component or "", one.repetition or ""


def examine(data: Bytes, run: Run, tally: Tally) -> Mend | None:
    """What a run needs, given where its line ends were found to stand."""
    feeds, returns = tally.feeds, tally.returns
    if run.syntax.terminator in (_LF, _CR):
        uniform = returns == 0 or (
            run.syntax.terminator == _CR and (feeds == 0 or feeds == returns == tally.leading)
        )
        told = "line ends of more than one kind as terminators"
        return None if uniform else Mend(run, LINE_ENDS, told)
    if feeds + returns == tally.leading:
        return None
    width, beside = _width(data, run)
    if width:
        return Mend(run, WRAPPED, f"lines wrapped at {width} columns within segments")
    if beside:
        return Mend(run, LOOSE, "line ends beside delimiters within segments")
    return None


def _width(data: Bytes, run: Run) -> tuple[int | None, bool]:
    """The constant width at which lines end within segments; whether any end beside delimiters."""
    inner: list[Places] = []
    lengths: list[Places] = []
    beside, previous = False, run.begin - 1
    for begin, end in _blocks(run.begin, run.end):
        ends = breaks(data, begin, end)
        if not len(ends):
            continue
        crlf = (data[ends] == _LF) & (data[np.maximum(ends - 1, 0)] == _CR)
        length = np.diff(ends, prepend=previous) - 1 - crlf
        previous = int(ends[-1])
        inside, by = _inside(data, ends, run)
        lengths.append(length)
        inner.append(length[inside])
        beside = beside or bool(by.any())
    if not inner:
        return None, False
    return _constant(np.concatenate(inner), np.concatenate(lengths)[1:], data, run), beside


def _constant(inner: Places, lines: Places, data: Bytes, run: Run) -> int | None:
    """The one width of nearly all lines that end within segments, which hardly a line exceeds."""
    if not len(inner):
        return None
    widths, counts = np.unique(inner, return_counts=True)
    width, count = int(widths[counts.argmax()]), int(counts.max())
    wide = int(np.count_nonzero(lines > width))
    if width < _NARROWEST or count < 0.8 * len(inner) or wide > 0.05 * len(lines):
        return None
    head = run.heads[0]
    in_header = (data[head.start : head.end - 1] == _LF).any()
    return width if count > 1 or width in _USUAL_WIDTHS or in_header else None


def _inside(data: Bytes, ends: Places, run: Run) -> tuple[Mask, Mask]:
    """Which line ends stand within a segment; which of these stand beside a delimiter."""
    before = _over_blanks(data, ends, -1, run)
    after = _over_blanks(data, ends, 1, run)
    known = (before >= run.begin) & (after < run.end)
    known &= ~np.isin(after, [head.start for head in run.heads])
    last = len(data) - 1
    left, right = data[np.maximum(before, 0)], data[np.minimum(after, last)]
    inside = known & (left != run.syntax.terminator)
    delimiters = (run.syntax.element, run.syntax.terminator)
    return inside, inside & ((left == run.syntax.element) | np.isin(right, delimiters))


def _over_blanks(data: Bytes, places: Places, step: int, run: Run) -> Places:
    """From each place to the nearest byte that is no blank or line end, in one direction."""
    blank = run.syntax.blank()
    at = places + step
    rows = np.arange(len(at))
    for _ in range(_STEPS):
        here = at[rows]
        open_ = (here >= run.begin) & (here < run.end)
        rows = rows[open_]
        rows = rows[blank[data[at[rows]]]]
        if not len(rows):
            break
        at[rows] += step
    return at


def rewritten(data: Bytes, mends: Sequence[Mend], scratch: Path) -> Mended:
    """Write a clean copy.

    Raises:
        OutputError: the scratch folder has no space.
    """
    handle, path = scratch_file(scratch, ".x12")
    dropped: list[Places] = []
    dropped_breaks: list[Places] = []
    written = 0
    try:
        with os.fdopen(handle, "wb") as out:
            for begin, end, mend in _parts(len(data), mends):
                block = data[begin:end].copy()
                gone, gone_breaks = _mend(data, block, begin, mend)
                keep = np.ones(len(block), np.bool_)
                keep[gone] = False
                dropped.append(gone - np.arange(len(gone)) + written)
                before = np.searchsorted(gone, gone_breaks)
                dropped_breaks.append(gone_breaks - before + written)
                written += out.write(block[keep].tobytes())
    except OSError as error:
        raise no_space(scratch, error) from error
    nothing = np.empty(0, np.int64)
    origin = Origin(np.concatenate((nothing, *dropped)), np.concatenate((nothing, *dropped_breaks)))
    return Mended(path, origin)


def _parts(size: int, mends: Sequence[Mend]) -> Iterator[tuple[int, int, Mend | None]]:
    """The whole text in blocks, each with what it needs."""
    at = 0
    for mend in mends:
        for begin, end in _blocks(at, mend.run.begin):
            yield begin, end, None
        for begin, end in _blocks(mend.run.begin, mend.run.end):
            yield begin, end, mend
        at = mend.run.end
    for begin, end in _blocks(at, size):
        yield begin, end, None


def _blocks(begin: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(begin, end, _BLOCK):
        yield at, min(end, at + _BLOCK)


def _mend(data: Bytes, block: Bytes, begin: int, mend: Mend | None) -> tuple[Places, Places]:
    """Change a block in place; places in it to leave out, and which of them are line breaks."""
    nothing = np.empty(0, np.int64)
    if mend is None:
        return nothing, nothing
    if mend.how == FOREIGN:
        return _translate(data, block, begin, mend.run.heads[0]), nothing
    if mend.how == LINE_ENDS:
        return _one_kind(data, block, begin), nothing
    line_ends = breaks(data, begin, begin + len(block))
    inside, beside = _inside(data, line_ends, mend.run)
    line_ends = line_ends[inside if mend.how == WRAPPED else beside] - begin
    returns = line_ends[(block[line_ends] == _LF) & (block[line_ends - 1] == _CR)] - 1
    return np.sort(np.concatenate((line_ends, returns))), line_ends


def _one_kind(data: Bytes, block: Bytes, begin: int) -> Places:
    """CRLF and CR become LF."""
    returns = np.flatnonzero(block == _CR)
    following = data[np.minimum(returns + begin + 1, len(data) - 1)]
    pairs = (following == _LF) & (returns + begin + 1 < len(data))
    block[returns[~pairs]] = _LF
    return returns[pairs]


def _translate(data: Bytes, block: Bytes, begin: int, head: Isa) -> Places:
    """Delimiters beyond ASCII become control characters; the bytes they had more."""
    gone: list[Places] = [np.empty(0, np.int64)]
    for character, stand_in in zip(_characters(head), _STAND_INS, strict=True):
        code = character.encode()
        if len(code) < 2:
            continue
        first = max(0, begin - len(code))
        text = data[first : begin + len(block) + len(code)].tobytes()
        found = np.array(_all(text, code), np.int64) + first - begin
        here = found[(found >= 0) & (found < len(block))]
        block[here] = stand_in
        more = np.concatenate([found + step for step in range(1, len(code))])
        gone.append(more[(more >= 0) & (more < len(block))])
    return np.sort(np.concatenate(gone))


def _all(text: bytes, code: bytes) -> list[int]:
    found: list[int] = []
    at = text.find(code)
    while at >= 0:
        found.append(at)
        at = text.find(code, at + len(code))
    return found
