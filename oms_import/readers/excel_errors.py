"""Error cells (#REF!, #DIV/0! …) of an .xlsx sheet, read from its XML: the library drops them."""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from pathlib import Path

_MARK = b't="e"'
_BLOCK = 1 << 20
_ATTRIBUTE = re.compile(r'([\w:]+)="([^"]*)"')
_CELL = re.compile(rb'<c\s+([^>]*\bt="e"[^>]*)>(.*?)</c>', re.DOTALL)
_VALUE = re.compile(rb"<v>([^<]*)</v>")
_FIRST = re.compile(rb'<c\s+[^>]*?\br="([A-Z]+)\d+"')
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")


def error_cells(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """The error values of a sheet by row (from 0, of the sheet) and column (from 0, of its range).

    A workbook whose parts are not where they should be has none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part(archive, sheet)
            if part is None or not _has_errors(archive, part):
                return {}
            text = archive.read(part)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, NotImplementedError):
        return {}
    columns = {_column(found.decode()) for found in _FIRST.findall(text)}
    leftmost = min(columns, default=0)
    return {
        (row, column - leftmost): value
        for row, column, value in (_cell(*found) for found in _CELL.findall(text))
        if row >= 0
    }


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The name of the sheet's part in the package."""
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    targets = {
        found["Id"]: found["Target"]
        for found in map(_attributes, re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", links))
        if "Id" in found and "Target" in found
    }
    for found in map(_attributes, re.findall(r"<(?:\w+:)?sheet\s[^>]*>", book)):
        if html.unescape(found.get("name", "")) == sheet:
            target = targets.get(found.get("r:id", ""))
            return None if target is None else posixpath.join("xl", target).removeprefix("/")
    return None


def _attributes(tag: str) -> dict[str, str]:
    return dict(_ATTRIBUTE.findall(tag))


def _has_errors(archive: zipfile.ZipFile, part: str) -> bool:
    last = b""
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            if _MARK in last + block:
                return True
            last = block[-len(_MARK) :]
    return False


def _cell(attributes: bytes, content: bytes) -> tuple[int, int, str]:
    """Row, column and value of a cell; row -1: not to be told."""
    reference = _REFERENCE.match(_attributes(attributes.decode("utf-8", "replace")).get("r", ""))
    value = _VALUE.search(content)
    if reference is None or value is None:
        return -1, 0, ""
    text = html.unescape(value[1].decode("utf-8", "replace"))
    return int(reference[2]) - 1, _column(reference[1]), text


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
