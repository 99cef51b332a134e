"""What no path asked for, of many orders at once, as JSON: names by paths, and texts."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from oms_import.readers.documents.nodes import Bools, Ints, Nodes
from oms_import.readers.documents.paths import OWN
from oms_import.readers.documents.tree import numbered

_SPECIAL = r'["\\\x00-\x1f]'


def told(nodes: Nodes, here: Ints, owner: Ints, lines: Bools, joint: str) -> pl.DataFrame:
    """What is left over, as members of the list OTHER VALUES.

    Args:
        nodes: of the orders.
        here: the nodes left over, in the document's order.
        owner: of each, the order or line that is told of it; they ascend.
        lines: marks the nodes of lines, which are not counted in names.
        joint: what stands between names, `/` or a dot.

    Returns:
        `owner` (Int64) and `members` (String), JSON objects joined by commas.
    """
    number = np.where(lines, 0, nodes.number)
    code, names = _names(nodes, here, number, None, joint)
    heads = pl.Series(
        [f'{{"name": {_json(name or OWN)}, "value": ' for name in names], dtype=pl.String
    )
    frame = pl.DataFrame({"owner": owner, "head": heads.gather(code), "text": _quoted(nodes, here)})
    member = pl.concat_str("head", "text", pl.lit("}"))
    return frame.group_by("owner", maintain_order=True).agg(member.str.join(", ").alias("members"))


def lists(nodes: Nodes, chosen: Ints, owner: Ints, count: int, joint: str) -> pl.Series:
    """Of each owner a JSON list of the chosen nodes, each an object of all texts in it.

    Args:
        nodes: of the orders.
        chosen: the nodes; none stands in another.
        owner: of each, its order or line.
        count: how many owners there are.
        joint: what stands between names, `/` or a dot.
    """
    place = np.zeros(len(nodes.path), np.int64)
    place[chosen] = 1
    which = np.cumsum(place) - 1
    here = np.flatnonzero(nodes.inside(chosen) & nodes.filled)
    code, names = _names(nodes, here, nodes.number, nodes.marked(chosen), joint)
    heads = pl.Series([f"{_json(name or OWN)}: " for name in names], dtype=pl.String)
    texts = pl.DataFrame(
        {"which": which[here], "head": heads.gather(code), "text": _quoted(nodes, here)}
    )
    member = pl.concat_str("head", "text")
    inner = texts.group_by("which", maintain_order=True).agg(member.str.join(", ").alias("in"))
    whole = pl.DataFrame({"which": np.arange(len(chosen)), "owner": owner})
    whole = whole.join(inner, on="which", how="left", maintain_order="left")
    item = pl.concat_str(pl.lit("{"), pl.col("in").fill_null(""), pl.lit("}"))
    joined = whole.group_by("owner", maintain_order=True).agg(
        pl.concat_str(pl.lit("["), item.str.join(", "), pl.lit("]")).first().alias("list")
    )
    every = pl.DataFrame({"owner": np.arange(count)})
    return every.join(joined, on="owner", how="left", maintain_order="left")["list"]


def _names(
    nodes: Nodes, here: Ints, number: Ints, stop: Bools | None, joint: str
) -> tuple[Ints, list[str]]:
    """The names of nodes by their paths: of each its number, and the names by number.

    Nodes are told apart by their way and the numbers on it, from a node that is a stop, or from the
    order; few combinations occur, and each is spelt once.
    """
    code, cursor = nodes.path[here], here
    while len(here):
        halted = nodes.parent[cursor] < 0
        halted = halted if stop is None else halted | stop[cursor]
        if halted.all():
            break
        own = np.where(halted, stop is None, number[cursor] + 1)
        if own.min(initial=1) < 1 or own.max(initial=1) > 1:
            _, code = np.unique(code * (int(own.max()) + 1) + own, return_inverse=True)
        cursor = np.where(halted, cursor, nodes.parent[cursor])
    _, examples, codes = np.unique(code, return_index=True, return_inverse=True)
    return codes, [_name(nodes, int(here[at]), number, stop, joint) for at in examples]


def _name(nodes: Nodes, node: int, number: Ints, stop: Bools | None, joint: str) -> str:
    steps: list[str] = []
    while nodes.parent[node] >= 0 and (stop is None or not stop[node]):
        name = nodes.paths.names[nodes.path[node]]
        steps.append(numbered(name, int(number[node]), joint))
        node = int(nodes.parent[node])
    return joint.join(reversed(steps))


def _quoted(nodes: Nodes, here: Ints) -> pl.Series:
    """Texts in JSON's quotes."""
    texts = nodes.text.gather(here)
    special = texts.str.contains(_SPECIAL).fill_null(value=False)
    whole = texts.to_frame("text").select(pl.concat_str(pl.lit('"'), "text", pl.lit('"')))[
        "literal"
    ]
    if not special.any():
        return whole
    written = pl.Series([_json(text) for text in texts.filter(special)], dtype=pl.String)
    return whole.scatter(special.arg_true(), written)


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
