"""What `profiles new`, `profiles diff` and `profiles check --sample` show."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import RenderableType

from oms_import.report.amounts import count
from oms_import.report.look import Look, heading, indented, pairs, plain, state, table

Row = Mapping[str, Any]
_SURE = 0.7
_EXAMPLE = 18
_MOST = 12


def draft_shown(document: Row, look: Look) -> list[RenderableType]:
    """The fields of a draft with how sure each is, what is missing, and what is left over."""
    parts: list[RenderableType] = [heading(_headline(document))]
    drawing = table(look, "field", "column", "sure", "example", right=("sure",))
    for one in document["fields"]:
        drawing.add_row(
            plain(one["field"].removeprefix("party."), "" if one["taken"] else "dim"),
            plain(", ".join(one["columns"]) or "-"),
            _percent(one, look),
            plain(_short(one["example"]), "dim"),
        )
    parts += [drawing] if document["fields"] else []
    if document["missing"]:
        parts += [plain(""), heading("Missing, to be decided")]
        parts.append(pairs([(one["field"], one["decide"]) for one in document["missing"]]))
    if document["left_over"]:
        parts += [plain(""), heading("Kept as attributes")]
        parts.append(indented(_listed(document["left_over"])))
    return parts


def draft_written(document: Row, look: Look) -> list[RenderableType]:
    """Where a draft was written, and what comes next."""
    name, path = document["name"], document["path"]
    del look
    return [
        plain(""),
        plain(f"Written to {path}", "bold"),
        plain(f"Next: oms-import preview FILE --profile {path}"),
        plain(f"      oms-import profiles check {path} --sample FILE   ({name})"),
    ]


def _headline(document: Row) -> str:
    form = document["format"]
    told = [form["reader"], form["encoding"], _delimiter(form["delimiter"])]
    how = ", ".join(part for part in told if part)
    if document["extends"]:
        return f"{document['name']}: the built-in profile {document['extends']} fits ({how})"
    return f"{document['name']}: drafted ({how})"


def _delimiter(sign: str | None) -> str:
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}
    return "" if sign is None else names.get(sign, f"{sign!r}")


def _percent(one: Row, look: Look) -> RenderableType:
    word = "ok" if one["confidence"] >= _SURE and one["taken"] else "warn"
    said = f"{one['confidence']:.0%}" + ("" if one["taken"] else " no")
    return state(word, look, said) if look.colour else plain(said)


def _short(text: str) -> str:
    return text if len(text) <= _EXAMPLE else f"{text[: _EXAMPLE - 1]}…"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST
    return ", ".join(names[:_MOST]) + (f" and {more} more" if more > 0 else "")


def differences_shown(document: Row, look: Look) -> list[RenderableType]:
    """The keys in which two profiles differ, section by section."""
    changes: Sequence[Row] = document["changes"]
    a, b = document["a"], document["b"]
    if not changes:
        return [plain(f"{a} and {b} say the same.")]
    parts: list[RenderableType] = [heading(f"{a} -> {b}: {count(len(changes), 'difference')}")]
    for section, several in groupby(changes, lambda one: _section(one["path"])):
        drawing = table(look, "", "key", a, b)
        for one in several:
            sign = "+" if one["a"] is None else "-" if one["b"] is None else "~"
            cells = (sign, _within(one["path"], section), _told(one["a"]), _told(one["b"]))
            drawing.add_row(*(plain(cell) for cell in cells))
        parts += [plain(""), heading(section), drawing]
    return parts


def _section(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]


def _within(path: str, section: str) -> str:
    return path.removeprefix(section).removeprefix(".") or path


def _told(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def coverage_shown(tried: Row, look: Look) -> list[RenderableType]:
    """What a profile made of one sample: shares of filled fields, what is left, findings."""
    outcomes = ", ".join(f"{number} {name}" for name, number in tried["outcomes"].items())
    lines: list[RenderableType] = [
        indented(f"{tried['file']}: {count(tried['orders'], 'order')}", style="bold"),
        indented(f"outcomes: {outcomes or '-'}"),
    ]
    shares: Mapping[str, float | None] = tried.get("shares", {})
    drawing = table(look, "field", "filled", "columns", right=("filled",))
    for field, columns in tried["filled"].items():
        share = shares.get(field)
        told = "" if share is None else f"{share:.0%}"
        drawing.add_row(plain(field), plain(told), plain(", ".join(columns) or "(a constant)"))
    if tried["filled"]:
        lines += [drawing]
    told = (
        ("fields that nothing fills", ", ".join(tried["empty"])),
        ("columns the profile names and the file lacks", ", ".join(tried.get("lacking", ()))),
        ("columns left over, kept as attributes", ", ".join(tried["attributes"])),
        ("findings", ", ".join(f"{code} {number}" for code, number in tried["findings"].items())),
    )
    return [*lines, *(indented(f"{name}: {text or '-'}") for name, text in told), plain("")]
