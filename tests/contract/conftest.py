"""Fixtures: the command, and a workspace with one channel."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cli_process import COMMAND, PROFILE, Answer, Command, environment


@pytest.fixture
def command(tmp_path: Path) -> Command:
    def run(
        *arguments: str, cwd: Path | None = None, stdin: str | None = None, **env: str
    ) -> Answer:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=cwd or tmp_path,
            env=environment(**env),
            input=stdin.encode() if stdin is not None else b"",
            capture_output=True,
            timeout=120,
            check=False,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def space(tmp_path: Path, command: Command) -> Path:
    """A workspace with one channel, shop-a, and nothing to import yet."""
    assert command("init", "space").code == 0
    root = tmp_path / "space"
    (root / "profiles" / "shop-a.toml").write_text(PROFILE)
    (root / "drops" / "shop-a").mkdir()
    return root
