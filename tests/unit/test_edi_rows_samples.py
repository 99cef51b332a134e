"""Files that other systems wrote, tokenized and made rows, against what they are known to say."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec
from oms_import.readers.edi.edifact import open_edifact
from oms_import.readers.edi.idoc import open_idoc
from oms_import.readers.edi.rows import rows_of
from oms_import.readers.edi.tradacoms import open_tradacoms
from oms_import.readers.edi.x12 import open_x12
from oms_import.readers.spec import ReadSpec

SAMPLES = Path(__file__).parents[2] / "../shared/samples/edi"

IDS = ["VN", "VP", "VC", "VA", "MG", "SA", "EN", "UP", "UK", "UA", "UI", "IB", "IN", "BP", "SK",
       "CB"]  # fmt: skip
X12 = {
    "order_number": ["BEG03", "G5003", "W0502"],
    "order_date": ["BEG05", "G5002"],
    "buyer_id": ["N1[BY].N104"],
    "ship_to_name": ["N1[ST].N102"],
    "ship_to_postcode": ["N1[ST].N403"],
    "currency": ["CUR02"],
    "qty_total": ["PO1[*].PO102", "G68[*].G6801"],
    "first_line_sku": [*(f"PO1[*].{code}" for code in IDS), "G68[*].G6804"],
}
EDIFACT = {
    "order_number": ["BGM.1004"],
    "order_date": ["DTM[137]", "DTM[4]"],
    "buyer_id": ["NAD[BY].3039"],
    "ship_to_name": ["NAD[DP].3036", "NAD[ST].3036"],
    "ship_to_postcode": ["NAD[DP].3251", "NAD[ST].3251"],
    "ship_to_id": ["NAD[DP].3039", "NAD[ST].3039"],
    "currency": ["CUX[2].6345"],
    "qty_total": ["LIN[*].QTY[21]", "LIN[*].QTY"],
    "first_line_sku": [
        f"LIN[*].{tag}[{code}]"
        for code in ("SA", "EN", "IB", "SRS", "IN")
        for tag in ("LIN", "PIA")
    ],
}
TRADACOMS = {
    "order_number": ["ORD01-1"],
    "order_date": ["ORD01-3"],
    "buyer_id": ["CDT01-1"],
    "ship_to_name": ["CLO02"],
    "ship_to_postcode": ["CLO03-5"],
    "qty_total": ["OLD06"],
}
IDOC = {
    "order_number": ["E1EDK02[001].BELNR", "E1EDK01.BELNR"],
    "order_date": ["E1EDK03[012].DATUM"],
    "buyer_id": ["E1EDKA1[AG].PARTN"],
    "currency": ["E1EDK01.CURCY"],
    "qty_total": ["E1EDP01[*].MENGE"],
}
FORMATS = {
    "x12_850": ("x12", open_x12, X12),
    "x12_875": ("x12", open_x12, X12),
    "edifact_orders": ("edifact", open_edifact, EDIFACT),
    "tradacoms": ("tradacoms", open_tradacoms, TRADACOMS),
    "idoc": ("idoc", open_idoc, IDOC),
}


def _cases() -> list[dict[str, Any]]:
    key = SAMPLES / "expected.jsonl"
    told = [json.loads(line) for line in key.read_text().splitlines()] if key.exists() else []
    return [case for case in told if case["format"] in FORMATS]


def _rows(case: dict[str, Any], scratch: Path) -> pl.DataFrame:
    standard, reader, wanted = FORMATS[case["format"]]
    spec = ReadSpec(format=FormatSpec(strict=False, test="release"))
    source: Any = reader(SAMPLES / case["file"], spec, scratch, Limits())
    locators = [locator for names in wanted.values() for locator in names]
    fields = source.fields if standard == "idoc" else None
    frames = [rows_of(batch, standard, locators, fields=fields) for batch in source.batches(50_000)]
    rows = pl.concat(frames)
    return rows.select(
        *(pl.coalesce(names).alias(name) for name, names in wanted.items()), "MESSAGE"
    )


def _date(text: str | None) -> str | None:
    """As the key writes it: ISO, the century that a short year has."""
    digits = (text or "")[:10].replace("-", "")
    if len(digits) == 6:
        digits = f"{'19' if digits > '70' else '20'}{digits}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else None


@pytest.mark.skipif(not SAMPLES.exists(), reason="samples are not here")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["file"])
def test_rows_say_what_the_file_is_known_to_say(case: dict[str, Any], tmp_path: Path) -> None:
    messages = _rows(case, tmp_path).partition_by("MESSAGE", maintain_order=True)
    assert len(messages) == len(case["orders"])
    for rows, order in zip(messages, case["orders"], strict=True):
        first = rows.row(0, named=True)
        doubtful = {*order.get("ambiguous", ()), *case.get("ambiguous", ())}
        assert rows.height == order["lines"]
        assert first["order_number"] == order["order_number"]
        assert sum(Decimal(q or 0) for q in rows["qty_total"]) == Decimal(str(order["qty_total"]))
        if "order_date" not in doubtful:
            assert _date(first["order_date"]) == order["order_date"]
        for name in {"buyer_id", "currency", "ship_to_id"} & set(first) & set(order) - doubtful:
            assert first[name] == order[name], name
        for name in {"ship_to_name", "ship_to_postcode"} & set(first) - doubtful:
            assert first[name] == order[name] or order[name] is None, name
        if "first_line_sku" in first:
            ids = {value for _, value in order.get("first_line_ids", ())}
            assert first["first_line_sku"] in ids | {order["first_line_sku"]}
