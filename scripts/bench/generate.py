"""Make order lines as CSV: 26 columns, about 256 bytes a line, 2 % of the lines bad.

    python scripts/bench/generate.py OUT.csv --lines 1000000 [--seed 7]
    python scripts/bench/generate.py OUT_DIR --files 1000       # a thousand files of about 1 KB

The same seed gives the same bytes. Made in chunks, so memory does not grow with the file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

CHUNK = 250_000
BAD = ("sku", "quantity", "unit_price", "ordered_at", "country")
ORDER_LEVEL = 3  # from here on they are the order's, the same on all its lines


def chunk(first_line: int, lines: int, seed: int) -> pl.DataFrame:
    """Lines `first_line`… of the file; an order has three lines, cut at the chunk's end."""
    rng = np.random.default_rng([seed, first_line])
    number = (np.arange(lines) + first_line) // 3
    rank = np.arange(lines) % 3
    person = (number * 7919) % 50_021
    quantity = rng.integers(1, 6, lines)
    cents = rng.integers(199, 19_999, lines)
    bad = rng.random(lines) < 0.02
    kind = rng.integers(0, len(BAD), lines)
    wrong = np.where(bad, kind, -1)
    # The first line of an order decides about its date and country, for all its lines.
    leader = np.maximum(np.arange(lines) - rank, 0)
    of_order = np.where(wrong[leader] >= ORDER_LEVEL, wrong[leader], -1)
    wrong = np.where(of_order >= 0, of_order, np.where(wrong >= ORDER_LEVEL, -1, wrong))
    frame = pl.DataFrame(
        {
            "number": number,
            "rank": rank,
            "person": person,
            "q": quantity,
            "cents": cents,
            "bad": wrong,
            "day": number % 334,
            "second": (number * 37) % 86_400,
            "item": rng.integers(0, 20_000, lines),
        }
    )
    return frame.select(columns())


def columns() -> list[pl.Expr]:
    """The 26 columns."""
    number, person, item = pl.col("number"), pl.col("person"), pl.col("item")
    amount = (pl.col("cents").cast(pl.Decimal(18, 0)) / 100).cast(pl.Decimal(18, 2))
    when = pl.datetime(2026, 1, 1) + pl.duration(days="day", seconds="second")
    offset = (
        pl.when(pl.col("day").is_between(87, 303))
        .then(pl.lit("+02:00"))
        .otherwise(pl.lit("+01:00"))
    )
    good = {
        "order_number": pl.format("W{}", number + 10_000_000),
        "ordered_at": pl.concat_str(when.dt.strftime("%Y-%m-%dT%H:%M:%S"), offset),
        "status": pl.lit("open"),
        "currency": pl.when(number % 5 == 0).then(pl.lit("USD")).otherwise(pl.lit("EUR")),
        "email": pl.format("customer{}@mail.example.com", person),
        "name": pl.format("Käthe Lindström {}", person),
        "company": pl.when(person % 9 == 0).then(pl.format("Lindström & Söhne, {}", person)),
        "address1": pl.format("Hauptstraße {}, Haus B", person % 240 + 1),
        "address2": pl.when(person % 4 == 0).then(pl.format("Stock {}", person % 9)),
        "city": pl.when(person % 2 == 0).then(pl.lit("Düsseldorf")).otherwise(pl.lit("Lyon")),
        "region": pl.when(person % 2 == 0).then(pl.lit("NW")).otherwise(pl.lit("ARA")),
        "zip": pl.when(person % 2 == 0).then(pl.lit("40212")).otherwise(pl.lit("69003")),
        "country": pl.when(person % 2 == 0).then(pl.lit("DE")).otherwise(pl.lit("FR")),
        "phone": pl.format("+49 211 {}", person + 100_000),
        "line_id": pl.format("{}-{}", number, pl.col("rank") + 1),
        "sku": pl.format("SKU-{}-{}", item + 100_000, pl.col("rank")),
        "title": pl.format('Item {}, "classic", long sleeve', item),
        "variant": pl.format("Size {}", item % 7 + 34),
        "quantity": pl.col("q").cast(pl.String),
        "unit_price": amount.cast(pl.String),
        "discount": pl.lit("0.00"),
        "shipping": pl.when(pl.col("rank") == 0).then(pl.lit("4.90")),
        "tax": pl.when(pl.col("rank") == 0).then(pl.lit("1.93")),
        "shipping_method": pl.lit("Standard Parcel"),
        "warehouse": pl.format("WH{}", item % 4),
        "note": pl.when(number % 20 == 0).then(pl.lit("Please ring twice")),
    }
    wrong = {
        "sku": pl.lit(None, dtype=pl.String),
        "quantity": pl.lit("abc"),
        "unit_price": pl.lit("12.3.4"),
        "ordered_at": pl.lit("2026-02-30T10:00:00+01:00"),
        "country": pl.lit("Atlantis"),
    }
    for position, name in enumerate(BAD):
        good[name] = pl.when(pl.col("bad") == position).then(wrong[name]).otherwise(good[name])
    return [expr.alias(name) for name, expr in good.items()]


def write(path: Path, lines: int, seed: int) -> None:
    """One file of so many lines."""
    with path.open("wb") as out:
        for first in range(0, lines, CHUNK):
            part = chunk(first, min(CHUNK, lines - first), seed)
            part.write_csv(out, include_header=first == 0)


def write_small(folder: Path, files: int, seed: int) -> None:
    """Files of three lines, about 1 KB each."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, files, 1000):
        many = chunk(first * 3, min(1000, files - first) * 3, seed)
        for position in range(many.height // 3):
            name = folder / f"orders-{first + position:05}.csv"
            many[position * 3 : position * 3 + 3].write_csv(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--files", type=int)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    if given.files:
        write_small(given.out, given.files, given.seed)
    else:
        write(given.out, given.lines, given.seed)


if __name__ == "__main__":
    main()
