"""What is wrong in a TOML file people write: key, line, plain words, nearest valid key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from oms_import.profiles.model import UnknownFieldError

_TABLE = re.compile(r"^\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}")
_KEY = re.compile(r"^\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_\-.])+)\s*=")


def describe(
    error: ValidationError, text: str, where: str | Path, model: type[BaseModel]
) -> list[str]:
    """One sentence a problem: `file, line 12: line.qtty: not a key; did you mean qty_ordered?`."""
    found = [_problem(one, text, where, model) for one in error.errors()]
    return list(dict.fromkeys(found))


def located(text: str, where: str | Path, path: Sequence[str | int], told: str) -> str:
    """A sentence about a key path, with its line where the text has it."""
    line = line_of(text, path)
    place = f"{where}, line {line}" if line else str(where)
    name = ".".join(str(part) for part in path)
    return f"{place}: {name}: {told}" if name else f"{place}: {told}"


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line on which a key stands, or its nearest table; None where neither is written."""
    wanted = [str(part) for part in path if not isinstance(part, int)]
    best: tuple[int, int] | None = None
    for number, here in _keys(text):
        common = _common(here, wanted)
        if common and (best is None or common > best[0]):
            best = (common, number)
    return best[1] if best else None


def nearest(word: str, known: Sequence[str]) -> str:
    """`; did you mean x?`, or nothing."""
    close = get_close_matches(word, known, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _keys(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that names something: its number and its whole key path."""
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _TABLE.match(line):
            table = _parts(match[1])
            yield number, table
        elif match := _KEY.match(line):
            yield number, table + _parts(match[1])


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", name)]


def _common(here: Sequence[str], wanted: Sequence[str]) -> int:
    count = 0
    for ours, theirs in zip(here, wanted, strict=False):
        if ours != theirs:
            break
        count += 1
    return count if count == len(here) else 0


def _problem(one: Any, text: str, where: str | Path, model: type[BaseModel]) -> str:
    path = tuple(part for part in one["loc"] if not _internal(part))
    cause = one.get("ctx", {}).get("error")
    if isinstance(cause, UnknownFieldError):
        told = "is no field of the canonical order" + nearest(cause.path[-1], cause.known)
        return located(text, where, cause.path, told)
    if one["type"] == "extra_forbidden":
        told = "is no key here" + nearest(str(path[-1]), _valid_keys(model, path[:-1]))
        return located(text, where, path, told)
    told = str(one["msg"]).removeprefix("Value error, ")
    given = one.get("input")
    if isinstance(given, str | int | float | bool):
        told += f" (it says {given!r})"
    return located(text, where, path, told[:1].lower() + told[1:])


def _internal(part: object) -> bool:
    """Parts of pydantic's own making: function-before[…], tagged unions."""
    return isinstance(part, str) and ("[" in part or part.startswith("function-"))


def _valid_keys(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys a table may have, found by walking the model along the path."""
    here: type[BaseModel] | None = model
    for part in path:
        if here is None or isinstance(part, int):
            continue
        field = _fields(here).get(part)
        here = _model_in(field.annotation) if field is not None else here
    return list(_fields(here)) if here is not None else []


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
