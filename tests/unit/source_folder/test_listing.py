"""Listing a folder and reading its files, while nothing and while something changes them."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from godploy_desktop.remote.source_folder.listing import list_folder
from godploy_desktop.remote.source_folder.reading import SourceChanged, read_blocks
from godploy_desktop.remote.source_folder.rules import Excluding
from godploy_server.contract import BadInput, Cancelled
from tests.unit.source_folder.conftest import MakeFolder

NOBODY = 65534


@contextmanager
def another_account() -> Iterator[None]:
    """As an account for which permissions count: root reads everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may read; pytest's own may not be."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_folders_come_before_what_is_in_them_and_names_in_order_of_their_bytes(make_folder: MakeFolder) -> None:
    top = make_folder("b", "a/z", "a.txt", "ä", "z", "a/b/c", "A")
    paths = [each.path for each in list_folder(top)]
    assert paths == ["A", "a", "a/b", "a/b/c", "a/z", "a.txt", "b", "z", "ä"]


def test_a_folder_that_is_left_out_is_listed_for_what_is_taken_back_in_it(make_folder: MakeFolder) -> None:
    top = make_folder("a/b/keep", "a/c/drop", "d/drop")
    assert [each.path for each in list_folder(top, Excluding.of(["*", "!a/b"]))] == ["a", "a/b", "a/b/keep"]


def test_links_stay_links_even_where_they_lead_nowhere_or_to_folders(make_folder: MakeFolder) -> None:
    top = make_folder("real/file")
    (top / "to-folder").symlink_to("real")
    (top / "broken").symlink_to("nowhere")
    (top / "out").symlink_to("/etc")
    links = {each.path: each.link for each in list_folder(top) if each.link}
    assert links == {"to-folder": "real", "broken": "nowhere", "out": "/etc"}
    assert not [each.path for each in list_folder(top) if each.path.startswith(("to-folder/", "out/"))]


def test_sockets_and_pipes_are_skipped_and_told(make_folder: MakeFolder) -> None:
    top = make_folder("file")
    os.mkfifo(top / "pipe")
    told: list[tuple[str, str]] = []
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as sock:
        os.chdir(top)  # a socket's path is short
        try:
            sock.bind("sock")
        finally:
            os.chdir(here)
        assert [each.path for each in list_folder(top, None, lambda *what: told.append(what))] == ["file"]
    assert told == [("pipe", "a named pipe"), ("sock", "a socket")]


def test_a_name_that_is_no_text_is_refused_by_its_name(make_folder: MakeFolder) -> None:
    top = make_folder("file")
    Path(os.fsdecode(os.fsencode(top) + b"/caf\xe9")).write_text("x")
    with pytest.raises(BadInput, match="caf"):
        list_folder(top)
    assert [each.path for each in list_folder(top, Excluding.of(["caf*"]))] == ["file"]


def test_a_folder_that_may_not_be_read_is_named(open_folder: Path) -> None:
    (open_folder / "private").mkdir(mode=0o700)
    (open_folder / "private").chmod(0o000)
    with another_account(), pytest.raises(BadInput, match="private cannot be read"):
        list_folder(open_folder)


def test_a_file_that_may_not_be_read_is_named(open_folder: Path) -> None:
    (open_folder / "key.pem").write_text("secret")
    (open_folder / "key.pem").chmod(0o000)
    (entry,) = list_folder(open_folder)
    with another_account(), pytest.raises(BadInput, match=r"The file key\.pem cannot be read"):
        list(read_blocks(open_folder, entry))


def test_a_listing_that_nobody_wants_any_more_ends(make_folder: MakeFolder) -> None:
    with pytest.raises(Cancelled):
        list_folder(make_folder("a/b"), is_wanted=lambda: False)


def test_a_file_is_given_in_blocks_and_an_empty_one_in_none(make_folder: MakeFolder) -> None:
    top = make_folder("empty", large="x" * 700_000)
    (top / "empty").write_text("")
    empty, large = list_folder(top)
    assert list(read_blocks(top, empty)) == []
    assert [len(each) for each in read_blocks(top, large)] == [262144, 262144, 175712]


@pytest.mark.parametrize("change", ["vanishes", "grows", "is replaced", "is rewritten"])
def test_a_file_that_changes_between_listing_and_reading_is_found_out(change: str, make_folder: MakeFolder) -> None:
    top = make_folder("file")
    (entry,) = list_folder(top)
    match change:
        case "vanishes":
            (top / "file").unlink()
        case "grows":
            (top / "file").write_text("file and more")
        case "is replaced":
            (top / "new").write_text("file")
            (top / "new").replace(top / "file")
        case _:
            (top / "file").write_text("elif")
    with pytest.raises(SourceChanged, match="file"):
        list(read_blocks(top, entry))


def test_a_file_that_changes_while_it_is_read_is_found_out(make_folder: MakeFolder) -> None:
    top = make_folder(file="x" * 600_000)
    (entry,) = list_folder(top)
    blocks = read_blocks(top, entry)
    next(blocks)
    with (top / "file").open("r+") as file:
        file.write("y")
    with pytest.raises(SourceChanged):
        list(blocks)


def test_a_file_that_became_a_link_is_not_followed(make_folder: MakeFolder) -> None:
    top = make_folder("file")
    (entry,) = list_folder(top)
    (top / "file").unlink()
    (top / "file").symlink_to("/etc/hostname")
    with pytest.raises((BadInput, SourceChanged), match="file"):
        list(read_blocks(top, entry))
