"""Archives: gzip and ZIP unpacked into the raw store, member by member, under caps.

Members are known by their bytes, not their names, and are stored under our own names (their hash):
nothing is ever written where an archive says.
"""

from __future__ import annotations

import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from oms_import.landing.store import Landed, land_stream
from oms_import.model.codes import Code
from oms_import.model.errors import DropRejectedError
from oms_import.model.finding import Finding
from oms_import.model.values import Limits

_GZIP, _ZIP, _EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
_READ = 1 << 18
_RATIO_FROM = 16 << 20  # a small file may well shrink a thousandfold
_JUNK = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def is_archive(head: bytes, path: Path) -> bool:
    """Whether the bytes are a gzip or ZIP archive; a workbook (.xlsx is a ZIP) is none."""
    if head.startswith(_GZIP):
        return True
    if not head.startswith((_ZIP, _EMPTY_ZIP)):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" not in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return b"[Content_Types].xml" not in head


def unpack(landed: Landed, name: str, raw: Path, limits: Limits) -> list[tuple[str, Landed]]:
    """Unpack an archive into the store.

    Args:
        landed: the archive in the store.
        name: its name at the source.
        raw: the store.
        limits: caps on unpacked bytes, ratio and members.

    Returns:
        For each member its display name (`a.zip/inner.csv`; of gzip the name without `.gz`) and its
        file in the store, in the archive's order.

    Raises:
        DropRejectedError: ARCHIVE_CORRUPT, ARCHIVE_BOMB, ARCHIVE_PATH, ARCHIVE_DUP, or FILE_EMPTY:
            no file is in it.
        OutputError: the store has no space.
    """
    meter = _Meter(limits, landed.size)
    with landed.path.open("rb") as file:
        if file.read(2) == _GZIP:
            file.seek(0)
            return [(_bare(name), _land(_gunzip(file, name), name, raw, meter))]
    return _unzip(landed, name, raw, meter)


@dataclass(slots=True)
class _Meter:
    """Counts what an archive has unpacked to."""

    limits: Limits
    packed: int
    unpacked: int = 0

    def add(self, count: int) -> None:
        """Raise ARCHIVE_BOMB when a cap is passed."""
        self.unpacked += count
        if self.unpacked > self.limits.archive_bytes:
            raise _refused(
                Code.ARCHIVE_BOMB, f"more than {self.limits.archive_bytes} bytes unpacked"
            )
        ratio = self.unpacked / max(1, self.packed)
        if self.unpacked > _RATIO_FROM and ratio > self.limits.archive_ratio:
            raise _refused(
                Code.ARCHIVE_BOMB,
                f"it unpacks to more than {self.limits.archive_ratio} times its size",
            )


class _Stream:
    """Unpacked blocks as a file to read from, measured on the way."""

    def __init__(self, blocks: Iterator[bytes], meter: _Meter) -> None:
        self._blocks = blocks
        self._meter = meter

    def read(self, _size: int = -1) -> bytes:
        """The next block, empty at the end."""
        for block in self._blocks:
            if block:
                self._meter.add(len(block))
                return block
        return b""


def _land(blocks: Iterator[bytes], name: str, raw: Path, meter: _Meter) -> Landed:
    try:
        return land_stream(cast("BinaryIO", _Stream(blocks, meter)), raw)
    except (zlib.error, EOFError, zipfile.BadZipFile, OSError) as error:
        raise _refused(Code.ARCHIVE_CORRUPT, f"{name}: {error}") from error
    except (RuntimeError, NotImplementedError) as error:
        detail = f"{name} is encrypted or packed in a way we do not read"
        raise _refused(Code.ARCHIVE_CORRUPT, detail) from error


def _gunzip(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The content of a gzip stream of one or more members; padding of NULs may follow it."""
    engine = zlib.decompressobj(wbits=31)
    data = file.read(_READ)
    while True:
        yield engine.decompress(data, _READ)
        data = engine.unconsumed_tail
        if engine.eof:
            data = (engine.unused_data or file.read(_READ)).lstrip(b"\0")
            while not data and (more := file.read(_READ)):
                data = more.lstrip(b"\0")
            if not data:
                return
            engine = zlib.decompressobj(wbits=31)
        elif not data:
            data = file.read(_READ)
            if not data:
                msg = f"{name} ends before its data do"
                raise EOFError(msg)


def _unzip(landed: Landed, name: str, raw: Path, meter: _Meter) -> list[tuple[str, Landed]]:
    try:
        with zipfile.ZipFile(landed.path) as archive:
            members = _checked(archive.infolist(), meter.limits)
            return [_member(archive, one, name, raw, meter) for one in members]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise _refused(Code.ARCHIVE_CORRUPT, str(error)) from error


def _checked(infos: list[zipfile.ZipInfo], limits: Limits) -> list[zipfile.ZipInfo]:
    """The members to unpack, after every name, type and announced size was looked at."""
    if len(infos) > limits.archive_members:
        detail = f"{len(infos)} members, the limit is {limits.archive_members}"
        raise _refused(Code.ARCHIVE_BOMB, detail)
    members = _files(infos)
    if not members:
        raise _refused(Code.FILE_EMPTY, "the archive holds no files")
    if sum(info.file_size for info in members) > limits.archive_bytes:
        detail = f"it announces more than {limits.archive_bytes} bytes"
        raise _refused(Code.ARCHIVE_BOMB, detail)
    return members


def _files(infos: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The members that are files, each name once; what file managers add is left out."""
    seen: dict[str, str] = {}
    members: list[zipfile.ZipInfo] = []
    for info in infos:
        _check_name(info)
        if info.is_dir() or _is_junk(info.filename):
            continue
        same = unicodedata.normalize("NFC", info.filename).casefold()
        if same in seen:
            raise _refused(Code.ARCHIVE_DUP, f"{seen[same]} and {info.filename}")
        seen[same] = info.filename
        if info.flag_bits & 0x1:
            raise _refused(Code.ARCHIVE_CORRUPT, f"{info.filename} is encrypted")
        members.append(info)
    return members


def _check_name(info: zipfile.ZipInfo) -> None:
    """Raise ARCHIVE_PATH for names that point elsewhere and for what is no regular file."""
    name = info.orig_filename
    parts = name.split("/")
    drive = len(name) > 1 and name[1] == ":"
    if name.startswith("/") or drive or ".." in parts or "\\" in name or "\0" in name or not name:
        raise _refused(Code.ARCHIVE_PATH, repr(name))
    kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _refused(Code.ARCHIVE_PATH, f"{name!r} is no regular file")


def _is_junk(name: str) -> bool:
    parts = name.split("/")
    return "__MACOSX" in parts or parts[-1] in _JUNK


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, raw: Path, meter: _Meter
) -> tuple[str, Landed]:
    shown = f"{name}/{info.filename}"
    landed = _land(_blocks(archive, info), info.filename, raw, meter)
    with landed.path.open("rb") as file:
        if file.read(2) != _GZIP:
            return shown, landed
        file.seek(0)
        return _bare(shown), _land(_gunzip(file, shown), shown, raw, meter)


def _blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as file:
        while block := file.read(_READ):
            yield block


def _bare(name: str) -> str:
    """A gzip's content by name: `a.csv` of `a.csv.gz`."""
    return name[:-3] if name.casefold().endswith(".gz") else name


def _refused(code: Code, detail: str) -> DropRejectedError:
    return DropRejectedError([Finding(code, detail=detail)])
