"""XML documents: where orders stand, what surrounds them, and what is left over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from documents_desk import line_others, opened, others, read, refused, spec

from oms_import.model.values import Limits

LINE = "Items/Item"
WANTED = ("@id", "Note", "Items/Item/@sku", "Items/Item/Qty", "/Batch/Head/Sender", "/Batch/@no")


def orders(*ids: int, note: str = "n") -> str:
    return "".join(
        f'<Order id="{one}"><Note>{note}</Note><Items><Item sku="A{one}"><Qty>1</Qty></Item>\n'
        f'<Item sku="B{one}"><Qty>2</Qty><Size>L</Size></Item></Items></Order>'
        for one in ids
    )


def batch(inside: str, attributes: str = "") -> str:
    return f"<Batch{attributes}>{inside}</Batch>"


def batches(folder: Path, text: str | bytes, *, at: str = "/Batch/Order", **form: Any) -> Any:
    return opened(folder, "xml", text, spec(WANTED, orders=[at], lines=[LINE], **form))


def ignored(source: Any) -> str:
    return "; ".join(str(one.detail) for one in source.findings)


def test_orders_and_lines_become_rows(tmp_path: Path) -> None:
    source = batches(tmp_path, batch(f"<Head><Sender>S</Sender></Head>\n{orders(1, 2)}", ' no="9"'))
    frame = read(source)
    assert frame["@id"].to_list() == ["1", "1", "2", "2"]
    assert frame["Items/Item/@sku"].to_list() == ["A1", "B1", "A2", "B2"]
    assert frame["/Batch/Head/Sender"].to_list() == ["S"] * 4
    assert frame["/Batch/@no"].to_list() == ["9"] * 4
    assert frame["DOCUMENT"].to_list() == ["1", "1", "2", "2"]
    assert frame["_record"].to_list() == [1, 2, 3, 4]
    assert frame["_line"].to_list() == [2, 3, 3, 4]
    assert frame["_pointer"][3] == "/Batch/Order[2], line 2"
    assert line_others(frame) == [{}, {"Items/Item/Size": "L"}] * 2
    assert not source.findings


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_batches_are_whole_orders_and_may_be_asked_for_again(tmp_path: Path, rows: int) -> None:
    source = batches(tmp_path, batch(orders(*range(7)) + "<Trailer/>"))
    whole = read(source)
    parts = list(source.batches(rows))
    assert read(source, rows).equals(whole)
    assert all(part["_pointer"][0].endswith("line 1") for part in parts)
    assert ignored(source) == "Trailer"


def test_orders_under_several_parents_have_each_its_own_surroundings(tmp_path: Path) -> None:
    inside = "".join(
        f"<Group><Head>{one}</Head>{orders(one, one + 10)}</Group>" for one in (1, 2, 3)
    )
    wanted = spec(("@id", "/All/Group/Head"), orders=["/All/Group/Order"], lines=[LINE])
    frame = read(opened(tmp_path, "xml", f"<All>{inside}</All>", wanted))
    assert frame["/All/Group/Head"].to_list() == ["1"] * 4 + ["2"] * 4 + ["3"] * 4


def test_what_stands_between_and_behind_orders_is_told(tmp_path: Path) -> None:
    source = batches(
        tmp_path, batch(f"<Head/>{orders(1)}<Between/>{orders(2)}<Between/><Sum>2</Sum>")
    )
    assert read(source)["@id"].to_list() == ["1", "1", "2", "2"]
    assert ignored(source) == "Between, Sum"


def test_orders_may_stand_in_several_places(tmp_path: Path) -> None:
    wanted = spec(("@id", "Note"), orders=["/All/Order", "/All/Change"], lines=[LINE])
    text = f"<All>{orders(1)}{orders(2).replace('Order', 'Change')}{orders(3)}</All>"
    frame = read(opened(tmp_path, "xml", text, wanted))
    assert frame["@id"].to_list() == ["1", "1", "2", "2", "3", "3"]
    assert frame["_pointer"][2] == "/All/Change[2], line 1"


def test_an_order_inside_an_order_is_its_own_matter(tmp_path: Path) -> None:
    inner = "<Order id='9'><Note>inner</Note></Order>"
    source = batches(tmp_path, batch(f"<Order id='1'><Batch>{inner}</Batch>{inner}</Order>"))
    frame = read(source)
    assert frame["@id"].to_list() == ["1"]
    assert others(frame) == [
        {"Batch/Order/@id": "9", "Batch/Order/Note": "inner", "Order/@id": "9",
         "Order/Note": "inner"}
    ]  # fmt: skip


def test_an_order_may_be_the_root(tmp_path: Path) -> None:
    text = f"<Order id='1'>{batch('')}<Items><Item sku='x'/></Items></Order>"
    frame = read(batches(tmp_path, text, at="/Order"))
    assert frame.select("@id", "Items/Item/@sku", "_pointer").rows() == [
        ("1", "x", "/Order[1], line 1")
    ]


def test_lines_below_several_parents_and_none(tmp_path: Path) -> None:
    boxes = "".join(f"<Items><Item sku='{one}'/></Items>" for one in "abc")
    frame = read(batches(tmp_path, batch(f"<Order id='1'>{boxes}</Order><Order id='2'/>")))
    assert frame["Items/Item/@sku"].to_list() == ["a", "b", "c", None]
    assert frame["_pointer"].to_list()[3] == "/Batch/Order[2]"


def test_empty_elements_count_among_their_name(tmp_path: Path) -> None:
    text = batch('<Order id="1"><S/><S>b</S><S/><S>d</S></Order>')
    wanted = spec(("S[2]", "S[4]", "S[1]"), orders=["/Batch/Order"])
    frame = read(opened(tmp_path, "xml", text, wanted))
    assert frame.select("S[1]", "S[2]", "S[4]").rows() == [(None, "b", "d")]


def test_namespaces_that_a_profile_names_tell_elements_apart(tmp_path: Path) -> None:
    text = (
        '<b:Batch xmlns:b="urn:b" xmlns="urn:x"><b:Order><Id>1</Id><Id xmlns="urn:y">2</Id>'
        '<q:Id xmlns:q="urn:b">3</q:Id></b:Order></b:Batch>'
    )
    names = {"p": "urn:b", "": "urn:x"}
    wanted = spec(("Id", "p:Id"), orders=["/p:Batch/p:Order"], namespaces=names)
    frame = read(opened(tmp_path, "xml", text, wanted))
    assert frame.select("Id", "p:Id").rows() == [("1", "3")]
    assert others(frame) == [{"{urn:y}Id": "2"}]


def test_mixed_text_entities_and_odd_quotes(tmp_path: Path) -> None:
    text = batch(
        "<Order id='a\"b' x=\"c'd &gt; > &#x41;\n\te\"> one <b>two</b>\n three\r\n"
        "<Note>&lt;a&gt; &amp;amp; &#160;</Note><!-- <c> --><d><![CDATA[<x> & ]]]]></d></Order>"
    )
    frame = read(batches(tmp_path, text))
    assert frame.select("@id", "Note").rows() == [('a"b', "<a> &amp;")]
    assert others(frame) == [{"@x": "c'd > > A  e", ".": "one three", "b": "two", "d": "<x> & ]]"}]


HARMFUL = {
    "subset behind a long comment": (
        f"<!--{'x' * 200_000}--><!DOCTYPE Batch [<!ENTITY a 'b'>]>" + batch(orders(1)),
        "XML_DTD",
    ),
    "subset in UTF-16": (
        ("<!DOCTYPE Batch [<!ENTITY a 'b'>]>" + batch(orders(1))).encode("utf-16"),
        "XML_DTD",
    ),
    "entity in an attribute": (
        "<!DOCTYPE Batch SYSTEM 'x.dtd'>" + batch("<Order id='&a;1'/>"),
        "XML_DTD",
    ),
    "entity in a text": (
        "<!DOCTYPE Batch SYSTEM 'x.dtd'>" + batch("<Order><Note>&a;</Note></Order>"),
        "XML_DTD",
    ),
    "cut": (batch(orders(1, 2))[:-40], "DOC_TRUNCATED"),
    "broken": (batch(orders(1, 2).replace("</Note>", "", 1)), "DOC_BROKEN"),
    "no orders": (batch("<Head/>"), "DOC_NO_ORDERS"),
    "not UTF-8": (batch(orders(1, note="Straße")).encode("latin-1"), "ENC_INVALID"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_harms_is_refused(tmp_path: Path, name: str) -> None:
    text, code = HARMFUL[name]
    wanted = spec(WANTED, orders=["/Batch/Order"], lines=[LINE])
    assert refused(tmp_path, "xml", text, wanted) == code


@pytest.mark.parametrize("where", ["before", "between", "behind", "inside"])
def test_memory_is_bounded_wherever_the_bulk_stands(tmp_path: Path, where: str) -> None:
    bulk = "<x>" + "<y>some text</y>" * 40_000 + "</x>"
    pieces = {"before": bulk, "between": "", "behind": "", "inside": ""} | {where: bulk}
    inside = orders(2).replace("<Note>", pieces["inside"] + "<Note>")
    text = batch(pieces["before"] + orders(1) + pieces["between"] + inside + pieces["behind"])
    wanted = spec(WANTED, orders=["/Batch/Order"], lines=[LINE])
    assert refused(tmp_path, "xml", text, wanted, Limits(document_bytes=200_000)) == "XML_LIMIT"
    assert refused(tmp_path, "xml", text, wanted, Limits(document_bytes=2_000_000)) == ""


def test_many_small_things_between_orders_are_no_bulk(tmp_path: Path) -> None:
    text = batch("".join(f"<x>{'y' * 3000}</x>{orders(one)}" for one in range(200)))
    wanted = spec(WANTED, orders=["/Batch/Order"], lines=[LINE])
    limits = Limits(document_bytes=200_000)
    assert refused(tmp_path, "xml", text, wanted, limits) == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-15", "windows-1252", "us-ascii"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    note = "n" if encoding == "us-ascii" else "Straße€"
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + batch(orders(1, 2, note=note))
    frame = read(batches(tmp_path, text.encode(encoding)))
    assert frame["Note"].to_list() == [note] * 4
