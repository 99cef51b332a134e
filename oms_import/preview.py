"""Preview: what a file would become, without workspace and without state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from oms_import.history.decide import decide
from oms_import.history.interchanges import seen_before
from oms_import.history.store import Store
from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError, SettingError
from oms_import.model.finding import Finding, Location
from oms_import.model.values import Dialect, Drop, DropResult, Limits, Offer
from oms_import.pipeline.arrivals import arrive
from oms_import.pipeline.channel import channel, open_drop
from oms_import.pipeline.fitting import document_fits
from oms_import.pipeline.ingest import Ingest, silent
from oms_import.pipeline.nested import nested_orders
from oms_import.pipeline.spool import Spool
from oms_import.pipeline.verdicts import verdicts
from oms_import.profiles.detect import Candidate, detect, known_columns
from oms_import.profiles.load import builtin, builtin_names, find_profile
from oms_import.profiles.load import channels as load_channels
from oms_import.profiles.model import Profile
from oms_import.readers.registry import reader_named, recognise
from oms_import.readers.spec import ReadSpec
from oms_import.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Choice:
    """The profile for a drop, or why there is none."""

    profile: Profile | None
    findings: tuple[Finding, ...] = ()


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
    choice = _Choice(named) if named else _choose(drop, known, scratch)
    if choice.profile is None:
        findings = [finding.as_json() for finding in choice.findings]
        return _document(file, None, None, [], findings)
    return _read(file, drop, choice.profile, scratch)


def _choose(drop: Drop, known: list[Profile], scratch: Path) -> _Choice:
    """The one profile that fits the drop: its header, or the format of a document."""
    everything = frozenset[str]().union(*(known_columns(one) for one in known))
    where = Location(drop=drop.name)
    spec = ReadSpec(Profile().format, Profile().rows, everything, (), ())
    try:
        name = recognise(drop.path, drop.name) or Profile().format.reader
        if reader_named(name).documents:
            return _of_documents(document_fits(drop, name, known, scratch), known, where)
        if not reader_named(name).tables:
            return _by_format(name, known, where)
        reader = channel(Profile(name="preview"), None, Limits())
        source = open_drop(replace(reader, read=spec), drop, scratch)
    except DropRejectedError as rejected:
        return _Choice(None, tuple(replace(f, location=where) for f in rejected.findings))
    fits = detect(source.dialect.columns, drop.name, known)
    return _only(_best(fits), known, "no profile knows these columns", where)


def _best(fits: list[Candidate]) -> list[str]:
    return [fit.name for fit in fits if fit.score == fits[0].score]


def _of_documents(fits: list[Candidate], known: list[Profile], where: Location) -> _Choice:
    return _only(_best(fits), known, "no profile finds its orders in this document", where)


def _by_format(reader: str, known: list[Profile], where: Location) -> _Choice:
    """The one profile for documents of this format; what it extends is no rival of it."""
    fits = [one for one in known if one.format.reader == reader]
    bases = {one.extends for one in fits}
    names = [one.name for one in fits if one.name not in bases]
    return _only(names, known, f"no profile reads {reader}", where)


def _only(names: list[str], known: list[Profile], none: str, where: Location) -> _Choice:
    if len(names) == 1:
        return _Choice(next(one for one in known if one.name == names[0]))
    detail = f"{none}; name one with --profile"
    if names:
        detail = f"both {' and '.join(names)} fit; name one with --profile"
    return _Choice(None, (Finding(Code.FORMAT_UNKNOWN, detail=detail, location=where),))


def _read(file: str, drop: Drop, profile: Profile, scratch: Path) -> dict[str, object]:
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
    return document | {"columns": list(result.columns)}


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
    }
