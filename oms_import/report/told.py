"""What is told as a story: a new workspace, and the life of one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from oms_import.report.amounts import amount, count, moment
from oms_import.report.look import Look, heading, indented, pairs, plain, state

Event = Mapping[str, Any]


def made(root: Path, files: Sequence[str], demo: bool, look: Look) -> list[RenderableType]:
    """What `init` made, and what to do next."""
    parts: list[RenderableType] = [state("ok", look, f"workspace {root}")]
    parts += [indented(name) for name in files] or [indented("everything was there already")]
    steps = [f"oms-import -w {root} run"]
    if not demo:
        steps = [
            'write profiles/NAME.toml, e.g.: extends = "shopify-csv"',
            "put files into drops/NAME/",
            *steps,
        ]
    return [*parts, plain(""), heading("Next"), *(indented(step) for step in steps)]


_SAID = {
    "accepted": "accepted",
    "duplicate": "seen again and not taken twice",
    "rejected": "rejected",
    "held": "held for a decision",
    "ignored": "left out",
}


def story(order: str, events: Sequence[Event], look: Look) -> list[RenderableType]:
    """What happened to an order, as it happened; `events` are newest first."""
    if not events:
        return [
            plain(f"Nothing is known of order {order}."),
            indented(
                "An order whose number could not be read is under `oms-import exceptions list`."
            ),
        ]
    parts: list[RenderableType] = []
    for event in reversed(events):
        parts += [*_event(event, look), plain("")]
    return parts[:-1]


def _event(event: Event, look: Look) -> list[RenderableType]:
    outcome = str(event["outcome"])
    line = state(outcome, look, _SAID.get(outcome))
    line.stylize("bold")
    number = event.get("order_number") or "(no number)"
    account = f" ({event['account']})" if event.get("account") not in {None, "", "default"} else ""
    line.append_text(plain(f" - order {number} of {event['channel']}{account}"))
    rows = [("run", _run(event)), ("from", _place(event))]
    if event.get("profile"):
        rows.append(("by", f"profile {event['profile']}"))
    rows += _facts(event)
    for finding in event.get("findings") or ():
        rows.append(("why", f"{finding['code']}: {finding['message']}"))
        if finding["severity"] in {"error", "hold"}:
            rows.append(("to do", f"{finding['remedy']} ({finding['owner']})"))
    return [line, pairs(rows)]


def _run(event: Event) -> str:
    at = event.get("finished_at") or event.get("started_at")
    return f"{event['run_id']}, {moment(at)}" if at else str(event["run_id"])


def _place(event: Event) -> str:
    """File, line and record the order came from."""
    line, record = event.get("line"), event.get("record")
    place = str(event.get("drop") or event.get("name") or event.get("drop_id"))
    if line:
        place += f", line {line:,}"
    if record:
        place += f" (record {record:,})"
    return place


def _facts(event: Event) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if event.get("value") is not None:
        worth = f"{event.get('currency') or ''} {amount(event['value'])}".strip()
        lines = f", {count(event['lines'], 'line')}" if event.get("lines") else ""
        rows.append(("value", f"{worth}{lines}"))
    if (event.get("revision") or 1) > 1:
        rows.append(("revision", str(event["revision"])))
    if event.get("resolved_by"):
        what = "came back in" if event.get("status") == "superseded" else "accepted by"
        rows.append(("then", f"{what} run {event['resolved_by']}"))
    folders = dict.fromkeys(_folder(str(output)) for output in event.get("outputs") or ())
    rows += [("in", folder) for folder in folders]
    return rows


def _folder(output: str) -> str:
    """out/accepted/<run_id>/ of a file in it."""
    return f"{'/'.join(output.split('/')[:3])}/"
