"""TOML as text: values quoted so that any header name survives, and comments that cannot break."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

_WIDTH = 100
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Value = str | int | bool | Sequence["Value"] | Mapping[str, "Value"]


def quoted(text: str) -> str:
    """A basic string: every character as it is, or escaped where TOML asks for it."""
    sound = _SURROGATE.sub("\ufffd", text)
    escaped = json.dumps(sound, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f]", lambda match: f"\\u{ord(match[0]):04x}", escaped)


def value(of: Value) -> str:
    """A value: text, number, yes or no, list, inline table."""
    if isinstance(of, bool):
        return "true" if of else "false"
    if isinstance(of, int):
        return str(of)
    if isinstance(of, str):
        return quoted(of)
    if isinstance(of, Mapping):
        return "{ " + ", ".join(f"{key(name)} = {value(one)}" for name, one in of.items()) + " }"
    return "[" + ", ".join(value(one) for one in of) + "]"


def key(name: str) -> str:
    """A key, quoted where it is no bare one."""
    return name if _BARE.fullmatch(name) else quoted(name)


def comment(text: str) -> str:
    """Text as it may stand in a comment: on one line, without characters that steer."""
    return _CONTROL.sub(" ", _SURROGATE.sub("\ufffd", text)).strip()


def line(name: str, of: Value, why: str = "", *, active: bool = True) -> list[str]:
    """A key with its comment, beside it or above it where it would be long."""
    mark = "" if active else "# "
    written = f"{mark}{key(name)} = {value(of)}"
    told = comment(why)
    if not told:
        return [written]
    beside = f"{written}  # {told}"
    return [beside] if len(beside) <= _WIDTH else [*wrapped(told), written]


def wrapped(text: str) -> list[str]:
    """A comment over as many lines as it takes."""
    lines: list[str] = [""]
    for word in comment(text).split():
        if lines[-1] and len(lines[-1]) + len(word) + 3 > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [f"# {one}" for one in lines if one]
