"""Fixtures: the command, a workspace of its own, and one with a finished run to look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_process import BAD, Answer, Command, drop, make, run


@pytest.fixture
def command(tmp_path: Path) -> Command:
    def here(*arguments: str, cwd: Path | None = None, **more: str) -> Answer:
        return run(*arguments, cwd=cwd or tmp_path, **more)

    return here


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace with one channel, shop-a, and nothing to import yet."""
    return make(tmp_path / "space")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """A workspace that imported BAD, and what `run --json` said; only to look at."""
    root = make(tmp_path_factory.mktemp("finished") / "space")
    drop(root, "a.csv", BAD)
    return root, run("run", "--json", "-w", str(root))
