"""The raw store and archives: bytes land whole and durable, archives never write elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zipfile
from pathlib import Path

import pytest

from oms_import.landing.archive import is_archive, unpack
from oms_import.landing.store import Landed, clean_parts, drop_id, land, land_stream
from oms_import.model.errors import DropRejectedError, OutputError, SourceUnreachableError
from oms_import.model.values import Limits


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "state" / "raw"


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_a_file_lands_under_its_hash_for_us_only(tmp_path: Path, raw: Path) -> None:
    landed = land(put(tmp_path, "a.csv", b"x" * 3_000_000), raw)
    assert landed.path == raw / landed.sha256
    assert landed.sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert landed.size == 3_000_000 == landed.path.stat().st_size
    assert stat.S_IMODE(landed.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(raw.stat().st_mode) == 0o700
    assert [path.name for path in raw.iterdir()] == [landed.sha256]


def test_the_same_bytes_are_stored_once(tmp_path: Path, raw: Path) -> None:
    first = land(put(tmp_path, "a.csv", b"one"), raw)
    inode = first.path.stat().st_ino
    assert land(put(tmp_path, "b.csv", b"one"), raw) == first
    assert first.path.stat().st_ino == inode


def test_a_damaged_stored_file_is_replaced(tmp_path: Path, raw: Path) -> None:
    first = land(put(tmp_path, "a.csv", b"one"), raw)
    first.path.write_bytes(b"o")
    assert land(tmp_path / "a.csv", raw).path.read_bytes() == b"one"


def test_a_file_that_grows_while_it_is_copied_is_left_for_later(tmp_path: Path, raw: Path) -> None:
    path = tmp_path / "pipe.csv"
    path.write_bytes(b"a" * (3 << 20))

    class Growing(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            with path.open("ab") as more:
                more.write(b"b")
            return super().read(size)

    class Source(type(path)):  # a path whose file is written to while it is read
        def open(self, *_args: object, **_kwargs: object) -> Growing:
            return Growing(str(self))

    with pytest.raises(SourceUnreachableError, match="still being written"):
        land(Source(path), raw)
    assert list(raw.iterdir()) == []


def test_a_file_that_is_gone_is_told_plainly(tmp_path: Path, raw: Path) -> None:
    with pytest.raises(SourceUnreachableError, match="gone"):
        land(tmp_path / "none.csv", raw)


def test_a_store_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    blocked = put(tmp_path, "raw", b"a file where the folder should be")
    with pytest.raises(OutputError, match="storing raw files failed"):
        land(put(tmp_path, "a.csv", b"x"), blocked)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_plainly(tmp_path: Path, raw: Path) -> None:
    raw.mkdir(parents=True)
    limit = 1 << 20
    pid = os.fork()
    if pid == 0:  # a process of its own, since the limit cannot be taken back
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            land_stream(io.BytesIO(b"x" * (4 << 20)), raw)
        except OutputError:
            os._exit(0 if not list(raw.iterdir()) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_standard_input_lands_too(raw: Path) -> None:
    landed = land_stream(io.BytesIO(b"a,b\n"), raw)
    assert landed.path.read_bytes() == b"a,b\n"


def test_parts_left_by_a_crash_are_cleaned(raw: Path) -> None:
    raw.mkdir(parents=True)
    put(raw, "tmpabc.part", b"half")
    put(raw, "0" * 64, b"kept")
    assert clean_parts(raw) == 1
    assert [path.name for path in raw.iterdir()] == ["0" * 64]
    assert clean_parts(raw / "none") == 0


def test_a_drop_is_named_by_channel_account_and_bytes() -> None:
    expected = hashlib.sha256(b"shop\0default\0abc").hexdigest()[:32]
    assert drop_id("shop", "default", "abc") == expected
    assert drop_id("shop", "other", "abc") != expected


# -- archives


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpacked(
    data: bytes, raw: Path, name: str = "a.zip", limits: Limits | None = None
) -> list[tuple[str, bytes]]:
    landed = land_stream(io.BytesIO(data), raw)
    assert is_archive(data[:4096], landed.path)
    members = unpack(landed, name, raw, limits or Limits())
    assert all(isinstance(member, Landed) for _, member in members)
    return [(shown, member.path.read_bytes()) for shown, member in members]


def refused(data: bytes, raw: Path, limits: Limits | None = None) -> str:
    with pytest.raises(DropRejectedError) as caught:
        unpacked(data, raw, limits=limits)
    assert not list(raw.glob("*.part"))
    return str(caught.value.findings[0].code)


def test_zip_members_come_with_their_names(raw: Path) -> None:
    data = zipped(("b.csv", b"1"), ("in/a.csv", b"2"), ("dir/", b""), ("__MACOSX/b.csv", b"x"),
                  ("in/.DS_Store", b"x"))  # fmt: skip
    assert unpacked(data, raw) == [("a.zip/b.csv", b"1"), ("a.zip/in/a.csv", b"2")]


def test_gzip_is_known_by_its_bytes_and_may_have_members(raw: Path) -> None:
    data = gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n") + b"\0" * 100
    assert unpacked(data, raw, "orders.csv.gz") == [("orders.csv", b"a,b\n1,2\n")]
    assert unpacked(gzip.compress(b""), raw, "orders.dat") == [("orders.dat", b"")]


def test_a_large_gzip_is_read_whole(raw: Path) -> None:
    data = os.urandom(700_000) + bytes(3_000_000) + os.urandom(700_000)
    assert unpacked(gzip.compress(data), raw, "x.gz") == [("x", data)]


def test_gzip_inside_zip_is_unpacked(raw: Path) -> None:
    data = zipped(("orders.csv.gz", gzip.compress(b"a,b\n")))
    assert unpacked(data, raw) == [("a.zip/orders.csv", b"a,b\n")]


@pytest.mark.parametrize("cut", [1, 4, 8, 20])
def test_a_cut_off_gzip_is_corrupt(raw: Path, cut: int) -> None:
    assert refused(gzip.compress(os.urandom(300))[:-cut], raw) == "ARCHIVE_CORRUPT"


def test_a_damaged_archive_is_corrupt(raw: Path) -> None:
    whole = bytearray(zipped(("a.csv", b"abc" * 1000)))
    assert refused(bytes(whole[:-30]), raw) == "ARCHIVE_CORRUPT"
    whole[45] ^= 0xFF
    assert refused(bytes(whole), raw) == "ARCHIVE_CORRUPT"
    assert refused(gzip.compress(b"abc") + b"junk", raw) == "ARCHIVE_CORRUPT"


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.csv", "x/../../a.csv", "..\\a.csv", "a\\b.csv", "C:/a.csv"]
)
def test_names_that_point_elsewhere_are_refused(raw: Path, name: str) -> None:
    assert refused(zipped((name, b"x")), raw) == "ARCHIVE_PATH"
    assert {path.parent for path in raw.parent.rglob("*") if path.is_file()} == {raw}


def test_links_are_refused(raw: Path) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(zipped((link, b"/etc/passwd")), raw) == "ARCHIVE_PATH"


@pytest.mark.parametrize("members", [(), (("dir/", b""), ("__MACOSX/b.csv", b"x"))])
def test_an_archive_without_files_is_refused_not_forgotten(
    raw: Path, members: tuple[tuple[str, bytes], ...]
) -> None:
    assert refused(zipped(*members), raw) == "FILE_EMPTY"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a.csv", "A.CSV"])
def test_the_same_member_twice_is_refused(raw: Path, second: str) -> None:
    assert refused(zipped(("a.csv", b"1"), (second, b"2")), raw) == "ARCHIVE_DUP"


def test_the_same_member_in_two_spellings_is_refused(raw: Path) -> None:
    data = zipped(("caf\u00e9.csv", b"1"), ("cafe\u0301.csv", b"2"))
    assert refused(data, raw) == "ARCHIVE_DUP"


def test_an_encrypted_member_is_refused(raw: Path) -> None:
    data = bytearray(zipped(("a.csv", b"x" * 50)))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert refused(bytes(data), raw) == "ARCHIVE_CORRUPT"


def test_bombs_are_refused(raw: Path) -> None:
    zeros = bytes(40_000_000)
    assert refused(gzip.compress(zeros), raw) == "ARCHIVE_BOMB"
    assert refused(zipped(("a.csv", zeros)), raw) == "ARCHIVE_BOMB"
    assert refused(zipped(("a.csv.gz", gzip.compress(zeros))), raw) == "ARCHIVE_BOMB"
    few = Limits(archive_bytes=100, archive_members=2)
    assert refused(zipped(("a", b"x" * 60), ("b", b"y" * 60)), raw, few) == "ARCHIVE_BOMB"
    assert refused(zipped(("a", b""), ("b", b""), ("c", b"")), raw, few) == "ARCHIVE_BOMB"


def test_a_small_file_may_shrink_a_lot(raw: Path) -> None:
    assert unpacked(gzip.compress(bytes(5_000_000)), raw, "a.gz")[0][1] == bytes(5_000_000)


def test_a_workbook_and_plain_text_are_no_archives(raw: Path) -> None:
    book = land_stream(io.BytesIO(zipped(("xl/a.xml", b"x"), ("[Content_Types].xml", b"x"))), raw)
    assert not is_archive(book.path.read_bytes()[:4096], book.path)
    text = land_stream(io.BytesIO(b"PKG,Order\n"), raw)
    assert not is_archive(b"PKG,Order\n", text.path)
