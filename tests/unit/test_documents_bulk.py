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
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Limits
from oms_import.readers.documents import json_blocks, json_stream, source, xml_blocks
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


NUMBERS = ["10.799999999999999", "901234567890123456", "-0", "1.50", "1e3", "12E-2", "1e99", "0.0"]
STRINGS = st.one_of(
    TEXTS.map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.sampled_from([r'"\u00e4\n\"\\"', r'"\ud83d\ude00"', r'"\ud800"', r'"\\"', '"{[,:]}"']),
)
SCALARS = st.one_of(st.sampled_from([*NUMBERS, "true", "false", "null"]), STRINGS)
JSON_KEYS = ["a", "b", "c", "line", "k", "ä"]
JSON_STEPS = ["a", "b", "c", "line", "k", "a[1]", "b[k='1']", "a[k!='1']", "c[b]", "a[not(b)]"]
JSON_PATHS = st.lists(
    st.lists(st.sampled_from(JSON_STEPS), min_size=1, max_size=3).map(".".join),
    max_size=8,
    unique=True,
)


@st.composite
def objects(draw: Draw, depth: int = 0) -> str:
    """A JSON object, written one way or another; seldom with a key that comes again."""
    again = draw(st.integers(0, 19)) == 19
    keys = draw(st.lists(st.sampled_from(JSON_KEYS), max_size=5, unique=not again))
    blank = draw(st.sampled_from(["", " ", "\t"]))
    pairs = [f'"{key}"{blank}:{blank}{draw(json_values(depth + 1))}' for key in keys]
    return "{" + blank + f"{blank},{blank}".join(pairs) + blank + "}"


@st.composite
def json_values(draw: Draw, depth: int) -> str:
    kind = draw(st.integers(0, 5 if depth < 4 else 1))
    if kind < 3:
        return draw(SCALARS)
    if kind == 3:
        return draw(objects(depth))
    odd = draw(st.integers(0, 19)) == 19
    inside = st.one_of(SCALARS, objects(depth), json_values(depth + 1) if odd else objects(depth))
    return f"[{', '.join(draw(st.lists(inside, max_size=3)))}]"


def in_list(orders: list[str]) -> str:
    return f"[{', '.join(orders)}]"


@st.composite
def json_documents(draw: Draw) -> str:
    """Lines of orders, a list of them, or one somewhere in an object; now and then damaged."""
    orders = draw(st.lists(objects(), min_size=1, max_size=5))
    kind = draw(st.sampled_from(["lines", "list", "inside", "deep"]))
    around = draw(st.sampled_from(['"h": 1', '"h": "\\ud800"', '"h": {"k": [1, {}]}']))
    behind = draw(st.sampled_from(["", ', "more": [1, 2]']))
    text = {
        "lines": draw(st.sampled_from(["\n", "\r\n", " "])).join(orders),
        "list": in_list(orders),
        "inside": f'{{{around}, "orders": {in_list(orders)}{behind}}}\n',
        "deep": f'{{{around}, "page": {{"no": 3,\n"orders": {in_list(orders)}}}{behind}}}',
    }[kind]
    if draw(st.integers(0, 3)) == 3:
        at = draw(st.integers(0, len(text)))
        drawn = st.sampled_from(["", ",", "}", '"', "\\", "x", "[", ":", "1", "\x01", "\x00"])
        text = text[:at] + draw(drawn) + text[at + draw(st.integers(0, 1)) :]
    return text


def outcome(found: DocumentSource, size: int = 100_000) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows, and what is said of the file; if it is refused, the rows before that."""
    frames: list[dict[str, Any]] = []
    try:
        for frame in found.batches(size):
            frames += frame.to_dicts()
    except DropRejectedError as error:
        return [], [str(one) for one in error.findings]
    listed = [name for name in found.columns if name.endswith("[*]")]
    for row in frames:
        for name in (OTHER_VALUES, OTHER_LINE_VALUES):
            row[name] = told(row[name])
        for name in listed:
            row[name] = [sorted(one.items()) for one in json.loads(row[name] or "[]")]
    return frames, [str(one) for one in found.findings]


@given(json_documents(), JSON_PATHS, st.integers(8, 200), st.booleans(), st.integers(1, 4))
@settings(CHECK, max_examples=100)
def test_json(
    tmp_path: Path, text: str, paths: list[str], block: int, lines: bool, size: int
) -> None:
    at = ["page.orders", "orders", "."] if lines or '"orders"' in text else []
    wanted = spec(
        [*paths, "line.k", "line.a", "/h", "/page/no", "a[*]", "line.b[*]"],
        never=["c.c"],
        orders=at,
        lines=["line"] if lines else [],
    )
    found = opened(tmp_path, "json", text, wanted)
    with one_by_one():
        slow, said = outcome(found)
    with patch.object(json_blocks, "_BLOCK", block):
        for many in (100_000, size):
            fast, now = outcome(found, many)
            assert not differences(fast, slow)
            assert now == said


ORDERS = [
    r'{"id": 901234567890123456, "a": 10.799999999999999, "b": "\u00e4\n", "line": [{"k": 1}, {}]}',
    '{"id": 1e2, "a": null, "b": ["x", null, "y"], "c": {}, "line": [], "d": true}',
]


@pytest.mark.parametrize(
    "text", ["\n".join(ORDERS), in_list(ORDERS), f'{{"orders":{in_list(ORDERS)}}}']
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_is_common_in_json_is_read_in_bulk(tmp_path: Path, text: str, encoding: str) -> None:
    at = ["orders"] if "orders" in text else ["orders", "."]
    found = opened(
        tmp_path, "json", text.encode(encoding), spec(["id", "a"], orders=at, lines=["line"])
    )
    with one_by_one():
        slow = rows(found)
    assert not differences(rows(found), slow)
    with patch.object(source, "_Part", side_effect=AssertionError):
        assert sum(frame.height for frame in found.batches(10)) == len(slow) == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"id": 1}\n' * 20_000, ""),
        (in_list(['{"id": 1}'] * 20_000), ""),
        (f'{{"id": 1}}\n{{"id": "{"y" * 99_000}"}}\n{{"id": 2}}', "JSON_LIMIT"),
        (in_list(['{"id": 1}', f'{{"id": {in_list(["1"] * 40_000)}}}']), "JSON_LIMIT"),
        ('{"id": 1}\n{"id": ' + '{"a":' * 4000 + "1" + "}" * 4001, "JSON_LIMIT"),
        (f'{{"id": 1}}\n{{"id": {"[" * 4_000}{"]" * 4_000}}}', "JSON_LIMIT"),
    ],
)
def test_limits_hold_for_json_in_bulk_too(tmp_path: Path, text: str, code: str) -> None:
    few = Limits(document_bytes=50_000)
    with patch.object(json_stream, "BLOCK", 10_000), patch.object(json_blocks, "_BLOCK", 20_000):
        with one_by_one():
            assert refused(tmp_path, "json", text, spec(["id"]), few) == code
        assert refused(tmp_path, "json", text, spec(["id"]), few) == code
