"""The command as its users run it: a process in a workspace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from forked import Server

ROOT = Path(__file__).parents[2]
AT_START = {"LC_ALL", "LANG", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONPATH"}
"""What Python reads once, when it starts."""
COMMAND = [sys.executable, "-m", "oms_import.cli"]


@dataclass(frozen=True)
class Answer:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Answer]


def run(*arguments: str, cwd: Path | None = None, stdin: str | None = None, **env: str) -> Answer:
    """Run the command to its end."""
    if not env.keys().isdisjoint(AT_START):
        return started(*arguments, cwd=cwd, stdin=stdin, **env)
    here, typed = cwd or Path.cwd(), (stdin or "").encode()
    code, out, err = _server().call(list(arguments), here, environment(**env), typed)
    return Answer(code, out.decode(), err.decode())


def started(
    *arguments: str, cwd: Path | None = None, stdin: str | None = None, **env: str
) -> Answer:
    """The same in a process of its own, from Python's start to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(**env),
        input=(stdin or "").encode(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


@cache
def _server() -> Server:
    """One for all tests of this process; it ends when its input does."""
    return Server(environment())


def environment(**changes: str) -> dict[str, str]:
    """A plain environment, the same on every machine."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**keep, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **changes}


PROFILE = """\
title = "Shop A"
version = 1

[detect]
columns = ["Order", "Street", "Zip"]

[defaults]
currency = "EUR"

[order]
order_number = "Order"
ordered_at = "Date"

[line]
sku = "SKU"
qty_ordered = "Qty"
unit_price = "Price"

[party.ship_to]
name = "Name"
line1 = "Street"
city = "City"
postal_code = "Zip"
country = "Country"
"""

HEADER = "Order,Date,SKU,Qty,Price,Name,Street,City,Zip,Country\n"


def row(order: int | str, sku: str = "A-1", qty: str = "2", price: str = "9.95") -> str:
    address = "Ann,Main St 1,Berlin,10115,DE"
    return f"{order},2026-11-20T10:00:00Z,{sku},{qty},{price},{address}\n"


GOOD = HEADER + row(1001) + row(1002) + row(1002, "B-2", "1", "5")
BAD = HEADER + row(2001) + row(2002, qty="two") + row(2003, sku="")


def drop(root: Path, name: str, text: str, channel: str = "shop-a") -> Path:
    path = root / "drops" / channel / name
    path.write_text(text)
    return path


def make(root: Path) -> Path:
    """A workspace with one channel, shop-a, and nothing to import yet."""
    assert run("init", str(root)).code == 0
    (root / "profiles" / "shop-a.toml").write_text(PROFILE)
    (root / "drops" / "shop-a").mkdir()
    return root
