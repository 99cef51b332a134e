"""Who gets what: `[[deliver]]`, receivers of accepted orders, and `[[owner]]`, of exceptions."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from oms_import.profiles.fields import Strict
from oms_import.profiles.sources import SftpSpec


class HttpTarget(Strict):
    """An HTTP receiver: orders as JSON by POST. Secrets stand here by reference."""

    url: str = Field(default="", description="Where orders are posted: https://oms.example/orders.")
    token: str | None = Field(
        default=None, description="Reference to a token, sent as Authorization: Bearer."
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="Further headers; a value may be a reference: ${KEY}."
    )
    batch: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="Orders a request: 1 sends one JSON object, more a JSON array.",
    )
    connections: int = Field(default=4, ge=1, le=32, description="Requests at the same time.")
    timeout_seconds: float = Field(default=30, gt=0, description="How long to wait for an answer.")
    tries: int = Field(default=3, ge=1, le=10, description="Tries of a request in one run.")
    ca_file: str | None = Field(
        default=None, description="Certificates of an own authority, relative to the workspace."
    )


class PostgresTarget(Strict):
    """A PostgreSQL database: a table for each table of the canonical order."""

    url: str = Field(
        default="", description="postgresql://user@host/database, without the password."
    )
    password: str | None = Field(default=None, description="Reference to the password.")
    schema_: str = Field(
        default="public", alias="schema", description="The schema that holds the tables."
    )
    connect_seconds: int = Field(default=15, ge=1, description="How long to wait for a connection.")


class OwnerRule(Strict):
    """Whose an exception is; of several rules the first that fits."""

    codes: tuple[str, ...] = Field(default=(), description="Globs of reason codes: SKU_*.")
    channels: tuple[str, ...] = Field(default=(), description="Globs of channels.")
    min_value: Decimal | None = Field(
        default=None, description="The order's value, in its own currency, is at least this."
    )
    owner: str = Field(min_length=1, description="Who it is.")


class Target(Strict):
    """One receiver of everything that is accepted."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="Its name in reports.")
    kind: Literal["folder", "sftp", "http", "postgresql"]
    path: str = Field(
        default="",
        description="folder, sftp: below it each run's accepted files come as one folder.",
    )
    sftp: SftpSpec = SftpSpec()
    http: HttpTarget = HttpTarget()
    postgresql: PostgresTarget = PostgresTarget()

    @model_validator(mode="after")
    def _complete(self) -> Target:
        needed = {
            "folder": ("path", self.path),
            "sftp": ("sftp.host", self.sftp.host),
            "http": ("http.url", self.http.url),
            "postgresql": ("postgresql.url", self.postgresql.url),
        }
        key, value = needed[self.kind]
        if not value:
            raise ValueError(f"a target of kind {self.kind} needs {key}")
        if self.kind == "http" and not value.startswith(("https://", "http://")):
            raise ValueError("http.url begins with https:// or http://")
        return self

    @property
    def batch(self) -> int | None:
        """Orders that go in one piece; None: a run's orders go together."""
        return self.http.batch if self.kind == "http" else None

    def references(self) -> list[tuple[str, str]]:
        """Keys that name secrets, and the references in them."""
        named = [
            ("sftp.password", self.sftp.password),
            ("sftp.passphrase", self.sftp.passphrase),
            ("http.token", self.http.token),
            ("postgresql.password", self.postgresql.password),
            *((f"http.headers.{name}", value) for name, value in self.http.headers.items()),
        ]
        return [(key, value) for key, value in named if value and is_reference(value)]

    def secret_files(self) -> list[tuple[str, str]]:
        """Files that others may not read: the key that names each, and its path."""
        files = [("sftp.key", self.sftp.key)] if self.sftp.key else []
        return files + [(key, one) for key, one in self.references() if one.startswith("file:")]


def is_reference(value: str) -> bool:
    """Whether a value says where a secret is, rather than being a plain text."""
    return value.startswith(("${", "keyring:", "file:"))
