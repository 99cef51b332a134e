"""What only the whole drop can tell: day/month order, decimal separator, orders in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from oms_import.normalize.survey import (
    date_evidence,
    date_orders,
    decimal_evidence,
    decimal_styles,
    merge_evidence,
)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Decisions for one drop. Two equal values mean that nothing new was learned."""

    dates: Mapping[str, str] = field(default_factory=dict)  # column → dmy, mdy, ymd, ambiguous
    decimals: Mapping[str, str] = field(default_factory=dict)  # column → "." or ","
    scattered: frozenset[int] = frozenset()  # in-process hashes of keys that stand in pieces


@dataclass(slots=True)
class Evidence:
    """What the frames of drops showed so far; small, whatever their size."""

    date_columns: list[str]
    decimal_columns: list[str]
    dates: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    decimals: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])

    def add(self, rows: pl.DataFrame) -> None:
        """Take in rows with `_drop`."""
        if self.date_columns:
            self.dates.append(date_evidence(rows, self.date_columns, ["_drop"]))
        if self.decimal_columns:
            self.decimals.append(decimal_evidence(rows, self.decimal_columns, ["_drop"]))

    def decided(self) -> dict[int, Knowledge]:
        """What is known of each drop now; drops without anything to decide are left out."""
        dates = _by_drop(date_orders(merge_evidence(self.dates)), "order") if self.dates else {}
        styles = {}
        if self.decimals:
            styles = _by_drop(decimal_styles(merge_evidence(self.decimals)), "style")
        return {
            drop: Knowledge(dates.get(drop, {}), styles.get(drop, {}))
            for drop in dates.keys() | styles.keys()
        }


def _by_drop(frame: pl.DataFrame, value: str) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for drop, column, told in frame.select("_drop", "column", value).iter_rows():
        found.setdefault(drop, {})[column] = told
    return found
