"""A real OpenSSH server of our own: started as this user on a free port, with its own keys."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {keys}/host
AuthorizedKeysFile {keys}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
MaxStartups 100
LogLevel ERROR
Subsystem sftp internal-sftp
{more}
"""


def is_installed() -> bool:
    return Path(SSHD).is_file()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Sshd:
    """The server; `files` is what it serves."""

    home: Path
    more: str = ""  # further lines of its configuration
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def files(self) -> Path:
        return self.home / "files"

    @property
    def user(self) -> str:
        return getpass.getuser()

    def start(self) -> Sshd:
        self.files.mkdir(parents=True, exist_ok=True)
        self.keys.mkdir(exist_ok=True, mode=0o700)
        for name in ("host", "user", "stranger"):
            if not (self.keys / name).exists():
                make_key(self.keys / name)
        public = (self.keys / "user.pub").read_text()
        (self.keys / "authorized_keys").write_text(public)
        config = self.home / "sshd_config"
        config.write_text(_CONFIG.format(port=self.port, keys=self.keys, more=self.more))
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(config)], stderr=(self.home / "log").open("ab")
        )
        self._wait()
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def known_host(self, port: int | None = None) -> str:
        """The line of a known_hosts file."""
        kind, key, *_ = (self.keys / "host.pub").read_text().split()
        return f"[127.0.0.1]:{port or self.port} {kind} {key}\n"

    def put(self, name: str, text: str | bytes, age: float = 60.0) -> Path:
        """A file on the server, as old as that."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    def names(self) -> list[str]:
        """Every file there is, by its path."""
        every = (path for path in self.files.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.files).as_posix() for path in every)

    def _wait(self) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError((self.home / "log").read_text())


def make_key(path: Path, kind: str = "ed25519") -> None:
    path.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
