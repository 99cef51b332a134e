"""What is wrong inside messages, as their directory sees it: segments missing or once too often,
elements missing, too long, or of another type. Work on whole frames; a loop only over what is bad.

Only what every version of a standard demands is held against an order: see `_X12`, `_EDIFACT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from oms_import.model.edi import COMPONENT, FAULT_TAG, Fault, element

Type = Literal["text", "number", "whole", "date"]

_MOST = 1_000  # faults of a kind in one batch that are told one by one
_OF_ONE = 50  # rows of faults that lead one message


@dataclass(frozen=True, slots=True)
class _Element:
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
class _Message:
    """The part of a message's definition that is checked."""

    required: tuple[str, ...]  # once at least
    once: tuple[str, ...]  # once at most
    elements: tuple[_Element, ...]


def _line(tag: str, quantity: int, price: int | None = None) -> tuple[_Element, ...]:
    amounts = [_Element(tag, quantity, "number", simple=True)]
    if price is not None:
        amounts.append(_Element(tag, price, "number", simple=True))
    return tuple(amounts)


_X12 = {
    "850": _Message(
        ("BEG",),
        ("BEG", "CUR", "CTT"),
        (
            _Element("BEG", 1, required=True, longest=2, simple=True),
            _Element("BEG", 2, required=True, longest=2, simple=True),
            _Element("BEG", 3, required=True, longest=22, simple=True),
            _Element("BEG", 5, "date", required=True, simple=True),
            *_line("PO1", 2, 4),
            _Element("CTT", 1, "whole", required=True, longest=6, simple=True),
        ),
    ),
    "860": _Message(
        ("BCH",),
        ("BCH", "CUR", "CTT"),
        (
            _Element("BCH", 1, required=True, longest=2, simple=True),
            _Element("BCH", 2, required=True, longest=2, simple=True),
            _Element("BCH", 3, required=True, longest=22, simple=True),
            _Element("BCH", 6, "date", required=True, simple=True),
            _Element("POC", 2, required=True, longest=2, simple=True),
            *_line("POC", 3, 6),
        ),
    ),
    "875": _Message(
        ("G50",),
        ("G50",),
        (
            _Element("G50", 1, required=True, longest=2, simple=True),
            _Element("G50", 2, "date", required=True, simple=True),
            _Element("G50", 3, required=True, longest=22, simple=True),
            *_line("G68", 1, 3),
        ),
    ),
    "940": _Message(
        ("W05",),
        ("W05",),
        (
            _Element("W05", 1, required=True, longest=2, simple=True),
            _Element("W05", 2, required=True, longest=22, simple=True),
            *_line("W01", 1),
        ),
    ),
}
"""Elements 353, 92, 324, 373, 380/330/358, 212 and 354 as all versions since 003010 have them."""

_EDIFACT_ORDER = _Message(
    ("BGM",),
    ("BGM", "UNS"),
    (
        _Element("QTY", 1, required=True, longest=3, component=1),
        _Element("QTY", 1, "number", component=2),
        _Element("PRI", 1, "number", component=2),
        _Element("DTM", 1, required=True, longest=3, component=1),
    ),
)
_EDIFACT = {"ORDERS": _EDIFACT_ORDER, "ORDCHG": _EDIFACT_ORDER}

_TABLES = {"x12": ("ST", _X12), "edifact": ("UNH", _EDIFACT)}
_AFTER = {"PO1": ("CTT", "AMT", "SE")}
"""A missing segment is told at what stands in its place: these, or the second of the message."""


def faults_within(rows: pl.DataFrame, standard: str, cut_off: frozenset[int]) -> list[Fault]:
    """Faults of the messages in a frame, in file order; at most `_MOST` of a kind.

    Parameters:
        rows: SEGMENTS of whole messages, with `_interchange` and `_group`.
        standard: x12, edifact; of others nothing is known here.
        cut_off: messages without end, of which nothing is said to be missing.
    """
    if standard not in _TABLES:
        return []
    opener, tables = _TABLES[standard]
    heads = rows.filter(pl.col("tag") == opener)
    kinds = heads.get_column(element(1 if standard == "x12" else 2))
    kinds = kinds.str.split(COMPONENT).list.first().str.strip_chars()
    found: list[Fault] = []
    for kind in kinds.unique(maintain_order=True).drop_nulls():
        if kind in tables:
            mine = heads.filter(kinds == kind)
            known = tables[kind]
            tags = list(dict.fromkeys((*known.required, *known.once, *_tags(known))))
            tagged = rows.select(_needed(rows, known)).filter(pl.col("tag").is_in(tags))
            if mine.height < heads.height:
                tagged = tagged.filter(pl.col("_message").is_in(mine["_message"].implode()))
            found += _of_kind(rows, mine, tagged, known, cut_off)
    found.sort(key=lambda fault: (fault.message or 0, fault.segment or 0, fault.element or 0))
    return found


def _needed(rows: pl.DataFrame, known: _Message) -> list[str]:
    """The columns that are looked at; the others are not copied."""
    widest = max(one.place for one in known.elements)
    places = [element(place) for place in range(1, widest + 1) if element(place) in rows.columns]
    around = ("_message", "_segment", "_line", "_byte_from", "_interchange", "_group", "tag")
    return [*around, *places]


def _tags(known: _Message) -> Iterator[str]:
    return (one.tag for one in known.elements)


def _of_kind(
    rows: pl.DataFrame,
    heads: pl.DataFrame,
    tagged: pl.DataFrame,
    known: _Message,
    cut_off: frozenset[int],
) -> Iterator[Fault]:
    by_tag = {
        str(key[0]): frame
        for key, frame in tagged.partition_by("tag", as_dict=True, maintain_order=True).items()
    }
    none = tagged.clear()
    for tag in known.required:
        there = by_tag.get(tag, none).get_column("_message")
        lacking = heads.filter(~pl.col("_message").is_in(there.unique().implode()))
        yield from _missing(rows, lacking, tag, cut_off)
    for tag in known.once:
        again = by_tag.get(tag, none).filter(~pl.col("_message").is_first_distinct())
        yield from _told(again, tag, f"{tag} stands in the message again", "repeated")
    for one in known.elements:
        if one.tag in by_tag:
            yield from _of_element(by_tag[one.tag], one)


def _missing(
    rows: pl.DataFrame, lacking: pl.DataFrame, tag: str, cut_off: frozenset[int]
) -> Iterator[Fault]:
    """Told where the segment should have been: after the header, or before what ends the lines."""
    for row in lacking.head(_MOST).iter_rows(named=True):
        if row["_message"] in cut_off:
            continue
        place = row
        if tag in _AFTER:
            ending = rows.filter(
                pl.col("_message") == row["_message"], pl.col("tag").is_in(list(_AFTER[tag]))
            )
            place = ending.row(0, named=True) if ending.height else row
        segment = max(2, place["_segment"])
        yield _fault({**place, "_segment": segment}, tag, f"{tag} is missing", "missing segment")


def _told(bad: pl.DataFrame, tag: str, detail: str, error: str) -> Iterator[Fault]:
    for row in bad.head(_MOST).iter_rows(named=True):
        yield _fault(row, tag, detail, error)


def _of_element(rows: pl.DataFrame, one: _Element) -> Iterator[Fault]:  # noqa: C901 one check a rule
    """Rows whose element is not what it has to be."""
    name = element(one.place)
    whole = pl.col(name) if name in rows.columns else pl.lit(None, pl.String)
    value = whole
    if one.component is not None:
        value = whole.str.split(COMPONENT).list.get(one.component - 1, null_on_oob=True)
    if _plain_number(rows, one):
        return
    seen = rows.select(
        "_message", "_segment", "_line", "_byte_from", "_interchange", "_group",
        value=value.replace("", None), empty=value.fill_null("").str.strip_chars() == "",
    )  # fmt: skip
    full, text = ~pl.col("empty"), pl.col("value")
    checks: list[tuple[str, str, pl.Expr]] = []
    if one.required:
        checks.append(("missing", "is missing", pl.col("empty")))
    if one.simple:
        several = full & text.str.contains(COMPONENT, literal=True)
        checks.append(("components", "has components, and is to have none", several))
        full = full & ~text.str.contains(COMPONENT, literal=True)
    if one.longest is not None:
        longer = full & (text.str.strip_chars().str.len_chars() > one.longest)
        checks.append(("too long", f"has more than {one.longest} characters", longer))
    if one.type != "text":
        said = {"date": "is no date", "number": "is no number", "whole": "is no whole number"}
        error = "date" if one.type == "date" else "number"
        checks.append((error, said[one.type], full & ~_is(one.type, text.str.strip_chars())))
    if not checks:
        return
    flags = seen.select(pl.any_horizontal([bad for _, _, bad in checks])).to_series()
    if not flags.any():
        return
    for error, said_, bad in checks:
        for row in seen.filter(bad).head(_MOST).iter_rows(named=True):
            yield _fault(row, one.tag, f"{one.name} {said_}", error, one)


def _plain_number(rows: pl.DataFrame, one: _Element) -> bool:
    """Whether all of the elements are numbers, as most are: they are not looked at twice."""
    if not one.simple or one.type != "number" or element(one.place) not in rows.columns:
        return False
    return bool(rows.select(_is("number", pl.col(element(one.place))).all()).item())


def _is(kind: Type, text: pl.Expr) -> pl.Expr:
    """Whether text is of a type: R and N of X12.6 (n of ISO 9735, comma or point), DT."""
    if kind == "number":
        return text.str.contains(r"^[+-]?(\d+[.,]?\d*|[.,]\d+)$")
    if kind == "whole":
        return text.str.contains(r"^[+-]?\d+$")
    long = text.str.to_date("%Y%m%d", strict=False).is_not_null() & (text.str.len_chars() == 8)
    short = text.str.to_date("%y%m%d", strict=False).is_not_null() & (text.str.len_chars() == 6)
    return long | short


def _fault(
    row: dict[str, Any], tag: str, detail: str, error: str, at: _Element | None = None
) -> Fault:
    value = None if at is None else row["value"]
    said = "" if value is None else f': "{value[:80].replace(COMPONENT, ":")}"'
    return Fault(
        code="EDI_SEGMENT",
        interchange=row["_interchange"],
        detail=detail + said,
        group=row["_group"],
        message=row["_message"],
        segment=row["_segment"],
        tag=tag,
        element=None if at is None else at.place,
        component=None if at is None else at.component,
        value=value,
        byte=row["_byte_from"],
        line=row["_line"],
        error=error,
    )


def led_by(rows: pl.DataFrame, faults: Sequence[Fault]) -> pl.DataFrame:
    """Messages led by a row of FAULT_TAG for each of their faults, behind their envelopes."""
    if not faults:
        return rows
    first = {number: fault for fault in reversed(faults) if (number := fault.message) is not None}
    lines = {number: fault.line for number, fault in first.items()}
    told = pl.DataFrame(
        {
            "_message": [one.message for one in faults],
            "_segment": 0,
            "_line": [lines[one.message or 0] for one in faults],
            "tag": FAULT_TAG,
            element(1): [one.code for one in faults],
            element(2): [f"{one.pointer}: {one.detail}" for one in faults],
            "_interchange": [one.interchange for one in faults],
            "_group": [one.group for one in faults],
        }
    ).group_by("_message", maintain_order=True).head(_OF_ONE)  # fmt: skip
    cast = told.select(
        pl.col(name).cast(rows.schema[name]) for name in told.columns if name in rows.columns
    )
    extra = [name for name in told.columns if name not in rows.columns]
    whole = pl.concat((rows, cast.hstack(told.select(extra))), how="diagonal")
    return whole.sort("_message", "_segment", maintain_order=True)
