"""Accepted orders handed on, from outside: real receivers, and what happens when they fail."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import HEADER, Answer, make, row, run
from postgres_server import Postgres, binaries
from receiver import TAKEN, Receiver
from sftp_server import Sshd

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from killer import Zygote

psycopg = pytest.importorskip("psycopg")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    programs = binaries()
    if programs is None:
        if os.environ.get("OMS_IMPORT_REQUIRE_SERVERS") == "1":
            pytest.fail("PostgreSQL is missing: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    server = Postgres(tmp_path_factory.mktemp("postgres") / "server", programs).start()
    yield server
    server.stop()


def target(root: Path, text: str) -> None:
    with (root / "oms-import.toml").open("a") as settings:
        settings.write(f"\n[[deliver]]\n{text}\n")


def http(root: Path, receiver: Receiver, more: str = "") -> None:
    keys = f'url = "{receiver.url}"{more}'
    target(root, f'name = "oms"\nkind = "http"\nhttp = {{ {keys} }}')


def drop(root: Path, name: str, *orders: str) -> None:
    """A file of orders; a number again is a second line of the order."""
    rows = [row(one, sku=f"A-{orders[:place].count(one) + 1}") for place, one in enumerate(orders)]
    (root / f"drops/shop-a/{name}.csv").write_text(HEADER + "".join(rows))


def imported(root: Path, code: int = 0, **env: str) -> Answer:
    answer = run("run", "--json", "-w", str(root), **env)
    assert answer.code == code, answer.out + answer.err
    return answer


def handed_on(root: Path) -> dict[tuple[str, str], int]:
    """(receiver, status) → orders, of the newest run."""
    shown = run("runs", "show", "--json", "-w", str(root)).json
    return {(one["target"], one["status"]): one["orders"] for one in shown["deliveries"]}


def test_each_order_is_posted_once_with_its_children(shop: Path, receiver: Receiver) -> None:
    http(shop, receiver, ', token = "${OMS_TOKEN}", headers = { X-Shop = "a" }')
    drop(shop, "a", "A1", "A1", "A2")
    imported(shop, OMS_TOKEN="s3cret-value")
    assert receiver.orders == ["A1", "A2"]
    assert receiver.headers[0]["Authorization"] == "Bearer s3cret-value"
    assert receiver.headers[0]["X-Shop"] == "a"
    first = next(body for body in receiver.bodies.values() if body["order_number"] == "A1")
    assert [line["sku"] for line in first["lines"]] == ["A-1", "A-2"]
    assert first["lines"][0]["unit_price"] == "9.950000"
    assert [party["role"] for party in first["parties"]] == ["ship_to"]
    assert first["ordered_at"] == "2026-11-20T10:00:00Z"
    imported(shop, OMS_TOKEN="s3cret-value")
    assert set(receiver.tries.values()) == {1}
    assert handed_on(shop) == {("oms", "delivered"): 2}
    kept = [path for path in shop.rglob("*") if path.is_file()]
    assert not any(b"s3cret-value" in path.read_bytes() for path in kept)


def test_orders_go_in_batches_of_the_same_key_on_every_try(shop: Path, receiver: Receiver) -> None:
    http(shop, receiver, ", batch = 2, tries = 1")
    receiver.answer = lambda key, body: TAKEN if key.endswith(("/0", "/2")) else (500, {}, "busy")
    drop(shop, "a", "A1", "A2", "A3", "A4", "A5")
    told = imported(shop, 5)
    assert any(
        "2 orders wait for the next run: HTTP 500 busy" in note for note in told.json["notes"]
    )
    assert handed_on(shop) == {("oms", "delivered"): 3, ("oms", "failed"): 2}
    receiver.answer = lambda key, body: TAKEN
    drop(shop, "b", "B1")
    imported(shop)
    assert receiver.orders == ["A1", "A2", "A3", "A4", "A5", "B1"]
    assert sorted(receiver.tries.values()) == [1, 1, 1, 2]


def test_a_busy_receiver_is_tried_again_within_the_run(shop: Path, receiver: Receiver) -> None:
    http(shop, receiver)
    answers = iter([(503, {"Retry-After": "0"}, ""), (429, {"Retry-After": "0"}, ""), TAKEN])
    receiver.answer = lambda key, body: next(answers)
    drop(shop, "a", "A1")
    imported(shop)
    assert list(receiver.tries.values()) == [3]


def test_a_refused_order_stops_no_other_and_waits_for_a_person(
    shop: Path, receiver: Receiver
) -> None:
    http(shop, receiver)
    unknown = (422, {}, '{"error": "no such customer"}')
    receiver.answer = lambda key, body: unknown if body["order_number"] == "A2" else TAKEN
    drop(shop, "a", "A1", "A2", "A3")
    imported(shop, 3)
    assert receiver.orders == ["A1", "A3"]
    assert handed_on(shop) == {("oms", "delivered"): 2, ("oms", "refused"): 1}
    shown = " ".join(run("runs", "show", "-w", str(shop)).out.split())
    assert 'HTTP 422 {"error": "no such customer"}' in shown
    assert "A2" in shown
    imported(shop)
    assert sum(receiver.tries.values()) == 3
    receiver.answer = lambda key, body: TAKEN
    assert run("runs", "deliver", "--refused", "-w", str(shop)).code == 0
    assert receiver.orders == ["A1", "A2", "A3"]


def test_a_receiver_that_is_down_or_refuses_the_login_is_told_and_asked_again(
    shop: Path, receiver: Receiver
) -> None:
    http(shop, receiver, ", tries = 1")
    receiver.answer = lambda key, body: (401, {}, "")
    drop(shop, "a", "A1")
    imported(shop, 6)
    receiver.answer = lambda key, body: (302, {"Location": "http://127.0.0.1:1/"}, "")
    imported(shop, 2)
    url, receiver_url = "http://127.0.0.1:9/orders", receiver.url
    settings = shop / "oms-import.toml"
    settings.write_text(settings.read_text().replace(receiver_url, url))
    imported(shop, 5)
    settings.write_text(settings.read_text().replace(url, receiver_url))
    receiver.answer = lambda key, body: TAKEN
    imported(shop)
    assert receiver.orders == ["A1"]


def test_a_dry_run_and_a_run_of_rejects_hand_nothing_on(shop: Path, receiver: Receiver) -> None:
    http(shop, receiver)
    drop(shop, "a", "A1")
    assert run("run", "--dry-run", "-w", str(shop)).code == 0
    (shop / "drops/shop-a/a.csv").write_text(HEADER + row("A1", qty="none"))
    imported(shop, 3)
    assert not receiver.tries


def test_a_folder_gets_each_run_whole(shop: Path, tmp_path: Path) -> None:
    target(shop, f'name = "wms"\nkind = "folder"\npath = "{tmp_path}/wms"')
    drop(shop, "a", "A1")
    run_id = imported(shop).json["run_id"]
    accepted = shop / "out/accepted" / run_id
    for file in accepted.iterdir():
        copy = tmp_path / "wms" / run_id / file.name
        assert copy.read_bytes() == file.read_bytes()
        assert copy.stat().st_mode & 0o077 == 0
    assert [one.name for one in (tmp_path / "wms").iterdir()] == [run_id]


def test_a_server_gets_each_run_whole_and_a_cut_is_made_good(shop: Path, sshd: Sshd) -> None:
    target(
        shop,
        f'name = "wms"\nkind = "sftp"\npath = "{sshd.files}"\n'
        f'sftp = {{ host = "127.0.0.1", port = {sshd.port}, user = "{sshd.user}", '
        f'key = "{sshd.keys}/user" }}',
    )
    (shop / "known_hosts").write_text(sshd.known_host())
    drop(shop, "a", "A1")
    sshd.stop()
    run_id = imported(shop, 5).json["run_id"]
    (Path(sshd.files) / f".{run_id}.part").mkdir()  # what a cut try leaves
    (Path(sshd.files) / f".{run_id}.part/orders.csv").write_text("half")
    sshd.start()
    imported(shop)
    for file in (shop / "out/accepted" / run_id).iterdir():
        assert (Path(sshd.files) / run_id / file.name).read_bytes() == file.read_bytes()
    assert handed_on(shop) == {("wms", "delivered"): 1}
    assert len(list(Path(sshd.files).iterdir())) == 1


def test_postgresql_gets_every_table_once(shop: Path, postgres: Postgres) -> None:
    url = f'url = "{postgres.url}", password = "${{PG_SECRET}}", schema = "public"'
    target(shop, f'name = "dwh"\nkind = "postgresql"\npostgresql = {{ {url} }}')
    drop(shop, "a", "A1", "A2", "A2")
    imported(shop, 6, PG_SECRET="wrong")
    imported(shop, PG_SECRET=postgres.password)
    imported(shop, PG_SECRET=postgres.password)
    with psycopg.connect(postgres.url, password=postgres.password) as database:
        rows = database.execute("SELECT order_number, stated_total FROM orders ORDER BY 1")
        assert [one[0] for one in rows] == ["A1", "A2"]
        lines = database.execute("SELECT sum(qty_ordered), min(unit_price) FROM order_lines")
        assert [str(one) for one in lines.fetchone() or ()] == ["6.0000", "9.950000"]
        database.execute("UPDATE oms_import_deliveries SET target = target")
    # As after a crash between the database's commit and ours: it is asked again, and has it.
    from oms_import.history.store import Store

    with Store.open(shop / ".oms-import/history.duckdb", 256, shop / ".oms-import/tmp") as store:
        store.connection.execute("UPDATE outbox SET status = 'pending'")
    imported(shop, PG_SECRET=postgres.password)
    with psycopg.connect(postgres.url, password=postgres.password) as database:
        assert database.execute("SELECT count(*) FROM orders").fetchone() == (2,)
    shown = run("runs", "show", "-w", str(shop), "--json").json["deliveries"]
    assert [one["answer"] for one in shown] == ["it was there already"]


def test_a_kill_anywhere_after_the_commit_loses_and_doubles_nothing(
    shop: Path, receiver: Receiver, tmp_path: Path
) -> None:
    http(shop, receiver, ", batch = 2")
    target(shop, f'name = "wms"\nkind = "folder"\npath = "{tmp_path}/wms"')
    zygote = Zygote()
    arguments = ["run", "-w", str(shop)]
    drop(shop, "first", "F1")
    steps = tmp_path / "steps"
    assert zygote.learn(tmp_path, arguments) == 0
    drop(shop, "second", "F2")
    assert zygote.run(f"count:{steps}", arguments) == 0
    names = steps.read_text().splitlines()
    commit = names.index("COMMIT") + 1
    runs, orders = 2, ["F1", "F2"]
    for number, step in enumerate(range(commit + 1, len(names) + 1, 23)):
        mine = [f"K{number}-{one}" for one in range(3)]
        drop(shop, f"k{number}", *mine)
        assert zygote.run(f"after:{step}", arguments) in {-9, 0}
        assert zygote.run("0", arguments) == 0
        runs, orders = runs + 1, orders + mine
    zygote.close()
    assert receiver.orders == sorted(orders)
    folders = sorted((tmp_path / "wms").iterdir())
    assert [one.name for one in folders] == sorted(
        one.name for one in (shop / "out/accepted").iterdir()
    )
    assert len(folders) == runs
    assert all((one / "manifest.json").is_file() for one in folders)
