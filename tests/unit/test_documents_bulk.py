"""Whole blocks of orders at once come out as order by order does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape, quoteattr

import polars as pl
import pytest
from documents_desk import opened, refused, spec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from oms_import.model.documents import OTHER_LINE_VALUES, OTHER_VALUES
from oms_import.model.values import Limits
from oms_import.readers.documents import source, xml_blocks
from oms_import.readers.documents.source import DocumentSource

Draw = Callable[[st.SearchStrategy[Any]], Any]
CHECK = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
STEPS = ["a", "b", "c", "line", "@k", "@x", "text()", "name()"]
TESTED = [
    *STEPS,
    "a[2]",
    "b[@k='1']",
    "a[@k!='1']",
    "c[b]",
    "a[not(@x)]",
    "b[@k=a/@k]",
    "a[text()]",
]
NAMED = st.lists(st.sampled_from(TESTED), min_size=1, max_size=3).map("/".join)
PATHS = st.lists(NAMED, max_size=8, unique=True)
TEXTS = st.one_of(
    st.sampled_from(["1", "2", " ", "", "ä\n<&>\"'", "]", "x > y", "\u00a0z\u00a0"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=4),
)


@st.composite
def elements(draw: Draw, depth: int = 0) -> str:
    """An XML element, written one way or another."""
    name = draw(st.sampled_from(["a", "b", "c", "line"]))
    keys = draw(st.lists(st.sampled_from(["k", "x"]), max_size=2, unique=True))
    told = "".join(f" {key}={quoteattr(draw(TEXTS))}" for key in keys)
    if draw(st.integers(0, 9)) == 9:
        told += ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
    kind = draw(st.integers(0, 5 if depth < 3 else 2))
    if kind == 0:
        return f"<{name}{told}{draw(st.sampled_from(['', ' ']))}/>"
    if kind == 1:
        return f"<{name}{told}>{escape(draw(TEXTS))}</{name}>"
    if kind == 2:
        text = draw(TEXTS).replace("]]>", "")
        return f"<{name}{told}><!-- <a> \n --><![CDATA[{text}]]>&#x41;<?p?></{name}>"
    inside = draw(st.lists(elements(depth + 1), max_size=4))
    blank = draw(st.sampled_from(["", "\n  ", "\r\n"]))
    return f"<{name}{told}\n>{blank.join(['', *inside, ''])}</{name}>"


@st.composite
def documents(draw: Draw) -> str:
    """A document of orders, with things before, between and behind them."""
    orders = [
        f'<Order k="{number}">{"".join(draw(st.lists(elements(), max_size=5)))}</Order>'
        for number in range(draw(st.integers(1, 4)))
    ]
    around = st.sampled_from(["", "\n", "<h>1</h>", "<!-- - -->", "<h/><a k='1'/>"])
    groups = draw(st.integers(1, 2))
    begin, end = ("<Group n='1'>", "</Group>") if draw(st.booleans()) else ("", "")
    inside = "".join(
        begin + draw(around) + draw(around).join(orders) + draw(around) + end for _ in range(groups)
    )
    return f"<?xml version='1.0'?>\n<All k='9'>{draw(around)}{inside}</All>"


@contextmanager
def one_by_one() -> Iterator[None]:
    with patch.object(source, "is_bulk", lambda _: False):
        yield


def told(cell: str | None) -> list[tuple[str, str]]:
    return sorted((one["name"], one["value"]) for one in json.loads(cell or "[]"))


def rows(found: DocumentSource, size: int = 100_000) -> list[dict[str, Any]]:
    frames = list(found.batches(size))
    listed = [name for name in found.columns if name.endswith("[*]")]
    result = pl.concat(frames).to_dicts() if frames else []
    for row in result:
        for name in (OTHER_VALUES, OTHER_LINE_VALUES):
            row[name] = told(row[name])
        for name in listed:
            row[name] = [sorted(one.items()) for one in json.loads(row[name] or "[]")]
    return result


def differences(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[Any]:
    if len(one) != len(other):
        return [(len(one), len(other))]
    pairs = enumerate(zip(one, other, strict=True))
    return [(at, key, a[key], b[key]) for at, (a, b) in pairs for key in a if a[key] != b[key]]


@given(documents(), PATHS, st.integers(20, 200), st.booleans(), st.integers(1, 4))
@CHECK
def test_xml(
    tmp_path: Path, text: str, paths: list[str], block: int, lines: bool, size: int
) -> None:
    at = "/All/Group/Order" if "<Group" in text else "/All/Order"
    wanted = spec(
        [*paths, "line/@k", "line/a", "a[*]", "line/b[*]", "/All/h", "/All/@k", "/All/Group/@n"],
        never=["c/c"],
        orders=[at, "/All/Group/Sub/Order", "/Order", "/All/Sub/Order"],
        lines=["line"] if lines else [],
    )
    found = opened(tmp_path, "xml", text, wanted)
    with one_by_one():
        slow = rows(found)
        said = [str(one.code) for one in found.findings]
    with patch.object(xml_blocks, "_BLOCK", block):
        assert not differences(rows(found), slow)
        assert [str(one.code) for one in found.findings] == said
        assert not differences(rows(found, size), slow)


@pytest.mark.parametrize(
    "text",
    [
        "<All><h>x</h><Order k='1'><a>1</a><a x='2'/></Order><Order/></All>",
        (
            '<?xml version="1.0" encoding="iso-8859-1"?><!-- c --><!DOCTYPE All SYSTEM "x">\r\n'
            "<All>\r\n<Order k='1'><a><![CDATA[<&]]></a><a x='2' y=\"'\"/></Order></All>"
        ),
    ],
)
def test_what_is_common_is_read_in_bulk(tmp_path: Path, text: str) -> None:
    wanted = spec(["a", "@k"], orders=["/All/Order"])
    found = opened(tmp_path, "xml", text, wanted)
    with one_by_one():
        slow = rows(found)
    assert not differences(rows(found), slow)
    with patch.object(source, "_Part", side_effect=AssertionError):
        assert sum(frame.height for frame in found.batches(10)) == len(slow)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<Order><a>1</a></Order>" * 3000, ""),
        (f"<Order><a>1</a></Order><h>{'y' * 99_000}</h><Order/>", "XML_LIMIT"),
        (f"<Order><a>1</a></Order>{'<!-- none -->' * 9000}<Order/>", "XML_LIMIT"),
        (f"<Order><a>{'<b>y</b>' * 20_000}</a></Order>", "XML_LIMIT"),
        (f"<Order>{'<a>' * 101}{'</a>' * 101}</Order>", "XML_LIMIT"),
        ("<Order><a " + " ".join(f"k{n}='1'" for n in range(1001)) + "/></Order>", "XML_LIMIT"),
    ],
)
def test_limits_hold_in_bulk_too(tmp_path: Path, inside: str, code: str) -> None:
    wanted = spec(["a", "@k"], orders=["/All/Order"])
    text = f"<All>{inside}</All>"
    few = Limits(document_bytes=50_000)
    with one_by_one():
        assert refused(tmp_path, "xml", text, wanted, few) == code
    with patch.object(xml_blocks, "_BLOCK", 10_000):
        assert refused(tmp_path, "xml", text, wanted, few) == code
