"""Rows to orders: which rows of a drop belong together, and which are copies of one another.

Rows of one order normally stand together. Where they do not (the same key again further down), and
where copies of an order stand in one drop, the slower paths here decide; they see only the orders
concerned.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from oms_import.normalize.columns import Columns, raw_text
from oms_import.profiles.model import FieldRule, Profile

ROW = "_row"
ORDER = "_order"
KEY = "_key"


@dataclass(frozen=True, slots=True)
class Keys:
    """How the rows of a drop are keyed: an expression of String, or None for one order a row."""

    expr: pl.Expr | None
    fill_down: bool
    identity: tuple[str, ...]  # columns whose disagreement means two different orders
    items: tuple[str, ...]  # columns that name a line, by its own id or else by its item
    copies: bool  # identical repetitions of an order are copies, not lines

    @classmethod
    def of(cls, profile: Profile, columns: Columns) -> Keys:
        """The keys of a drop with these columns, by its profile."""
        if profile.group.by:
            parts = FieldRule.model_validate({"concat": profile.group.by, "separator": "\x1f"})
            expr = raw_text(parts, columns)
        else:
            rule = profile.order.get("order_number")
            usable = rule is not None and rule.const is None
            expr = _number(rule, columns) if rule is not None and usable else None
        told = ("currency", "stated_total", "ordered_at", "source_order_id")
        rules = (profile.order.get(name) for name in told)
        identity = tuple(dict.fromkeys(c for rule in rules for c in columns.of_rule(rule)))
        return cls(
            expr, profile.group.fill_down, identity, _items(profile, columns), profile.group.copies
        )


def _number(rule: FieldRule, columns: Columns) -> pl.Expr | None:
    """The order number; where the rule makes nothing of what stands there, that.

    Only a blank cell continues the order above: a number that cannot be read is an order of its
    own, which is told that it has none, and never more lines of its neighbour.
    """
    number = raw_text(rule, columns)
    steps = {"strip": None, "extract": None, "split": None}
    untouched = raw_text(rule.model_copy(update=steps), columns)
    if number is None or untouched is None or not (rule.strip or rule.extract or rule.split):
        return number
    return pl.coalesce(number, pl.lit("\x1f") + untouched)


def _items(profile: Profile, columns: Columns) -> tuple[str, ...]:
    if profile.lines.in_ != "rows":
        return ()
    for names in (("source_line_id",), ("sku", "gtin", "channel_item_id", "buyer_item_id")):
        found = [c for name in names for c in columns.of_rule(profile.line.get(name))]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def keyed(rows: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Add `_key` (String): the order's key in its drop, filled down; null: a row on its own."""
    if keys.expr is None:
        return rows.with_columns(pl.lit(None, dtype=pl.String).alias(KEY))
    rows = rows.with_columns(keys.expr.alias(KEY))
    if keys.fill_down and rows[KEY].null_count():
        filled = pl.col(KEY).forward_fill()
        if rows["_drop"].n_unique() > 1:
            filled = filled.over("_drop")
        rows = rows.with_columns(filled)
    return rows


def numbered(rows: pl.DataFrame, keys: Keys, first: int) -> pl.DataFrame:
    """Add `_order` (Int64 from `first`, by first row) and sort rows so that each order is together.

    Needs `_drop` and `_key`; rows stay in file order inside an order.
    """
    if rows.is_empty():
        return rows.with_columns(pl.lit(None, dtype=pl.Int64).alias(ORDER))
    same = (pl.col(KEY) == pl.col(KEY).shift(1)) & (pl.col("_drop") == pl.col("_drop").shift(1))
    rows = rows.with_columns((~same.fill_null(value=False)).cast(pl.Int64).cum_sum().alias(ORDER))
    rows = _joined(rows)
    rows = _instances(rows, keys)
    return rows.with_columns((pl.col(ORDER).rle_id().cast(pl.Int64) + first).alias(ORDER))


def _joined(rows: pl.DataFrame) -> pl.DataFrame:
    """Runs of rows with the same key that lie apart become one order, at its first row."""
    starts = rows.select("_drop", KEY, ORDER).filter(
        pl.col(ORDER) != pl.col(ORDER).shift(1, fill_value=0)
    )
    named = starts.filter(pl.col(KEY).is_not_null())
    if not named.select("_drop", KEY).is_duplicated().any():
        return rows
    target = named.with_columns(pl.col(ORDER).min().over("_drop", KEY).alias("_to"))
    moved = target.filter(pl.col("_to") != pl.col(ORDER)).select(ORDER, "_to")
    return (
        rows.join(moved, on=ORDER, how="left", maintain_order="left")
        .with_columns(pl.coalesce("_to", ORDER).alias(ORDER))
        .drop("_to")
        .sort(ORDER, maintain_order=True)
    )


def _instances(rows: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """Split an order whose rows contradict each other, or that stands there several times."""
    split = _contradicting(rows, keys.identity) if keys.expr is not None else []
    if split:
        chosen = pl.col(ORDER).is_in(split)
        rows = _by_contradiction(rows.filter(chosen), rows.filter(~chosen), keys.identity)
    if keys.copies and keys.expr is not None:
        rows = _copies(rows)
        rows = _told_again(rows, keys.items)
    return rows


def _contradicting(rows: pl.DataFrame, identity: tuple[str, ...]) -> list[int]:
    """Orders with two different values in one identity column."""
    if not identity:
        return []
    same_order = pl.col(ORDER) == pl.col(ORDER).shift(1)
    differs = [same_order & (pl.col(c) != pl.col(c).shift(1)) for c in identity]
    differs += [
        same_order & pl.col(c).is_null() & pl.col(c).shift(1).is_not_null() for c in identity
    ]
    maybe = rows.select(pl.col(ORDER).filter(pl.any_horizontal(differs)).unique()).to_series()
    if maybe.is_empty():
        return []
    counts = (
        rows.filter(pl.col(ORDER).is_in(maybe.implode()))
        .group_by(ORDER)
        .agg(pl.col(c).drop_nulls().n_unique() for c in identity)
    )
    return counts.filter(pl.any_horizontal(pl.col(c) > 1 for c in identity))[ORDER].to_list()


def _by_contradiction(
    bad: pl.DataFrame, good: pl.DataFrame, identity: tuple[str, ...]
) -> pl.DataFrame:
    """Number an order's contradicting parts apart: a part begins where an identity changes."""
    known = bad.select(
        ORDER,
        *(pl.col(c).forward_fill().over(ORDER).alias(f"_{i}") for i, c in enumerate(identity)),
    )
    names = [f"_{i}" for i in range(len(identity))]
    new = [
        ((pl.col(ORDER) == pl.col(ORDER).shift(1)) & (pl.col(n) != pl.col(n).shift(1))).fill_null(
            value=False
        )
        for n in names
    ]
    part = known.select(pl.any_horizontal(new).cast(pl.Int64).cum_sum()).to_series()
    return _renumbered(bad.with_columns(part.alias("_part")), good)


def _copies(rows: pl.DataFrame) -> pl.DataFrame:
    """Number an order's n-fold identical repetition as n orders (dedupe keeps the first)."""
    own = [name for name in rows.columns if not name.startswith("_")]
    maybe = _first_row_recurs(rows, own)
    if maybe.is_empty():
        return rows
    counted = (
        rows.select(ORDER, *own)
        .filter(pl.col(ORDER).is_in(maybe.implode()))
        .group_by(ORDER, *own)
        .agg(pl.len().alias("_n"))
    )
    low, high = pl.col("_n").min().alias("low"), pl.col("_n").max().alias("high")
    whole = counted.group_by(ORDER).agg(low, high)
    repeated = whole.filter((pl.col("low") == pl.col("high")) & (pl.col("low") > 1))[ORDER]
    if repeated.is_empty():
        return rows
    chosen = pl.col(ORDER).is_in(repeated.implode())
    part = pl.int_range(pl.len()).over(ORDER, *own)
    bad = rows.filter(chosen).with_columns(part.cast(pl.Int64).alias("_part"))
    return _renumbered(bad, rows.filter(~chosen))


def _told_again(rows: pl.DataFrame, items: tuple[str, ...]) -> pl.DataFrame:
    """Number apart the pieces of an order that lie apart and name the same lines again.

    Pieces with other lines continue the order; a piece that repeats one of its lines is another
    copy of it, with the same content (a duplicate) or with other content (a conflict).
    """
    same = pl.col(ORDER) == pl.col(ORDER).shift(1)
    gap = (same & (pl.col("_record") != pl.col("_record").shift(1) + 1)).fill_null(value=False)
    apart = rows.select(pl.col(ORDER).filter(gap).unique()).to_series()
    if apart.is_empty() or not items:
        return rows
    chosen = pl.col(ORDER).is_in(apart.implode())
    some = rows.filter(chosen).with_columns(gap.cast(pl.Int64).cum_sum().over(ORDER).alias("_part"))
    named = some.filter(pl.any_horizontal(pl.col(c).is_not_null() for c in items))
    pieces = named.group_by(ORDER, *items).agg(pl.col("_part").n_unique().alias("_n"))
    again = pieces.filter(pl.col("_n") > 1)[ORDER].unique()
    if again.is_empty():
        return rows
    copies = pl.col(ORDER).is_in(again.implode())
    return _renumbered(some.filter(copies), rows.filter(~copies))


def _first_row_recurs(rows: pl.DataFrame, own: list[str]) -> pl.Series:
    """Orders with a later row equal to their first: without one, no order can be a repetition.

    Column by column, from the last: what differs between lines is seldom in the first columns,
    and after a few columns nearly no row is left to compare.
    """
    begins = rows.select((pl.col(ORDER) != pl.col(ORDER).shift(1)).fill_null(value=True))
    starts = begins.to_series().arg_true()
    later = (~begins.to_series()).arg_true()
    first = starts.gather(starts.search_sorted(later, side="right") - 1)
    for name in [*reversed(own)]:
        if later.is_empty():
            break
        column = rows[name]
        same = column.gather(later).eq_missing(column.gather(first))
        later, first = later.filter(same), first.filter(same)
    return rows[ORDER].gather(later).unique()


def _renumbered(parted: pl.DataFrame, rest: pl.DataFrame) -> pl.DataFrame:
    """Orders again in file order, each part of a split order being one."""
    both = pl.concat([rest.with_columns(pl.lit(0, dtype=pl.Int64).alias("_part")), parted])
    return (
        both.sort(ORDER, "_part", "_drop", "_record", maintain_order=True)
        .with_columns(pl.struct(ORDER, "_part").rle_id().cast(pl.Int64).alias(ORDER))
        .drop("_part")
    )
