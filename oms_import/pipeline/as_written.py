"""What an answer repeats as the partner wrote it: item numbers, units, prices, parties.

A channel's mapping turns them into ours; the drop's own bytes are read again for the answer, so
that a partner finds in it what he sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import polars as pl

from oms_import.model.edi import MESSAGE
from oms_import.model.values import Drop, Source
from oms_import.readers.edi.rows import rows_of

_ROWS = 100_000  # segments read at a time
_PAIRS = 10  # PO106 and PO107 … PO124 and PO125
_COMPONENTS = 5  # C212 in PIA
_TERMS = ("5125", "5375", "5387", "5284", "6411")  # C509 of PRI, beside 5118

_IDS = pl.List(pl.Struct({"qualifier": pl.String, "value": pl.String}))

HEADS = pl.Schema(
    {
        "_drop": pl.UInt32,
        "message": pl.UInt32,  # number in the drop
        "currency": pl.String,
        "currency_usage": pl.String,  # CUR01; C504 6347
        "buyer": pl.String,
        "buyer_qualifier": pl.String,  # N103; 3055
        "supplier": pl.String,
        "supplier_qualifier": pl.String,
        "ship_to": pl.String,
        "ship_to_qualifier": pl.String,
    }
)
"""One row a message."""

WRITTEN = pl.Schema(
    {
        "_drop": pl.UInt32,
        "record": pl.Int64,  # as lineage counts them (model.tables.RECORDS)
        "line": pl.String,  # PO101; LIN 1082
        "ids": _IDS,
        "quantity": pl.String,  # a decimal with a point
        "uom": pl.String,
        "unit_price": pl.String,
        "price_terms": pl.List(pl.String),  # beside it: PO105; 5125, 5375, 5387, 5284, 6411
    }
)
"""One row an order line, all from its segments; empty ones null."""

_HEADS = {
    "x12": {
        "currency": "CUR02", "currency_usage": "CUR01",
        "buyer": "N1[BY].N104", "buyer_qualifier": "N1[BY].N103",
        "supplier": "N1[SE].N104", "supplier_qualifier": "N1[SE].N103",
        "ship_to": "N1[ST].N104", "ship_to_qualifier": "N1[ST].N103",
    },
    "edifact": {
        "currency": "CUX.6345", "currency_usage": "CUX.6347",
        "buyer": "NAD[BY].3039", "buyer_qualifier": "NAD[BY].3055",
        "supplier": "NAD[SU].3039", "supplier_qualifier": "NAD[SU].3055",
        "ship_to": "NAD[DP].3039", "ship_to_qualifier": "NAD[DP].3055",
    },
}  # fmt: skip

_LINES = {
    "x12": {
        "line": "PO1[*].PO101", "quantity": "PO1[*].PO102", "uom": "PO1[*].PO103",
        "price": "PO1[*].PO104", "basis": "PO1[*].PO105",
        **{f"q{pair}": f"PO1[*].PO1{pair:02}" for pair in range(6, 6 + 2 * _PAIRS, 2)},
        **{f"v{pair}": f"PO1[*].PO1{pair + 1:02}" for pair in range(6, 6 + 2 * _PAIRS, 2)},
    },
    "edifact": {
        "line": "LIN[*].1082", "value": "LIN[*].7140", "qualifier": "LIN[*].7143",
        "others": "LIN[*].PIA[*]", "price": "LIN[*].PRI[*]",
        "quantity": "LIN[*].QTY[21]", "uom": "LIN[*].QTY[21].6411",
    },
}  # fmt: skip


def as_written(
    drops: Sequence[Drop], standard: str, opened: Callable[[Drop], Source]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The messages' heads (HEADS) and the lines (WRITTEN) of drops of one standard.

    Args:
        drops: those whose orders are answered.
        standard: x12 (850) or edifact (ORDERS, ORDCHG).
        opened: opens a drop with its channel's reader; a table has nothing to repeat.
    """
    heads, lines = _HEADS[standard], _LINES[standard]
    locators = (*heads.values(), *lines.values())
    names = {text: name for name, text in heads.items()}
    names_of_lines = {text: f"line_{name}" for name, text in lines.items()}
    frames = [
        rows.select(
            pl.col("_drop").cast(pl.UInt32),
            pl.col("_record").alias("record"),
            pl.col(MESSAGE).cast(pl.UInt32).alias("message"),
            *(pl.col(text).alias(name) for text, name in (names | names_of_lines).items()),
        )
        for rows in _rows(drops, standard, opened, locators)
    ]
    if not frames:
        return pl.DataFrame(schema=HEADS), pl.DataFrame(schema=WRITTEN)
    whole = pl.concat(frames)
    ids = _ids_x12() if standard == "x12" else _ids_edifact()
    price = _price_x12() if standard == "x12" else _price_edifact()
    return (
        whole.unique(["_drop", "message"], keep="first", maintain_order=True).select(*HEADS),
        whole.select(
            "_drop",
            "record",
            pl.col("line_line").alias("line"),
            ids.cast(_IDS).alias("ids"),
            pl.col("line_quantity").str.replace(",", ".", literal=True).alias("quantity"),
            pl.col("line_uom").alias("uom"),
            price[0].str.replace(",", ".", literal=True).alias("unit_price"),
            pl.when(price[0].is_not_null()).then(price[1]).alias("price_terms"),
        ),
    )


def _rows(
    drops: Sequence[Drop],
    standard: str,
    opened: Callable[[Drop], Source],
    locators: Sequence[str],
) -> Iterator[pl.DataFrame]:
    """The drops' rows, numbered as the run numbered them; short drops together."""
    short: list[pl.DataFrame] = []
    for drop in drops:
        source = opened(drop)
        if source.shape is None:
            continue
        number = pl.lit(drop.index, dtype=pl.UInt32).alias("_drop")
        frames = (frame.with_columns(number) for frame in source.batches(_ROWS))
        head, second = next(frames, None), next(frames, None)
        if head is None:
            continue
        if second is None:
            short.append(head)
            if sum(frame.height for frame in short) >= _ROWS:
                yield _together(short, standard, locators)
                short = []
            continue
        first = 1
        for frame in chain((head, second), frames):
            rows = rows_of(frame, standard, locators, first_record=first)
            first += rows.height
            yield rows
    if short:
        yield _together(short, standard, locators)


def _together(
    frames: Sequence[pl.DataFrame], standard: str, locators: Sequence[str]
) -> pl.DataFrame:
    return rows_of(pl.concat(frames, how="diagonal"), standard, locators)


def _id(qualifier: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.struct(qualifier.alias("qualifier"), value.alias("value"))


def _filled(pairs: pl.Expr) -> pl.Expr:
    return pairs.list.eval(
        pl.element().filter(pl.element().struct.field("value").str.strip_chars() != "")
    )


def _ids_x12() -> pl.Expr:
    """PO106 to PO125."""
    pairs = [_id(pl.col(f"line_q{n}"), pl.col(f"line_v{n}")) for n in range(6, 6 + 2 * _PAIRS, 2)]
    return _filled(pl.concat_list(pairs))


def _ids_edifact() -> pl.Expr:
    """LIN's own and up to five of each PIA."""
    names = [("7143", "7140"), *((f"7143-{n}", f"7140-{n}") for n in range(2, _COMPONENTS + 1))]
    shape = pl.List(pl.Struct({name: pl.String for pair in names for name in pair}))
    field = pl.element().struct.field
    each = pl.concat_list([_id(field(code), field(value)) for code, value in names])
    others = pl.col("line_others").str.json_decode(shape)
    listed = others.list.eval(each.explode()).fill_null(pl.lit([], dtype=_IDS))
    own = pl.concat_list([_id(pl.col("line_qualifier"), pl.col("line_value"))])
    return _filled(pl.concat_list(own, listed))


def _price_x12() -> tuple[pl.Expr, pl.Expr]:
    return pl.col("line_price"), pl.concat_list("line_basis")


def _price_edifact() -> tuple[pl.Expr, pl.Expr]:
    """C509 of the first PRI."""
    shape = pl.List(pl.Struct(dict.fromkeys(("5118", *_TERMS), pl.String)))
    first = pl.col("line_price").str.json_decode(shape).list.first().struct
    return first.field("5118"), pl.concat_list([first.field(name) for name in _TERMS])
