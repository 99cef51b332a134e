"""What `channels check`, `health` and `retry` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from oms_import.report.amounts import count
from oms_import.report.look import Look, indented, plain, state, table

Row = Mapping[str, Any]


def checked(channels: Sequence[Row], look: Look) -> list[RenderableType]:
    """The sources that were asked: ready files, or what is wrong and what to do."""
    if not channels:
        return [plain("No channel yet: write profiles/NAME.toml, e.g. with `extends`.")]
    drawing = table(look, "", "channel", "found", fixed=("channel",))
    drawing.show_header = False
    for row in channels:
        error = row["error"]
        if error is None:
            told = plain(f"{count(row['ready'], 'file')} ready at {row['place']}")
        else:
            told = plain(error["message"])
            if error["hint"]:
                told.append("\n").append_text(plain(f"-> {error['hint']}", "bold"))
        word = "ok" if error is None else "fail"
        drawing.add_row(state(word, look), plain(row["channel"]), told)
    return [drawing]


def fared(channels: Sequence[Row], look: Look) -> list[RenderableType]:
    """How sources fared, and below it what is wrong with them."""
    if not channels:
        return [plain("No channel yet: write profiles/NAME.toml, e.g. with `extends`.")]
    names = ("channel", "source", "status", "last success", "last drop", "failures")
    drawing = table(look, *names, right=("failures",), fixed=("channel",))
    parts: list[RenderableType] = [drawing]
    for row in channels:
        drawing.add_row(
            plain(row["channel"], "bold"),
            plain(row["source"]),
            state(row["status"], look),
            plain(row["last_success"] or "never"),
            plain(row["last_drop"] or "never"),
            plain(str(row["streak"])),
        )
        parts += _wrong(row)
    return parts


def _wrong(row: Row) -> list[RenderableType]:
    told: list[str] = []
    if row["error"]:
        told.append(f"{row['channel']}: {row['error']['message']}")
    if row["overdue"]:
        by = f"by {row['expected_by']}"
        told.append(f"{row['channel']}: OVERDUE, a drop is expected {row['expect']} ({by})")
    if row["resting_until"]:
        told.append(f"{row['channel']}: left alone until {row['resting_until']}")
    for dead in row["dead_letters"]:
        tries = count(dead["attempts"], "run")
        told.append(f"{row['channel']}: dead letter after {tries}: {dead['message']}")
    if row["dead_letters"] or row["resting_until"]:
        told.append(f"try again: oms-import channels retry {row['channel']}")
    return [indented(line) for line in told]


def retried(channel: str, files: Sequence[str]) -> list[RenderableType]:
    """What the next run does."""
    said = f"The next run asks {channel} at once"
    more = f" and tries {count(len(files), 'failed file')} again." if files else "."
    return [plain(said + more), *(indented(one) for one in files)]
