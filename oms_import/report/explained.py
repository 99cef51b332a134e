"""Reason codes explained."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from oms_import.model.reasons import Reason
from oms_import.report.look import Look, indented, pairs, plain, state, table

EFFECTS = {
    "error": "rejects what it is about",
    "hold": "holds the order until somebody decides",
    "warning": "informs; the order goes on",
    "info": "informs; the order goes on",
}


def one_reason(reason: Reason, person: str, look: Look) -> list[RenderableType]:
    """Everything declared for a reason; `person` is who the owner is in this workspace."""
    owner = f"{reason.owner} ({person})" if person else reason.owner
    return [
        plain("").append_text(state(reason.severity, look, reason.code)),
        indented(f"{reason.summary}."),
        plain(""),
        pairs(
            [
                ("Severity", f"{reason.severity}: {EFFECTS[reason.severity]}"),
                ("About", f"one {reason.scope}"),
                ("Owner", owner),
                ("To do", reason.remedy),
            ]
        ),
    ]


def all_reasons(known: Sequence[Reason], look: Look) -> list[RenderableType]:
    """Every code with its severity, owner and summary."""
    drawing = table(look, "code", "severity", "owner", "means", fixed=("code", "severity", "owner"))
    for reason in known:
        drawing.add_row(
            plain(reason.code),
            state(reason.severity, look),
            plain(reason.owner),
            plain(reason.summary),
        )
    return [drawing]


def as_markdown(known: Sequence[Reason]) -> str:
    """docs/reasons.md."""
    lines = [
        "# Reason codes",
        "",
        "Generated from `oms_import/model/reasons.toml` by `scripts/generate`; do not edit.",
        "",
        "A code is never renamed and never given another meaning. A profile changes a code's",
        'severity with `rules.severity`, e.g. `severity = { TOTAL_MISMATCH = "hold" }`.',
        "",
        "| severity | effect |",
        "|---|---|",
        *(f"| {severity} | {effect} |" for severity, effect in EFFECTS.items()),
        "| off | the check is not made known |",
        "",
    ]
    for reason in known:
        lines += [
            f"## {reason.code}",
            "",
            f"{reason.summary}.",
            "",
            f"- Severity: {reason.severity}, about one {reason.scope}",
            f"- Owner: {reason.owner}",
            f"- To do: {reason.remedy}",
            "",
        ]
    return "\n".join(lines)
