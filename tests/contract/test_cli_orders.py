"""The command line from outside, with orders: exit codes, JSON keys, files, retry, signals."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cli_process import BAD, COMMAND, GOOD, HEADER, Answer, Command, drop, environment, row

REPORT = {
    "schema", "run_id", "command", "status", "exit_code", "dry_run", "started_at", "finished_at",
    "seconds", "totals", "channels", "drops", "reasons", "latency", "outputs",
}  # fmt: skip
TOTALS = {
    "drops", "records", "orders_read", "orders_accepted", "orders_duplicate", "orders_rejected",
    "orders_held", "orders_ignored", "lines_read", "lines_accepted", "value_accepted",
}  # fmt: skip
FINDING = {"code", "severity", "message", "field", "value", "location", "owner", "remedy"}


Finished = tuple[Path, Answer]


def balanced(totals: dict[str, Any]) -> bool:
    outcomes = ("accepted", "duplicate", "rejected", "held", "ignored")
    return totals["orders_read"] == sum(totals[f"orders_{outcome}"] for outcome in outcomes)


def test_good_orders_are_accepted_with_exit_0(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    answer = command("run", "--json", "-w", str(space))
    report = answer.json
    assert answer.code == 0
    assert set(report) >= REPORT
    assert set(report["totals"]) == TOTALS
    assert report["totals"]["orders_accepted"] == 2
    assert report["totals"]["lines_accepted"] == 3
    assert report["status"] == "ok"
    assert balanced(report["totals"])
    assert all(set(drop_) >= TOTALS | {"drop_id", "name", "status"} for drop_ in report["drops"])
    assert all(set(channel) >= TOTALS | {"channel", "status"} for channel in report["channels"])


def test_the_plain_report_tells_the_invariant_and_the_same_again_is_a_no_op(
    command: Command, space: Path
) -> None:
    drop(space, "a.csv", BAD)
    answer = command("run", "-w", str(space))
    assert answer.code == 3
    assert "read 3 = accepted 1 + duplicate 0 + rejected 2 + held 0 + ignored 0" in answer.out
    assert "SKU_MISSING" in answer.out
    assert "oms-import retry" in answer.out
    unbroken = [line for line in answer.out.splitlines() if str(space) not in line]
    assert max(map(len, unbroken)) <= 80
    assert "\x1b" not in answer.out
    assert answer.err == ""
    again = command("run", "--json", "-w", str(space))
    assert again.code == 0
    assert again.json["status"] == "noop"
    assert again.json["totals"]["orders_accepted"] == 0


def test_rejected_orders_are_exit_3_with_reasons_and_files(finished: Finished) -> None:
    space, answer = finished
    report = answer.json
    assert answer.code == report["exit_code"] == 3
    assert report["totals"]["orders_rejected"] == 2
    assert {reason["code"] for reason in report["reasons"]} >= {"NUM_FORMAT", "SKU_MISSING"}
    for reason in report["reasons"]:
        assert set(reason) >= {"code", "severity", "owner", "orders", "value", "example"}
    for output in report["outputs"]:
        path = space / output["path"]
        assert path.stat().st_size == output["bytes"]
    run_id = report["run_id"]
    written = json.loads((space / "out/reports" / run_id / "report.json").read_text())
    assert written["totals"] == report["totals"]
    rejected = next((space / "out/rejected" / run_id / "shop-a").glob("*.rejected.csv")).read_text()
    for column in ("_line", "_codes", "_reasons", "_owner", "SKU"):
        assert column in rejected.splitlines()[0]
    assert "2002" in rejected
    assert "2001" not in rejected


@pytest.mark.parametrize(("bound", "code"), [("none", 0), ("rejects>50%", 3), ("held>0", 0)])
def test_fail_on_decides_about_exit_3(command: Command, space: Path, bound: str, code: int) -> None:
    drop(space, "a.csv", BAD)
    assert command("run", "--dry-run", "--fail-on", bound, "-w", str(space)).code == code


def test_a_refused_file_is_exit_4_and_the_others_go_on(command: Command, space: Path) -> None:
    drop(space, "empty.csv", "")
    drop(space, "good.csv", GOOD)
    answer = command("run", "--json", "-w", str(space))
    assert answer.code == 4
    assert answer.json["totals"]["orders_accepted"] == 2
    refused = [one for one in answer.json["drops"] if one["status"] == "rejected"]
    assert refused[0]["findings"][0]["code"] == "FILE_EMPTY"
    assert set(refused[0]["findings"][0]) == FINDING


def test_a_missing_source_is_exit_5_and_the_others_go_on(command: Command, space: Path) -> None:
    profile = (space / "profiles" / "shop-a.toml").read_text()
    (space / "profiles" / "shop-b.toml").write_text(profile)
    drop(space, "good.csv", GOOD)
    answer = command("run", "--json", "-w", str(space))
    assert answer.code == 5
    assert answer.json["totals"]["orders_accepted"] == 2
    assert {c["channel"]: bool(c["error"]) for c in answer.json["channels"]} == {
        "shop-a": False,
        "shop-b": True,
    }


def test_a_dry_run_keeps_nothing(command: Command, space: Path) -> None:
    drop(space, "a.csv", BAD)
    answer = command("run", "--dry-run", "--json", "-w", str(space))
    assert answer.json["dry_run"] is True
    assert answer.json["totals"]["orders_accepted"] == 1
    assert not list((space / "out").rglob("*.csv"))
    assert command("run", "--json", "-w", str(space)).json["totals"]["orders_accepted"] == 1


def test_no_fetch_looks_at_no_source_and_quiet_prints_nothing(
    command: Command, space: Path
) -> None:
    drop(space, "a.csv", BAD)
    unfetched = command("run", "--no-fetch", "--json", "-w", str(space))
    assert unfetched.code == 0
    assert unfetched.json["totals"]["orders_read"] == 0
    answer = command("run", "-q", "-w", str(space))
    assert (answer.code, answer.out, answer.err) == (3, "", "")


@pytest.mark.parametrize("kind", ["glob", "directory", "stdin"])
def test_import_takes_files_globs_directories_and_standard_input(
    command: Command, space: Path, tmp_path: Path, kind: str
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.csv").write_text(GOOD)
    argument = {"glob": "files/*.csv", "directory": "files", "stdin": "-"}
    answer = command("import", "shop-a", argument[kind], "--json", "-w", str(space), stdin=GOOD)
    assert answer.code == 0
    assert answer.json["command"] == "import"
    assert answer.json["totals"]["orders_accepted"] == 2


def test_import_of_a_file_that_is_not_there_is_exit_2(command: Command, space: Path) -> None:
    answer = command("import", "shop-a", "nowhere.csv", "-w", str(space))
    assert answer.code == 2
    assert "nowhere.csv" in answer.err


def test_preview_needs_no_workspace_and_shows_orders_and_findings(
    command: Command, space: Path, tmp_path: Path
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(BAD)
    profile = str(space / "profiles" / "shop-a.toml")
    answer = command("preview", "orders.csv", "--profile", profile, "--json")
    assert answer.code == 0
    (found,) = answer.json["files"]
    assert set(found) == {
        "file", "format", "profile", "encoding", "orders", "findings", "documents_ignored",
        "detection",
    }  # fmt: skip
    assert [order["outcome"] for order in found["orders"]] == ["accepted", "rejected", "rejected"]
    order = found["orders"][0]
    nested = {"parties", "lines", "charges", "taxes", "payments", "attributes", "findings"}
    assert set(order) >= nested | {"outcome", "location", "order_number", "currency"}
    assert isinstance(order["lines"][0]["unit_price"], str)
    assert set(found["orders"][1]["findings"][0]) == FINDING
    plain = command("preview", "orders.csv", "--profile", profile)
    assert "NUM_FORMAT" in plain.out
    assert "2001" in plain.out
    assert max(map(len, plain.out.splitlines())) <= 80
    assert not list(tmp_path.glob("*.duckdb"))


def test_preview_recognises_the_channels_of_the_workspace(command: Command, space: Path) -> None:
    file = drop(space, "a.csv", GOOD)
    answer = command("preview", str(file), "--json", cwd=space)
    assert answer.json["files"][0]["profile"] == "shop-a"


def test_retry_takes_only_what_failed_and_is_linked(command: Command, space: Path) -> None:
    drop(space, "a.csv", BAD)
    first = command("run", "--json", "-w", str(space)).json
    profile = space / "profiles" / "shop-a.toml"
    mended = profile.read_text().replace(
        'qty_ordered = "Qty"', 'qty_ordered = { from = "Qty", map = { two = "2" }, other = "keep" }'
    )
    profile.write_text(mended)
    again = command("retry", "--json", "-w", str(space))
    assert again.json["retry_of"] == first["run_id"]
    assert again.json["totals"]["orders_read"] == 2
    assert again.json["totals"]["orders_accepted"] == 1
    assert again.code == 3


def test_a_corrected_rejected_file_is_imported_again(command: Command, space: Path) -> None:
    drop(space, "a.csv", BAD)
    run_id = command("run", "--json", "-w", str(space)).json["run_id"]
    folder = space / "out" / "rejected" / run_id / "shop-a"
    rejected = next(folder.glob("*.rejected.csv"))
    corrected = space / rejected.name
    corrected.write_text(rejected.read_text().replace(",two,", ",2,").replace(",,2,", ",C-3,2,"))
    answer = command("retry", "--from", str(corrected), "--json", "-w", str(space))
    assert answer.code == 0
    assert answer.json["totals"]["orders_accepted"] == 2
    assert answer.json["retry_of"] == run_id


def test_replay_of_an_unchanged_profile_finds_no_difference(
    command: Command, finished: Finished
) -> None:
    answer = command("replay", "--json", "-w", str(finished[0]))
    assert answer.code == 0
    assert (answer.json["outcomes_changed"], answer.json["fields_changed"]) == (0, 0)


def test_replay_shows_what_a_changed_profile_would_make(command: Command, space: Path) -> None:
    drop(space, "a.csv", BAD)
    command("run", "-w", str(space))
    profile = space / "profiles" / "shop-a.toml"
    profile.write_text(profile.read_text() + '[rules]\noptional = ["line.sku"]\n')
    answer = command("replay", "--json", "-w", str(space))
    assert [row["after"] for row in answer.json["outcomes"]] == ["accepted"]
    assert "accepted" in command("replay", "-w", str(space)).out


def test_replay_reads_with_the_profile_of_another_version(command: Command, space: Path) -> None:
    drop(space, "a.csv", BAD)
    command("run", "-w", str(space))
    profile = space / "profiles" / "shop-a.toml"
    changed = profile.read_text().replace("version = 1", "version = 2")
    profile.write_text(changed + '[rules]\noptional = ["line.sku"]\n')
    first = command("replay", "--json", "--profile-version", "1", "-w", str(space)).json
    assert (first["outcomes_changed"], first["profile_version"]) == (0, 1)
    version = ("--profile-version", "2", "--since", "1d")
    second = command("replay", "--json", *version, "-w", str(space)).json
    assert [row["after"] for row in second["outcomes"]] == ["accepted"]
    unknown = command("replay", "--profile-version", "9", "-w", str(space))
    assert unknown.code == 2
    assert "versions that were used: 1" in unknown.err


def test_replay_commits_what_the_changed_profile_makes_of_it(command: Command, space: Path) -> None:
    drop(space, "a.csv", BAD)
    before = command("run", "--json", "-w", str(space)).json
    profile = space / "profiles" / "shop-a.toml"
    profile.write_text(profile.read_text() + '[rules]\noptional = ["line.sku"]\n')
    after = command("replay", "--commit", "--json", "-w", str(space)).json
    assert after["retry_of"] == before["run_id"]
    assert after["totals"]["orders_accepted"] == 1
    assert after["totals"]["orders_duplicate"] == before["totals"]["orders_accepted"]


def test_runs_are_listed_and_shown(command: Command, finished: Finished) -> None:
    space, report = str(finished[0]), finished[1].json
    listed = command("runs", "list", "--json", "-w", space).json["runs"]
    assert [run["run_id"] for run in listed] == [report["run_id"]]
    assert report["run_id"] in command("runs", "list", "-w", space).out
    for name in ("last", report["run_id"][:12]):
        shown = command("runs", "show", name, "--json", "-w", space)
        assert shown.json["totals"] == report["totals"]
    assert "read 3 = accepted 1" in command("runs", "show", "-w", space).out
    path = Path(command("runs", "report", "-w", space).out.splitlines()[-1])
    assert json.loads(path.read_text())["run_id"] == report["run_id"]
    assert command("runs", "show", "nope", "-w", space).code == 2


def test_trace_tells_the_story_of_an_order(command: Command, finished: Finished) -> None:
    space, report = str(finished[0]), finished[1].json
    (event,) = command("trace", "2002", "--json", "-w", space).json["events"]
    assert event["outcome"] == "rejected"
    assert event["run_id"] == report["run_id"]
    told = command("trace", "2002", "-w", space).out
    for part in ("rejected", "2002", "shop-a", "a.csv", "line 3", "NUM_FORMAT"):
        assert part in told
    assert "accepted" in command("trace", "2001", "-w", space).out
    assert "Nothing is known" in command("trace", "9999", "-w", space).out


def test_open_exceptions_are_listed_until_they_are_accepted(command: Command, space: Path) -> None:
    drop(space, "a.csv", BAD)
    command("run", "-w", str(space))
    found = command("exceptions", "list", "--json", "-w", str(space)).json["exceptions"]
    assert sorted(one["order_number"] for one in found) == ["2002", "2003"]
    drop(space, "b.csv", HEADER + row(2002))
    command("run", "-w", str(space))
    found = command("exceptions", "list", "--json", "-w", str(space)).json["exceptions"]
    assert [one["order_number"] for one in found] == ["2003"]
    assert "SKU_MISSING" in command("exceptions", "show", "2003", "-w", str(space)).out


def test_history_is_counted_and_verified(command: Command, finished: Finished) -> None:
    space = str(finished[0])
    assert command("history", "verify", "-w", space).code == 0
    assert command("history", "verify", "--json", "-w", space).json["problems"] == []
    assert "runs" in command("history", "stats", "-w", space).out
    assert command("history", "stats", "--json", "-w", space).json["runs"] == 1


def test_doctor_finds_a_healthy_workspace_healthy(command: Command, finished: Finished) -> None:
    answer = command("doctor", "--json", "-w", str(finished[0]))
    assert answer.code == 0
    for check in answer.json["checks"]:
        assert set(check) == {"name", "status", "detail", "hint"}
        assert check["status"] != "fail", check


def test_doctor_ends_with_12_when_an_output_was_changed(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    run_id = command("run", "--json", "-w", str(space)).json["run_id"]
    orders = space / "out" / "accepted" / run_id / "orders.csv"
    orders.chmod(0o644)
    with orders.open("a") as file:
        file.write("9,9,9\n")
    answer = command("doctor", "-w", str(space))
    assert answer.code == 12
    assert "orders.csv" in answer.out.replace("\n              ", "")


def test_doctor_ends_with_12_when_history_is_behind_its_journal(
    command: Command, space: Path
) -> None:
    drop(space, "a.csv", GOOD)
    command("run", "-w", str(space))
    (space / ".oms-import" / "history.duckdb").unlink()
    assert command("doctor", "-w", str(space)).code == 12
    assert command("run", "-w", str(space)).code == 12


def test_doctor_ends_with_2_when_the_settings_are_wrong(command: Command, space: Path) -> None:
    (space / "oms-import.toml").write_text("nope = 1\n")
    answer = command("doctor", "--json", "-w", str(space))
    assert answer.code == 2
    assert answer.json["checks"][0]["status"] == "fail"


def test_a_second_run_names_the_holder_of_the_lock(command: Command, space: Path) -> None:
    import fcntl

    lock = space / ".oms-import" / "lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answer = command("run", "--json", "-w", str(space))
    assert answer.code == 11
    assert answer.json["error"]["code"] == "LOCKED"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_run_cleanly(
    command: Command, space: Path, number: signal.Signals, code: int
) -> None:
    rows = "".join(row(n) for n in range(200_000))
    drop(space, "big.csv", HEADER + rows)
    process = subprocess.Popen(
        [*COMMAND, "run", "-w", str(space)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    staging = space / ".oms-import" / "staging"
    until = time.monotonic() + 60
    while not (staging.is_dir() and any(staging.iterdir())) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in err
    assert "stopped by" in err
    assert not list((space / "out").rglob("manifest.json"))
    assert command("run", "-q", "-w", str(space)).code == 0


def test_a_terminal_sees_progress_and_a_pipe_does_not(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [*COMMAND, "run", "-w", str(space)],
        env=environment(TERM="xterm-256color"),
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while done.poll() is None or select.select([ours], [], [], 0.1)[0]:
        try:
            seen += os.read(ours, 65536)
        except OSError:
            break
    os.close(ours)
    assert done.wait(60) == 0
    assert "─" in seen.decode()
    assert "read 2 = accepted 2" in seen.decode()


def test_a_profile_is_tried_on_a_sample(command: Command, space: Path) -> None:
    path = drop(space, "sample.csv", GOOD)
    answer = command(
        "-w", str(space), "profiles", "check", "shop-a", "--sample", str(path), "--json"
    )
    [checked] = answer.json["profiles"]
    [sample] = checked["samples"]
    assert answer.code == 0
    assert sample["outcomes"] == {"accepted": sample["orders"]}
    assert "order.order_number" in sample["filled"]


def test_listed_runs_are_totals_without_their_reports(command: Command, finished: Finished) -> None:
    listed = command("runs", "list", "--json", "-w", str(finished[0])).json["runs"]
    assert set(listed[0]) >= TOTALS
    assert "report" not in listed[0]


def test_a_profile_that_is_wrong_stops_only_its_own_channel(command: Command, space: Path) -> None:
    drop(space, "a.csv", GOOD)
    (space / "profiles/broken.toml").write_text("[order]\norder_numbr = 'x'\n")
    answer = command("run", "--json", "-w", str(space))
    assert answer.code == 2
    assert answer.json["totals"]["orders_accepted"] == 2
    told = {channel["channel"]: channel for channel in answer.json["channels"]}
    assert told["broken"]["status"] == "failed"
    assert "order_numbr" in told["broken"]["error"]
    assert told["shop-a"]["status"] == "ok"
    assert command("import", "broken", "x.csv", "-w", str(space)).code == 2


def test_a_refused_file_is_a_reason_and_an_exception(command: Command, space: Path) -> None:
    drop(space, "a.csv", "")
    answer = command("run", "--json", "-w", str(space))
    assert answer.code == 4
    [reason] = [one for one in answer.json["reasons"] if one["code"] == "FILE_EMPTY"]
    assert reason["orders"] == 0
    assert reason["example"].startswith("a.csv: ")
    folder = space / "out/rejected" / answer.json["run_id"]
    header, row_ = (folder / "exceptions.csv").read_text().splitlines()
    told = dict(zip(header.split(","), row_.split(","), strict=False))
    assert (told["drop"], told["code"], told["order_number"]) == ("a.csv", "FILE_EMPTY", "")
    (waiting,) = command("exceptions", "list", "--json", "-w", str(space)).json["exceptions"]
    assert (waiting["drop"], waiting["codes"]) == ("a.csv", ["FILE_EMPTY"])
    assert "(whole file)" in command("exceptions", "list", "-w", str(space)).out


def test_a_run_that_kept_nothing_names_no_run_that_history_has_not(
    command: Command, space: Path
) -> None:
    drop(space, "a.csv", GOOD)
    run_id = command("run", "--json", "-w", str(space)).json["run_id"]
    assert run_id in command("runs", "show", "-w", str(space)).out
    again = command("run", "-w", str(space)).out
    assert again.splitlines()[0].endswith(" - run")


def test_folders_below_an_imported_folder_are_told(command: Command, space: Path) -> None:
    below = space / "many/older"
    below.mkdir(parents=True)
    (below / "b.csv").write_text(HEADER + row(7))
    (space / "many/a.csv").write_text(GOOD)
    answer = command("import", "shop-a", str(space / "many"), "--json", "-w", str(space))
    assert answer.json["totals"]["orders_accepted"] == 2
    assert "older" in answer.err
    every = str(space / "many/**/*")
    rest = command("import", "shop-a", every, "--json", "-w", str(space))
    assert rest.json["totals"]["orders_accepted"] == 1
