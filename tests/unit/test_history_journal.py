"""The journal: whole lines only, whatever a crash did to the last one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.history import journal
from oms_import.model.errors import StateError


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert list(journal.entries(path)) == []
    journal.append(path, {"event": "committed", "run_id": "r1"})
    journal.append(path, {"event": "published", "run_id": "r1"})
    assert [entry["event"] for entry in journal.entries(path)] == ["committed", "published"]
    assert journal.committed_runs(path) == {"r1"}


@settings(deadline=None, max_examples=60)
@given(cut=st.integers(min_value=1, max_value=200), junk=st.binary(max_size=5))
def test_a_torn_last_line_is_cut_and_the_others_stay(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("j") / "journal.jsonl"
    for number in range(3):
        journal.append(path, {"event": "committed", "run_id": f"r{number}"})
    whole = path.read_bytes()
    line = len(whole) // 3
    torn = whole[: len(whole) - min(cut, line - 1)]
    torn += junk.replace(b"\n", b"")  # disk blocks that were never written
    if torn == whole:
        return
    path.write_bytes(torn if torn + b"\n" != whole else torn[:-1])
    assert journal.committed_runs(path) == {"r0", "r1"}
    assert journal.cut_torn_line(path)
    assert path.read_bytes() == whole[: 2 * line]
    assert not journal.cut_torn_line(path)


def test_a_last_line_of_zeros_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal.append(path, {"event": "committed", "run_id": "r1"})
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0" * 40)
    assert journal.cut_torn_line(path)
    assert path.read_bytes() == whole


def test_a_damaged_line_in_the_middle_needs_a_person(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"event": "comm\n{"event": "committed", "run_id": "r2"}\n')
    with pytest.raises(StateError, match="line 1"):
        list(journal.entries(path))
