"""What is wrong inside messages, as their directory sees it: segments missing or once too often,
elements missing, too long, or of another type. Work on whole frames; a loop only over what is bad.

What is demanded is in readers.edi.demands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import polars as pl

from oms_import.model.edi import COMPONENT, FAULT_TAG, Fault, element
from oms_import.readers.edi.demands import TABLES, ElementRule, MessageRule, Type

_MOST = 1_000  # faults of a kind in one batch that are told; beyond, the first of each message
_CANCELLED = ("01", "03")  # element 353: cancellation, delete
_OF_ONE = 50  # rows of faults that lead one message

_AROUND = ("_message", "_segment", "_line", "_byte_from", "_interchange", "_group")
_ENDS = ("CTT", "SE")  # a missing PO1 is told where these stand


def faults_within(rows: pl.DataFrame, standard: str, cut_off: frozenset[int]) -> list[Fault]:
    """Faults of the messages in a frame, in file order. Of a kind of which there are more than
    `_MOST` only the first in each message is told, so that each is condemned.

    Parameters:
        rows: SEGMENTS of whole messages, with `_interchange` and `_group`.
        standard: x12, edifact; of others nothing is known here.
        cut_off: messages without end, of which nothing is said to be missing.
    """
    if standard not in TABLES:
        return []
    opener, tables = TABLES[standard]
    named = element(1 if standard == "x12" else 2)
    heads = rows.select(*_AROUND, named).filter(rows.get_column("tag") == opener)
    kinds = heads.get_column(named).str.split(COMPONENT).list.first().str.strip_chars()
    found: list[Fault] = []
    for kind in kinds.unique(maintain_order=True).drop_nulls():
        if kind not in tables:
            continue
        mine = heads.filter(kinds == kind)
        inside = rows
        if mine.height < heads.height:
            inside = rows.filter(pl.col("_message").is_in(mine["_message"].implode()))
        found += _of_kind(inside, mine, tables[kind], cut_off)
    found.sort(key=lambda fault: (fault.message or 0, fault.segment or 0, fault.element or 0))
    return found


def _of_kind(
    rows: pl.DataFrame, heads: pl.DataFrame, known: MessageRule, cut_off: frozenset[int]
) -> Iterator[Fault]:
    """Faults of the messages of one type; `rows` and `heads` hold no others."""
    tags = rows.get_column("tag")
    at = {tag: tags == tag for tag in known.tags}
    for tag in known.required:
        there = rows.get_column("_message").filter(at[tag])
        lacking = _lacking(heads, there)
        if lacking.height:
            yield from _missing(rows, lacking.filter(~pl.col("_message").is_in(cut_off)), tag)
    for tag in known.once:
        owners = rows.get_column("_message").filter(at[tag])
        if owners.len() and (again := owners == owners.shift()).any():
            yield from _told(rows.select(_AROUND).filter(at[tag]).filter(again), tag)
    for (tag, _), every in groupby(known.elements, lambda one: (one.tag, one.place)):
        ones = tuple(every)
        suspects = _suspects(rows, at[tag], ones)
        if suspects.height:
            for one in ones:
                yield from _of_element(suspects, one)


def _lacking(heads: pl.DataFrame, there: pl.Series) -> pl.DataFrame:
    """The messages that are not among these, which are in order and may repeat."""
    numbers = there.to_numpy()
    numbers = numbers[np.append(True, numbers[1:] != numbers[:-1])] if len(numbers) else numbers
    if np.array_equal(numbers, heads.get_column("_message").to_numpy()):
        return heads.clear()
    return heads.filter(~pl.Series(np.isin(heads.get_column("_message").to_numpy(), numbers)))


def _missing(rows: pl.DataFrame, lacking: pl.DataFrame, tag: str) -> Iterator[Fault]:
    """Told where the segment should have been: after the header, or before what ends the lines."""
    if tag == "PO1":
        lacking = _ends(rows, _new(rows, lacking))
    for row in lacking.iter_rows(named=True):
        place = {**row, "_segment": max(2, row["_segment"])}
        yield _fault(place, tag, f"{tag} is missing", "missing segment")


def _new(rows: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """Headers of the messages whose BEG01 does not cancel: a cancellation needs no lines."""
    purpose = pl.col(element(1)).str.strip_chars()
    cancelled = rows.select("_message", "tag", element(1)).filter(
        pl.col("tag") == "BEG", purpose.is_in(_CANCELLED)
    )
    return heads.filter(~pl.col("_message").is_in(cancelled["_message"].implode()))


def _ends(rows: pl.DataFrame, heads: pl.DataFrame) -> pl.DataFrame:
    """Of these messages the first segment that ends the lines."""
    if heads.is_empty():
        return heads
    within = pl.col("_message").is_in(heads["_message"].implode())
    ends = rows.select(*_AROUND, "tag").filter(pl.col("tag").is_in(_ENDS), within)
    return ends.filter(pl.col("_message").is_first_distinct())


def _told(again: pl.DataFrame, tag: str) -> Iterator[Fault]:
    for row in _bounded(again).iter_rows(named=True):
        yield _fault(row, tag, f"{tag} stands in the message again", "repeated")


def _bounded(bad: pl.DataFrame) -> pl.DataFrame:
    return bad if bad.height <= _MOST else bad.filter(pl.col("_message").is_first_distinct())


def _suspects(rows: pl.DataFrame, at: pl.Series, ones: tuple[ElementRule, ...]) -> pl.DataFrame:
    """Segments whose element is not plainly right, to be looked at closely; mostly there are none.

    Values repeat much, so that each is looked at once. An element that nobody has is given as null.

    Parameters:
        at: which of `rows` are the segments.
        ones: what is known of one element, its components in their order.
    """
    name, required = element(ones[0].place), ones[0].required
    if name not in rows.columns:
        nothing = rows.select(*_AROUND, pl.lit(None, pl.String).alias(name))
        return nothing.filter(at) if required else nothing.clear()
    cells = rows.get_column(name).filter(at)
    values = cells.unique()
    odd = values.filter(~values.str.contains(_plain(ones)))
    around = rows.select(*_AROUND, name)
    if odd.is_empty() and not (required and cells.has_nulls()):
        return around.clear()
    return around.filter(at).filter(cells.is_in(odd.implode()).fill_null(required))


_ANY = "[ -~]*"


def _plain(ones: tuple[ElementRule, ...]) -> str:
    """What elements look like that are surely right; others may be, too.

    Of components each stands in the group of the one before it, since all behind may be left out.
    """
    if ones[0].component is None:
        return f"^{_plain_value(ones[0])}$"
    known = {one.component or 1: _plain_value(one) for one in ones}
    rest = f"(?:{COMPONENT}|$)"
    for component in range(max(known), 1, -1):
        rest = f"(?:{COMPONENT}(?:{known.get(component, _ANY)})?{rest}|$)"
    return f"^{known.get(1, _ANY)}{rest}"


def _plain_value(one: ElementRule) -> str:
    if one.type == "number":
        return "[0-9]+(?:[.][0-9]*)?"
    if one.type == "date":
        return "20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    longest = one.longest or 1
    return f"[0-9]{{1,{longest}}}" if one.type == "whole" else f"[!-~][ -~]{{0,{longest - 1}}}"


def _of_element(rows: pl.DataFrame, one: ElementRule) -> Iterator[Fault]:
    """Rows whose element is not what it has to be."""
    value = pl.col(element(one.place))
    if one.component is not None:
        value = value.str.split(COMPONENT).list.get(one.component - 1, null_on_oob=True)
    seen = rows.select(
        *_AROUND,
        value=value.replace("", None),
        text=value.fill_null("").str.strip_chars(),
    )
    for error, said, bad in _checks(one):
        for row in _bounded(seen.filter(bad)).iter_rows(named=True):
            yield _fault(row, one.tag, f"{one.name} {said}", error, one)


_NOT = {"date": "is no date", "number": "is no number", "whole": "is no whole number"}


def _checks(one: ElementRule) -> Iterator[tuple[str, str, pl.Expr]]:
    """Kind of fault, what to say, and whether `text`, an element without blanks, has it."""
    text = pl.col("text")
    full, several = text != "", text.str.contains(COMPONENT, literal=True)
    if one.required:
        yield "missing", "is missing", ~full
    if one.simple:
        yield "components", "has components, and is to have none", several
        full = full & ~several
    if one.longest is not None:
        longer = full & (text.str.len_chars() > one.longest)
        yield "too long", f"has more than {one.longest} characters", longer
    if one.type != "text":
        error = "date" if one.type == "date" else "number"
        yield error, _NOT[one.type], full & ~_is(one.type, text)


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
    row: dict[str, Any], tag: str, detail: str, error: str, at: ElementRule | None = None
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
