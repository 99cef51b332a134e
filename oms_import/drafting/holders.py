"""Lines that do not stand one a row: in columns `line_item_1…N`, or in a JSON cell."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from oms_import.drafting.shapes import Shape

_CELLS = 300  # cells looked into
_NUMBERED = re.compile(r"^(.*?)[ _\-.]?([0-9]{1,3})$")
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class Holder:
    """Columns that hold whole lines; `keys` are the columns of what the cells hold."""

    setting: dict[str, str]  # keys of `lines`
    columns: tuple[str, ...]
    keys: pl.DataFrame
    why: str


def holder(
    frame: pl.DataFrame, columns: Sequence[str], shapes: Mapping[str, Shape]
) -> Holder | None:
    """The columns that hold lines; None: lines stand one a row."""
    return _in_columns(frame, columns, shapes) or _in_json(frame, columns, shapes)


def _in_columns(
    frame: pl.DataFrame, columns: Sequence[str], shapes: Mapping[str, Shape]
) -> Holder | None:
    stems: dict[str, list[str]] = {}
    for name in columns:
        found = _NUMBERED.match(name)
        if found and found[1]:
            stems.setdefault(name[: found.start(2)], []).append(name)
    for stem, names in stems.items():
        filled = [name for name in names if shapes[name].filled]
        if filled and all(shapes[name].share("pairs") >= _MOSTLY for name in filled):
            cells = [cell for name in filled for cell in frame[name].drop_nulls().head(_CELLS)]
            setting = {"in": "columns", "columns": f"{stem}*", "pairs": "|", "key_value": ":"}
            why = f"{len(names)} columns {stem}… with key:value pairs"
            return Holder(setting, tuple(names), _frame(map(_pairs, cells)), why)
    return None


def _in_json(
    frame: pl.DataFrame, columns: Sequence[str], shapes: Mapping[str, Shape]
) -> Holder | None:
    for name in columns:
        if shapes[name].share("json") < _MOSTLY:
            continue
        cells = frame[name].drop_nulls().head(_CELLS)
        keys = _frame(one for cell in cells for one in _objects(cell))
        if keys.width >= 2:
            setting = {"in": "json", "column": name}
            return Holder(setting, (name,), keys, f'"{name}" holds JSON objects')
    return None


def _frame(objects: object) -> pl.DataFrame:
    """Objects of text values as rows; a key that some lack is null there."""
    rows: list[dict[str, str]] = list(objects)  # type: ignore[call-overload]
    names = list(dict.fromkeys(key for row in rows for key in row))
    cells = {name: [row.get(name) or None for row in rows] for name in names}
    return pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))


def _pairs(cell: str) -> dict[str, str]:
    parts = (piece.split(":", 1) for piece in cell.split("|"))
    return {key.strip(): value[0].strip() for key, *value in parts if value and key.strip()}


def _objects(cell: str) -> list[dict[str, str]]:
    """The objects of a JSON cell, values as text; what is no object or not JSON is none."""
    try:
        found: object = json.loads(cell)
    except ValueError:
        return []
    several: list[object] = found if isinstance(found, list) else [found]
    return [
        {str(key): _text(value) for key, value in one.items()}
        for one in several
        if isinstance(one, dict)
    ]


def _text(value: object) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    return value if isinstance(value, str) else json.dumps(value)
