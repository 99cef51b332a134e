"""A script people write: pandas, Pandera's pandas backend and sqlite, the checks of bench.toml."""

import sqlite3
import sys
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

COUNTRIES = ["DE", "FR", "US", "GB", "NL", "IT", "ES", "AT", "CH"]
CURRENCIES = ["EUR", "USD", "GBP", "CHF"]
FILLED = pa.Check.str_length(min_value=1)
SCHEMA = pa.DataFrameSchema(
    {
        "order_number": pa.Column(str, FILLED),
        "when": pa.Column(nullable=False),
        "currency": pa.Column(str, pa.Check.isin(CURRENCIES)),
        "sku": pa.Column(str, FILLED),
        "qty": pa.Column(float, pa.Check.gt(0)),
        "price": pa.Column(float, pa.Check.ge(0)),
        "country": pa.Column(str, pa.Check.isin(COUNTRIES)),
        "name": pa.Column(str, FILLED),
        "address1": pa.Column(str, FILLED),
        "city": pa.Column(str, FILLED),
        "zip": pa.Column(str, FILLED),
    }
)


def read(source):
    rows = pd.read_csv(source, dtype=str, keep_default_na=False)
    rows["when"] = pd.to_datetime(rows["ordered_at"], errors="coerce", utc=True, format="ISO8601")
    rows["qty"] = pd.to_numeric(rows["quantity"], errors="coerce").astype(float)
    rows["price"] = pd.to_numeric(rows["unit_price"], errors="coerce").astype(float)
    return rows


def reasons(rows):
    """Codes by order number: a faulty line rejects its order."""
    try:
        SCHEMA.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases.dropna(subset=["index"])
        numbers = rows.loc[cases["index"].astype(int), "order_number"].to_numpy()
        told = cases["column"].astype(str) + ":" + cases["check"].astype(str)
        return told.groupby(numbers).agg(" ".join)
    return pd.Series(dtype=str)


def totals(accepted):
    amount = accepted["qty"] * accepted["price"]
    for name in ("shipping", "tax"):
        amount += pd.to_numeric(accepted[name], errors="coerce").fillna(0)
    return amount.groupby(accepted["order_number"], sort=False).sum().reset_index()


def main():
    source, out = sys.argv[1], Path(sys.argv[2])
    out.mkdir()
    rows = read(source).drop_duplicates(["order_number", "line_id"])
    codes = rows["order_number"].map(reasons(rows))
    with sqlite3.connect(out / "history.sqlite") as store:
        store.execute("CREATE TABLE seen (number TEXT PRIMARY KEY, total TEXT)")
        known = {number for (number,) in store.execute("SELECT number FROM seen")}
        codes = codes.mask(rows["order_number"].isin(known), "DUP_ORDER")
        accepted = rows[codes.isna()]
        store.executemany(
            "INSERT INTO seen VALUES (?, ?)", totals(accepted).itertuples(index=False)
        )
    made = ["when", "qty", "price"]
    accepted.drop(columns=made).to_csv(out / "accepted.csv", index=False)
    rejected = rows[codes.notna()].drop(columns=made).assign(_codes=codes)
    rejected.to_csv(out / "rejected.csv", index=False)


main()
