"""What the pipeline needs to know of a channel, made once from its profile and the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError, SettingError
from oms_import.model.finding import Finding
from oms_import.model.values import Drop, Limits, Source
from oms_import.profiles.detect import known_columns, required_groups
from oms_import.profiles.model import Profile
from oms_import.readers.registry import reader_named, recognise
from oms_import.readers.spec import ReadSpec
from oms_import.validate.policy import Policy, compile_policy


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel ready to run: each stage takes its own part."""

    profile: Profile
    zone: str | None
    read: ReadSpec
    policy: Policy
    limits: Limits

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.profile.name


def channel(profile: Profile, timezone: str | None, limits: Limits) -> Channel:
    """Prepare a channel; its own time zone goes before the workspace's."""
    number = profile.order.get("order_number")
    key_columns = profile.group.by or (number.from_ if number else ())
    read = ReadSpec(
        format=profile.format,
        rows=profile.rows,
        partners=profile.partner,
        known_columns=known_columns(profile),
        required_columns=required_groups(profile),
        key_columns=tuple(key_columns),
        never=profile.drop_columns,
    )
    return Channel(
        profile=profile,
        zone=profile.defaults.timezone or timezone,
        read=read,
        policy=compile_policy(profile),
        limits=limits,
    )


def open_drop(channel: Channel, drop: Drop, scratch: Path) -> Source:
    """Open a drop with the reader its bytes ask for, among those the channel takes.

    A channel of tables takes CSV and workbooks alike: the mapping is the same. Every channel takes
    tables, since the rejected rows of any of them come back as one.

    Raises:
        DropRejectedError: FORMAT_UNKNOWN, or what the reader says of the file.
    """
    wanted = channel.read.format.reader
    reader = reader_named(recognise(drop.path, drop.name) or wanted)
    if reader.tables and reader_named(wanted).documents and not _named_table(drop.name):
        reader = reader_named(wanted)  # text of any kind: it says what is wrong with it
    if reader.name != wanted and not reader.tables:
        detail = f"the channel takes {wanted}, and this is {reader.name}"
        raise DropRejectedError([Finding(Code.FORMAT_UNKNOWN, detail=detail)])
    return reader.open(drop.path, channel.read, scratch, channel.limits)


def _named_table(name: str) -> bool:
    return name.casefold().endswith((".csv", ".tsv", ".txt", ".tab", ".xlsx", ".xlsm", ".xls"))


def select(profiles: Sequence[Profile], names: Sequence[str]) -> list[Profile]:
    """The named channels, or all enabled ones.

    Raises:
        SettingError: there is no such channel.
    """
    if not names:
        return [profile for profile in profiles if profile.enabled]
    by_name = {profile.name: profile for profile in profiles}
    for name in names:
        if name not in by_name:
            near = get_close_matches(name, by_name, 1)
            known = ", ".join(by_name) or "none; run `oms-import init --demo` to see one"
            raise SettingError(
                f"there is no channel {name}",
                hint=f"did you mean {near[0]}?" if near else f"channels here: {known}",
                location="profiles/",
            )
    return [by_name[name] for name in dict.fromkeys(names)]
