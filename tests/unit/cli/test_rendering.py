from datetime import UTC, datetime, timedelta

import pytest

from godploy_desktop.commands import rendering
from godploy_desktop.commands.logs import without_escapes
from godploy_server.contract import ServiceState


def test_columns_are_aligned_by_what_is_seen():
    text = rendering.table(("NAME", "STATE"), [["web", "\x1b[32mrunning\x1b[0m"], ["日本", "x"], ["e\u0301te", "y"]])
    assert text.splitlines() == [
        "NAME  STATE",
        "web   \x1b[32mrunning\x1b[0m",
        "日本  x",
        "e\u0301te   y",
    ]


def test_empty_fields_are_left_out():
    assert rendering.fields([("a", "1"), ("long", ""), ("bb", "2")]) == "a   1\nbb  2"


def test_no_colour_means_no_codes():
    assert rendering.state(ServiceState.RUNNING, colour=False) == "running"
    assert rendering.state(ServiceState.RUNNING, colour=True) == "\x1b[32mrunning\x1b[0m"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (150 * 1024**2, "150 MiB"), (2**50, "1024 TiB")],
)
def test_sizes_are_short(count, text):
    assert rendering.bytes_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.23, "4.2 s"), (59, "59 s"), (60, "1 min"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (3 * 86400, "3 d")],
)
def test_durations_are_short(seconds, text):
    assert rendering.duration(timedelta(seconds=seconds)) == text


def test_how_long_ago():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert rendering.ago(now - timedelta(seconds=90), now) == "1 min 30 s ago"
    assert rendering.ago(now, now) == "now"
    assert rendering.ago(None) == ""


def test_nobodys_commit_message_moves_the_cursor():
    assert "\x1b" not in rendering.plain("fix\x1b[2J\r\nall")


def test_escape_sequences_do_not_reach_a_file():
    assert without_escapes("\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07 \x1b(B") == "red link "
