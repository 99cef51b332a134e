"""What we say about an order, a row or a drop: one value, and the frame form used in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.reasons import reason

FINDINGS = pl.Schema(
    {
        "_drop": pl.UInt32,  # position of the drop in the run
        "_order": pl.Int64,  # order sequence in the run; null: about the drop
        "record": pl.Int64,  # record (source row) in the drop, from 1
        "line": pl.Int64,  # physical line in the drop, from 1
        "code": pl.String,
        "severity": pl.String,
        "field": pl.String,  # canonical field or source column
        "value": pl.String,  # what the source said
        "detail": pl.String,  # completes the reason's text: what was expected, or where the twin is
    }
)
"""A frame of findings: one row a finding."""


class Severity(StrEnum):
    """What a finding does: error rejects, hold waits for a person, the others only inform."""

    ERROR = "error"
    HOLD = "hold"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


class Outcome(StrEnum):
    """What became of an order; every record has exactly one."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    HELD = "held"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Location:
    """Where in a drop something stands."""

    drop: str | None = None
    record: int | None = None
    line: int | None = None
    byte: int | None = None
    pointer: str | None = None

    def as_json(self) -> dict[str, object]:
        """The keys of cli.md's FINDING.location."""
        return {
            "drop": self.drop,
            "record": self.record,
            "line": self.line,
            "byte": self.byte,
            "pointer": self.pointer,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell a person; the code's entry in reasons.toml gives text, owner, remedy."""

    code: Code
    field: str | None = None
    value: str | None = None
    detail: str | None = None
    severity: Severity | None = None
    location: Location = Location()

    @property
    def effective_severity(self) -> Severity:
        """The severity set for this finding, else the code's own."""
        return self.severity or Severity(reason(self.code).severity)

    @property
    def message(self) -> str:
        """The reason's text, completed with field, value and detail."""
        return message(self.code, self.field, self.value, self.detail)

    def as_json(self) -> dict[str, object]:
        """FINDING of cli.md."""
        about = reason(self.code)
        return {
            "code": str(self.code),
            "severity": str(self.effective_severity),
            "message": self.message,
            "field": self.field,
            "value": self.value,
            "location": self.location.as_json(),
            "owner": about.owner,
            "remedy": about.remedy,
        }


def message(code: str, field: str | None, value: str | None, detail: str | None) -> str:
    """`Quantity is not a number: Qty "abc" (…)`: summary, then field and value, then detail."""
    text = reason(code).summary
    if field is not None and value is not None:
        text += f': {field} "{_short(value)}"'
    elif field is not None:
        text += f": {field}"
    elif value is not None:
        text += f': "{_short(value)}"'
    if detail:
        text += f" ({detail})"
    return text


def _short(value: str, limit: int = 120) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"


def no_findings() -> pl.DataFrame:
    """An empty frame of findings."""
    return pl.DataFrame(schema=FINDINGS)
