"""A script people write: pandas, Pandera's pandas backend and sqlite, the checks of bench.toml."""

import sqlite3
import sys
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

COUNTRIES = ["DE", "FR", "US", "GB", "NL", "IT", "ES", "AT", "CH"]

source, out = sys.argv[1], Path(sys.argv[2])
out.mkdir()
rows = pd.read_csv(source, dtype=str, keep_default_na=False)
rows["when"] = pd.to_datetime(rows["ordered_at"], errors="coerce", utc=True, format="ISO8601")
rows["qty"] = pd.to_numeric(rows["quantity"], errors="coerce")
rows["price"] = pd.to_numeric(rows["unit_price"], errors="coerce")
filled = pa.Check.str_length(min_value=1)
schema = pa.DataFrameSchema(
    {
        "order_number": pa.Column(str, filled),
        "when": pa.Column("datetime64[ns, UTC]", nullable=False, coerce=True),
        "sku": pa.Column(str, filled),
        "qty": pa.Column(float, pa.Check.gt(0)),
        "price": pa.Column(float, pa.Check.ge(0)),
        "country": pa.Column(str, pa.Check.isin(COUNTRIES)),
        "name": pa.Column(str, filled),
        "address1": pa.Column(str, filled),
        "city": pa.Column(str, filled),
        "zip": pa.Column(str, filled),
    }
)
bad_index = pd.Index([])
try:
    schema.validate(rows, lazy=True)
except pa.errors.SchemaErrors as errors:
    bad_index = errors.failure_cases["index"].dropna().unique()
bad_orders = rows.loc[bad_index, "order_number"].unique()
bad = rows["order_number"].isin(bad_orders)
accepted = rows[~bad].copy()
accepted["amount"] = accepted["qty"] * accepted["price"]
for name in ("shipping", "tax"):
    accepted["amount"] += pd.to_numeric(accepted[name], errors="coerce").fillna(0)
totals = accepted.groupby("order_number", as_index=False)["amount"].sum()
with sqlite3.connect(out / "history.sqlite") as store:
    store.execute("CREATE TABLE seen (number TEXT PRIMARY KEY, total TEXT)")
    store.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", totals.itertuples(index=False))
accepted.to_csv(out / "accepted.csv", index=False)
rows[bad].to_csv(out / "rejected.csv", index=False)
