"""A PostgreSQL server of its own, in a folder of its own, as a user that is not root."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path


def binaries() -> Path | None:
    """Where initdb and postgres are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


class Postgres:
    """A running server; the user `orders` logs in with a password."""

    password = "let-me-in"

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgresql://orders@127.0.0.1:{self.port}/postgres"

    def start(self) -> Postgres:
        self._folder.mkdir(mode=0o700)
        secret = self._folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for one in (self._folder, secret):
                shutil.chown(one, "postgres", "postgres")
            for parent in self._folder.parents:  # the server's user must get here
                if parent.owner() == "root" and parent != Path("/") and "pytest" in str(parent):
                    parent.chmod(parent.stat().st_mode | 0o011)
        self._as_user(
            "initdb", "-D", f"{self._folder}/data", "-U", "orders", "--auth=scram-sha-256",
            f"--pwfile={secret}", "--no-sync", "--locale=C.UTF-8",
        )  # fmt: skip
        self._control("start", "-o", f"-p {self.port} -h 127.0.0.1 -k {self._folder} -F")
        return self

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def _control(self, *what: str) -> None:
        log = f"{self._folder}/log"
        self._as_user("pg_ctl", "-D", f"{self._folder}/data", "-w", "-l", log, *what)

    def _as_user(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, capture_output=True, cwd="/")
