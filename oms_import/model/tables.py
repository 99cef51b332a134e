"""The canonical order as tables: column names and types, the contract of every output.

Inside a run each row also carries `_order` (Int64, the order's sequence number in the run), the
integer by which the tables are joined; it is dropped when a table is written.
"""

from __future__ import annotations

import polars as pl

MONEY = pl.Decimal(18, 4)
PRICE = pl.Decimal(18, 6)
RATE = pl.Decimal(9, 6)
TIME = pl.Datetime("us")  # UTC, or the wall clock where ordered_at_precision is "local"
TEXT = pl.String
NUMBER = pl.Int64
FLAG = pl.Boolean

_LINEAGE: dict[str, pl.DataType | type[pl.DataType]] = {
    "drop_id": TEXT,
    "record_no": NUMBER,
    "profile_version": TEXT,  # "shopify-csv@1"
}

ORDERS = pl.Schema(
    {
        "order_key": TEXT,
        "channel": TEXT,
        "channel_account": TEXT,
        "order_number": TEXT,
        "order_number_norm": TEXT,
        "source_order_id": TEXT,
        "customer_order_number": TEXT,
        "po_number": TEXT,
        "release_number": TEXT,
        "related_order_number": TEXT,
        "purpose": TEXT,
        "order_type": TEXT,
        "segment": TEXT,
        "status": TEXT,
        "source_status": TEXT,
        "payment_status": TEXT,
        "fulfilled_by": TEXT,
        "ordered_at": TIME,
        "ordered_at_raw": TEXT,
        "ordered_at_precision": TEXT,
        "source_tz": TEXT,
        "ship_by": TIME,
        "ship_not_before": TIME,
        "deliver_from": TIME,
        "deliver_by": TIME,
        "cancel_after": TIME,
        "currency": TEXT,
        "price_basis": TEXT,
        "stated_goods": MONEY,
        "stated_discount": MONEY,
        "stated_shipping": MONEY,
        "stated_tax": MONEY,
        "stated_total": MONEY,
        "computed_total": MONEY,
        "total_delta": MONEY,
        "total_check": TEXT,
        "line_count": NUMBER,
        "qty_total": MONEY,
        "service_level": TEXT,
        "carrier": TEXT,
        "carrier_account": TEXT,
        "freight_terms": TEXT,
        "incoterm": TEXT,
        "priority": TEXT,
        "gift": FLAG,
        "gift_message": TEXT,
        "buyer_note": TEXT,
        "partial_allowed": FLAG,
        "revision": NUMBER,
        "content_hash": TEXT,
        **_LINEAGE,
    }
)

ORDER_LINES = pl.Schema(
    {
        "order_key": TEXT,
        "line_no": NUMBER,
        "source_line_id": TEXT,
        "parent_line_no": NUMBER,
        "line_type": TEXT,
        "sku_raw": TEXT,
        "sku": TEXT,
        "channel_item_id": TEXT,
        "buyer_item_id": TEXT,
        "gtin": TEXT,
        "title": TEXT,
        "options": TEXT,
        "personalization": TEXT,
        "qty_ordered": MONEY,
        "uom": TEXT,
        "pack_size": MONEY,
        "qty_each": MONEY,
        "qty_cancelled": MONEY,
        "unit_price": PRICE,
        "unit_price_origin": TEXT,
        "line_amount": MONEY,
        "discount_amount": MONEY,
        "tax_amount": MONEY,
        "line_total": MONEY,
        "tax_rate": RATE,
        "ship_to_party_no": NUMBER,
        "warehouse_code": TEXT,
        "requested_ship_date": TIME,
        "requires_shipping": FLAG,
        "weight_g": MONEY,
        "hs_code": TEXT,
        "origin_country": TEXT,
        "line_status": TEXT,
        **_LINEAGE,
    }
)

ORDER_CHARGES = pl.Schema(
    {
        "order_key": TEXT,
        "seq": NUMBER,
        "scope": TEXT,
        "line_no": NUMBER,
        "kind": TEXT,
        "code": TEXT,
        "name": TEXT,
        "amount": MONEY,
        "tax_amount": MONEY,
        "informational": FLAG,
        "source_field": TEXT,
        **_LINEAGE,
    }
)

ORDER_TAXES = pl.Schema(
    {
        "order_key": TEXT,
        "scope": TEXT,
        "line_no": NUMBER,
        "kind": TEXT,
        "jurisdiction": TEXT,
        "rate": RATE,
        "taxable": MONEY,
        "amount": MONEY,
        "included": FLAG,
        "collected_by": TEXT,
        **_LINEAGE,
    }
)

PAYMENTS = pl.Schema(
    {
        "order_key": TEXT,
        "seq": NUMBER,
        "method": TEXT,
        "gateway": TEXT,
        "reference": TEXT,
        "amount": MONEY,
        "status": TEXT,
        "paid_at": TIME,
        "terms": TEXT,
        "due_date": TIME,
        **_LINEAGE,
    }
)

PARTIES = pl.Schema(
    {
        "order_key": TEXT,
        "party_no": NUMBER,
        "role": TEXT,
        "name": TEXT,
        "company": TEXT,
        "line1": TEXT,
        "line2": TEXT,
        "line3": TEXT,
        "house_number": TEXT,
        "city": TEXT,
        "region": TEXT,
        "postal_code": TEXT,
        "country": TEXT,
        "country_raw": TEXT,
        "phone": TEXT,
        "email": TEXT,
        "external_id": TEXT,
        "gln": TEXT,
        "vat_id": TEXT,
        "residential": FLAG,
        **_LINEAGE,
    }
)

LINE_ALLOCATIONS = pl.Schema(
    {
        "order_key": TEXT,
        "line_no": NUMBER,
        "seq": NUMBER,
        "party": TEXT,  # the store or place, as the source calls it
        "quantity": MONEY,
        "uom": TEXT,
        "requested_ship_date": TIME,
        **_LINEAGE,
    }
)
"""How lines are split by store or date; already inside the line's quantity."""

ORDER_ATTRIBUTES = pl.Schema(
    {"order_key": TEXT, "line_no": NUMBER, "name": TEXT, "value": TEXT, **_LINEAGE}
)

TABLES: dict[str, pl.Schema] = {
    "orders": ORDERS,
    "order_lines": ORDER_LINES,
    "line_allocations": LINE_ALLOCATIONS,
    "order_charges": ORDER_CHARGES,
    "order_taxes": ORDER_TAXES,
    "payments": PAYMENTS,
    "parties": PARTIES,
    "order_attributes": ORDER_ATTRIBUTES,
}
"""Every table of an accepted folder, in the order they are written."""

PERSONAL: dict[str, frozenset[str]] = {
    "orders": frozenset({"gift_message", "buyer_note"}),
    "order_lines": frozenset({"personalization"}),
    "payments": frozenset({"reference"}),
    "parties": frozenset(PARTIES) - {"order_key", "party_no", "role", "country", *_LINEAGE},
    "order_attributes": frozenset({"value"}),
}
"""Columns that may hold personal data."""

PURPOSES = ("new", "cancel", "replace", "change", "confirm")
ORDER_TYPES = ("sale", "replacement", "exchange", "b2b_po", "warehouse")
STATUSES = ("open", "pending", "hold", "cancelled", "closed")
PRICE_BASES = ("net", "gross", "unknown")
PRECISIONS = ("instant", "local", "date")
TOTAL_CHECKS = ("match", "tolerance", "mismatch", "not_stated")
LINE_TYPES = ("item", "service", "gift_card")
CHARGE_KINDS = (
    "shipping", "handling", "discount", "gift_wrap", "fee", "cod", "eco", "surcharge", "rounding",
)  # fmt: skip
ROLES = ("sold_to", "ship_to", "bill_to", "buyer", "ship_from", "return_to")

RECORDS = pl.Schema(
    {
        "_drop": pl.UInt32,
        "_order": pl.Int64,
        "record": NUMBER,
        "line_from": NUMBER,
        "line_to": NUMBER,
        "byte_from": NUMBER,
        "byte_to": NUMBER,
        "pointer": TEXT,
    }
)
"""Lineage: one row a source record and the order it went into."""

CLAIMS = pl.Schema(
    {
        "_order": NUMBER,  # sequence number in the run: file order, then row order
        "_drop": pl.UInt32,
        "channel": TEXT,
        "account": TEXT,
        "order_key": TEXT,
        "key": TEXT,  # the idempotency key's text; null: the order has none
        "order_number": TEXT,
        "content": TEXT,  # md5 hex of the content the profile compares
        "fingerprint": TEXT,  # md5 hex of buyer, items, total; null: no near-duplicate check
        "ordered_at": TIME,
        "currency": TEXT,
        "value": MONEY,  # stated_total, else computed_total
        "lines": NUMBER,
        "interchange": pl.UInt32,  # of a drop of EDI, the interchange the order came in
        "record": NUMBER,  # first record and physical line of the order in its drop
        "line": NUMBER,
        "outcome": TEXT,  # before dedupe: accepted (candidate), rejected, held, ignored
        "codes": TEXT,  # the codes that led to it, space-separated
    }
)
"""One row an order: what dedupe and history need to know of it."""

DECISIONS = pl.Schema(
    {
        "_order": NUMBER,
        "outcome": TEXT,  # duplicate, held, ignored, or accepted (a replacing revision)
        "code": TEXT,
        "detail": TEXT,  # "accepted in run 2026… from orders.csv, line 17"
        "severity": TEXT,  # of the finding to add
        "revision": NUMBER,  # for accepted: 1, 2, …
    }
)
"""What dedupe changes: only orders that do not simply go on, or that get a finding."""
