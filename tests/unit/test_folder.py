"""The folder source: which files it offers, in which order, and what becomes of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from oms_import.connectors.folder import acknowledge, list_offers
from oms_import.model.errors import SourceUnreachableError
from oms_import.profiles.model import SourceSpec

NOW = datetime.now(UTC)


def source(**settings: Any) -> SourceSpec:
    return SourceSpec.model_validate(settings)


def fill(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(spec: SourceSpec, root: Path) -> list[str]:
    return [offer.name for offer in list_offers(spec, root, NOW)]


def test_files_are_offered_by_name(tmp_path: Path) -> None:
    fill(tmp_path, "b.csv", "a.csv", "c.csv.part", ".hidden", "x.tmp", "sub/d.csv")
    offers = list_offers(source(), tmp_path, NOW)
    assert [offer.name for offer in offers] == ["a.csv", "b.csv"]
    assert offers[0].path == tmp_path / "a.csv"
    assert offers[0].size == 5
    assert offers[0].modified_at is not None
    assert offers[0].origin.endswith("/a.csv")


def test_patterns_ignore_case(tmp_path: Path) -> None:
    fill(tmp_path, "Orders_1.CSV", "orders_2.csv", "stock.csv", "orders_3.CSV.BAK")
    spec = source(pattern="orders_*.csv*", exclude="*.bak")
    assert names(spec, tmp_path) == ["Orders_1.CSV", "orders_2.csv"]


def test_subfolders_only_when_asked_and_never_where_files_are_put_away(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "sub/b.csv", "done/c.csv", ".git/d.csv")
    assert names(source(recursive=True, after="move"), tmp_path) == ["a.csv", "sub/b.csv"]
    assert names(source(recursive=True, pattern="sub/*"), tmp_path) == ["sub/b.csv"]


def test_young_files_wait(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "b.csv")
    os.utime(tmp_path / "a.csv", (NOW.timestamp() - 100, NOW.timestamp() - 100))
    assert names(source(min_age_seconds=60), tmp_path) == ["a.csv"]


def test_a_file_from_the_future_is_taken_where_no_age_is_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    os.utime(tmp_path / "a.csv", (NOW.timestamp() + 9999, NOW.timestamp() + 9999))
    assert names(source(), tmp_path) == ["a.csv"]
    assert names(source(min_age_seconds=1), tmp_path) == []


def test_a_done_file_releases_its_file(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "a.csv.done", "b.csv")
    assert names(source(done_suffix=".done"), tmp_path) == ["a.csv"]


def test_links_and_other_things_are_not_taken(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "broken.csv").symlink_to(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe.csv")
    assert names(source(), tmp_path) == ["a.csv"]


def test_a_name_that_is_not_utf8_does_not_stop_the_listing(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.csv")).write_text("x")
    offers = list_offers(source(), tmp_path, NOW)
    assert [offer.name for offer in offers] == ["a.csv", "b\\xff.csv"]
    assert offers[1].path.read_text() == "x"


def test_a_missing_folder_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachableError, match="does not exist") as caught:
        list_offers(source(), tmp_path / "none", NOW)
    assert caught.value.hint
    fill(tmp_path, "file")
    with pytest.raises(SourceUnreachableError, match="not a folder"):
        list_offers(source(), tmp_path / "file", NOW)


def put_away(root: Path, **settings: Any) -> None:
    spec = source(**settings)
    for offer in list_offers(spec, root, NOW):
        acknowledge(spec, offer, root)


def test_files_are_kept_unless_told_otherwise(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    put_away(tmp_path)
    assert (tmp_path / "a.csv").exists()


def test_files_are_deleted_with_their_done_file(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv", "a.csv.done")
    put_away(tmp_path, after="delete", done_suffix=".done")
    assert list(tmp_path.iterdir()) == []


def test_a_moved_file_never_overwrites_another(tmp_path: Path) -> None:
    for round_ in "123":
        (tmp_path / "a.csv").write_text(round_)
        put_away(tmp_path, after="move")
    found = {path.name: path.read_text() for path in (tmp_path / "done").iterdir()}
    assert found == {"a.csv": "1", "a.1.csv": "2", "a.2.csv": "3"}
    assert not (tmp_path / "a.csv").exists()


def test_files_of_subfolders_keep_their_place_when_moved(tmp_path: Path) -> None:
    fill(tmp_path, "sub/a.csv")
    put_away(tmp_path, after="move", recursive=True)
    assert (tmp_path / "done/sub/a.csv").exists()


def test_a_file_that_is_gone_is_no_error(tmp_path: Path) -> None:
    fill(tmp_path, "a.csv")
    spec = source(after="move")
    offers = list_offers(spec, tmp_path, NOW)
    (tmp_path / "a.csv").unlink()
    acknowledge(spec, offers[0], tmp_path)
