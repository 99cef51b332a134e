"""A drop of EDI as a Source: batches of whole messages, each led by its envelope and its faults.

The tokenizers (x12, edifact, tradacoms, idoc) know how segments are written; what is alike in all
of them is here: cutting messages into batches, repeating ISA/GS (UNB/UNG, STX, EDI_DC40) before
each message, and saying what is wrong, as faults that condemn messages or as findings about the
file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import FAULT_TAG, Envelopes, Fault, element
from oms_import.model.finding import Finding, Location, Severity
from oms_import.model.values import Dialect, Shaping
from oms_import.readers.edi.faults_within import faults_within, led_by
from oms_import.readers.edi.leading import Header
from oms_import.readers.edi.partners import PARTNER_TAG, terms_of
from oms_import.readers.spec import ReadSpec

ORDER_KINDS = ("order", "change")
"""The kinds of message that are read; others are skipped and told."""

_TOLD = 100  # findings about a file: a person needs the first ones, not thousands
_KEPT = 10_000  # faults within messages; what is beyond still condemns its message
_FAULTS_OF_ONE = 50  # fault rows that one message, group or interchange gives to a message


class Tokenized(Protocol):
    """What a tokenizer found in a drop, and how its segments are read."""

    @property
    def name(self) -> str:
        """The format: x12, edifact, tradacoms, idoc."""
        ...

    @property
    def encoding(self) -> str:
        """The encoding of the text."""
        ...

    @property
    def envelopes(self) -> Envelopes:
        """The survey: interchanges, groups, messages and faults."""
        ...

    @property
    def headers(self) -> Mapping[int, Header]:
        """Group number → its header segments (ISA and GS; UNB, UNG; STX; EDI_DC40)."""
        ...

    @property
    def repairs(self) -> list[str]:
        """What was mended to read the file, for people: "lines wrapped at 80 columns"."""
        ...

    @property
    def findings(self) -> list[Finding]:
        """What else there is to say about the file, severities set; never about faults."""
        ...

    def segments(self, messages: pl.DataFrame) -> pl.DataFrame:
        """The segments of some messages, without envelope rows.

        Parameters:
            messages: rows of MESSAGES, in file order.

        Returns:
            SEGMENTS and e01 …, the messages in the same order.
        """
        ...


@runtime_checkable
class Leading(Protocol):
    """A tokenizer that reads leading rows along with the segments."""

    def led(self, messages: pl.DataFrame, headers: Mapping[int, Header]) -> pl.DataFrame | None:
        """The segments of some messages behind leading rows.

        Parameters:
            messages: rows of MESSAGES, in file order.
            headers: group → the leading rows of its messages.

        Returns:
            SEGMENTS and e01 …; None where the leading rows cannot be written as text.
        """
        ...


class SegmentSource:
    """A file of EDI opened for reading; see model.values.Source. Batches are frames of SEGMENTS."""

    def __init__(
        self,
        tokens: Tokenized,
        spec: ReadSpec,
        shape: Shaping | None = None,
        ready: pl.DataFrame | None = None,
    ) -> None:
        """Open a file.

        Parameters:
            ready: the only batch, if the tokenizer has it already; told apart from others only
                where nothing is to be said of its interchanges.
        """
        self._tokens = tokens
        self._ready = ready
        self.shape = shape
        self._within: dict[Fault, None] = {}  # found in messages as they were read
        self._terms = terms_of(self.envelopes.interchanges, spec)
        strict = [one for one in self.envelopes.faults if self._strict(one)]
        self._faults = _fault_frames(strict)
        self._orders = _orders(self.envelopes.messages)
        self._others = _others(self.envelopes.messages)

    @property
    def tokens(self) -> Tokenized:
        """The tokenizer, for what only it knows, e.g. the fields of an IDoc's segments."""
        return self._tokens

    @property
    def envelopes(self) -> Envelopes:
        """What surrounds the segments, for acknowledgements and control numbers.

        Faults within messages are among the faults once the messages were read.
        """
        around = self._tokens.envelopes
        return replace(around, faults=(*around.faults, *self._within)) if self._within else around

    @property
    def dialect(self) -> Dialect:
        """Format, encoding and the first interchange's element separator."""
        first = self.envelopes.interchanges[:1]
        return Dialect(
            format=self._tokens.name,
            encoding=self._tokens.encoding,
            delimiter=first[0].delimiters.element if first else None,
            ignored=dict(self._others),
        )

    @property
    def findings(self) -> list[Finding]:
        """EDI_REPAIRED, the tokenizer's own, EDI_DOCUMENT_IGNORED, and the faults that no row
        carries: all of them in lenient mode, else those of messages that are no orders.
        """
        repaired = [Finding(Code.EDI_REPAIRED, detail=what) for what in self._tokens.repairs]
        own = list(self._tokens.findings)
        return [*repaired, *own, *_ignored(self._others), *self._told()]

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of SEGMENTS, `_interchange` and `_group`, about `rows` rows; no message is cut.

        Each message (kind order or change) is led by the rows of its envelope and by a row of
        FAULT_TAG for each fault that condemns it.
        """
        said = any(one.kept_back or one.account or one.segment for one in self._terms.values())
        if self._ready is not None and not said and 0 < self._ready.height <= rows:
            yield self._checked(self._ready)
            return
        for part in _parts(self._orders, max(1, rows)):
            yield self._checked(_around(part, self._led(part)))

    def _checked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Messages led by what is wrong within them, too; it is kept for the acknowledgements."""
        cut_off = frozenset(
            one.message or 0
            for one in self._tokens.envelopes.faults
            if one.code == Code.EDI_TRUNCATED
        )
        found = faults_within(rows, self._tokens.name, cut_off)
        self._within.update(dict.fromkeys(found[: max(0, _KEPT - len(self._within))]))
        return led_by(rows, [one for one in found if self._strict(one)])

    def _led(self, messages: pl.DataFrame) -> pl.DataFrame:
        """Segments behind the leading rows of their messages."""
        if isinstance(self._tokens, Leading) and not self._condemned(messages):
            rows = self._tokens.led(messages, self._headers(messages))
            if rows is not None:
                return rows
        envelope, faults = self._envelope_rows(messages), self._fault_rows(messages)
        segments = self._tokens.segments(messages)
        parts = (envelope, *faults, *self._marks(messages), segments)
        # The sort is stable, so that of a message the leading rows, concatenated first, stay first.
        return pl.concat(parts, how="diagonal").sort("_message", maintain_order=True)

    def _condemned(self, messages: pl.DataFrame) -> bool:
        """Whether one of these messages has faults of its own."""
        faults = self._faults.get("message")
        return (
            faults is not None
            and messages.get_column("message").is_in(faults["on"].implode()).any()
        )

    def _headers(self, messages: pl.DataFrame) -> dict[int, Header]:
        """Group → the rows that lead each of its messages: envelope, faults, marks."""
        groups = messages.select("group", "interchange").unique(maintain_order=True)
        return {
            group: [
                *self._tokens.headers[group],
                *self._faults_on("interchange", interchange),
                *self._faults_on("group", group),
                *((tag, cells) for tag, *cells in self._marks_on(interchange)),
            ]
            for group, interchange in groups.iter_rows()
        }

    def _faults_on(self, scope: str, number: int) -> Header:
        faults = self._faults.get(scope)
        if faults is None:
            return []
        said = faults.filter(pl.col("on") == number).select(pl.exclude("on"))
        return [(FAULT_TAG, row) for row in said.iter_rows()]

    def _envelope_rows(self, messages: pl.DataFrame) -> pl.DataFrame:
        numbers = messages.get_column("group").unique(maintain_order=True)
        header = _header_frame({number: self._tokens.headers[number] for number in numbers})
        joined = messages.select("message", "group", "line").join(
            header, on="group", maintain_order="left_right"
        )
        return _leading(joined, pl.exclude("message", "group", "line"))

    def _strict(self, fault: Fault) -> bool:
        terms = self._terms.get(fault.interchange)
        return not fault.noted and (terms is None or terms.strict)

    def _marks(self, messages: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """What is said of whole interchanges: whose they are, and what keeps their orders back."""
        rows = [(number, *mark) for number in self._terms for mark in self._marks_on(number)]
        if not rows:
            return
        schema = {"interchange": pl.UInt32, "tag": pl.String, element(1): pl.String}
        marks = pl.DataFrame(rows, schema={**schema, element(2): pl.String}, orient="row")
        joined = messages.select("message", "line", "interchange").join(
            marks, on="interchange", maintain_order="left_right"
        )
        yield _leading(joined, pl.exclude("message", "line", "interchange"))

    def _marks_on(self, interchange: int) -> Iterator[tuple[str, str | None, str | None]]:
        """Tag and elements of what is said of an interchange."""
        terms = self._terms.get(interchange)
        if terms is None:
            return
        for code, said in terms.kept_back:
            yield FAULT_TAG, code, said
        if terms.account or terms.segment:
            yield PARTNER_TAG, terms.account, terms.segment

    def _fault_rows(self, messages: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Faults of the interchange, of the group and of the message, in this order."""
        for scope, faults in self._faults.items():
            key = messages.select("message", "line", pl.col(scope).alias("on"))
            marked = key.join(faults, on="on", maintain_order="left_right")
            code, said = pl.col(element(1)), pl.col(element(2))
            yield _leading(marked, pl.lit(FAULT_TAG).alias("tag"), code, said)

    def _told(self) -> list[Finding]:
        """Faults as findings about the file."""
        every = self.envelopes.faults
        scopes = dict.fromkeys(_scope(fault)[0] for fault in every)
        orders_in = {scope: frozenset(self._orders.get_column(scope)) for scope in scopes}
        faults = [
            fault for fault in every if not (self._strict(fault) and _is_in(orders_in, fault))
        ]
        told = [_finding(fault, self._severity(fault)) for fault in faults[:_TOLD]]
        if len(faults) > _TOLD:
            detail = f"and {len(faults) - _TOLD} more faults that are not listed"
            told.append(Finding(Code.EDI_ENVELOPE, detail=detail, severity=Severity.WARNING))
        return told

    def _severity(self, fault: Fault) -> Severity | None:
        """A warning; but the code's own where a broken envelope holds no message to tell it."""
        scope, number = _scope(fault)
        inside = self.envelopes.messages.get_column(scope)
        if self._strict(fault) and not (inside == number).any():
            return None
        return Severity.WARNING


def _around(messages: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of messages, in their order, with the numbers of their interchanges and groups."""
    numbers = messages.get_column("message").to_numpy()
    begins = np.searchsorted(rows.get_column("_message").to_numpy(), numbers)
    counts = np.diff(np.append(begins, rows.height))
    return rows.with_columns(
        pl.Series(f"_{name}", np.repeat(messages.get_column(name).to_numpy(), counts))
        for name in ("interchange", "group")
    )


def _scope(fault: Fault) -> tuple[str, int]:
    """The column of MESSAGES and its value that say which messages the fault condemns."""
    if fault.message is not None:
        return "message", fault.message
    if fault.group is not None:
        return "group", fault.group
    return "interchange", fault.interchange


def _is_in(orders_in: Mapping[str, frozenset[int]], fault: Fault) -> bool:
    """Whether the fault condemns an order, whose rows tell it."""
    scope, number = _scope(fault)
    return number in orders_in[scope]


_FAULTS = {"on": pl.UInt32, element(1): pl.String, element(2): pl.String}


def _fault_frames(faults: Sequence[Fault]) -> dict[str, pl.DataFrame]:
    """Scope → the faults of that scope: number, code and what to say, at most some of a number."""
    rows: dict[str, list[tuple[int, str, str]]] = {"interchange": [], "group": [], "message": []}
    for fault in faults:
        scope, number = _scope(fault)
        rows[scope].append((number, fault.code, f"{fault.pointer}: {fault.detail}"))
    frames = {
        scope: pl.DataFrame(of_scope, schema=_FAULTS, orient="row")
        for scope, of_scope in rows.items()
        if of_scope
    }
    return {
        scope: frame.group_by("on", maintain_order=True).head(_FAULTS_OF_ONE)
        for scope, frame in frames.items()
    }


def _finding(fault: Fault, severity: Severity | None) -> Finding:
    place = Location(line=fault.line, byte=fault.byte, pointer=fault.pointer)
    detail = f"{fault.pointer}: {fault.detail}"
    return Finding(Code(fault.code), None, fault.value, detail, severity, place)


_AROUND = ("ORDHDR", "ORDTLR")  # of TRADACOMS: they speak of the orders between them
_TIMES = "\u00d7"


def _ignored(others: Sequence[tuple[str, int]]) -> list[Finding]:
    """How many documents of which type are no orders, where there are any."""
    told = ", ".join(f"{count} {_TIMES} {kind}" for kind, count in others)
    return [Finding(Code.EDI_DOCUMENT_IGNORED, detail=told)] if told else []


def _orders(messages: pl.DataFrame) -> pl.DataFrame:
    """The messages that are read; no copy where all of them are."""
    are_orders = messages.get_column("kind").is_in(ORDER_KINDS)
    return messages if are_orders.all() else messages.filter(are_orders)


def _others(messages: pl.DataFrame) -> list[tuple[str, int]]:
    """Types of documents that are no orders, and how many of each."""
    are_orders = messages.get_column("kind").is_in(ORDER_KINDS)
    if are_orders.all():
        return []
    others = messages.filter(~are_orders & ~pl.col("type").is_in(_AROUND))
    counts = others.group_by("type", maintain_order=True).len().rows()
    return [(kind or "unnamed", count) for kind, count in counts]


def _parts(messages: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """Messages cut where a batch is full; a message longer than a batch stands in one alone."""
    if messages.is_empty():
        return
    leading = 2  # rows of the envelope
    before = (pl.col("segments").cast(pl.Int64) + leading).cum_sum().shift(fill_value=0)
    lengths = messages.select((before // rows).rle().struct.field("len")).to_series()
    begin = 0
    for length in lengths:
        yield messages.slice(begin, length)
        begin += length


def _header_frame(headers: Mapping[int, Header]) -> pl.DataFrame:
    """group, tag, e01 …: one row a header segment."""
    rows = [(group, *segment) for group, header in headers.items() for segment in header]
    width = max((len(cells) for _, _, cells in rows), default=1)
    columns = {
        element(place + 1): [cells[place] if place < len(cells) else None for _, _, cells in rows]
        for place in range(max(1, width))
    }
    frame = {"group": [row[0] for row in rows], "tag": [row[1] for row in rows], **columns}
    strings = dict.fromkeys(("tag", *columns), pl.String)
    return pl.DataFrame(frame, schema={"group": pl.UInt32, **strings})


def _leading(messages: pl.DataFrame, *cells: pl.Expr) -> pl.DataFrame:
    """Rows that stand before a message's own, placed on its first line."""
    nowhere = pl.lit(None, pl.Int64)
    return messages.select(
        pl.col("message").alias("_message"),
        pl.lit(0, pl.UInt32).alias("_segment"),
        pl.col("line").alias("_line"),
        nowhere.alias("_byte_from"),
        nowhere.alias("_byte_to"),
        *cells,
    )
