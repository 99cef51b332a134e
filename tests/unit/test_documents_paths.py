"""Paths into documents: what they may say, and what they find."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_import.readers.documents.paths import NotAPathError, Style, is_path, parse
from oms_import.readers.documents.tree import Node, first_text, found

NAMES = st.text("abcXYZ_1", min_size=1, max_size=5).filter(lambda name: not name.isdigit())
ORDER: Node = {
    "@id": "7",
    "Street": ["a", None, "c"],
    "Empty": None,
    "ShipTo": {"@ref": "p2"},
    "Person": [{"@id": "p1", "City": "Rome"}, {"@id": "p2", "City": {".": "Oslo", "@z": "1"}}],
}


def text(path: str, node: Node = ORDER, style: Style = "xml") -> str | None:
    return first_text(node, parse(path, style).steps, node)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("@id", "7"),
        ("Street", "a"),
        ("Street[2]", None),
        ("Street[3]", "c"),
        ("Person[@id='p2']/City", "Oslo"),
        ("Person[@id='p2']/City/text()", "Oslo"),
        ("Person[@id=ShipTo/@ref]/City", "Oslo"),
        ("Person[@id!='p2']/City", "Rome"),
        ("Person[City/@z]/@id", "p2"),
        ("Person[not(City/@z)]/@id", "p1"),
        ('Person[@id="p2" and City="Oslo"]/@id', "p2"),
        ("Person[@id='p1' and City='Oslo']/@id", None),
        ("Person[2]/City/@z", "1"),
        ("Nobody/City", None),
    ],
)
def test_a_path_of_xml_finds(path: str, wanted: str | None) -> None:
    assert text(path) == wanted


@pytest.mark.parametrize("test", ["Empty", "text()"])
def test_what_is_empty_is_not_there(test: str) -> None:
    step = parse(f"Order[{test}]", "xml").steps
    assert not list(found({"Order": ORDER}, step, ORDER))


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("a.b", "1"),
        ("['a.b']", "2"),
        ("list[1].x", "4"),
        ("list[x='4'].y", "5"),
        ("/a/b", "1"),
        ("/a.b", "2"),
        ("/list/1/x", "4"),
        ("/s~1l/t~0", "6"),
    ],
)
def test_a_path_of_json_finds(path: str, wanted: str) -> None:
    node: Node = {
        "a": {"b": "1"},
        "a.b": "2",
        "list": [{"x": "3"}, {"x": "4", "y": "5"}],
        "s/l": {"t~": "6"},
    }
    assert text(path, node, "json") == wanted


@pytest.mark.parametrize("path", ["a//b", "a[", "a[@b='x]", "a[]", "/a//b", "[@x='1']", "a[b=]/c["])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(NotAPathError):
        parse(path, "xml")


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_names_come_back_as_steps(names: list[str]) -> None:
    assert parse("/".join(names), "xml").names == tuple(names)
    assert parse(".".join(names), "json").names == tuple(names)
    assert parse("/" + "/".join(names), "json").names == tuple(names)


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_pointer_takes_any_key(keys: list[str]) -> None:
    pointer = "/" + "/".join(key.replace("~", "~0").replace("/", "~1") for key in keys)
    if not any(key.isdigit() for key in keys) and pointer.strip() == pointer:
        assert parse(pointer, "json").names == tuple(keys)


@given(st.text("ab/.[]@='\"*() 1", max_size=20), st.sampled_from(["xml", "json"]))
def test_any_text_is_a_path_or_is_refused(path: str, style: Style) -> None:
    assert is_path(path, style) in {True, False}
