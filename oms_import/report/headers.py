"""The headers that a channel had, each with what is different from the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from oms_import.report.amounts import count
from oms_import.report.look import Look, heading, indented, plain, state

Row = Mapping[str, Any]


def headers_list(channel: str, headers: Sequence[Row], look: Look) -> list[RenderableType]:
    """The rows of `channels headers`, the first that came first."""
    if not headers:
        return [plain(f"No table of {channel} was read yet, so there is no header.")]
    parts: list[RenderableType] = [heading(f"{channel}: {count(len(headers), 'header')}")]
    for number, row in enumerate(headers, 1):
        parts += [plain(""), *_header(number, row, channel, look)]
    return parts


def _header(number: int, row: Row, channel: str, look: Look) -> list[RenderableType]:
    first, last = str(row["first_seen"])[:10], str(row["last_seen"])[:10]
    days = first if first == last else f"{first} to {last}"
    of = f" of {row['profile']}" if row["profile"] != channel else ""
    told = f"{number}. {days}: {str(row['format']).upper()}{of}, "
    told += f"{count(len(row['columns']), 'column')}, {count(row['drops'], 'drop')}"
    line = plain(told)
    if not row["accepted"]:
        line.append_text(plain(", ")).append_text(state("rejected", look))
    return [line, *(indented(text, 3) for text in _change(row))]


def _change(row: Row) -> list[str]:
    """What is different; of the first header its columns."""
    change = row["change"]
    if change is None:
        return [", ".join(row["columns"])]
    told = [f"added: {', '.join(change['added'])}"] if change["added"] else []
    told += [f"missing: {', '.join(change['missing'])}"] if change["missing"] else []
    told += [f"perhaps renamed: {one['from']} to {one['to']}" for one in change["renamed"]]
    return told or ["the same columns in another order or spelling"]
