"""A drop of documents as a Source: one row an order line, columns named by the profile's paths.

What is alike in XML and JSON is here: which columns there are, how the values of orders and lines
become frames, and where in the document a row stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.documents import DOCUMENT, OTHER_LINE_VALUES, OTHER_VALUES
from oms_import.model.edi import Envelopes
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.model.values import POINTER, SOURCE_HOUSEKEEPING, Dialect, Shaping
from oms_import.readers.documents.block import Block, BlockRows
from oms_import.readers.documents.columns import is_bulk
from oms_import.readers.documents.nodes import Odd
from oms_import.readers.documents.paths import DocumentPath, NotAPathError, Style, parse
from oms_import.readers.documents.pick import Left, Picked, Picker, Row
from oms_import.readers.documents.tree import Node
from oms_import.readers.spec import ReadSpec

_HALF = re.compile("[\ud800-\udfff]")
_RESERVED = frozenset((DOCUMENT, OTHER_VALUES, OTHER_LINE_VALUES))
_JOINTS: dict[Style, str] = {"xml": "/", "json": "."}


@dataclass(frozen=True, slots=True)
class Found:
    """An order in its document."""

    node: Node
    outside: Node  # what stands around the orders, as far as it was read: the document's root
    pointer: str
    line: int
    fault: tuple[str, str] | None = None  # reason code and what to say, of a broken one
    raw: str | None = None  # a broken one's text


class Documents(Protocol):
    """A file whose documents can be gone through, again and again."""

    @property
    def encoding(self) -> str:
        """The encoding of the text."""
        ...

    @property
    def findings(self) -> list[Finding]:
        """What there is to say about the file; complete only after the last order."""
        ...

    def blocks(self) -> Iterator[Block]:
        """Orders in blocks, the fast way; goes on with `orders` where that ends.

        Raises:
            Odd: the orders from here on are to be read by `orders`.
        """
        ...

    def orders(self) -> Iterator[Found]:
        """Every order, in the file's order.

        Raises:
            DropRejectedError: the document is broken, too deep or too large.
        """
        ...


@dataclass(frozen=True, slots=True)
class Shape:
    """The paths of a profile, sorted out."""

    style: Style
    orders: tuple[DocumentPath, ...]  # where orders stand
    lines: tuple[DocumentPath, ...]
    own: tuple[DocumentPath, ...]  # relative to the order
    around: tuple[DocumentPath, ...]  # from the document's root
    never: tuple[DocumentPath, ...]
    test_when: tuple[tuple[str, frozenset[str]], ...]  # column → values that mark a test

    @classmethod
    def of(cls, spec: ReadSpec, style: Style) -> Shape:
        """The paths that a profile names.

        Raises:
            DropRejectedError: FORMAT_UNKNOWN, one of them is no path.
        """
        form = spec.format
        orders = tuple(_parsed(text, style) for text in form.orders)
        never = {text: _parsed(text, style) for text in spec.never}
        names = (spec.known_columns | set(form.test_when)) - _RESERVED - set(never)
        wanted = [_relative(_parsed(text, style), orders) for text in sorted(names)]
        return cls(
            style,
            orders,
            tuple(_parsed(text, style) for text in form.lines),
            tuple(one for one in wanted if not one.absolute),
            tuple(one for one in wanted if one.absolute),
            tuple(_relative(one, orders) for one in never.values()),
            tuple((name, frozenset(values)) for name, values in sorted(form.test_when.items())),
        )

    def pickers(self) -> tuple[Picker, Picker]:
        """What looks the paths up in an order, and in what stands around it."""
        inside = [one for one in self.never if not one.absolute]
        outside = [one for one in self.never if one.absolute]
        return (
            Picker(self.own, self.lines, inside, _JOINTS[self.style]),
            Picker(self.around, (), outside, "/"),
        )


def _parsed(text: str, style: Style) -> DocumentPath:
    try:
        return parse(text, style)
    except NotAPathError as error:
        detail = f"the profile names a path that is none: {error}"
        raise DropRejectedError([Finding(Code.FORMAT_UNKNOWN, detail=detail)]) from None


def _relative(path: DocumentPath, orders: Sequence[DocumentPath]) -> DocumentPath:
    """A path from the document's root into the order as one from the order."""
    for one in orders:
        count = len(one.steps)
        if path.absolute and path.names[:count] == one.names and len(path.steps) > count > 0:
            return DocumentPath(path.text, path.steps[count:], each=path.each)
    return path


class DocumentSource:
    """A file of documents opened for reading; see model.values.Source."""

    shape: Shaping | None = None
    envelopes: Envelopes | None = None

    def __init__(self, documents: Documents, shape: Shape, spec: ReadSpec) -> None:
        self._documents = documents
        self._shape = shape
        self._released = spec.format.test == "release"
        inside, outside = shape.pickers()
        self.columns = (
            *inside.order_paths,
            *inside.line_paths,
            *outside.order_paths,
            DOCUMENT,
            OTHER_VALUES,
            OTHER_LINE_VALUES,
        )

    @property
    def dialect(self) -> Dialect:
        """Format, encoding and the paths that are read."""
        encoding = self._documents.encoding
        return Dialect(format=self._shape.style, encoding=encoding, columns=self.columns)

    @property
    def findings(self) -> list[Finding]:
        """What there is to say about the file."""
        return self._documents.findings

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of about `rows` rows of whole orders; see model.values.Source.batches.

        Raises:
            DropRejectedError: the document is broken, too deep or too large.
        """
        inside, outside = self._shape.pickers()
        begin = _Begin()
        if is_bulk(inside):
            try:
                yield from self._bulk(BlockRows(inside, outside), rows, begin)
            except Odd:
                pass
            else:
                return
        part = _Part(inside, outside, begin.document, begin.record)
        for found in islice(self._documents.orders(), begin.document - 1, None):
            part.add(found)
            if part.height >= rows:
                yield self._marked(part.frame())
                part = _Part(inside, outside, part.document, part.record)
        if part.height:
            yield self._marked(part.frame())

    def _bulk(self, made: BlockRows, rows: int, begin: _Begin) -> Iterator[pl.DataFrame]:
        """Frames of blocks; `begin` is where the next one begins."""
        waiting: list[pl.DataFrame] = []
        odd: Odd | None = None
        try:
            for block in self._documents.blocks():
                frame = made.frame(block, begin.document, begin.record)
                begin.document += len(block.pointers)
                begin.record += frame.height
                waiting.append(self._marked(frame))
                if sum(one.height for one in waiting) >= rows:
                    yield from _cut(pl.concat(waiting), rows)
                    waiting = []
        except Odd as sign:
            odd = sign
        if waiting:
            yield from _cut(pl.concat(waiting), rows)
        if odd is not None:
            raise odd

    def _marked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the orders that are marked as tests kept back."""
        marks = [pl.col(name).is_in(list(values)) for name, values in self._shape.test_when]
        if not marks or self._released:
            return frame
        test = pl.any_horizontal(marks).fill_null(value=False)
        fresh = test & pl.col("_fault").is_null()
        return frame.with_columns(
            pl.when(fresh).then(pl.lit(str(Code.TEST_ORDER))).otherwise("_fault").alias("_fault")
        )


@dataclass(slots=True)
class _Begin:
    """The numbers of the next order and the next row."""

    document: int = 1
    record: int = 1


def _cut(frame: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """Frames of at least as many rows, of whole orders."""
    begins = (frame[DOCUMENT] != frame[DOCUMENT].shift(1)).fill_null(value=True).arg_true()
    done = 0
    while frame.height - done > rows:
        at = begins.search_sorted(done + rows)
        if at >= len(begins):
            break
        end = int(begins[at])
        yield frame.slice(done, end - done)
        done = end
    yield frame.slice(done)


@dataclass(slots=True)
class _Part:
    """Orders gathered for one frame."""

    inside: Picker
    outside: Picker
    document: int  # number of the next order
    record: int  # number of the next row
    orders: list[Row] = field(default_factory=list[Row])
    lines: list[Row] = field(default_factory=list[Row])
    around: list[Row] = field(default_factory=list[Row])
    of_order: list[int] = field(default_factory=list[int])  # each row's order, from 0
    told: list[tuple[str | None, str | None]] = field(
        default_factory=list[tuple[str | None, str | None]]
    )
    places: list[tuple[int | None, str]] = field(default_factory=list[tuple[int | None, str]])
    faults: list[tuple[str | None, str | None, str | None]] = field(
        default_factory=list[tuple[str | None, str | None, str | None]]
    )
    _surroundings: tuple[Node, Row, Left] | None = None

    @property
    def height(self) -> int:
        """Rows so far."""
        return len(self.of_order)

    def add(self, found: Found) -> None:
        """Take an order in."""
        picked = self.inside.pick(found.node)
        row, left = self._around(found.outside)
        number = len(self.orders)
        self.orders.append(picked.order)
        self.around.append(row)
        code, said = found.fault or (None, None)
        alone: Row = [None] * len(self.inside.line_paths)
        for place, line in enumerate(picked.lines or [alone]):
            self.of_order.append(number)
            self.lines.append(line)
            first = [*picked.left, *left] if place == 0 else []
            mine = picked.lines_left[place] if picked.lines else []
            self.told.append((_told(first), _told(mine)))
            self.places.append(_place(found, picked, place))
            self.faults.append((code, said, found.raw))

    def _around(self, root: Node) -> tuple[Row, Left]:
        """The values around the orders, looked up once while they are the same."""
        known = self._surroundings
        if known is None or known[0] is not root:
            picked = self.outside.pick(root)
            left = [(f"/{name}", value) for name, value in picked.left]
            known = self._surroundings = (root, picked.order, left)
        return known[1], known[2]

    def frame(self) -> pl.DataFrame:
        """The rows: columns of paths, DOCUMENT, OTHER VALUES …, housekeeping."""
        at = pl.Series(self.of_order, dtype=pl.UInt32)
        of_orders = _columns(self.inside.order_paths, self.orders)
        of_lines = _columns(self.inside.line_paths, self.lines)
        of_around = _columns(self.outside.order_paths, self.around)
        numbers = (at.cast(pl.Int64) + self.document).cast(pl.String).alias(DOCUMENT)
        told = _columns((OTHER_VALUES, OTHER_LINE_VALUES), self.told)
        spread = [*(one.gather(at) for one in of_orders), *of_lines]
        spread += [one.gather(at) for one in of_around]
        frame = pl.DataFrame([*spread, numbers, *told, *self._housekeeping()])
        self.document += len(self.orders)
        self.record += self.height
        return frame

    def _housekeeping(self) -> list[pl.Series]:
        line = pl.Series("_line", [place for place, _ in self.places], dtype=pl.Int64)
        values = {
            "_record": pl.int_range(self.record, self.record + self.height, eager=True),
            "_line": line,
            "_line_to": line,
            "_fault": [code for code, _, _ in self.faults],
            "_fault_value": [said for _, said, _ in self.faults],
            "_raw": [raw for _, _, raw in self.faults],
        }
        nothing = [None] * self.height
        own = [
            pl.Series(name, values.get(name, nothing), dtype=dtype)
            for name, dtype in SOURCE_HOUSEKEEPING.items()
        ]
        pointers = pl.Series(POINTER, [pointer for _, pointer in self.places], dtype=pl.String)
        return [*own, pointers]


def _columns(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[pl.Series]:
    """Rows of texts as columns; an empty text is null."""
    cells = zip(*rows, strict=True) if rows else ((),) * len(names)
    series = [_texts(name, values) for name, values in zip(names, cells, strict=True)]
    return [one.replace("", None) for one in series]


def _texts(name: str, values: Sequence[str | None]) -> pl.Series:
    """A column; half a character, as a text cut by JSON's escapes leaves it, becomes U+FFFD."""
    try:
        return pl.Series(name, values, dtype=pl.String)
    except UnicodeEncodeError:
        whole = [None if one is None else _HALF.sub("\ufffd", one) for one in values]
        return pl.Series(name, whole, dtype=pl.String)


def _told(left: Left) -> str | None:
    if not left:
        return None
    told = [{"name": name, "value": value} for name, value in left]
    return json.dumps(told, ensure_ascii=False)


def _place(found: Found, picked: Picked, place: int) -> tuple[int | None, str]:
    """A row's line in the file and its pointer."""
    if not picked.lines:
        return found.line, found.pointer
    line = picked.places[place]
    return found.line if line is None else line, f"{found.pointer}, line {place + 1}"
