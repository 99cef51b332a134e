"""The exception queue from outside: groups, owners, what people do, and the way back in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_process import HEADER, Answer, Command, make, row


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


def drop(root: Path, name: str, *rows: str) -> None:
    (root / f"drops/shop-a/{name}.csv").write_text(HEADER + "".join(rows))


def said(command: Command, root: Path, *arguments: str, code: int = 0) -> Answer:
    answer = command(*arguments, "-w", str(root))
    assert answer.code == code, answer.out + answer.err
    return answer


def groups(command: Command, root: Path, *more: str) -> list[dict[str, Any]]:
    return said(command, root, "exceptions", "list", "--json", *more).json["groups"]


@pytest.fixture
def waiting(command: Command, shop: Path) -> Path:
    """Three orders of one cause, one of another, and one that was accepted."""
    bad = [row(n, price="12x") for n in ("B1", "B2", "B3")]
    drop(shop, "a", *bad, row("Q1", qty="none"), row("OK1"))
    said(command, shop, "run", "-q", code=3)
    return shop


def test_orders_of_one_cause_are_one_group_with_its_remedy(command: Command, waiting: Path) -> None:
    found = groups(command, waiting)
    assert {(one["code"], one["field"], one["count"]) for one in found} == {
        ("NUM_FORMAT", "line.unit_price", 3),
        ("NUM_FORMAT", "line.qty_ordered", 1),
    }
    found.sort(key=lambda one: -one["count"])
    listed = said(command, waiting, "exceptions", "list").out
    assert found[0]["group"] in listed
    assert "Correct the value" in listed
    assert max(map(len, listed.splitlines())) <= 80
    shown = said(command, waiting, "exceptions", "show", found[0]["group"]).out
    assert all(number in shown for number in ("B1", "B2", "B3"))
    assert f"retry --exception {found[0]['group']}" in shown


def test_names_of_groups_stay_the_same_from_day_to_day(command: Command, waiting: Path) -> None:
    before = {one["group"] for one in groups(command, waiting)}
    drop(waiting, "b", row("B9", price="99y"))
    said(command, waiting, "run", "-q", code=3)
    assert {one["group"] for one in groups(command, waiting)} == before


def test_owners_are_by_hand_then_by_rule_then_by_role(command: Command, waiting: Path) -> None:
    assert {one["owner"] for one in groups(command, waiting)} == {"channel"}
    settings = waiting / "oms-import.toml"
    settings.write_text(
        settings.read_text()
        + '\n[[owner]]\nchannels = ["other-*"]\nowner = "Bob"\n'
        + '\n[[owner]]\ncodes = ["NUM_*"]\nchannels = ["shop-*"]\nowner = "Ann"\n'
    )
    assert {one["owner"] for one in groups(command, waiting)} == {"Ann"}
    assert groups(command, waiting, "--owner", "Bob") == []
    said(command, waiting, "exceptions", "assign", "B1", "B2", "B3", "--to", "Cleo")
    assert [one["count"] for one in groups(command, waiting, "--owner", "Cleo")] == [3]


def test_every_touch_is_kept_with_who_and_why(command: Command, waiting: Path) -> None:
    said(command, waiting, "exceptions", "assign", "Q1", "--to", "Cleo", "--by", "dan")
    said(command, waiting, "exceptions", "dismiss", "Q1", "--reason", "a test", "--by", "dan")
    assert [one["field"] for one in groups(command, waiting)] == ["line.unit_price"]
    shown = said(command, waiting, "exceptions", "show", "Q1").out
    assert "dan: dismiss a test" in shown
    touches = said(command, waiting, "exceptions", "show", "Q1", "--json").json["touches"]
    assert [(one["who"], one["action"]) for one in touches] == [
        ("dan", "assign"),
        ("dan", "dismiss"),
    ]
    said(command, waiting, "exceptions", "reopen", "Q1")
    assert len(groups(command, waiting)) == 2


def test_what_is_set_aside_is_open_again_when_its_day_has_come(
    command: Command, waiting: Path
) -> None:
    said(command, waiting, "exceptions", "archive", "Q1", "--until", "2999-01-01")
    assert len(groups(command, waiting)) == 1
    assert len(groups(command, waiting, "--status", "archived")) == 1
    said(command, waiting, "exceptions", "reopen", "Q1")
    said(command, waiting, "exceptions", "archive", "Q1", "--until", "2020-01-01")
    assert len(groups(command, waiting)) == 2


def test_a_retry_of_a_group_takes_its_orders_and_nothing_else_and_each_once(
    command: Command, waiting: Path
) -> None:
    [prices] = [one for one in groups(command, waiting) if one["field"] == "line.unit_price"]
    profile = waiting / "profiles/shop-a.toml"
    mended = 'unit_price = { from = "Price", extract = "^([0-9]+)" }'
    profile.write_text(profile.read_text().replace('unit_price = "Price"', mended))
    report = said(command, waiting, "retry", "--exception", prices["group"], "--json").json
    assert report["totals"]["orders_read"] == report["totals"]["orders_accepted"] == 3
    assert [one["field"] for one in groups(command, waiting)] == ["line.qty_ordered"]
    again = command("retry", "--exception", prices["group"], "-w", str(waiting))
    assert again.code == 2
    assert said(command, waiting, "history", "verify").code == 0


def test_an_order_that_was_sent_again_meanwhile_is_never_accepted_twice(
    command: Command, waiting: Path
) -> None:
    drop(waiting, "b", row("B1"))
    said(command, waiting, "run", "-q")
    assert {tuple(one["examples"]) for one in groups(command, waiting)} == {("B2", "B3"), ("Q1",)}
    answer = command("retry", "--exception", "B1", "-w", str(waiting))
    assert answer.code == 2
    assert said(command, waiting, "history", "verify").code == 0


def test_names_that_mean_nothing_are_told(command: Command, waiting: Path) -> None:
    for arguments in (("resolve", "G-0000000000"), ("dismiss", "zz", "--reason", "x")):
        answer = command("exceptions", *arguments, "-w", str(waiting))
        assert answer.code == 2
        assert "is no exception here" in answer.err
    assert command("exceptions", "archive", "Q1", "--until", "soon", "-w", str(waiting)).code == 2
