"""Profiles, part six: channels whose orders come in two files."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from oms_import.profiles.fields import Columns, Strict


class Companion(Strict):
    """The other file of a channel's orders: its values join the rows of this profile's files."""

    profile: str = Field(
        default="", description="Built-in profile that reads the other file; empty: there is none."
    )
    by: Columns = Field(
        default=(), description="Columns of this profile's files that hold the order's number."
    )
    of: Columns = Field(
        default=(), description="The same of the other file; default: as in this one."
    )
    strip: str | None = Field(
        default=None, description="Characters taken off both ends of the numbers to compare them."
    )
    prefix: str = Field(
        default="other.",
        description="What the other file's columns are called here: prefix and name.",
    )
    wait_hours: float = Field(
        default=72, ge=0, description="How long orders wait for the other file to come."
    )
    then: Literal["hold", "release"] = Field(
        default="hold",
        description="After that: hold on, for a person; or release orders that have their lines.",
    )
