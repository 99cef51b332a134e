"""JSON from outside: the broken, the huge and what holds no orders get a code; the rest goes on."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from cli_process import make, run

PROFILE = """\
title = "Web API"
[format]
reader = "json"
orders = ["orders", "page.orders"]
lines = ["items"]
[defaults]
currency = "EUR"
[group]
by = "DOCUMENT"
copies = false
[order]
order_number = "number"
ordered_at = "at"
[line]
sku = "items.sku"
qty_ordered = "items.n"
unit_price = "items.price"
[party.ship_to]
name = "to.name"
line1 = "to.street"
city = "to.city"
postal_code = "to.zip"
country = "to.country"
"""


def order(number: str, **changes: Any) -> str:
    to = {"name": "Ann", "street": "Main 1", "city": "Berlin", "zip": "01067", "country": "DE"}
    item = {"sku": "A-1", "n": 2, "price": "9.95"}
    told = {"number": number, "at": "2026-11-20T10:00:00Z", "to": to, "items": [item], **changes}
    return json.dumps(told)


def orders(*texts: str) -> str:
    return '{"page_no": 1, "orders": [' + ", ".join(texts) + "]}"


DEEP = 100_000
FILES: dict[str, bytes] = {
    "deep": b"[" * DEEP,
    "deep-order": (orders('{"number": "1", "x": ' + "[" * DEEP + "]" * DEEP + "}")).encode(),
    "long-text": orders(order("1", note="y" * 3_000_000)).encode(),
    "cut": orders(order("1"), order("2"))[:-30].encode(),
    "latin": orders(order("1")).replace("Berlin", "K\u00f6ln").encode("cp1252"),
    "page": b"<!DOCTYPE html><html><head><title>Log in</title></head><body></body></html>",
    "other": b'{"invoices": [{"invoice": 1}]}',
    "array": b'[{"number": "1"}]',
    "null": b"null",
    "scalar": b"42",
    "text": b'"no orders today"',
    "object": b"{}",
    "comment": b"// orders\n{}",
    "blank": b" \n",
    "none": orders().encode(),
    "utf-16": ("\ufeff" + orders(order("U16"))).encode("utf-16-le"),
    "utf-16-be": orders(order("U16BE")).encode("utf-16-be"),
    "mark": b"\xef\xbb\xbf" + orders(order("BOM")).encode(),
    "nan": orders(order("NAN").replace('"9.95"', "NaN")).encode(),
    "digits": orders(order("DIGITS").replace('"9.95"', "123456789012345678901234567890")).encode(),
    "twice": orders(order("TWICE").replace('"number"', '"number": "FIRST", "number"')).encode(),
    "lines": "\n".join(
        [orders(order("L1")), '{"orders": [{"number": "L2", "items": [}]}', orders(order("L3")), ""]
    ).encode(),
    "lines-cut": (orders(order("C1")) + "\n" + orders(order("C2"))[:-40]).encode(),
    "scalars": orders("7", order("S1"), '"x"').encode(),
    "nested-place": ('{"page": {"total": 1, "orders": [' + order("P1") + "]}}").encode(),
}

REFUSED = {
    "deep": "JSON_LIMIT",
    "deep-order": "JSON_LIMIT",
    "long-text": "JSON_LIMIT",
    "cut": "DOC_TRUNCATED",
    "latin": "ENC_INVALID",
    "page": "FORMAT_UNKNOWN",
    "other": "DOC_NO_ORDERS",
    "array": "DOC_NO_ORDERS",
    "null": "DOC_NO_ORDERS",
    "scalar": "DOC_NO_ORDERS",
    "text": "DOC_NO_ORDERS",
    "object": "DOC_NO_ORDERS",
    "comment": "DOC_BROKEN",
    "blank": "FILE_EMPTY",
}

READ = {  # accepted, rejected
    "none": (0, 0),
    "utf-16": (1, 0),
    "utf-16-be": (1, 0),
    "mark": (1, 0),
    "nan": (0, 1),
    "digits": (0, 1),
    "twice": (1, 0),
    "lines": (2, 1),
    "lines-cut": (1, 1),
    "scalars": (1, 2),
    "nested-place": (1, 0),
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A workspace after one run over all of these files, and the report."""
    root = make(tmp_path_factory.mktemp("hostile") / "space")
    (root / "profiles/shop-a.toml").unlink()
    (root / "profiles/api.toml").write_text(PROFILE)
    settings = root / "oms-import.toml"
    assert "[limits]" in settings.read_text()
    limits = "[limits]\ndocument_bytes = 1000000"
    settings.write_text(settings.read_text().replace("[limits]", limits))
    folder = root / "drops/api"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / f"{name}.json").write_bytes(content)
    answer = run("run", "--json", "-w", str(root))
    assert "Traceback" not in answer.out + answer.err
    assert answer.code in {3, 4}, answer.out + answer.err
    return root, answer.json


def of_drop(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(drop for drop in report["drops"] if drop["name"] == f"{name}.json")


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_a_document_that_cannot_be_read_is_refused_with_a_code(
    imported: tuple[Path, dict[str, Any]], name: str, code: str
) -> None:
    drop = of_drop(imported[1], name)
    assert [finding["code"] for finding in drop["findings"]] == [code]
    assert drop["orders_accepted"] == 0


@pytest.mark.parametrize(("name", "counts"), READ.items())
def test_a_document_is_read_as_far_as_its_orders_are_whole(
    imported: tuple[Path, dict[str, Any]], name: str, counts: tuple[int, int]
) -> None:
    drop = of_drop(imported[1], name)
    assert (drop["orders_accepted"], drop["orders_rejected"]) == counts


def test_every_order_is_told_with_its_reason(imported: tuple[Path, dict[str, Any]]) -> None:
    root, report = imported
    reasons = {reason["code"]: reason["orders"] for reason in report["reasons"]}
    assert reasons["DOC_BROKEN"] == 4  # a line, half a line, and two that are no objects
    assert reasons["NUM_FORMAT"] == 1
    assert reasons["NUM_RANGE"] == 1
    with (root / "out/accepted" / report["run_id"] / "orders.csv").open(newline="") as file:
        numbers = {row["order_number"] for row in csv.DictReader(file)}
    wanted = {"U16", "U16BE", "BOM", "FIRST", "L1", "L3", "C1", "S1", "P1"}
    assert numbers == wanted
