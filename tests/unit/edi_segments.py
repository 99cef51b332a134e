"""Frames of SEGMENTS from short texts, for tests of what comes after the tokenizers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from oms_import.model.edi import COMPONENT, REPETITION, SEGMENTS, element

_LEADING = {"ISA", "GS", "UNB", "UNG", "STX", "EDI_DC40", "_FAULT"}
_ENDS = {"SE", "UNT", "MTR"}


def x12(text: str) -> pl.DataFrame:
    """Segments one a line or by `~`, with * and :; a message ends with its SE."""
    return _frame(_split(part, "*", ":") for part in text.replace("~", "\n").split("\n"))


def edifact(text: str) -> pl.DataFrame:
    """Segments one a line or by `'`, with + and : and without release characters."""
    return _frame(_split(part, "+", ":") for part in text.replace("'", "\n").split("\n"))


def tradacoms(text: str) -> pl.DataFrame:
    """Segments one a line or by `'`."""
    parts = text.replace("'", "\n").split("\n")
    return _frame(_split(part.replace("=", "+", 1), "+", ":") for part in parts)


def drops(*frames: pl.DataFrame) -> pl.DataFrame:
    """Several drops one after the other, as small ones are joined."""
    numbered = [
        frame.with_columns(pl.lit(number, pl.UInt32).alias("_drop"))
        for number, frame in enumerate(frames)
    ]
    return pl.concat(numbered, how="diagonal")


def _split(text: str, separator: str, component: str) -> list[str]:
    cells = text.strip().split(separator)
    return [cell.replace(component, COMPONENT).replace("^", REPETITION) for cell in cells]


def _frame(segments: Iterable[Sequence[str]]) -> pl.DataFrame:
    rows: list[tuple[int, int, int, int, int, str]] = []
    cells: list[Sequence[str]] = []
    message, position, byte, ended = 0, 0, 0, True
    for line, (tag, *elements) in enumerate((s for s in segments if s[0]), start=1):
        if ended:
            message, position, ended = message + 1, 0, False
        position += tag not in _LEADING
        length = len(tag) + sum(len(cell) + 1 for cell in elements)
        number = 0 if tag in _LEADING else position
        rows.append((message, number, line, byte, byte + length, tag))
        byte += length + 1
        cells.append(elements)
        ended = tag in _ENDS
    width = max((len(row) for row in cells), default=1) or 1
    columns = {
        element(at + 1): [row[at] or None if at < len(row) else None for row in cells]
        for at in range(width)
    }
    leading = pl.DataFrame(rows, schema=SEGMENTS, orient="row")
    return leading.hstack(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)))
