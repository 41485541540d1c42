from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.widgets import (
    Banner,
    Button,
    Card,
    CardGrid,
    Cell,
    ChartSeries,
    Column,
    ErrorPanel,
    Label,
    LineChart,
    Meter,
    NavButton,
    Pill,
    Row,
    Sparkline,
    Spinner,
    StatCard,
    StepLine,
    StepList,
    StepMark,
    Switch,
    Table,
    Tabs,
    column,
    duration_text,
)
from godploy_desktop.ui.widgets.charts import axis_steps
from godploy_server.contract import Problem
from tests.gui.conftest import named


def test_a_button_is_pressed_by_mouse_space_and_enter(shown, qtbot):
    presses = []
    button = shown(Button("Deploy", "rocket", on_click=lambda: presses.append(1)), 120, 40)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert len(presses) == 3


def test_a_busy_button_takes_no_second_press(shown, qtbot):
    presses = []
    button = shown(Button("Deploy", "rocket", on_click=lambda: presses.append(1)), 120, 40)
    button.set_busy(True)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    button.set_busy(False)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert len(presses) == 1


def test_the_keyboard_shows_where_it_is(shown, qtbot):
    page = QWidget()
    first, second = Button("One"), Button("Two")
    column(first, second, parent=page)
    shown(page, 200, 100)
    page.activateWindow()
    first.setFocus(Qt.FocusReason.TabFocusReason)
    with_ring = first.grab().toImage()
    second.setFocus(Qt.FocusReason.TabFocusReason)
    assert first.grab().toImage() != with_ring


def test_everything_that_can_be_pressed_has_a_name(shown):
    page = QWidget()
    column(
        Button("Deploy"), Button("", "bell", tip="Tasks"), NavButton("server", "Servers"), Switch("Follow"), parent=page
    )
    shown(page)
    assert [each.accessibleName() for each in page.findChildren(Button)] == ["Deploy", "Tasks"]
    assert named(page, NavButton, "Servers")
    assert named(page, Switch, "Follow")


def test_tabs_move_with_the_arrows_and_tell_which(shown, qtbot):
    tabs = shown(Tabs({"overview": "Overview", "logs": "Logs", "metrics": "Metrics"}), 400, 50)
    told = []
    tabs.changed.connect(told.append)
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    tabs.set_current("overview")
    assert told == ["logs", "metrics", "overview"]


def test_a_clickable_card_answers_to_mouse_and_keyboard_and_another_does_not(shown, qtbot):
    clickable, plain = Card(clickable=True, name="web"), Card()
    told = []
    clickable.clicked.connect(lambda: told.append("clickable"))
    plain.clicked.connect(lambda: told.append("plain"))
    page = QWidget()
    column(clickable, plain, parent=page)
    shown(page)
    for card in (clickable, plain):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    clickable.setFocus()
    qtbot.keyClick(clickable, Qt.Key.Key_Return)
    assert told == ["clickable", "clickable"]


def test_a_press_that_leaves_the_card_does_not_count(shown, qtbot):
    card = shown(Card(clickable=True), 100, 100)
    told = []
    card.clicked.connect(lambda: told.append(1))
    qtbot.mousePress(card, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    qtbot.mouseRelease(card, Qt.MouseButton.LeftButton, pos=QPoint(150, 50))
    assert told == []


def test_a_label_shows_markup_as_it_is_written(shown):
    label = shown(Label("<b>not bold</b> <img src=x>"), 300, 30)
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_an_eliding_label_does_not_widen_its_parent(shown):
    long = "a commit message " * 20
    assert Label(long, elide=True).minimumSizeHint().width() < 40
    assert Label(long).minimumSizeHint().width() > 400


def test_a_pill_says_its_state_in_words(shown):
    pill = shown(Pill("Healthy", "ok"))
    pill.set_state("Failed", "err")
    assert pill.accessibleName() == pill.content == "Failed"


def test_a_problem_is_shown_whole_can_be_copied_and_retried(shown, qtbot, qapp):
    retries = []
    problem = Problem("port-taken", "Port 80 is in use", "nginx listens on it", "Stop nginx")
    panel = shown(ErrorPanel(problem, on_retry=lambda: retries.append(1)))
    words = " ".join(label.text() for label in panel.findChildren(Label))
    assert "Port 80 is in use" in words
    assert "Nginx listens on it." in words
    assert "Stop nginx." in words
    qtbot.mouseClick(named(panel, Button, "Try again"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(named(panel, Button, "Copy"), Qt.MouseButton.LeftButton)
    assert retries == [1]
    assert qapp.clipboard().text().endswith("[port-taken]")


def test_a_banner_shows_says_and_offers(shown, qtbot):
    retries = []
    page = QWidget()
    banner = Banner("warn")
    column(banner, parent=page)
    shown(page)
    assert not banner.isVisible()
    banner.show_message("Connection lost", "Connect", lambda: retries.append(1), detail="seen 3 s ago")
    qtbot.mouseClick(named(banner, Button, "Connect"), Qt.MouseButton.LeftButton)
    assert retries == [1]
    assert banner.accessibleName() == "Connection lost seen 3 s ago"
    banner.clear()
    assert not banner.isVisible()


def test_steps_grow_with_their_details_and_turn_only_while_one_runs(shown, qtbot):
    steps = shown(StepList())
    steps.set_steps([StepLine("Fetch"), StepLine("Build")])
    low = steps.height()
    steps.set_steps(
        [
            StepLine("Fetch", StepMark.DONE, 1.2, "f3a91c2"),
            StepLine("Build", StepMark.RUNNING, running_since=datetime.now(UTC) - timedelta(seconds=3)),
        ]
    )
    assert steps.height() > low
    assert steps._timer.isActive()
    assert "Build: running" in steps.accessibleDescription()
    steps.set_steps([StepLine("Fetch", StepMark.DONE, 1.2), StepLine("Build", StepMark.FAILED, 3.0, "no Dockerfile")])
    assert not steps._timer.isActive()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.3, "12 s"), (59.6, "1 m 00 s"), (185, "3 m 05 s"), (7800, "2 h 10 m")],
)
def test_durations_read_as_a_person_says_them(seconds, said):
    assert duration_text(seconds) == said


def test_what_moves_rests_while_nobody_sees_it(shown):
    page = QWidget()
    spinner = Spinner()
    column(spinner, parent=page)
    shown(page)
    assert spinner._timer.isActive()
    page.hide()
    assert not spinner._timer.isActive()


def test_a_meter_warns_as_it_fills():
    meter = Meter()
    tones = []
    for fraction in (0.5, 0.85, 0.99):
        meter.set_fraction(fraction)
        tones.append(meter.tone)
    assert tones == ["accent", "warn", "err"]


def test_axis_steps_of_bytes_are_round_in_their_unit():
    assert axis_steps(2.8 * 1024**3, thousand=1024) == [0, 1024**3, 2 * 1024**3, 3 * 1024**3]
    assert axis_steps(700, thousand=1024) == [0, 200, 400, 600, 800]


@pytest.mark.parametrize("maximum", [0.0, 0.003, 0.9, 1.0, 7, 99, 100, 101, 5_000_000])
def test_axis_steps_are_round_reach_the_top_and_are_few(maximum):
    steps = axis_steps(maximum)
    assert steps[0] == 0
    assert steps[-1] >= maximum
    assert 2 <= len(steps) <= 6


def test_charts_paint_nothing_one_and_many_values(shown, qtbot):
    now = datetime.now(UTC)
    page = QWidget()
    line, spark, stat = LineChart(name="CPU"), Sparkline(), StatCard("Requests")
    column(line, spark, stat, parent=page)
    shown(page)
    for count in (0, 1, 2, 5000):
        values = [float(index % 7) for index in range(count)]
        line.set_series([ChartSeries("cpu", "accent", [(now + timedelta(seconds=i), v) for i, v in enumerate(values)])])
        spark.set_values(values)
        stat.set_series(values)
        qtbot.mouseMove(line, QPoint(200, 80))
        page.grab()
    assert line.accessibleDescription() == "cpu 1"


def rows(*keys: str) -> list[Row]:
    return [Row(key, (Cell(key, sub="sub"), Cell("Running", "ok", pill=True))) for key in keys]


def test_a_table_moves_activates_and_keeps_its_place_while_rows_come(shown, qtbot):
    table = shown(Table([Column("Name", stretch=1), Column("State", 100)], name="Deployments"))
    told = []
    table.activated.connect(told.append)
    table.set_rows(rows("a", "b", "c"))
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    table.set_rows(rows("new", "a", "b", "c"))
    qtbot.keyClick(table, Qt.Key.Key_Return)
    qtbot.mouseClick(table, Qt.MouseButton.LeftButton, pos=table.row_rect(3).center().toPoint())
    assert told == ["b", "c"]
    assert "Row 4 of 4: c" in table.accessibleDescription()


def test_a_table_leaves_out_columns_that_have_no_room(shown):
    table = shown(Table([Column("Name", stretch=1), Column("Author", 120, hidden_below=500)]), 600, 200)
    assert len(table._places()) == 2
    table.resize(400, 200)
    assert len(table._places()) == 1


def test_cards_stand_in_as_many_equal_columns_as_fit(shown):
    page = QWidget()
    grid = CardGrid(page, minimum_width=200, spacing=10)
    cards = [Card() for _ in range(5)]
    for card in cards:
        grid.addWidget(card)
    shown(page, 640, 400)
    assert grid.columns_in(640) == 3
    assert len({card.y() for card in cards[:3]}) == 1
    assert cards[3].y() > cards[0].y()
    assert max(card.width() for card in cards) - min(card.width() for card in cards) <= 1
    page.resize(300, 900)
    assert len({card.x() for card in cards}) == 1
