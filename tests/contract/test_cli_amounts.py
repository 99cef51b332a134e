"""Money and quantities in JSON: text with always the same decimals, never binary floats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from cli_process import make, run

from oms_import.model.tables import TABLES

HEADER = (
    "Order Number,Order Date,SKU,Qty,Unit Price,Total,Shipping,Tax,Ship To Name,Address,City,"
    "Zip Code,Country\n"
)
ADDRESS = "Ann,1 St,Dresden,01067,DE\n"
ORDERS = HEADER + "".join(
    f"{order},{ADDRESS}"
    for order in (
        "F1,2026-11-20,A,2,0,0,0,0",
        "F2,2026-11-20,A,1.5,10.1,21.15,4,2",
        "F3,2026-11-20,,1,1e3,1000,,",
        "F4,2026-11-20,A,1,0.005,,0.1,0.2",
    )
)
PROFILE = 'extends = "csv-generic"\ndefaults.currency = "EUR"\n'
FOUR = r"-?\d+\.\d{4}"
DECIMALS = {"EUR": FOUR} | {
    name: rf"-?\d+\.\d{{{kind.scale}}}"
    for table in TABLES.values()
    for name, kind in table.items()
    if isinstance(kind, pl.Decimal)
}
TIMES = {"seconds", "p50_s", "p95_s", "score"}


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        changed = value.get("field") if "before" in value else None
        for key, below in value.items():
            known = changed if key in {"before", "after"} else key
            yield from leaves(below, str(known))
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, name)
    else:
        yield name, value


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each command that tells amounts says as JSON."""
    root = make(tmp_path_factory.mktemp("amounts") / "space")
    (root / "profiles/shop-a.toml").write_text(PROFILE)
    drop = root / "drops/shop-a/a.csv"
    drop.write_text(ORDERS)
    said = {"preview": run("preview", str(drop), "--json", "-w", str(root)).json}
    said["run"] = run("run", "--json", "-w", str(root)).json
    (root / "profiles/shop-a.toml").write_text(PROFILE + '[line]\nunit_price = { const = "7" }\n')
    for line in (
        "runs list",
        f"runs show {said['run']['run_id']}",
        "trace F2",
        "exceptions list",
        "history stats",
        "replay",
    ):
        said[line.split(" 2")[0]] = run(*line.split(), "--json", "-w", str(root)).json
    return said


def test_no_amount_is_a_float(documents: dict[str, Any]) -> None:
    floats = [
        (command, name, value)
        for command, said in documents.items()
        for name, value in leaves(said)
        if isinstance(value, float) and name not in TIMES
    ]
    assert floats == []


def test_amounts_are_text_with_the_decimals_of_their_kind(documents: dict[str, Any]) -> None:
    seen = 0
    for command, said in documents.items():
        for name, value in leaves(said):
            if name in DECIMALS and value is not None:
                assert re.fullmatch(DECIMALS[name], value), (command, name, value)
                seen += 1
    assert seen > 50


def test_sums_have_them_too(
    documents: dict[str, Any],
) -> None:
    assert documents["run"]["totals"]["value_accepted"] == {"EUR": "21.4550"}
    values = [one["value"] for one in documents["exceptions list"]["exceptions"]]
    assert all(re.fullmatch(FOUR, value) for value in values)
    assert documents["replay"]["fields"]
