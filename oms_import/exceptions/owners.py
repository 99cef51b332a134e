"""Whose exception it is: by hand, else the first rule that fits, else the role of its code."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from oms_import.targets import OwnerRule


def owners(found: pl.DataFrame, rules: Sequence[OwnerRule]) -> pl.DataFrame:
    """With `owner`: `assigned`, else by the rules as they are now, else `role`."""
    owner = pl.col("role")
    for rule in reversed(rules):
        owner = pl.when(_fits(found, rule)).then(pl.lit(rule.owner)).otherwise(owner)
    return found.with_columns(pl.coalesce("assigned", owner).alias("owner"))


def like(column: pl.Series, globs: Sequence[str]) -> pl.Series:
    """Whether values fit one of the globs (`SKU_*`); each value is looked at once."""
    values = column.unique().drop_nulls()
    fits = {one: any(fnmatchcase(one, glob) for glob in globs) for one in values}
    return column.replace_strict(fits, default=False, return_dtype=pl.Boolean)


def _fits(found: pl.DataFrame, rule: OwnerRule) -> pl.Expr:
    named = (("code", rule.codes), ("channel", rule.channels))
    tests = [pl.lit(like(found[column], globs)) for column, globs in named if globs]
    if rule.min_value is not None:
        tests.append(pl.col("value").fill_null(0) >= pl.lit(rule.min_value))
    return pl.all_horizontal(tests) if tests else pl.lit(value=True)
