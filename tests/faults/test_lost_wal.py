"""A store that lost its write-ahead log opens without complaint; the journal knows better."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from steps import RUN, open_store, workspace_in

from oms_import.history.recover import recover
from oms_import.model.errors import StateError
from oms_import.outputs.publish import publish

CHILD = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from steps import RUN, commit_run, open_store, workspace_in
from oms_import.history.recover import finish
from oms_import.outputs.publish import publish
workspace = workspace_in(Path(sys.argv[2]))
store = open_store(workspace)
commit_run(workspace, store)
if sys.argv[3] == "published":
    finish(workspace, store, RUN, publish)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_after_commit(folder: Path, how_far: str) -> None:
    arguments = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(folder), how_far]
    done = subprocess.run(arguments, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == -signal.SIGKILL


def test_a_commit_survives_a_kill_before_the_checkpoint(tmp_path: Path) -> None:
    killed_after_commit(tmp_path, "committed")
    workspace = workspace_in(tmp_path)
    assert workspace.database.with_name("history.duckdb.wal").exists()
    with open_store(workspace) as store:
        assert store.has_run(RUN)
        assert any("published it now" in note for note in recover(workspace, store, publish))


@pytest.mark.parametrize("left", ["nothing", "half", "no file"])
def test_a_lost_wal_is_noticed(tmp_path: Path, left: str) -> None:
    killed_after_commit(tmp_path, "published")
    workspace = workspace_in(tmp_path)
    wal = workspace.database.with_name("history.duckdb.wal")
    if left == "no file":
        wal.unlink()
    else:
        os.truncate(wal, wal.stat().st_size // 2 if left == "half" else 0)
    with pytest.raises(StateError) as caught, open_store(workspace) as store:
        recover(workspace, store, publish)
    assert caught.value.exit_code == 12
    assert (workspace.out / "accepted" / RUN / "manifest.json").exists()


def test_a_lost_wal_is_noticed_by_the_outputs_where_the_journal_is_lost_too(tmp_path: Path) -> None:
    killed_after_commit(tmp_path, "published")
    workspace = workspace_in(tmp_path)
    workspace.database.with_name("history.duckdb.wal").unlink()
    workspace.journal.unlink()
    with pytest.raises(StateError, match="does not know run"), open_store(workspace) as store:
        recover(workspace, store, publish)
