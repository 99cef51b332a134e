"""Small batches of canonical orders for the tests of validate: good unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from oms_import.model import tables
from oms_import.model.finding import FINDINGS
from oms_import.model.reasons import reason
from oms_import.model.values import HOUSEKEEPING, OrderBatch

Row = dict[str, Any]

_ORDER: Row = {
    "channel": "shop",
    "channel_account": "default",
    "purpose": "new",
    "order_type": "sale",
    "status": "open",
    "fulfilled_by": "seller",
    "ordered_at": datetime(2026, 3, 1, 12),  # noqa: DTZ001  the column is UTC without saying so
    "ordered_at_raw": "2026-03-01T12:00Z",
    "ordered_at_precision": "instant",
    "currency": "USD",
    "price_basis": "net",
    "total_check": "match",
    "stated_total": Decimal("20"),
    "computed_total": Decimal("20"),
    "total_delta": Decimal("0"),
    "revision": 1,
}
_LINE: Row = {
    "line_type": "item",
    "sku": "MUG-1",
    "title": "Mug",
    "qty_ordered": Decimal("2"),
    "uom": "EA",
    "qty_cancelled": Decimal("0"),
    "unit_price": Decimal("10"),
    "unit_price_origin": "stated",
    "line_amount": Decimal("20"),
    "line_status": "open",
}
_ADDRESS: Row = {
    "name": "Ann Lee",
    "line1": "1 Main St",
    "city": "Springfield",
    "region": "IL",
    "postal_code": "62701",
    "country": "US",
}


def order(**changes: Any) -> Row:
    """One good order of one line with an address; `lines`, `line`, `ship_to`, `bill_to` too."""
    return changes


def batch(orders: Sequence[Row], findings: Sequence[Row] = ()) -> OrderBatch:
    """Orders to a batch as normalize makes it.

    Keys of an order: columns of orders; `line`: changes to its one line; `lines`: changes of each
    line; a role: changes to the address, or None for no such party. Order n (from 1) is `_order` n;
    its rows follow each other in drop 0, below a header line.
    """
    made: dict[str, list[Row]] = {"orders": [], "order_lines": [], "parties": []}
    records: list[Row] = []
    for number, told in enumerate(orders, 1):
        _add(made, records, number, told)
    frames = {name: _frame(name, made.get(name, [])) for name in tables.TABLES}
    return OrderBatch(
        number=0,
        channel="shop",
        tables=frames,
        records=pl.DataFrame(records, schema=tables.RECORDS, orient="row"),
        source=pl.DataFrame(schema=dict.fromkeys(HOUSEKEEPING, pl.String)),
        findings=pl.DataFrame([_told(one) for one in findings], schema=FINDINGS, orient="row"),
    )


def _add(made: dict[str, list[Row]], records: list[Row], number: int, told: Row) -> None:
    parties = {role: told[role] for role in tables.ROLES if role in told}
    parties.setdefault("ship_to", {})
    lines: Sequence[Row] = told.get("lines", [told.get("line", {})])
    own = {k: v for k, v in told.items() if k not in {"line", "lines", *tables.ROLES}}
    first = len(records) + 1
    key = f"shop/default/{number}"
    about = {"order_key": key, "drop_id": "d" * 32, "profile_version": "shop@1", "_order": number}
    named = {"order_number": f"{1000 + number}", "order_number_norm": f"{1000 + number}"}
    head = {**_ORDER, **named, "line_count": len(lines), **own, **about}
    made["orders"].append({**head, "record_no": first, "_drop": 0})
    for at, line in enumerate(lines or [None]):
        records.append(_record(number, first + at))
        if line is not None:
            row = {**_LINE, **line, **about, "line_no": at + 1, "record_no": first + at}
            made["order_lines"].append(row)
    for at, (role, party) in enumerate(parties.items()):
        if party is not None:
            row = {**_ADDRESS, **party, **about, "role": role, "party_no": at + 1}
            made["parties"].append({**row, "record_no": first})


def _record(number: int, record: int) -> Row:
    place = {"line_from": record + 1, "line_to": record + 1}
    return {"_drop": 0, "_order": number, "record": record, **place}


def _frame(name: str, rows: list[Row]) -> pl.DataFrame:
    lead = {"_order": pl.Int64} | ({"_drop": pl.UInt32} if name == "orders" else {})
    return pl.DataFrame(rows, schema={**lead, **tables.TABLES[name]}, orient="row")


def _told(one: Mapping[str, Any]) -> Row:
    return {"_drop": 0, "severity": reason(one["code"]).severity, **one}
