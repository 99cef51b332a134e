"""What a run is asked for, and what it gathers on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from oms_import.fetching import Fetched
from oms_import.history.store import Store
from oms_import.model.errors import OmsImportError
from oms_import.model.headers import KnownHeader
from oms_import.model.values import Drop, DropResult, Offer
from oms_import.pipeline.arrivals import Arrival
from oms_import.pipeline.chosen import Only
from oms_import.pipeline.companions import Pairing, Waiting
from oms_import.profiles.model import Profile
from oms_import.workspace import Workspace


def opened(workspace: Workspace) -> Store:
    """The workspace's history, for writing; close it."""
    memory = workspace.settings.limits.memory_mb
    return Store.open(workspace.database, memory, workspace.state / "tmp")


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What to run: `run` asks the channels' sources, `import` and `retry` take files."""

    command: str
    channels: tuple[str, ...] = ()
    files: Mapping[str, tuple[Offer, ...]] | None = None  # by channel, instead of their sources
    dry_run: bool = False
    fetch: bool = True
    lock_wait: float = 0.0
    fail_on: str = "any"
    retry_of: str | None = None
    only: Only | None = None  # what a retry takes; also of known drops
    stopped: Callable[[], bool] = _never  # whether a signal told us to end


@dataclass(slots=True)
class Work:
    """What a run gathers on its way."""

    run_id: str
    started: datetime
    profiles: tuple[Profile, ...]
    broken: tuple[str, ...] = ()  # channels whose profiles are wrong
    arrivals: dict[str, list[Arrival]] = field(default_factory=dict[str, list[Arrival]])
    drops: list[Drop] = field(default_factory=list[Drop])
    results: list[DropResult] = field(default_factory=list[DropResult])
    errors: dict[str, OmsImportError] = field(default_factory=dict[str, OmsImportError])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    fetched: dict[str, Fetched] = field(default_factory=dict[str, Fetched])
    notes: list[str] = field(default_factory=list[str])
    only: Only | None = None
    headers: dict[str, list[KnownHeader]] = field(default_factory=dict[str, list[KnownHeader]])
    waiting: dict[str, Waiting] = field(default_factory=dict[str, Waiting])
    pairings: dict[str, Pairing] = field(default_factory=dict[str, Pairing])
