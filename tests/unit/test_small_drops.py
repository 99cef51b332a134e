"""Many small drops of several headers: batched by header, judged as if each came alone."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import polars as pl

from oms_import.model.report import RunReport
from oms_import.pipeline.ingest import silent
from oms_import.run import RunRequest, execute
from oms_import.workspace import LimitSettings, Settings, Workspace

PROFILE = """
[defaults]
currency = "EUR"
[order]
order_number = "no"
ordered_at = "when"
[line]
sku = "sku"
qty_ordered = "qty"
unit_price = "price"
[party.ship_to]
name = "name"
"""
HEADERS = (
    ("no", "when", "sku", "qty", "price", "name"),
    ("name", "no", "when", "sku", "qty", "price", "colour"),
    ("no", "sku", "qty", "price", "when", "name", "gift"),
)


def workspace(root: Path, batch_rows: int = 100_000) -> Workspace:
    (root / "profiles").mkdir(parents=True)
    (root / "drops/shop").mkdir(parents=True)
    (root / "profiles/shop.toml").write_text(PROFILE)
    return Workspace(root, Settings(limits=LimitSettings(batch_rows=batch_rows)))


def drop(space: Workspace, at: int) -> None:
    """File `at`: an order of its own, one of the file before, one of two files before changed."""
    header = HEADERS[at % len(HEADERS)]
    orders = [
        {"no": f"N{at}", "qty": "1"},
        {"no": f"N{at - 1}", "qty": "1"},
        {"no": f"N{at - 2}", "qty": "7" if at % 4 == 0 else "1"},
        {"no": f"B{at}", "qty": "none"},
    ]
    about = {"when": f"2026-11-{at % 28 + 1:02}", "sku": "A", "price": "2.50", "name": f"Ann {at}"}
    # All copies of an order say the same but for their quantity.
    rows = [{**about, "when": "2026-11-20", "name": "Ann", **order} for order in orders]
    with (space.root / "drops/shop" / f"{at:03}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, header, restval="x")
        writer.writeheader()
        writer.writerows(rows)


def run(space: Workspace) -> RunReport:
    return execute(space, replace(RunRequest("run")), silent)


def told(space: Workspace) -> list[tuple[object, ...]]:
    """Accepted orders with the drop and record that they came from, and what they say."""
    parts = sorted((space.root / "out/accepted").glob("*/orders.parquet"))
    columns = ("order_number", "drop_id", "record_no", "qty_total", "revision", "content_hash")
    return sorted(pl.concat([pl.read_parquet(p) for p in parts]).select(columns).iter_rows())


def held(space: Workspace) -> list[tuple[object, ...]]:
    parts = sorted((space.root / "out/rejected").glob("*/exceptions.csv"))
    columns = ("drop", "order_number", "record", "line", "code")
    return sorted(pl.concat([pl.read_csv(p) for p in parts]).select(columns).iter_rows())


def test_drops_of_headers_in_turn_are_judged_as_if_each_came_alone(tmp_path: Path) -> None:
    together, alone = workspace(tmp_path / "together"), workspace(tmp_path / "alone", batch_rows=4)
    for at in range(16):
        drop(together, at)
        drop(alone, at)
    report, one_by_one = run(together), run(alone)
    assert told(together) == told(alone)
    assert held(together) == held(alone)
    assert report.totals == one_by_one.totals
    assert report.totals.orders_duplicate > 0 < report.totals.orders_held


def test_drops_of_headers_in_turn_are_judged_as_by_runs_of_their_own(tmp_path: Path) -> None:
    together, apart = workspace(tmp_path / "together"), workspace(tmp_path / "apart")
    for at in range(4):
        drop(together, at)
        drop(apart, at)
        run(apart)
    run(together)
    assert told(together) == told(apart)
    assert held(together) == held(apart)
