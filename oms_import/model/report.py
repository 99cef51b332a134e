"""The report of a run: one value, rendered by report/ and written as report.json (cli.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from oms_import.model.finding import Finding
from oms_import.model.values import WrittenFile

OUTCOMES = ("accepted", "duplicate", "rejected", "held", "ignored")
"""What becomes of an order, as reports count it (`orders_accepted` …)."""

PROMISED = 120.0
"""Seconds from drop to output that are promised for 95 of 100 drops."""


def _amounts(by_currency: Mapping[str, Decimal]) -> dict[str, str]:
    """Amounts as text with the four decimals that money has everywhere, also where it is zero."""
    return {currency: f"{amount:.4f}" for currency, amount in sorted(by_currency.items())}


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of a drop, a channel or the run. Invariant: read = the five outcomes together."""

    drops: int = 0
    records: int = 0
    orders_read: int = 0
    orders_accepted: int = 0
    orders_duplicate: int = 0
    orders_rejected: int = 0
    orders_held: int = 0
    orders_ignored: int = 0
    lines_read: int = 0
    lines_accepted: int = 0
    value_accepted: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: Totals) -> Totals:
        """Sum of two totals, values by currency."""
        value = dict(self.value_accepted)
        for currency, amount in other.value_accepted.items():
            value[currency] = value.get(currency, Decimal(0)) + amount
        counts = {
            name: getattr(self, name) + getattr(other, name)
            for name in self.__slots__
            if name != "value_accepted"
        }
        return Totals(**counts, value_accepted=value)

    @property
    def balanced(self) -> bool:
        """Whether every order read has exactly one outcome."""
        return self.orders_read == (
            self.orders_accepted
            + self.orders_duplicate
            + self.orders_rejected
            + self.orders_held
            + self.orders_ignored
        )

    def as_json(self) -> dict[str, object]:
        """The keys of cli.md's `totals`; amounts as strings, by currency in alphabetical order."""
        row: dict[str, object] = {
            name: getattr(self, name) for name in self.__slots__ if name != "value_accepted"
        }
        row["value_accepted"] = _amounts(self.value_accepted)
        return row


@dataclass(frozen=True, slots=True)
class DropReport:
    """One drop of the run."""

    drop_id: str
    channel: str
    name: str
    sha256: str
    bytes: int
    status: str  # imported, duplicate, rejected, failed
    profile: str
    profile_version: int
    totals: Totals
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, object]:
        """One entry of cli.md's `drops`."""
        return {
            "drop_id": self.drop_id,
            "channel": self.channel,
            "name": self.name,
            "sha256": self.sha256,
            "bytes": self.bytes,
            "status": self.status,
            "profile": self.profile,
            "profile_version": self.profile_version,
            **self.totals.as_json(),
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One channel of the run."""

    channel: str
    status: str  # ok, rejects, partial, failed, noop
    totals: Totals
    seconds: float = 0.0
    error: str | None = None

    def as_json(self) -> dict[str, object]:
        """One entry of cli.md's `channels`."""
        return {
            "channel": self.channel,
            "status": self.status,
            "seconds": self.seconds,
            **self.totals.as_json(),
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often a reason occurred, in orders and their value, with one example."""

    code: str
    severity: str
    owner: str
    orders: int
    value: Mapping[str, Decimal]
    example: str  # "shop-a.csv line 17: 1004: Quantity is not a number: Qty \"abc\""

    def as_json(self) -> dict[str, object]:
        """One entry of cli.md's `reasons`."""
        return {
            "code": self.code,
            "severity": self.severity,
            "owner": self.owner,
            "orders": self.orders,
            "value": _amounts(self.value),
            "example": self.example,
        }


@dataclass(frozen=True, slots=True)
class RunReport:
    """The whole run, as people and machines read it."""

    run_id: str
    command: str
    status: str  # ok, rejects, partial, failed, noop
    exit_code: int
    dry_run: bool
    started_at: str  # ISO 8601, UTC, Z
    finished_at: str
    seconds: float
    totals: Totals
    channels: tuple[ChannelReport, ...] = ()
    drops: tuple[DropReport, ...] = ()
    reasons: tuple[ReasonCount, ...] = ()
    latency: Mapping[str, float | None] = field(default_factory=dict)
    outputs: tuple[WrittenFile, ...] = ()
    notes: tuple[str, ...] = ()  # what recovery did, what was not reached
    retry_of: str | None = None

    def as_json(self) -> dict[str, object]:
        """The document of cli.md for `run`, `import`, `retry`, and report.json."""
        return {
            "schema": 1,
            "run_id": self.run_id,
            "command": self.command,
            "status": self.status,
            "exit_code": self.exit_code,
            "dry_run": self.dry_run,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "seconds": self.seconds,
            "totals": self.totals.as_json(),
            "channels": [channel.as_json() for channel in self.channels],
            "drops": [drop.as_json() for drop in self.drops],
            "reasons": [entry.as_json() for entry in self.reasons],
            "latency": dict(self.latency),
            "outputs": [output.as_json() for output in self.outputs],
            "notes": list(self.notes),
            "retry_of": self.retry_of,
        }
