"""Lists and tables of the commands that only look: runs, channels, profiles, exceptions, doctor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import RenderableType

from oms_import.report.amounts import amount, count
from oms_import.report.drafted import coverage_shown
from oms_import.report.look import Look, heading, indented, pairs, plain, state, table

Row = Mapping[str, Any]


class Checked(Protocol):
    """One line of `doctor`."""

    @property
    def name(self) -> str:
        """What was looked at."""
        ...

    @property
    def status(self) -> str:
        """ok, warn or fail."""
        ...

    @property
    def detail(self) -> str:
        """What was found."""
        ...

    @property
    def hint(self) -> str:
        """What to do; empty: nothing."""
        ...


def runs_list(runs: Sequence[Row], look: Look) -> list[RenderableType]:
    """The rows of `runs list`."""
    if not runs:
        return [plain("No run yet. Start one with `oms-import run`.")]
    numbers = ("read", "accepted", "duplicate", "rejected", "held")
    drawing = table(look, "run", "command", "status", *numbers, right=numbers, fixed=("run",))
    for run in runs:
        drawing.add_row(
            plain(run["run_id"]),
            plain(run["command"]),
            state(run["status"], look),
            *(plain(_number(run.get(f"orders_{name}"))) for name in numbers),
        )
    return [drawing]


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else ""


def channels_list(channels: Sequence[Row], look: Look) -> list[RenderableType]:
    """The rows of `channels list`."""
    if not channels:
        return [plain("No channel yet: write profiles/NAME.toml, e.g. with `extends`.")]
    drawing = table(look, "channel", "enabled", "extends", "account", "drops from")
    for row in channels:
        drawing.add_row(
            plain(row["channel"], "bold"),
            plain("yes" if row["enabled"] else "no"),
            plain(row["extends"] or ""),
            plain(row["account"]),
            plain(row["path"]),
        )
    return [drawing]


def profiles_list(profiles: Sequence[Row], look: Look) -> list[RenderableType]:
    """The rows of `profiles list`."""
    drawing = table(look, "profile", "from", "version", "extends", "title", right=("version",))
    for row in profiles:
        cells = (row["name"], row["from"], row["version"], row["extends"] or "", row["title"])
        drawing.add_row(*(plain(cell) for cell in cells))
    return [drawing]


def profile_shown(profile: Row, look: Look) -> list[RenderableType]:
    """A profile's settings that differ from the defaults: one dotted key a line."""
    drawing = table(look, "setting", "value", fixed=("setting",))
    for key, value in _flat("", profile):
        drawing.add_row(plain(key), plain(value))
    return [drawing]


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        return [
            pair
            for key, inner in value.items()
            for pair in _flat(f"{prefix}.{key}" if prefix else str(key), inner)
        ]
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return [pair for n, item in enumerate(value, 1) for pair in _flat(f"{prefix}[{n}]", item)]
    if isinstance(value, list):
        return [(prefix, ", ".join(str(item) for item in value))]
    return [(prefix, str(value))]


def profiles_checked(results: Sequence[Row], look: Look) -> list[RenderableType]:
    """The verdict of `profiles check` on each profile."""
    parts: list[RenderableType] = []
    for result in results:
        word = "ok" if result["ok"] else "error"
        parts.append(state(word, look, word).append_text(plain(f" {result['name']}")))
        parts += [indented(str(problem)) for problem in result["problems"]]
        parts += [indented(str(result["hint"]))] if result["hint"] else []
        for tried in result.get("samples", ()):
            parts += coverage_shown(tried, look)
    return parts or [plain("There is no profile to check.")]


def exceptions_list(found: Sequence[Row], look: Look) -> list[RenderableType]:
    """Open exceptions, newest first: orders, and files that were refused whole."""
    if not found:
        return [plain("Nothing is open: every order was accepted, or is none of ours.")]
    drawing = table(look, "order", "channel", "outcome", "codes", "value", "file", right=("value",))
    for row in found:
        worth = "" if row.get("value") is None else f"{row['currency']} {amount(row['value'])}"
        drawing.add_row(
            plain(_subject(row)),
            plain(row["channel"]),
            state(row["outcome"], look),
            plain(" ".join(row["codes"])),
            plain(worth),
            plain(_place(row)),
        )
    return [drawing, plain(""), plain("More on one: oms-import exceptions show ORDER")]


def _subject(row: Row) -> str:
    return row.get("order_number") or ("(none)" if row.get("order_key") else "(whole file)")


def _place(row: Row) -> str:
    drop, line = row.get("drop") or "", row.get("line")
    return drop if line is None else f"{drop}:{line}"


def facts(title: str, found: Row) -> list[RenderableType]:
    """Names and values below each other."""
    rows = [
        (key.replace("_", " "), f"{int(value):,}" if value.isdigit() else value)
        for key, value in _flat("", found)
    ]
    return [heading(title), pairs(rows)]


def problems_list(problems: Sequence[str], look: Look) -> list[RenderableType]:
    """What `history verify` found wrong."""
    title = state("fail", look, f"{count(len(problems), 'problem')} in the history store")
    return [title, *(indented(problem) for problem in problems)]


def checklist(checks: Sequence[Checked], look: Look) -> list[RenderableType]:
    """The lines of `doctor`, and what to do about those that are not ok."""
    drawing = table(look, "", "check", "found", fixed=("check",))
    drawing.show_header = False
    for check in checks:
        told = plain(check.detail)
        if check.status != "ok" and check.hint:
            told.append("\n").append_text(plain(f"-> {check.hint}", "bold"))
        drawing.add_row(state(check.status, look), plain(check.name), told)
    bad = sum(check.status == "fail" for check in checks)
    poor = sum(check.status == "warn" for check in checks)
    said = f"{count(bad, 'failure')}, {count(poor, 'warning')}" if bad or poor else "all is well"
    return [drawing, plain(""), plain(said, "bold")]
