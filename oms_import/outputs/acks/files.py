"""Acknowledgements as files: one an interchange and kind, in the folder of their channel."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oms_import.durable import create, plain_os_errors, sync_folder
from oms_import.model.values import Drop, WrittenFile
from oms_import.outputs.rejected import safe_name
from oms_import.outputs.tables import weighed


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement, ready to be sent."""

    drop: Drop
    interchange: int  # number in the drop
    kind: str  # 997, 999, TA1, CONTRL, 855, ORDRSP
    text: str
    encoding: str


def write_acks(folder: Path, acks: Sequence[Ack]) -> list[WrittenFile]:
    """Write <channel>/<drop>.<interchange>.<kind>.edi for each, durably.

    Names are relative to the folder.

    Raises:
        OutputError: no space or no permission.
    """
    taken: set[str] = set()
    written: list[WrittenFile] = []
    with plain_os_errors(folder):
        for ack in acks:
            name = _name(ack, taken)
            taken.add(name)
            written.append(_write(folder, name, ack))
        for path in {(folder / one.path).parent for one in written}:
            sync_folder(path)
    return written


def _name(ack: Ack, taken: set[str]) -> str:
    stem = f"{safe_name(ack.drop.channel)}/{safe_name(ack.drop.name)}"
    end = f"{ack.interchange}.{ack.kind}.edi"
    name = f"{stem}.{end}"
    return f"{stem}-{ack.drop.drop_id[:8]}.{end}" if name in taken else name


def _write(folder: Path, name: str, ack: Ack) -> WrittenFile:
    path = folder / name
    with create(path) as file:
        file.write(ack.text.encode(ack.encoding, "replace"))
        file.flush()
        os.fsync(file.fileno())
    return weighed(path, name, 1)
