"""Preview: what a file would become, without workspace and without state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from oms_import.history.decide import decide
from oms_import.history.interchanges import seen_before
from oms_import.history.store import Store
from oms_import.model.errors import SettingError
from oms_import.model.values import Dialect, Drop, DropResult, Limits, Offer
from oms_import.pipeline.arrivals import arrive
from oms_import.pipeline.channel import channel
from oms_import.pipeline.detection import Detection, detected
from oms_import.pipeline.detection import named as evidence_for
from oms_import.pipeline.ingest import Ingest, silent
from oms_import.pipeline.nested import nested_orders
from oms_import.pipeline.spool import Spool
from oms_import.pipeline.verdicts import verdicts
from oms_import.profiles.load import builtin, builtin_names, find_profile
from oms_import.profiles.load import channels as load_channels
from oms_import.profiles.model import Profile
from oms_import.workspace import Workspace


def preview(
    files: Sequence[str], profile: str | None, workspace: Workspace | None
) -> dict[str, object]:
    """The document of cli.md for `preview`. Nothing outside a temporary folder is written.

    Args:
        files: paths of files or archives.
        profile: name or path of a profile; None: detect it from the header.
        workspace: whose profiles to know beside the built-in ones.
    """
    files_told = documents(files, profile, workspace)
    return {"schema": 1, "files": [_public(document) for document in files_told]}


def _public(document: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in document.items() if key != "columns"}


def documents(
    files: Sequence[str], profile: str | None, workspace: Workspace | None
) -> list[dict[str, object]]:
    """As `preview`, one entry a file, each with the `columns` of its header too."""
    directory = workspace.profiles if workspace else None
    named = find_profile(profile, directory) if profile else None
    known = [] if named else _candidates(directory)
    found: list[dict[str, object]] = []
    with TemporaryDirectory(prefix="oms-import-") as folder:
        for position, file in enumerate(files):
            scratch = Path(folder) / str(position)
            scratch.mkdir()
            found += _file(file, named, known, scratch)
    return found


def _candidates(directory: Path | None) -> list[Profile]:
    own = load_channels(directory) if directory and directory.is_dir() else []
    names = {one.name for one in own}
    known = [*own, *(builtin(name) for name in builtin_names() if name not in names)]
    # One file alone says nothing of channels whose orders come in two.
    return [one for one in known if not one.companion.profile]


def _file(
    file: str, named: Profile | None, known: list[Profile], scratch: Path
) -> list[dict[str, object]]:
    path = Path(file)
    if not path.is_file():
        raise SettingError(f"there is no file {file}", hint="check the path", location=file)
    offer = Offer(path.name, str(path), path, path.stat().st_size)
    stand_in = named or Profile(name="preview")
    now = datetime.now(UTC)
    documents: list[dict[str, object]] = []
    for arrival in arrive(stand_in, [offer], scratch / "raw", Limits(), now):
        if arrival.error is not None:
            raise arrival.error
        documents += [_refused(file, result) for result in arrival.refused]
        for drop in arrival.drops:
            documents.append(_drop(file, replace(drop, index=0), named, known, scratch))
    return documents


def _refused(file: str, result: DropResult) -> dict[str, object]:
    findings = [finding.as_json() for finding in result.findings]
    return _document(file, None, None, [], findings)


def _drop(
    file: str, drop: Drop, named: Profile | None, known: list[Profile], scratch: Path
) -> dict[str, object]:
    if named is not None:
        document, columns = _read(file, drop, named, scratch)
        return document | {"detection": evidence_for(drop, named, columns).as_json()}
    found = detected(drop, known, scratch)
    detection = {"detection": found.as_json()}
    if found.profile is None:
        findings = [finding.as_json() for finding in found.findings]
        return _document(file, None, None, [], findings) | detection
    return _read(file, drop, found.profile, scratch)[0] | detection


def _read(
    file: str, drop: Drop, profile: Profile, scratch: Path
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The document, and the header that was found (none where the file was refused)."""
    owned = replace(drop, channel=profile.name, account=profile.account)
    spool = Spool(scratch / f"spool-{drop.sha256[:12]}")
    work = scratch / f"work-{drop.sha256[:12]}"
    work.mkdir(exist_ok=True)
    ready = channel(profile, None, Limits())
    ingest = Ingest(ready, spool, work, _our_bug, silent)
    result = ingest.run([owned])[0]
    decisions = work / "decisions.parquet"
    with Store.open(scratch / "history.duckdb", Limits().memory_mb, work / "tmp") as store:
        policies = {profile.name: profile.duplicates}
        seen = seen_before(
            store.connection, [result], {profile.name: profile.edi.seen_hours}, "preview"
        )
        claims = [part.claims for part in spool]
        decide(store.connection, claims, policies, "preview", decisions, seen=seen)
    orders: list[dict[str, object]] = []
    for part in spool:
        told = verdicts(part, decisions)
        orders += nested_orders(part.tables(), part.read("records"), told, {0: drop.name})
    findings = [finding.as_json() for finding in result.findings]
    document = _document(file, result.dialect, profile.name, orders, findings)
    header = result.dialect.columns if result.dialect else ()
    return document | {"columns": list(result.columns)}, header


def _our_bug(drop: Drop, error: Exception) -> DropResult:
    del drop
    raise error


def _document(
    file: str,
    dialect: Dialect | None,
    profile: str | None,
    orders: list[dict[str, object]],
    findings: list[dict[str, object]],
) -> dict[str, object]:
    return {
        "file": file,
        "format": dialect.format if dialect else None,
        "profile": profile,
        "encoding": dialect.encoding if dialect else None,
        "columns": [],
        "orders": orders,
        "findings": findings,
        "documents_ignored": [
            {"type": kind, "count": count}
            for kind, count in (dialect.ignored if dialect else {}).items()
        ],
        "detection": Detection().as_json(),
    }
