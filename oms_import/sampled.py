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
    """For each file of the samples: fields filled and empty, attributes, outcomes, findings."""
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
                "empty": list(held.empty),
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
