"""One rule: a reason code, the field it is about, and what is true when all is well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import polars as pl

from oms_import.model import tables

ORDERS = "orders"
LINES = "order_lines"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A check of one frame, named after its reason code.

    The frame is `orders`, `order_lines`, or a party's role: then each order with its party of that
    role, columns null where it has none. `ok` yields one Boolean a row; null counts as failed.
    """

    frame: str
    code: str
    field: str  # as profiles name it: po_number, line.sku, ship_to.city
    ok: pl.Expr
    value: str | None = None  # the column to quote
    detail: pl.Expr | None = None
    scope: str = ""  # which segments it is for, where not for all

    @property
    def name(self) -> str:
        """The check's name: code, field and scope, since a code may be about several fields."""
        return " ".join(part for part in (self.code, self.field, self.scope) if part)

    @property
    def columns(self) -> set[str]:
        """The columns of the frame that the rule reads."""
        detail = [] if self.detail is None else self.detail.meta.root_names()
        value = [] if self.value is None else [self.value]
        return {*self.ok.meta.root_names(), *detail, *value}

    def only(self, segments: Iterable[str]) -> Rule:
        """The same rule, for orders of these segments alone."""
        named = sorted(segments)
        scope = "for segment " + ", ".join(named)
        detail = pl.lit(scope) if self.detail is None else self.detail
        return replace(self, ok=self.ok | ~_segment_in(named), scope=scope, detail=detail)

    def but(self, segments: Iterable[str]) -> Rule:
        """The same rule, except for orders of these segments."""
        named = sorted(segments)
        if not named:
            return self
        scope = "but for segment " + ", ".join(named)
        return replace(self, ok=self.ok | _segment_in(named), scope=scope)


def segment_key(column: str = "segment") -> pl.Expr:
    """A segment's name as it is compared: B2B is b2b."""
    return pl.col(column).str.to_lowercase()


def _segment_in(names: list[str]) -> pl.Expr:
    return segment_key().is_in([name.lower() for name in names]).fill_null(value=False)


def filled(column: str) -> pl.Expr:
    """The column has a value."""
    return pl.col(column).is_not_null()


def frame_of(field: str) -> tuple[str, str]:
    """Frame and column of a field as profiles name it: `po_number`, `line.sku`, `ship_to.city`."""
    head, dot, column = field.partition(".")
    if not dot:
        return ORDERS, field
    return (LINES if head == "line" else head), column


def types_of(frame: str) -> pl.Schema:
    """The contract's types of a frame: its table's, or those of parties."""
    return tables.PARTIES if frame in tables.ROLES else tables.TABLES[frame]
