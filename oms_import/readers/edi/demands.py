"""What the directories of X12 and EDIFACT demand of orders, as far as it is checked.

Only what every version of a standard demands is held against an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "number", "whole", "date"]
"""Text; R of X12.6 and n of ISO 9735; N0; DT."""


@dataclass(frozen=True, slots=True)
class ElementRule:
    """What an element, or a component of it, has to be. Counted from 1 after the tag."""

    tag: str
    place: int
    type: Type = "text"
    required: bool = False
    longest: int | None = None  # characters; of numbers digits
    component: int | None = None
    simple: bool = False  # has no components

    @property
    def name(self) -> str:
        """`BEG03`, `QTY01-2`."""
        part = "" if self.component is None else f"-{self.component}"
        return f"{self.tag}{self.place:02}{part}"


@dataclass(frozen=True, slots=True)
class MessageRule:
    """The part of a message's definition that is checked."""

    required: tuple[str, ...]  # once at least
    once: tuple[str, ...]  # once at most
    elements: tuple[ElementRule, ...]  # those of a segment in their order

    @property
    def tags(self) -> dict[str, None]:
        """All segments that are spoken of, each once."""
        return dict.fromkeys((*self.required, *self.once, *(one.tag for one in self.elements)))


def _line(tag: str, quantity: int, price: int | None = None) -> tuple[ElementRule, ...]:
    amounts = [ElementRule(tag, quantity, "number", simple=True)]
    if price is not None:
        amounts.append(ElementRule(tag, price, "number", simple=True))
    return tuple(amounts)


_X12 = {
    "850": MessageRule(
        ("BEG", "PO1"),
        ("BEG", "CUR", "CTT"),
        (
            ElementRule("BEG", 1, required=True, longest=2, simple=True),
            ElementRule("BEG", 2, required=True, longest=2, simple=True),
            ElementRule("BEG", 3, required=True, longest=22, simple=True),
            ElementRule("BEG", 5, "date", required=True, simple=True),
            *_line("PO1", 2, 4),
            ElementRule("CTT", 1, "whole", required=True, longest=6, simple=True),
        ),
    ),
    "860": MessageRule(
        ("BCH",),
        ("BCH", "CUR", "CTT"),
        (
            ElementRule("BCH", 1, required=True, longest=2, simple=True),
            ElementRule("BCH", 2, required=True, longest=2, simple=True),
            ElementRule("BCH", 3, required=True, longest=22, simple=True),
            ElementRule("BCH", 6, "date", required=True, simple=True),
            ElementRule("POC", 2, required=True, longest=2, simple=True),
            *_line("POC", 3, 6),
        ),
    ),
    "875": MessageRule(
        ("G50",),
        ("G50",),
        (
            ElementRule("G50", 1, required=True, longest=2, simple=True),
            ElementRule("G50", 2, "date", required=True, simple=True),
            ElementRule("G50", 3, required=True, longest=22, simple=True),
            *_line("G68", 1, 3),
        ),
    ),
    "940": MessageRule(
        ("W05",),
        ("W05",),
        (
            ElementRule("W05", 1, required=True, longest=2, simple=True),
            ElementRule("W05", 2, required=True, longest=22, simple=True),
            *_line("W01", 1),
        ),
    ),
}
"""Elements 353, 92, 324, 373, 380/330/358, 212 and 354 as all versions since 003010 have them."""

_EDIFACT_ORDER = MessageRule(
    ("BGM",),
    ("BGM", "UNS"),
    (
        ElementRule("QTY", 1, required=True, longest=3, component=1),
        ElementRule("QTY", 1, "number", component=2),
        ElementRule("PRI", 1, "number", component=2),
        ElementRule("DTM", 1, required=True, longest=3, component=1),
    ),
)
_EDIFACT = {"ORDERS": _EDIFACT_ORDER, "ORDCHG": _EDIFACT_ORDER}

TABLES = {"x12": ("ST", _X12), "edifact": ("UNH", _EDIFACT)}
"""Standard → the segment that opens a message, and what is checked of messages by their type."""
