"""The exception queue as tables: groups by what they cost, and the orders in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from oms_import.model.reasons import reasons
from oms_import.report.amounts import amount, count
from oms_import.report.look import Look, heading, indented, plain, table

Row = Mapping[str, Any]
_TOP = 25


def groups_list(groups: Sequence[Row], look: Look) -> list[RenderableType]:
    """Groups, the most urgent first, and what to do about the first ones."""
    if not groups:
        return [plain("Nothing is open: every order was accepted, or is none of ours.")]
    drawing = table(
        look,
        "group",
        "orders",
        "value",
        "oldest",
        "owner",
        "why",
        right=("orders",),
        fixed=("group",),
    )
    for row in groups[:_TOP]:
        drawing.add_row(
            plain(row["group"], "bold"),
            plain(f"{row['count']:,}"),
            plain(_worth(row["value"])),
            plain(str(row["oldest"])[:10]),
            plain(row["owner"]),
            plain(_why(row)),
        )
    parts: list[RenderableType] = [drawing]
    if len(groups) > _TOP:
        parts.append(plain(f"and {count(len(groups) - _TOP, 'more group')}"))
    parts += [plain(""), heading("First")]
    for row in groups[:3]:
        parts += [plain(f"{row['group']}: {_remedy(row['code'])}"), indented(_example(row))]
    return [
        *parts,
        plain(""),
        plain("More: oms-import exceptions show GROUP, or --flat for orders"),
    ]


def group_shown(group: Row, orders: Sequence[Row], look: Look) -> list[RenderableType]:
    """One group: what is wrong, what to do, and its orders."""
    worth = _worth(group["value"]) or "of unknown value"
    parts: list[RenderableType] = [
        heading(f"{group['group']}: {_why(group)}"),
        plain(f"{count(group['count'], 'order')}, {worth}, owner {group['owner']}"),
        plain(_remedy(group["code"])),
        plain(""),
    ]
    drawing = table(look, "exception", "order", "value", "file", "status", fixed=("exception",))
    for row in orders[:_TOP]:
        worth = f"{row['currency'] or ''} {row['value'] or ''}".strip()
        place = row["drop"] or ""
        place = place if row["line"] is None else f"{place}:{row['line']}"
        status = f"{row['status']}, {row['assigned']}" if row["assigned"] else row["status"]
        cells = (row["order_number"] or "(none)", worth, place, status)
        drawing.add_row(plain(row["id"]), *map(plain, cells))
    more = [plain(f"and {len(orders) - _TOP:,} more")] if len(orders) > _TOP else []
    again = f"oms-import retry --exception {group['group']}"
    return [*parts, drawing, *more, plain(""), plain(f"When it is mended: {again}")]


def touched(action: str, orders: Sequence[Row]) -> list[RenderableType]:
    """What was done."""
    numbers = ", ".join(str(row["order_number"] or row["id"]) for row in orders[:5])
    more = f" and {len(orders) - 5:,} more" if len(orders) > 5 else ""
    return [plain(f"{action}: {count(len(orders), 'order')} ({numbers}{more})")]


def history_of(touches: Sequence[Row]) -> list[RenderableType]:
    """What people did, oldest first."""
    lines = [
        f"{one['at']} {one['who']}: {one['action']}"
        + "".join(f" {one[key]}" for key in ("owner", "until", "reason") if one[key])
        for one in touches
    ]
    return [plain(""), heading("Done so far"), *map(indented, lines)] if lines else []


def _worth(values: str | None) -> str:
    """`EUR 1234.5000, USD 2.0000` with two decimals and thousands."""
    pairs = (one.rpartition(" ") for one in (values or "").split(", ") if one)
    return ", ".join(f"{currency} {amount(number)}".strip() for currency, _, number in pairs)


def _why(row: Row) -> str:
    cause = f" {row['cause']!r}" if row["cause"] else ""
    where = f" in {row['field']}" if row["field"] else ""
    return f"{row['channel']}: {row['code']}{where}{cause}"


def _remedy(code: str) -> str:
    known = reasons().get(code)
    return known.remedy if known else "see the order's findings"


def _example(row: Row) -> str:
    return f"e.g. order {', '.join(row['examples'])}" if row["examples"] else ""
