"""Members of a zip archive. Source: PKWARE's APPNOTE 6.3.10, sections 4.3 and 4.4."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path
from typing import Final

from godploy_server.contract import BadInput
from godploy_server.deploy.sources.tree import LONGEST_PATH_BYTES, MOST_FILES, refused
from godploy_server.deploy.sources.unpacking import Unpacker, broken, too_much

_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
_LOCATOR_64: Final = b"PK\x06\x07"
_LONGEST_END_BYTES: Final = 76 + 22 + 65535
_LARGEST_DIRECTORY_BYTES: Final = 16 << 20
_ENCRYPTED: Final = 0x1
_MADE_BY_DOS: Final = 0


def unpack_zip(archive: Path, unpacker: Unpacker) -> None:
    """Hand every member over. Raises BadInput for one that is encrypted, or is no file, folder or link."""
    _check_directory(archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                _hand_over(opened, member, unpacker)
    except zipfile.BadZipFile as error:
        raise broken(str(error)[:200]) from None
    except NotImplementedError as error:
        raise broken(f"{error}: it is compressed in a way that is not known here") from None


def _hand_over(opened: zipfile.ZipFile, member: zipfile.ZipInfo, unpacker: Unpacker) -> None:
    name = member.filename
    if member.create_system == _MADE_BY_DOS:
        name = name.replace("\\", "/")
    if unpacker.skips(name):
        return
    if member.flag_bits & _ENCRYPTED:
        raise BadInput("The archive is encrypted", f"{name[:100]} needs a password", "Send one without a password")
    if "\0" in member.orig_filename:
        raise refused(name, "it holds a NUL character")
    mode = member.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if name.endswith("/"):
        unpacker.add_folder(name)
    elif kind == stat.S_IFLNK:
        if member.file_size > LONGEST_PATH_BYTES:
            raise refused(name, "its target is too long")
        unpacker.add_link(name, opened.read(member).decode(errors="surrogateescape"))
    elif kind in (0, stat.S_IFREG):
        if mode & (stat.S_ISUID | stat.S_ISGID):
            raise refused(name, "it would run as another user (setuid or setgid)")
        with opened.open(member) as content:
            unpacker.add_file(name, member.file_size, bool(mode & 0o100), content.read)
    else:
        raise refused(name, "it is neither a file, a folder nor a link")


def _check_directory(archive: Path) -> None:
    """Look at how long the list of members is before it is read into memory."""
    with archive.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LONGEST_END_BYTES))
        tail = file.read(_LONGEST_END_BYTES)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise broken("it ends early: its list of members is missing")
    count, directory_bytes = struct.unpack_from("<HL", tail, at + 10)
    if at >= 76 and tail[at - 20 : at - 16] == _LOCATOR_64 and tail[at - 76 : at - 72] == _END_64:
        count, directory_bytes = struct.unpack_from("<QQ", tail, at - 76 + 32)
    if count > MOST_FILES or directory_bytes > _LARGEST_DIRECTORY_BYTES:
        raise too_much(f"it has more than {MOST_FILES} files, or a list of them longer than 16 MiB")
