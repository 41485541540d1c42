import threading
from datetime import UTC, datetime
from itertools import pairwise

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.widgets import FilterField
from godploy_desktop.ui.widgets.log_view import LogView, line_bytes
from godploy_desktop.ui.widgets.log_view.scan import Level
from godploy_server.contract import LogLine


def lines(start: int, end: int) -> bytes:
    return b"".join(
        b"\x1b[90m%05d\x1b[0m \x1b[31m%s\x1b[0m message %d\n" % (each, b"ERROR" if each % 10 == 0 else b"INFO", each)
        for each in range(start, end)
    )


def view_with(shown, count: int, width: int = 900, height: int = 400) -> LogView:
    view = shown(LogView(), width, height)
    view.append(lines(0, count))
    view.flush()
    return view


def last_seen(view: LogView) -> str:
    return view.area.visible_text()[-1]


def test_the_newest_line_stays_in_sight_until_a_person_scrolls_up(shown, qapp, qtbot):
    view = view_with(shown, 500)
    assert last_seen(view).endswith("message 499")
    view.area.verticalScrollBar().setValue(100)
    top = view.area.visible_text()[0]
    view.append(lines(500, 900))
    view.flush()
    assert view.area.visible_text()[0] == top
    assert view.toolbar.pill.content == "Paused"
    qtbot.keyClick(view.area, Qt.Key.Key_End)
    assert last_seen(view).endswith("message 899")
    assert view.toolbar.pill.content == "Live"


def test_pause_holds_still_while_lines_go_on_coming(shown, qtbot):
    view = view_with(shown, 500)
    qtbot.mouseClick(view.toolbar.pause, Qt.MouseButton.LeftButton)
    held = view.area.visible_text()
    view.append(lines(500, 600))
    view.flush()
    assert view.area.visible_text()[: len(held)] == held
    qtbot.mouseClick(view.toolbar.pause, Qt.MouseButton.LeftButton)
    assert last_seen(view).endswith("message 599")


def test_what_is_read_does_not_move_while_old_lines_go(shown):
    view = shown(LogView(max_lines=6_000), 900, 400)
    view.append(lines(0, 9_000))
    view.flush()
    view.area.verticalScrollBar().setValue(len(view.store) - 500)
    top = view.area.visible_text()[0]
    view.append(lines(9_000, 9_000 + 9_000))
    view.append(b"")
    first = view.store.first
    view.flush()
    if int(top[:5]) >= view.store.first:
        assert view.area.visible_text()[0] == top
    else:
        assert view.area.verticalScrollBar().value() == 0
    assert view.store.first > first


def test_bytes_may_come_from_many_threads_at_once_and_none_is_lost(shown, qtbot):
    view = shown(LogView(), 900, 400)

    def produce() -> None:
        for start in range(0, 5_000, 50):
            view.append(lines(start, start + 50))

    producers = [threading.Thread(target=produce) for _ in range(4)]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    qtbot.waitUntil(lambda: len(view.store) == 20_000)


def test_no_timer_runs_while_nothing_comes(shown, qtbot):
    view = view_with(shown, 10)
    qtbot.waitUntil(lambda: not view._feed._timer.isActive() and not view._scan_timer.isActive())
    view.append(lines(10, 20))
    qtbot.waitUntil(lambda: len(view.store) == 20)


def test_a_filter_hides_other_lines_and_follows_new_ones(shown, qtbot):
    view = view_with(shown, 1000)
    view.toolbar.field.setText("message 99")
    qtbot.waitUntil(lambda: len(view.area.rows) == 11)
    assert [text.split()[-1] for text in view.area.visible_text()] == ["99", *map(str, range(990, 1000))]
    view.append(b"INFO message 99 again\n")
    view.flush()
    assert last_seen(view) == "INFO message 99 again"
    qtbot.keyClick(view.toolbar.field, Qt.Key.Key_Escape)
    assert len(view.area.rows) == 1001


def test_a_level_shows_its_lines_only_and_is_counted(shown, qtbot):
    view = view_with(shown, 1000)
    view.toolbar.set_level(Level.ERROR)
    qtbot.waitUntil(lambda: len(view.area.rows) == 100)
    assert all("ERROR" in text for text in view.area.visible_text())
    qtbot.waitUntil(lambda: view.toolbar.levels[Level.ERROR]._count == "100")


def test_a_search_marks_steps_and_goes_round(shown, qtbot):
    view = view_with(shown, 2000)
    view.toolbar.set_hides_others(False)
    view.toolbar.field.setText("message 19")
    qtbot.waitUntil(lambda: "111 lines" in view.toolbar.found.text(), timeout=20_000)
    assert len(view.area.rows) == 2000
    view.area.show_line(19)
    view.step(1)
    assert view.area.current_line == 190
    view.step(-1)
    assert view.area.current_line == 19
    view.step(-1)
    assert view.area.current_line == 1999
    assert any(text.endswith("message 1999") for text in view.area.visible_text())


def test_a_wrong_expression_is_said_and_changes_nothing(shown, qtbot):
    view = view_with(shown, 100)
    view.toolbar.set_regex(True)
    view.toolbar.field.setText("message (")
    assert view.toolbar.field.property("invalid") is True
    assert len(view.area.rows) == 100
    view.toolbar.field.setText(r"message (1|2)$")
    qtbot.waitUntil(lambda: len(view.area.rows) == 2)
    assert view.toolbar.field.property("invalid") is False


def test_wrapped_lines_are_seen_whole_and_the_end_stays_at_the_bottom(shown):
    view = shown(LogView(), 760, 400)
    view.append(lines(0, 200) + b"start " + b"word " * 100 + b"finish\n")
    view.flush()
    assert not last_seen(view).startswith("word")
    view.area.set_wraps(True)
    assert last_seen(view).endswith("finish")
    assert "start word" in "".join(view.area.visible_text())
    view.area.verticalScrollBar().setValue(0)
    assert view.area.visible_text()[0].endswith("message 0")


def test_a_selection_is_copied_as_it_reads(shown, qtbot, qapp):
    view = view_with(shown, 5)
    area = view.area
    row = area._row
    qtbot.mousePress(area.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(16 + int(area._cell * 6), 4 + row // 2))
    qtbot.mouseMove(area.viewport(), QPoint(16 + int(area._cell * 5), 4 + row + row // 2))
    area._extend_to(QPoint(16 + int(area._cell * 5), 4 + row + row // 2))
    qtbot.mouseRelease(area.viewport(), Qt.MouseButton.LeftButton)
    qtbot.keyClick(area, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert qapp.clipboard().text() == "ERROR message 0\n00001"
    qtbot.keyClick(area, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    area.copy()
    assert qapp.clipboard().text().splitlines()[-1] == "00004 INFO message 4"


def test_copying_a_filtered_selection_takes_what_is_shown(shown, qtbot, qapp):
    view = view_with(shown, 100)
    view.toolbar.set_level(Level.ERROR)
    qtbot.waitUntil(lambda: len(view.area.rows) == 10)
    view.area.select_all()
    view.area.copy()
    assert len(qapp.clipboard().text().splitlines()) == 10


def test_saving_writes_every_line_without_colours(shown, tmp_path, qtbot):
    view = view_with(shown, 6000)
    with qtbot.waitSignal(view.saved):
        view.save(tmp_path / "service.log")
    content = (tmp_path / "service.log").read_bytes()
    assert content.count(b"\n") == 6000
    assert b"\x1b" not in content
    assert content.startswith(b"00000 ERROR message 0\n")


def test_a_file_that_cannot_be_written_is_a_problem_not_an_exception(shown, tmp_path, qtbot):
    view = view_with(shown, 1)
    with qtbot.waitSignal(view.failed) as told:
        view.save(tmp_path / "no such folder" / "service.log")
    assert "could not be saved" in told.args[0].what


def test_a_wide_line_that_comes_can_be_scrolled_to_its_end(shown, qtbot):
    view = view_with(shown, 100)
    qtbot.waitUntil(lambda: view.area.paint_count > 0)
    assert view.area.horizontalScrollBar().maximum() == 0
    view.append(b"x" * 400 + b"\n")
    qtbot.waitUntil(lambda: view.area.horizontalScrollBar().maximum() > 0)


def test_what_came_while_a_picture_was_being_painted_is_seen_too(shown, qtbot):
    view = view_with(shown, 500)
    for start in range(500, 1500, 100):
        view.append(lines(start, start + 100))
        view.flush()
        view.area._paint_on()  # one turn of a picture that is not whole yet
    painted = view.area.paint_count
    qtbot.waitUntil(lambda: view.area.paint_count >= painted + 2)
    content = view.area.viewport().grab().toImage()
    view.area._repaint()
    assert view.area.viewport().grab().toImage() == content


def test_a_flood_is_taken_in_parts_and_none_of_it_is_lost(shown, qapp, qtbot):
    view = shown(LogView(), 900, 400)
    piece = lines(0, 1_000)
    for _ in range(200):
        view.append(piece)
    qapp.processEvents()
    assert 0 < view.store.end < 200_000
    qtbot.waitUntil(lambda: view.store.end == 200_000)
    qtbot.waitUntil(lambda: last_seen(view).endswith("message 999"))


def test_only_what_is_seen_is_parsed(shown):
    view = view_with(shown, 50_000)
    assert len(view.area._lines) < 200


def test_an_ended_log_shows_its_last_partial_line_and_says_how_it_ended(shown):
    view = view_with(shown, 3)
    view.append(b"killed here")
    view.end("Failed", "err")
    assert last_seen(view) == "killed here"
    assert view.toolbar.pill.content == "Failed"
    view.clear()
    assert view.area.visible_text() == []
    assert view.toolbar.pill.content == "Live"


def test_a_view_that_was_hidden_shows_what_came_meanwhile(shown, qtbot):
    view = view_with(shown, 10)
    view.hide()
    view.append(lines(10, 400))
    view.flush()
    view.show()
    assert last_seen(view).endswith("message 399")


def test_ctrl_f_goes_to_the_field(shown, qtbot):
    view = view_with(shown, 10)
    view.activateWindow()
    view.area.setFocus()
    qtbot.keyClick(view.area, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert isinstance(view.focusWidget(), FilterField)


def test_a_service_line_keeps_its_own_colours_and_tells_stderr_apart():
    line = LogLine(datetime(2026, 11, 1, 12, 0, tzinfo=UTC), "r3-1", "stderr", "\x1b[32mok\x1b[0m")
    made = line_bytes(line)
    assert b"r3-1" in made
    assert b"\x1b[32mok\x1b[0m\n" in made
    assert "┃".encode() in made
    assert "┃".encode() not in line_bytes(LogLine(line.at, "r3-1", "stdout", "ok"))


def test_a_narrow_toolbar_leaves_out_what_does_not_fit_and_takes_it_back(shown):
    view = view_with(shown, 50, 1100)
    bar = view.toolbar
    for width in (1100, 700, 560, 430, 320, 1100):
        view.resize(width, 400)
        view.toolbar.layout().activate()
        seen = [each for each in bar.findChildren(QWidget) if each.parent() is bar and each.isVisible()]
        seen.sort(key=lambda each: each.x())
        assert all(one.geometry().right() < two.x() for one, two in pairwise(seen)), width
        assert seen[-1].geometry().right() <= bar.width()
        assert width == 700 or bar.levels[Level.ERROR].isVisible() is (width == 1100)
        assert bar.field.isVisible() is (width > 500)


def test_a_search_shows_the_field_of_a_narrow_toolbar(shown):
    view = view_with(shown, 50, 400)
    assert not view.toolbar.field.isVisible()
    view.begin_search()
    assert view.toolbar.field.isVisible()
