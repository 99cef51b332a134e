"""Source columns as a profile names them, found in the header that a drop really has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from oms_import.model.values import HOUSEKEEPING, POINTER
from oms_import.profiles.model import FieldRule

_OURS = frozenset((*HOUSEKEEPING, POINTER, "_drop", "_order", "_row"))


def folded(name: str) -> str:
    """A header name as it is compared: case and repeated white space do not matter."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a frame, looked up by the names a profile uses."""

    names: tuple[str, ...]
    by_folded: dict[str, str]

    @classmethod
    def of(cls, names: Iterable[str]) -> Columns:
        """Columns of a frame; housekeeping columns are not the source's."""
        own = tuple(name for name in names if name not in _OURS)
        # A name as it is written goes before one that differs in case, as keys of JSON may.
        return cls(own, {folded(name): name for name in reversed(own)} | {n: n for n in own})

    def find(self, name: str) -> str | None:
        """The frame's name of this column, or None where the drop does not have it."""
        exact = self.by_folded.get(name)
        return exact if exact == name else self.by_folded.get(folded(name))

    def present(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names that the drop has, as the frame calls them."""
        found = (self.find(name) for name in names)
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def of_rule(self, rule: FieldRule | None) -> tuple[str, ...]:
        """The columns of the drop that a rule reads."""
        return () if rule is None else self.present(rule.columns)

    def used_by(self, rule: FieldRule) -> tuple[str, ...]:
        """Of those, the ones it uses up: an alias behind the first is only a stand-in."""
        others = rule.columns[len(rule.from_) :]
        return (*self.present(rule.from_)[:1], *self.present(others))


def text(column: str) -> pl.Expr:
    """A cell's text without white space at its ends; blank is null. String → String."""
    stripped = pl.col(column).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def raw_text(rule: FieldRule, columns: Columns) -> pl.Expr | None:
    """The text a rule takes from the source, up to its scale; None: it has no source here.

    String → String, blank is null.
    """
    expr = _taken(rule, columns)
    if expr is None:
        return None
    if rule.strip is not None:
        expr = _blank_to_null(expr.str.strip_chars(rule.strip + " "))
    if rule.extract is not None:
        expr = _blank_to_null(expr.str.extract(rule.extract, 1))
    if rule.split is not None:
        piece = expr.str.split(rule.split).list.get(rule.index, null_on_oob=True)
        expr = _blank_to_null(piece.str.strip_chars())
    return _scaled(expr, rule, columns)


def _scaled(expr: pl.Expr, rule: FieldRule, columns: Columns) -> pl.Expr:
    """Whole numbers with the decimal point where another column says that it belongs."""
    digits: pl.Expr | None = None
    if rule.scale_from is not None and (name := columns.find(rule.scale_from)):
        digits = text(name).str.extract(r"^([0-9])$").cast(pl.Int64)
    elif rule.divisor_from is not None and (name := columns.find(rule.divisor_from)):
        digits = text(name).str.extract("^1(0*)$").str.len_chars().cast(pl.Int64)
    if digits is None:
        return expr
    # Put together as text: no amount is rounded, and one that is no whole number stays as it is.
    sign, size = expr.str.extract("^(-?)[0-9]+$"), expr.str.extract("^-?([0-9]+)$")
    long = size.str.pad_start(digits + 1, "0")
    cut = long.str.len_chars().cast(pl.Int64) - digits
    fine = pl.concat_str(sign, long.str.head(cut), pl.lit("."), long.str.slice(cut))
    return pl.when(digits > 0).then(pl.coalesce(fine, expr)).otherwise(expr)


def _taken(rule: FieldRule, columns: Columns) -> pl.Expr | None:
    if rule.const is not None:
        return pl.lit(rule.const)
    if rule.concat:
        parts = [text(name) for name in columns.present(rule.concat)]
        if not parts:
            return None
        return _blank_to_null(pl.concat_str(parts, separator=rule.separator, ignore_nulls=True))
    parts = [text(name) for name in columns.present(rule.from_)]
    if not parts:
        return None if rule.default is None else pl.lit(None, dtype=pl.String)
    return parts[0] if len(parts) == 1 else pl.coalesce(parts)


def _blank_to_null(expr: pl.Expr) -> pl.Expr:
    return pl.when(expr != "").then(expr)
