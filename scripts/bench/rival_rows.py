"""A script people write: csv and sqlite3, row by row, with the same checks as bench.toml."""

import csv
import sqlite3
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby
from pathlib import Path

COUNTRIES = {"DE", "FR", "US", "GB", "NL", "IT", "ES", "AT", "CH"}
CURRENCIES = {"EUR", "USD", "GBP", "CHF"}


def problems(row):
    found = []
    if not row["order_number"]:
        found.append("ORDER_NUMBER_MISSING")
    try:
        datetime.fromisoformat(row["ordered_at"])
    except ValueError:
        found.append("DATE_FORMAT")
    if row["currency"] not in CURRENCIES:
        found.append("CURRENCY_UNKNOWN")
    if not row["sku"]:
        found.append("SKU_MISSING")
    for name, least in (("quantity", Decimal("0.0001")), ("unit_price", Decimal(0))):
        try:
            if Decimal(row[name]) < least:
                found.append("QTY_INVALID")
        except InvalidOperation:
            found.append("NUM_FORMAT")
    if row["country"] not in COUNTRIES:
        found.append("COUNTRY_UNKNOWN")
    if not (row["name"] and row["address1"] and row["city"] and row["zip"]):
        found.append("SHIP_TO_MISSING")
    return found


def total(lines):
    goods = sum(Decimal(r["quantity"]) * Decimal(r["unit_price"]) for r in lines)
    return goods + sum(Decimal(r[n] or 0) for r in lines for n in ("shipping", "tax"))


def main():
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir()
    store = sqlite3.connect(out / "history.sqlite")
    store.execute("CREATE TABLE seen (number TEXT PRIMARY KEY, total TEXT)")
    with source.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        good = csv.DictWriter((out / "accepted.csv").open("w", newline=""), rows.fieldnames)
        bad = csv.DictWriter(
            (out / "rejected.csv").open("w", newline=""), [*rows.fieldnames, "_codes"]
        )
        good.writeheader()
        bad.writeheader()
        for number, group in groupby(rows, key=lambda row: row["order_number"]):
            lines = list(group)
            codes = [code for row in lines for code in problems(row)]
            if not codes:
                inserted = store.execute(
                    "INSERT OR IGNORE INTO seen VALUES (?, ?)", (number, str(total(lines)))
                )
                if not inserted.rowcount:
                    codes = ["DUP_ORDER"]
            for row in lines:
                if codes:
                    bad.writerow({**row, "_codes": " ".join(codes)})
                else:
                    good.writerow(row)
    store.commit()


main()
