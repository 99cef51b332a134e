"""What a cell becomes: a value, or a reason code, never both.

Parsers work in stages, and a later stage uses what an earlier one found more than once. Polars
evaluates a shared subexpression again for every use, so the stages are fields of one struct
(`steps`), and rare forms are worked out on the rows that have them (`sparse`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed column, one struct an input row.

    `packed` is the struct with the fields `value` and `fault` (and more, of no interest outside).
    Select it once and take its fields in a second step where speed matters: `value` and `fault`
    selected side by side are computed twice.
    """

    packed: pl.Expr

    @property
    def value(self) -> pl.Expr:
        """The value; null where the cell is blank or at fault."""
        return self.packed.struct.field("value")

    @property
    def fault(self) -> pl.Expr:
        """String: a reason code; null where the cell is fine or blank."""
        return self.packed.struct.field("fault")


def steps(raw: pl.Expr, *stages: dict[str, pl.Expr]) -> pl.Expr:
    """Build a struct stage by stage; stages refer to `pl.field("raw")` and to earlier fields."""
    packed = pl.struct(raw.alias("raw"))
    for stage in stages:
        packed = packed.struct.with_fields(*(expr.alias(name) for name, expr in stage.items()))
    return packed


def sparse(
    values: pl.Expr, mask: pl.Expr, build: Callable[[pl.Expr], pl.Expr], *, constant: bool
) -> pl.Expr:
    """`build` applied to the rows where `mask` holds, null elsewhere; costs only those rows.

    `constant`: the values are a literal, which has to keep its length of one.
    """
    if constant:
        return build(pl.when(mask).then(values))
    place = pl.when(mask).then(mask.cum_sum().cast(pl.UInt32) - 1)
    return build(values.filter(mask)).gather(place)


def is_constant(raw: pl.Expr) -> bool:
    """Whether an expression reads no column, so that it stands for one value."""
    return not raw.meta.root_names()
