"""Profiles, part seven: servers from which drops are fetched."""

from __future__ import annotations

from pydantic import Field

from oms_import.profiles.fields import Strict


class SftpSpec(Strict):
    """An SFTP server. Secrets stand here by reference: ${NAME}, keyring:SERVICE/USER, file:PATH."""

    host: str = Field(default="", description="The server's name or address.")
    port: int = Field(default=22, ge=1, le=65535, description="Its port.")
    user: str = Field(default="", description="The user to log in as.")
    password: str | None = Field(default=None, description="Reference to the password.")
    key: str | None = Field(
        default=None, description="Private key file (mode 0600), relative to the workspace."
    )
    passphrase: str | None = Field(default=None, description="Reference to the key's passphrase.")
    agent: bool = Field(default=False, description="Try the keys of the SSH agent.")
    known_hosts: str = Field(
        default="known_hosts",
        description="File of host keys, relative to the workspace; else ~/.ssh/known_hosts.",
    )
    path: str = Field(default=".", description="The folder on the server.")
    connections: int = Field(default=4, ge=1, le=16, description="Files fetched at the same time.")
    connect_seconds: float = Field(
        default=15, gt=0, description="How long to wait for connection, greeting and login."
    )
    stall_seconds: float = Field(
        default=30, gt=0, description="How long the server may say nothing while it is asked."
    )

    def secret_files(self) -> list[tuple[str, str]]:
        """Files that others may not read: the key of the table that names each, and its path."""
        named = [("key", self.key)] if self.key else []
        references = (("password", self.password), ("passphrase", self.passphrase))
        return named + [(key, one) for key, one in references if one and one.startswith("file:")]
