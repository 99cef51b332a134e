"""`watch` from outside: rounds, what is told of them, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from cli_process import COMMAND, HEADER, Command, environment, make, row


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


def drop(root: Path, number: str) -> None:
    """A file as careful senders write it: whole at once."""
    folder = root / "drops/shop-a"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{number}.part"
    part.write_text(HEADER + row(number))
    part.rename(folder / f"{number}.csv")


@contextmanager
def watching(root: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "watch", "--every", "0.5s", *options, "-w", str(root)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end, "it did not come to pass"
        sleep(0.1)


def told(process: subprocess.Popen[str], rounds: int) -> str:
    """The lines of so many rounds; each comes after its round's publish."""
    assert process.stdout is not None
    return "".join(process.stdout.readline() for _ in range(rounds))


def test_what_is_dropped_while_it_runs_is_taken_and_a_signal_ends_it_cleanly(
    shop: Path, command: Command
) -> None:
    with watching(shop) as process:
        drop(shop, "A1")
        until(lambda: len(list(shop.glob("out/accepted/*/manifest.json"))) == 1)
        beside = command("run", "--json", "--lock-wait", "30s", "-w", str(shop))
        assert beside.code == 0
        drop(shop, "A2")
        until(lambda: len(list(shop.glob("out/accepted/*/manifest.json"))) == 2)
        out = told(process, 2)
        process.send_signal(signal.SIGTERM)
        rest, err = process.communicate(timeout=30)
        out += rest
    assert process.returncode == 128 + signal.SIGTERM
    assert out.count("1 order accepted") == 2
    assert "stopped by SIGTERM" in err
    assert command("history", "verify", "-w", str(shop)).code == 0


def test_each_round_is_one_line_of_json_and_the_gravest_exit_code_is_the_last(
    shop: Path, command: Command
) -> None:
    drop(shop, "A1")
    answer = command("watch", "--every", "0s", "--rounds", "2", "--json", "-w", str(shop))
    assert answer.code == 0
    documents = [json.loads(line) for line in answer.out.splitlines()]
    assert [one["status"] for one in documents] == ["ok", "noop"]
    bad = shop / "drops/shop-a/bad.csv"
    bad.write_text(HEADER + row("A3", price="much"))
    answer = command("watch", "--every", "0s", "--rounds", "2", "-w", str(shop))
    assert answer.code == 3
    assert "1 rejected" in answer.out


def test_a_profile_that_breaks_meanwhile_is_told_once_and_the_rounds_go_on(
    shop: Path, command: Command
) -> None:
    profile = shop / "profiles/shop-a.toml"
    sound = profile.read_text()
    with watching(shop) as process:
        drop(shop, "A1")
        until(lambda: list(shop.glob("out/accepted/*/manifest.json")))
        profile.write_text("[nonsense")
        sleep(2)
        profile.write_text(sound)
        drop(shop, "A2")
        until(lambda: len(list(shop.glob("out/accepted/*/manifest.json"))) == 2)
        told(process, 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert err.count("not valid TOML") == 1
    assert "well again" in err


def test_what_it_cannot_begin_with_ends_it(shop: Path, command: Command) -> None:
    answer = command("watch", "nobody", "-w", str(shop))
    assert answer.code == 2
    assert "there is no channel nobody" in answer.err
