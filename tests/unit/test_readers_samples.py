"""Files of real channels: header and rows are found where a person sees them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec, RowRules
from oms_import.readers.registry import reader_named, recognise
from oms_import.readers.spec import ReadSpec

SAMPLES = Path(__file__).parents[2] / "../shared/samples/channels"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not here")

EBAY = {"footer": [{"matches": r"^(\d+),record\(s\) downloaded", "count_group": 1},
                   {"matches": "^Seller ID"}]}  # fmt: skip
CASES: list[tuple[str, int, int, str, int, dict[str, object]]] = [
    # file, header line, columns, first column, rows, row rules
    ("amazon/invai_unshipped_orders.txt", 1, 32, "order-id", 4, {}),
    ("amazon/perl_flat_file_orders_2009.txt", 1, 29, "order-id", 6, {}),
    ("ebay/de_ebay_orders_min.csv", 1, 7, "Verkaufsprotokollnummer", 1, {}),
    ("ebay/goodwill_orders_report_2026-09-30.csv", 2, 80, "Sales Record Number", 17, EBAY),
    ("etsy/greeting_items_hash_dollar.csv", 1, 32, "Sale Date", 3, {}),
    ("etsy/greeting_orders.csv", 1, 39, "Sale Date", 2, {}),
    ("etsy/invai_sold_order_items_uk.csv", 1, 33, "Sale Date", 6, {}),
    ("faire/printshop_faire_orders.csv", 1, 9, "Order Number", 3, {}),
    ("generic/invai_template_orders.csv", 1, 25, "order_id", 3, {}),
    ("magento/sales_sample_orders.csv", 1, 6, "customer_email", 2, {}),
    ("shopify/invai_orders_export.csv", 1, 64, "Name", 4, {}),
    ("shopify/ltv_orders_minimal.csv", 1, 7, "Name", 9, {}),
    ("superstore/Superstore_utf8bom_dmy.csv", 1, 21, "Row ID", 10194, {}),
    ("tiktok/invai_tiktok_orders.csv", 1, 57, "Order ID", 4, {"description_rows": 1}),
    ("walmart/invai_po_data.csv", 1, 37, "PO#", 4, {}),
    ("woocommerce/webtoffee_Sample_Order.csv", 1, 53, "order_id", 3, {}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_samples_are_read(case, tmp_path: Path) -> None:
    name, header_line, columns, first, rows, rules = case
    path = SAMPLES / name
    assert recognise(path, path.name) == "csv"
    read = ReadSpec(
        FormatSpec.model_validate({}),
        RowRules.model_validate(rules),
        key_columns=("Order Number", "Sales Record Number"),
    )
    source = reader_named("csv").open(path, read, tmp_path, Limits())
    frame = pl.concat(list(source.batches(1000)))
    assert source.dialect.header_line == header_line
    assert len(source.dialect.columns) == columns
    assert source.dialect.columns[0] == first
    assert frame.height == rows
    assert frame["_fault"].drop_nulls().to_list() == []


def test_every_sample_table_is_among_the_cases() -> None:
    found = {
        str(p.relative_to(SAMPLES)) for p in SAMPLES.rglob("*") if p.suffix in {".csv", ".txt"}
    }
    assert found == {case[0] for case in CASES}


def test_the_samples_quirks_survive(tmp_path: Path) -> None:
    path = SAMPLES / "ebay/goodwill_orders_report_2026-09-30.csv"
    read = ReadSpec(FormatSpec.model_validate({}), RowRules.model_validate(EBAY))
    source = reader_named("csv").open(path, read, tmp_path, Limits())
    frame = pl.concat(list(source.batches(1000)))
    assert source.dialect.stated_count == 17
    assert frame["_line"][0] == 4
    repeated = SAMPLES / "etsy/invai_sold_order_items_uk.csv"
    other = reader_named("csv").open(repeated, ReadSpec(), tmp_path, Limits())
    assert "Delivery Discount#2" in other.dialect.columns
