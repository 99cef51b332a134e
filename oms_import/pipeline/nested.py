"""Canonical orders as nested JSON (cli.md ORDER), for preview and trace: not for bulk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.finding import Finding, Location, Severity
from oms_import.model.tables import TABLES
from oms_import.pipeline.verdicts import Verdicts, placed

_CHILDREN = {
    "parties": "parties",
    "lines": "order_lines",
    "charges": "order_charges",
    "taxes": "order_taxes",
    "payments": "payments",
    "attributes": "order_attributes",
}
_LINEAGE = ("drop_id", "record_no", "profile_version")


def nested_orders(
    tables: Mapping[str, pl.DataFrame],
    records: pl.DataFrame,
    told: Verdicts,
    drop_names: Mapping[int, str],
) -> list[dict[str, object]]:
    """Every order of a batch with its children, findings, outcome and location."""
    precisions = tables["orders"].select("_order", "ordered_at_precision")
    wall = {number for number, precision in precisions.iter_rows() if precision == "local"}
    children = {key: _children(tables[name], wall) for key, name in _CHILDREN.items()}
    findings = _findings(told.findings, records, drop_names)
    places = _places(records, drop_names)
    outcomes = dict(told.claims.select("_order", "outcome").iter_rows())
    orders: list[dict[str, object]] = []
    for row in tables["orders"].iter_rows(named=True):
        number = row["_order"]
        order = {name: plain(row[name], zoned=number not in wall) for name in TABLES["orders"]}
        if row["ordered_at_precision"] == "date" and row["ordered_at"] is not None:
            order["ordered_at"] = row["ordered_at"].date().isoformat()
        order["outcome"] = outcomes.get(number)
        for key, by_order in children.items():
            order[key] = by_order.get(number, [])
        order["findings"] = findings.get(number, [])
        order["location"] = places.get(number, Location().as_json())
        orders.append(order)
    return orders


def plain(value: object, *, zoned: bool) -> object:
    """A value as JSON has it: decimals as strings, instants with Z, local times without."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if zoned else "")
    return value


def _children(frame: pl.DataFrame, wall: set[int]) -> dict[int, list[dict[str, object]]]:
    """Rows by order; times of the orders in `wall` are a wall clock, as in the accepted files."""
    found: dict[int, list[dict[str, object]]] = {}
    names = [
        n for n in frame.columns if not n.startswith("_") and n not in ("order_key", *_LINEAGE)
    ]
    for row in frame.iter_rows(named=True):
        zoned = row["_order"] not in wall
        child = {name: plain(row[name], zoned=zoned) for name in names}
        found.setdefault(row["_order"], []).append(child)
    return found


def finding_of(row: Mapping[str, object], drop: str | None) -> Finding:
    """One row of a findings frame, with the place of its record, as a Finding."""
    return Finding(
        code=Code(str(row["code"])),
        field=_text(row["field"]),
        value=_text(row["value"]),
        detail=_text(row["detail"]),
        severity=Severity(str(row["severity"])),
        location=Location(
            drop=drop,
            record=_int(row["record"]),
            line=_int(row["line"]),
            byte=_int(row["byte_from"]),
            pointer=_text(row["pointer"]),
        ),
    )


def _findings(
    frame: pl.DataFrame, records: pl.DataFrame, drop_names: Mapping[int, str]
) -> dict[int, list[dict[str, object]]]:
    found: dict[int, list[dict[str, object]]] = {}
    about = placed(frame.filter(pl.col("_order").is_not_null()), records)
    for row in about.iter_rows(named=True):
        finding = finding_of(row, drop_names.get(row["_drop"]))
        found.setdefault(row["_order"], []).append(finding.as_json())
    return found


def _places(records: pl.DataFrame, drop_names: Mapping[int, str]) -> dict[int, dict[str, object]]:
    first = records.unique("_order", keep="first", maintain_order=True)
    return {
        row["_order"]: Location(
            drop=drop_names.get(row["_drop"]),
            record=row["record"],
            line=row["line_from"],
            byte=row["byte_from"],
            pointer=row["pointer"],
        ).as_json()
        for row in first.iter_rows(named=True)
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None
