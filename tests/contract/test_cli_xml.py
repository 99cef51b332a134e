"""XML from outside: documents that would harm, that are broken, and that are only odd."""

from __future__ import annotations

import csv
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from cli_process import Command, make

BEFORE = (
    "<Orders><Order><OrderNumber>7</OrderNumber><OrderDate>2026-01-02</OrderDate>"
    "<Currency>EUR</Currency>"
)
AFTER = (
    "<Items><Item><SKU>A</SKU><Quantity>1</Quantity><UnitPrice>1</UnitPrice></Item></Items>"
    "</Order></Orders>"
)
SECRET = "top-secret-text-of-a-local-file"


def document(inside: str = "", prolog: str = "") -> str:
    return f"{prolog}{BEFORE}{inside}{AFTER}"


def declared(encoding: str, inside: str = "<Note>Straße</Note>") -> str:
    return document(inside, f'<?xml version="1.0" encoding="{encoding}"?>')


def entities(*declarations: str, inside: str = "<Note>&x;</Note>") -> str:
    return document(inside, f'<?xml version="1.0"?><!DOCTYPE Orders [{"".join(declarations)}]>')


class Bench:
    """A folder of documents, previewed in one go."""

    def __init__(self, folder: Path, command: Command) -> None:
        self.folder = folder
        self.command = command

    def read(
        self, files: dict[str, str | bytes], profile: str = "xml-generic"
    ) -> dict[str, dict[str, Any]]:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (self.folder / f"{name}.xml").write_bytes(data)
        names = [f"{name}.xml" for name in files]
        began = time.monotonic()
        answer = self.command("preview", "--json", "--profile", profile, *names)
        assert time.monotonic() - began < 90
        assert "Traceback" not in answer.err
        assert answer.code == 0, answer.out + answer.err
        return {one["file"].removesuffix(".xml"): one for one in answer.json["files"]}

    def codes(self, files: dict[str, str | bytes]) -> dict[str, str]:
        found = self.read(files)
        assert not any(one["orders"] for one in found.values())
        return {name: " ".join(f["code"] for f in one["findings"]) for name, one in found.items()}

    def notes(self, files: dict[str, str | bytes]) -> dict[str, str | None]:
        """What stands in the Note of each file's one order, all of them accepted."""
        notes: dict[str, str | None] = {}
        for name, one in self.read(files).items():
            assert not one["findings"], (name, one["findings"])
            [order] = one["orders"]
            assert (order["outcome"], order["line_count"]) == ("accepted", 1)
            notes[name] = order["buyer_note"]
        return notes


@pytest.fixture
def bench(tmp_path: Path, command: Command) -> Bench:
    return Bench(tmp_path, command)


@pytest.fixture
def listener() -> Any:
    """A port that nobody must knock at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server
        with pytest.raises(TimeoutError):
            server.accept()


def test_entities_are_never_read_expanded_or_fetched(
    bench: Bench, listener: socket.socket, tmp_path: Path
) -> None:
    local = tmp_path / "secret.txt"
    local.write_text(SECRET)
    file, web = local.as_uri(), f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    laughs = [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10)]
    late = document("<Note>&x;</Note>", f"<!--{'x' * 70_000}--><!DOCTYPE r [{{}}]>")
    found = bench.read(
        {
            "laughs": entities(*laughs, inside="<Note>&l9;</Note>"),
            "file": entities(f'<!ENTITY x SYSTEM "{file}">'),
            "web": entities(f'<!ENTITY x SYSTEM "{web}">'),
            "parameter": entities(f'<!ENTITY % p SYSTEM "{web}">%p;'),
            "wide": entities(f'<!ENTITY x SYSTEM "{file}">').encode("utf-16"),
            "late": late.replace("{}", f'<!ENTITY x SYSTEM "{file}">'),
            "defaults": entities('<!ATTLIST Order a CDATA "default">', inside=""),
            "bracket": document("", '<!DOCTYPE r SYSTEM ">" [<!ELEMENT r ANY>]>'),
            "unknown": document("<Note>&x;</Note>", f'<!DOCTYPE r SYSTEM "{web}">'),
        }
    )
    assert {name: [f["code"] for f in one["findings"]] for name, one in found.items()} == {
        name: ["XML_DTD"] for name in found
    }
    assert not any(one["orders"] for one in found.values())
    assert SECRET not in json.dumps(found)


def test_a_bare_reference_to_a_dtd_and_an_inclusion_are_passed_over(
    bench: Bench, listener: socket.socket, tmp_path: Path
) -> None:
    local = tmp_path / "secret.txt"
    local.write_text(SECRET)
    web = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    include = '<i:include xmlns:i="http://www.w3.org/2001/XInclude" parse="text" href="{}"/>'
    found = bench.notes(
        {
            "reference": document("<Note>a</Note>", f'<!DOCTYPE Orders SYSTEM "{web}">'),
            "included": document(f"<Note>{include.format(local.as_uri())}</Note>"),
            "sheet": document("<Note>b</Note>", f'<?xml-stylesheet type="text/xsl" href="{web}"?>'),
        }
    )
    assert found == {"reference": "a", "included": None, "sheet": "b"}


def test_depth_and_size_are_bounded(bench: Bench) -> None:
    many = " ".join(f'a{n}="1"' for n in range(50_000))
    assert bench.codes(
        {
            "deep": document("<a>" * 5000 + "</a>" * 5000),
            "deeper": document("<a>" * 150 + "x" + "</a>" * 150),
            "around": "<a>" * 5000 + document() + "</a>" * 5000,
            "text": document(f"<Note>{'y' * 11_000_000}</Note>"),
            "attribute": document(f'<Note a="{"y" * 11_000_000}"/>'),
            "attributes": document(f"<Note {many}/>"),
        }
    ) == dict.fromkeys(("deep", "deeper", "around", "text", "attribute", "attributes"), "XML_LIMIT")


def test_broken_cut_and_empty_documents_say_so(bench: Bench) -> None:
    whole = document("<Note>x</Note>")
    assert bench.codes(
        {
            "ampersand": document("<Note>a & b</Note>"),
            "unclosed": whole.replace("</Quantity>", ""),
            "twice": whole + whole,
            "control": document("<Note>a\x01b</Note>"),
            "declaration": '<?xml version="1.0"?>',
            "cut in a text": whole[:60],
            "cut in a tag": whole[:-3],
            "cut between tags": whole.removesuffix("</Orders>"),
            "cut wide": declared("UTF-16").encode("utf-16")[:-6],
            "empty": "",
            "blank": " \n",
            "other": "<Invoices><Invoice/></Invoices>",
            "none": "<Orders/>",
            "wrong": declared("UTF-8").encode("latin-1"),
            "klingon": declared("klingon"),
            "binary": b"\0" * 2000,
        }
    ) == {
        "ampersand": "DOC_BROKEN",
        "unclosed": "DOC_BROKEN",
        "twice": "DOC_BROKEN",
        "control": "DOC_BROKEN",
        "declaration": "DOC_BROKEN",
        "cut in a text": "DOC_TRUNCATED",
        "cut in a tag": "DOC_TRUNCATED",
        "cut between tags": "DOC_TRUNCATED",
        "cut wide": "DOC_TRUNCATED",
        "empty": "FILE_EMPTY",
        "blank": "FILE_EMPTY",
        "other": "DOC_NO_ORDERS",
        "none": "DOC_NO_ORDERS",
        "wrong": "ENC_INVALID",
        "klingon": "ENC_INVALID",
        "binary": "CTRL_CHAR",
    }


def test_encodings_are_read_as_declared(bench: Bench) -> None:
    files: dict[str, str | bytes] = {
        "utf-8": declared("UTF-8"),
        "mark": b"\xef\xbb\xbf" + declared("UTF-8").encode(),
        "latin": declared("ISO-8859-1").encode("latin-1"),
        "windows": declared("windows-1252").encode("cp1252"),
        "wide": declared("UTF-16").encode("utf-16"),
        "wide without mark": declared("UTF-16LE").encode("utf-16-le"),
        "blank lines": "\n\n  " + declared("UTF-8"),
        "mark and blank lines": b"\xef\xbb\xbf\n" + declared("UTF-8").encode(),
    }
    assert bench.notes(files) == dict.fromkeys(files, "Straße")
    told = {name: one["encoding"] for name, one in bench.read(files).items()}
    assert (told["latin"], told["wide"], told["mark"]) == ("iso-8859-1", "utf-16", "utf-8")


def test_what_xml_writes_in_several_ways_is_the_same(bench: Bench) -> None:
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    plain = document("<Note>ab</Note>")
    prefixed = plain.replace("</", "</p:").replace("<O", "<p:O").replace("<N", "<p:N")
    for name in ("Currency", "Items", "Item", "SKU", "Quantity", "UnitPrice"):
        prefixed = prefixed.replace(f"<{name}>", f"<p:{name}>")
    assert bench.notes(
        {
            "cdata": document("<Note><![CDATA[a <b> & c]]></Note>"),
            "comment": document("<Note>a<!-- no -->b</Note>"),
            "instruction": document("<Note>a<?x y?>b</Note>"),
            "default namespace": plain.replace("<Orders>", '<Orders xmlns="urn:x">'),
            "prefixes": prefixed.replace("<p:Orders>", '<p:Orders xmlns:p="urn:x">'),
            "nil": document(f'<Note {xsi} xsi:nil="true">x</Note>'),
            "empty": document("<Note/>"),
            "references": document("<Note>&#x41;&amp;&lt;</Note>"),
        }
    ) == {
        "cdata": "a <b> & c",
        "comment": "ab",
        "instruction": "ab",
        "default namespace": "ab",
        "prefixes": "ab",
        "nil": None,
        "empty": None,
        "references": "A&<",
    }


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


GS1 = """<orderMessage><order><creationDateTime>2026-01-05T10:00:00Z</creationDateTime>
<documentStatusCode>ORIGINAL</documentStatusCode><orderIdentification>
<entityIdentification>PO-1</entityIdentification></orderIdentification>
<buyer><gln>5412345000013</gln></buyer><orderLineItem><lineItemNumber>1</lineItemNumber>
<requestedQuantity measurementUnitCode="EA">3</requestedQuantity>
<netPrice currencyCode="EUR">5.00</netPrice>
<transactionalTradeItem><gtin>05412345000044</gtin></transactionalTradeItem>
<orderLineItemDetail><requestedQuantity>1</requestedQuantity><orderLogisticalInformation><shipTo>
<gln>5412345000051</gln></shipTo></orderLogisticalInformation></orderLineItemDetail>
<orderLineItemDetail><requestedQuantity>2</requestedQuantity><orderLogisticalInformation><shipTo>
<gln>5412345000068</gln></shipTo></orderLogisticalInformation></orderLineItemDetail>
</orderLineItem></order></orderMessage>"""


def test_a_document_becomes_the_tables_of_an_accepted_run(command: Command, tmp_path: Path) -> None:
    root = make(tmp_path / "trade")
    (root / "profiles/shop-a.toml").write_text('extends = "gs1-order"\n')
    (root / "drops/shop-a/order.xml").write_text(GS1)
    answer = command("run", "--json", "-w", str(root))
    assert answer.code == 0, answer.out + answer.err
    accepted = root / "out/accepted" / answer.json["run_id"]
    [order] = rows(accepted / "orders.csv")
    assert (order["order_number"], order["purpose"], order["currency"]) == ("PO-1", "new", "EUR")
    [line] = rows(accepted / "order_lines.csv")
    assert (line["gtin"], line["qty_ordered"]) == ("05412345000044", "3.0000")
    splits = rows(accepted / "line_allocations.csv")
    assert [(one["party"], one["quantity"]) for one in splits] == [
        ("5412345000051", "1.0000"),
        ("5412345000068", "2.0000"),
    ]
