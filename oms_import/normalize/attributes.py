"""Columns that no mapping used: kept as attributes of the order, or of its line where they vary."""

from __future__ import annotations

import polars as pl

from oms_import.model.documents import OTHER_LINE_VALUES, OTHER_VALUES
from oms_import.model.edi import LINE_OPENERS, OTHER
from oms_import.normalize.columns import text
from oms_import.normalize.lines import LEFT, objects

_LISTS = {
    OTHER: pl.col("name").str.contains(rf"^(?:{'|'.join(LINE_OPENERS)})(?:\.|\[|$)"),
    OTHER_VALUES: pl.lit(value=False),
    OTHER_LINE_VALUES: pl.lit(value=True),
}
"""Columns of lists → whether an entry is the line's."""

SCHEMA = {"_order": pl.Int64, "line_no": pl.Int64, "name": pl.String, "value": pl.String}


def attributes(rows: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Attributes of whole orders, in order of order, line and column.

    `rows`: source rows sorted by `_order`, with `_line_no` (first line made of the row). A column
    that is the same (or blank) on all rows of an order is the order's (line_no null), else it is
    the lines'. Returns `_order`, `line_no`, `name`, `value`; blanks are left out.
    """
    start = (pl.col("_order") != pl.col("_order").shift(1)).fill_null(value=True)
    several = not rows.select(start.all()).item() if rows.height else False
    parts: list[pl.DataFrame] = []
    for position, name in enumerate(names):
        if rows[name].null_count() == rows.height:
            continue
        if name in _LISTS:
            parts.append(_listed(rows, name).with_columns(pl.lit(position).alias("_at")))
            continue
        cells = rows.select("_order", "_line_no", text(name).alias("value"), start.alias("_start"))
        levels = _levels(cells) if several else (_order_level(cells),)
        about = (pl.lit(name).alias("name"), pl.lit(position).alias("_at"))
        parts += [
            part.with_columns(about).select(*SCHEMA, "_at")
            for part in levels
            if not part.is_empty()
        ]
    if not parts:
        return pl.DataFrame(schema=SCHEMA)
    both = pl.concat(parts)
    return both.sort("_order", "line_no", "_at", maintain_order=True).select(list(SCHEMA))


def line_attributes(lines: pl.DataFrame) -> pl.DataFrame:
    """What stands in the cells of lines and no rule reads: `_order`, `line_no`, `name`, `value`."""
    if LEFT not in lines.columns:
        return pl.DataFrame(schema=SCHEMA)
    left = lines.select("_order", "line_no", LEFT).drop_nulls(LEFT).explode(LEFT)
    return left.unnest(LEFT).cast(pl.Schema(SCHEMA))


def _listed(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Cells that hold lists of names and values, each an attribute of the order or of its line."""
    cells = rows.select("_order", "_line_no", name).filter(pl.col(name).is_not_null())
    told = objects(cells, name, ("name", "value"))
    of_line = pl.when(_LISTS[name]).then("_line_no").alias("line_no")
    return told.select("_order", of_line, "name", "value")


def _order_level(cells: pl.DataFrame) -> pl.DataFrame:
    return cells.filter(pl.col("value").is_not_null()).select(
        "_order", pl.lit(None, dtype=pl.Int64).alias("line_no"), "value"
    )


def _levels(cells: pl.DataFrame) -> tuple[pl.DataFrame, ...]:
    filled = cells.filter(pl.col("value").is_not_null())
    same_order = pl.col("_order") == pl.col("_order").shift(1)
    changes = filled.filter(
        (same_order & (pl.col("value") != pl.col("value").shift(1))).fill_null(value=False)
    )
    if changes.is_empty():
        first = filled.filter((pl.col("_order") != pl.col("_order").shift(1)).fill_null(value=True))
        return (_order_level(first),)
    varying = pl.col("_order").is_in(changes["_order"].unique().implode())
    steady = filled.filter(~varying)
    first = steady.filter((pl.col("_order") != pl.col("_order").shift(1)).fill_null(value=True))
    by_line = filled.filter(varying).select("_order", pl.col("_line_no").alias("line_no"), "value")
    return (_order_level(first), by_line)
