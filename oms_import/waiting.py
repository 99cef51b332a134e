"""Orders of earlier runs that wait for their companion file, taken up again with new drops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from oms_import.history.queries import waiting
from oms_import.history.store import Store
from oms_import.model.codes import Code
from oms_import.model.values import Drop, Offer
from oms_import.pipeline.arrivals import arrive
from oms_import.pipeline.companions import Waiting
from oms_import.profiles.model import Profile
from oms_import.workspace import Workspace


def taken_up(
    workspace: Workspace, store: Store, profile: Profile, now: datetime, *, new_drops: bool
) -> tuple[Waiting, list[Drop]]:
    """What waits in a channel with a companion, and the drops in which it stands, not numbered.

    Args:
        workspace: where the raw bytes are.
        store: the open history.
        profile: the channel.
        now: when the run began.
        new_drops: whether something came that may be awaited; else only orders that need wait no
            more are taken up.
    """
    rule = profile.companion
    if not rule.profile:
        return Waiting.nobody(), []
    until = now - timedelta(hours=rule.wait_hours)
    records: dict[str, set[int]] = {}
    expired: dict[str, set[int]] = {}
    offers: dict[str, Offer] = {}
    for run_id, drop_id, name, sha256, record, fetched_at in waiting(
        store.connection, profile.name, Code.COMPANION_MISSING
    ):
        late = fetched_at.replace(tzinfo=UTC) < until
        path = workspace.raw / sha256
        if (late and rule.then == "hold") or not (late or new_drops) or not path.is_file():
            continue
        records.setdefault(drop_id, set()).add(record)
        if late:
            expired.setdefault(drop_id, set()).add(record)
        offers[drop_id] = Offer(name, f"run {run_id}: {name}", path, path.stat().st_size)
    limits = workspace.settings.limits.as_limits()
    landed = arrive(profile, list(offers.values()), workspace.raw, limits, now)
    drops = [drop for one in landed for drop in one.drops if drop.drop_id in records]
    frozen = Waiting(
        {name: frozenset(its) for name, its in records.items()},
        {name: frozenset(its) for name, its in expired.items()},
    )
    return frozen, drops
