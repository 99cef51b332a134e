"""Small drops waiting to be judged together with others of their shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from oms_import.model.values import Drop, Shaping


@dataclass(slots=True)
class Small:
    """Small drops of the same columns that share a batch."""

    columns: tuple[str, ...] = ()
    shape: Shaping | None = None
    drops: list[Drop] = field(default_factory=list[Drop])
    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])

    def whole(self) -> pl.DataFrame:
        """All rows, in the drops' order."""
        if self.shape is None:
            return pl.concat(self.frames)
        return self.shape.rows(pl.concat(self.frames, how="diagonal"), 1)

    def apart(self) -> Iterator[Small]:
        """Each drop alone."""
        for drop, frame in zip(self.drops, self.frames, strict=True):
            yield Small(self.columns, self.shape, [drop], [frame])


@dataclass(slots=True)
class Gathered:
    """Small drops by their shape, so that files of two shapes in turn make two batches.

    Which drop came first is told by its position in the run, not by its batch: see
    `history.decide`.
    """

    rows: int = 0
    _shapes: dict[object, Small] = field(default_factory=dict[object, Small])

    def add(
        self, drop: Drop, columns: tuple[str, ...], shape: Shaping | None, rows: pl.DataFrame
    ) -> None:
        """Take in a drop that is read as these rows."""
        key = (columns, shape.key if shape else None)
        small = self._shapes.setdefault(key, Small(columns, shape))
        small.drops.append(drop)
        small.frames.append(rows)
        self.rows += rows.height

    def taken(self) -> list[Small]:
        """All that waited, the shape that came first at the beginning; nothing waits any more."""
        found, self._shapes, self.rows = list(self._shapes.values()), {}, 0
        return found
