"""Whose exception it is: by hand, else the first rule that fits, else the role of its code."""

from __future__ import annotations

from collections.abc import Sequence
from re import escape

import polars as pl

from oms_import.targets import OwnerRule


def owners(found: pl.DataFrame, rules: Sequence[OwnerRule]) -> pl.DataFrame:
    """With `owner`: `assigned`, else by the rules as they are now, else `role`."""
    owner = pl.col("role")
    for rule in reversed(rules):
        owner = pl.when(_fits(rule)).then(pl.lit(rule.owner)).otherwise(owner)
    return found.with_columns(pl.coalesce("assigned", owner).alias("owner"))


def _fits(rule: OwnerRule) -> pl.Expr:
    tests = [_like("code", rule.codes), _like("channel", rule.channels)]
    if rule.min_value is not None:
        tests.append(pl.col("value").fill_null(0) >= pl.lit(rule.min_value))
    return pl.all_horizontal(tests)


def _like(column: str, globs: Sequence[str]) -> pl.Expr:
    """Whether a text fits one of the globs (`SKU_*`); no globs: any does."""
    if not globs:
        return pl.lit(value=True)
    patterns = "|".join(_pattern(one) for one in globs)
    return pl.col(column).fill_null("").str.contains(f"^(?:{patterns})$")


def _pattern(glob: str) -> str:
    return escape(glob).replace(r"\*", ".*").replace(r"\?", ".")
