from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget

from godploy_desktop.ui.theme import ThemeChoice, theme, tokens
from godploy_desktop.ui.widgets import (
    Banner,
    Button,
    ButtonKind,
    Cell,
    ChartSeries,
    CheckBox,
    Chip,
    Choice,
    ChoiceTiles,
    Column,
    CopyField,
    Disclosure,
    EmptyState,
    ErrorPanel,
    LineChart,
    Meter,
    PasswordField,
    PathField,
    Pill,
    PropertyList,
    Row,
    RowColumn,
    RowsField,
    SecretField,
    Section,
    Select,
    SelectBox,
    StatCard,
    StepLine,
    StepList,
    StepMark,
    Switch,
    SwitchField,
    Table,
    Tabs,
    TextField,
    column,
    row,
)
from godploy_desktop.ui.widgets.log_view import LogView
from godploy_server.contract import Problem

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def gallery() -> QWidget:
    """One of everything, with fixed values."""
    stat = StatCard("Requests", "accent")
    stat.set_value("18.4k", "/min", "+6.1%", "ok")
    stat.set_series([3, 5, 4, 6, 8, 7, 9])
    chart = LineChart(name="CPU", height=150)
    chart.set_series([ChartSeries("web", "accent", [(NOW + timedelta(seconds=i * 20), i % 7) for i in range(60)])])
    steps = StepList()
    steps.set_steps(
        [
            StepLine("Fetch", StepMark.DONE, 1.2, "f3a91c2 Cache product grid"),
            StepLine("Build", StepMark.FAILED, 31.0, "the Dockerfile ends with exit code 1"),
            StepLine("Start", StepMark.SKIPPED),
            StepLine("Probe"),
        ]
    )
    table = Table([Column("Deployment", stretch=2), Column("State", 120), Column("Took", 70, align_right=True)])
    table.set_rows(
        [
            Row("1", (Cell("#12", sub="Retry webhooks"), Cell("Succeeded", "ok", pill=True), Cell("41 s", "text3"))),
            Row("2", (Cell("#11", sub="Nightly export"), Cell("Failed", "err", pill=True), Cell("12 s", "text3"))),
        ]
    )
    meter = Meter()
    meter.set_fraction(0.86)
    facts = PropertyList()
    facts.set("docker", "Docker", "26.1.5")
    facts.set("address", "Address", "10.0.4.12", mono=True)
    wrong = TextField("Name", "Shop", check=lambda _value: None)
    wrong.set_error("A name has lower-case letters, digits and dashes")
    banner = Banner("warn")
    log = LogView()
    log.append(
        b"".join(b"\x1b[90m20:32:%02d\x1b[0m \x1b[32mINFO\x1b[0m GET /items/%d 200\n" % (i, i) for i in range(60))
    )
    section = Section("Settings", "What the service is made from", Button("Save", kind=ButtonKind.PRIMARY))
    for part in (TextField("Branch", "main"), wrong, PasswordField("Token"), Select("Builder", {"d": "Dockerfile"})):
        section.body.addWidget(part)
    section.body.addLayout(row(Switch("Follow", on=True), CheckBox("Purge", checked=True), None))
    buttons = [Button(kind.value.title(), "rocket", kind) for kind in ButtonKind]
    left = column(
        row(*buttons, None), row(Pill("Healthy"), Pill("Failed", "err"), Chip("Warn", "warn", "312"), None), stat, meter
    )
    for part in (section, facts, CopyField("ssh-ed25519 AAAA", label="Deploy key"), SelectBox({"a": "A"})):
        left.addWidget(part)
    tiles = ChoiceTiles((Choice("git", "git-branch", "Git"), Choice("image", "box", "Image")), "What to run")
    ports = RowsField(
        "Ports",
        (RowColumn("port", "Port"), RowColumn("on", "On", width=60, is_check=True)),
        name="gallery-ports",
        what="port",
    )
    ports.set_value("5432\tyes")
    secret = SecretField("Password", generate=lambda: "made up")
    fold = Disclosure("More", PathField("Folder", picks_folder=True))
    fold.set_open(True)
    for part in (tiles, ports, secret, SwitchField("Public", on=True), fold):
        left.addWidget(part)
    left.addStretch(1)
    problem = Problem("port-taken", "Port 80 is already in use", "nginx listens on it", "Stop nginx")
    right = column(Tabs({"a": "Overview", "b": "Logs"}), banner, chart, steps, table, ErrorPanel(problem))
    right.addWidget(EmptyState("inbox", "No projects yet", "A project groups services.", Button("New project", "plus")))
    right.addWidget(log, 1)
    page = QWidget()
    layout = row(spacing=24, margins=(24, 24, 24, 24), parent=page)
    layout.addLayout(left, 1)
    layout.addLayout(right, 1)
    banner.show_message("Connection lost; reconnecting", "Connect", lambda: None, detail="seen 4 s ago")
    log.flush()
    return page


@pytest.mark.parametrize("choice", [ThemeChoice.DARK, ThemeChoice.LIGHT])
def test_every_widget_paints_in_both_themes_and_the_same_every_time(choice, shown, qtbot, tmp_path: Path):
    theme().set_choice(choice)
    pictures = []
    for _ in range(2):
        page = shown(gallery(), 1240, 1240)
        qtbot.wait(400)  # until the figures of the log's toolbar are in
        pictures.append(page.grab())
        page.hide()
    file = tmp_path / f"gallery-{choice.value}.png"
    assert pictures[0].save(str(file))
    image = pictures[0].toImage()
    assert image.pixelColor(4, 4).name() == tokens().bg
    assert image == pictures[1].toImage()


def test_a_theme_changed_while_shown_leaves_no_colour_of_the_other(shown, qtbot):
    page = shown(gallery(), 1240, 1240)
    qtbot.wait(400)
    theme().set_choice(ThemeChoice.LIGHT)
    qtbot.wait(50)
    changed = page.grab().toImage()
    page.hide()
    fresh = shown(gallery(), 1240, 1240)
    qtbot.wait(400)
    assert changed == fresh.grab().toImage()
