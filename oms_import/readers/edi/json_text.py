"""JSON text built in bulk: columns of strings to columns of objects and arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from oms_import.readers.edi.cells import nothing, pick, together
from oms_import.readers.edi.loops import Ints

_ESCAPES = {'"': '\\"', "\\": "\\\\"} | {chr(code): f"\\u{code:04x}" for code in range(32)}


def escaped(texts: pl.Series) -> pl.Series:
    """Texts as they stand within the quotes of a JSON string."""
    text = together(texts)
    if '"' in text or "\\" in text or not text.isprintable():
        return texts.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return texts


def members(pairs: Sequence[tuple[pl.Series, pl.Series]], size: int) -> pl.Series:
    """`"key":"value"` of all pairs side by side, with commas; a null value has no member.

    Args:
        pairs: columns of keys and values, `size` long (a column of one key stands for all).
        size: how many rows.
    """
    if not pairs:
        return nothing(size)
    columns: dict[str, pl.Series] = {}
    written: list[pl.Expr] = []
    for number, (keys, values) in enumerate(pairs):
        key, value = f"k{number}", f"v{number}"
        columns[value] = escaped(values)
        if len(keys) == size:
            columns[key] = escaped(keys)
        else:
            columns[key] = escaped(keys).new_from_index(0, size)
        parts = (pl.lit('"'), pl.col(key), pl.lit('":"'), pl.col(value), pl.lit('"'))
        written.append(pl.concat_str(*parts))
    joined = pl.concat_str(written, separator=",", ignore_nulls=True)
    return pl.DataFrame(columns).select(joined.alias("json").replace("", None)).to_series()


def braced(texts: pl.Series, begin: str, end: str) -> pl.Series:
    """Members or items within braces or brackets; nulls stay."""
    wrapped = pl.concat_str(pl.lit(begin), pl.col("json"), pl.lit(end))
    return texts.alias("json").to_frame().select(wrapped.alias("json")).to_series()


def joined(texts: pl.Series, at: Ints, size: int) -> pl.Series:
    """Texts with commas between, of each place `at` (rising, 0 … size - 1); else null."""
    filled = texts.is_not_null()
    if not filled.all():
        texts, at = texts.filter(filled), at[filled.to_numpy()]
    if np.any(at[1:] == at[:-1]):
        frame = pl.DataFrame({"at": pl.Series(at, dtype=pl.Int64), "json": texts})
        grouped = frame.group_by("at", maintain_order=True).agg(pl.col("json").str.join(","))
        texts, at = grouped.get_column("json"), grouped.get_column("at").to_numpy()
    place = np.full(size, -1, dtype=np.int64)
    place[at] = np.arange(len(at))
    return pick(texts, place)
