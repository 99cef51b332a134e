"""Reads documents' text as the readers do, for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from oms_import.model.documents import OTHER_LINE_VALUES, OTHER_VALUES
from oms_import.model.errors import DropRejectedError
from oms_import.model.values import Limits
from oms_import.profiles.model import FormatSpec
from oms_import.readers.documents.opening import open_json, open_xml
from oms_import.readers.documents.source import DocumentSource
from oms_import.readers.spec import ReadSpec


def spec(columns: Sequence[str], never: Sequence[str] = (), **form: Any) -> ReadSpec:
    return ReadSpec(
        format=FormatSpec.model_validate(form), known_columns=frozenset(columns), never=tuple(never)
    )


def opened(
    folder: Path, style: str, content: str | bytes, wanted: ReadSpec, limits: Limits | None = None
) -> DocumentSource:
    path = folder / f"document.{style}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    opening = open_xml if style == "xml" else open_json
    return opening(path, wanted, folder, limits or Limits())


def read(source: DocumentSource, rows: int = 100_000) -> pl.DataFrame:
    return pl.concat(list(source.batches(rows)))


def refused(
    folder: Path, style: str, content: str | bytes, wanted: ReadSpec, limits: Limits | None = None
) -> str:
    """The code a document is refused with; empty: it is not."""
    try:
        for _ in opened(folder, style, content, wanted, limits).batches(1000):
            pass
    except DropRejectedError as error:
        return str(error.findings[0].code)
    return ""


def others(frame: pl.DataFrame, column: str = OTHER_VALUES) -> list[dict[str, str]]:
    """What is left over, by row; no name comes twice."""
    told: list[dict[str, str]] = []
    for cell in frame[column]:
        pairs = json.loads(cell or "[]")
        names = [pair["name"] for pair in pairs]
        assert len(names) == len(set(names)), names
        told.append({pair["name"]: pair["value"] for pair in pairs})
    return told


def line_others(frame: pl.DataFrame) -> list[dict[str, str]]:
    return others(frame, OTHER_LINE_VALUES)
