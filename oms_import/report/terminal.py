"""The report of a run for people: from report.json's document to lines and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from oms_import.model.reasons import reasons
from oms_import.model.report import OUTCOMES
from oms_import.report.amounts import amount, count, moment, seconds, value
from oms_import.report.look import Look, gap, heading, indented, plain, state, table

Document = Mapping[str, Any]

_TOP = 8  # reasons told in full
_FILES = 12  # files told one by one
_SAID = {
    "ok": "done",
    "noop": "nothing new",
    "rejects": "done, some orders rejected or held",
    "partial": "done in part",
    "failed": "failed",
}
_WEIGHT = {"error": 0, "hold": 1, "warning": 2, "info": 3}


def run_report(
    report: Document, root: Path, owners: Mapping[str, str], look: Look
) -> list[RenderableType]:
    """Everything a person needs after a run.

    Args:
        report: the document of cli.md for `run`.
        root: the workspace, in front of the paths of outputs.
        owners: owner role → who it is, from the settings.
        look: what the terminal can show.
    """
    parts: list[RenderableType] = [_headline(report, look), plain("")]
    if report["channels"]:
        parts += [*_channels(report, look), plain("")]
    parts.append(_balance(report["totals"]))
    for title, block in (
        ("Why", _reasons(report, owners, look)),
        ("Files", _drops(report, look)),
        ("Channels that failed", _errors(report, look)),
        ("Notes", [indented(str(note)) for note in report.get("notes", ())]),
        ("Handed on", _deliveries(report)),
        ("Where", _outputs(report, root)),
        ("Next", _next(report)),
    ):
        if block:
            parts += [plain(""), heading(title), *block]
    return parts


def _headline(report: Document, look: Look) -> Text:
    line = state(report["status"], look, _SAID.get(report["status"]))
    line.stylize("bold")
    if report["dry_run"]:
        line.append(" (dry run: nothing was kept)")
    known = "" if report["status"] == "noop" else f" {report['run_id']}"  # history has no such run
    line.append_text(plain(f" - {report['command']}{known}"))
    if report.get("retry_of"):
        line.append("\n").append_text(plain(f"again what failed in {report['retry_of']}"))
    began, took = moment(report["started_at"]), seconds(report["seconds"])
    return line.append("\n").append_text(plain(f"started {began}, took {took} s", "dim"))


def _channels(report: Document, look: Look) -> list[RenderableType]:
    """A row a channel; values stand below the table where it would grow too wide by them."""
    rows = [*report["channels"]]
    if len(rows) > 1:
        rows.append({**report["totals"], "channel": "all", "seconds": report["seconds"]})
    beside = _fits(rows, look)
    numbers = ("read", *OUTCOMES)
    names = ("channel", *numbers, "value", "secs") if beside else ("channel", *numbers, "secs")
    drawing = table(look, *names, right=(*numbers, "secs"))
    for row in rows:
        drawing.add_row(*_cells(row, look, beside))
    return [drawing] if beside else [drawing, plain(""), *_values(rows, look)]


def _cells(row: Document, look: Look, beside: bool) -> list[Text]:
    cells = [
        state(row["status"], look, row["channel"]) if "status" in row else plain("all", "bold"),
        plain(f"{row['orders_read']:,}"),
        *(plain(f"{row[f'orders_{outcome}']:,}", _tint(outcome, row)) for outcome in OUTCOMES),
        plain(seconds(row["seconds"])),
    ]
    if beside:
        cells.insert(-1, Text("\n").join([plain(worth) for worth in _worths(row)]))
    return cells


def _worths(row: Document) -> list[str]:
    return [f"{code} {amount(sum_)}" for code, sum_ in sorted(row["value_accepted"].items())]


def _fits(rows: Sequence[Document], look: Look) -> bool:
    """Whether the table has room for the values."""
    name = max(len(row["channel"]) + 2 for row in rows)
    worth = max((len(worth) for row in rows for worth in _worths(row)), default=5)
    numbers = sum(
        max(len(outcome), *(len(f"{row[f'orders_{outcome}']:,}") for row in rows))
        for outcome in ("read", *OUTCOMES)
    )
    return name + worth + numbers + len("secs") + 8 * gap(look) <= look.width


def _values(rows: Sequence[Document], look: Look) -> list[RenderableType]:
    drawing = table(look, "channel", "value accepted")
    for row in rows:
        if row["value_accepted"]:
            drawing.add_row(plain(row["channel"]), plain(value(row["value_accepted"])))
    return [drawing] if drawing.row_count else []


def _tint(outcome: str, row: Document) -> str:
    if not row[f"orders_{outcome}"]:
        return "dim"
    return {"rejected": "red", "held": "yellow"}.get(outcome, "")


def _balance(totals: Document) -> Text:
    """The invariant with its numbers: every order read has exactly one outcome."""
    parts = [f"{outcome} {totals[f'orders_{outcome}']:,}" for outcome in OUTCOMES]
    line = plain(f"read {totals['orders_read']:,} = {' + '.join(parts)}")
    if totals["orders_read"] != sum(totals[f"orders_{outcome}"] for outcome in OUTCOMES):
        line.append_text(plain("\nThis does not add up: report it as a bug.", "bold red"))
    return line


def _reasons(report: Document, owners: Mapping[str, str], look: Look) -> list[RenderableType]:
    found = sorted(report["reasons"], key=lambda r: (_WEIGHT.get(r["severity"], 4), -r["orders"]))
    parts: list[RenderableType] = []
    for entry in found[:_TOP]:
        parts += _reason(entry, owners, look)
    if len(found) > _TOP:
        rest = ", ".join(f"{r['code']} {r['orders']:,}" for r in found[_TOP:])
        parts.append(indented(f"and {rest}"))
    return parts


def _reason(entry: Document, owners: Mapping[str, str], look: Look) -> list[RenderableType]:
    about = reasons().get(entry["code"])
    owner = entry["owner"]
    person = f" ({owners[owner]})" if owner in owners else ""
    worth = f", {value(entry['value'])}" if entry["value"] else ""
    line = plain("  ").append_text(state(entry["severity"], look, entry["code"]))
    line.append_text(plain(f" {count(entry['orders'], 'order')}{worth} - {owner}{person}"))
    parts: list[RenderableType] = [line]
    if about is not None:
        parts.append(indented(f"{about.summary}.", 4))
        if entry["severity"] in {"error", "hold"}:
            parts.append(indented(f"To do: {about.remedy}", 4))
    if entry.get("example"):
        parts.append(indented(f"e.g. {entry['example']}", 4, "dim"))
    return parts


def _drops(report: Document, look: Look) -> list[RenderableType]:
    """Files that were refused, failed, or have something to tell; known ones only counted."""
    known = [drop for drop in report["drops"] if drop["status"] == "duplicate"]
    told = [d for d in report["drops"] if d["status"] != "duplicate" and _speaks(d)]
    parts: list[RenderableType] = []
    for drop in told[:_FILES]:
        parts += _drop(drop, look)
    if len(told) > _FILES:
        parts.append(indented(f"and {count(len(told) - _FILES, 'more file')}"))
    for drop in known[:1]:
        parts += _drop(drop, look)
    if len(known) > 1:
        parts.append(indented(f"and {count(len(known) - 1, 'more file')} imported before"))
    return parts


def _speaks(drop: Document) -> bool:
    return drop["status"] != "imported" or any(f["severity"] != "info" for f in drop["findings"])


def _drop(drop: Document, look: Look) -> list[RenderableType]:
    line = plain("  ").append_text(state(drop["status"], look))
    line.append_text(plain(f" {drop['channel']}/{drop['name']}"))
    parts: list[RenderableType] = [line]
    for finding in drop["findings"]:
        parts.append(indented(f"{finding['code']}{_at(finding)}: {finding['message']}.", 4))
        if finding["severity"] in {"error", "hold"}:
            parts.append(indented(f"To do: {finding['remedy']}", 4))
    return parts


def _at(finding: Document) -> str:
    line = finding["location"].get("line")
    return f" at line {line}" if line else ""


def _errors(report: Document, look: Look) -> list[RenderableType]:
    failed = [channel for channel in report["channels"] if channel.get("error")]
    return [
        plain("  ")
        .append_text(state("failed", look, channel["channel"]))
        .append_text(plain(f": {channel['error']}"))
        for channel in failed
    ]


def _deliveries(report: Document) -> list[RenderableType]:
    """A line for each receiver and status, with its last answer where it did not take them."""
    return [indented(_delivery(one)) for one in report.get("deliveries", ())]


def _delivery(one: Mapping[str, Any]) -> str:
    when = f" {moment(one['last_at'])}" if one["last_at"] else ""
    tries = f", {count(one['attempts'], 'try', 'tries')}" if one["attempts"] else ""
    told = f"{one['target']}: {count(one['orders'], 'order')} {one['status']}{when}{tries}"
    if one["status"] in {"pending", "delivered"}:
        return told
    return f"{told}: {one['answer']}; first {', '.join(one['examples'][:3])}"


def _outputs(report: Document, root: Path) -> list[RenderableType]:
    folders: dict[PurePosixPath, list[Document]] = {}
    for output in report["outputs"]:
        path = PurePosixPath(output["path"])
        folder = PurePosixPath(*path.parts[:3])  # out/rejected/<run_id>
        folders.setdefault(folder, []).append(output)
    told = [f"{root / folder}/ ({count(len(files), 'file')})" for folder, files in folders.items()]
    if told:  # the report cannot list itself
        told.append(str(root / "out" / "reports" / report["run_id"] / "report.json"))
    return [indented(line) for line in told]


def _next(report: Document) -> list[RenderableType]:
    totals = report["totals"]
    steps: list[str] = []
    grave = [r for r in report["reasons"] if r["severity"] in {"error", "hold"}]
    if grave:
        most = max(grave, key=lambda entry: entry["orders"])
        steps.append(f"oms-import explain {most['code']}")
    if report["dry_run"]:
        return [indented(step) for step in steps]
    if totals["orders_rejected"] + totals["orders_held"]:
        steps.append(f"oms-import retry {report['run_id']}   # after the cause is mended")
        steps.append("oms-import retry --from FILE   # a corrected file of out/rejected")
    return [indented(step) for step in steps]
