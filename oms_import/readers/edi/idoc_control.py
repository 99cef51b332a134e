"""Control records (EDI_DC40) as envelopes: one IDoc is one interchange, one group, one message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from oms_import.model.codes import Code
from oms_import.model.edi import MESSAGES, Delimiters, Envelopes, Fault, Group, Interchange
from oms_import.model.finding import Finding
from oms_import.readers.edi.idoc_fields import (
    CONTROL_FIELDS,
    CONTROL_TAG,
    RELEASE_3,
    RELEASE_4,
    Records,
    message_kind,
)

Header = list[tuple[str, list[str | None]]]
"""Envelope segments of a group: tags and elements."""


def records_of(header: str) -> Records:
    """The release whose record layout a control record's text follows."""
    return RELEASE_4 if header.startswith(CONTROL_TAG) else RELEASE_3


ENVELOPE_FIELDS = frozenset(
    {"DOCNUM", "IDOCTYP", "CIMTYP", "MESTYP", "CREDAT", "CRETIM", "TEST"}
    | {"SNDPRT", "SNDPRN", "RCVPRT", "RCVPRN"}
)
"""The fields of a control record that envelopes are made of."""


def control_values(header: str, wanted: frozenset[str] | None = None) -> dict[str, str | None]:
    """The fields of a flat control record (or those wanted), by SAP's names."""
    return records_of(header).control.split(header, wanted)


class FlatHeaders(Mapping[int, Header]):
    """Group number → its EDI_DC40 segment, taken from the record's text only when asked for."""

    def __init__(self, interchanges: list[Interchange]) -> None:
        self._interchanges = interchanges

    def __getitem__(self, number: int) -> Header:
        if not 1 <= number <= len(self._interchanges):
            raise KeyError(number)
        values = control_values(self._interchanges[number - 1].header)
        return [(CONTROL_TAG, [values.get(name) for name in CONTROL_FIELDS])]

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self._interchanges) + 1))

    def __len__(self) -> int:
        return len(self._interchanges)


@dataclass(frozen=True, slots=True)
class Extent:
    """Where an IDoc lies: data records counted, first line, and bytes where there are any."""

    segments: int
    line: int
    byte_from: int | None = None
    byte_to: int | None = None


@dataclass(slots=True)
class Register:
    """The envelopes of a file, written down as its control records come by."""

    terminator: str = "\n"
    interchanges: list[Interchange] = field(default_factory=list[Interchange])
    groups: list[Group] = field(default_factory=list[Group])
    faults: list[Fault] = field(default_factory=list[Fault])
    _rows: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])

    def add(self, values: Mapping[str, str | None], extent: Extent, header: str = "") -> int:
        """Write an IDoc down; its number in the drop, from 1."""
        number = len(self.interchanges) + 1
        interchange = _interchange(number, values, header, self.terminator)
        self.interchanges.append(interchange)
        self.groups.append(
            Group(
                number=number,
                interchange=number,
                functional_id=values.get("MESTYP") or "",
                sender=interchange.sender,
                receiver=interchange.receiver,
                version=interchange.version or "",
            )
        )
        self._rows.append(_message(number, values, extent))
        return number

    def envelopes(self) -> Envelopes:
        """All that was written down, faults in the order of the file."""
        messages = pl.DataFrame(self._rows, schema=MESSAGES, orient="row")
        faults = sorted(self.faults, key=lambda fault: (fault.interchange, fault.line or 0))
        return Envelopes(tuple(self.interchanges), tuple(self.groups), messages, tuple(faults))


def _interchange(
    number: int, values: Mapping[str, str | None], header: str, terminator: str
) -> Interchange:
    prepared = f"{values.get('CREDAT') or ''} {values.get('CRETIM') or ''}".strip()
    return Interchange(
        number=number,
        standard="idoc",
        sender=values.get("SNDPRN") or "",
        receiver=values.get("RCVPRN") or "",
        control=values.get("DOCNUM") or "",
        delimiters=Delimiters(element="", component=None, terminator=terminator),
        sender_qualifier=values.get("SNDPRT"),
        receiver_qualifier=values.get("RCVPRT"),
        prepared=prepared or None,
        version=values.get("IDOCTYP"),
        test=(values.get("TEST") or "").upper() == "X",
        header=header,
    )


def _message(number: int, values: Mapping[str, str | None], extent: Extent) -> tuple[object, ...]:
    kind, idoctyp = values.get("MESTYP") or "", values.get("IDOCTYP") or ""
    version = ":".join(part for part in (idoctyp, values.get("CIMTYP")) if part)
    return (
        number,
        number,
        number,
        1,
        kind or idoctyp,
        version,
        values.get("DOCNUM") or "",
        message_kind(kind, idoctyp),
        extent.segments,
        extent.line,
        extent.byte_from,
        extent.byte_to,
    )


def no_header(detail: str = "no EDI_DC40 begins an IDoc") -> Finding:
    """The finding of a file in which no IDoc begins."""
    return Finding(Code.EDI_HEADER, detail=detail)
