"""EDI readers as the registry knows them: a tokenizer, and how its segments become rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from oms_import.model.edi import MESSAGE, OTHER
from oms_import.model.values import Limits, Shaping
from oms_import.readers.spec import ReadSpec

if TYPE_CHECKING:
    from oms_import.readers.edi.source import SegmentSource


def open_x12(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of X12 interchanges.

    Raises:
        DropRejectedError: EDI_HEADER, FILE_EMPTY, ENC_INVALID.
    """
    from oms_import.readers.edi import x12  # noqa: PLC0415 each run needs few of the formats

    return _shaped(x12.open_x12(path, spec, scratch, limits), spec, "x12")


def open_edifact(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of EDIFACT interchanges.

    Raises:
        DropRejectedError: EDI_HEADER, FILE_EMPTY, ENC_INVALID.
    """
    from oms_import.readers.edi import edifact  # noqa: PLC0415

    return _shaped(edifact.open_edifact(path, spec, scratch, limits), spec, "edifact")


def open_tradacoms(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a TRADACOMS order file.

    Raises:
        DropRejectedError: EDI_HEADER, FILE_EMPTY, ENC_INVALID.
    """
    from oms_import.readers.edi import tradacoms  # noqa: PLC0415

    return _shaped(tradacoms.open_tradacoms(path, spec, scratch, limits), spec, "tradacoms")


def open_idoc(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of SAP IDocs, flat or XML.

    Raises:
        DropRejectedError: EDI_HEADER, EDI_TRUNCATED, FILE_EMPTY, FILE_UNREADABLE, ENC_INVALID.
    """
    from oms_import.readers.edi import idoc  # noqa: PLC0415

    source = idoc.open_idoc(path, spec, scratch, limits)
    return _shaped(source, spec, "idoc", source.fields)


def _shaped(
    source: SegmentSource,
    spec: ReadSpec,
    standard: str,
    fields: Mapping[str, tuple[str, ...]] | None = None,
) -> SegmentSource:
    """The source with its locators: those that the profile names."""
    from oms_import.readers.edi.locators import is_locator  # noqa: PLC0415

    locators = tuple(sorted(name for name in spec.known_columns if is_locator(name, standard)))
    told = repr(sorted((fields or {}).items()))
    source.shape = Shaping(
        key=f"{standard} {hashlib.sha256(told.encode()).hexdigest()}",
        columns=(*locators, MESSAGE, OTHER),
        rows=partial(_rows, standard, locators, fields),
    )
    return source


def _rows(
    standard: str,
    locators: tuple[str, ...],
    fields: Mapping[str, tuple[str, ...]] | None,
    segments: pl.DataFrame,
    first_record: int,
) -> pl.DataFrame:
    from oms_import.readers.edi.rows import rows_of  # noqa: PLC0415

    return rows_of(segments, standard, locators, fields=fields, first_record=first_record)
