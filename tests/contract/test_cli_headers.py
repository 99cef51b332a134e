"""Headers from outside: evidence in preview, changed headers in runs, and the list of them."""

from __future__ import annotations

from pathlib import Path

from cli_process import GOOD, HEADER, PROFILE, Command, drop, row

MORE = HEADER.strip() + ",Note\n" + row(1003).strip() + ",soon\n"
RENAMED = HEADER.replace("Qty", "Quantity") + row(1004)
NUMBER = HEADER.replace("Order", "Order No") + row(1005)


def codes(answer: dict[str, list[dict[str, object]]], name: str) -> list[object]:
    (found,) = [one for one in answer["drops"] if one["name"] == name]
    findings: list[dict[str, object]] = found["findings"]  # type: ignore[assignment]
    return [one["code"] for one in findings if str(one["code"]).startswith("HEADER_")]


def test_the_first_header_is_no_change_and_a_new_column_is_a_warning(
    command: Command, space: Path
) -> None:
    drop(space, "a.csv", GOOD)
    first = command("run", "--json", "-w", str(space))
    assert (first.code, codes(first.json, "a.csv")) == (0, [])
    drop(space, "b.csv", MORE)
    second = command("run", "--json", "-w", str(space))
    assert (second.code, codes(second.json, "b.csv")) == (0, ["HEADER_CHANGED"])
    assert second.json["totals"]["orders_accepted"] == 1
    (told,) = [one for one in second.json["drops"] if one["name"] == "b.csv"]
    (finding,) = [one for one in told["findings"] if one["code"] == "HEADER_CHANGED"]
    assert finding["severity"] == "warning"
    assert "added: Note" in finding["message"]


def test_columns_in_another_order_are_no_change(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    command("run", "-q", "-w", str(space))
    swapped = HEADER.replace("Order,Date", "date,ORDER") + row(1009).replace(
        "1009,2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z,1009"
    )
    drop(space, "b.csv", swapped)
    answer = command("run", "--json", "-w", str(space))
    assert (answer.code, codes(answer.json, "b.csv")) == (0, [])


def test_a_renamed_column_refuses_the_file_until_the_profile_knows_it(
    command: Command, space: Path
) -> None:
    drop(space, "a.csv", GOOD)
    drop(space, "b.csv", RENAMED)
    refused = command("run", "--json", "-w", str(space))
    assert (refused.code, codes(refused.json, "b.csv")) == (4, ["HEADER_MISSING_MAPPED"])
    assert refused.json["totals"]["orders_accepted"] == 2
    shown = " ".join(command("runs", "show", "-w", str(space)).out.split())
    assert "Qty was perhaps renamed to Quantity" in shown
    assert 'line.qty_ordered = ["Qty", "Quantity"]' in shown
    again = command("retry", "--json", "-w", str(space))
    assert (again.code, codes(again.json, "b.csv")) == (4, ["HEADER_MISSING_MAPPED"])
    mend(space, 'qty_ordered = "Qty"', 'qty_ordered = ["Qty", "Quantity"]')
    taken = command("retry", "--json", "-w", str(space))
    assert (taken.code, codes(taken.json, "b.csv")) == (0, ["HEADER_CHANGED"])
    assert taken.json["totals"]["orders_accepted"] == 1


def test_a_renamed_order_number_is_told_in_the_same_way(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    command("run", "-q", "-w", str(space))
    drop(space, "b.csv", NUMBER)
    refused = command("run", "--json", "-w", str(space))
    assert (refused.code, codes(refused.json, "b.csv")) == (4, ["HEADER_MISSING_MAPPED"])
    told = str(refused.json["drops"])
    assert 'order.order_number = ["Order", "Order No"]' in told
    mend(space, 'order_number = "Order"', 'order_number = ["Order", "Order No"]')
    assert command("retry", "-q", "-w", str(space)).code == 0


def test_the_profile_says_what_a_changed_header_means(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    command("run", "-q", "-w", str(space))
    mend(space, "[defaults]", '[format]\nheader_change = "reject"\n\n[defaults]')
    drop(space, "b.csv", MORE)
    refused = command("run", "--json", "-w", str(space))
    assert (refused.code, codes(refused.json, "b.csv")) == (4, ["HEADER_CHANGED"])
    mend(space, '"reject"', '"accept"')
    taken = command("retry", "--json", "-w", str(space))
    assert (taken.code, codes(taken.json, "b.csv")) == (0, [])
    mend(space, '"accept"', '"warn"')
    drop(space, "c.csv", RENAMED)
    warned = command("run", "--json", "-w", str(space))
    assert codes(warned.json, "c.csv") == ["HEADER_CHANGED"]
    assert "no longer filled: line.qty_ordered" in str(warned.json["drops"])


def test_a_dry_run_keeps_no_header(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    command("run", "-q", "--dry-run", "-w", str(space))
    told = command("channels", "headers", "shop-a", "-w", str(space))
    assert (told.code, "no header" in told.out) == (0, True)


def test_every_header_is_listed_with_its_days(command: Command, space: Path) -> None:
    for name, text in (("a.csv", GOOD), ("b.csv", MORE), ("c.csv", RENAMED)):
        drop(space, name, text)
        command("run", "-q", "-w", str(space))
    listed = command("channels", "headers", "shop-a", "--json", "-w", str(space))
    first, second, third = listed.json["headers"]
    assert first["columns"] == HEADER.strip().split(",")
    assert (first["drops"], first["change"]) == (1, None)
    assert first["first_seen"] <= first["last_seen"] < second["first_seen"]
    assert second["change"] == {"added": ["Note"], "missing": [], "renamed": []}
    assert third["accepted"] == 0
    assert third["change"]["renamed"] == [{"from": "Qty", "to": "Quantity"}]
    plain = command("channels", "headers", "shop-a", "-w", str(space))
    for part in ("shop-a: 3 headers", "added: Note", "Qty to Quantity", "rejected"):
        assert part in plain.out
    assert max(map(len, plain.out.splitlines())) <= 80
    unknown = command("channels", "headers", "nope", "-w", str(space))
    assert (unknown.code, "there is no channel nope" in unknown.err) == (2, True)


def test_a_corrected_file_is_no_new_header(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD + row(1006, qty="two"))
    run_id = command("run", "--json", "-w", str(space)).json["run_id"]
    (rejected,) = (space / "out" / "rejected" / run_id / "shop-a").glob("*.rejected.csv")
    corrected = space / rejected.name
    corrected.write_text(rejected.read_text().replace(",two,", ",2,"))
    answer = command("retry", "--from", str(corrected), "--json", "-w", str(space))
    assert answer.code == 0
    assert "HEADER_" not in answer.out
    listed = command("channels", "headers", "shop-a", "--json", "-w", str(space))
    assert len(listed.json["headers"]) == 1


def test_preview_shows_the_evidence_for_the_profile_it_takes(command: Command, space: Path) -> None:
    file = drop(space, "a.csv", MORE)
    answer = command("preview", str(file), "--json", cwd=space)
    found = answer.json["files"][0]["detection"]
    assert (found["format"], found["chosen"]) == ("csv", "shop-a")
    assert found["format_reason"]
    best = found["candidates"][0]
    assert set(best) == {"profile", "score", "matched", "missing", "unknown"}
    assert (best["profile"], best["unknown"], best["missing"]) == ("shop-a", ["Note"], [])
    told = " ".join(command("preview", str(file), cwd=space).out.split())
    assert "11 columns; fits shop-a (10 of 11 header names known; not known: Note)" in told


def test_preview_refuses_to_guess_where_two_fit_and_shows_both(
    command: Command, space: Path
) -> None:
    (space / "profiles" / "shop-b.toml").write_text(PROFILE)
    file = drop(space, "a.csv", MORE)
    answer = command("preview", str(file), "--json", cwd=space)
    (found,) = answer.json["files"]
    assert (found["profile"], found["detection"]["chosen"], found["orders"]) == (None, None, [])
    assert [one["profile"] for one in found["detection"]["candidates"][:2]] == ["shop-a", "shop-b"]
    told = command("preview", str(file), cwd=space).out
    for part in ("shop-a: 10 of 11", "shop-b: 10 of 11", "--profile shop-a", "FORMAT_UNKNOWN"):
        assert part in told
    named = command("preview", str(file), "--profile", "shop-b", "--json", cwd=space)
    assert named.json["files"][0]["detection"]["chosen"] == "shop-b"


def test_preview_names_the_nearest_where_none_fits(command: Command, space: Path) -> None:
    file = drop(space, "a.csv", "Date,SKU,Price,Name,Street\n1,2,3,4,5\n")
    found = command("preview", str(file), "--json", cwd=space).json["files"][0]["detection"]
    assert (found["chosen"], found["candidates"]) == (None, [])
    (ours,) = [one for one in found["nearest"] if one["profile"] == "shop-a"]
    assert "Order" in ours["missing"]


def test_no_profile_of_documents_is_taken_for_a_table(command: Command, space: Path) -> None:
    text = PROFILE.replace("[detect]", '[format]\nreader = "json"\n\n[detect]')
    (space / "profiles" / "shop-c.toml").write_text(text)
    file = drop(space, "a.csv", GOOD)
    found = command("preview", str(file), "--json", cwd=space).json["files"][0]["detection"]
    assert found["chosen"] == "shop-a"
    assert "shop-c" not in [one["profile"] for one in found["candidates"]]


def mend(space: Path, old: str, new: str) -> None:
    profile = space / "profiles" / "shop-a.toml"
    text = profile.read_text()
    assert old in text
    profile.write_text(text.replace(old, new))
