"""What was seen before, against history and within a run, and against a tiny reference model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms_import.history.decide import decide, known_drops
from oms_import.history.keys import key_part
from oms_import.history.schema import VERSIONS
from oms_import.model.tables import CLAIMS, DECISIONS
from oms_import.profiles.model import Duplicates

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 as claims hold it: UTC without a zone


@dataclass(frozen=True)
class Order:
    key: str | None
    content: str = "a"
    fingerprint: str | None = None
    hour: int | None = 0
    outcome: str = "accepted"
    channel: str = "shop"
    account: str = "main"


Drops = Sequence[Sequence[Order]]


def policy(revision: str = "hold", near: str = "off", window: float = 24) -> Duplicates:
    return Duplicates.model_validate(
        {"revision": revision, "near": {"action": near, "window_hours": window}}
    )


def md5(text: str | None) -> str | None:
    return None if text is None else hashlib.md5(text.encode()).hexdigest()


def claims(drops: Drops) -> pl.DataFrame:
    rows = [
        {
            "_order": number,
            "_drop": drop,
            "channel": order.channel,
            "account": order.account,
            "order_key": f"{order.channel}/{order.account}/{order.key}",
            "key": order.key,
            "order_number": order.key,
            "content": md5(order.content),
            "fingerprint": md5(order.fingerprint),
            "ordered_at": None if order.hour is None else NOON + timedelta(hours=order.hour),
            "currency": "USD",
            "value": None,
            "lines": 1,
            "record": line - 1,
            "line": line,
            "outcome": order.outcome,
            "codes": "",
        }
        for number, (drop, line, order) in enumerate(
            (drop, line, order)
            for drop, orders in enumerate(drops)
            for line, order in enumerate(orders, start=2)
        )
    ]
    return pl.DataFrame(rows, schema=CLAIMS)


class World:
    """History in memory and a folder, so that runs can follow one another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        for statements in VERSIONS:
            for statement in statements:
                self.connection.execute(statement)
        self.runs = 0

    def decisions(
        self,
        drops: Drops,
        policies: dict[str, Duplicates] | Duplicates | None = None,
        cut: int | None = None,
        names: dict[int, str] | None = None,
    ) -> pl.DataFrame:
        frame = claims(drops)
        size = cut or max(frame.height, 1)
        paths = []
        for number, part in enumerate(frame.iter_slices(size)):
            paths.append(self.folder / f"claims-{number}.parquet")
            part.write_parquet(paths[-1])
        out = self.folder / "decisions.parquet"
        if not isinstance(policies, dict):
            policies = {"shop": policies or policy()}
        decide(self.connection, paths, policies, f"run{self.runs + 1}", out, names)
        found = pl.read_parquet(out)
        assert found.schema == DECISIONS
        assert found["_order"].is_sorted()
        return found

    def run(
        self, drops: Drops, policies: dict[str, Duplicates] | Duplicates | None = None
    ) -> list[str]:
        """Decide and commit; the outcomes of all orders."""
        found = self.decisions(drops, policies)
        self.runs += 1
        run = f"run{self.runs}"
        final = outcomes(drops, found)
        revisions = dict(found.drop_nulls("revision").select("_order", "revision").iter_rows())
        kept = [number for number, outcome in enumerate(final) if outcome == "accepted"]
        rows = claims(drops)[kept].with_columns(
            pl.Series("revision", [revisions.get(number, 1) for number in kept], dtype=pl.Int64)
        )
        self.connection.register("kept", rows.to_arrow())
        self.connection.execute(f"""INSERT INTO order_claims BY NAME SELECT
            {key_part()} AS key_part,
            md5(channel || chr(0) || account || chr(0) || key)::UUID AS key_hash, key, channel,
            account, order_key, order_number, content::UUID AS content,
            fingerprint::UUID AS fingerprint, ordered_at, currency, value, lines, revision,
            '{run}' AS run_id, '{run}-' || _drop AS drop_id, record, line FROM kept""")
        self.connection.unregister("kept")
        self.connection.execute("INSERT INTO runs (run_id, finished_at) VALUES (?, ?)", [run, NOON])
        for drop in range(len(drops)):
            self.connection.execute(
                "INSERT INTO drops (run_id, drop_id, name, status) VALUES (?, ?, ?, 'imported')",
                [run, f"{run}-{drop}", f"file{drop}.csv"],
            )
        return final


def outcomes(drops: Drops, found: pl.DataFrame) -> list[str]:
    final = [order.outcome for orders in drops for order in orders]
    changed = found.unique("_order", keep="first", maintain_order=True)
    for number, outcome in changed.select("_order", "outcome").iter_rows():
        final[number] = outcome
    return final


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.connection.close()


def told(found: pl.DataFrame) -> list[tuple[int, str, str, str]]:
    return list(found.select("_order", "outcome", "code", "detail").iter_rows())


def test_new_orders_need_no_decision(world: World) -> None:
    assert world.decisions([[Order("1"), Order("2")]]).is_empty()


def test_a_run_without_claims_decides_nothing(world: World) -> None:
    assert world.decisions([]).is_empty()


def test_the_same_order_again_says_where_it_was_accepted(world: World) -> None:
    world.run([[Order("0"), Order("1")]])
    assert told(world.decisions([[Order("1")]])) == [
        (0, "duplicate", "DUP_ORDER", "accepted in run run1 from file0.csv, line 3")
    ]


def test_the_same_number_in_another_account_or_channel_is_another_order(world: World) -> None:
    world.run([[Order("1")]])
    other = [Order("1", "b", account="second"), Order("1", "b", channel="market")]
    assert world.decisions([other]).is_empty()


def test_other_content_is_held_ignored_or_accepted_as_the_policy_says(world: World) -> None:
    world.run([[Order("1", "a")]])
    where = "accepted in run run1 from file0.csv, line 2"
    again: Drops = [[Order("1", "b")]]
    assert told(world.decisions(again)) == [(0, "held", "ORDER_REVISED", where)]
    assert told(world.decisions(again, policy("ignore"))) == [
        (0, "ignored", "REVISION_IGNORED", where)
    ]
    replaced = world.decisions(again, policy("replace"))
    assert told(replaced) == [(0, "accepted", "ORDER_REVISED", where)]
    assert replaced.row(0, named=True)["revision"] == 2
    assert replaced.row(0, named=True)["severity"] == "warning"


def test_an_old_version_sent_again_is_a_duplicate(world: World) -> None:
    for content in "ab":
        world.run([[Order("1", content)]], policy("replace"))
    found = world.decisions([[Order("1", "a")]], policy("replace"))
    assert told(found) == [
        (0, "duplicate", "DUP_ORDER", "accepted in run run1 from file0.csv, line 2")
    ]


def test_equal_copies_in_one_file_keep_the_first(world: World) -> None:
    found = world.decisions([[Order("1"), Order("2"), Order("1"), Order("1")]])
    why = "same order at line 2 of the same file"
    assert told(found) == [
        (2, "duplicate", "DUP_ORDER", why),
        (3, "duplicate", "DUP_ORDER", why),
    ]


def test_contradicting_copies_in_one_file_are_all_held(world: World) -> None:
    found = world.decisions([[Order("1", "a"), Order("1", "b"), Order("1", "a")]])
    assert told(found) == [
        (0, "held", "DUP_CONFLICT", "other copies at line 3, 4 of the same file"),
        (1, "held", "DUP_CONFLICT", "other copies at line 2, 4 of the same file"),
        (2, "held", "DUP_CONFLICT", "other copies at line 2, 3 of the same file"),
    ]


def test_contradicting_copies_do_not_claim_their_key(world: World) -> None:
    drops = [[Order("1", "a"), Order("1", "b")], [Order("1", "c")]]
    assert outcomes(drops, world.decisions(drops)) == ["held", "held", "accepted"]


def test_an_earlier_file_of_the_run_counts_as_history(world: World) -> None:
    drops = [[Order("1")], [Order("1"), Order("2")], [Order("2", "b")]]
    found = world.decisions(drops, names={0: "mon.csv", 1: "tue.csv"})
    assert told(found) == [
        (1, "duplicate", "DUP_ORDER", "accepted earlier in this run from mon.csv, line 2"),
        (3, "held", "ORDER_REVISED", "accepted earlier in this run from tue.csv, line 3"),
    ]


def test_revisions_in_the_files_of_one_run_are_counted_on(world: World) -> None:
    world.run([[Order("1", "a")]], policy("replace"))
    drops = [[Order("1", c)] for c in ("b", "a", "c", "b")]
    found = world.decisions(drops, policy("replace"))
    assert outcomes(drops, found) == ["accepted", "duplicate", "accepted", "duplicate"]
    assert found["revision"].to_list() == [2, None, 3, None]


def test_a_rejected_copy_beside_a_good_one_does_not_stop_it(world: World) -> None:
    drops = [[Order("1", "x", outcome="rejected"), Order("1", "a"), Order("1", outcome="held")]]
    assert world.decisions(drops).is_empty()


def test_a_rejected_copy_of_a_known_order_stays_rejected(world: World) -> None:
    world.run([[Order("1")]])
    assert world.decisions([[Order("1", outcome="rejected")]]).is_empty()


def test_orders_without_a_key_are_never_duplicates(world: World) -> None:
    world.run([[Order(None)]])
    assert world.decisions([[Order(None), Order(None, "b")]]).is_empty()


def test_a_hash_that_belongs_to_another_key_holds_the_order(world: World) -> None:
    world.run([[Order("1")]])
    world.connection.execute("UPDATE order_claims SET key = 'other', order_number = 'other'")
    found = world.decisions([[Order("1")]])
    assert told(found) == [(0, "held", "KEY_COLLISION", "order 1 and order other")]


def near(key: str, hour: int | None, fingerprint: str = "f", content: str = "a") -> Order:
    return Order(key, content, fingerprint, hour)


def test_a_near_duplicate_of_history_is_held_within_the_window_only(world: World) -> None:
    world.run([[near("1", 0)]], policy(near="hold"))
    drops: Drops = [[near("2", 24), near("3", 49), near("4", 1, "other"), near("5", None)]]
    found = world.decisions(drops, policy(near="hold"))
    why = "order 1 accepted in run run1 from file0.csv, line 2"
    assert told(found) == [(0, "held", "NEAR_DUPLICATE", why)]


def test_a_held_order_has_no_near_duplicates_itself(world: World) -> None:
    drops: Drops = [[near("1", 0), near("2", 20), near("3", 40)]]
    found = world.decisions(drops, policy(near="hold"), names={0: "mon.csv"})
    why = "order 1 accepted earlier in this run from mon.csv, line 2"
    assert told(found) == [(1, "held", "NEAR_DUPLICATE", why)]


def test_a_near_duplicate_may_come_with_a_warning_only(world: World) -> None:
    world.run([[near("1", 0)]], policy(near="warn"))
    found = world.decisions([[near("2", 1), near("3", 60), near("4", 61)]], policy(near="warn"))
    assert told(found) == [
        (0, "accepted", "NEAR_DUPLICATE", "order 1 accepted in run run1 from file0.csv, line 2"),
        (
            2,
            "accepted",
            "NEAR_DUPLICATE",
            "order 3 accepted earlier in this run, file 1, line 3",
        ),
    ]
    assert found["severity"].unique().to_list() == ["warning"]


def test_a_revision_is_not_a_near_duplicate_of_its_own_order(world: World) -> None:
    world.run([[near("1", 0)]], policy("replace", "hold"))
    drops: Drops = [[near("1", 1, content="b")], [near("1", 2, content="c")]]
    found = world.decisions(drops, policy("replace", "hold"))
    assert found["code"].to_list() == ["ORDER_REVISED", "ORDER_REVISED"]


def test_a_copy_held_as_near_duplicate_leaves_its_key_free(world: World) -> None:
    drops: Drops = [[near("1", 0), near("2", 1)], [near("2", 1, "g", "b")], [near("2", 1)]]
    found = world.decisions(drops, policy(near="hold"))
    assert outcomes(drops, found) == ["accepted", "held", "accepted", "held"]
    assert found["code"].to_list() == ["NEAR_DUPLICATE", "ORDER_REVISED"]


def test_channels_have_their_own_policies(world: World) -> None:
    world.run([[Order("1"), Order("1", channel="market")]])
    drops: Drops = [[Order("1", "b"), Order("1", "b", channel="market")]]
    found = world.decisions(drops, {"market": policy("ignore")})
    assert found["outcome"].to_list() == ["held", "ignored"]


def test_nothing_temporary_stays_in_the_store(world: World) -> None:
    world.decisions([[Order("1")]])
    left = world.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert not [name for (name,) in left if name.startswith("dd_")]
    assert world.connection.execute("FROM duckdb_views() WHERE NOT internal").fetchall() == []


def test_known_drops_are_the_imported_and_rejected_ones(world: World) -> None:
    world.run([[Order("1")], [Order("2")], [Order("3")]])
    world.connection.execute("UPDATE drops SET status = 'failed' WHERE drop_id = 'run1-1'")
    world.connection.execute("UPDATE drops SET status = 'rejected' WHERE drop_id = 'run1-2'")
    found = known_drops(world.connection, ["run1-0", "run1-1", "run1-2", "unheard"])
    assert {name: drop.status for name, drop in found.items()} == {
        "run1-0": "imported",
        "run1-2": "rejected",
    }
    assert found["run1-0"].run_id == "run1"
    assert found["run1-0"].name == "file0.csv"
    assert found["run1-0"].finished_at == NOON
    assert known_drops(world.connection, []) == {}


# -- the reference: one order after the other ---------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    order: Order
    revision: int


def reference(history: list[Accepted], drops: Drops, rule: Duplicates) -> list[str]:
    """Outcomes of a run's orders; what is accepted is added to `history`."""
    return [outcome for orders in drops for outcome in _file(history, orders, rule)]


def _file(history: list[Accepted], orders: Sequence[Order], rule: Duplicates) -> list[str]:
    final: list[str] = []
    seen: set[str] = set()
    for order in orders:
        if order.outcome != "accepted":
            final.append(order.outcome)
            continue
        copies = [o for o in orders if o.key == order.key and o.outcome == "accepted"]
        if order.key is not None and len({o.content for o in copies}) > 1:
            final.append("held")
        elif order.key is not None and order.key in seen:
            final.append("duplicate")
        else:
            final.append(_one(history, order, rule))
        seen.add(order.key or "")
    return final


def _one(history: list[Accepted], order: Order, rule: Duplicates) -> str:
    known = [past for past in history if order.key and past.order.key == order.key]
    if any(past.order.content == order.content for past in known):
        return "duplicate"
    if known and rule.revision != "replace":
        return {"hold": "held", "ignore": "ignored"}[rule.revision]
    if rule.near.action == "hold" and any(_near(past.order, order, rule) for past in history):
        return "held"
    history.append(Accepted(order, max((past.revision for past in known), default=0) + 1))
    return "accepted"


def _near(past: Order, order: Order, rule: Duplicates) -> bool:
    if order.fingerprint is None or order.fingerprint != past.fingerprint:
        return False
    if order.key is not None and order.key == past.key:
        return False
    if order.hour is None or past.hour is None:
        return False
    return abs(order.hour - past.hour) <= rule.near.window_hours


ORDERS = st.builds(
    Order,
    key=st.sampled_from(["1", "2", "3", "4", None]),
    content=st.sampled_from("ab"),
    fingerprint=st.sampled_from(["f", "g", None]),
    hour=st.one_of(st.none(), st.integers(0, 6)),
    outcome=st.sampled_from(["accepted"] * 5 + ["rejected", "held"]),
)
DROPS = st.lists(st.lists(ORDERS, max_size=4), min_size=1, max_size=4)
RULES = st.builds(
    policy,
    revision=st.sampled_from(["hold", "replace", "ignore"]),
    near=st.sampled_from(["hold", "hold", "off", "warn"]),
    window=st.sampled_from([0, 1, 2]),
)
CHANNELS = st.lists(
    st.tuples(RULES, st.lists(DROPS, min_size=1, max_size=3)), min_size=1, max_size=8
)
"""Channels do not touch each other, so one example tries several stories at once."""
FEW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Stories = list[tuple[Duplicates, list[Drops]]]


def _nth_run(stories: Stories, number: int) -> list[tuple[str, Sequence[Order]]]:
    """The files of all channels' nth run."""
    return [
        (f"c{position}", [replace(order, channel=f"c{position}") for order in orders])
        for position, (_, runs) in enumerate(stories)
        for orders in (runs[number] if number < len(runs) else [])
    ]


def _policies(stories: Stories) -> dict[str, Duplicates]:
    return {f"c{position}": rule for position, (rule, _) in enumerate(stories)}


@FEW
@given(stories=CHANNELS)
def test_decisions_agree_with_one_order_after_the_other(
    stories: Stories, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(tmp_path_factory.mktemp("world"))
    rules = _policies(stories)
    history: dict[str, list[Accepted]] = {channel: [] for channel in rules}
    for number in range(3):
        drops = _nth_run(stories, number)
        expected = [
            outcome
            for channel, orders in drops
            for outcome in reference(history[channel], [orders], rules[channel])
        ]
        assert world.run([orders for _, orders in drops], rules) == expected
    assert _claimed(world) == sorted(_keys(a for past in history.values() for a in past))
    assert _claimed_twice(world) == []


@FEW
@given(stories=CHANNELS)
def test_files_in_one_run_or_in_several_come_to_the_same(
    stories: Stories, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("world")
    rules = _policies(stories)
    files = [_nth_run(stories, number) for number in range(3)]
    drops = [orders for run in files for _, orders in run]
    together, apart = World(folder), World(folder)
    single = together.run(drops, rules)
    several = [
        outcome for run in files for outcome in apart.run([orders for _, orders in run], rules)
    ]
    assert single == several
    cut = World(folder).decisions(drops, rules, cut=2)
    assert cut.equals(World(folder).decisions(drops, rules))


@FEW
@given(stories=CHANNELS)
def test_the_same_files_again_change_nothing(
    stories: Stories, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Where orders have keys, files do not contradict each other and no order is near another."""
    world = World(tmp_path_factory.mktemp("world"))
    rules = {name: policy(rule.revision) for name, rule in _policies(stories).items()}
    first = [(channel, _consistent(orders)) for channel, orders in _nth_run(stories, 0)]
    drops = [orders for _, orders in first]
    world.run(drops, rules)
    before = _claimed(world)
    assert "accepted" not in world.run(drops, rules)
    assert _claimed(world) == before


def _consistent(orders: Sequence[Order]) -> list[Order]:
    return [replace(order, key=order.key or "1", content=order.key or "1") for order in orders]


def _claimed_twice(world: World) -> list[object]:
    return world.connection.execute(
        """SELECT key_hash, revision FROM order_claims WHERE key IS NOT NULL
        GROUP BY ALL HAVING count(*) > 1"""
    ).fetchall()


def _claimed(world: World) -> list[tuple[str, str, int]]:
    rows = world.connection.execute(
        "SELECT coalesce(key, ''), content::VARCHAR, revision FROM order_claims"
    ).fetchall()
    return sorted((key, content.replace("-", ""), revision) for key, content, revision in rows)


def _keys(history: Iterable[Accepted]) -> list[tuple[str, str, int]]:
    return [(a.order.key or "", md5(a.order.content) or "", a.revision) for a in history]
