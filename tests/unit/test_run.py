"""The run as a whole, from files to files, on real workspaces."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_import.model.errors import OmsImportError
from oms_import.model.report import RunReport
from oms_import.pipeline.ingest import silent
from oms_import.replay import replay
from oms_import.retry import retry
from oms_import.run import RunRequest, execute
from oms_import.workspace import LimitSettings, Settings, Workspace

HEADER = ["no", "when", "sku", "qty", "price", "name", "colour"]
PROFILE = """
[defaults]
currency = "EUR"
[order]
order_number = "no"
ordered_at = "when"
[line]
sku = "sku"
qty_ordered = "qty"
unit_price = "price"
[party.ship_to]
name = "name"
"""
Row = list[str]


def workspace(root: Path, batch_rows: int = 100_000, profile: str = PROFILE) -> Workspace:
    (root / "profiles").mkdir(parents=True)
    (root / "drops/shop").mkdir(parents=True)
    (root / "profiles/shop.toml").write_text(profile)
    return Workspace(root, Settings(limits=LimitSettings(batch_rows=batch_rows)))


def drop(space: Workspace, name: str, rows: list[Row]) -> Path:
    path = space.root / "drops/shop" / name
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def row(no: int | str, sku: str = "A", when: str = "2026-11-20", qty: str = "1") -> Row:
    return [str(no), when, sku, qty, "2.50", "Ann", "red"]


def run(space: Workspace, **options: object) -> RunReport:
    return execute(space, replace(RunRequest("run"), **options), silent)  # type: ignore[arg-type]


def accepted(space: Workspace, table: str = "orders") -> pl.DataFrame:
    parts = sorted((space.root / "out/accepted").glob(f"*/{table}.parquet"))
    return pl.concat([pl.read_parquet(path) for path in parts])


def contents(space: Workspace, kind: str) -> Mapping[str, bytes]:
    """Bytes of the only run's files but its manifest, which names the run."""
    [folder] = (space.root / "out" / kind).iterdir()
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): f.read_bytes() for f in files if f.name != "manifest.json"}


def test_the_same_drop_again_changes_nothing(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2)])
    assert run(space).totals.orders_accepted == 2
    before = sorted(path for path in (tmp_path / "out").rglob("*"))
    again = run(space)
    assert (again.status, again.exit_code) == ("noop", 0)
    assert [one.status for one in again.drops] == ["duplicate"]
    assert sorted(path for path in (tmp_path / "out").rglob("*")) == before


def test_an_order_in_a_later_file_is_a_duplicate_or_a_revision(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2)])
    run(space)
    drop(space, "b.csv", [row(1), row(2, qty="3"), row(3)])
    totals = run(space).totals
    assert (totals.orders_duplicate, totals.orders_held, totals.orders_accepted) == (1, 1, 1)


def test_a_thousand_rows_in_pieces_make_the_orders_they_belong_to(tmp_path: Path) -> None:
    lines = [(number % 97, f"S{number}") for number in range(1000)]
    space = workspace(tmp_path, batch_rows=50)
    drop(space, "a.csv", [row(no, sku) for no, sku in lines])
    report = run(space)
    assert report.totals.orders_accepted == 97
    found = accepted(space, "order_lines").group_by("order_key").agg(pl.col("sku"))
    for key, skus in found.iter_rows():
        assert skus == [sku for no, sku in lines if str(no) == key.rpartition("/")[2]]


def test_the_day_is_told_from_the_month_by_the_last_row_of_a_big_file(tmp_path: Path) -> None:
    rows = [row(number, when="03/04/2026") for number in range(300)]
    space = workspace(tmp_path, batch_rows=40)
    drop(space, "a.csv", [*rows, row("last", when="25/04/2026")])
    assert run(space).totals.orders_accepted == 301
    days = accepted(space)["ordered_at"].dt.strftime("%Y-%m-%d").to_list()
    assert set(days[:300]) == {"2026-04-03"}
    assert days[300] == "2026-04-25"


def test_a_column_that_does_not_tell_day_from_month_is_refused(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1, when="03/04/2026"), row(2, when="05/06/2026")])
    report = run(space)
    assert report.totals.orders_rejected == 2
    errors = [reason.code for reason in report.reasons if reason.severity == "error"]
    assert errors == ["DATE_AMBIGUOUS"]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), batch_rows=st.sampled_from([3, 17, 1000]))
def test_every_order_has_one_outcome_and_batches_do_not_show(
    tmp_path_factory: pytest.TempPathFactory, seed: int, batch_rows: int
) -> None:
    chance = random.Random(seed)
    skus, numbers = ["A", "B", "", "=1+1"], ["1", "2", "x", "0", "-3", "٣"]
    rows = [
        row(chance.randrange(12), chance.choice(skus), qty=chance.choice(numbers))
        for _ in range(chance.randrange(1, 40))
    ]
    if seed % 3 == 0:
        rows.sort(key=lambda one: one[0])
    spaces = [workspace(tmp_path_factory.mktemp("w"), size) for size in (batch_rows, 100_000)]
    for space in spaces:
        drop(space, "a.csv", rows)
        report = run(space)
        assert report.totals.balanced
        assert report.totals.records == len(rows)
    assert contents(spaces[0], "rejected") == contents(spaces[1], "rejected")
    texts = [
        {name: data for name, data in contents(space, "accepted").items() if name.endswith(".csv")}
        for space in spaces
    ]
    assert texts[0] == texts[1]


def test_one_bad_file_does_not_stop_the_others_nor_a_bad_channel_the_run(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    (tmp_path / "profiles/gone.toml").write_text(PROFILE + '[source]\npath = "not/there"\n')
    drop(space, "a.csv", [row(1)])
    (tmp_path / "drops/shop/b.csv").write_bytes(b"no,when\x00,sku")
    packed = gzip.compress(b"no,when,sku,qty,price\n2,2026-11-20,A,1,2")
    (tmp_path / "drops/shop/c.csv.gz").write_bytes(packed[:-9])
    report = run(space)
    assert report.totals.orders_accepted == 1
    told = {one.name: (one.status, [f.code for f in one.findings]) for one in report.drops}
    assert told["b.csv"] == ("rejected", ["CTRL_CHAR"])
    assert told["c.csv.gz"] == ("rejected", ["ARCHIVE_CORRUPT"])
    states = {one.channel: one.status for one in report.channels}
    assert states == {"gone": "failed", "shop": "partial"}
    assert report.exit_code == 5


def test_a_rejected_file_is_importable_after_correction(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2, sku="", qty="2"), row(2, sku="-B")])
    run(space)
    [path] = (tmp_path / "out/rejected").glob("*/shop/a.csv.rejected.csv")
    text = path.read_text("utf-8")
    assert "SKU_MISSING" in text
    assert "'-B" in text
    rows = list(csv.reader(text.splitlines()))
    rows[1][2] = "C"
    fixed = tmp_path / "drops/shop/fixed.csv"
    with fixed.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    assert run(space).totals.orders_accepted == 1
    lines = accepted(space, "order_lines").filter(pl.col("order_key") == "shop/default/2")
    assert lines["sku"].to_list() == ["C", "-B"]
    assert accepted(space, "order_attributes")["name"].unique().to_list() == ["colour"]


def test_retry_takes_only_what_failed_and_uses_the_profile_of_today(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2, qty="2,0")])
    first = run(space)
    profile = tmp_path / "profiles/shop.toml"
    german = 'qty_ordered = {from = "qty", decimal = ","}'
    profile.write_text(PROFILE.replace('qty_ordered = "qty"', german))
    diff = replay(space, [first.run_id])
    assert diff.outcomes.select("order_key", "before", "after").rows() == [
        ("shop/default/2", "rejected", "accepted")
    ]
    again = retry(space, None, RunRequest("retry"), silent)
    assert (again.totals.orders_read, again.totals.orders_accepted) == (1, 1)
    assert again.retry_of == first.run_id
    assert sorted(accepted(space)["order_number"]) == ["1", "2"]


def test_a_dry_run_counts_everything_and_keeps_nothing(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2, sku="")])
    report = run(space, dry_run=True)
    assert (report.totals.orders_accepted, report.totals.orders_rejected) == (1, 1)
    assert not (tmp_path / "out").exists()
    assert run(space).totals.orders_accepted == 1


def test_an_alias_that_is_not_used_is_kept_as_an_attribute(tmp_path: Path) -> None:
    both = PROFILE.replace('sku = "sku"', 'sku = ["sku", "colour"]')
    space = workspace(tmp_path, profile=both)
    drop(space, "a.csv", [row(1)])
    run(space)
    kept = accepted(space, "order_attributes").select("name", "value").rows()
    assert kept == [("colour", "red")]


def test_copies_that_contradict_each_other_in_one_file_are_all_held(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2), row(1, qty="4")])
    report = run(space)
    assert (report.totals.orders_held, report.totals.orders_accepted) == (2, 1)
    assert "DUP_CONFLICT" in [reason.code for reason in report.reasons]


def test_a_card_number_is_refused_and_written_nowhere_else(tmp_path: Path) -> None:
    profile = PROFILE.replace("[line]", 'buyer_note = "colour"\n[line]')
    space = workspace(tmp_path, profile=profile)
    drop(space, "a.csv", [[*row(1)[:-1], "my card is 4111 1111 1111 1111"], row(2)])
    report = run(space)
    assert (report.totals.orders_rejected, report.totals.orders_accepted) == (1, 1)
    assert [reason.code for reason in report.reasons if reason.severity == "error"] == [
        "CARD_NUMBER"
    ]


def test_a_retry_takes_refused_files_whole_beside_single_orders_of_others(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2, qty="two")])
    drop(space, "b.csv", [row(3), HEADER, row(4)])
    first = run(space)
    assert [one.status for one in first.drops] == ["imported", "rejected"]
    profile = tmp_path / "profiles/shop.toml"
    profile.write_text(PROFILE + '[rows]\nrepeated_header = "skip"\n')
    again = retry(space, None, RunRequest("retry"), silent)
    read = {one.name: one.totals.orders_read for one in again.drops}
    assert read == {"a.csv": 1, "b.csv": 2}
    assert again.totals.orders_accepted == 2


def test_a_retry_leaves_out_what_a_corrected_file_has_brought_since(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2, qty="two"), row(2, sku="B"), row(3, sku="")])
    first = run(space)
    drop(space, "fixed.csv", [row(2), row(2, sku="B")])
    assert run(space).totals.orders_accepted == 1
    again = retry(space, first.run_id, RunRequest("retry"), silent)
    assert (again.totals.orders_read, again.totals.orders_rejected) == (1, 1)
    drop(space, "fixed too.csv", [row(3)])
    run(space)
    nothing = retry(space, first.run_id, RunRequest("retry"), silent)
    assert (nothing.status, nothing.exit_code) == ("noop", 0)


def test_replay_does_not_take_what_history_decided_for_a_change_of_the_profile(
    tmp_path: Path,
) -> None:
    near = '[duplicates]\nnear = { window_hours = 48, action = "hold" }\n'
    space = workspace(tmp_path, profile=PROFILE + near)
    contradicting = [row(5), row(4), row(5, qty="3")]
    drop(space, "a.csv", [row(1), row(2, sku="B"), row(3, qty="x"), *contradicting, row(7, "C")])
    drop(space, "b.csv", [row("", "D"), row(1, qty="9"), row(6, sku="B"), row(7, "C")])
    first = run(space)
    assert first.totals.orders_held >= 3
    assert first.totals.orders_duplicate >= 1
    diff = replay(space, [first.run_id])
    assert (diff.outcomes.rows(), diff.fields.rows()) == ([], [])


def test_replay_of_a_retry_is_about_the_orders_it_took(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1), row(2, qty="two")])
    run(space)
    again = retry(space, None, RunRequest("retry"), silent)
    diff = replay(space, [again.run_id])
    assert (diff.orders, diff.outcomes.rows()) == (1, [])


def test_a_signal_that_a_library_made_an_error_of_its_own_still_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = workspace(tmp_path)
    drop(space, "a.csv", [row(1)])

    def interrupted(*_: object) -> None:
        raise RuntimeError("a callback failed")

    with monkeypatch.context() as patched:
        patched.setattr("oms_import.pipeline.ingest.open_drop", interrupted)
        with pytest.raises(OmsImportError) as stopped:
            run(space, stopped=lambda: True)
    assert stopped.value.code == "STOPPED"
    assert not list(space.staging.iterdir())
    assert run(space).totals.orders_accepted == 1
