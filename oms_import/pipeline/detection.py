"""What a file is: its format, the profiles that fit it with their evidence, and the one to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Drop, Limits
from oms_import.pipeline.channel import channel, open_drop
from oms_import.pipeline.fitting import document_fits
from oms_import.profiles.detect import Candidate, detect, evidence, known_columns, nearest, ranked
from oms_import.profiles.model import Profile
from oms_import.readers.registry import READERS, reader_named, recognised
from oms_import.readers.spec import ReadSpec

TABLES = frozenset(name for name, reader in READERS.items() if reader.tables)
"""Readers of tables: only profiles of these are rivals for one."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found out before a file is read; without a profile, `findings` say why."""

    format: str | None = None  # the reader's name
    reason: str | None = None  # what the format was known by
    candidates: tuple[Candidate, ...] = ()  # that fit, the best first
    nearest: tuple[Candidate, ...] = ()  # where none fits: those that know most of the header
    profile: Profile | None = None
    findings: tuple[Finding, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The keys of cli.md's `detection`."""
        return {
            "format": self.format,
            "format_reason": self.reason,
            "candidates": [one.as_json() for one in self.candidates],
            "nearest": [one.as_json() for one in self.nearest],
            "chosen": self.profile.name if self.profile else None,
        }


def named(drop: Drop, profile: Profile, columns: Sequence[str]) -> Detection:
    """The evidence for a profile that somebody named, once the columns are known."""
    try:
        found = recognised(drop.path, drop.name)
    except DropRejectedError:
        found = None
    name, reason = found or (None, None)
    one = evidence(profile, columns, drop.name)
    return Detection(name, reason, (one,) if columns else (), profile=profile)


def detected(drop: Drop, known: Sequence[Profile], scratch: Path) -> Detection:
    """The one profile that fits the drop: its header, its document, or the format of an EDI file.

    Where none fits, or two fit alike, there is no profile but a finding: nobody guesses.
    """
    where = Location(drop=drop.name)
    detection = Detection()
    try:
        found = recognised(drop.path, drop.name)
        reader, reason = found or (Profile().format.reader, "an empty file")
        detection = Detection(reader, reason)
        if reader_named(reader).tables:
            rivals = [one for one in known if one.format.reader in TABLES]
            header = _header(drop, rivals, scratch)
            fits, none = detect(header, drop.name, rivals), "no profile knows these columns"
            near = () if fits else nearest(header, drop.name, rivals)
            detection = replace(detection, nearest=tuple(near))
        else:
            fits, none = _fits(drop, reader, known, scratch)
    except DropRejectedError as rejected:
        findings = tuple(replace(one, location=where) for one in rejected.findings)
        return replace(detection, findings=findings)
    return _chosen(replace(detection, candidates=tuple(fits)), known, none, where)


def _fits(
    drop: Drop, name: str, known: Sequence[Profile], scratch: Path
) -> tuple[list[Candidate], str]:
    """Profiles that fit what is no table, and what to say where none does."""
    if reader_named(name).documents:
        fits = document_fits(drop, name, known, scratch)
        return fits, "no profile finds its orders in this document"
    return _of_format(name, known), f"no profile reads {name}"


def _header(drop: Drop, known: Sequence[Profile], scratch: Path) -> tuple[str, ...]:
    """The header of a table, found by all the columns that any profile knows."""
    everything = frozenset[str]().union(*(known_columns(one) for one in known))
    ready = channel(Profile(name="preview"), None, Limits())
    spec = ReadSpec(Profile().format, Profile().rows, everything, (), ())
    return open_drop(replace(ready, read=spec), drop, scratch).dialect.columns


def _of_format(reader: str, known: Sequence[Profile]) -> list[Candidate]:
    """EDI has no header: whoever reads the format fits."""
    mine = [one for one in known if one.format.reader == reader]
    return ranked([Candidate(one.name, 1.0, (), ()) for one in mine], known)


def _chosen(
    detection: Detection, known: Sequence[Profile], none: str, where: Location
) -> Detection:
    fits = detection.candidates
    best = [fit.name for fit in fits if fit.score == fits[0].score]
    if len(best) == 1:
        return replace(detection, profile=next(one for one in known if one.name == best[0]))
    detail = f"{none}; name one with --profile"
    if best:
        detail = f"both {' and '.join(best)} fit; name one with --profile"
    finding = Finding(Code.FORMAT_UNKNOWN, detail=detail, location=where)
    return replace(detection, findings=(finding,))
