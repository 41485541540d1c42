import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_desktop.ui.widgets.log_view.ansi import Ink, plain_text, spans_of, strip_escapes
from godploy_desktop.ui.widgets.log_view.pages import PAGE_BYTES, Cursor, PageStore
from godploy_desktop.ui.widgets.log_view.rows import Rows
from godploy_desktop.ui.widgets.log_view.scan import Level, LevelCounts, Question, Scan
from godploy_desktop.ui.widgets.log_view.selection import Place, Selection
from godploy_desktop.ui.widgets.log_view.toolbar import short_count
from godploy_server.contract import BadInput


def filled(lines: int, **limits: int) -> PageStore:
    store = PageStore(**limits)
    for index in range(lines):
        store.append(f"line {index} {'x' * 90}\n".encode())
    return store


@given(st.lists(st.binary(max_size=40), max_size=30), st.randoms(use_true_random=False))
def test_lines_come_out_as_they_went_in_however_they_were_cut(lines: list[bytes], chance: random.Random):
    lines = [line.replace(b"\n", b"") for line in lines]
    content = b"".join(line + b"\n" for line in lines)
    store = PageStore()
    at = 0
    while at < len(content):
        step = chance.randint(1, 12)
        store.append(content[at : at + step])
        at += step
    assert [store.line(number) for number in range(store.first, store.end)] == lines


def test_lines_are_found_across_pages_and_in_the_tail():
    store = filled(PAGE_BYTES // 100 * 3)
    for number in (0, 1, 2621, 2622, 5000, store.end - 201, store.end - 200, store.end - 199, store.end - 1):
        assert store.line(number).startswith(b"line %d " % number)
    with pytest.raises(IndexError):
        store.line(store.end)


def test_a_line_counts_once_its_newline_has_come():
    store = PageStore()
    store.append(b"half")
    assert len(store) == 0
    store.append(b" whole\n")
    store.append(b"rest")
    store.finish_line()
    assert [store.line(number) for number in range(len(store))] == [b"half whole", b"rest"]


def test_old_lines_go_but_keep_their_numbers():
    store = filled(30_000, max_lines=10_000)
    assert 10_000 <= len(store) < 10_000 + 2 * PAGE_BYTES // 90
    assert store.first > 0
    assert store.line(store.first).startswith(b"line %d " % store.first)
    assert store.end == 30_000


def test_memory_is_bounded_by_bytes_too():
    store = filled(30_000, max_bytes=1_000_000)
    assert store.size_bytes <= 1_000_000 + PAGE_BYTES * 2


def test_clearing_goes_on_counting():
    store = filled(100)
    store.clear()
    assert (len(store), store.first) == (0, 100)
    store.append(b"new\n")
    assert store.line(100) == b"new"


def read_all(store: PageStore, cursor: Cursor, most_bytes: int) -> list[bytes]:
    lines: list[bytes] = []
    while (chunk := store.read(cursor, most_bytes)) is not None:
        read = chunk.content.splitlines()
        assert len(read) == chunk.lines
        lines += read
    return lines


@pytest.mark.parametrize("most_bytes", [10, 1000, 48 * 1024, 10_000_000])
def test_a_cursor_reads_every_line_once_while_pages_are_sealed_and_let_go(most_bytes):
    store = filled(3_000, max_lines=6_000)
    cursor = Cursor()
    read = read_all(store, cursor, most_bytes)
    for index in range(3_000, 5_000):
        store.append(f"line {index} {'x' * 90}\n".encode())
    read += read_all(store, cursor, most_bytes)
    assert [int(line.split()[1]) for line in read] == list(range(5_000))
    for index in range(5_000, 40_000):
        store.append(f"line {index} {'x' * 90}\n".encode())
    late = [int(line.split()[1]) for line in read_all(store, cursor, most_bytes)]
    assert late == list(range(store.first, 40_000))


def test_colours_become_inks_and_the_text_stays():
    line = b"\x1b[90m12:00\x1b[0m \x1b[1;31mERROR\x1b[22;39m x \x1b[38;5;208mo\x1b[48;2;1;2;3mt\x1b[m e\x1b[Knd"
    assert plain_text(line) == "12:00 ERROR x ot end"
    inks = {span.content: span.ink for span in spans_of(line)}
    assert inks["12:00"] == Ink(colour="bright-black")
    assert inks["ERROR"] == Ink(colour="red", bold=True)
    assert inks[" x "] == Ink()
    assert inks["o"] == Ink(colour="#ff8700")
    assert inks["t"] == Ink(colour="#ff8700", ground="#010203")


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        (b"progress 10%\rprogress 99%\r", "progress 99%"),
        (b"a\tb", "a       b"),
        (b"bell\x07 and null\x00", "bell and null"),
        (b"\x1b]0;title\x07text", "text"),
        (b"\xff\xfe broken", "\ufffd\ufffd broken"),
        (b"cut \x1b[3", "cut [3"),
        ("ünïcödé 日本".encode(), "ünïcödé 日本"),
    ],
)
def test_what_a_terminal_would_not_show_is_not_shown(line, seen):
    assert plain_text(line) == seen


@given(st.binary(max_size=200))
def test_any_bytes_can_be_shown(line: bytes):
    content = plain_text(line.replace(b"\n", b""))
    assert "\x1b" not in content
    strip_escapes(line)


def found(store: PageStore, question: Question) -> list[int]:
    scan = Scan(store, question)
    while not scan.is_done:
        scan.advance(0.001)
    return list(scan.lines)


def test_text_in_lower_case_matches_either_case_and_other_text_exactly():
    store = PageStore()
    store.append(b"GET /items 200\nget /cart 500\nPOST /items 500\n")
    assert found(store, Question("get")) == [0, 1]
    assert found(store, Question("GET")) == [0]
    assert found(store, Question(" 500")) == [1, 2]
    assert found(store, Question(".")) == []
    assert found(store, Question(r"items \d+$", is_regex=True)) == [0, 2]
    assert found(store, Question("^post", is_regex=True)) == [2]


def test_an_expression_that_cannot_be_used_says_why():
    with pytest.raises(BadInput) as raised:
        Scan(PageStore(), Question("(", is_regex=True))
    assert "unterminated" in raised.value.problem.why


def test_levels_are_found_and_combine_with_text():
    store = PageStore()
    store.append(b'INFO up\n{"level":"error","msg":"db"}\nERROR db gone\nlevel=warn slow db\nERROR disk\n')
    assert found(store, Question(level=Level.ERROR)) == [1, 2, 4]
    assert found(store, Question("db", level=Level.ERROR)) == [1, 2]
    counts = LevelCounts(store)
    counts.advance(1)
    assert counts.counts == {Level.WARN: 1, Level.ERROR: 3}


def test_a_scan_goes_on_where_it_stopped_and_forgets_lines_that_are_gone():
    store = filled(5_000, max_lines=6_000)
    scan = Scan(store, Question("line"))
    scan.advance(10)
    assert len(scan.lines) == 5_000
    for index in range(5_000, 20_000):
        store.append(f"line {index} {'x' * 90}\n".encode())
    scan.advance(10)
    gone = scan.drop_before(store.first)
    assert gone > 0
    assert scan.lines[0] == store.first
    assert scan.lines[-1] == store.end - 1


def test_rows_move_up_as_old_lines_go():
    store = filled(6_000, max_lines=6_000)
    rows = Rows(store)
    before = rows.number(0)
    for _ in range(9_000):
        store.append(b"y" * 99 + b"\n")
    gone = rows.take_away_gone()
    assert gone == store.first - before
    assert rows.take_away_gone() == 0
    assert rows.row_of(rows.number(7)) == 7


def test_a_selection_has_two_ends_whichever_way_it_was_made():
    selection = Selection()
    selection.begin(Place(5, 3))
    assert selection.is_empty
    selection.extend(Place(2, 7))
    assert selection.bounds == (Place(2, 7), Place(5, 3))
    assert selection.columns_in(2) == (7, None)
    assert selection.columns_in(3) == (0, None)
    assert selection.columns_in(5) == (0, 3)
    selection.select_word(Place(1, 6), "GET /v1/items 200")
    assert selection.bounds == (Place(1, 4), Place(1, 13))


@pytest.mark.parametrize(("count", "said"), [(999, "999"), (1000, "1.0k"), (48_200, "48.2k"), (1_200_000, "1.2M")])
def test_counts_are_short(count, said):
    assert short_count(count) == said


def test_searching_leaves_no_thread():
    before = threading.active_count()
    found(filled(1000), Question("line 9"))
    assert threading.active_count() == before
