"""An SFTP server behind a bad line, and files that change under our hands."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_process import COMMAND, HEADER, environment, row, run
from sftp_server import Sshd
from tcp_proxy import Proxy

from oms_import.connectors.remote import Pulled
from oms_import.connectors.sftp import SftpSource, open_sftp
from oms_import.connectors.sftp_download import part_of
from oms_import.profiles.files import SourceSpec

MB = 1_000_000
Open = Callable[..., SftpSource]
Proxied = Callable[..., Proxy]


@pytest.fixture
def source(sshd: Sshd, tmp_path: Path) -> Iterator[Open]:
    """Opens the server, or a proxy before it, as a channel does."""
    made: list[SftpSource] = []

    def make(port: int | None = None, server: dict[str, object] | None = None, **keys: object):
        (tmp_path / "known_hosts").write_text(sshd.known_host(port))
        login = {"host": "127.0.0.1", "port": port or sshd.port, "user": sshd.user}
        login |= {"key": str(sshd.keys / "user"), "path": str(sshd.files)}
        spec = SourceSpec.model_validate({"kind": "sftp", "sftp": login | (server or {}), **keys})
        made.append(open_sftp(spec, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.close()


def pulled(source: SftpSource, folder: Path) -> list[Pulled]:
    listed = source.listing(datetime.now(UTC))
    return list(source.pull(listed, folder))


def codes(found: list[Pulled]) -> list[str]:
    return [one.error.code if one.error else "" for one in found]


def noise(sshd: Sshd, name: str, size: int) -> str:
    content = random.Random(size).randbytes(size)
    sshd.put(name, content)
    return hashlib.sha256(content).hexdigest()


def cut_at_random(sshd: Sshd, proxied: Proxied, source: Open, size: int, cuts: int) -> None:
    sha256 = noise(sshd, "big.bin", size)
    proxy = proxied(cuts=sorted(random.Random(7).sample(range(size // 50, size), cuts)))
    folder = sshd.home / "incoming"
    [one] = pulled(source(proxy.port), folder)
    assert proxy.cut == cuts
    assert (one.sha256, one.size, one.error) == (sha256, size, None)
    assert one.attempts > 1
    assert one.path is not None
    assert hashlib.sha256(one.path.read_bytes()).hexdigest() == sha256
    assert proxy.passed < 1.5 * size  # gone on with, not begun again


def test_a_file_is_the_same_after_random_cuts(sshd: Sshd, proxied: Proxied, source: Open) -> None:
    cut_at_random(sshd, proxied, source, 20 * MB, 10)


@pytest.mark.nightly
def test_a_big_file_is_the_same_after_thirty_cuts(
    sshd: Sshd, proxied: Proxied, source: Open
) -> None:
    cut_at_random(sshd, proxied, source, 100 * MB, 30)


def test_a_stall_ends_and_the_next_pull_goes_on(
    sshd: Sshd, proxied: Proxied, source: Open, tmp_path: Path
) -> None:
    sha256 = noise(sshd, "big.bin", 5 * MB)
    proxy = proxied(stall_after=2 * MB)
    folder = tmp_path / "incoming"
    begun = time.monotonic()
    one = source(proxy.port, {"stall_seconds": 1, "connect_seconds": 1})
    [stalled] = pulled(one, folder)
    assert time.monotonic() - begun < 30
    assert stalled.error is not None
    assert stalled.error.exit_code == 5
    [part] = folder.glob("*.part")
    had = part.stat().st_size
    assert had > MB
    proxy.close()
    again = proxied()  # at another port, so to us another server: the part is renamed to be its
    again_source = source(again.port)
    [listed] = again_source.listing(datetime.now(UTC))
    part.rename(part_of(listed, folder))
    [whole] = again_source.pull([listed], folder)
    assert whole.sha256 == sha256
    assert again.passed < 5 * MB - had + MB


def test_a_server_that_never_greets_ends_too(
    proxied: Proxied, source: Open, tmp_path: Path
) -> None:
    proxy = proxied(stall_after=0)
    begun = time.monotonic()
    with pytest.raises(Exception, match=r"answer in time|greet us|failed"):
        pulled(source(proxy.port, {"connect_seconds": 1}), tmp_path / "in")
    assert time.monotonic() - begun < 10


def test_a_file_that_grows_is_never_taken(sshd: Sshd, source: Open, tmp_path: Path) -> None:
    path = sshd.put("growing.csv", b"x" * MB)
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"y" * 1000)
                time.sleep(0.002)

    growing = threading.Thread(target=grow)
    growing.start()
    try:
        time.sleep(0.1)
        found = [codes(pulled(source(), tmp_path / "in")) for _ in range(5)]
        stable = source(stable_seconds=0.3)
        assert stable.listing(datetime.now(UTC)) == []
    finally:
        stop.set()
        growing.join()
    assert found == [["SOURCE_CHANGED"]] * 5
    assert len(source(stable_seconds=0.1).listing(datetime.now(UTC))) == 1


def change_while_pulled(
    sshd: Sshd, proxied: Proxied, source: Open, folder: Path, change: Callable[[Path], object]
) -> list[str]:
    """Pull 3 MB through a slow line and change the file when some of it came."""
    path = sshd.put("a.csv", b"a" * 3 * MB, age=600)
    proxy = proxied(delay=0.05)
    with closing(source(proxy.port)) as slow:
        listed = slow.listing(datetime.now(UTC))
        before, pulling = proxy.passed, slow.pull(listed, folder)
        result: list[Pulled] = []
        thread = threading.Thread(target=lambda: result.extend(pulling))
        thread.start()
        while proxy.passed < before + 2000:
            time.sleep(0.001)
        change(path)
        thread.join(60)
    return codes(result)


def test_a_file_truncated_while_it_is_read_is_not_taken(
    sshd: Sshd, proxied: Proxied, source: Open, tmp_path: Path
) -> None:
    def cut(path: Path) -> None:
        os.truncate(path, MB)

    assert change_while_pulled(sshd, proxied, source, tmp_path / "in", cut) == ["SOURCE_CHANGED"]
    assert list((tmp_path / "in").iterdir()) == []


def test_a_file_rewritten_while_it_is_read_is_not_taken(
    sshd: Sshd, proxied: Proxied, source: Open, tmp_path: Path
) -> None:
    def rewrite(path: Path) -> None:
        path.write_bytes(b"b" * 3 * MB)

    found = change_while_pulled(sshd, proxied, source, tmp_path / "in", rewrite)
    assert found == ["SOURCE_CHANGED"]


def test_another_file_of_that_name_is_not_put_away(sshd: Sshd, source: Open) -> None:
    sshd.put("a.csv", "one", age=600)
    here = source(after="delete")
    listed = here.listing(datetime.now(UTC))
    sshd.put("a.csv", "two", age=300)
    assert here.settle(listed) == {}
    assert sshd.names() == ["a.csv"]
    assert here.settle(here.listing(datetime.now(UTC))) == {}
    assert sshd.names() == []


def test_names_that_are_taken_get_a_number(sshd: Sshd, source: Open) -> None:
    for age in (600, 500):
        for after in ("move", "rename"):
            sshd.put("a.csv", f"{age}{after}", age=age)
            here = source(after=after, pattern="*.csv")
            assert here.settle(here.listing(datetime.now(UTC))) == {}
    names = ["a.csv.1.done", "a.csv.done", "done/a.csv", "done/a.csv.1"]
    assert sshd.names() == names
    assert source(after="rename").listing(datetime.now(UTC)) == []


def test_many_small_files_come_whole_over_a_slow_line(
    sshd: Sshd, proxied: Proxied, source: Open, tmp_path: Path
) -> None:
    wanted = {f"{n:04}.csv": noise(sshd, f"{n:04}.csv", 1000 + n) for n in range(200)}
    proxy = proxied(delay=0.01)
    found = pulled(source(proxy.port), tmp_path / "in")
    assert {one.file.name: one.sha256 for one in found} == wanted
    assert proxy.connections <= 5


def test_a_run_stopped_while_it_fetches_ends_at_once_and_the_next_goes_on(
    sshd: Sshd, proxied: Proxied, channel: Callable[..., Path]
) -> None:
    orders = HEADER + "".join(row(number) for number in range(40_000))
    sshd.put("big.csv", orders)
    proxy = proxied(stall_after=MB)
    root = channel(port=proxy.port)
    process = subprocess.Popen([*COMMAND, "run", "-w", str(root)], env=environment())
    parts = root / ".oms-import" / "incoming"
    for _ in range(300):
        if any(part.stat().st_size > MB // 2 for part in parts.glob("*.part")):
            break
        time.sleep(0.05)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 143
    assert time.monotonic() - begun < 10
    proxy.stall_after = None
    passed = proxy.passed
    answer = run("run", "--json", "-w", str(root))
    assert answer.code == 0, answer.out
    assert answer.json["totals"]["orders_accepted"] == 40_000
    assert proxy.passed - passed < len(orders) - MB // 4
