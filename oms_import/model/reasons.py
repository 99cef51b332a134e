"""The reason codes: declared once in reasons.toml, read here, never spelled out elsewhere."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Reason:
    """One declared code: default severity, text, owner (who fixes it) and remedy."""

    code: str
    severity: str
    scope: str
    owner: str
    summary: str
    remedy: str


@cache
def reasons() -> dict[str, Reason]:
    """Every declared reason by its code, in the order of the file."""
    text = resources.files("oms_import.model").joinpath("reasons.toml").read_text("utf-8")
    table = tomllib.loads(text)["reason"]
    return {code: Reason(code=code, **entry) for code, entry in table.items()}


def reason(code: str) -> Reason:
    """The reason declared for this code."""
    return reasons()[code]


def enum_source() -> str:
    """The text of codes.py, so that a misspelt code is an error before anything runs."""
    head = (
        '"""Generated from reasons.toml by scripts/generate; do not edit."""\n\n'
        "from enum import StrEnum\n\n\n"
        'class Code(StrEnum):\n    """Every reason code."""\n\n'
    )
    return head + "".join(f'    {code} = "{code}"\n' for code in reasons())
