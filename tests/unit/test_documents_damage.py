"""Documents that were cut or changed on the way: refused or read, and never a crash."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from documents_desk import opened, spec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms_import.model.errors import DropRejectedError

WANTED = ("@id", "id", "Note", "note", "Items/Item/@sku", "lines.sku", "/Batch/@no", "/no")
DOCUMENTS = {
    "xml": (
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE Batch SYSTEM "x.dtd">\n<Batch no="1">'
        '<Head>h</Head><Order id="1"><Note>ä &amp; &#65;<!-- c --></Note><Items><Item sku="a"/>'
        '<Item sku="b"><Q>1</Q></Item></Items></Order>\n<Order id="2"><![CDATA[x]]></Order></Batch>'
    ).encode(),
    "json": (
        '{"no": 1, "orders": [{"id": 1, "note": "ä\\u00e4\\n", "lines": [{"sku": "a", "q": 1.50}, '
        '{"sku": "b", "x": [true, null]}]},\n {"id": 2}], "next": null}'
    ).encode(),
    "lines.json": b'{"id": 1, "lines": [{"sku": "a"}]}\n{"id": 2, "x": {"y": [1]}}\n{"id": 3}\n',
}


def try_to_read(folder: Path, name: str, content: bytes) -> None:
    at = {"xml": ["/Batch/Order"], "json": ["orders"], "lines.json": []}[name]
    lines = ["Items/Item"] if name == "xml" else ["lines"]
    wanted = spec(WANTED, orders=at, lines=lines)
    with suppress(DropRejectedError):
        for _ in opened(folder, name.removeprefix("lines."), content, wanted).batches(10):
            pass


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_cut_anywhere(tmp_path: Path, name: str) -> None:
    whole = DOCUMENTS[name]
    for end in range(len(whole)):
        try_to_read(tmp_path, name, whole[:end])


@given(
    st.sampled_from(sorted(DOCUMENTS)),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=3),
    st.binary(max_size=3),
)
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_document_with_changed_bytes(
    tmp_path: Path, name: str, changes: list[tuple[int, int]], more: bytes
) -> None:
    content = bytearray(DOCUMENTS[name])
    for place, byte in changes:
        content[place % len(content)] = byte
    place = changes[0][0] % len(content)
    try_to_read(tmp_path, name, bytes(content))
    try_to_read(tmp_path, name, bytes(content[:place]) + more + bytes(content[place:]))
