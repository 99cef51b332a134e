"""How things are drawn: width, colours and lines; and data made safe to print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

# C0 and C1 controls, line and paragraph separators, zero-width and bidirectional marks.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


ROOMY = 100  # columns from which tables are set wider
_RULED, _PLAIN = (
    box.Box(f"    \n    \n {rule}{rule} \n" + "    \n" * 5, ascii=rule == "-") for rule in "\u2500-"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What the place we print to can show."""

    width: int = 80
    lines: bool = False  # box drawing and symbols
    colour: bool = False


def drawn(parts: Sequence[RenderableType], look: Look) -> str:
    """The parts below each other as text, without trailing blanks where there is no terminal."""
    target = StringIO()
    console = Console(
        file=target,
        width=look.width,
        force_terminal=look.colour,
        color_system="standard" if look.colour else None,
        no_color=not look.colour,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
        _environ={},
    )
    for part in parts:
        console.print(part)
    text = target.getvalue()
    return text if look.lines else re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)


def safe(value: object) -> str:
    """A value as text that cannot steer the terminal or turn the reading direction."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", str(value))


def plain(value: object, style: str = "") -> Text:
    """A value as Rich text: never read as markup."""
    return Text(safe(value), style=style, overflow="fold")


def table(look: Look, *headers: str, right: Sequence[str] = (), fixed: Sequence[str] = ()) -> Table:
    """An empty table; `right` columns are numbers, `fixed` ones (and numbers) are never broken."""
    drawing = Table(
        box=_RULED if look.lines else _PLAIN,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1) if look.width >= ROOMY else 0,
        header_style="bold",
    )
    for header in headers:
        drawing.add_column(
            header,
            justify="right" if header in right else "left",
            no_wrap=header in right or header in fixed,
            overflow="fold",
        )
    return drawing


def pairs(rows: Sequence[tuple[str, str]], by: int = 2) -> RenderableType:
    """Names and what they are, below each other; what is long goes on below itself."""
    drawing = Table.grid(padding=(0, 2, 0, 0))
    drawing.add_column(no_wrap=True)
    drawing.add_column(overflow="fold")
    for name, told in rows:
        drawing.add_row(plain(name, "dim"), plain(told))
    return Padding(drawing, (0, 0, 0, by), expand=False)


def gap(look: Look) -> int:
    """Characters between two columns of a table."""
    return 3 if look.width >= ROOMY else 1


def heading(text: str) -> Text:
    """A title line."""
    return plain(text, "bold")


def indented(text: str, by: int = 2, style: str = "") -> RenderableType:
    """Data as a paragraph, moved to the right on every line it takes."""
    return Padding(plain(text, style), (0, 0, 0, by), expand=False)


STATES = {
    "ok": ("✓", "green"),
    "noop": ("✓", "green"),
    "imported": ("✓", "green"),
    "accepted": ("✓", "green"),
    "duplicate": ("=", "dim"),
    "ignored": ("-", "dim"),
    "info": ("-", "dim"),
    "rejects": ("!", "yellow"),
    "held": ("!", "yellow"),
    "partial": ("!", "yellow"),
    "warn": ("!", "yellow"),
    "warning": ("!", "yellow"),
    "hold": ("!", "yellow"),
    "rejected": ("✗", "red"),
    "failed": ("✗", "red"),
    "fail": ("✗", "red"),
    "error": ("✗", "red"),
}
"""Symbol and colour of a state; the word itself is always printed too."""


def state(word: str, look: Look, said: str | None = None) -> Text:
    """A state in words, with its symbol where it can be drawn, and its colour."""
    symbol, style = STATES.get(word, ("", ""))
    text = safe(f"{symbol}\u00a0{said or word}" if look.lines and symbol else said or word)
    return Text(overflow="fold").append(text, style)
