"""Accepted orders are handed on after the publish, and by later runs until they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from oms_import.connectors.deliver_folder import FolderDeliverer
from oms_import.history.outbox import due, remember
from oms_import.history.store import Store
from oms_import.model.delivery import Deliverer, Piece, Sent
from oms_import.model.errors import OmsImportError, OutputError, SettingError
from oms_import.outputs.handing_on import accepted_files, order_documents, table_texts
from oms_import.targets import Target
from oms_import.workspace import Workspace

_KEPT = 200
"""Pieces told of before they are remembered: a crash may send so many again, with the same keys."""

Opened = Callable[[], Store]


def deliverer(target: Target, root: Path) -> Deliverer:
    """A receiver, its secrets resolved; it is connected when there is something to send.

    Raises:
        SettingError: a reference names nothing, or a driver is missing.
    """
    if target.kind == "folder":
        return FolderDeliverer(root / target.path)
    if target.kind == "sftp":
        from oms_import.connectors.deliver_sftp import SftpDeliverer  # noqa: PLC0415 - slow
        from oms_import.connectors.sftp_session import Login  # noqa: PLC0415

        try:
            login = Login.of(target.sftp, root)
        except SettingError as error:
            said = error.message.replace("source.sftp", f"deliver {target.name}: sftp")
            raise SettingError(said, hint="see [[deliver]] in oms-import.toml") from None
        return SftpDeliverer(login, target.path)
    if target.kind == "http":
        from oms_import.connectors.deliver_http import open_http_deliverer  # noqa: PLC0415

        return open_http_deliverer(target.http, target.name, root, order_documents)
    from oms_import.connectors.deliver_postgres import open_postgres_deliverer  # noqa: PLC0415

    return open_postgres_deliverer(target.postgresql, target.name, root, table_texts)


def deliver(
    workspace: Workspace, store: Opened, *, refused: bool = False
) -> tuple[list[str], set[int]]:
    """Send every receiver what it has not taken yet.

    One receiver that fails stops no other. Nothing is asked where no receiver is set.

    Args:
        workspace: settings, and the runs' accepted files.
        store: opens history; it is not open while a receiver is waited for.
        refused: also what a receiver refused earlier.

    Returns:
        Notes for the report, and exit codes: 5 try again, 6 login, 2 setting, 7 our own files,
        3 where orders were refused.
    """
    notes: list[str] = []
    codes: set[int] = set()
    for target in workspace.settings.deliver:
        with store() as history:
            waiting = due(history.connection, target.name, refused=refused)
        if not waiting:
            continue
        told, code = _to(workspace, target, waiting, store)
        notes += told
        codes.add(code)
    return notes, codes - {0}


def _to(
    workspace: Workspace, target: Target, waiting: Sequence[Piece], store: Opened
) -> tuple[list[str], int]:
    """Send one receiver its pieces; returns notes and the exit code."""
    sent: list[Sent] = []
    wrong: OmsImportError | None = None
    try:
        with closing(deliverer(target, workspace.root)) as receiver:
            for one in _sent(receiver, waiting, workspace.out / "accepted"):
                sent.append(one)
                if len(sent) % _KEPT == 0:
                    _remember(store, sent[-_KEPT:])
                if one.lost:
                    break
    except OmsImportError as error:
        wrong = error
    finally:
        _remember(store, sent[len(sent) - len(sent) % _KEPT :])
    return list(_notes(target.name, waiting, sent, wrong)), _code(sent, wrong)


def _remember(store: Opened, sent: Sequence[Sent]) -> None:
    if sent:
        with store() as history:
            remember(history.connection, sent)


def _sent(receiver: Deliverer, waiting: Sequence[Piece], accepted: Path) -> Iterator[Sent]:
    """Run by run, oldest first."""
    for run_id, pieces in groupby(waiting, key=lambda piece: piece.run_id):
        mine, folder = list(pieces), accepted / run_id
        try:
            accepted_files(folder)
        except OutputError as gone:
            now = datetime.now(UTC)
            yield from (Sent(one, "failed", gone.message, now, gone.exit_code) for one in mine)
            continue
        yield from receiver.send(mine, folder)


def _code(sent: Sequence[Sent], wrong: OmsImportError | None) -> int:
    if wrong is not None:
        return wrong.exit_code
    codes = [one.exit_code for one in sent if one.exit_code]
    if codes:
        return codes[-1]
    return 3 if any(one.state == "refused" for one in sent) else 0


def _notes(
    name: str, waiting: Sequence[Piece], sent: Sequence[Sent], wrong: OmsImportError | None
) -> Iterator[str]:
    """One line for each kind of outcome."""
    of = {state: [one for one in sent if one.state == state] for state in ("delivered", "refused")}
    left = sum(piece.orders for piece in waiting)
    for state, some in of.items():
        orders = sum(one.piece.orders for one in some)
        left -= orders
        if some:
            last = some[-1]
            said = f"; the last answer: {last.answer} ({last.piece.first_order})"
            yield f"deliver {name}: {orders:,} orders {state}{said if state == 'refused' else ''}"
    if left:
        failed = [one for one in sent if one.state == "failed"]
        why = wrong.message if wrong else failed[-1].answer if failed else "not reached"
        yield f"deliver {name}: {left:,} orders wait for the next run: {why}"
