"""The real command killed with SIGKILL at every step of its work, and at random moments.

Whatever is cut off, one undisturbed run afterwards must leave what an undisturbed run alone would
have left: the same bytes under out/ (but for run ids and the report's times), every order key
once, every drop taken.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from killer import Zygote

from oms_import.history.store import Store

SLICES = 8  # the steps are dealt out to so many tests, for parallel workers
RANDOM_KILLS = 50
PROFILE = """
[source]
after = "move"

[order]
order_number = "Order"
ordered_at = "Date"
currency = { const = "USD" }
stated_total = "Total"

[line]
sku = "SKU"
qty_ordered = "Qty"
unit_price = "Price"

[party.ship_to]
name = "Name"
line1 = "Street"
city = "City"
postal_code = "Zip"
country = { const = "US" }
"""
HEADER = "Order,Date,SKU,Qty,Price,Total,Name,Street,City,Zip\n"


def row(number: int, quantity: str = "2", total: str = "10.00") -> str:
    day = f"2026-11-{number % 20 + 1:02}T10:00:00Z"
    where = f"Ann {number},{number} Main St,Springfield,12345"
    return f"{number},{day},SKU-{number},{quantity},5.00,{total},{where}\n"


FIRST_NIGHT = {"a.csv": HEADER + "".join(row(n) for n in range(1000, 1010))}
SECOND_NIGHT = {
    "b.csv": HEADER
    + "".join(row(n) for n in range(1008, 1020))  # two of them known
    + row(1020, quantity="x")
    + row(1001, quantity="3", total="15.00"),  # a known order, changed
    "c.csv": HEADER + row(1030) + row(1031, quantity="=1+1") + row(1030),
    "d.csv": "",  # a whole file to refuse
}


@dataclass(frozen=True, slots=True)
class State:
    """What a workspace holds, made comparable."""

    files: dict[str, bytes]  # below out/ and lineage/, run ids replaced
    claims: list[tuple[object, ...]]
    exceptions: list[tuple[object, ...]]
    left: list[str]  # what still waits in the drops folder


@dataclass(frozen=True, slots=True)
class Stage:
    """A workspace after its first night, what the second night comes to, and how to run it."""

    zygote: Zygote
    template: Path
    undisturbed: Path
    steps: list[str]
    expected: State

    @property
    def distinct(self) -> list[int]:
        """The steps' numbers. Of a row of fsyncs, between which SIGKILL finds the same disk, and
        of the many files of a removed staging, the first and every fourth will do.
        """
        return [
            number
            for number, name in enumerate(self.steps, 1)
            if number % 4 == 0
            or self.steps[max(0, number - 2)] != name
            or name not in {"fsync", "unlink"}
        ]

    def begin(self, folder: Path) -> Path:
        """A fresh copy, its second night's files waiting."""
        shutil.copytree(self.template, folder)
        return folder

    def run(self, folder: Path, when: str = "0", seconds: float | None = None) -> int:
        return self.zygote.run(when, ["-w", str(folder), "run"], seconds)

    def check(self, folder: Path) -> None:
        """One undisturbed run, and everything is as if nothing had happened."""
        assert self.run(folder) in {0, 3, 4}
        found = state(folder)
        assert found.files.keys() == self.expected.files.keys()
        assert found == self.expected


def drop(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / "drops" / "shop" / name).write_text(content)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    zygote = Zygote()
    home = tmp_path_factory.mktemp("kill")
    template = home / "template"
    (template / "profiles").mkdir(parents=True)
    (template / "drops" / "shop").mkdir(parents=True)
    (template / "oms-import.toml").write_text('[outputs]\nformats = ["csv"]\n')
    (template / "profiles" / "shop.toml").write_text(PROFILE)
    drop(template, FIRST_NIGHT)
    assert zygote.learn(home, ["-w", str(template), "run"]) == 0
    drop(template, SECOND_NIGHT)
    undisturbed = shutil.copytree(template, home / "undisturbed")
    steps = home / "steps"
    zygote.run(f"count:{steps}", ["-w", str(undisturbed), "run"])
    yield Stage(zygote, template, undisturbed, steps.read_text().split(), state(undisturbed))
    zygote.close()


def state(folder: Path) -> State:
    with Store.open(
        folder / ".oms-import" / "history.duckdb", 128, folder / ".oms-import" / "tmp"
    ) as store:
        runs = store.run_ids()
        assert store.unpublished() == []
        names = {run_id.encode(): f"<run {n}>".encode() for n, run_id in enumerate(runs)}
        query = store.connection.execute
        claims = query(
            "SELECT order_key, revision, value, drop_id, record, count(*) OVER (PARTITION BY "
            "key_hash, revision) FROM order_claims ORDER BY ALL"
        ).fetchall()
        exceptions = query(
            "SELECT order_key, outcome, codes, status FROM exceptions ORDER BY ALL"
        ).fetchall()
    files = {
        replaced(path.relative_to(folder).as_posix().encode(), names).decode(): content(path, names)
        for below in ("out", ".oms-import/lineage")
        for path in (folder / below).rglob("*")
        if path.is_file()
    }
    assert list((folder / ".oms-import" / "staging").iterdir()) == []
    assert not list(folder.rglob("*.part"))
    left = sorted(p.name for p in (folder / "drops" / "shop").iterdir() if p.is_file())
    return State(files, claims, exceptions, left)


def content(path: Path, names: dict[bytes, bytes]) -> bytes:
    if "reports" in path.parts:  # its times differ; that it is the one promised is verified
        report = path.with_name("report.json")
        assert json.loads(report.read_bytes())["run_id"] == path.parent.name
        return b""
    return replaced(path.read_bytes(), names)


def replaced(text: bytes, names: dict[bytes, bytes]) -> bytes:
    for run_id, name in names.items():
        text = text.replace(run_id, name)
    return text


def test_the_undisturbed_night_does_what_the_kills_are_about(stage: Stage, tmp_path: Path) -> None:
    assert stage.expected.left == []
    again = shutil.copytree(stage.undisturbed, tmp_path / "again")
    assert stage.run(again) == 0  # nothing is left to do
    assert state(again) == stage.expected
    assert {count for *_, count in stage.expected.claims} == {1}
    assert len(stage.expected.claims) == 10 + 10 + 1
    assert {row[1] for row in stage.expected.exceptions} == {"held", "rejected"}
    for step in ("fsync", "replace", "link", "unlink", "COMMIT", "close"):
        assert step in stage.steps


@pytest.mark.parametrize("part", range(SLICES))
def test_killed_before_any_step_the_next_run_completes_it(
    stage: Stage, tmp_path: Path, part: int
) -> None:
    for number in stage.distinct[part::SLICES]:
        folder = stage.begin(tmp_path / str(number))
        assert stage.run(folder, str(number)) == -9, stage.steps[number - 1]
        stage.check(folder)
        shutil.rmtree(folder)


def test_killed_right_after_a_commit_the_next_run_completes_it(
    stage: Stage, tmp_path: Path
) -> None:
    commits = [n for n, name in enumerate(stage.steps, 1) if name == "COMMIT"]
    for number in commits:
        folder = stage.begin(tmp_path / str(number))
        assert stage.run(folder, f"after:{number}") == -9
        stage.check(folder)


@pytest.mark.parametrize("part", range(5))
def test_killed_at_random_moments_again_and_again_the_last_run_completes_all(
    stage: Stage, tmp_path: Path, part: int
) -> None:
    chance = random.Random(part)
    kills = 0
    while kills < RANDOM_KILLS // 5:
        folder = stage.begin(tmp_path / str(kills))
        for _ in range(chance.choice((1, 1, 2, 3))):
            kills += stage.run(folder, seconds=chance.uniform(0.02, 0.6)) == -9
        stage.check(folder)
        shutil.rmtree(folder)


def test_the_recovering_run_may_be_killed_at_any_step_too(stage: Stage, tmp_path: Path) -> None:
    link = stage.steps.index("link") + 3  # committed, half published
    wounded = stage.begin(tmp_path / "wounded")
    assert stage.run(wounded, str(link)) == -9
    for number in range(1, 400, 8):
        folder = shutil.copytree(wounded, tmp_path / str(number))
        ended = stage.run(folder, str(number)) != -9
        stage.check(folder)
        shutil.rmtree(folder)
        if ended:
            return


def test_history_verify_agrees_after_a_kill(stage: Stage, tmp_path: Path) -> None:
    folder = stage.begin(tmp_path / "verified")
    stage.run(folder, str(stage.steps.index("link") + 2))
    stage.check(folder)
    assert stage.zygote.run("0", ["-w", str(folder), "history", "verify"]) == 0


def test_the_killer_kills_the_command_as_a_user_starts_it(stage: Stage, tmp_path: Path) -> None:
    folder = stage.begin(tmp_path / "direct")
    script = Path(__file__).with_name("killer.py")
    files = [str(folder / "drops" / "shop" / name) for name in SECOND_NIGHT]
    arguments = [sys.executable, str(script), "30", "--", "--workspace", str(folder)]
    done = subprocess.run([*arguments, "import", "shop", *files], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()
    stage.check(folder)


def test_two_runs_at_once_end_as_one(stage: Stage, tmp_path: Path) -> None:
    folder = stage.begin(tmp_path / "two")
    command = [sys.executable, "-c", "from oms_import.cli.main import main; main()"]
    both = [
        subprocess.Popen([*command, "-w", str(folder), "run", "--lock-wait", "60s"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2])
        for _ in range(2)
    ]  # fmt: skip
    codes = sorted(process.wait(60) for process in both)
    assert codes[0] == 0  # the second found nothing left to do
    assert codes[1] in {3, 4}
    assert state(folder).claims == stage.expected.claims
