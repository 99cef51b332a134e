"""IDoc orders (ORDERS01 to ORDERS05, ORDCHG), flat or XML, opened as a source of segments."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.model.values import Limits
from oms_import.readers.edi.idoc_flat import FlatIDocs
from oms_import.readers.edi.idoc_xml import XmlIDocs
from oms_import.readers.edi.source import SegmentSource
from oms_import.readers.spec import ReadSpec

_HEAD = 4096


class IdocSource(SegmentSource):
    """A file of IDocs as batches of segments; see SegmentSource."""

    def __init__(self, idocs: FlatIDocs | XmlIDocs, spec: ReadSpec) -> None:
        super().__init__(idocs, spec)
        self._fields = idocs.fields

    @property
    def fields(self) -> Mapping[str, tuple[str, ...]]:
        """Segment type → names of its fields, the first of which is e01. All types of the file."""
        return self._fields


def open_idoc(path: Path, spec: ReadSpec, scratch: Path, limits: Limits) -> IdocSource:  # noqa: ARG001
    """Open a file of IDocs, flat or XML.

    Raises:
        DropRejectedError: as read_idocs says.
    """
    return IdocSource(read_idocs(path, spec, scratch), spec)


def read_idocs(path: Path, spec: ReadSpec, scratch: Path) -> FlatIDocs | XmlIDocs:
    """Survey a file of IDocs: its envelopes, fields and findings, and its segments on demand.

    Raises:
        DropRejectedError: FILE_EMPTY, ENC_INVALID, CTRL_CHAR, FILE_UNREADABLE (XML with a DTD),
            EDI_HEADER (no EDI_DC40), EDI_TRUNCATED (XML cut off within its first IDoc).
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise DropRejectedError([Finding(Code.FILE_EMPTY)])
    if _is_xml(head):
        return XmlIDocs(path, scratch, strict=spec.format.strict)
    return FlatIDocs(path, spec.format.encoding, scratch)


def _is_xml(head: bytes) -> bool:
    """Whether the first character is `<`, in whatever encoding."""
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        head = head.removeprefix(mark)
    return head.replace(b"\0", b"").lstrip().startswith(b"<")
