"""One big file and many small ones over SFTP: ours beside the `sftp` command and paramiko's `get`.

A server of our own on this machine; for the small files also one that is 20 ms away.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

HOUSE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(HOUSE), str(HOUSE / "tests" / "e2e")]

import paramiko
from sftp_server import Sshd
from tcp_proxy import Proxy

from oms_import.connectors.sftp import open_sftp
from oms_import.profiles.files import SourceSpec

BIG, SMALL, SMALL_SIZE, SLOW, DELAY = 200_000_000, 2_000, 4_000, 500, 0.01


def timed(task: Callable[[], object]) -> float:
    begun = time.monotonic()
    task()
    return time.monotonic() - begun


def ours(server: Sshd, port: int, folder: str, into: Path) -> None:
    (into.parent / "known_hosts").write_text(server.known_host(port))
    login = {"host": "127.0.0.1", "port": port, "user": server.user}
    login |= {"key": str(server.keys / "user"), "path": f"{server.files}/{folder}"}
    spec = SourceSpec.model_validate({"kind": "sftp", "sftp": login})
    with closing(open_sftp(spec, into.parent)) as source:
        found = list(source.pull(source.listing(datetime.now(UTC)), into))
    assert found
    assert all(one.error is None for one in found)


def command(server: Sshd, port: int, folder: str, into: Path) -> None:
    into.mkdir()
    options = ["-i", f"{server.keys}/user", "-o", "StrictHostKeyChecking=no", "-P", str(port)]
    options += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-q", "-r"]
    place = f"{server.user}@127.0.0.1:{server.files}/{folder}"
    subprocess.run(["sftp", *options, place, str(into)], check=True, stdout=subprocess.DEVNULL)


def gets(server: Sshd, port: int, folder: str, into: Path, most: int) -> int:
    into.mkdir()
    with closing(paramiko.Transport(("127.0.0.1", port))) as transport:
        transport.connect(None, server.user, pkey=paramiko.PKey.from_path(server.keys / "user"))
        files = paramiko.SFTPClient.from_transport(transport)
        assert files is not None
        names = files.listdir(f"{server.files}/{folder}")[:most]
        for name in names:
            files.get(f"{server.files}/{folder}/{name}", str(into / name))
        return len(names)


def main() -> None:
    home = Path(mkdtemp(prefix="oms-import-bench-"))
    server = Sshd(home / "server").start()
    try:
        with server.put("big/file.bin", b"").open("wb") as big:
            for _ in range(BIG // 1_000_000):
                big.write(os.urandom(1_000_000))
        then = time.time() - 60
        for number in range(SMALL):
            server.put(f"small/{number}.csv", os.urandom(SMALL_SIZE))
        for number in range(SLOW):
            server.put(f"slow/{number}.csv", os.urandom(SMALL_SIZE))
        os.utime(server.files / "big" / "file.bin", (then, then))
        near = server.port
        seconds = timed(lambda: ours(server, near, "big", home / "a"))
        cli = timed(lambda: command(server, near, "big", home / "b"))
        print(
            f"one file of {BIG // 10**6} MB: ours {BIG / 1e6 / seconds:.0f} MB/s, "
            f"sftp {BIG / 1e6 / cli:.0f} MB/s, ratio {cli / seconds:.2f}"
        )
        if len(sys.argv) > 1:
            return
        seconds = timed(lambda: ours(server, near, "small", home / "c"))
        cli = timed(lambda: command(server, near, "small", home / "d"))
        print(
            f"{SMALL:,} files of 4 KB: ours {SMALL / seconds:.0f} files/s, "
            f"sftp {SMALL / cli:.0f} files/s, ratio {cli / seconds:.2f}"
        )
        proxy = Proxy(near, delay=DELAY)
        seconds = timed(lambda: ours(server, proxy.port, "slow", home / "e"))
        most = 100
        each = timed(lambda: gets(server, proxy.port, "slow", home / "f", most)) / most
        cli = timed(lambda: command(server, proxy.port, "slow", home / "g"))
        proxy.close()
        print(
            f"{SLOW} files of 4 KB, 20 ms away: ours {SLOW / seconds:.0f} files/s, "
            f"sftp {SLOW / cli:.0f} files/s, paramiko get {1 / each:.1f} files/s, "
            f"ratio to get {each * SLOW / seconds:.1f}"
        )
    finally:
        server.stop()
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
