"""Orders as nested JSON: its times say whether they are instants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oms_import.preview import preview

PROFILE = """
[defaults]
date_order = "ymd"
[order]
order_number = "Nr"
ordered_at = "At"
ship_by = "Ship"
[line]
sku = "Sku"
qty_ordered = "Qty"
requested_ship_date = "Ship"
[[payment]]
method = "Pay"
paid_at = "Ship"
"""


@pytest.mark.parametrize(
    ("at", "ordered", "mark"),
    [
        ("2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z", "Z"),
        ("2026-03-01", "2026-03-01", "Z"),
        ("", None, "Z"),
        ("2026-03-01 10:00", "2026-03-01T10:00:00", ""),
    ],
)
def test_every_time_is_an_instant_unless_the_order_has_a_wall_clock(
    tmp_path: Path, at: str, ordered: str | None, mark: str
) -> None:
    (tmp_path / "p.toml").write_text(PROFILE)
    rows = f"Nr,At,Ship,Sku,Qty,Pay\n1,{at},2026-03-02 12:30,A,1,card\n"
    (tmp_path / "p.csv").write_text(rows)
    told: Any = preview([str(tmp_path / "p.csv")], str(tmp_path / "p.toml"), None)
    [order] = told["files"][0]["orders"]
    assert order["ordered_at"] == ordered
    times = [order["ship_by"], order["lines"][0]["requested_ship_date"]]
    assert [*times, order["payments"][0]["paid_at"]] == ["2026-03-02T12:30:00" + mark] * 3
