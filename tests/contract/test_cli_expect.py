"""Drops that had to be there, from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_process import GOOD, PROFILE, Command, make


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = make(tmp_path / "shop")
    source = '\n[source]\nexpect = "every 1h"\ndays_off = ""\n'
    (root / "profiles/shop-a.toml").write_text(PROFILE + source)
    return root


def test_an_absent_drop_is_told_by_run_and_health_until_it_comes(
    command: Command, shop: Path
) -> None:
    answer = command("run", "--json", "-w", str(shop))
    assert answer.code == 5
    assert "no drop came, though one is expected every 1h" in answer.json["channels"][0]["error"]
    health = command("channels", "health", "--json", "-w", str(shop))
    assert health.code == 5
    [row] = health.json["channels"]
    assert (row["overdue"], row["expect"], row["streak"]) == (True, "every 1h", 0)
    assert "OVERDUE" in command("channels", "health", "-w", str(shop)).out
    (shop / "drops/shop-a/a.csv").write_text(GOOD)
    assert command("run", "--json", "-w", str(shop)).code == 0
    assert command("run", "--json", "-w", str(shop)).code == 0
    health = command("channels", "health", "--json", "-w", str(shop))
    assert health.code == 0
    assert health.json["channels"][0]["overdue"] is False


def test_what_is_not_understood_is_a_setting_to_correct(command: Command, shop: Path) -> None:
    profile = shop / "profiles/shop-a.toml"
    profile.write_text(profile.read_text().replace("every 1h", "at dawn"))
    answer = command("run", "-w", str(shop))
    assert answer.code == 2
    assert "source.expect: is not understood" in answer.err
