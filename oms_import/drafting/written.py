"""How values are written: decimal sign, order of days and months, currency by its sign."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from oms_import.drafting.shapes import Shape
from oms_import.normalize.survey import (
    date_evidence,
    date_orders,
    decimal_evidence,
    decimal_styles,
)

_SIGNS = {
    "€": ("EUR", 96), "£": ("GBP", 94), "₹": ("INR", 96), "zł": ("PLN", 96), "Kč": ("CZK", 96),
    "$": ("USD", 72), "¥": ("JPY", 60), "₺": ("TRY", 94), "₩": ("KRW", 94), "₫": ("VND", 94),
    "฿": ("THB", 92), "₴": ("UAH", 94), "R$": ("BRL", 94), "₽": ("RUB", 94), "kr": ("SEK", 52),
}  # fmt: skip
_SIGN = r"(R\$|zł|Kč|\p{Sc}|\bkr\b)"
_CODE = re.compile(
    r"\b(USD|EUR|GBP|JPY|CNY|INR|AUD|CAD|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BRL|MXN|NZD|SGD|ZAR)\b"
)
_MONTH_FIRST = ("united states", "united states of america", "us", "usa")
_HINTS = {"mdy": 76, "dmy": 76}


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of a profile, its value and how sure it is (percent)."""

    key: str  # defaults.decimal
    value: str
    points: int
    why: str


def decimal_setting(frame: pl.DataFrame, columns: Sequence[str]) -> Setting | None:
    """defaults.decimal; None: nothing but points, or no decimals at all."""
    if not columns:
        return None
    styles = decimal_styles(decimal_evidence(frame, list(columns), ()))
    found = set(styles["style"].to_list())
    if found <= {"."}:
        return None
    if found <= {",", "ambiguous"} and "," in found:
        return Setting("defaults.decimal", ",", 97, "amounts have a decimal comma")
    if found == {"ambiguous"}:
        why = "1,234 may be a thousand or a fraction: say which"
        return Setting("defaults.decimal", "auto", 50, why)
    return Setting("defaults.decimal", "auto", 60, "some columns have a comma, others a point")


def date_setting(
    frame: pl.DataFrame, columns: Sequence[str], shapes: Mapping[str, Shape], decimal: str
) -> Setting | None:
    """defaults.date_order; None: the dates read one way only, or there are none."""
    if not columns:
        return None
    orders = date_orders(date_evidence(frame, list(columns), ()))
    by_column = dict(orders.select("column", "order").iter_rows())
    if not by_column:
        return None
    proven = {order for order in by_column.values() if order in {"dmy", "mdy"}}
    first = by_column.get(columns[0], "")
    if len(proven) == 1 and "mixed" not in by_column.values():
        order = proven.pop()
        which = "the day" if order == "dmy" else "the month"
        return Setting("defaults.date_order", order, 98, f"{which} comes first: no other way reads")
    if first in {"dmy", "mdy"}:
        return Setting("defaults.date_order", first, 70, f'by "{columns[0]}"; others differ')
    order, why = _sorted_dates(frame, columns[0]) or _hinted(frame, shapes, decimal)
    return Setting("defaults.date_order", order, _HINTS[order] - (6 if "?" in why else 0), why)


def _sorted_dates(frame: pl.DataFrame, column: str) -> tuple[str, str] | None:
    """Files are written in the order of time: where only one reading is sorted, it is that."""
    text = pl.col(column).str.extract_groups(
        r"^\s*([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{2,4})"
    )
    parts = frame.select(text.alias("d")).unnest("d").cast(pl.Int64, strict=False).drop_nulls()
    if parts.height < 4 or parts.unique().height < 3:
        return None
    day, month, year = (parts.to_series(place) for place in range(3))
    stamps = {"dmy": year * 500 + month * 40 + day, "mdy": year * 500 + day * 40 + month}
    ordered = [
        name
        for name, stamp in stamps.items()
        if stamp.is_sorted() or stamp.is_sorted(descending=True)
    ]
    return (ordered[0], "the rows are sorted that way") if len(ordered) == 1 else None


def _hinted(frame: pl.DataFrame, shapes: Mapping[str, Shape], decimal: str) -> tuple[str, str]:
    """By the country: month first in the United States, day first elsewhere."""
    countries = {
        str(value).strip().casefold()
        for name, shape in shapes.items()
        if shape.share("country") > 0.9
        for value in frame[name].drop_nulls().unique().head(20)
    }
    if countries & set(_MONTH_FIRST):
        return "mdy", "addresses are in the United States; no day above 12 proves it"
    dollars = any("$" in shape.example for shape in shapes.values() if shape.share("sign") > 0.9)
    if dollars or {"USD"} & {shape.example for shape in shapes.values()}:
        return "mdy", "amounts are in dollars; no day above 12 proves it?"
    told = "by the decimal comma" if decimal == "," else "as in most countries"
    return "dmy", f"{told}; no day above 12 proves it?"


def currency_setting(frame: pl.DataFrame, money: Sequence[str]) -> Setting | None:
    """defaults.currency, by the sign beside the amounts or the code in a column's name."""
    named = {found[0] for name in frame.columns for found in [_CODE.search(name)] if found}
    if len(named) == 1:
        code = named.pop()
        return Setting("defaults.currency", code, 90, f"{code} is in a column's name")
    cells = [frame[name].drop_nulls().rename("v") for name in money]
    if not cells:
        return None
    text = pl.concat(cells)
    codes = text.str.extract(r"\b([A-Z]{3})\b").drop_nulls().unique().to_list()
    written = [code for code in codes if _CODE.fullmatch(str(code))]
    if len(written) == 1 and len(codes) == 1:
        return Setting("defaults.currency", str(written[0]), 92, "it is beside the amounts")
    signs = text.str.extract(_SIGN).drop_nulls().unique().to_list()
    if len(signs) != 1 or signs[0] not in _SIGNS:
        return None
    code, points = _SIGNS[str(signs[0])]
    doubt = "; other currencies have that sign too" if points < 80 else ""
    return Setting("defaults.currency", code, points, f"{signs[0]} is beside the amounts{doubt}")


_ODD = (
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2} - [0-9]{2}:[0-9]{2}:[0-9]{2}$", "%Y-%m-%d - %H:%M:%S"),
    (r"^[0-9]{4}-[0-9]{2}-[0-9]{2} - [0-9]{2}:[0-9]{2}$", "%Y-%m-%d - %H:%M"),
    (r"^[0-9]{2}\.[0-9]{2}\.[0-9]{4} - [0-9]{2}:[0-9]{2}$", "%d.%m.%Y - %H:%M"),
)
"""Dates that are read only where a profile names their format."""


def date_formats(frame: pl.DataFrame, column: str, shape: Shape) -> tuple[str, ...]:
    """`formats` of a date that is a number or oddly written; none: it is read as it is."""
    if shape.share("epoch") > 0.9:
        longest = frame[column].drop_nulls().str.len_chars().max()
        return ("epoch_ms",) if isinstance(longest, int) and longest > 10 else ("epoch",)
    if shape.share("serial") > 0.9:
        return ("excel",)
    some = frame[column].drop_nulls()
    found = (form for pattern, form in _ODD if len(some) and some.str.contains(pattern).all())
    return tuple(found)[:1]
