"""The readers: what each recognises and how it opens a drop. A new format is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.model.values import Limits, Source
from oms_import.readers.csv_source import open_csv
from oms_import.readers.documents import opening as documents
from oms_import.readers.edi import opening
from oms_import.readers.edi.recognise import (
    looks_edifact,
    looks_idoc,
    looks_tradacoms,
    looks_x12,
)
from oms_import.readers.excel import open_excel
from oms_import.readers.recognise import (
    Guess,
    foreign,
    looks_delimited,
    looks_json,
    looks_workbook,
    looks_xml,
)
from oms_import.readers.spec import ReadSpec

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Reader:
    """One format."""

    name: str
    recognise: Callable[[bytes, str], Guess]
    """First bytes and file name → confidence 0…1 and reason."""
    open: Callable[[Path, ReadSpec, Path, Limits], Source]
    """path, spec, scratch folder, limits → the opened drop; raises DropRejectedError."""
    tables: bool = False
    """Rows and columns: a channel of tables takes any of these, since the mapping is the same."""
    documents: bool = False
    """Trees: which profile fits shows only when it is tried."""


READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        Reader("csv", looks_delimited, open_csv, tables=True),
        Reader("excel", looks_workbook, open_excel, tables=True),
        Reader("x12", looks_x12, opening.open_x12),
        Reader("edifact", looks_edifact, opening.open_edifact),
        Reader("tradacoms", looks_tradacoms, opening.open_tradacoms),
        Reader("idoc", looks_idoc, opening.open_idoc),
        Reader("xml", looks_xml, documents.open_xml, documents=True),
        Reader("json", looks_json, documents.open_json, documents=True),
    )
}


def reader_named(name: str) -> Reader:
    """The reader of this name.

    Raises:
        DropRejectedError: FORMAT_UNKNOWN, there is no such reader.
    """
    if name not in READERS:
        detail = f'the profile\'s format.reader "{name}" is none of {", ".join(READERS)}'
        raise DropRejectedError([Finding(Code.FORMAT_UNKNOWN, value=name, detail=detail)])
    return READERS[name]


def recognise(path: Path, name: str) -> str | None:
    """The name of the reader that the bytes ask for; None: they tell nothing (an empty file).

    Raises:
        DropRejectedError: FORMAT_UNKNOWN, the file is something none of the readers reads.
    """
    found = recognised(path, name)
    return None if found is None else found[0]


def recognised(path: Path, name: str) -> tuple[str, str] | None:
    """As `recognise`, with what the file was known by.

    Raises:
        DropRejectedError: FORMAT_UNKNOWN, the file is something none of the readers reads.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return None
    guesses = {reader.name: reader.recognise(head, name) for reader in READERS.values()}
    best = max(guesses, key=lambda one: guesses[one].confidence)
    if guesses[best].confidence == 0:
        what = foreign(head) or "of an unknown format"
        raise DropRejectedError([Finding(Code.FORMAT_UNKNOWN, detail=f"it is {what}")])
    return best, guesses[best].reason
