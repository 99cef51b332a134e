"""The guard of files made for people: no cell runs as a formula, and nothing is changed by it.

A cell that a spreadsheet would take for a formula gets one more `'` in front, and so does a cell
that already begins with `'`; taking one `'` off restores exactly what was there. Plain numbers
(-12.50, +3) are left alone: they calculate nothing and people want to see them.
"""

from __future__ import annotations

import re

import polars as pl

OURS = ("_line", "_codes", "_reasons", "_owner")
"""Columns we add to a rejected file; a file that carries all of them is one of ours."""

_RISKY = "^[=+\\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]"  # the last four: full-width = + - @
_NUMBER = r"^[+-][0-9]+([.,][0-9]+)*$"


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every text cell and column name made safe; other types are left alone."""
    cells = [_guard(pl.col(name)).alias(name) for name in _text_columns(frame)]
    return frame.with_columns(cells).rename(_guard_name)


def unguarded(frame: pl.DataFrame) -> pl.DataFrame:
    """What `guarded` was given."""
    cells = [pl.col(name).str.strip_prefix("'") for name in _text_columns(frame)]
    return frame.with_columns(cells).rename(lambda name: name.removeprefix("'"))


def _guard(cell: pl.Expr) -> pl.Expr:
    risky = cell.str.contains(_RISKY) & ~cell.str.contains(_NUMBER)
    return pl.when(risky).then(pl.lit("'") + cell).otherwise(cell)


def _guard_name(name: str) -> str:
    return f"'{name}" if re.match(_RISKY, name) and not re.match(_NUMBER, name) else name


def _text_columns(frame: pl.DataFrame) -> list[str]:
    return [name for name, kind in frame.schema.items() if kind == pl.String]
