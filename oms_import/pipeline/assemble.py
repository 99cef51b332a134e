"""Frames of a drop's rows to frames of whole orders, in file order and bounded memory.

Orders whose rows lie in pieces cannot be seen in one pass. `Assembler.scattered` tells their keys
after the first; `Pieces.gathered` then takes their rows out, and another pass gives each such order
at its first row, so that batches do not show in the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from oms_import.normalize.grouping import KEY, Keys, keyed

_POSITION = "_position"  # of a row among the drop's rows
_AT = "_at"  # position of its order's first row


@dataclass(frozen=True, slots=True)
class Pieces:
    """The rows of the orders that lie in pieces, to be given at their orders' first rows."""

    keys: frozenset[int]  # hashes, which hold in this process only
    rows: pl.LazyFrame
    orders: pl.DataFrame  # _at, len: by _at
    limit: int  # rows that a batch should have

    @classmethod
    def none(cls) -> Pieces:
        """No order lies in pieces, as far as is known."""
        return cls(frozenset(), pl.LazyFrame(), pl.DataFrame(), 0)

    @classmethod
    def gathered(
        cls,
        frames: Iterable[pl.DataFrame],
        keys: Keys,
        known: frozenset[int],
        scratch: Path,
        limit: int,
    ) -> Pieces:
        """Read the drop for the rows of the known keys; more than `limit` rows stay on disk."""
        if not known:
            return cls.none()
        wanted = pl.Series(sorted(known), dtype=pl.UInt64)
        paths: list[Path] = []
        sizes: list[pl.DataFrame] = []
        for rows in _placed(frames, keys):
            mine = rows.filter(_among(wanted))
            if mine.height:
                paths.append(scratch / f"pieces-{len(paths):05}.parquet")
                mine.write_parquet(paths[-1], compression="lz4")
                sizes.append(mine.group_by(KEY).agg(pl.col(_POSITION).min().alias(_AT), pl.len()))
        orders = pl.concat(sizes).group_by(KEY).agg(pl.col(_AT).min(), pl.col("len").sum())
        pieces = pl.scan_parquet(paths).join(orders.lazy().select(KEY, _AT), on=KEY)
        if int(orders["len"].sum()) <= limit:
            pieces = pieces.collect().lazy()
        return cls(known, pieces, orders.select(_AT, "len").sort(_AT), limit)

    def put_in(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """A frame of the drop (with positions) with whole orders in place of their pieces."""
        low, high = rows[_POSITION][0], rows[_POSITION][-1]
        rows = rows.filter(~_among(pl.Series(sorted(self.keys), dtype=pl.UInt64)))
        begun = self.orders.filter(pl.col(_AT).is_between(low, high))
        if begun.is_empty():
            if rows.height:
                yield rows
            return
        alone = pl.col(KEY).is_null()
        first = pl.when(alone).then(_POSITION).otherwise(pl.col(_POSITION).min().over(KEY))
        rows = rows.with_columns(first.alias(_AT))
        for start, end in self._shares(rows.group_by(_AT).len(), begun):
            mine = pl.col(_AT).is_between(start, end)
            pieces = self.rows.filter(mine).collect().select(rows.columns)
            yield pl.concat([rows.filter(mine), pieces]).sort(_AT, _POSITION).drop(_AT)

    def _shares(self, *sizes: pl.DataFrame) -> list[tuple[int, int]]:
        """Ranges of first rows whose orders make batches of about one to two limits."""
        orders = pl.concat(sizes).sort(_AT)
        total = int(orders["len"].sum())
        each = -(-total // max(1, total // self.limit))
        share = (pl.col("len").cum_sum() - pl.col("len")) // each
        cut = orders.group_by(share.alias("share"), maintain_order=True).agg(
            pl.col(_AT).min().alias("start"), pl.col(_AT).max().alias("end")
        )
        return list(cut.select("start", "end").iter_rows())


class Assembler:
    """Cuts a stream of rows between orders; the rows of a frame's last key wait for the next."""

    def __init__(self, keys: Keys, pieces: Pieces) -> None:
        self._keys = keys
        self._pieces = pieces
        self._seen: list[pl.Series] = []

    def whole_orders(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Frames that hold whole orders, with `_key` added; needs `_drop`."""
        if not self._pieces.keys:
            for rows in _cut_between(frames, self._keys):
                self._note(rows)
                yield rows
            return
        for placed in _placed(frames, self._keys):
            for rows in self._pieces.put_in(placed):
                self._note(rows)
                yield rows.drop(_POSITION)

    def scattered(self) -> frozenset[int]:
        """Keys that were yielded in more than one frame, beside those known before."""
        if len(self._seen) < 2:
            return self._pieces.keys
        hashes = pl.concat(self._seen).sort()
        again = hashes.filter(hashes == hashes.shift(1)).unique()
        return frozenset([*again.to_list(), *self._pieces.keys])

    def _note(self, rows: pl.DataFrame) -> None:
        keys = rows.select(KEY)
        starts = keys.filter((pl.col(KEY) != pl.col(KEY).shift(1)).fill_null(value=True))
        self._seen.append(starts[KEY].drop_nulls().hash().unique())


def _placed(frames: Iterable[pl.DataFrame], keys: Keys) -> Iterator[pl.DataFrame]:
    """The drop between orders, each row with its position."""
    position = 0
    for rows in _cut_between(frames, keys):
        counted = pl.int_range(position, position + rows.height, dtype=pl.Int64)
        yield rows.with_columns(counted.alias(_POSITION))
        position += rows.height


def _among(hashes: pl.Series) -> pl.Expr:
    mine = pl.col(KEY).hash().is_in(hashes.implode()) & pl.col(KEY).is_not_null()
    return mine.fill_null(value=False)


def _cut_between(frames: Iterable[pl.DataFrame], keys: Keys) -> Iterator[pl.DataFrame]:
    """Frames with `_key`, cut where the key changes; never an empty one."""
    tail: pl.DataFrame | None = None
    for frame in frames:
        rows = keyed(frame if tail is None else _joined(tail, frame), keys)
        rows, tail = _cut(rows) if keys.expr is not None else (rows, None)
        if rows.height:
            yield rows
    if tail is not None and tail.height:
        yield tail


def _joined(tail: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([tail.drop(KEY), frame])


def _cut(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows before the last key, and the rows of the last key."""
    changes = rows.select(
        pl.arg_where((pl.col(KEY) != pl.col(KEY).shift(1)).fill_null(value=True))
    ).to_series()
    at = int(changes[-1]) if len(changes) else 0
    return rows[:at], rows[at:]
