"""Make order lines as CSV: 26 columns, about 256 bytes and a third of an order a line, 2 % bad.

    python scripts/bench/generate.py OUT.csv --lines 1000000 [--seed 7] [--duplicates 0.03]
    python scripts/bench/generate.py OUT_DIR --files 1000       # a thousand files of about 1 KB

The same seed gives the same bytes. Made in chunks, so memory does not grow with the file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

SIZES = (3, 1, 5, 2, 4)  # lines of each five orders
CHUNK = 240_000  # a multiple of sum(SIZES): no order is cut
BAD_LINE = {"sku": None, "quantity": "abc", "unit_price": "12.3.4"}
BAD_ORDER = {"ordered_at": "2026-02-30T10:00:00+01:00", "country": "Atlantis", "currency": "DMK"}
SHARE = 0.01  # of the lines bad by themselves, and of the orders bad on all their lines


def chunk(first: int, lines: int, seed: int, sizes: tuple[int, ...] = SIZES) -> pl.DataFrame:
    """Lines `first`… of the file as text, 26 columns; `first` is the first line of an order."""
    rng = np.random.default_rng([seed, first])
    cycle, place = np.divmod(np.arange(lines) + first, sum(sizes))
    number = cycle * len(sizes) + np.repeat(np.arange(len(sizes)), sizes)[place]
    rank = np.concatenate([np.arange(size) for size in sizes])[place]
    # An order's first line decides about its date, country and currency, for all its lines.
    leader = np.arange(lines) - rank
    frame = pl.DataFrame(
        {
            "number": number,
            "rank": rank,
            "person": (number * 7919) % 50_021,
            "day": number % 334,
            "second": (number * 37) % 86_400,
            "q": rng.integers(1, 6, lines),
            "cents": rng.integers(199, 19_999, lines),
            "item": rng.integers(0, 20_000, lines),
            "bad_line": kinds(rng, lines, BAD_LINE),
            "bad_order": kinds(rng, lines, BAD_ORDER)[leader],
        }
    )
    return frame.select(columns())


def kinds(rng: np.random.Generator, rows: int, bad: dict[str, str | None]) -> np.ndarray:
    """For each row which of `bad` it gets, by position; -1: none."""
    return np.where(rng.random(rows) < SHARE, rng.integers(0, len(bad), rows), -1)


def columns() -> list[pl.Expr]:
    """The 26 columns, with what is bad in them."""
    named = good()
    for level, bad in (("bad_line", BAD_LINE), ("bad_order", BAD_ORDER)):
        for position, (name, value) in enumerate(bad.items()):
            wrong = pl.lit(value, dtype=pl.String)
            named[name] = pl.when(pl.col(level) == position).then(wrong).otherwise(named[name])
    return [expr.alias(name) for name, expr in named.items()]


def good() -> dict[str, pl.Expr]:
    """The 26 columns as they should be."""
    number, person, item = pl.col("number"), pl.col("person"), pl.col("item")
    when = pl.datetime(2026, 1, 1) + pl.duration(days="day", seconds="second")
    german = person % 2 == 0
    summer = pl.col("day").is_between(87, 296)  # 29 March to 24 October

    def either(condition: pl.Expr, yes: str, no: str) -> pl.Expr:
        return pl.when(condition).then(pl.lit(yes)).otherwise(pl.lit(no))

    def only(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
        return pl.when(condition).then(value)

    return {
        "order_number": pl.format("W{}", number + 10_000_000),
        "ordered_at": pl.concat_str(
            when.dt.strftime("%Y-%m-%dT%H:%M:%S"), either(summer, "+02:00", "+01:00")
        ),
        "status": pl.lit("open"),
        "currency": either(number % 5 == 0, "USD", "EUR"),
        "email": pl.format("buyer{}@example.com", person),
        "name": pl.format("Käthe Lindström {}", person),
        "company": only(person % 9 == 0, pl.format("Lindström & Söhne, {}", person)),
        "address1": pl.format("Hauptstraße {}, Haus B", person % 240 + 1),
        "address2": only(person % 4 == 0, pl.format("Stock {}", person % 9)),
        "city": either(german, "Düsseldorf", "Lyon"),
        "region": either(german, "NW", "ARA"),
        "zip": either(german, "40212", "69003"),
        "country": either(german, "DE", "FR"),
        "phone": pl.format("+49 211 {}", person + 100_000),
        "line_id": pl.format("{}-{}", number, pl.col("rank") + 1),
        "sku": pl.format("SKU-{}-{}", item + 100_000, pl.col("rank")),
        "title": pl.format('Item {}, "classic"', item),
        "variant": pl.format("Size {}", item % 7 + 34),
        "quantity": pl.col("q").cast(pl.String),
        "unit_price": money(pl.col("cents")),
        "discount": pl.lit("0.00"),
        "shipping": only(pl.col("rank") == 0, pl.lit("4.90")),
        "tax": only(pl.col("rank") == 0, money(number % 900 + 100)),
        "shipping_method": pl.lit("Standard Parcel"),
        "warehouse": pl.format("WH{}", item % 4),
        "note": only(number % 20 == 0, pl.lit("Please ring twice")),
    }


def money(cents: pl.Expr) -> pl.Expr:
    """Cents as text with two decimals."""
    return pl.format("{}.{}", cents // 100, (cents % 100).cast(pl.String).str.zfill(2))


def copies(part: pl.DataFrame, share: float) -> pl.DataFrame:
    """The orders at the chunk's start that stand a second time, whole and unchanged, at its end."""
    numbers = part["order_number"].unique(maintain_order=True)
    chosen = numbers.head(int(len(numbers) * share)).implode()
    return part.filter(pl.col("order_number").is_in(chosen))


def write(path: Path, lines: int, seed: int, duplicates: float = 0.0) -> None:
    """One file of so many lines, and the second copies of so large a share of its orders."""
    with path.open("wb") as out:
        for first in range(0, lines, CHUNK):
            part = chunk(first, min(CHUNK, lines - first), seed)
            part.write_csv(out, include_header=first == 0)
            if duplicates:
                copies(part, duplicates).write_csv(out, include_header=False)


def write_small(folder: Path, files: int, seed: int, headers: int = 1) -> None:
    """Files of one order of three lines, about 1 KB each, with so many headers in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, files, 1000):
        many = chunk(first * 3, min(1000, files - first) * 3, seed, sizes=(3,))
        for position in range(many.height // 3):
            name = folder / f"orders-{first + position:05}.csv"
            one, shape = many[position * 3 : position * 3 + 3], position % headers
            more = [pl.lit("x").alias(f"extra_{shape}")] if shape else []
            one.with_columns(more).write_csv(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, help="so many files of 1 KB instead of one big one")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--duplicates", type=float, default=0.0, help="share of orders that stand twice"
    )
    given = parser.parse_args()
    if given.files:
        write_small(given.out, given.files, given.seed)
    else:
        write(given.out, given.lines, given.seed, given.duplicates)


if __name__ == "__main__":
    main()
