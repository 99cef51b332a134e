"""Profiles, part two: where drops come from, how they are written, which rows are no lines."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Literal, Self

from pydantic import Field, model_validator

from oms_import.profiles.fields import Columns, Strict
from oms_import.profiles.http_sources import HttpSpec
from oms_import.profiles.sources import SftpSpec
from oms_import.profiles.webhook_sources import WebhookSpec


class SourceSpec(Strict):
    """Where the channel's drops come from."""

    kind: Literal["folder", "sftp", "portal", "rest", "webhook"] = Field(
        default="folder", description="What kind of source it is."
    )
    sftp: SftpSpec = Field(default=SftpSpec(), description="The server, for kind sftp.")
    http: HttpSpec = Field(default=HttpSpec(), description="The server, for portal and rest.")
    webhook: WebhookSpec = Field(default=WebhookSpec(), description="What `listen` takes.")
    path: str = Field(
        default="", description="Folder, relative to the workspace; default drops/<channel>."
    )
    pattern: Columns = Field(default=("*",), description="Globs of the names to take.")
    exclude: Columns = Field(default=("*.part", "*.tmp", ".*"), description="Globs never taken.")
    recursive: bool = Field(default=False, description="Also folders inside the folder.")
    min_age_seconds: float = Field(
        default=0, ge=0, description="Take a file only when it has not changed for so long."
    )
    done_suffix: str | None = Field(
        default=None, description="Take NAME only when NAME<suffix> is there."
    )
    stable_seconds: float = Field(
        default=0,
        ge=0,
        description="sftp: look twice, so far apart, and take only what did not change.",
    )
    after: Literal["keep", "move", "rename", "delete"] = Field(
        default="keep", description="What happens to the file after the commit."
    )
    rename_suffix: str = Field(
        default=".done", description="What `rename` puts behind the file's name."
    )
    move_to: str = Field(
        default="done", description="Where `move` moves to, relative to the source's folder."
    )

    expect: str = Field(
        default="",
        description="When a drop has to be there, in the channel's time zone: daily by 03:00, "
        "mon-fri by 06:30, hourly, every 2h.",
    )
    days_off: str = Field(
        default="", description="CSV file, relative to the workspace: days without a drop."
    )

    @property
    def is_local(self) -> bool:
        """Whether its files are on this machine: a folder, or the spool of webhooks."""
        return self.kind in {"folder", "webhook"}

    def secret_files(self) -> list[tuple[str, str]]:
        """Files that others may not read: the key of `[source]` that names each, and its path."""
        servers = (("sftp", self.sftp), ("http", self.http), ("webhook", self.webhook))
        return [
            (f"{table}.{key}", path)
            for table, server in servers
            for key, path in server.secret_files()
        ]


class Detect(Strict):
    """How `preview` recognises the channel's files."""

    columns: Columns = Field(
        default=(),
        description="Columns, or paths, that together are this channel's mark.",
    )
    any: Columns = Field(
        default=(), description="Columns one of which must be there too: names in two languages."
    )
    names: Columns = Field(default=(), description="Globs of file names.")

    def named(self, file: str) -> bool:
        """Whether a file's name is one of the channel's."""
        return any(fnmatch(file.casefold(), glob.casefold()) for glob in self.names)


class FormatSpec(Strict):
    """How the channel's files are written."""

    reader: str = Field(
        default="csv", description="The reader: csv (also TSV), excel, x12, edifact, xml, json …"
    )
    encoding: str = Field(
        default="auto",
        description="Encoding of the text; auto decides by BOM, then UTF-8, then cp1252.",
    )
    delimiter: str = Field(
        default="auto", description="Field delimiter; auto finds it from the header."
    )
    quote: str = Field(
        default='"', description='Quote character; "none" where quotes are ordinary text.'
    )
    sheet: str | None = Field(
        default=None, description="Sheet of a workbook; default: the first with the header."
    )
    header: Columns = Field(default=(), description="Column names, for files without a header row.")
    required_columns: Columns = Field(
        default=(), description="Columns without which the file is refused (HDR_MISSING)."
    )
    orders: Columns = Field(
        default=(),
        description="XML, JSON: path of the orders from the document's root; the first there is.",
    )
    lines: Columns = Field(
        default=(), description="XML, JSON: path of an order's lines; none: an order is one row."
    )
    namespaces: dict[str, str] = Field(
        default_factory=dict,
        description="XML: prefix used in this profile → namespace; none: namespaces do not matter.",
    )
    test_when: dict[str, Columns] = Field(
        default_factory=dict,
        description="XML, JSON: path → values that mark an order as a test; see `test`.",
    )
    strict: bool = Field(
        default=True,
        description="EDI: refuse orders whose envelopes do not add up; false takes them and warns.",
    )
    test: Literal["hold", "release"] = Field(
        default="hold", description="EDI: what becomes of interchanges marked as a test."
    )
    header_change: Literal["auto", "warn", "reject", "accept"] = Field(
        default="auto",
        description="Tables: a header that differs from the last one; auto refuses the file where "
        "a mapped column is gone, and else warns.",
    )


class RowMatch(Strict):
    """Rows a rule speaks of: a column (default: the first cell) matches, equals or is blank."""

    column: str | None = Field(default=None, description="The column; default: the first.")
    matches: str | None = Field(
        default=None, description="Regular expression searched in the cell."
    )
    equals: Columns = Field(default=(), description="Values, one of which the cell is.")
    blank: bool | None = Field(default=None, description="Whether the cell is blank.")

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if self.matches is None and not self.equals and self.blank is None:
            msg = "say matches, equals or blank"
            raise ValueError(msg)
        return self


class FooterRule(Strict):
    """A footer line, also in mid-file; it may state how many records the file holds."""

    matches: str = Field(description="Regular expression searched in the whole raw line.")
    count_group: int | None = Field(
        default=None, description="Group of the expression that holds the record count."
    )
    counts: Literal["orders", "rows"] = Field(
        default="orders", description="What that count counts."
    )


class RowRules(Strict):
    """Rows that are no order lines."""

    description_rows: int = Field(
        default=0, ge=0, description="Rows below the header that describe the columns."
    )
    skip: tuple[RowMatch, ...] = Field(default=(), description="Rows to leave out.")
    footer: tuple[FooterRule, ...] = Field(
        default=(), description="Footer lines, left out wherever they stand."
    )
    repeated_header: Literal["reject", "skip"] = Field(
        default="reject",
        description="The header again in mid-file, where exports were joined: reject or skip.",
    )
    summary: RowMatch | None = Field(
        default=None,
        description="Rows of order values above child rows of their key; alone, an ordinary line.",
    )
