"""What every order must fulfil, whatever its channel; a profile may excuse fields by name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from oms_import.model import tables
from oms_import.model.codes import Code
from oms_import.validate.rules import LINES, ORDERS, Rule, filled
from oms_import.validate.values import as_text

SHIP_TO = "ship_to"
ADDRESS = ("line1", "city", "postal_code", "country")
"""Parts without which a ship-to address is incomplete."""

PARTY_MARKS = ("name", "company", "external_id", "gln", "line1", "city", "postal_code")
"""Fields of which any tells that there is a party at all."""

ENUMS: Mapping[str, tuple[str, ...]] = {
    "purpose": tables.PURPOSES,
    "order_type": tables.ORDER_TYPES,
    "status": tables.STATUSES,
    "fulfilled_by": ("seller", "channel"),
    "price_basis": tables.PRICE_BASES,
    "total_check": tables.TOTAL_CHECKS,
    "line.line_type": tables.LINE_TYPES,
}
"""Fields that always hold one of these values."""

_ITEM_IDS = ("sku", "gtin", "channel_item_id", "buyer_item_id")
_ORDER_IDS = (
    "order_number",
    "source_order_id",
    "customer_order_number",
    "po_number",
    "related_order_number",
)
# A spreadsheet writes the plus; programs may not, and a code like 1E12 or 2.5E10 is one.
_SHORTENED = r"^[0-9](?:(?:[.,][0-9]+)?[eE]\+|[.,][0-9]{2,}[eE])[0-9]{2,3}$"
_SITE_IDS = ("external_id", "gln")
_WITHOUT_POSTCODE = (
    "AE", "AG", "AO", "AW", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI",
    "CK", "CM", "DJ", "DM", "ER", "FJ", "GA", "GD", "GH", "GM", "GQ", "GY", "HK", "IE", "JM",
    "KI", "KM", "KN", "KP", "ML", "MO", "MR", "MW", "NR", "NU", "PA", "QA", "RW", "SB", "SC",
    "SL", "SR", "ST", "SY", "TD", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "YE", "ZW",
)  # fmt: skip
_POSTCODES: Mapping[str, str] = {
    "US": r"\d{5}(-?\d{4})?",
    "CA": r"[A-Z]\d[A-Z][ -]?\d[A-Z]\d",
    "DE": r"\d{5}",
    "FR": r"\d{5}",
    "IT": r"\d{5}",
    "ES": r"\d{5}",
    "GB": r"([A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|GIR ?0AA)",
    "NL": r"\d{4} ?[A-Z]{2}",
}
_CENT = Decimal("0.01")


def required(*, priced: bool) -> dict[str, Rule]:
    """Rules about values that must be there, by the name under which a profile excuses them.

    Args:
        priced: the channel's profile maps a price, so each line must have one.
    """
    an_id = pl.any_horizontal(filled(name) for name in _ITEM_IDS)
    title = pl.format('"{}"', "title")
    rules = [
        Rule(ORDERS, Code.ORDER_NUMBER_MISSING, "order_number", filled("order_number")),
        Rule(ORDERS, Code.ORDER_DATE_MISSING, "ordered_at", filled("ordered_at")),
        Rule(ORDERS, Code.CURRENCY_MISSING, "currency", filled("currency")),
        Rule(LINES, Code.SKU_MISSING, "line.sku", an_id, detail=title),
        Rule(LINES, Code.QTY_MISSING, "line.qty_ordered", filled("qty_ordered")),
    ]
    if priced:
        a_price = filled("unit_price") | filled("line_amount") | _cancelled_line()
        rules.append(Rule(LINES, Code.PRICE_MISSING, "line.unit_price", a_price))
    return {rule.field: rule for rule in rules}


def always() -> list[Rule]:
    """Rules about values that are there; severity alone decides what they do."""
    return [*_amounts(), _purpose(), _postcode(), _gtin(), *_windows(), *_damaged()]


def address(role: str) -> dict[str, Rule]:
    """A party has an address, and it is complete; by the names under which parts are excused.

    A party known by its GLN or its number with us needs no further parts. A ship-to has codes of
    its own; other roles lack a required field.
    """
    known = pl.any_horizontal(filled(name) for name in _SITE_IDS)
    located = filled("line1") | filled("city") | filled("postal_code")
    if role != SHIP_TO:
        return {role: Rule(role, Code.FIELD_REQUIRED, role, known | located | filled("name"))}
    rules = {role: Rule(role, Code.SHIP_TO_MISSING, role, known | located)}
    for part in ADDRESS:
        ok = filled(part) | known | ~located
        if part == "postal_code":
            ok = ok | pl.col("country").is_in(_WITHOUT_POSTCODE).fill_null(value=False)
        field = f"{role}.{part}"
        rules[field] = Rule(role, Code.ADDRESS_INCOMPLETE, field, ok)
    return rules


def _cancelled_line() -> pl.Expr:
    """A line cancelled at its source has quantity 0 and needs no price."""
    return (pl.col("line_status") == "cancelled").fill_null(value=False)


def _amounts() -> list[Rule]:
    qty, unit, amount = pl.col("qty_ordered"), pl.col("unit_price"), pl.col("line_amount")
    stated = (pl.col("unit_price_origin") == "stated").fill_null(value=False)
    # Each negative price is told once, at the value that the source stated; a negative quantity
    # makes a negative amount, which is the quantity's fault.
    negative_unit = (stated & (unit < 0)).fill_null(value=False)
    follows = (qty < 0).fill_null(value=False) | negative_unit
    enough = qty.is_null() | (qty > 0) | (_cancelled_line() & (qty == 0))
    differs = (amount - qty * unit).abs() > pl.max_horizontal(qty.abs(), 1) * pl.lit(_CENT)
    computed = as_text("computed_total", tables.MONEY)
    delta = as_text("total_delta", tables.MONEY)
    factors = (as_text("qty_ordered", tables.MONEY), as_text("unit_price", tables.PRICE))
    return [
        Rule(
            ORDERS,
            Code.TOTAL_MISMATCH,
            "stated_total",
            # An order without lines has nothing to sum: that it has none is told by itself.
            pl.col("total_check").ne_missing("mismatch") | (pl.col("line_count") == 0),
            "stated_total",
            pl.format("computed {}, difference {}", computed, delta),
        ),
        Rule(LINES, Code.QTY_INVALID, "line.qty_ordered", enough, "qty_ordered"),
        Rule(LINES, Code.PRICE_NEGATIVE, "line.unit_price", ~negative_unit, "unit_price"),
        Rule(
            LINES,
            Code.PRICE_NEGATIVE,
            "line.line_amount",
            amount.is_null() | (amount >= 0) | follows,
            "line_amount",
        ),
        Rule(
            LINES,
            Code.LINE_AMOUNT_MISMATCH,
            "line.line_amount",
            ~(stated & differs).fill_null(value=False),
            "line_amount",
            pl.format("{} x {}", *factors),
        ),
    ]


def _purpose() -> Rule:
    """Other purposes are told apart from values that are no purpose at all."""
    known = pl.col("purpose").is_in(list(tables.PURPOSES))
    ok = pl.col("purpose").is_null() | (pl.col("purpose") == "new") | ~known
    return Rule(ORDERS, Code.PURPOSE_NOT_NEW, "purpose", ok, "purpose")


def _gtin() -> Rule:
    """GS1's check digit (General Specifications 7.9.1), of numbers that have a GTIN's length."""
    text = pl.col("gtin")
    whole = text.str.contains(r"^(?:[0-9]{8}|[0-9]{12,14})$")
    number = text.cast(pl.Int64, strict=False)
    total = sum(number // 10**place % 10 * (3 if place % 2 else 1) for place in range(14))
    ok = (~whole | (total % 10 == 0)).fill_null(value=True)
    return Rule(LINES, Code.GTIN_CHECK_DIGIT, "line.gtin", ok, "gtin")


def _damaged() -> list[Rule]:
    """Identifiers that were taken for numbers and shortened: 1.23457E+17 was a longer one."""
    fields = [(ORDERS, name, name) for name in _ORDER_IDS]
    fields += [(LINES, f"line.{name}", name) for name in (*_ITEM_IDS, "source_line_id")]
    return [
        Rule(
            frame,
            Code.EXCEL_DAMAGE,
            field,
            ~pl.col(column).str.contains(_SHORTENED).fill_null(value=False),
            column,
        )
        for frame, field, column in fields
    ]


def _windows() -> list[Rule]:
    """Windows that end before they begin."""
    pairs = (("ship_not_before", "ship_by"), ("deliver_from", "deliver_by"))
    return [
        Rule(
            ORDERS,
            Code.SHIP_WINDOW,
            end,
            (pl.col(begin) <= pl.col(end)).fill_null(value=True),
            end,
            pl.format("not before {}", pl.col(begin).dt.strftime("%Y-%m-%d")),
        )
        for begin, end in pairs
    ]


def _postcode() -> Rule:
    """One expression over "US 12345": eight patterns in turn would cost eight passes."""
    told = pl.concat_str("country", "postal_code", separator=" ")
    shapes = "|".join(f"{country} {shape}" for country, shape in _POSTCODES.items())
    unknown = ~pl.col("country").is_in(list(_POSTCODES))
    ok = told.is_null() | unknown | told.str.contains(f"(?i)^({shapes})$")
    where = pl.format("in {}", "country")
    field = f"{SHIP_TO}.postal_code"
    return Rule(SHIP_TO, Code.POSTCODE_FORMAT, field, ok, "postal_code", where)
