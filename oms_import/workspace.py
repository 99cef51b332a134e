"""A workspace: where it is, its settings (oms-import.toml) and its paths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, field_validator

from oms_import.model.values import Limits
from oms_import.profiles.fields import Strict
from oms_import.targets import OwnerRule, Target

SETTINGS_FILE = "oms-import.toml"
SPOOL = ".oms-import/spool"


class OutputSettings(Strict):
    """What is written for accepted orders."""

    formats: tuple[str, ...] = Field(
        default=("csv", "parquet"), description="csv, parquet or both."
    )


class LimitSettings(Strict):
    """Bounds on memory and disk; see model.values.Limits."""

    batch_rows: int = Field(default=100_000, ge=1, description="Source rows worked on at once.")
    field_bytes: int = Field(default=1_000_000, ge=1, description="Largest cell.")
    document_bytes: int = Field(
        default=64_000_000, ge=1_000, description="Largest order of an XML or JSON document."
    )
    archive_bytes: int = Field(
        default=10_000_000_000, ge=1, description="Largest unpacked archive."
    )
    archive_ratio: int = Field(default=200, ge=1, description="Largest compression ratio.")
    archive_members: int = Field(default=10_000, ge=1, description="Most members of an archive.")
    memory_mb: int = Field(
        default=512, ge=64, description="Memory of the history store while deduping."
    )

    def as_limits(self) -> Limits:
        """The same as a plain value for the stages."""
        return Limits(**self.model_dump())


class RetrySettings(Strict):
    """When a run gives up on a file or a source; within a run each connector has its own tries."""

    file_runs: int = Field(
        default=5, ge=1, description="Runs that try to fetch a file before it is a dead letter."
    )
    source_runs: int = Field(
        default=5, ge=1, description="Runs in a row that a source may fail before it is left alone."
    )
    rest_minutes: float = Field(
        default=10, gt=0, description="How long a source is left alone then."
    )


class Settings(Strict):
    """oms-import.toml."""

    timezone: str | None = Field(
        default=None, description="IANA zone of local times, where a profile names none."
    )
    owners: dict[str, str] = Field(
        default_factory=dict,
        description='Owner role of a reason → who it is here, e.g. channel = "Ann".',
    )
    owner: tuple[OwnerRule, ...] = Field(
        default=(), description="Whose an exception is: the first rule that fits."
    )
    outputs: OutputSettings = OutputSettings()
    limits: LimitSettings = LimitSettings()
    retries: RetrySettings = RetrySettings()
    deliver: tuple[Target, ...] = Field(
        default=(), description="Receivers of everything that is accepted."
    )

    @field_validator("deliver")
    @classmethod
    def _named_once(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        names = [one.name for one in targets]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two targets are called {min(twice)}")
        return targets


@dataclass(frozen=True, slots=True)
class Workspace:
    """Settings and paths of one workspace."""

    root: Path
    settings: Settings

    @property
    def profiles(self) -> Path:
        """The channels' profiles."""
        return self.root / "profiles"

    @property
    def policies(self) -> Path:
        """Rules that profiles include."""
        return self.root / "policies"

    @property
    def state(self) -> Path:
        """Everything of ours, mode 0700."""
        return self.root / ".oms-import"

    @property
    def database(self) -> Path:
        """The history store; only history/ opens it."""
        return self.state / "history.duckdb"

    @property
    def raw(self) -> Path:
        """Raw bytes of every drop, named by sha256."""
        return self.state / "raw"

    @property
    def incoming(self) -> Path:
        """What servers are sending; parts stay for the next run to go on with."""
        return self.state / "incoming"

    @property
    def spool(self) -> Path:
        """Events of webhooks that wait for a run, one folder a channel."""
        return self.root / SPOOL

    @property
    def staging(self) -> Path:
        """What a run prepares before its commit, one folder a run."""
        return self.state / "staging"

    @property
    def lineage(self) -> Path:
        """Source records of each run: lineage/<run_id>.parquet."""
        return self.state / "lineage"

    @property
    def journal(self) -> Path:
        """The second witness of every commit, JSON lines."""
        return self.state / "journal.jsonl"

    @property
    def lock(self) -> Path:
        """The lock file; names its holder."""
        return self.state / "lock"

    @property
    def out(self) -> Path:
        """out/: accepted/, rejected/, acks/, reports/, one folder a run in each."""
        return self.root / "out"
