"""What has arrived for a channel: offers landed as drops, archives unpacked, each file once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from oms_import.connectors import folder
from oms_import.connectors.webhook_spool import SEALED, recover_unheld
from oms_import.landing.archive import is_archive, unpack
from oms_import.landing.store import Landed, drop_id, land
from oms_import.model.errors import DropRejectedError, OmsImportError, OutputError
from oms_import.model.finding import Finding
from oms_import.model.values import Drop, DropResult, Limits, Offer
from oms_import.profiles.files import SourceSpec
from oms_import.profiles.model import Profile
from oms_import.workspace import SPOOL

_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Arrival:
    """One offer's drops, and what could not be landed of it."""

    offer: Offer
    drops: tuple[Drop, ...] = ()
    refused: tuple[DropResult, ...] = ()
    error: OmsImportError | None = None


def arrive(
    profile: Profile, offers: Iterable[Offer], raw: Path, limits: Limits, now: datetime
) -> list[Arrival]:
    """Land every offer of a channel. One offer that fails does not stop the others.

    Raises:
        OutputError: our own disk failed, which concerns every offer.
    """
    return [_arrive(profile, offer, raw, limits, now) for offer in offers]


def _arrive(profile: Profile, offer: Offer, raw: Path, limits: Limits, now: datetime) -> Arrival:
    try:
        landed = land(offer.path, raw)
    except OutputError:
        raise
    except OmsImportError as error:
        return Arrival(offer, error=error)
    return arrived(profile, offer, landed, raw, limits, now)


def arrived(
    profile: Profile, offer: Offer, landed: Landed, raw: Path, limits: Limits, now: datetime
) -> Arrival:
    """The drops of an offer whose bytes are landed; archives are unpacked."""
    whole = _drop(profile, offer, offer.name, landed, now)
    try:
        members = _members(landed, offer.name, raw, limits)
    except DropRejectedError as rejected:
        return Arrival(offer, refused=(_refused(profile, whole, rejected.findings),))
    drops = tuple(_drop(profile, offer, name, member, now) for name, member in members)
    return Arrival(offer, drops=drops)


def _members(landed: Landed, name: str, raw: Path, limits: Limits) -> list[tuple[str, Landed]]:
    with landed.path.open("rb") as file:
        head = file.read(_HEAD)
    if not is_archive(head, landed.path):
        return [(name, landed)]
    return unpack(landed, name, raw, limits)


def _drop(profile: Profile, offer: Offer, name: str, landed: Landed, now: datetime) -> Drop:
    return Drop(
        index=-1,  # numbered when it is known which drops are new
        drop_id=drop_id(profile.name, profile.account, landed.sha256),
        channel=profile.name,
        account=profile.account,
        name=name,
        origin=offer.origin,
        path=landed.path,
        sha256=landed.sha256,
        size=landed.size,
        fetched_at=now,
        modified_at=offer.modified_at,
    )


def _refused(profile: Profile, drop: Drop, findings: list[Finding]) -> DropResult:
    located = tuple(replace(f, location=replace(f.location, drop=drop.name)) for f in findings)
    return DropResult(
        drop=drop,
        status="rejected",
        findings=located,
        profile=profile.name,
        profile_version=profile.version,
    )


def offers_of(profile: Profile, root: Path, now: datetime) -> list[Offer]:
    """What the channel's folder offers.

    Raises:
        SourceUnreachableError: the folder cannot be read.
    """
    spec, where = _local(profile, root)
    if profile.source.kind == "webhook":
        recover_unheld(root / SPOOL, profile.name)
    return folder.list_offers(spec, where, now)


def acknowledge(profile: Profile, offers: Iterable[Offer], root: Path) -> list[str]:
    """After the commit: keep, move, rename or delete the files; returns what could not be done."""
    notes: list[str] = []
    spec, where = _local(profile, root)
    for offer in offers:
        try:
            folder.acknowledge(spec, offer, where)
        except OSError as error:
            told = f"{offer.name} was imported but could not be put away: {error.strerror}"
            notes.append(f"{profile.name}: {told}")
    return notes


def _local(profile: Profile, root: Path) -> tuple[SourceSpec, Path]:
    """The channel's folder and how it is looked at; a spool's files go when they are imported."""
    source = profile.source
    if source.kind != "webhook":
        return source, root / (source.path or f"drops/{profile.name}")
    taken = source.model_copy(update={"pattern": (f"*{SEALED}",), "after": "delete"})
    return taken, root / SPOOL / profile.name
