"""Archives that nobody vouches for: what is taken, and what leaves nothing behind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import shutil
import stat
import subprocess
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from godploy_server.contract import BadInput
from godploy_server.deploy.sources.archive import extract_archive
from godploy_server.deploy.sources.stoppable import Stop, Stopped
from godploy_server.deploy.sources.unpacking import Limits

USUAL = Limits()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where archives are unpacked; what lies beside it must never change."""
    (tmp_path / "beside").write_text("untouched")
    (tmp_path / "builds").mkdir()
    return tmp_path / "builds" / "source"


def files(folder: Path) -> dict[str, bytes]:
    found = (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    return {str(each.relative_to(folder)): each.read_bytes() for each in found}


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, link, mode
    return made


def zipped(*entries: tuple[str, bytes, int], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr, entry.compress_type = 3, mode << 16, compression
            archive.writestr(entry, content)
    return made.getvalue()


def unpack(content: bytes, place: Path, limits: Limits = USUAL) -> tuple[int, int]:
    archive = place.parent / "archive"
    archive.write_bytes(content)
    try:
        return extract_archive(archive, place, Stop(), limits)
    finally:
        archive.unlink()


def refusal(content: bytes, place: Path, limits: Limits = USUAL) -> str:
    """Give why an archive was refused, after seeing that nothing of it is anywhere."""
    before = sorted(place.parent.parent.rglob("*"))
    with pytest.raises(BadInput) as raised:
        unpack(content, place, limits)
    assert sorted(place.parent.parent.rglob("*")) == before
    assert (place.parent.parent / "beside").read_text() == "untouched"
    problem = raised.value.problem
    return f"{problem.what}: {problem.why}"


GOOD = tar(
    (member("shop-1.0", tarfile.DIRTYPE, mode=0o755), b""),
    (member("shop-1.0/app.py"), b"print(1)"),
    (member("shop-1.0/bin/run", mode=0o755), b"#!/bin/sh\n"),
    (member("shop-1.0/bin/again", tarfile.LNKTYPE, "shop-1.0/bin/run"), b""),
    (member("shop-1.0/current", tarfile.SYMTYPE, "bin/run"), b""),
)


def zstd(content: bytes) -> bytes:
    return subprocess.run(["zstd", "-q", "-c"], input=content, capture_output=True, check=True).stdout


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_tar_archive_is_unpacked_whatever_it_is_compressed_with(place: Path, pack: Callable[[bytes], bytes]) -> None:
    if pack is zstd and shutil.which("zstd") is None:
        pytest.skip("needs zstd (apt-get install zstd)")
    assert unpack(pack(GOOD), place) == (3, 28)
    assert files(place) == {"app.py": b"print(1)", "bin/run": b"#!/bin/sh\n", "bin/again": b"#!/bin/sh\n"}
    assert (place / "bin" / "run").stat().st_mode & 0o777 == 0o755
    assert (place / "bin" / "again").stat().st_mode & 0o100
    assert (place / "app.py").stat().st_mode & 0o777 == 0o644
    assert (place / "current").readlink() == Path("bin/run")
    assert [each.name for each in place.parent.iterdir()] == ["source"]


def test_what_other_programs_make_is_unpacked(place: Path, tmp_path: Path) -> None:
    source = tmp_path / "shop"
    (source / "deep" / "er").mkdir(parents=True)
    long = "n" * 200
    (source / "deep" / "er" / long).write_bytes(b"x" * 100_000)
    with (source / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 20)
        sparse.write(b"begin")
    for options in (["--format=gnu", "--sparse"], ["--format=pax"]):
        made = subprocess.run(
            ["tar", "-C", str(tmp_path), *options, "-czf", "-", "./shop"], capture_output=True, check=True
        )
        unpack(made.stdout, place)
        assert (place / "deep" / "er" / long).stat().st_size == 100_000
        assert (place / "sparse").read_bytes() == b"begin".ljust(1 << 20, b"\0")


def test_a_zip_archive_is_unpacked(place: Path) -> None:
    content = zipped(
        ("shop/app.py", b"print(1)", 0o100644),
        ("shop/run", b"#!/bin/sh", 0o100755),
        ("shop/link", b"run", 0o120777),
        ("__MACOSX/shop/._app.py", b"noise", 0o100644),
    )
    assert unpack(content, place) == (2, 17)
    assert files(place) == {"app.py": b"print(1)", "run": b"#!/bin/sh"}
    assert (place / "run").stat().st_mode & 0o100
    assert (place / "link").readlink() == Path("run")


def test_several_things_at_the_top_stay_where_they_are(place: Path) -> None:
    unpack(zipped(("app.py", b"1", 0), ("static/a", b"2", 0)), place)
    assert set(files(place)) == {"app.py", "static/a"}


EVIL = {
    "a path that leads up": tar((member("../beside"), b"evil")),
    "a path that leads up later": tar((member("a/../../beside"), b"evil")),
    "an absolute path": tar((member("/beside"), b"evil")),
    "a link that leads out": tar((member("a", tarfile.SYMTYPE, "../../beside"), b"")),
    "an absolute link": tar((member("a", tarfile.SYMTYPE, "/etc/passwd"), b"")),
    "a file behind a link": tar((member("a", tarfile.SYMTYPE, ".."), b""), (member("a/beside"), b"evil")),
    "a link by way of a link": tar(
        (member("deep/er/up", tarfile.SYMTYPE, "../.."), b""),
        (member("out", tarfile.SYMTYPE, "deep/er/up/.."), b""),
        (member("file"), b"1"),
    ),
    "a folder made behind a link": tar(
        (member("x/y/up", tarfile.SYMTYPE, "../.."), b""),
        (member("x/y/up/new/link", tarfile.SYMTYPE, "file"), b""),
        (member("file"), b"1"),
    ),
    "a hard link that leads out": tar((member("a", tarfile.LNKTYPE, "../../beside"), b"")),
    "a hard link to what is absolute": tar((member("a", tarfile.LNKTYPE, "/etc/passwd"), b"")),
    "a hard link to what comes later": tar((member("a", tarfile.LNKTYPE, "b"), b""), (member("b"), b"1")),
    "a hard link to a link": tar(
        (member("l", tarfile.SYMTYPE, "file"), b""), (member("a", tarfile.LNKTYPE, "l"), b""), (member("file"), b"1")
    ),
    "a device": tar((member("null", tarfile.CHRTYPE), b"")),
    "a disk": tar((member("disk", tarfile.BLKTYPE), b"")),
    "a named pipe": tar((member("pipe", tarfile.FIFOTYPE), b"")),
    "a setuid program": tar((member("su", mode=0o4755), b"evil")),
    "a setgid program": tar((member("sg", mode=0o2755), b"evil")),
    "a zip that leads up": zipped(("../beside", b"evil", 0)),
    "a zip that is absolute": zipped(("/beside", b"evil", 0)),
    "a zip with a link out": zipped(("a", b"../../beside", 0o120777)),
    "a zip with a device": zipped(("a", b"", stat.S_IFCHR | 0o666)),
    "a zip with a setuid program": zipped(("a", b"evil", 0o104755)),
    "a file and a folder of one name": tar((member("a"), b"1"), (member("a/b"), b"2")),
    "a folder and a file of one name": tar((member("a/b"), b"2"), (member("a"), b"1")),
    "a name too long": tar((member("x/" * 600 + "y"), b"1")),
    "a name that is no text": tar((member("a\udcff"), b"1")),
    "nothing": tar(),
    "only folders": tar((member("a", tarfile.DIRTYPE), b"")),
    "no archive": b"hello, world" * 100,
    "no byte": b"",
    "a cut tar": GOOD[:1300],
    "a tar cut between members": GOOD[:1024],
    "a tar without its end": GOOD[: GOOD.rindex(b"bin/run") - 157 + 512],
    "a cut gzip": gzip.compress(GOOD)[:-40],
    "a cut xz": lzma.compress(GOOD)[:-40],
    "a cut bzip2": bz2.compress(GOOD)[:-40],
    "a cut zip": zipped(("a", b"1" * 1000, 0))[:-30],
    "a damaged zip": zipped(("a", os.urandom(1000), 0), compression=0).replace(b"PK\x01\x02", b"PK\x01\x03"),
    "a gzip of noise": gzip.compress(os.urandom(2000)),
    "a damaged gzip": gzip.compress(b"x" * 5000)[:20] + os.urandom(100),
}


@pytest.mark.parametrize("name", EVIL)
def test_an_evil_or_broken_archive_leaves_nothing(place: Path, name: str) -> None:
    assert refusal(EVIL[name], place)


def test_a_member_that_leads_out_is_named(place: Path) -> None:
    assert "“../beside”" in refusal(EVIL["a path that leads up"], place)
    assert "leads out" in refusal(EVIL["a link that leads out"], place)
    assert "another user" in refusal(EVIL["a setuid program"], place)


def test_what_windows_calls_a_path_is_one(place: Path) -> None:
    content = zipped(("..\\beside", b"evil", 0))
    at = content.index(b"PK\x01\x02") + 5
    assert "leads out" in refusal(content[:at] + b"\0" + content[at + 1 :], place)


def test_an_encrypted_zip_is_named_as_such(place: Path) -> None:
    content = bytearray(zipped(("a", b"secret", 0)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refusal(bytes(content), place)


def bomb(size: int) -> bytes:
    return tar((member("zeros"), bytes(size)))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_defused_by_its_ratio(place: Path, pack: Callable[[bytes], bytes]) -> None:
    limits = Limits(ratio=100, ratio_from_bytes=1 << 20)
    assert "100 times" in refusal(pack(bomb(8 << 20)), place, limits)


def test_a_zip_bomb_is_defused_by_its_ratio_and_a_zip_that_lies_by_its_size(place: Path) -> None:
    limits = Limits(ratio=100, ratio_from_bytes=1 << 20)
    honest = zipped(("zeros", bytes(8 << 20), 0))
    assert "100 times" in refusal(honest, place, limits)
    many = zipped(*((f"zeros-{number}", bytes(1 << 20), 0) for number in range(9)))
    assert "100 times" in refusal(many, place, limits)
    lying = bytearray(honest)
    at = lying.index(b"PK\x01\x02") + 24
    lying[at : at + 4] = (100).to_bytes(4, "little")
    assert refusal(bytes(lying), place, limits)


def test_too_much_and_too_many_are_refused(place: Path) -> None:
    content = tar(*((member(f"f{number}"), b"x" * 600) for number in range(50)))
    assert "more than 49 files" in refusal(content, place, Limits(most_files=49))
    assert "MiB" in refusal(content, place, Limits(most_bytes=20_000))
    deep = tar(*((member(f"{number}/" + "d/" * 20 + "f"), b"") for number in range(20)))
    assert "more than 300 files and folders" in refusal(deep, place, Limits(most_files=300))
    copies = tar((member("a"), bytes(9000)), *((member(f"l{n}", tarfile.LNKTYPE, "a"), b"") for n in range(20)))
    assert "MiB" in refusal(copies, place, Limits(most_bytes=100_000))


def test_a_header_that_would_fill_the_memory_is_refused(place: Path) -> None:
    huge = member("x", tarfile.XHDTYPE)
    huge.size = 1 << 30
    header = huge.tobuf(tarfile.USTAR_FORMAT)
    assert "headers" in refusal(gzip.compress(header + bytes(1 << 20)), place)


def test_random_damage_never_writes_beside(place: Path) -> None:
    numbers = random.Random(7)
    for original in (GOOD, zipped(("a/b", b"1" * 2000, 0), ("c", b"2", 0o120777))):
        for _ in range(150):
            content = bytearray(original)
            for _ in range(numbers.randint(1, 6)):
                content[numbers.randrange(len(content))] = numbers.randrange(256)
            before = {each for each in place.parent.parent.rglob("*") if not each.is_relative_to(place)}
            try:
                unpack(bytes(content), place)
            except BadInput:
                assert not place.exists()
            after = {each for each in place.parent.parent.rglob("*") if not each.is_relative_to(place)}
            assert after == before
            for each in place.rglob("*"):
                assert each.resolve().is_relative_to(place.resolve())
            shutil.rmtree(place, ignore_errors=True)


def test_unpacking_ends_when_it_is_told_to(place: Path) -> None:
    archive = place.parent / "archive"
    archive.write_bytes(tar(*((member(f"f{number}"), os.urandom(4096)) for number in range(8000))))
    stop, ended = Stop(), []

    def work() -> None:
        try:
            extract_archive(archive, place, stop)
        except Stopped:
            ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    while not place.with_name("source.unpacked").exists():
        time.sleep(0.001)
    stop.ask()
    thread.join()
    assert ended
    assert [each.name for each in place.parent.iterdir()] == ["archive"]
