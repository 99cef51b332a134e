"""What `replay` shows: outcomes and fields that today's profiles would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType

from oms_import.report.amounts import count
from oms_import.report.look import Look, heading, indented, plain, state, table

_SHOWN = 30


def replay_report(difference: Mapping[str, Any], look: Look) -> list[RenderableType]:
    """The document of `replay`, for people."""
    outcomes, fields = difference["outcomes_changed"], difference["fields_changed"]
    same = not (outcomes or fields or difference["drops_refused"])
    version = difference["profile_version"]
    whose = "today's profiles" if version is None else f"version {version} of the profiles"
    said = "nothing would change" if same else f"{whose} would change this"
    title = state("ok" if same else "warn", look, said)
    runs = difference["runs"]
    over = difference["run_id"] if len(runs) == 1 else f"{count(len(runs), 'run')} to {runs[-1]}"
    title.append_text(plain(f": {over}, {count(difference['orders'], 'order')}"))
    parts: list[RenderableType] = [title]
    if difference["drops_refused"]:
        parts += [plain(""), heading("Files that could not be read now")]
        parts += [indented(name) for name in difference["drops_refused"]]
    if outcomes:
        parts += [plain(""), heading(count(outcomes, "outcome")), _outcomes(difference, look)]
    if fields:
        parts += [plain(""), heading(count(fields, "field")), _fields(difference, look)]
    return parts


def _outcomes(difference: Mapping[str, Any], look: Look) -> RenderableType:
    drawing = table(look, "order", "before", "now", "codes", fixed=("before", "now"))
    for row in difference["outcomes"][:_SHOWN]:
        before, after = row["before"] or "not there", row["after"] or "not there"
        drawing.add_row(
            plain(row["order_key"] or "(none)"),
            state(before, look),
            state(after, look),
            plain(row["codes"] or ""),
        )
    return drawing


def _fields(difference: Mapping[str, Any], look: Look) -> RenderableType:
    drawing = table(look, "order", "field", "before", "now")
    for row in difference["fields"][:_SHOWN]:
        line = f" line {row['line_no']}" if row["line_no"] else ""
        drawing.add_row(
            plain(f"{row['order_key']}{line}"),
            plain(row["field"]),
            plain(row["before"] or ""),
            plain(row["after"] or ""),
        )
    return drawing
