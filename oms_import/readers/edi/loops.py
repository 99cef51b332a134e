"""Which loop every segment is in, as the standard scopes it, for many messages at once.

A message is walked by a small machine whose states are the loops that are open: the order's own
segments, N1, N1 in SLN in a line. A segment that the innermost open loop does not own closes it.
The machine is a table (state, tag → state); it is run over all messages side by side: one step
does the n-th segment after every start (a message, a line) at once, so that the number of steps
is the length of the longest line, not of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from oms_import.readers.edi.layouts import Layout, Loop, layout_of

Ints: TypeAlias = npt.NDArray[np.int64]
Small: TypeAlias = npt.NDArray[np.int16]
Flags: TypeAlias = npt.NDArray[np.bool_]
_Path: TypeAlias = tuple[str, ...]

_ORDER: _Path = ("order",)
_LINE: _Path = ("line",)
_OTHER = "*"  # a segment that no loop owns: it closes all but the order or the line
_KEPT = "~"  # a segment that stands in whatever is open (an IDoc's own extensions)


@dataclass(frozen=True, slots=True)
class Scopes:
    """Where each row of a frame of segments stands. All arrays are as long as the frame."""

    message: Ints  # 0, 1 … in file order
    line: Ints  # 0, 1 … over all messages; -1: not in a line
    parent: Ints  # row of the opener of the loop it is in; -1: the order's own, or a line's opener
    openers: Ints  # rows that open lines
    messages: int
    tags: tuple[str, ...]  # the tags that occur
    tag: Small  # index into `tags`


@dataclass(frozen=True)
class _Machine:
    """`table[state, letter]` is the next state; `opens` says whether the letter opened it."""

    letters: Mapping[str, int]
    table: Small
    opens: Flags
    depth: Small  # of a state: how many openers are around its segments
    in_line: Flags  # of a state
    fixed: Flags  # of a letter: leads to the same state from everywhere


def scopes_of(segments: pl.DataFrame, standard: str) -> Scopes:
    """Place every row of a frame of SEGMENTS (with or without `_drop`) in its loop."""
    layout = layout_of(standard)
    machine = _machine(standard)
    tags, tag = _tags(segments.get_column("tag"))
    letters = np.array([_letter(name, layout, machine) for name in tags], dtype=np.int16)
    starts = _starts(segments)
    letter = letters[tag]
    state, opened = _run(machine, letter, starts)
    is_opener = np.array([name in layout.lines for name in tags], dtype=np.bool_)[tag]
    line = np.where(machine.in_line[state], np.cumsum(is_opener) - 1, -1)
    return Scopes(
        message=np.cumsum(starts) - 1,
        line=line.astype(np.int64),
        parent=_parents(machine.depth[state], opened),
        openers=np.flatnonzero(is_opener),
        messages=int(starts.sum()),
        tags=tags,
        tag=tag,
    )


def _tags(column: pl.Series) -> tuple[tuple[str, ...], Small]:
    names = column.unique(maintain_order=True).drop_nulls().to_list()
    codes = column.cast(pl.Enum(names)).to_physical()
    return tuple(names), codes.to_numpy().astype(np.int16)


def _letter(tag: str, layout: Layout, machine: _Machine) -> int:
    kept = layout.standard == "idoc" and not tag.startswith("E1")
    return machine.letters.get(tag, machine.letters[_KEPT if kept else _OTHER])


def _starts(segments: pl.DataFrame) -> Flags:
    """Rows that begin a message: `_message`, or `_drop`, is another than above."""
    starts = np.zeros(segments.height, dtype=np.bool_)
    starts[:1] = True
    for name in ("_message", "_drop"):
        if name in segments.columns:
            numbers = segments.get_column(name).to_numpy()
            starts[1:] |= numbers[1:] != numbers[:-1]
    return starts


def _run(machine: _Machine, letter: Small, starts: Flags) -> tuple[Small, Small]:
    """The state after every row, and the depth of the loop it opened (0: none)."""
    fixed = starts | machine.fixed[letter]
    state = machine.table[0, letter]  # right for rows that do not depend on the one before
    at = np.flatnonzero(fixed) + 1
    while True:
        at = at[at < len(letter)]
        at = at[~fixed[at]]
        if not at.size:
            break
        state[at] = machine.table[state[at - 1], letter[at]]
        at = at + 1
    before = np.zeros_like(state)
    before[1:] = state[:-1]
    before[starts] = 0
    opened = np.where(machine.opens[before, letter], machine.depth[state], 0)
    return state, opened.astype(np.int16)


def _parents(depth: Small, opened: Small) -> Ints:
    """The opener around each row: the last row that opened the depth its loop has."""
    rows = np.arange(len(depth), dtype=np.int64)
    around = depth - (opened > 0)
    parent = np.full(len(depth), -1, dtype=np.int64)
    for level in range(1, int(around.max(initial=0)) + 1):
        latest = np.maximum.accumulate(np.where(opened == level, rows, -1))
        here = around == level
        parent[here] = latest[here]
    return parent


@cache
def _machine(standard: str) -> _Machine:
    layout = layout_of(standard)
    roots = {_ORDER: layout.header, _LINE: layout.line}
    loops = {path: loop for root, tree in roots.items() for path, loop in _loops(root, tree)}
    states = {path: number for number, path in enumerate(loops)}
    named = {tag for loop in loops.values() for tag in loop.owns}
    letters = [*sorted(named | layout.lines | layout.summary), _OTHER, _KEPT]
    table = np.zeros((len(states), len(letters)), dtype=np.int16)
    opens = np.zeros(table.shape, dtype=np.bool_)
    for path, state in states.items():
        for letter, tag in enumerate(letters):
            after, opened = _after(path, tag, layout, loops)
            table[state, letter] = states[after]
            opens[state, letter] = opened
    return _Machine(
        letters={tag: number for number, tag in enumerate(letters)},
        table=table,
        opens=opens,
        depth=np.array([len(path) - (path[0] == "order") for path in states], dtype=np.int16),
        in_line=np.array([path[0] == "line" for path in states], dtype=np.bool_),
        fixed=(table == table[0]).all(axis=0),
    )


def _loops(path: _Path, loop: Loop) -> Iterator[tuple[_Path, Loop]]:
    """Every state and what is owned in it."""
    yield path, loop
    for tag, inner in loop.owns.items():
        if inner.owns:
            yield from _loops((*path, tag), inner)


def _after(
    path: _Path, tag: str, layout: Layout, loops: Mapping[_Path, Loop]
) -> tuple[_Path, bool]:
    """The loops that are open after this segment, and whether it opened one."""
    if tag in layout.lines:
        return _LINE, True
    if tag in layout.summary:
        return _ORDER, False
    if tag == _KEPT:
        return path, False
    for length in range(len(path), 0, -1):
        owner = path[:length]
        inner = loops[owner].owns.get(tag)
        if inner is not None:
            return ((*owner, tag), True) if inner.owns else (owner, False)
    return path[:1], False
