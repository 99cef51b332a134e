"""What every order must fulfil, whatever its channel; a profile may excuse fields by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.validate.rules import LINES, ORDERS, Rule, filled

_IDS = ("sku", "gtin", "channel_item_id", "buyer_item_id")
_WITHOUT_POSTCODE = (
    "AE",
    "AO",
    "AG",
    "BS",
    "BZ",
    "BJ",
    "BW",
    "FJ",
    "GH",
    "HK",
    "IE",
    "JM",
    "KI",
    "MO",
    "PA",
    "QA",
    "SC",
    "ZW",
)
_POSTCODES = {
    "US": r"^\d{5}(-?\d{4})?$",
    "CA": r"^[A-Za-z]\d[A-Za-z][ -]?\d[A-Za-z]\d$",
    "DE": r"^\d{5}$",
    "FR": r"^\d{5}$",
    "IT": r"^\d{5}$",
    "ES": r"^\d{5}$",
    "GB": r"^[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}$",
    "NL": r"^\d{4} ?[A-Za-z]{2}$",
}
_ENUMS: Mapping[str, Mapping[str, Sequence[str]]] = {
    ORDERS: {
        "purpose": tables.PURPOSES,
        "order_type": tables.ORDER_TYPES,
        "status": tables.STATUSES,
        "fulfilled_by": ("seller", "channel"),
    },
    LINES: {"line_type": tables.LINE_TYPES},
}
ADDRESS = ("line1", "city", "postal_code", "country")


def required(*, priced: bool) -> dict[str, Rule]:
    """Rules that a profile may excuse, by the name under which it does so."""
    rules = {
        "order_number": Rule(
            ORDERS, Code.ORDER_NUMBER_MISSING, "order_number", filled("order_number")
        ),
        "ordered_at": Rule(ORDERS, Code.ORDER_DATE_MISSING, "ordered_at", filled("ordered_at")),
        "currency": Rule(ORDERS, Code.CURRENCY_MISSING, "currency", filled("currency")),
        "line.sku": Rule(
            LINES, Code.SKU_MISSING, "line.sku", pl.any_horizontal(filled(c) for c in _IDS), "title"
        ),
        "line.qty_ordered": Rule(
            LINES, Code.QTY_MISSING, "line.qty_ordered", filled("qty_ordered")
        ),
    }
    if priced:
        there = filled("unit_price") | filled("line_amount")
        rules["line.unit_price"] = Rule(LINES, Code.PRICE_MISSING, "line.unit_price", there)
    return rules


def always() -> list[Rule]:
    """Rules about values that are there; severity alone decides what they do."""
    return [*_amounts(), *_enums(), _postcode(), _purpose()]


def ship_to(required_parts: bool) -> list[Rule]:
    """An address to ship to: there is one, and it is complete."""
    ids = filled("ship_to.external_id") | filled("ship_to.gln")
    there = filled("ship_to.line1") | filled("ship_to.city") | filled("ship_to.name") | ids
    rules = [Rule(ORDERS, Code.SHIP_TO_MISSING, "ship_to", there)]
    if not required_parts:
        return rules
    for part in ADDRESS:
        ok = filled(f"ship_to.{part}") | ids | ~there
        if part == "postal_code":
            ok = ok | pl.col("ship_to.country").is_in(_WITHOUT_POSTCODE)
        rules.append(Rule(ORDERS, Code.ADDRESS_INCOMPLETE, f"ship_to.{part}", ok))
    return rules


def _amounts() -> list[Rule]:
    qty, unit, amount = pl.col("qty_ordered"), pl.col("unit_price"), pl.col("line_amount")
    close = (amount - qty * unit).abs() <= pl.max_horizontal(qty.abs(), pl.lit(1)) * 0.01
    exact = ~pl.col("_stated_both") | close.fill_null(value=True)
    positive = qty.is_null() | (qty > 0)
    not_negative = (unit.is_null() | (unit >= 0)) & (amount.is_null() | (amount >= 0))
    total = pl.col("total_check") != "mismatch"
    return [
        Rule(LINES, Code.QTY_INVALID, "line.qty_ordered", positive, "qty_ordered"),
        Rule(LINES, Code.PRICE_NEGATIVE, "line.unit_price", not_negative, "unit_price"),
        Rule(LINES, Code.LINE_AMOUNT_MISMATCH, "line.line_amount", exact, "line_amount"),
        Rule(ORDERS, Code.TOTAL_MISMATCH, "stated_total", total, "stated_total"),
    ]


def _enums() -> list[Rule]:
    return [
        Rule(
            table,
            Code.VALUE_NOT_ALLOWED,
            column if table == ORDERS else f"line.{column}",
            pl.col(column).is_null() | pl.col(column).is_in(list(values)),
            column,
            "one of " + ", ".join(values),
        )
        for table, columns in _ENUMS.items()
        for column, values in columns.items()
    ]


def _purpose() -> Rule:
    ok = pl.col("purpose").is_in(["new"]) | ~pl.col("purpose").is_in(list(tables.PURPOSES))
    return Rule(ORDERS, Code.PURPOSE_NOT_NEW, "purpose", ok, "purpose")


def _postcode() -> Rule:
    code, country = pl.col("ship_to.postal_code"), pl.col("ship_to.country")
    ok = code.is_null() | country.is_null()
    for name, pattern in _POSTCODES.items():
        ok = ok | ((country == name) & code.str.contains(pattern))
    ok = ok | ~country.is_in(list(_POSTCODES))
    return Rule(ORDERS, Code.POSTCODE_FORMAT, "ship_to.postal_code", ok, "ship_to.postal_code")
