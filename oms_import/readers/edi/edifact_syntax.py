"""The two syntaxes that are written alike: EDIFACT (ISO 9735) and TRADACOMS, by their tags."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oms_import.model.edi import COMPONENT, Delimiters, Group, Interchange
from oms_import.readers.edi.edifact_header import Opening

Elements = Sequence[str | None]
"""A segment's tag and elements, empty ones None."""


@dataclass(frozen=True, slots=True)
class Syntax:
    """What tells one of the two from the other."""

    name: str
    header: str  # UNB, STX
    trailer: str  # UNZ, END
    group: str  # UNG, BAT
    group_end: str  # UNE, EOB
    message: str  # UNH, MHD
    message_end: str  # UNT, MTR
    advice: str  # UNA; a tag that no segment has where there is none
    tag_end: str | None  # TRADACOMS: "="
    referenced: bool  # trailers repeat their header's reference
    control: int  # the header's element that is its reference
    kinds: Mapping[str, str]  # message type → kind, where it is not other
    find: Callable[[mmap.mmap, int], Opening | None]
    interchange: Callable[[int, Elements, Delimiters], Interchange]
    grouped: Callable[[Group, Elements], Group]  # a plain group, and what its header says


def part(segment: Elements, place: int, component: int = 1) -> str:
    """A component of an element, both from 1; empty where it is not there."""
    value = segment[place] if place < len(segment) else None
    parts = (value or "").split(COMPONENT)
    return parts[component - 1].strip() if component <= len(parts) else ""


def joined(segment: Elements, place: int, by: str = ":") -> str:
    """A whole element, its components joined as people write them."""
    value = segment[place] if place < len(segment) else None
    return (value or "").replace(COMPONENT, by).rstrip(by).strip()
