"""The texts that are hashed: what an order says commercially, and what makes two orders alike."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from oms_import.dedupe.encode import (
    FIELD,
    NOTHING,
    ORDER,
    SECTION,
    aligned,
    encoded,
    joined,
)
from oms_import.model import tables as model

PARTS = ("status", "payment", "dates", "addresses", "prices", "shipping")
"""What a profile may leave out of the comparison. Status and payment are never compared."""

_ORDER = {
    "currency": "c",
    "purpose": "p",
    "customer_order_number": "n",
    "po_number": "o",
    "gift_message": "g",
    "buyer_note": "b",
}
_ORDER_PARTS = {
    "prices": {"stated_total": "t"},
    "shipping": {"service_level": "s"},
    "dates": {
        "ship_by": "u",
        "ship_not_before": "v",
        "deliver_from": "w",
        "deliver_by": "x",
        "cancel_after": "y",
    },
}
_IDS = ("sku", "sku_raw", "gtin", "channel_item_id", "buyer_item_id")
_LINE = {
    "sku": "s",
    "_raw": "r",
    "gtin": "g",
    "channel_item_id": "c",
    "buyer_item_id": "b",
    "_title": "t",
    "options": "o",
    "personalization": "p",
    "qty_ordered": "q",
    "uom": "u",
    "pack_size": "k",
}
_LINE_PARTS = {
    "prices": {"unit_price": "x", "line_amount": "a", "discount_amount": "d"},
    "addresses": {"ship_to_party_no": "n"},
    "dates": {"requested_ship_date": "w"},
}
_CHARGE = {"kind": "k", "line_no": "l", "amount": "a"}
_SHIPPING_CHARGES = ("shipping", "handling")
_ADDRESS = {
    "name": "n",
    "company": "o",
    "line1": "1",
    "line2": "2",
    "line3": "3",
    "house_number": "h",
    "city": "c",
    "region": "r",
    "postal_code": "p",
    "country": "l",
    "external_id": "i",
    "gln": "g",
}
_BUYER = (
    *(({"email": "e"}, role) for role in ("buyer", "bill_to", "sold_to", "ship_to")),
    *(({"external_id": "i"}, role) for role in ("buyer", "sold_to", "bill_to", "ship_to")),
    ({"name": "n", "postal_code": "p"}, "ship_to"),
)
"""How a buyer is told from others, the surest first."""


def content_texts(tables: Mapping[str, pl.DataFrame], ignore: frozenset[str]) -> pl.DataFrame:
    """What each order says commercially, as one text; equal texts mean the same order again.

    Compared are currency, purpose, the buyer's order numbers, the lines in file order with items,
    quantities and prices, charges, the stated total, requested dates, the address it goes to, the
    service level and messages. Not status, payment, or when the order was placed.

    Args:
        tables: canonical frames (model.tables) with `_order`, sorted by it.
        ignore: parts to leave out, of PARTS.

    Returns:
        `_order`, `content_text` (never null), one row a row of `orders`.
    """
    orders = tables["orders"]
    head = orders.select(
        ORDER, encoded(orders, _chosen(_ORDER, _ORDER_PARTS, ignore)).alias("_head")
    )
    sections = [head, _lines(tables["order_lines"], ignore)]
    if "prices" not in ignore:
        sections.append(_charges(tables["order_charges"], ignore))
    if "addresses" not in ignore:
        sections.append(_addresses(tables["parties"]))
    found = aligned(orders.select(ORDER), sections)
    names = found.columns[1:]
    text = pl.concat_str([pl.col(name).fill_null(NOTHING) for name in names], separator=SECTION)
    return found.select(ORDER, text.alias("content_text"))


def fingerprint_texts(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """What two orders share when one buyer ordered the same twice, whatever their numbers.

    Buyer (e-mail, else the customer's number, else name and postcode), items with their summed
    quantities in any order, currency and total.

    Returns:
        `_order`, `fingerprint_text`, one row a row of `orders`; null without buyer or items.
    """
    orders = tables["orders"]
    total = pl.coalesce("stated_total", "computed_total").cast(model.MONEY)
    worth = orders.select(ORDER, "currency", total.alias("_total"))
    worth = worth.select(ORDER, encoded(worth, {"currency": "c", "_total": "t"}).alias("_worth"))
    found = aligned(
        orders.select(ORDER), [_buyers(tables["parties"]), _items(tables["order_lines"]), worth]
    )
    text = pl.concat_str("_buyer", "_items", "_worth", separator=SECTION)
    return found.select(ORDER, text.alias("fingerprint_text"))


def _chosen(
    always: Mapping[str, str], parts: Mapping[str, Mapping[str, str]], ignore: frozenset[str]
) -> dict[str, str]:
    chosen = dict(always)
    for part, marks in parts.items():
        if part not in ignore:
            chosen.update(marks)
    return chosen


def _lines(lines: pl.DataFrame, ignore: frozenset[str]) -> pl.DataFrame:
    """The title counts only where nothing else names the item: shops reword titles."""
    unnamed = pl.all_horizontal(pl.col(name).is_null() for name in _IDS)
    translated = pl.col("sku_raw").ne_missing(pl.col("sku"))
    lines = lines.with_columns(
        pl.when(unnamed).then("title").alias("_title"),
        pl.when(translated).then("sku_raw").alias("_raw"),
    )
    text = encoded(lines, _chosen(_LINE, _LINE_PARTS, ignore)).alias("_lines")
    return joined(lines.select(ORDER, text), "_lines")


def _charges(charges: pl.DataFrame, ignore: frozenset[str]) -> pl.DataFrame:
    counted = charges.filter(~pl.col("informational").fill_null(value=False))
    if "shipping" in ignore:
        counted = counted.filter(~pl.col("kind").is_in(_SHIPPING_CHARGES).fill_null(value=False))
    return joined(counted.select(ORDER, encoded(counted, _CHARGE).alias("_charges")), "_charges")


def _addresses(parties: pl.DataFrame) -> pl.DataFrame:
    """Where it goes, without regard to case and spacing."""
    goods = parties.filter(pl.col("role") == "ship_to")
    text = goods.with_columns(encoded(goods, _ADDRESS).str.to_lowercase().alias("_to"))["_to"]
    return joined(goods.select(ORDER, _respaced(text).alias("_to")), "_to")


def _respaced(text: pl.Series) -> pl.Series:
    """Runs of white space as one space, none beside a mark; most texts need nothing."""
    loose = text.str.contains(rf"\s\s|[\s&&[^ ]]|\s{FIELD}|{FIELD}.\s|\s$")
    if not loose.any():
        return text
    tidy = (
        text.filter(loose)
        .str.replace_all(r"\s+", " ")
        .str.replace_all(rf" ?({FIELD}.) ?", "$1")
        .str.strip_chars_end(" ")
    )
    return text.scatter(loose.arg_true(), tidy)


def _buyers(parties: pl.DataFrame) -> pl.DataFrame:
    """`_order`, `_buyer`: how the buyer is best known; orders without are left out."""
    named = parties.select(ORDER, "role", "email", "external_id", "name", "postal_code")
    orders = named.get_column(ORDER).n_unique()
    roles = named.partition_by("role", as_dict=True, maintain_order=True)
    ways: list[pl.DataFrame] = []
    for marks, role in _BUYER:
        mine = roles.get((role,))
        if mine is not None and all(mine[name].null_count() < mine.height for name in marks):
            folded = [pl.col(name).str.strip_chars().str.to_lowercase() for name in marks]
            known = mine.select(ORDER, *folded).drop_nulls()
            ways.append(known.select(ORDER, encoded(known, marks).alias("_buyer")))
            if known.get_column(ORDER).n_unique() == orders:
                break  # nobody is left to be known in a lesser way
    if not ways:
        return parties.select(ORDER, pl.col("name").alias("_buyer")).clear()
    return pl.concat(ways).unique(ORDER, keep="first", maintain_order=True)


def _items(lines: pl.DataFrame) -> pl.DataFrame:
    """`_order`, `_items`: the items with their quantities, sorted: line order does not matter."""
    item = pl.coalesce("sku", "gtin", "channel_item_id", "buyer_item_id", "title")
    items = lines.select(ORDER, item.alias("_item"), "options", "qty_ordered")
    items = items.filter(pl.col("_item").is_not_null())
    text = encoded(items, {"_item": "i", "options": "o", "qty_ordered": "q"}).alias("_items")
    return joined(items.select(ORDER, text), "_items", ordered=False)
