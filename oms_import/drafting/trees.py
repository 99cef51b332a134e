"""A sample of a document: where its orders and lines stand, and its paths as columns.

An XML or JSON file says nowhere which of its elements are orders. The first documents are taken
apart into paths; the lines are where item, quantity and price stand together, the orders what
holds them. The file is then read as a profile with these orders and lines would read it.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from oms_import.drafting.fields import field_named
from oms_import.drafting.spoken import spoken
from oms_import.drafting.words import readings
from oms_import.model.documents import OTHER_VALUES
from oms_import.model.errors import SettingError
from oms_import.model.values import Dialect, Limits
from oms_import.profiles.model import FormatSpec, RowRules
from oms_import.readers.registry import reader_named
from oms_import.readers.spec import ReadSpec

_DOCUMENTS = 20  # looked at for their paths
_MOST_COLUMNS = 400
_INDEX = re.compile(r"\[(\d+)\]")
_PER_STEP = 12  # points off for each step between a container and its value
_ITEM = ("line.sku", "line.gtin", "line.channel_item_id", "line.title")
_PRICE = ("line.unit_price", "line.line_amount")


@dataclass(frozen=True, slots=True)
class Tree:
    """The rows of a document, and how a profile has to name its orders and lines."""

    orders: str
    lines: str | None  # None: an order is one line
    columns: tuple[str, ...]
    frame: pl.DataFrame
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class _Paths:
    """The paths of values, without the numbers of repeated steps, and the steps that repeat."""

    by: str  # between steps: / or .
    values: tuple[tuple[str, ...], ...]
    repeated: frozenset[tuple[str, ...]]

    def containers(self) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
        """Every step above a value → what stands below it."""
        found: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
        for value in self.values:
            for depth in range(len(value)):
                found.setdefault(value[:depth], []).append(value[depth:])
        return found


def open_tree(path: Path, reader: str, rows: int) -> Tree:
    """Read the first rows of a document, its orders and lines found by what stands in them.

    Raises:
        SettingError: nothing in it looks like an order.
        DropRejectedError: it cannot be read.
    """
    with TemporaryDirectory(prefix="oms-import-") as folder:
        top, by = ("/" + _root(path), "/") if reader == "xml" else (".", ".")
        paths = _paths(path, FormatSpec(reader=reader, orders=(top,)), by, Path(folder))
        if not paths.values:
            raise SettingError(
                f"{path} holds no values", hint="take a file with a few orders", location=str(path)
            )
        order, lines = _found(paths)
        below = lines[len(order) :]
        within = by.join(below) or None
        orders = by.join((top, *order)) if by == "/" else by.join(order) or top
        columns = tuple(by.join(one) for one in _columns(paths, order, lines))
        form = FormatSpec(reader=reader, orders=(orders,), lines=(within,) if within else ())
        frame, dialect = _rows(path, form, columns, Path(folder), rows)
    return Tree(orders, within, columns, frame, dialect)


def _root(path: Path) -> str:
    """The name of the outermost element."""
    etree: Any = importlib.import_module("lxml.etree")  # only XML files need it
    try:
        walk = etree.iterparse(
            str(path), events=("start",), load_dtd=False, no_network=True, resolve_entities=False
        )
        _, element = next(iter(walk))
    except (etree.XMLSyntaxError, OSError, StopIteration):
        return "_"  # the reader says what is wrong
    return str(etree.QName(element).localname)


def _paths(path: Path, form: FormatSpec, by: str, scratch: Path) -> _Paths:
    """All paths of the first documents: no column is asked for, so all values are left over."""
    source = reader_named(form.reader).open(
        path, ReadSpec(form, RowRules(), frozenset()), scratch, Limits()
    )
    texts: list[str] = []
    for batch in source.batches(_DOCUMENTS):
        texts += batch.head(_DOCUMENTS)[OTHER_VALUES].drop_nulls().to_list()
        break
    values: dict[tuple[str, ...], None] = {}
    repeated: set[tuple[str, ...]] = set()
    for name in (one["name"] for text in texts for one in json.loads(text)):
        steps = tuple(name.split(by))
        bare = tuple(_INDEX.sub("", one) for one in steps)
        if all(bare) and not any(char in name for char in "\"'"):
            values[bare] = None
            again = (at for at, one in enumerate(steps, 1) if _INDEX.search(one))
            repeated |= {bare[:at] for at in again}
    return _Paths(by, tuple(values), frozenset(repeated))


def _found(paths: _Paths) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the orders are and where their lines; of steps that hold one another, what repeats."""
    lines = _lines(paths)
    order = _order(paths, lines)
    above = (lines[:depth] for depth in range(len(order) + 1, len(lines)))
    return order, next((one for one in above if one in paths.repeated), lines)


def _lines(paths: _Paths) -> tuple[str, ...]:
    """The container that holds item, quantity and price most plainly."""
    scores = {
        where: _line_score(where, below) + 15 * (where in paths.repeated)
        for where, below in paths.containers().items()
    }
    return max(scores, key=lambda where: (scores[where], -len(where)))


def _line_score(where: tuple[str, ...], below: list[tuple[str, ...]]) -> int:
    wanted = (_ITEM, ("line.qty_ordered",), _PRICE)
    named = bool(where) and any({"item"} <= one or {"line"} <= one for one in readings(where[-1]))
    return sum(_best(fields, below) for fields in wanted) + 8 * named


def _order(paths: _Paths, lines: tuple[str, ...]) -> tuple[str, ...]:
    """What holds the lines and has an order's number and date, rather if it repeats."""
    own = paths.containers()
    wanted = (("order.order_number",), ("order.ordered_at",))

    def score(one: tuple[str, ...]) -> int:
        nearer = lines[: len(one) + 1]
        below = [steps for steps in own[one] if (*one, *steps)[: len(nearer)] != nearer]
        number, date = (_best(fields, below) for fields in wanted)
        return 2 * number + date + 25 * (one in paths.repeated)

    above = [lines[:depth] for depth in range(len(lines))] or [()]
    return max(above, key=lambda one: (score(one), len(one)))


def _best(fields: tuple[str, ...], below: list[tuple[str, ...]]) -> int:
    """Points of the value below a container that suits one of the fields best."""
    return max(
        (
            max(field_named(name).points(text) for text in spoken(steps))
            - _PER_STEP * (len(steps) - 1)
            for steps in below
            for name in fields
        ),
        default=0,
    )


def _columns(
    paths: _Paths, order: tuple[str, ...], lines: tuple[str, ...]
) -> list[tuple[str, ...]]:
    """Paths below the order, those of its lines included."""
    found = [one[len(order) :] for one in paths.values if one[: len(order)] == order]
    single = [
        one
        for one in found
        if not any(
            (*order, *one[:depth]) in paths.repeated and (*order, *one[:depth]) != lines
            for depth in range(1, len(one) + 1)
        )
    ]
    return single[:_MOST_COLUMNS]


def _rows(
    path: Path, form: FormatSpec, columns: tuple[str, ...], scratch: Path, most: int
) -> tuple[pl.DataFrame, Dialect]:
    spec = ReadSpec(form, RowRules(), frozenset(columns))
    source = reader_named(form.reader).open(path, spec, scratch, Limits())
    for frame in source.batches(most):
        return frame.head(most), source.dialect
    raise SettingError(
        f"{path} holds nothing that looks like an order",
        hint="extend a built-in profile: `oms-import profiles list`",
        location=str(path),
    )
