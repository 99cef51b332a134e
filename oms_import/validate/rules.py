"""One rule: a reason code, the field it is about, and what is true when all is well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

ORDERS = "orders"
LINES = "order_lines"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A check of one table, named after its reason code.

    `ok` is evaluated on the table's frame; for orders, party columns are there as `ship_to.city`.
    Null counts as failed.
    """

    table: str
    code: str
    field: str
    ok: pl.Expr
    value: str | None = None  # column to quote
    detail: str | None = None

    @property
    def name(self) -> str:
        """The check's name: a code may be about several fields."""
        return f"{self.code} {self.field}"

    def only(self, segments: Iterable[str]) -> Rule:
        """The same rule, for orders of these segments alone."""
        named = list(segments)
        there = pl.col("segment").is_in(named).fill_null(value=False)
        return replace(self, ok=self.ok | ~there)

    def but(self, segments: Iterable[str]) -> Rule:
        """The same rule, except for orders of these segments."""
        there = pl.col("segment").is_in(list(segments)).fill_null(value=False)
        return replace(self, ok=self.ok | there)


def filled(column: str) -> pl.Expr:
    """The column has a value."""
    return pl.col(column).is_not_null()


def table_of(field: str) -> tuple[str, str]:
    """Table and column of a field as profiles name it: `po_number`, `line.sku`, `ship_to.city`."""
    if field.startswith("line."):
        return LINES, field.removeprefix("line.")
    return ORDERS, field
