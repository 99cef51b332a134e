"""Drops from an SFTP server, from outside: `run` fetches, imports and puts away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_process import BAD, GOOD, HEADER, Answer, environment, row, run
from sftp_server import Sshd, make_key


def imported(root: Path, code: int = 0, *arguments: str, **env: str) -> Answer:
    answer = run("run", "--json", "-w", str(root), *arguments, **env)
    assert answer.code == code, answer.out + answer.err
    assert "Traceback" not in answer.err
    return answer


def statuses(answer: Answer) -> dict[str, str]:
    return {drop["name"]: drop["status"] for drop in answer.json["drops"]}


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("", ["a.csv", "b.csv"]),
        ('after = "move"', ["done/a.csv", "done/b.csv"]),
        ('after = "move"\nmove_to = "kept/here"', ["kept/here/a.csv", "kept/here/b.csv"]),
        ('after = "rename"', ["a.csv.done", "b.csv.done"]),
        ('after = "delete"', []),
    ],
)
def test_what_is_imported_is_put_away_as_the_profile_says(
    sshd: Sshd, channel: Callable[..., Path], source: str, left: list[str]
) -> None:
    sshd.put("a.csv", GOOD)
    sshd.put("b.csv", HEADER + row(1))
    root = channel(source=source)
    first = imported(root)
    assert first.json["totals"]["orders_accepted"] == 3
    assert statuses(first) == {"a.csv": "imported", "b.csv": "imported"}
    assert sshd.names() == left
    again = imported(root)
    assert again.json["status"] == "noop"
    assert again.json["drops"] == []
    assert sshd.names() == left
    assert list((root / ".oms-import" / "incoming").iterdir()) == []


def test_a_version_is_fetched_once_and_content_decides(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    sshd.put("a.csv", GOOD, age=600)
    root = channel()
    imported(root)
    sshd.put("a.csv", HEADER + row(7), age=300)  # same name, new content
    sshd.put("b.csv", GOOD, age=300)  # new name, same content
    second = imported(root)
    assert statuses(second) == {"a.csv": "imported", "b.csv": "duplicate"}
    assert second.json["totals"]["orders_accepted"] == 1
    assert imported(root).json["drops"] == []


def test_what_is_written_in_the_second_it_is_fetched_in_is_looked_at_again(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    young = sshd.put("a.csv", HEADER + row(1), age=-60)  # its clock is ahead: always young
    root = channel()
    imported(root)
    stamp = young.stat().st_mtime
    young.write_text(HEADER + row(2))  # as long, and the clock of the server knows no difference
    os.utime(young, (stamp, stamp))
    assert statuses(imported(root)) == {"a.csv": "imported"}


def test_archives_are_unpacked_and_bad_orders_told(
    sshd: Sshd, channel: Callable[..., Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as packed:
        packed.writestr("in/a.csv", GOOD)
    sshd.put("z.zip", (tmp_path / "z.zip").read_bytes())
    sshd.put("bad.csv", BAD)
    answer = imported(channel(source='after = "delete"'), 3)
    assert statuses(answer) == {"z.zip/in/a.csv": "imported", "bad.csv": "imported"}
    assert sshd.names() == []


def test_names_are_not_trusted_and_links_are_not_followed(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    sshd.put("good.csv", HEADER + row(1))
    with (sshd.files / os.fsdecode(b"gr\xfc\xdfe.csv")).open("w") as odd:  # ISO-8859-1
        odd.write(HEADER + row(2))
    sshd.put("..\\..\\evil.csv", HEADER + row(3))
    sshd.put("notes.csv.part", HEADER + row(4))
    (sshd.files / "folder.csv").mkdir()
    sshd.put("folder.csv/inside.csv", HEADER + row(5))
    (sshd.files / "link.csv").symlink_to(sshd.files / "good.csv")
    root = channel(source='after = "delete"')
    answer = imported(root)
    assert statuses(answer) == {"good.csv": "imported", "gr\\xfc\\xdfe.csv": "imported"}
    left = {os.fsencode(path.name) for path in sshd.files.iterdir()}
    assert left == {b"..\\..\\evil.csv", b"notes.csv.part", b"folder.csv", b"link.csv"}


def test_sub_folders_are_entered_where_the_profile_says_so(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    sshd.put("eu/a.csv", HEADER + row(1))
    sshd.put("us/a.csv", HEADER + row(2))
    sshd.put("us/skip.txt", "no order")
    root = channel(source='recursive = true\nafter = "move"\npattern = "*.csv"')
    assert statuses(imported(root)) == {"eu/a.csv": "imported", "us/a.csv": "imported"}
    assert sshd.names() == ["done/eu/a.csv", "done/us/a.csv", "us/skip.txt"]
    assert imported(root).json["drops"] == []


def test_a_file_is_taken_only_when_it_is_ready(sshd: Sshd, channel: Callable[..., Path]) -> None:
    sshd.put("old.csv", HEADER + row(1), age=100)
    sshd.put("old.csv.ok", "", age=100)
    sshd.put("young.csv", HEADER + row(2), age=1)
    sshd.put("young.csv.ok", "", age=1)
    sshd.put("alone.csv", HEADER + row(3), age=100)
    root = channel(source='done_suffix = ".ok"\nmin_age_seconds = 50\nafter = "delete"')
    assert statuses(imported(root)) == {"old.csv": "imported"}
    assert sshd.names() == ["alone.csv", "young.csv", "young.csv.ok"]


def no_secret(answer: Answer, root: Path, *secrets: str) -> None:
    texts = [answer.out, answer.err]
    texts += [path.read_text() for path in (root / "out").rglob("*.json")]
    for secret in secrets:
        assert not any(secret in text for text in texts)


def test_an_unknown_host_is_not_trusted(sshd: Sshd, channel: Callable[..., Path]) -> None:
    sshd.put("a.csv", GOOD)
    root = channel()
    (root / "known_hosts").write_text("")
    answer = imported(root, 6)
    error = answer.json["channels"][0]["error"]
    assert "is not known" in error
    assert "SHA256:" in error
    checked = run("channels", "check", "-w", str(root))
    assert checked.code == 6
    assert "ssh-keyscan" in checked.out
    assert not list((root / ".oms-import").glob("raw/*"))


def test_a_changed_host_key_stops_everything(sshd: Sshd, channel: Callable[..., Path]) -> None:
    sshd.put("a.csv", GOOD)
    root = channel()
    make_key(sshd.keys / "host")
    sshd.stop()
    sshd.start()
    answer = imported(root, 6)
    assert "is not the one we know it by" in answer.json["channels"][0]["error"]
    checked = run("channels", "check", "--json", "-w", str(root)).json
    assert checked["channels"][0]["error"]["code"] == "HOST_KEY_CHANGED"
    assert not list((root / ".oms-import").glob("raw/*"))


def test_a_refused_login_is_told_and_never_quotes_the_secret(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    sshd.put("a.csv", GOOD)
    root = channel(server=f'key = "{sshd.keys}/stranger"')
    assert "refused the login" in imported(root, 6).json["channels"][0]["error"]
    root = channel(server='password = "${SFTP_PASSWORD}"')
    answer = imported(root, 6, SFTP_PASSWORD="wrong-horse-7")
    assert "refused the login" in answer.json["channels"][0]["error"]
    no_secret(answer, root, "wrong-horse-7")
    shown = run("profiles", "show", "shop-a", "-w", str(root), SFTP_PASSWORD="wrong-horse-7")
    assert "${SFTP_PASSWORD}" in shown.out
    no_secret(shown, root, "wrong-horse-7")
    missing = imported(root, 2).json["channels"][0]["error"]
    assert "SFTP_PASSWORD is not set" in missing


def test_a_key_that_others_may_read_is_refused(sshd: Sshd, channel: Callable[..., Path]) -> None:
    sshd.put("a.csv", GOOD)
    root = channel()
    (sshd.keys / "user").chmod(0o644)
    assert "may be read by others" in imported(root, 2).json["channels"][0]["error"]
    doctor = run("doctor", "--json", "-w", str(root))
    [keys] = [one for one in doctor.json["checks"] if one["name"] == "keys"]
    assert keys["status"] == "fail"
    assert "chmod 600" in keys["hint"]
    assert doctor.code == 2


def test_a_secret_in_a_file_or_with_a_passphrase_is_read(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    key = sshd.keys / "locked"
    command = ["ssh-keygen", "-q", "-t", "ecdsa", "-N", "open sesame", "-f", str(key)]
    subprocess.run(command, check=True)
    with (sshd.keys / "authorized_keys").open("a") as known:
        known.write((sshd.keys / "locked.pub").read_text())
    sshd.put("a.csv", GOOD)
    root = channel(server=f'key = "{key}"\npassphrase = "file:phrase"')
    (root / "phrase").touch(0o600)
    (root / "phrase").write_text("open sesame\n")
    answer = imported(root)
    assert statuses(answer) == {"a.csv": "imported"}
    no_secret(answer, root, "open sesame")


def test_a_server_that_is_down_stops_no_other_channel(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    root = channel()
    profile = (root / "profiles" / "shop-a.toml").read_text()
    (root / "profiles" / "shop-b.toml").write_text(profile.split("[source]")[0])
    (root / "drops" / "shop-b").mkdir(parents=True)
    (root / "drops" / "shop-b" / "b.csv").write_text(GOOD)
    sshd.stop()
    answer = imported(root, 5)
    assert statuses(answer) == {"b.csv": "imported"}
    checked = run("channels", "check", "--json", "-w", str(root))
    assert checked.code == 5
    assert [one["status"] for one in checked.json["channels"]] == ["failed", "ok"]
    for _ in range(4):
        imported(root, 5, "shop-a")
    rests = imported(root, 5, "shop-a").json["channels"][0]["error"]
    assert re.search(r"failed 5 times in a row and is left alone until \d{4}-\d\d-\d\d", rests)
    [told, _] = run("channels", "health", "--json", "-w", str(root)).json["channels"]
    assert (told["streak"], told["status"]) == (5, "resting")
    sshd.start()
    sshd.put("a.csv", HEADER + row(1))
    imported(root, 5, "shop-a")  # still resting
    assert run("channels", "retry", "shop-a", "-w", str(root)).code == 0
    assert statuses(imported(root, 0, "shop-a")) == {"a.csv": "imported"}
    [told, _] = run("channels", "health", "--json", "-w", str(root)).json["channels"]
    assert (told["streak"], told["status"], told["error"]) == (0, "ok", None)
    assert told["last_success"]
    assert told["last_drop"]


def configured(sshd: Sshd, more: str) -> None:
    sshd.stop()
    sshd.more = more
    sshd.start()


def test_a_file_that_fails_again_and_again_becomes_a_dead_letter(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    sshd.put("a.csv", GOOD)
    configured(sshd, "ForceCommand internal-sftp -P read")  # it lists, and lets nothing be read
    root = channel()
    for time in range(1, 5):
        answer = imported(root, 5)
        assert f"tried by {time} of 5 runs" in answer.json["notes"][0]
    assert "now a dead letter" in imported(root, 5).json["notes"][0]
    assert "not tried any more" in imported(root).json["notes"][0]
    [told] = run("channels", "health", "--json", "-w", str(root)).json["channels"]
    [dead] = told["dead_letters"]
    assert (dead["attempts"], dead["code"]) == (5, "SOURCE_DENIED")
    assert told["streak"] == 0
    assert "dead letter after 5 runs" in run("channels", "health", "-w", str(root)).out
    configured(sshd, "")
    sshd.put("b.csv", HEADER + row(9))
    assert statuses(imported(root)) == {"b.csv": "imported"}
    run("channels", "retry", "shop-a", "-w", str(root))
    assert statuses(imported(root)) == {"a.csv": "imported"}
    [told] = run("channels", "health", "--json", "-w", str(root)).json["channels"]
    assert told["dead_letters"] == []


def test_what_cannot_be_put_away_is_told_and_put_away_later(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    sshd.put("a.csv", GOOD)
    configured(sshd, "ForceCommand internal-sftp -P remove")
    root = channel(source='after = "delete"')
    answer = imported(root)
    assert statuses(answer) == {"a.csv": "imported"}
    assert "was imported but could not be put away" in answer.json["notes"][0]
    configured(sshd, "")
    assert imported(root).json["drops"] == []
    assert sshd.names() == []


def test_a_server_with_old_algorithms_only_is_told_so(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    make_key(sshd.keys / "host", "rsa")
    configured(sshd, "HostKeyAlgorithms ssh-rsa")
    checked = run("channels", "check", "-w", str(channel()))
    assert checked.code == 6
    assert "no longer safe" in checked.out


def killed_at(root: Path, place: str) -> None:
    """Run, and die by SIGKILL when this function of ours is called."""
    module, _, name = place.rpartition(".")
    code = f"""
import os, signal, sys
import {module} as place
place.{name} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
from oms_import.cli.main import answer
answer(["run", "-w", {str(root)!r}])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize(
    "place",
    [
        "oms_import.fetching.remember_files",
        "oms_import.fetching._put_away",
        "oms_import.fetching.mark_settled",
    ],
)
def test_a_kill_between_commit_and_remote_delete_imports_nothing_twice(
    sshd: Sshd, channel: Callable[..., Path], place: str
) -> None:
    sshd.put("a.csv", GOOD)
    root = channel(source='after = "delete"')
    killed_at(root, place)
    answer = imported(root)
    assert answer.json["totals"]["orders_accepted"] == 0
    assert sshd.names() == []
    [listed] = run("runs", "list", "--json", "-w", str(root)).json["runs"]
    assert listed["orders_accepted"] == 2
    assert imported(root).json["drops"] == []


def test_a_dry_run_and_no_fetch_leave_the_server_alone(
    sshd: Sshd, channel: Callable[..., Path]
) -> None:
    sshd.put("a.csv", GOOD)
    root = channel(source='after = "delete"')
    assert statuses(imported(root, 0, "--dry-run")) == {"a.csv": "imported"}
    assert imported(root, 0, "--no-fetch").json["drops"] == []
    assert sshd.names() == ["a.csv"]
    assert statuses(imported(root)) == {"a.csv": "imported"}
