"""The start of a run after each way an earlier one can have ended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from steps import NEXT, RUN, commit_run, open_store, stage_run, workspace_in

from oms_import.history import journal
from oms_import.history.recover import finish, recover, verify_outputs
from oms_import.history.store import Store
from oms_import.model.errors import StateError
from oms_import.outputs import manifest
from oms_import.outputs.publish import publish
from oms_import.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_in(tmp_path)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    with open_store(workspace) as opened:
        yield opened


def whole(workspace: Workspace, run_id: str = RUN) -> None:
    """The run is published, journalled, marked, and its staging is gone."""
    manifest.verify(workspace.out / "accepted" / run_id)
    manifest.verify(workspace.out / "reports" / run_id)
    assert (workspace.lineage / f"{run_id}.parquet").exists()
    assert not (workspace.staging / run_id).exists()
    events = [e["event"] for e in journal.entries(workspace.journal) if e["run_id"] == run_id]
    assert events[0] == "committed"
    assert events[-1] == "published"


def test_an_empty_workspace_has_nothing_to_recover(workspace: Workspace, store: Store) -> None:
    assert recover(workspace, store, publish) == []


def test_a_finished_run_has_nothing_to_recover(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    finish(workspace, store, RUN, publish)
    whole(workspace)
    assert store.unpublished() == []
    assert recover(workspace, store, publish) == []
    assert verify_outputs(workspace, store) == []


def test_a_run_that_never_committed_is_discarded(workspace: Workspace, store: Store) -> None:
    files = stage_run(workspace)
    publish(workspace, RUN, [f for f in files if "manifest" not in f.target])
    notes = recover(workspace, store, publish)
    assert any("ended before its commit" in note for note in notes)
    assert not (workspace.staging / RUN).exists()
    assert not (workspace.out / "accepted" / RUN).exists()
    assert recover(workspace, store, publish) == []


def test_a_committed_run_is_rolled_forward_from_staging(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    notes = recover(workspace, store, publish)
    assert any("published it now" in note for note in notes)
    whole(workspace)
    assert recover(workspace, store, publish) == []


@pytest.mark.parametrize("linked", range(12))
def test_a_half_published_run_is_completed(workspace: Workspace, store: Store, linked: int) -> None:
    files = commit_run(workspace, store)
    publish(workspace, RUN, files[:linked])
    recover(workspace, store, publish)
    whole(workspace)


def test_a_published_run_that_is_not_marked_is_marked(workspace: Workspace, store: Store) -> None:
    files = commit_run(workspace, store)
    publish(workspace, RUN, files)
    shutil.rmtree(workspace.staging / RUN)
    recover(workspace, store, publish)
    whole(workspace)
    assert store.unpublished() == []


def test_staging_that_outlived_its_run_is_removed_without_a_word(
    workspace: Workspace, store: Store
) -> None:
    commit_run(workspace, store)
    finish(workspace, store, RUN, publish)
    (workspace.staging / RUN / "spool").mkdir(parents=True)
    assert recover(workspace, store, publish) == []
    assert not (workspace.staging / RUN).exists()


def test_a_missing_journal_line_is_added(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    finish(workspace, store, RUN, publish)
    workspace.journal.unlink()
    assert any("not in the journal" in note for note in recover(workspace, store, publish))
    assert journal.committed_runs(workspace.journal) == {RUN}


def test_a_torn_journal_line_is_cut_and_written_again(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    finish(workspace, store, RUN, publish)
    content = workspace.journal.read_bytes()
    workspace.journal.write_bytes(content[:25])
    recover(workspace, store, publish)
    assert journal.committed_runs(workspace.journal) == {RUN}


def test_history_behind_its_journal_needs_a_person(workspace: Workspace, store: Store) -> None:
    stage_run(workspace)
    journal.append(workspace.journal, {"event": "committed", "run_id": RUN})
    with pytest.raises(StateError, match="behind its journal") as caught:
        recover(workspace, store, publish)
    assert RUN in caught.value.message
    assert "backup" in caught.value.hint
    assert (workspace.staging / RUN).exists()  # nothing is touched before a person has looked


def test_outputs_that_history_does_not_know_need_a_person(
    workspace: Workspace, store: Store
) -> None:
    publish(workspace, RUN, stage_run(workspace))
    with pytest.raises(StateError, match="does not know run"):
        recover(workspace, store, publish)
    assert (workspace.out / "accepted" / RUN / "orders.csv").exists()


def test_a_committed_file_that_is_nowhere_needs_a_person(
    workspace: Workspace, store: Store
) -> None:
    commit_run(workspace, store)
    (workspace.staging / RUN / "accepted" / "orders.csv").unlink()
    with pytest.raises(StateError, match="orders"):
        recover(workspace, store, publish)


def test_a_staged_file_that_changed_is_never_published(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    with (workspace.staging / RUN / "accepted" / "orders.csv").open("ab") as file:
        file.write(b"more\n")
    with pytest.raises(StateError, match="orders"):
        recover(workspace, store, publish)
    assert not (workspace.out / "accepted" / RUN).exists()


def test_publishing_never_writes_over_other_bytes(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    taken = workspace.out / "accepted" / RUN / "orders.csv"
    taken.parent.mkdir(parents=True)
    taken.write_text("someone else's\n")
    with pytest.raises(StateError, match="orders"):
        finish(workspace, store, RUN, publish)
    assert taken.read_text() == "someone else's\n"
    assert not (taken.parent / "manifest.json").exists()


def test_a_changed_output_of_the_last_run_needs_a_person(
    workspace: Workspace, store: Store
) -> None:
    commit_run(workspace, store)
    finish(workspace, store, RUN, publish)
    path = workspace.out / "accepted" / RUN / "orders.csv"
    path.write_bytes(path.read_bytes().replace(b"shop", b"shoq"))
    with pytest.raises(StateError, match="tampered") as caught:
        recover(workspace, store, publish)
    assert "orders.csv" in caught.value.message
    with pytest.raises(StateError, match="tampered"):
        manifest.verify(path.parent)


def test_a_changed_output_of_an_older_run_is_found_by_verifying_all(
    workspace: Workspace, store: Store
) -> None:
    for run_id in (RUN, NEXT):
        commit_run(workspace, store, run_id)
        finish(workspace, store, run_id, publish)
    (workspace.out / "accepted" / RUN / "parties.csv").unlink()
    assert recover(workspace, store, publish) == []
    with pytest.raises(StateError, match="parties"):
        verify_outputs(workspace, store)


def test_a_folder_its_consumer_took_away_is_no_fault(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    finish(workspace, store, RUN, publish)
    shutil.rmtree(workspace.out / "accepted" / RUN)
    assert recover(workspace, store, publish) == []
    assert verify_outputs(workspace, store) == [f"out/accepted/{RUN} is no longer there"]


def test_half_landed_files_are_removed(workspace: Workspace, store: Store) -> None:
    workspace.raw.mkdir(parents=True)
    (workspace.raw / "abc.part").write_bytes(b"half")
    (workspace.raw / "abc").write_bytes(b"whole")
    recover(workspace, store, publish)
    assert [path.name for path in workspace.raw.iterdir()] == ["abc"]


def test_foreign_folders_under_out_are_left_alone(workspace: Workspace, store: Store) -> None:
    theirs = workspace.out / "accepted" / "archive"
    theirs.mkdir(parents=True)
    recover(workspace, store, publish)
    assert theirs.exists()


def test_published_files_are_for_our_user_only(workspace: Workspace, store: Store) -> None:
    commit_run(workspace, store)
    finish(workspace, store, RUN, publish)
    folder = workspace.out / "accepted" / RUN
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
