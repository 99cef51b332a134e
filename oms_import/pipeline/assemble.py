"""Frames of a drop's rows to frames of whole orders, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from oms_import.normalize.grouping import KEY, Keys, keyed


class Assembler:
    """Cuts a stream of rows between orders.

    The rows of the last key of a frame wait for the next frame. Orders whose rows lie in pieces
    cannot be seen in one pass: their keys are told by `scattered()` afterwards, and given to a
    second pass, which yields them last, whole.
    """

    def __init__(self, keys: Keys, known: frozenset[int], scratch: Path, rows: int) -> None:
        self._keys = keys
        self._known = pl.Series(sorted(known), dtype=pl.UInt64)
        self._scratch = scratch
        self._rows = rows
        self._seen: list[pl.Series] = []
        self._late: list[Path] = []

    def whole_orders(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Frames that hold whole orders, with `_key` added; needs `_drop`."""
        tail: pl.DataFrame | None = None
        for frame in frames:
            rows = keyed(frame if tail is None else _joined(tail, frame), self._keys)
            rows, tail = _cut(rows) if self._keys.expr is not None else (rows, None)
            yield from self._given(rows)
        if tail is not None:
            yield from self._given(tail)
        yield from self._pieces()

    def scattered(self) -> frozenset[int]:
        """Keys that were yielded in more than one frame, beside those known before."""
        if len(self._seen) < 2:
            return frozenset(self._known.to_list())
        hashes = pl.concat(self._seen).sort()
        again = hashes.filter(hashes == hashes.shift(1)).unique()
        return frozenset([*again.to_list(), *self._known.to_list()])

    def _given(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        if rows.is_empty():
            return
        if len(self._known):
            piece = pl.col(KEY).hash().is_in(self._known.implode()).fill_null(value=False)
            self._put_aside(rows.filter(piece))
            rows = rows.filter(~piece)
        if rows.height:
            keys = rows.select(KEY)
            starts = keys.filter((pl.col(KEY) != pl.col(KEY).shift(1)).fill_null(value=True))
            self._seen.append(starts[KEY].drop_nulls().hash().unique())
            yield rows

    def _put_aside(self, rows: pl.DataFrame) -> None:
        if rows.height:
            path = self._scratch / f"pieces-{len(self._late):05}.parquet"
            rows.write_parquet(path, compression="lz4")
            self._late.append(path)

    def _pieces(self) -> Iterator[pl.DataFrame]:
        if not self._late:
            return
        late = pl.scan_parquet(self._late)
        height = int(late.select(pl.len()).collect().item())
        shares = -(-height // self._rows)
        for share in range(shares):
            mine = pl.col(KEY).hash() % shares == share
            rows = late.filter(mine).collect()
            if rows.height:
                yield rows.sort("_record")
        for path in self._late:
            path.unlink()
        self._late = []


def _joined(tail: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([tail.drop(KEY), frame])


def _cut(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows before the last key, and the rows of the last key."""
    changes = rows.select(
        pl.arg_where((pl.col(KEY) != pl.col(KEY).shift(1)).fill_null(value=True))
    ).to_series()
    at = int(changes[-1]) if len(changes) else 0
    return rows[:at], rows[at:]
