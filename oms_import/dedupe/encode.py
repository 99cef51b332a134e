"""Values of a row as one text that no other row can have.

Every filled field is written as a mark and its value; an empty field writes nothing, so a column
that is empty throughout costs nothing and adding a field later changes no order that lacks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

ORDER = "_order"
_ESCAPE = "\x1b"
FIELD = "\x1f"  # opens a field: mark, one letter, value
ITEM = "\x1e"  # between rows
SECTION = "\x1d"  # between parts of an order
NOTHING = _ESCAPE  # where there is no row at all: not the same as an empty one
_PLAIN = 0x20  # bytes below are control bytes, in UTF-8 too
_SPECIAL = f"[{_ESCAPE}{SECTION}{ITEM}{FIELD}]"
_ESCAPED = {
    _ESCAPE: _ESCAPE + "0",
    SECTION: _ESCAPE + "1",
    ITEM: _ESCAPE + "2",
    FIELD: _ESCAPE + "3",
}


def encoded(frame: pl.DataFrame, marks: Mapping[str, str]) -> pl.Expr:
    """Rows of `frame` as text: `marks` names the columns and the one letter each is known by.

    Injective: two rows that differ in any of the columns, null and empty included, give different
    texts. Decimals are written with all digits of their type, so 5.0 and 5.00 are one value when
    their columns have one type.
    """
    parts: list[pl.Expr] = []
    for name, mark in marks.items():
        series = frame[name]
        if series.null_count() == series.len():
            continue
        lead = pl.lit(FIELD + mark)
        value = _plain(series)
        if series.null_count():
            parts.append(pl.concat_str(lead, value).fill_null(""))
        else:
            parts += [lead, value]
    return pl.concat_str(parts) if parts else pl.lit("")


def joined(texts: pl.DataFrame, column: str, *, ordered: bool = True) -> pl.DataFrame:
    """One text an order: its rows' texts with ITEM between them.

    Args:
        texts: `_order` (sorted) and `column` (String, no nulls).
        column: the texts to join.
        ordered: as they stand; else sorted, so that their order does not matter.
    """
    listed = (
        texts.select(pl.col(ORDER).set_sorted(), column)
        .group_by(ORDER, maintain_order=True)
        .agg(column)
    )
    rows = pl.col(column) if ordered else pl.col(column).list.sort()
    return listed.with_columns(rows.list.join(ITEM))


def escaped(column: pl.Expr) -> pl.Expr:
    """Text in which none of our marks occurs, and still no two texts alike. String → String."""
    return column.str.replace_many(list(_ESCAPED), list(_ESCAPED.values()))


def aligned(orders: pl.DataFrame, sides: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """`orders` with the sides' columns beside it by `_order`; null where an order has none.

    Sides have an order at most once. Most have exactly the orders of `orders`, which needs no join.
    """
    keys = orders.get_column(ORDER)
    for side in sides:
        if side.get_column(ORDER).equals(keys):
            orders = orders.hstack(side.drop(ORDER))
        else:
            orders = orders.join(side, on=ORDER, how="left", maintain_order="left")
    return orders


def _plain(series: pl.Series) -> pl.Expr:
    """The column as it is concatenated: text free of our marks, moments and flags as numbers."""
    column = pl.col(series.name)
    if series.dtype == pl.String:
        return escaped(column) if _may_be_marked(series) else column
    if series.dtype.is_temporal():
        return column.dt.epoch("us")
    return column


def _may_be_marked(series: pl.Series) -> bool:
    """Whether one of our marks may occur: any control byte will do, and is looked for first."""
    text = series.drop_nulls().to_arrow(compat_level=pl.CompatLevel.oldest())
    data = np.frombuffer(text.buffers()[2] or b"", np.uint8)
    if not data.size or data.min() >= _PLAIN:
        return False
    return bool(series.str.contains(_SPECIAL).any())
