"""One run at a time."""

from __future__ import annotations

import multiprocessing
import os
import stat
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from oms_import.history.lock import hold, holder
from oms_import.model.errors import LockHeldError

SPAWN = multiprocessing.get_context("spawn")


def _hold_until(path: Path, held: Event, release: Event) -> None:
    with hold(path, "20261123T031500123-aaaa"):
        held.set()
        release.wait(20)


@pytest.fixture
def other(tmp_path: Path):
    """Another process that holds the lock, and the event that makes it let go."""
    held, release = SPAWN.Event(), SPAWN.Event()
    process = SPAWN.Process(target=_hold_until, args=(tmp_path / "lock", held, release))
    process.start()
    assert held.wait(20)
    yield process, release
    if process.is_alive():  # an event waits for ever for one that was killed while it waited
        release.set()
        process.join(20)


def test_a_second_process_is_told_who_holds_the_lock(tmp_path: Path, other) -> None:
    process, _ = other
    with pytest.raises(LockHeldError) as caught, hold(tmp_path / "lock", "r2"):
        pass
    assert f"PID {process.pid}" in caught.value.message
    assert "20261123T031500123-aaaa" in caught.value.message
    assert "since 20" in caught.value.message
    assert caught.value.exit_code == 11
    found = holder(tmp_path / "lock")
    assert found is not None
    assert found.pid == process.pid


def test_waiting_gets_the_lock_when_it_is_let_go(tmp_path: Path, other) -> None:
    _, release = other
    release.set()
    with hold(tmp_path / "lock", "r2", wait_seconds=20):
        found = holder(tmp_path / "lock")
    assert found is not None
    assert (found.pid, found.run_id) == (os.getpid(), "r2")


def test_a_killed_holder_holds_nothing(tmp_path: Path, other) -> None:
    process, _ = other
    process.kill()
    process.join(20)
    assert holder(tmp_path / "lock") is None
    with hold(tmp_path / "lock", "r2"):
        pass


def test_nobody_holds_a_lock_that_was_let_go_or_never_taken(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lock"
    assert holder(path) is None
    with hold(path, "r1"):
        pass
    assert holder(path) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
