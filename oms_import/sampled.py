"""A profile tried on sample files: what it fills, what is left over, what becomes of the orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oms_import.preview import documents
from oms_import.profiles.check import coverage
from oms_import.profiles.load import find_profile
from oms_import.workspace import Workspace


def sampled(name: str, samples: Sequence[str], workspace: Workspace | None) -> list[dict[str, Any]]:
    """For each file of the samples: fields filled and empty, attributes, outcomes, findings.

    `shares`: field → the share of orders (of lines, for fields of lines) that have it, 0 to 1;
    `lacking`: columns that the profile names and the file does not have.
    """
    directory: Path | None = workspace.profiles if workspace else None
    profile = find_profile(name, directory)
    tried: list[dict[str, Any]] = []
    read: list[Any] = [*documents(samples, name, workspace)]
    for document in read:
        held = coverage(profile, document["columns"])
        tried.append(
            {
                "file": document["file"],
                "orders": len(document["orders"]),
                "outcomes": dict(Counter(order["outcome"] for order in document["orders"])),
                "filled": {field: list(columns) for field, columns in held.filled.items()},
                "shares": _shares(document["orders"], held.filled),
                "empty": list(held.empty),
                "lacking": _lacking(document),
                "attributes": list(held.attributes),
                "findings": _counted(document),
            }
        )
    return tried


def _counted(document: Mapping[str, Any]) -> dict[str, int]:
    """Findings by code, those about the file included, the most frequent first."""
    of_orders = [finding for order in document["orders"] for finding in order["findings"]]
    found = Counter(finding["code"] for finding in (*document["findings"], *of_orders))
    return dict(found.most_common())


def _shares(orders: Sequence[Mapping[str, Any]], fields: Mapping[str, object]) -> dict[str, float]:
    """The share of orders or lines in which a field is filled; rules of amounts have none."""
    lines = [line for order in orders for line in order["lines"]]
    shares: dict[str, float] = {}
    for field in fields:
        table, _, name = field.partition(".")
        if table == "party":
            role, _, part = name.partition(".")
            shares[field] = _share([_of_role(order, role) for order in orders], part)
        elif table in {"order", "line"}:
            shares[field] = _share(lines if table == "line" else orders, name)
    return shares


def _share(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    """How many of the rows have the field; first and last names are in the name."""
    kept = "name" if name in {"first_name", "last_name"} else name
    return sum(row.get(kept) is not None for row in rows) / len(rows) if rows else 0.0


def _of_role(order: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    parties: list[Mapping[str, Any]] = order["parties"]
    return next((party for party in parties if party["role"] == role), {})


def _lacking(document: Mapping[str, Any]) -> list[str]:
    candidates = document["detection"]["candidates"]
    return list(candidates[0]["missing"]) if candidates else []
