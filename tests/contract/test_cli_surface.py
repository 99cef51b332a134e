"""The command line from outside, as far as it needs no orders: help, errors, terminals."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import COMMAND, ROOT, Command, environment

COMMANDS = [
    "init", "run", "import", "preview", "retry", "replay", "watch", "listen", "trace", "explain",
    "doctor",
    "runs list", "runs show", "runs report", "runs deliver",
    "exceptions list", "exceptions show", "exceptions assign", "exceptions resolve",
    "exceptions dismiss", "exceptions archive", "exceptions reopen",
    "channels list", "profiles list", "profiles show", "profiles check", "profiles schema",
    "profiles policies",
    "history stats", "history verify",
]  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(command: Command, name: str) -> None:
    answer = command(*name.split(), "--help")
    assert answer.code == 0
    assert f"oms-import {name}" in answer.out.partition("Example:")[2]
    assert "--json" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_help_lists_every_command_and_nothing_that_does_not_exist(command: Command) -> None:
    listed = set(re.findall(r"^  ([a-z]+) ", command("--help").out.partition("Commands:")[2], re.M))
    assert listed == {name.split()[0] for name in COMMANDS}


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from oms_import.cli.main import answer\n"
        "answer(['--help']); answer(['run', '--help'])\n"
        "heavy = {'polars', 'duckdb', 'pandera', 'pyarrow', 'rich', 'fastexcel'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert "LOADED []" in done.stdout


def test_the_version_is_printed(command: Command) -> None:
    assert re.fullmatch(r"oms-import \d+\.\d+\.\d+\n", command("--version").out)


@pytest.mark.parametrize(
    "arguments",
    [["rn"], ["run", "--nope"], ["import"], ["runs", "lst"], ["runs", "list", "--limit", "x"], []],
)
def test_a_wrong_command_line_is_exit_2_without_a_traceback(
    command: Command, arguments: list[str]
) -> None:
    answer = command(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err
    assert "Traceback" not in answer.err


def test_a_misspelt_command_names_the_nearest(command: Command) -> None:
    assert "'preview'" in command("previw").err


@pytest.mark.parametrize(
    "arguments",
    [
        ["rn", "--json"],
        ["run", "--json"],
        ["run", "--json", "--nope"],
        ["import", "--json"],
        ["explain", "NOPE", "--json"],
        ["preview", "nowhere.csv", "--json"],
        ["run", "--json", "-w", "nowhere"],
        ["runs", "list", "--json"],
        ["--json"],
    ],
)
def test_with_json_every_error_is_one_document(command: Command, arguments: list[str]) -> None:
    answer = command(*arguments)
    assert answer.code == 2
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message", "hint", "location"}
    assert answer.json["error"]["message"]
    assert answer.err == ""


def test_explain_tells_owner_and_remedy(command: Command) -> None:
    answer = command("explain", "sku_missing")
    assert answer.code == 0
    assert "catalogue" in answer.out
    assert "Add the SKU" in answer.out
    assert command("explain", "SKU_MISSING", "--json").json["severity"] == "error"


def test_explain_names_the_nearest_code(command: Command) -> None:
    answer = command("explain", "SKU_MISING")
    assert answer.code == 2
    assert "SKU_MISSING" in answer.err


def test_init_twice_is_harmless(command: Command, tmp_path: Path) -> None:
    assert command("init", "space").code == 0
    settings = tmp_path / "space" / "oms-import.toml"
    settings.write_text('timezone = "UTC"\n')
    assert command("init", "space", "--json").json["made"] == []
    assert settings.read_text() == 'timezone = "UTC"\n'
    assert (tmp_path / "space" / ".oms-import").stat().st_mode & 0o777 == 0o700


def test_the_workspace_option_works_before_and_after_the_command(
    command: Command, space: Path, tmp_path: Path
) -> None:
    for arguments in (["-w", str(space), "channels", "list"], ["channels", "list", "-w", "space"]):
        assert "shop-a" in command(*arguments).out
    assert "shop-a" in command("channels", "list", OMS_IMPORT_WORKSPACE=str(space)).out
    assert "shop-a" in command("channels", "list", cwd=space / "drops").out


def test_a_wrong_setting_is_exit_2_with_file_line_and_nearest(
    command: Command, space: Path
) -> None:
    (space / "oms-import.toml").write_text("[limits]\nbatch_rowz = 3\n")
    answer = command("run", "-w", str(space))
    assert answer.code == 2
    for part in ("oms-import.toml", "line 2", "batch_rows"):
        assert part in answer.err


def test_a_wrong_profile_is_exit_2_with_file_line_and_nearest(
    command: Command, space: Path
) -> None:
    (space / "profiles" / "shop-b.toml").write_text('titel = "B"\n')
    for arguments in (["run"], ["profiles", "check"]):
        answer = command(*arguments, "-w", str(space))
        told = answer.out + answer.err
        assert answer.code == 2
        for part in ("shop-b.toml", "line1", "title"):
            assert part in "".join(told.split())  # a long path is folded anywhere


def test_an_unknown_channel_names_those_there_are(command: Command, space: Path) -> None:
    answer = command("run", "shop-b", "-w", str(space))
    assert answer.code == 2
    assert "shop-a" in answer.err


@pytest.mark.parametrize("bound", ["sometimes", "rejects<3"])
def test_a_wrong_bound_is_exit_2(command: Command, space: Path, bound: str) -> None:
    answer = command("run", "--fail-on", bound, "-w", str(space))
    assert answer.code == 2
    assert "rejects>5%" in answer.err


def test_a_wrong_waiting_time_is_exit_2(command: Command, space: Path) -> None:
    assert command("run", "--lock-wait", "soon", "-w", str(space)).code == 2


def test_the_schema_of_profiles_is_json_schema(command: Command) -> None:
    schema = command("profiles", "schema").json
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "order" in schema["properties"]


def test_an_ascii_locale_is_no_reason_to_fail(command: Command, space: Path) -> None:
    (space / "profiles" / "shop-a.toml").write_text('title = "Gärtnerei 花"\n')
    for arguments in (["channels", "list"], ["channels", "list", "--json"], ["explain"]):
        answer = command(
            *arguments, "-w", str(space), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0"
        )
        assert answer.code == 0
        assert answer.out.isascii()


def test_plain_output_keeps_to_80_columns_whatever_the_environment(command: Command) -> None:
    answer = command("explain", COLUMNS="300", FORCE_COLOR="1", TERM="xterm-256color")
    assert max(map(len, answer.out.splitlines())) <= 80
    assert "\x1b" not in answer.out


def test_a_reader_that_goes_away_is_no_error(space: Path) -> None:
    line = " ".join(COMMAND)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} profiles schema | head -c 10 > /dev/null"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "explain"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert done.returncode == 7
    assert b"standard output" in done.stderr
    assert b"Traceback" not in done.stderr


def test_closed_standard_streams_are_no_reason_to_crash(tmp_path: Path) -> None:
    line = " ".join(COMMAND)
    done = subprocess.run(
        ["bash", "-c", f"{line} explain >&- 2>&-"], env=environment(), cwd=tmp_path, check=False
    )
    assert done.returncode == 0


def _on_a_terminal(arguments: list[str], **env: str) -> str:
    """What a command writes to a real terminal of 80 columns."""
    ours, theirs = pty.openpty()
    done = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm-256color", COLUMNS="80", **env),
    )
    os.close(theirs)
    found = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        found += chunk
    done.wait(60)
    os.close(ours)
    return found.decode()


def test_a_terminal_gets_colours_unless_no_color_is_set() -> None:
    assert "\x1b[" in _on_a_terminal(["explain", "SKU_MISSING"])
    plain = _on_a_terminal(["explain", "SKU_MISSING"], NO_COLOR="1")
    assert "\x1b[" not in plain
    assert "SKU_MISSING" in plain


def test_a_bug_of_ours_is_exit_1_and_its_traceback_stays_private(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from oms_import.cli import explain, main\n"
        "def broken(incomplete=''): raise RuntimeError('secret value 4111')\n"
        "explain.reasons = broken\n"
        "sys.argv = ['oms-import', 'explain', *sys.argv[1:]]\n"
        "main.main()\n"
    )
    for arguments in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment(TMPDIR=str(tmp_path)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "4111" not in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "INTERNAL"
    logs = list(tmp_path.glob("crash-*.log"))
    assert len(logs) == 2
    assert all(log.stat().st_mode & 0o777 == 0o600 for log in logs)
    assert "4111" in logs[0].read_text()


def test_what_is_generated_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate"), "--check"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
