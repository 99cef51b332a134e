"""JSON text built in bulk: columns of strings to columns of objects and arrays."""

from __future__ import annotations

import polars as pl

_ESCAPES = {'"': '\\"', "\\": "\\\\"} | {chr(code): f"\\u{code:04x}" for code in range(32)}


def quoted(texts: pl.Series) -> pl.Series:
    """Each text as a JSON string."""
    if texts.str.contains(r'["\\\x00-\x1f]').any():
        texts = texts.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return '"' + texts + '"'


def objects(cells: pl.DataFrame) -> pl.DataFrame:
    """Objects from their members.

    Args:
        cells: `object` (an integer; members stand together), `key`, `value`. A key that an object
            has again is called KEY#2, KEY#3 …

    Returns:
        `object` and `json`, in the order of the cells.
    """
    cells = _numbered(cells)
    member = quoted(cells.get_column("key")) + ":" + quoted(cells.get_column("value"))
    joined = (
        cells.select("object", member.alias("json"))
        .group_by("object", maintain_order=True)
        .agg(pl.col("json").str.join(","))
    )
    return joined.with_columns(pl.format("{{{}}}", "json").alias("json"))


def arrays(items: pl.DataFrame, size: int) -> pl.Series:
    """Arrays of what stands in `json` (JSON text), one for each `at` (0 … size - 1); else null."""
    joined = (
        items.group_by("at", maintain_order=True)
        .agg(pl.col("json").str.join(","))
        .with_columns(pl.format("[{}]", "json").alias("json"))
    )
    places = pl.DataFrame({"at": pl.Series(range(size), dtype=pl.Int64)})
    return places.join(joined, on="at", how="left", maintain_order="left").get_column("json")


def _numbered(cells: pl.DataFrame) -> pl.DataFrame:
    named = cells.select("object", "key")
    if not named.is_duplicated().any():
        return cells
    time = pl.int_range(pl.len()).over("object", "key") + 1
    again = pl.when(time > 1).then(pl.format("{}#{}", "key", time)).otherwise(pl.col("key"))
    return cells.with_columns(again.alias("key"))
