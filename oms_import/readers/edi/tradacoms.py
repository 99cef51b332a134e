"""TRADACOMS transmissions (STX … END), opened as a source of segments.

Written as EDIFACT is, but with `=` after the tag and fixed delimiters, often blocked at 40 or 80
columns. Orders come in files of ORDHDR, ORDERS … ORDTLR: what the ORDHDR says about supplier,
customer and file holds for all orders up to the ORDTLR, so that each of them is given its segments.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from oms_import.model.edi import Delimiters, Fault, Group, Interchange, element
from oms_import.model.values import Limits
from oms_import.readers.edi.edifact import SegmentFile
from oms_import.readers.edi.edifact_header import Opening
from oms_import.readers.edi.edifact_syntax import Elements, Syntax, joined, part
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.spec import ReadSpec

_STX = re.compile(rb"(?<![A-Za-z0-9])S[\r\n]*T[\r\n]*X[\r\n]*=")
_MARKS = Delimiters("+", ":", "'", release="?")
_FRAMING = ("MHD", "MTR")
_BATCH = ("ORDHDR", "ORDTLR")


def _find(data: mmap.mmap, start: int) -> Opening | None:
    """The next transmission at or after `start`."""
    found = _STX.search(data, start)
    return None if found is None else Opening(found.start(), found.start(), _MARKS)


def _interchange(number: int, stx: Elements, delimiters: Delimiters) -> Interchange:
    """STX: STDS, FROM and UNTO (code or name), TRDT (date and time), SNRF."""
    return Interchange(
        number=number,
        standard="tradacoms",
        sender=part(stx, 2) or part(stx, 2, 2),
        receiver=part(stx, 3) or part(stx, 3, 2),
        control=part(stx, 5),
        delimiters=delimiters,
        prepared=joined(stx, 4, " ") or None,
        version=joined(stx, 1) or None,
    )


def _batch(plain: Group, bat: Elements) -> Group:
    """BAT: its one element numbers the batch."""
    return replace(plain, control=part(bat, 1))


TRADACOMS = Syntax(
    name="tradacoms",
    header="STX",
    trailer="END",
    group="BAT",
    group_end="EOB",
    message="MHD",
    message_end="MTR",
    advice="STX",
    tag_end="=",
    referenced=False,
    control=5,
    kinds={"ORDERS": "order"},
    find=_find,
    interchange=_interchange,
    grouped=_batch,
)


def open_tradacoms(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of TRADACOMS.

    Raises:
        DropRejectedError: FILE_EMPTY; EDI_HEADER: there is no STX; EDI_ENVELOPE: a message of more
            than 64 MB; ENC_MISMATCH, ENC_INVALID.
        OutputError: the scratch folder has no space.
    """
    del limits  # memory does not depend on the file's fields
    return SegmentSource(TradacomsFile(path, spec.format.encoding, scratch), spec)


class TradacomsFile(SegmentFile):
    """A file of TRADACOMS, surveyed; orders are read with the segments of their ORDHDR.

    Those come first in a message, `_segment` 0, placed where they stand in the file.
    """

    def __init__(self, path: Path, encoding: str, scratch: Path) -> None:
        """Survey the file.

        Raises:
            DropRejectedError: as SegmentFile; EDI_HEADER where there is no STX.
        """
        super().__init__(path, TRADACOMS, encoding, scratch)
        messages = _with_batches(self.envelopes.messages)
        self._batches = messages.select("message", "batch").filter(pl.col("batch") > 0)
        framing = messages.filter(pl.col("type").is_in(_BATCH)).get_column("message")
        faults = _widened(self.envelopes.faults, frozenset(framing))
        self.envelopes = replace(self.envelopes, faults=(*faults, *self._totals(messages)))

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The SEGMENTS of these messages (rows of MESSAGES, in order), led by those of ORDHDR."""
        own = super().segments(messages)
        orders = messages.filter(pl.col("kind") != "other").select("message")
        batches = orders.join(self._batches, on="message", maintain_order="left")
        numbers = batches.get_column("batch").unique()
        headers = self.envelopes.messages.filter(pl.col("message").is_in(numbers.implode()))
        if headers.is_empty():
            return own
        said = super().segments(headers).filter(~pl.col("tag").is_in(_FRAMING))
        led = batches.join(
            said, left_on="batch", right_on="_message", maintain_order="left_right"
        ).select(
            pl.col("message").alias("_message"),
            pl.lit(0, pl.UInt32).alias("_segment"),
            pl.exclude("message", "batch", "_segment"),
        )
        both = pl.concat((led, own), how="diagonal")
        return both.sort("_message", "_segment", maintain_order=True)

    def _totals(self, messages: pl.DataFrame) -> list[Fault]:
        """OFT in the ORDTLR states how many orders its file has."""
        trailers = messages.filter((pl.col("type") == "ORDTLR") & (pl.col("before") > 0))
        if trailers.is_empty():
            return []
        stated = super().segments(trailers).filter(pl.col("tag") == "OFT")
        orders = messages.filter((pl.col("type") == "ORDERS") & (pl.col("batch") > 0))
        counts = orders.group_by("batch").agg(pl.len().alias("counted"))
        checked = (
            trailers.with_columns(pl.col("before").alias("batch"))
            .join(counts, on="batch", how="left", maintain_order="left")
            .join(stated, left_on="message", right_on="_message", maintain_order="left")
            .with_columns(pl.col("counted").fill_null(0), pl.col(element(1)).fill_null(""))
        )
        number = pl.col(element(1)).cast(pl.Int64, strict=False)
        wrong = checked.filter(~(number == pl.col("counted")).fill_null(value=False))
        return [_total_fault(row) for row in wrong.iter_rows(named=True)]


def _with_batches(messages: pl.DataFrame) -> pl.DataFrame:
    """Messages with `batch`, the ORDHDR that each order follows (0: none), and `before`, the ORDHDR
    that is the last one above it.
    """
    kind = pl.col("type")
    opened = pl.when(kind == "ORDHDR").then(pl.col("message")).when(kind == "ORDTLR").then(0)
    last = opened.forward_fill().over("interchange").fill_null(0)
    above = pl.when(kind == "ORDHDR").then(pl.col("message")).forward_fill().over("interchange")
    return messages.with_columns(
        pl.when(kind == "ORDERS").then(last).otherwise(0).cast(pl.UInt32).alias("batch"),
        above.fill_null(0).cast(pl.UInt32).alias("before"),
    )


def _widened(faults: Iterable[Fault], framing: frozenset[int]) -> Iterator[Fault]:
    """Faults of ORDHDR and ORDTLR damage every order they stand around: the interchange's."""
    for fault in faults:
        if fault.message in framing:
            detail = f"{fault.detail}, in message {fault.message}, which frames orders"
            yield replace(fault, message=None, group=None, detail=detail)
        else:
            yield fault


def _total_fault(row: dict[str, Any]) -> Fault:
    stated, counted = row[element(1)], row["counted"]
    return Fault(
        "EDI_COUNT",
        row["interchange"],
        f'OFT of the ORDTLR states "{stated}" orders, {counted} were read',
        segment=row["_segment"],
        tag="OFT",
        element=1,
        value=stated,
        byte=row["_byte_from"],
        line=row["_line"],
    )
