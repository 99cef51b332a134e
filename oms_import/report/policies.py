"""The list of policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from oms_import.report.look import Look, indented, plain, state, table


def policies_list(policies: Sequence[Mapping[str, Any]], look: Look) -> list[RenderableType]:
    """The rows of `profiles policies`, and below what is wrong with which."""
    drawing = table(look, "policy", "from", "used by", "title", fixed=("policy",))
    parts: list[RenderableType] = [drawing]
    for one in policies:
        used = ", ".join(one["used_by"])
        drawing.add_row(*(plain(cell) for cell in (one["name"], one["from"], used, one["title"])))
        if one["problems"]:
            parts.append(state("error", look, "error").append_text(plain(f" {one['name']}")))
            parts += [indented(problem) for problem in one["problems"]]
    return parts
