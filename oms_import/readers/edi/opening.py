"""EDI readers as the registry knows them: a tokenizer, and how its segments become rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from oms_import.model.edi import MESSAGE, OTHER, element
from oms_import.model.values import Limits, Shaping
from oms_import.readers.edi.partners import ACCOUNT, PARTNER_TAG, SEGMENT
from oms_import.readers.spec import ReadSpec

if TYPE_CHECKING:
    from oms_import.readers.edi.brief import Brief
    from oms_import.readers.edi.source import SegmentSource


_PARTNER = (ACCOUNT, SEGMENT)
_ASCII_BASED = frozenset({"auto", "utf-8", "ascii", "us-ascii", "cp1252", "latin-1", "iso-8859-1"})


def open_x12(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of X12 interchanges.

    Raises:
        DropRejectedError: EDI_HEADER, FILE_EMPTY, ENC_INVALID.
    """
    # Each run needs few of the formats.
    from oms_import.readers.edi import x12, x12_brief  # noqa: PLC0415

    short = _short(path, spec, _ASCII_BASED, x12_brief.brief_x12)
    return _shaped(short or x12.open_x12(path, spec, scratch, limits), spec, "x12")


def open_edifact(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> SegmentSource:
    """Open a file of EDIFACT interchanges.

    Raises:
        DropRejectedError: EDI_HEADER, FILE_EMPTY, ENC_INVALID.
    """
    from oms_import.readers.edi import edifact, edifact_brief  # noqa: PLC0415

    short = _short(path, spec, frozenset({"auto"}), edifact_brief.brief_edifact)
    return _shaped(short or edifact.open_edifact(path, spec, scratch, limits), spec, "edifact")


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


def _short(
    path: Path,
    spec: ReadSpec,
    encodings: frozenset[str],
    read: Callable[[bytes], Brief | None],
) -> SegmentSource | None:
    """A file that is short and has nothing odd about it; None: it takes the long way.

    `encodings`: those a profile may name in which ASCII means itself.
    """
    from oms_import.readers.edi.brief import LARGEST  # noqa: PLC0415
    from oms_import.readers.edi.source import SegmentSource  # noqa: PLC0415

    if spec.format.encoding.casefold() not in encodings or path.stat().st_size > LARGEST:
        return None
    brief = read(path.read_bytes())
    return None if brief is None else SegmentSource(brief, spec, ready=brief.ready)


def _shaped(
    source: SegmentSource,
    spec: ReadSpec,
    standard: str,
    fields: Mapping[str, tuple[str, ...]] | None = None,
) -> SegmentSource:
    """The source with its locators: those that the profile names."""
    locators = _locators(spec.known_columns, standard)
    told = repr(sorted((fields or {}).items()))
    source.shape = Shaping(
        key=f"{standard} {hashlib.sha256(told.encode()).hexdigest()}",
        columns=(*locators, MESSAGE, OTHER, *_PARTNER),
        rows=partial(_rows, standard, locators, fields),
    )
    return source


@lru_cache(maxsize=64)
def _locators(names: frozenset[str], standard: str) -> tuple[str, ...]:
    """Those of a profile's columns that are locators; a thousand drops have the same."""
    from oms_import.readers.edi.locators import is_locator  # noqa: PLC0415

    return tuple(sorted(name for name in names if is_locator(name, standard)))


def _rows(
    standard: str,
    locators: tuple[str, ...],
    fields: Mapping[str, tuple[str, ...]] | None,
    segments: pl.DataFrame,
    first_record: int,
) -> pl.DataFrame:
    from oms_import.readers.edi.rows import rows_of  # noqa: PLC0415

    of_partner = segments["tag"] == PARTNER_TAG
    rows = rows_of(
        segments.filter(~of_partner), standard, locators, fields=fields, first_record=first_record
    )
    return _with_partner(rows, segments.filter(of_partner))


def _with_partner(rows: pl.DataFrame, partners: pl.DataFrame) -> pl.DataFrame:
    """The rows with their partner's account and segment; null where the channel's go for them."""
    if partners.is_empty():
        told = rows.with_columns(pl.lit(None, pl.String).alias(name) for name in _PARTNER)
    else:
        keys = ["_drop", MESSAGE] if "_drop" in rows.columns else [MESSAGE]
        named = partners.with_columns(
            pl.col("_message").cast(pl.String).alias(MESSAGE),
            pl.col(element(1)).alias(ACCOUNT),
            pl.col(element(2)).alias(SEGMENT),
        ).select(*keys, *_PARTNER)
        told = rows.join(named, on=keys, how="left", maintain_order="left")
    ours = [name for name in told.columns if name.startswith("_")]
    return told.select(*(name for name in told.columns if name not in ours), *ours)
