"""From written staging to a committed and published run: the protocol's last steps in order."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from oms_import.history.commit import CommitRequest, DropRecord, commit
from oms_import.history.headers import records_of
from oms_import.history.interchanges import rows_of
from oms_import.history.profiles import UsedProfile
from oms_import.history.recover import finish
from oms_import.history.store import Store
from oms_import.model.fail_on import FailOn
from oms_import.model.publishing import MANIFEST, PublishFile
from oms_import.model.report import RunReport
from oms_import.model.values import WrittenFile
from oms_import.outputs.manifest import stage, stage_bytes, stage_file
from oms_import.outputs.publish import publish
from oms_import.pipeline.summary import Facts, report
from oms_import.pipeline.writing import Written
from oms_import.report.page import run_page
from oms_import.workspace import Workspace

COMMITTING = "committing"


@dataclass(frozen=True, slots=True)
class Staged:
    """A run's staging, complete but for manifests and report."""

    folder: Path
    claims: tuple[Path, ...]
    decisions: Path
    written: Written
    acks: tuple[WrittenFile, ...] = ()  # named relative to staging/acks


def release(
    workspace: Workspace, store: Store, facts: Facts, fail_on: FailOn, staged: Staged
) -> RunReport:
    """Manifests, report, commit, publish. Once the commit is made, the next start can finish it."""
    staging = staged.folder
    files = _outputs(staged, facts.run_id)
    outputs = tuple(f.as_written() for f in files if not f.target.endswith("/" + MANIFEST))
    finished = datetime.now(UTC)
    told = report(replace(facts, outputs=outputs), fail_on, finished)
    files += _report_files(told, staging)
    if (staging / "lineage.parquet").exists():
        lineage = (workspace.lineage / f"{facts.run_id}.parquet").relative_to(workspace.root)
        files.append(stage_file(staging, "lineage.parquet", lineage.as_posix()))
    (staging / COMMITTING).touch()  # from here on only recovery may discard this staging
    targets = tuple((one.name, one.batch) for one in workspace.settings.deliver)
    request = _request(facts, told, finished, staged, files)
    commit(store, replace(request, targets=targets))
    finish(workspace, store, facts.run_id, publish)
    return told


def _outputs(staged: Staged, run_id: str) -> list[PublishFile]:
    staging, written = staged.folder, staged.written
    return [
        *stage(staging, "accepted", run_id, written.accepted),
        *stage(staging, "rejected", run_id, written.rejected),
        *(stage(staging, "acks", run_id, staged.acks) if staged.acks else ()),
    ]


def _report_files(told: RunReport, staging: Path) -> list[PublishFile]:
    document = told.as_json()
    text = json.dumps(document, ensure_ascii=False, indent=1)
    made = {"report.json": f"{text}\n", "report.html": run_page(document)}
    files = [
        stage_bytes(staging, f"reports/{n}", t.encode("utf-8", "replace")) for n, t in made.items()
    ]
    return stage(staging, "reports", told.run_id, files)


def _used(facts: Facts) -> list[UsedProfile]:
    """The profiles of the channels that had drops."""
    channels = {result.drop.channel for result in facts.results}
    return [
        UsedProfile(
            one.name, one.version, one.model_dump_json(by_alias=True, exclude_defaults=True)
        )
        for one in facts.profiles
        if one.name in channels
    ]


def _request(
    facts: Facts,
    told: RunReport,
    finished: datetime,
    staged: Staged,
    files: list[PublishFile],
) -> CommitRequest:
    return CommitRequest(
        run_id=facts.run_id,
        command=facts.command,
        status=told.status,
        exit_code=told.exit_code,
        started_at=facts.started,
        finished_at=finished,
        retry_of=facts.retry_of,
        drops=[DropRecord.of(r) for r in facts.results if r.status != "duplicate"],
        claims=staged.claims,
        decisions=staged.decisions,
        findings=staged.written.findings,
        files=files,
        report=json.dumps(told.as_json(), ensure_ascii=False),
        interchanges=rows_of(facts.run_id, [r for r in facts.results if r.status == "imported"]),
        headers=records_of(facts.results),
        profiles=_used(facts),
    )
