"""Segments of a document that was parsed once, kept as columns in scratch files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from oms_import.model.edi import SEGMENTS, element

_ROWS = 20_000  # of a kept piece

Row = tuple[int, str, dict[int, str]]
"""A segment: line, tag, values by position (from 1)."""


@dataclass(slots=True)
class Kept:
    """Segments in pieces of whole messages, as files."""

    folder: Path
    rows: list[Row] = field(default_factory=list[Row])
    owners: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    pieces: list[tuple[int, int, Path]] = field(default_factory=list[tuple[int, int, Path]])

    def add(self, message: int, rows: list[Row]) -> None:
        """Keep a message's segments."""
        self.rows += rows
        self.owners.append((message, len(rows)))
        if len(self.rows) >= _ROWS:
            self.flush()

    def flush(self) -> None:
        """Write down what waits."""
        if not self.owners:
            return
        path = self.folder / f"{len(self.pieces)}.arrow"
        _frame(self.rows, self.owners).write_ipc(path)
        self.pieces.append((self.owners[0][0], self.owners[-1][0], path))
        self.rows, self.owners = [], []

    def parts(self, wanted: pl.Series) -> Iterator[pl.DataFrame]:
        """The segments of these messages, piece by piece."""
        if wanted.is_empty():
            return
        first, last = int(wanted[0]), int(wanted[-1])
        for begin, end, path in self.pieces:
            if begin <= last and end >= first:
                frame = pl.read_ipc(path)
                yield frame.filter(pl.col("_message").is_in(wanted.implode()))


def _frame(rows: Sequence[Row], owners: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Rows as SEGMENTS."""
    width = max((max(values, default=1) for _, _, values in rows), default=1)
    positions = range(1, width + 1)
    cells: list[list[str | None]] = [[None] * len(rows) for _ in positions]
    for at, (_, _, values) in enumerate(rows):
        for position, text in values.items():
            cells[position - 1][at] = text
    numbers = [(message, n) for message, count in owners for n in range(1, count + 1)]
    data: dict[str, object] = {
        "_message": [message for message, _ in numbers],
        "_segment": [n for _, n in numbers],
        "_line": [line for line, _, _ in rows],
        "_byte_from": [None] * len(rows),
        "_byte_to": [None] * len(rows),
        "tag": [tag for _, tag, _ in rows],
    }
    names = [element(position) for position in positions]
    data.update(zip(names, cells, strict=True))
    return pl.DataFrame(data, schema={**SEGMENTS, **dict.fromkeys(names, pl.String)})
