"""Fixtures: an SFTP server, a proxy before it, and a workspace whose channel fetches from it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
sys.path.insert(0, str(Path(__file__).parent))

from cli_process import PROFILE, run
from sftp_server import Sshd, is_installed
from tcp_proxy import Proxy


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A server of its own, running."""
    if not is_installed():
        if os.environ.get("OMS_IMPORT_REQUIRE_SERVERS") == "1":
            pytest.fail("sshd is missing: apt-get install openssh-server")
        pytest.skip("sshd is not installed")
    server = Sshd(tmp_path / "server").start()
    yield server
    server.stop()


@pytest.fixture
def proxied(sshd: Sshd) -> Iterator[Callable[..., Proxy]]:
    """A proxy before the server, with the faults it is told."""
    made: list[Proxy] = []

    def make(**faults: object) -> Proxy:
        made.append(Proxy(sshd.port, **faults))
        return made[-1]

    yield make
    for one in made:
        one.close()


Channel = Callable[..., Path]


@pytest.fixture
def channel(tmp_path: Path, sshd: Sshd) -> Channel:
    """Makes the workspace, or another channel in it; keys of the source, then of the server."""

    def make(
        name: str = "shop-a", source: str = "", server: str = "", port: int | None = None
    ) -> Path:
        root = tmp_path / "space"
        if not root.exists():
            assert run("init", str(root)).code == 0
        login = "" if "password" in server or "key =" in server else f'key = "{sshd.keys}/user"\n'
        (root / "profiles" / f"{name}.toml").write_text(
            f'{PROFILE}\n[source]\nkind = "sftp"\n{source}\n'
            f'[source.sftp]\nhost = "127.0.0.1"\nport = {port or sshd.port}\n'
            f'user = "{sshd.user}"\npath = "{sshd.files}"\n{login}{server}\n'
        )
        with (root / "known_hosts").open("a") as known:
            known.write(sshd.known_host(port))
        return root

    return make
