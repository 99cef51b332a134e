"""What acknowledgements are written from, beside the envelopes: outcomes, numbers, agreements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

import polars as pl

from oms_import.model.edi import Interchange

Status = Literal["accepted", "rejected", "held", "duplicate", "ignored"]

OUTCOMES = pl.Schema(
    {
        "message": pl.UInt32,  # number in the drop, as in model.edi.MESSAGES
        "outcome": pl.String,  # model.finding.Outcome
        "codes": pl.List(pl.String),  # reason codes of the order, EDI_* among them
        "reasons": pl.List(pl.String),  # their texts, in the same order
        "order_number": pl.String,
        "order_date": pl.Date,
        "release": pl.String,  # BEG04
        "buyer": pl.String,  # party ids; ORDRSP, null: the interchange's sender, receiver
        "buyer_qualifier": pl.String,  # X12 element 66, null: 92, assigned by the buyer; 3055
        "supplier": pl.String,
        "supplier_qualifier": pl.String,
        "ship_to": pl.String,  # null: none is written
        "ship_to_qualifier": pl.String,
        "currency": pl.String,  # null: none is written
        "currency_usage": pl.String,  # CUR01; 6347
    }
)
"""One row an order message. `message` and `outcome` must be there; the rest may be absent."""

LINES = pl.Schema(
    {
        "message": pl.UInt32,
        "line": pl.String,  # as the source numbers it: PO101, LIN 1082
        "ids": pl.List(pl.Struct({"qualifier": pl.String, "value": pl.String})),
        "quantity": pl.String,  # a decimal with a point
        "uom": pl.String,  # the source's own code
        "unit_price": pl.String,
        "price_terms": pl.List(pl.String),  # PO105; 5125, 5375, 5387, 5284, 6411 beside the price
        "status": pl.String,  # accepted, rejected; null: what the order is
        "codes": pl.List(pl.String),
        "reasons": pl.List(pl.String),
    }
)
"""One row an order line, in the source's order. Columns but `message` may be absent."""


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """One row of OUTCOMES."""

    message: int
    outcome: Status
    codes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    order_number: str | None = None
    order_date: date | None = None
    release: str | None = None
    buyer: str | None = None
    buyer_qualifier: str | None = None
    supplier: str | None = None
    supplier_qualifier: str | None = None
    ship_to: str | None = None
    ship_to_qualifier: str | None = None
    currency: str | None = None
    currency_usage: str | None = None


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """One row of LINES; `ids` are (qualifier, value)."""

    message: int
    line: str | None = None
    ids: tuple[tuple[str | None, str], ...] = ()
    quantity: str | None = None
    uom: str | None = None
    unit_price: str | None = None
    status: Literal["accepted", "rejected"] | None = None
    codes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    price_terms: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlNumbers:
    """The first numbers an answer may use; the caller has reserved them for good.

    An answer uses one interchange number, at most one group number for each group of the
    interchange it answers, and at most one message number for each of its messages (997, 999) or
    orders (855, ORDRSP). Group and message numbers count up from here; gaps are harmless.

    Raises:
        ValueError: a number is not within 1 … 999,999,999, which is all ISA13 and GS06 hold.
    """

    interchange: int
    group: int = 1
    message: int = 1

    def __post_init__(self) -> None:
        numbers = (self.interchange, self.group, self.message)
        if not all(1 <= number <= 999_999_999 for number in numbers):
            raise ValueError(f"control numbers are 1 to 999999999, not {numbers}")


@dataclass(frozen=True, slots=True)
class AckPolicy:
    """What was agreed with the partner."""

    strict: bool = True  # faults of envelopes reject (profile: format.strict); else they are noted
    ta1: bool = True  # the partner takes TA1: a refused interchange gets that and no 997
    refuse_others: bool = False  # groups and interchanges without orders are answered, as refused
    answer_duplicates: bool = False  # 855 and ORDRSP repeat themselves for a duplicate
    encoding: str = "ascii"  # what X12 answers will be encoded with
    guide_999: str = "005010X231A1"  # ST03 and GS08 of a 999


CHARACTER_SETS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "latin-1", "UNOD": "iso8859-2",
    "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4",
    "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9", "UNOL": "iso8859-15",
    "UNOW": "utf-8", "UNOX": "ascii", "UNOY": "utf-8",
}  # fmt: skip
"""Syntax identifiers (0001) and what they are encoded with; of UNOX only its ASCII part is used."""


def answer_encoding(interchange: Interchange, policy: AckPolicy | None = None) -> str:
    """The encoding an answer to this interchange has to be written with; its text fits in it."""
    if interchange.standard == "edifact":
        return CHARACTER_SETS.get((interchange.version or "").partition(":")[0], "latin-1")
    return (policy or AckPolicy()).encoding


def outcomes_frame(outcomes: Iterable[MessageOutcome]) -> pl.DataFrame:
    """A frame of OUTCOMES."""
    return pl.DataFrame([asdict(outcome) for outcome in outcomes], schema=OUTCOMES)


def lines_frame(lines: Iterable[LineOutcome]) -> pl.DataFrame:
    """A frame of LINES."""
    rows = [
        asdict(line) | {"ids": [{"qualifier": name, "value": value} for name, value in line.ids]}
        for line in lines
    ]
    return pl.DataFrame(rows, schema=LINES)


def completed(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """The frame with the schema's columns and types; columns it has not are null."""
    if frame.schema == schema:
        return frame
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
    )


def paired(codes: list[str] | None, reasons: list[str] | None) -> list[tuple[str, str]]:
    """(code, text) for each reason; a code without a text stands for itself."""
    names, texts = codes or [], reasons or []
    longest = max(len(names), len(texts))
    names = [name or "" for name in names] + [""] * (longest - len(names))
    texts = [text or "" for text in texts] + [""] * (longest - len(texts))
    return [(code, text or code) for code, text in zip(names, texts, strict=True) if code or text]
