"""JSON documents: where orders stand, lines of objects, and what is left over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from documents_desk import line_others, opened, others, read, refused, spec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms_import.model.values import Limits
from oms_import.readers.documents import json_stream

WANTED = ("id", "note", "lines.sku", "lines.qty", "/page/no", "price")
ORDERS = ("orders", "page.orders", ".")


def order(number: int, **more: Any) -> dict[str, Any]:
    lines = [{"sku": f"{side}{number}", "qty": 1} for side in "AB"]
    return {"id": number, "note": "n", "lines": lines, **more}


def shop(folder: Path, content: str | bytes, *, at: tuple[str, ...] = ORDERS, **form: Any) -> Any:
    return opened(folder, "json", content, spec(WANTED, orders=at, lines=["lines"], **form))


def ids(source: Any) -> list[str | None]:
    frame = read(source)
    return frame.filter(frame["DOCUMENT"] != frame["DOCUMENT"].shift(1).fill_null(""))[
        "id"
    ].to_list()


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda orders: orders,
        lambda orders: {"orders": orders},
        lambda orders: {"page": {"no": 3, "orders": orders}},
    ],
)
def test_orders_stand_in_several_places(tmp_path: Path, wrap: Any, indent: int | None) -> None:
    text = json.dumps(wrap([order(1), order(2)]), indent=indent)
    source = shop(tmp_path, text)
    frame = read(source)
    assert frame["id"].to_list() == ["1", "1", "2", "2"]
    assert frame["lines.sku"].to_list() == ["A1", "B1", "A2", "B2"]
    assert line_others(frame) == [{}] * 4
    assert not source.findings


@pytest.mark.parametrize("indent", [None, 2])
def test_values_may_stand_one_after_the_other(tmp_path: Path, indent: int | None) -> None:
    text = "\n".join(json.dumps(order(one), indent=indent) for one in range(3))
    assert ids(shop(tmp_path, text)) == ["0", "1", "2"]


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_broken_line_is_one_broken_order(tmp_path: Path, broken: int) -> None:
    lines = [json.dumps(order(one)) for one in range(3)]
    lines[broken] = '{"id": 9, "note": '
    frame = read(shop(tmp_path, "\n".join(lines) + "\n"))
    faults = frame.filter(frame["_fault"].is_not_null())
    assert faults.select("_fault", "_line", "_raw").rows() == [
        ("DOC_BROKEN", broken + 1, lines[broken])
    ]
    assert frame["id"].drop_nulls().unique(maintain_order=True).to_list() == [
        str(one) for one in range(3) if one != broken
    ]


def test_what_stands_around_orders(tmp_path: Path) -> None:
    text = '{"page": {"no": 7, "orders": [{"id": 1}], "more": 1}, "next": "x"}'
    source = shop(tmp_path, text)
    frame = read(source)
    assert frame["/page/no"].to_list() == ["7"]
    assert [one.detail for one in source.findings] == ["/page/more, /next"]


def test_numbers_keep_their_text(tmp_path: Path) -> None:
    texts = ["10.10", "123456789012345678", "10.799999999999999", "-0.0", "0.50"]
    text = "\n".join(f'{{"price": {one}, "x": {one}}}' for one in texts)
    frame = read(shop(tmp_path, text))
    assert frame["price"].to_list() == texts
    assert others(frame) == [{"x": one} for one in texts]


def test_what_is_odd_in_json_is_kept(tmp_path: Path) -> None:
    text = (
        '{"id": null, "note": true, "a": {}, "b": [], "c": [null, 1, [2, [3]], {"d": false}],'
        '"e.f": "\\u00e4\\ud83d\\ude00\\n\\"", "g": 1, "g": 2, "": "no name",'
        '"lines": [null, {"sku": "s", "x": [true, null]}, {}]}'
    )
    frame = read(shop(tmp_path, text))
    assert frame.select("id", "note", "lines.sku").rows()[0] == (None, "true", "s")
    first, *_ = others(frame)
    assert first.pop("e.f") == 'ä😀\n"'
    assert sorted(first.values()) == ["1", "1", "2", "2", "3", "false", "no name"]
    assert line_others(frame)[0] == {"lines.x": "true"}


def test_no_orders_in_a_list_is_no_error(tmp_path: Path) -> None:
    for text in ("[]", '{"orders": []}', '{"page": {"orders": []}}'):
        source = shop(tmp_path, text)
        assert not list(source.batches(10))
        assert [str(one.code) for one in source.findings] == ["FILE_NO_ROWS"]


REFUSED = {
    "cut": ('[{"id": 1}, {"id": ', "DOC_TRUNCATED"),
    "cut in a text": ('[{"id": 1}, {"id": "a', "DOC_TRUNCATED"),
    "broken": ('[{"id": 1}, {"id": x}, {"id": 3}]', "DOC_BROKEN"),
    "empty": ("", "FILE_EMPTY"),
    "blank": (" \n", "FILE_EMPTY"),
    "deep": ('{"a": ' * 100_000 + "1" + "}" * 100_000, "JSON_LIMIT"),
    "not UTF-8": ('{"id": "ä"}'.encode("latin-1"), "ENC_INVALID"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    text, code = REFUSED[name]
    assert refused(tmp_path, "json", text, spec(WANTED, orders=["."])) == code


def test_a_profile_that_looks_elsewhere_is_told(tmp_path: Path) -> None:
    assert refused(tmp_path, "json", '{"a": 1}', spec(WANTED, orders=["orders"])) == "DOC_NO_ORDERS"


@pytest.mark.parametrize("where", ["before", "inside", "behind"])
def test_memory_is_bounded_wherever_the_bulk_stands(tmp_path: Path, where: str) -> None:
    bulk = ["some text"] * 100_000
    inside = {"bulk": bulk} if where == "inside" else {}
    document: dict[str, Any] = {"before": bulk} if where == "before" else {}
    document["orders"] = [order(1), order(2, **inside), order(3)]
    document |= {"behind": bulk} if where == "behind" else {}
    text, wanted = json.dumps(document), spec(WANTED, orders=["orders"], lines=["lines"])
    assert refused(tmp_path, "json", text, wanted, Limits(document_bytes=500_000)) == "JSON_LIMIT"
    assert refused(tmp_path, "json", text, wanted, Limits(document_bytes=5_000_000)) == ""


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "iso-8859-1"]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = json.dumps(order(1, note="Straße"), ensure_ascii=False).encode(encoding)
    form = {"encoding": "iso-8859-1"} if encoding == "iso-8859-1" else {}
    assert read(shop(tmp_path, text, **form))["note"].to_list() == ["Straße"] * 2


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False).map(str) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(TEXTS | st.sampled_from(["id", "note", "lines"]), VALUES), max_size=4),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([None, 1]),
)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_borders_of_blocks_make_no_difference(
    tmp_path: Path, orders: list[Any], block: int, ascii_only: bool, indent: int | None
) -> None:
    text = "\n".join(json.dumps(one, ensure_ascii=ascii_only, indent=indent) for one in orders)
    if not text:
        return
    source = shop(tmp_path, text, at=())
    whole, known = read(source), json_stream.BLOCK
    json_stream.BLOCK = block  # pyright: ignore[reportPrivateUsage]
    try:
        assert read(source).equals(whole)
    finally:
        json_stream.BLOCK = known  # pyright: ignore[reportPrivateUsage]
