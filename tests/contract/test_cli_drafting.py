"""`profiles new`, `profiles diff` and the coverage of `profiles check`, as people run them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import tomllib
from pathlib import Path

from cli_process import COMMAND, Command, environment

ORDERS = """Order No,Order Date,Article code,Qty,Unit price,Ship name,Street,City,Zip,Country,Pet
A1,2024-05-13,X,2,€ 10.00,Ann Lee,1 Elm,Austin,78701,US,cat
A2,2024-05-14,Y,1,€ 20.00,Bob Lee,2 Elm,Austin,78701,US,dog
"""
KEYS = {
    "schema", "name", "path", "format", "extends", "fields", "missing", "left_over", "toml",
}  # fmt: skip


def sample(folder: Path, text: str = ORDERS) -> str:
    path = folder / "orders-2024.csv"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_draft_goes_to_standard_output_and_reads_the_sample(
    command: Command, tmp_path: Path
) -> None:
    file = sample(tmp_path)
    answer = command("profiles", "new", "--from", file)
    assert (answer.code, answer.err) == (0, "")
    table = tomllib.loads(answer.out)
    assert table["order"]["order_number"] == "Order No"
    assert table["defaults"]["currency"] == "EUR"
    assert max(map(len, answer.out.splitlines())) <= 100
    profile = tmp_path / "drafted.toml"
    profile.write_text(answer.out, "utf-8")
    read = command("preview", file, "--profile", str(profile), "--json")
    assert [order["order_number"] for order in read.json["files"][0]["orders"]] == ["A1", "A2"]
    assert {order["outcome"] for order in read.json["files"][0]["orders"]} == {"accepted"}


def test_json_tells_every_field_with_how_sure_it_is(command: Command, tmp_path: Path) -> None:
    answer = command("profiles", "new", "--from", sample(tmp_path), "--json")
    document = answer.json
    assert set(document) == KEYS
    assert (document["name"], document["path"]) == ("orders", None)
    by_field = {one["field"]: one for one in document["fields"]}
    number = by_field["order.order_number"]
    assert (number["columns"], number["example"]) == (["Order No"], "A1")
    assert 0.9 < number["confidence"] <= 1
    assert "Order No" in number["why"]
    assert document["left_over"] == ["Pet"]
    assert document["toml"].startswith("# Drafted from orders-2024.csv")


def test_a_named_draft_goes_into_the_workspace_and_never_over_another(
    command: Command, space: Path, tmp_path: Path
) -> None:
    file = sample(tmp_path)
    answer = command("profiles", "new", "--from", file, "--name", "shop-b", "-w", str(space))
    assert answer.code == 0
    assert "Written to" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80
    assert (space / "profiles" / "shop-b.toml").is_file()
    again = command("profiles", "new", "--from", file, "--name", "shop-b", "-w", str(space))
    assert (again.code, again.out) == (2, "")
    assert "--force" in again.err
    forced = ("profiles", "new", "--from", file, "--name", "shop-b", "--force", "-w", str(space))
    assert command(*forced).code == 0
    listed = command("channels", "list", "--json", "-w", str(space)).json
    assert "shop-b" in [one["channel"] for one in listed["channels"]]


def test_out_names_the_file(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "mine.toml"
    answer = command("profiles", "new", "--from", sample(tmp_path), "--out", str(out))
    assert answer.code == 0
    assert tomllib.loads(out.read_text("utf-8"))["name"] == "mine"


def test_a_header_that_a_built_in_profile_knows_extends_it(
    command: Command, tmp_path: Path
) -> None:
    text = "Name,Created at,Lineitem name,Lineitem quantity\n#1,2024-05-13 10:00:00 -0500,Tea,1\n"
    file = sample(tmp_path, text)
    extended = tomllib.loads(command("profiles", "new", "--from", file).out)
    assert extended["extends"] == "shopify-csv"
    scratch = tomllib.loads(command("profiles", "new", "--from", file, "--from-scratch").out)
    assert "extends" not in scratch
    assert scratch["order"]["order_number"] == "Name"


def test_what_cannot_be_drafted_is_told_without_a_traceback(
    command: Command, tmp_path: Path
) -> None:
    tree = tmp_path / "orders.xml"
    tree.write_text("<orders><order/></orders>", "utf-8")
    empty, broken, cut = (tmp_path / name for name in ("empty.csv", "broken.csv", "cut.json"))
    empty.touch()
    broken.write_bytes(b"a,b\x00c\n1,2\n")
    cut.write_text('{"orders": [', "utf-8")
    for file in (tree, empty, broken, cut, "nowhere.csv", tmp_path):
        answer = command("profiles", "new", "--from", str(file))
        assert answer.code == 2
        assert answer.out == ""
        assert "Traceback" not in answer.err
    bad = command("profiles", "new", "--from", sample(tmp_path), "--name", "../up")
    assert bad.code == 2
    assert "no name of a channel" in bad.err


def test_two_profiles_are_compared_by_key(command: Command) -> None:
    answer = command("profiles", "diff", "etsy-items", "etsy-orders", "--json")
    assert answer.code == 0
    assert list(answer.json) == ["schema", "a", "b", "changes"]
    (change,) = [one for one in answer.json["changes"] if one["path"] == "line.sku.from"]
    assert (change["a"], change["b"]) == (["SKU"], None)
    told = command("profiles", "diff", "etsy-items", "etsy-orders")
    assert (told.code, "line" in told.out.splitlines()) == (0, True)
    assert max(map(len, told.out.splitlines())) <= 80
    same = command("profiles", "diff", "etsy-items", "etsy-items")
    assert (same.code, same.out) == (0, "etsy-items and etsy-items say the same.\n")
    assert command("profiles", "diff", "etsy-items", "nothing").code == 2


def test_check_shows_how_much_a_sample_fills(command: Command, tmp_path: Path) -> None:
    file = sample(tmp_path, ORDERS.replace("2 Elm", ""))
    out = tmp_path / "mine.toml"
    command("profiles", "new", "--from", file, "--out", str(out))
    with out.open("a", encoding="utf-8") as profile:
        profile.write('\n[party.sold_to]\nname = "Debtor"\n')
    answer = command("profiles", "check", str(out), "--sample", file, "--json")
    [tried] = answer.json["profiles"][0]["samples"]
    assert tried["shares"]["party.ship_to.line1"] == 0.5
    assert tried["shares"]["line.sku"] == 1
    assert tried["attributes"] == ["Pet"]
    assert tried["lacking"] == ["Debtor"]
    told = command("profiles", "check", str(out), "--sample", file).out
    assert "50% Street" in told
    assert "kept as attributes: Pet" in told
    assert "the file lacks: Debtor" in told


def test_in_a_terminal_it_asks_for_what_it_is_not_sure_of(tmp_path: Path) -> None:
    text = "Order No,Sale day,Paid day,SKU,Qty,Price\nA1,2024-05-13,2024-05-14,X,2,10.00\n"
    file = sample(tmp_path, text.replace("Sale day", "Day one").replace("Paid day", "Day two"))
    out = tmp_path / "asked.toml"
    primary, secondary = pty.openpty()
    running = subprocess.Popen(
        [*COMMAND, "profiles", "new", "--from", file, "--out", str(out)],
        stdin=secondary,
        stdout=secondary,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=environment(TERM="xterm"),
    )
    os.close(secondary)
    os.write(primary, b"\n\n\n\n\nSEK\n" + b"\n" * 10)
    shown = b""
    try:
        while part := os.read(primary, 4096):
            shown += part
    except OSError:
        pass  # the other end is closed
    assert running.wait(60) == 0, running.stderr and running.stderr.read()
    os.close(primary)
    assert b"which column?" in shown or b"Currency" in shown
    assert out.is_file()


def test_the_document_of_a_draft_is_one_json_text(command: Command, tmp_path: Path) -> None:
    file = sample(tmp_path)
    assert json.loads(command("profiles", "new", "--from", file, "--json", "--yes").out)
