"""What `preview` shows: each file's orders with their lines, and the findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from oms_import.report.amounts import amount, count
from oms_import.report.detected import detection
from oms_import.report.look import Look, heading, indented, plain, state, table

Document = Mapping[str, Any]

_ORDERS = 20  # orders shown of a file
_LINES = 6  # lines shown of an order
_FINDINGS = 20
_WIDE = 110  # from here on titles and addressees have room


def preview_report(document: Document, look: Look) -> list[RenderableType]:
    """The document of cli.md for `preview`, for people."""
    parts: list[RenderableType] = []
    for file in document["files"]:
        parts += [*_file(file, look), plain("")]
    return parts[:-1]


def _file(file: Document, look: Look) -> list[RenderableType]:
    orders: Sequence[Document] = file["orders"]
    known = [file["format"], file["encoding"], f"profile {file['profile']}"]
    how = ", ".join(str(part) for part in known if part) if file["profile"] else "not recognised"
    parts: list[RenderableType] = [heading(f"{file['file']} ({how})")]
    parts += detection(file["detection"])
    outcomes = Counter(order["outcome"] for order in orders)
    said = ", ".join(f"{number:,} {outcome}" for outcome, number in outcomes.most_common())
    lines = sum(len(order["lines"]) for order in orders)
    if orders:
        parts.append(plain(f"{count(len(orders), 'order')}, {count(lines, 'line')}: {said}"))
        parts += [plain(""), _orders(orders[:_ORDERS], look)]
    if len(orders) > _ORDERS:
        parts.append(plain(f"and {count(len(orders) - _ORDERS, 'more order')}; --json shows all"))
    return parts + _findings(file, look)


def _orders(orders: Sequence[Document], look: Look) -> Table:
    wide = look.width >= _WIDE
    right = ("qty", "price", "total")
    names = ["order", "date", "outcome", "qty", "sku", "price", "total"]
    if wide:
        names[5:5] = ["title"]
        names.append("ship to")
    drawing = table(look, *names, right=right, fixed=("date", "outcome"))
    for order in orders:
        for row in _rows(order, look, wide):
            drawing.add_row(*row)
    return drawing


def _rows(order: Document, look: Look, wide: bool) -> list[list[RenderableType]]:
    """The order's values on the first row, its lines on this and the next ones."""
    lines: Sequence[Document] = order["lines"] or [{}]
    total = order.get("stated_total") or order.get("computed_total")
    money = f"{order.get('currency') or ''} {amount(total)}" if total is not None else ""
    date = str(order.get("ordered_at") or order.get("ordered_at_raw") or "")[:10]
    rows: list[list[RenderableType]] = []
    for position, line in enumerate(lines[:_LINES]):
        first = position == 0
        row: list[RenderableType] = [
            plain(order.get("order_number") or "(none)") if first else plain(""),
            plain(date if first else ""),
            state(order["outcome"], look) if first else plain(""),
            *_line(line, wide),
            plain(money if first else ""),
        ]
        if wide:
            row.append(plain(_addressee(order) if first else ""))
        rows.append(row)
    if len(lines) > _LINES:
        more = plain(f"+ {count(len(lines) - _LINES, 'line')}", "dim")
        rows.append([plain(""), plain(""), plain(""), plain(""), more])
    return rows


def _line(line: Document, wide: bool) -> list[RenderableType]:
    item = line.get("sku") or line.get("gtin") or line.get("channel_item_id") or ""
    quantity, price = line.get("qty_ordered"), line.get("unit_price")
    cells = [
        plain("" if quantity is None else _quantity(quantity)),
        plain(item),
        *([plain(line.get("title") or "")] if wide else []),
        plain("" if price is None else amount(price)),
    ]
    return list(cells)


def _quantity(text: object) -> str:
    return amount(text).removesuffix(".00")


def _addressee(order: Document) -> str:
    for party in order["parties"]:
        if party["role"] == "ship_to":
            parts = (
                party.get("name") or party.get("company"),
                party.get("city"),
                party.get("country"),
            )
            return ", ".join(str(part) for part in parts if part)
    return ""


def _findings(file: Document, look: Look) -> list[RenderableType]:
    found = [("the file", finding) for finding in file["findings"]]
    for order in file["orders"]:
        number = order.get("order_number") or "(no number)"
        found += [(f"order {number}", finding) for finding in order["findings"]]
    if not found:
        return []
    parts: list[RenderableType] = [plain(""), heading("Findings")]
    for about, finding in found[:_FINDINGS]:
        line = finding["location"].get("line")
        where = f", line {line:,}" if line else ""
        told = plain("  ").append_text(state(finding["severity"], look, finding["code"]))
        parts.append(told.append_text(plain(f" {about}{where}: {finding['message']}")))
    shown = {finding["code"]: finding for _, finding in found[:_FINDINGS]}
    parts += [
        indented(f"{code}: {finding['remedy']}", 4, "dim")
        for code, finding in shown.items()
        if finding["severity"] in {"error", "hold"}
    ]
    if len(found) > _FINDINGS:
        parts.append(indented(f"and {count(len(found) - _FINDINGS, 'more finding')}"))
    return parts
