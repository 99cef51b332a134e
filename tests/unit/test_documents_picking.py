"""Picking: what the paths ask for is taken, all else is left over, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from oms_import.readers.documents.paths import parse
from oms_import.readers.documents.pick import Picked, Picker
from oms_import.readers.documents.tree import Element, Node, leaves

NAMES = st.sampled_from(["a", "b", "c", "@k", "line"])
NODES: st.SearchStrategy[Node] = st.recursive(
    st.none() | st.text("xyz", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)
ORDERS = st.dictionaries(NAMES, NODES, max_size=5)
STEPS = st.sampled_from(["a", "b", "c", "@k", "a[1]", "b[2]", "a[@k='x']", "c[not(b)]", "line"])
PATHS = st.lists(st.lists(STEPS, min_size=1, max_size=3).map("/".join), max_size=6, unique=True)


def pick(
    order: Node, paths: Sequence[str], lines: Sequence[str] = (), never: Sequence[str] = ()
) -> tuple[Picker, Picked]:
    parsed = ([parse(one, "xml") for one in texts] for texts in (paths, lines, never))
    picker = Picker(*parsed, "/")
    return picker, picker.pick(order)


def texts(node: Node) -> Counter[str]:
    return Counter(text for _, text in leaves(node, "", "/"))


@given(ORDERS, PATHS)
def test_every_text_is_taken_or_left_over(order: Element, paths: list[str]) -> None:
    _, picked = pick(order, paths)
    left = Counter(text for _, text in picked.left)
    taken = Counter(text for text in picked.order if text)
    whole = texts(order)
    assert left <= whole
    assert set(taken) <= set(whole)
    assert whole - left <= taken  # several paths may take one text


@given(ORDERS, PATHS)
def test_no_text_of_a_line_is_lost(order: Element, paths: list[str]) -> None:
    _, picked = pick(order, paths, ["line"])
    rows = [picked.order, *picked.lines]
    left = [picked.left, *picked.lines_left]
    told = Counter(text for one in left for _, text in one)
    told += Counter(text for row in rows for text in row if text)
    assert not texts(order) - told


@given(ORDERS)
def test_what_is_never_kept_is_nowhere(order: Element) -> None:
    _, picked = pick(order, ["a/b"], never=["a", "c"])
    rest: Node = {name: node for name, node in order.items() if name not in {"a", "c"}}
    assert picked.order == [None]
    assert Counter(text for _, text in picked.left) == texts(rest)


def test_an_order_keeps_what_its_lines_do_not_know() -> None:
    order: Node = {"x": "1", "line": [{"s": "A", "t": "B"}, {"s": "C"}, None, "text"]}
    picker, picked = pick(order, ["x", "line/s"], ["line"])
    assert (picker.order_paths, picker.line_paths) == (["x"], ["line/s"])
    assert picked == Picked(["1"], [("line[4]", "text")], [["A"], ["C"]], [[("line/t", "B")], []],
                            [None, None])  # fmt: skip


def test_a_list_of_everything_is_json() -> None:
    order: Node = {"tax": [{"rate": "1", "kind": {"n": "v"}}, {"rate": "2"}]}
    _, picked = pick(order, ["tax[*]", "tax[2]/rate"])
    assert picked.order == ['[{"rate": "1", "kind/n": "v"}, {"rate": "2"}]', "2"]
    assert picked.left == []


def test_a_list_of_one_text_is_a_list() -> None:
    _, picked = pick({"tag": "x"}, ["tag[*]"])
    assert (picked.order, picked.left) == (['[{".": "x"}]'], [])
