"""The readers of documents as the registry knows them; each is loaded when a file asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from oms_import.model.values import Limits
from oms_import.readers.spec import ReadSpec

if TYPE_CHECKING:
    from oms_import.readers.documents.source import DocumentSource


def open_xml(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> DocumentSource:
    """Open an XML file; see documents.xml."""
    from oms_import.readers.documents import xml  # noqa: PLC0415

    return xml.open_xml(path, spec, scratch, limits)


def open_json(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> DocumentSource:
    """Open a JSON file; see documents.json."""
    from oms_import.readers.documents import json  # noqa: PLC0415

    return json.open_json(path, spec, scratch, limits)
