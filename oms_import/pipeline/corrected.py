"""Files that people corrected: rejected files carry our columns and our guard against formulas."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from oms_import.model.guard import OURS, unguarded


def is_corrected(columns: Iterable[str]) -> bool:
    """Whether a header has all of our columns: then it is a rejected file that came back."""
    names = {name.removesuffix("#2").casefold() for name in columns}
    return {name.casefold() for name in OURS} <= names


def corrected(rows: pl.DataFrame) -> pl.DataFrame:
    """A rejected file as its source wrote it: our columns taken off, guarded cells restored.

    Rows of any other file are returned as they are.
    """
    if not is_corrected(rows.columns):
        return rows
    ours = {name.casefold() for name in OURS}
    added = [name for name in rows.columns if name.removesuffix("#2").casefold() in ours]
    return unguarded(
        rows.drop([name for name in added if name not in _HOUSE or name.endswith("#2")])
    )


_HOUSE = frozenset({"_line"})
