"""What is wrong in a TOML file people write: key, line, plain words, nearest valid key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from oms_import.profiles.model import UnknownFieldError

_TABLE = re.compile(r"^\s*(\[{1,2})\s*([^\]]+?)\s*\]{1,2}")
_KEY = re.compile(r"^\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_\-.\s])+?)\s*=")
_PART = re.compile(r"\"[^\"]*\"|'[^']*'|[^.]+")
_PLAIN = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}


def describe(
    error: ValidationError, text: str, where: str | Path, model: type[BaseModel]
) -> list[str]:
    """One sentence a problem: `file, line 12: line.qtty: is no key; did you mean qty_ordered?`.

    Args:
        error: what pydantic found; also an UnknownFieldError inside it.
        text: the TOML, to find lines in.
        where: how people know the text, normally its path.
        model: the model the text was held against, for the keys it may have.
    """
    return list(dict.fromkeys(describe_each(error, text, where, model)))


def describe_each(
    error: ValidationError,
    text: str,
    where: str | Path,
    model: type[BaseModel],
    original: Callable[[tuple[str | int, ...]], tuple[str | int, ...]] = tuple,
) -> list[str]:
    """The same, one sentence for each of the errors, in their order.

    Args:
        error: what pydantic found.
        text: the TOML.
        where: how people know it.
        model: the model it was held against.
        original: the path in the text of a path in what pydantic was given.
    """
    return [_problem(one, original(error_path(one)), text, where, model) for one in error.errors()]


def error_path(one: Any) -> tuple[str | int, ...]:
    """The key path of one of pydantic's errors."""
    cause = one.get("ctx", {}).get("error")
    if isinstance(cause, UnknownFieldError):
        return cause.path
    return tuple(part for part in one["loc"] if not _internal(part))


def located(text: str, where: str | Path, path: Sequence[str | int], told: str) -> str:
    """A sentence about a key path, with its line where the text has it."""
    line = line_of(text, path)
    place = f"{where}, line {line}" if line else str(where)
    name = key_path(path)
    return f"{place}: {name}: {told}" if name else f"{place}: {told}"


def key_path(path: Sequence[str | int]) -> str:
    """A key path as people write it; entries of a list count from 1: `charge[2].kind`."""
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        else:
            name = part if re.fullmatch(r"[\w\-]+", part) else f'"{part}"'
            written += f".{name}" if written else name
    return written


def line_of(text: str, path: Sequence[str | int]) -> int | None:
    """The line on which a key stands, or its nearest table; None where neither is written."""
    best: tuple[int, int] | None = None
    for number, here in _keys(text):
        common = len(here) if list(path[: len(here)]) == here else 0
        if common and (best is None or common > best[0]):
            best = (common, number)
    return best[1] if best else None


def nearest(word: str, known: Sequence[str]) -> str:
    """`; did you mean x?`, or nothing. Case does not matter."""
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), folded, 1, 0.6)
    return f"; did you mean {folded[close[0]]}?" if close else ""


def _keys(text: str) -> Iterator[tuple[int, list[str | int]]]:
    """Each line that names something: its number and its whole key path.

    A line inside a text or list of several lines may look like a key too; it then names nothing
    that anybody asks for.
    """
    table: list[str | int] = []
    counts: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _TABLE.match(line):
            table = _entered(_parts(match[2]), counts, is_list=len(match[1]) == 2)
            yield number, table
        elif match := _KEY.match(line):
            yield number, table + _parts(match[1])


def _entered(
    names: list[str | int], counts: dict[tuple[str | int, ...], int], *, is_list: bool
) -> list[str | int]:
    """The path of a table header: inside `[[charge]]`, the entry's number follows the name."""
    here: list[str | int] = []
    for position, name in enumerate(names):
        here.append(name)
        key = tuple(here)
        if is_list and position == len(names) - 1:
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            here.append(counts[key])
    return here


def _parts(name: str) -> list[str | int]:
    return [part.strip().strip("\"'") for part in _PART.findall(name)]


def _problem(
    one: Any, path: tuple[str | int, ...], text: str, where: str | Path, model: type[BaseModel]
) -> str:
    cause = one.get("ctx", {}).get("error")
    if isinstance(cause, UnknownFieldError):
        told = "is no field of the canonical order" + nearest(cause.path[-1], cause.known)
        return located(text, where, path, told)
    if one["type"] == "extra_forbidden":
        told = "is no key here" + nearest(str(path[-1]), _valid_keys(model, path[:-1]))
        return located(text, where, path, told)
    return located(text, where, path, _told(one))


def _told(one: Any) -> str:
    message = str(one["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    told = _PLAIN.get(one["type"], message[:1].lower() + message[1:])
    given = one.get("input")
    if one["type"] == "tuple_type" and isinstance(given, dict):
        return f"must be a list of tables, [[{one['loc'][-1]}]]"
    if one["type"] == "missing" or not isinstance(given, str | int | float | bool):
        return told
    choices = re.findall(r"'([^']*)'", message) if one["type"] == "literal_error" else []
    return f"{told} (it says {given!r})" + nearest(str(given), choices)


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
