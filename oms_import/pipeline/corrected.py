"""Files that people corrected: rejected files carry our columns and our guard against formulas."""

from __future__ import annotations

import polars as pl

from oms_import.model.guard import OURS, unguarded


def corrected(rows: pl.DataFrame) -> pl.DataFrame:
    """A rejected file as its source wrote it: our columns taken off, guarded cells restored.

    Rows of any other file are returned as they are.
    """
    ours = {name.casefold() for name in OURS}
    added = [name for name in rows.columns if name.removesuffix("#2").casefold() in ours]
    named = {name.removesuffix("#2").casefold() for name in added}
    if not ours <= named:
        return rows
    return unguarded(
        rows.drop([name for name in added if name not in _HOUSE or name.endswith("#2")])
    )


_HOUSE = frozenset({"_line"})
