"""Folders and archives on the command line: the options, and how their sending is shown."""

import argparse
import io
import json

import pytest

from godploy_desktop.cli import parser_of
from godploy_desktop.commands import deploy
from godploy_desktop.commands.output import Output
from godploy_desktop.commands.registry import find
from godploy_desktop.commands.service_settings import changed_settings, new_settings
from godploy_desktop.core.sources import this_computer
from godploy_desktop.core.tasks import TaskStep, TaskStepState
from godploy_server.contract import (
    ArchiveSource,
    BadInput,
    FolderSource,
    GitSource,
    ImageSource,
    NotFound,
    ServiceSettings,
)

RUNNING = TaskStep("send", "Send what the server lacks", TaskStepState.RUNNING, "1.0 MB of 4.0 MB")


def parsed(*words):
    return parser_of(find("service")).parse_args([*words])


def changed(source, *words):
    return changed_settings(ServiceSettings(source), parsed("change", "a/b", *words)).source


def test_a_folder_is_named_with_its_whole_path_and_this_computer(tmp_path, monkeypatch):
    (tmp_path / "shop/web").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    made = new_settings(parsed("create", "a/b", "--folder", "shop", "--root", "web")).source
    assert made == FolderSource(str(tmp_path / "shop"), this_computer(), "web")
    with pytest.raises(NotFound):
        new_settings(parsed("create", "a/b", "--folder", "shop/none"))


def test_an_archive_is_known_by_its_name(tmp_path):
    (tmp_path / "shop.zip").write_text("")
    made = new_settings(parsed("create", "a/b", "--archive", str(tmp_path / "shop.zip"))).source
    assert made == ArchiveSource("shop.zip")


def test_a_source_may_be_exchanged_for_a_folder_and_back(tmp_path):
    before = GitSource("https://hub.test/shop.git", "live", root="web")
    folder = changed(before, "--folder", str(tmp_path))
    assert folder == FolderSource(str(tmp_path), this_computer())
    (tmp_path / "web").mkdir()
    assert changed(folder, "--root", "web").root == "web"
    assert changed(folder, "--git", "https://hub.test/x.git") == GitSource("https://hub.test/x.git")


@pytest.mark.parametrize(
    "words", [("--folder", "/", "--image", "nginx"), ("--folder", "/", "--branch", "main"), ("--folder", "/", "--lfs")]
)
def test_what_does_not_fit_a_folder_is_refused(words):
    with pytest.raises(BadInput):
        new_settings(parsed("create", "a/b", *words))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (GitSource("https://hub.test/x.git"), ("--last-upload",)),
        (GitSource("https://hub.test/x.git"), ("--archive", "x.zip")),
        (FolderSource("/x", "here"), ("--archive", "x.zip")),
        (FolderSource("/x", "here"), ("--commit", "abc")),
        (ArchiveSource("x.zip"), ("--last-upload",)),
        (ImageSource("nginx"), ("--last-upload",)),
    ],
)
def test_a_deployment_takes_no_option_of_another_source(source, words):
    given = parser_of(find("deploy")).parse_args(["a/b", *words])
    service = argparse.Namespace(name="b", settings=ServiceSettings(source))
    with pytest.raises(BadInput, match=words[0]):
        deploy._check(given, service)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_one_line_of_a_terminal_that_the_next_words_take_away():
    stdout, stderr = io.StringIO(), Terminal()
    out = Output(as_json=False, stdout=stdout, stderr=stderr)
    out.progress(RUNNING, 0.25)
    out.progress(RUNNING, 0.5)
    out.note("done")
    first, second, rest = stderr.getvalue().split("\r\x1b[2K")
    assert first == "Send what the server lacks:  25%  1.0 MB of 4.0 MB"
    assert "50%" in second
    assert rest == "done\n"
    assert stdout.getvalue() == ""


def test_progress_is_an_event_now_and_then_with_json_and_nothing_in_a_log_file():
    stdout, stderr = io.StringIO(), io.StringIO()
    out = Output(as_json=True, stdout=stdout, stderr=stderr)
    for _ in range(50):
        out.progress(RUNNING, 0.25)
    (event,) = [json.loads(line) for line in stdout.getvalue().splitlines()]
    assert event == {"event": "progress", "step": "send", "fraction": 0.25, "detail": "1.0 MB of 4.0 MB"}
    stdout = io.StringIO()
    Output(as_json=False, stdout=stdout, stderr=stderr).progress(RUNNING, 0.25)
    assert (stdout.getvalue(), stderr.getvalue()) == ("", "")
