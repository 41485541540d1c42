import asyncio
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.core.tasks import Progress, TaskState
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.remote.ssh.questions import HostKeyDecision, HostKeyQuestion
from godploy_desktop.ui.models.route import Crumb, Route
from godploy_desktop.ui.shell.command_palette import CommandPalette
from godploy_desktop.ui.shell.main_window import MainWindow
from godploy_desktop.ui.shell.overlay import Overlay
from godploy_desktop.ui.shell.questions import DialogQuestions, HostKeyDialog, SecretsDialog
from godploy_desktop.ui.shell.task_dialog import ProblemDialog
from godploy_desktop.ui.theme import tokens
from godploy_desktop.ui.widgets import Button, ErrorPanel, IconButton, NavButton, open_dialog_of
from godploy_server.contract import BadInput, Problem
from tests.gui.conftest import named


class PlainPage(QWidget):
    crumbs_changed = Signal()

    def __init__(self, route: Route) -> None:
        super().__init__()
        self.route = route
        self.crumbs = (Crumb("Home", Route("dashboard")), Crumb(route.page.title()))
        self.disposed = 0
        self.stays = False
        self.tabs: list[str] = []

    def dispose(self) -> None:
        self.disposed += 1

    def may_leave(self, go_on: object) -> bool:
        return not self.stays

    def focus_first(self) -> None:
        self.setFocus()

    def show_route(self, route: Route) -> bool:
        self.tabs.append(route.tab)
        return True


PAGES = ("dashboard", "projects", "project", "servers", "server", "settings")


@pytest.fixture
def window(shown, workspace: Workspace) -> Iterator[MainWindow]:
    made = MainWindow(workspace, lambda _workspace, _shell: dict.fromkeys(PAGES, PlainPage))
    shown(made, 1200, 800)
    made.activateWindow()
    yield made
    made.dispose()


def page(window: MainWindow) -> PlainPage:
    assert isinstance(window.navigation.widget, PlainPage)
    return window.navigation.widget


def test_the_sidebar_offers_the_pages_that_exist_and_lights_the_one_shown(window, qtbot):
    assert [button.text() for button in window.sidebar.buttons.values()] == [
        "Dashboard",
        "Projects",
        "Servers",
        "Settings",
    ]
    qtbot.mouseClick(named(window, NavButton, "Servers"), Qt.MouseButton.LeftButton)
    assert page(window).route == Route("servers")
    assert window.sidebar.buttons["servers"].isChecked()
    assert not window.sidebar.buttons["dashboard"].isChecked()
    window.go(Route("server", 3))
    assert window.sidebar.buttons["servers"].isChecked()


def test_number_keys_lead_to_the_pages_in_order(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert page(window).route.page == "settings"
    assert window.windowTitle() == "Settings – Godploy"


def test_back_and_forward_show_pages_anew_and_dispose_of_those_before(window, qtbot):
    first = page(window)
    window.go(Route("servers"))
    assert first.disposed == 1
    qtbot.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert page(window).route.page == "dashboard"
    qtbot.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert page(window).route.page == "servers"


def test_another_tab_of_the_same_page_does_not_make_it_anew(window):
    window.go(Route("project", 1, "p"))
    shown_page = page(window)
    window.go(Route("project", 1, "p", tab="logs"))
    assert page(window) is shown_page
    assert shown_page.tabs == ["logs"]
    window.go(Route("project", 1, "other"))
    assert page(window) is not shown_page


def test_a_page_with_unsaved_changes_is_not_left(window):
    window.go(Route("settings"))
    page(window).stays = True
    window.go(Route("servers"))
    window.navigation.back()
    assert page(window).route.page == "settings"
    assert window.navigation.history.current == Route("settings")
    page(window).stays = False
    window.navigation.back()
    assert page(window).route.page == "dashboard"


def test_the_palette_finds_and_runs_by_keyboard_alone(window, qtbot, qapp):
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window.findChild(CommandPalette)
    assert window.focusWidget() is palette.field
    qtbot.keyClicks(palette.field, "serv")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert page(window).route.page == "servers"
    assert not window.is_covered


def test_the_palette_moves_around_its_ends_and_escape_closes_it(window, qtbot):
    before = window.focusWidget()
    window.open_palette()
    palette = window.findChild(CommandPalette)
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.results.accessibleDescription() == palette.results.actions_shown[-1].title
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.results.accessibleDescription() == palette.results.actions_shown[0].title
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not window.is_covered
    assert window.focusWidget() is before


def test_keys_of_the_window_rest_while_a_dialog_is_open(window, qtbot):
    window.show_problem(Problem("x", "It failed", "because", "Try again"))
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    window.open_palette()
    assert page(window).route.page == "dashboard"
    assert window.findChild(CommandPalette) is None
    open_dialog_of(window).cancel()


def test_the_theme_changes_with_one_press_and_is_remembered(window, qtbot, workspace):
    qtbot.mouseClick(named(window.header, IconButton, "Light theme"), Qt.MouseButton.LeftButton)
    assert not tokens().is_dark
    assert workspace.setting("theme") == "light"
    qtbot.mouseClick(named(window.header, IconButton, "Dark theme"), Qt.MouseButton.LeftButton)
    assert workspace.setting("theme") == "dark"


def test_the_window_comes_back_where_it_was(shown, workspace):
    def make() -> MainWindow:
        return MainWindow(workspace, lambda _workspace, _shell: dict.fromkeys(PAGES, PlainPage))

    first = shown(make(), 1111, 777)
    first.close()
    second = make()
    assert (second.width(), second.height()) == (1111, 777)
    for each in (first, second):
        each.dispose()
        each.deleteLater()


def test_a_geometry_that_cannot_be_read_is_passed_over(shown, workspace):
    workspace.set_setting("window", {"x": "left", "width": None})
    made = shown(MainWindow(workspace, lambda _workspace, _shell: dict.fromkeys(PAGES, PlainPage)), 1000, 700)
    made.dispose()


def test_notices_stack_and_the_oldest_gives_way(window, qtbot):
    for index in range(6):
        window.notify(f"Notice {index}")
    shown_now = window.notifications.shown
    assert [toast.accessibleName() for toast in shown_now] == [f"Notice {index}" for index in range(2, 6)]
    assert shown_now[0].y() < shown_now[-1].y()
    qtbot.mouseClick(named(shown_now[-1], IconButton, "Close"), Qt.MouseButton.LeftButton)
    assert len(window.notifications.shown) == 3


def test_a_coroutine_from_a_click_keeps_its_button_busy_and_shows_its_problem(window, run_async):
    button = Button("Deploy")
    button.setParent(window)
    states = []

    async def fails() -> None:
        states.append(button.isEnabled())
        raise BadInput("It cannot be", "the name is wrong", "Correct it")

    async def scenario() -> None:
        window.run(fails, button)
        await next_dialog(window)

    run_async(scenario)
    assert states == [False]
    assert button.isEnabled()
    dialog = open_dialog_of(window)
    assert isinstance(dialog, ProblemDialog)
    assert dialog.findChild(ErrorPanel).problem.what == "It cannot be"
    dialog.cancel()


def test_an_exception_nobody_foresaw_is_shown_too(window, run_async, caplog):
    async def breaks() -> None:
        raise RuntimeError("surprise")

    async def scenario() -> None:
        window.run(breaks, doing="Deploying web")
        await next_dialog(window)

    run_async(scenario)
    dialog = open_dialog_of(window)
    assert dialog.findChild(ErrorPanel).problem.what == "Deploying web failed"
    dialog.cancel()


def run_task(window: MainWindow, work: Callable[[Progress], object]) -> None:
    window.workspace.tasks.run("Bootstrap fra-1", work)


def test_tasks_show_at_the_bell_with_progress_and_can_be_cancelled(window, run_async, qtbot):
    async def work(progress: Progress) -> None:
        progress.plan({"a": "Install Docker", "b": "Start the agent"})
        progress.begin("a")
        await asyncio.sleep(30)

    async def scenario() -> None:
        run_task(window, work)
        await until(lambda: window.header.tasks.accessibleName() == "Tasks, 1 running")
        qtbot.mouseClick(window.header.tasks, Qt.MouseButton.LeftButton)
        qtbot.mouseClick(named(window, IconButton, "Cancel Bootstrap fra-1"), Qt.MouseButton.LeftButton)
        await until(lambda: window.workspace.tasks.all[0].state is TaskState.CANCELLED)
        await until(lambda: window.header.tasks.accessibleName() == "Tasks")

    run_async(scenario)
    window.findChild(Overlay).close_overlay()


def test_quitting_while_a_task_runs_asks_first(window, run_async):
    closings = []
    window.closing.connect(lambda: closings.append(1))

    async def scenario() -> None:
        run_task(window, lambda _progress: asyncio.sleep(30))
        await asyncio.sleep(0)
        window.close()
        assert window.isVisible()
        assert closings == []
        open_dialog_of(window).close_with(True)
        assert closings == [1]
        await window.workspace.tasks.cancel_all()

    run_async(scenario)


QUESTION = HostKeyQuestion("fra-1", "ssh-ed25519", "SHA256:new")
CHANGED = HostKeyQuestion("fra-1", "ssh-ed25519", "SHA256:new", ("SHA256:old",))


async def until(holds: Callable[[], object]) -> None:
    """Wait until `holds` is true; the test's own limit ends a wait in vain."""
    while not holds():  # noqa: ASYNC110  what is waited for is a widget, which sets no event
        await asyncio.sleep(0.01)


async def next_dialog(window: MainWindow) -> QWidget:
    await until(lambda: open_dialog_of(window) is not None)
    return open_dialog_of(window)


def answer_with(window: MainWindow, run_async, ask, press: Callable[[QWidget], None]) -> object:
    async def scenario() -> object:
        asked = asyncio.ensure_future(ask())
        press(await next_dialog(window))
        return await asked

    return run_async(scenario)


def test_a_first_host_key_is_trusted_with_one_press(window, run_async):
    questions = DialogQuestions()
    questions.use(window)
    decision = answer_with(
        window, run_async, lambda: questions.host_key("fra-1", QUESTION), lambda dialog: dialog.trust.click()
    )
    assert decision is HostKeyDecision.TRUST


def test_a_changed_host_key_is_not_trusted_with_one_press(window, run_async, qtbot):
    questions = DialogQuestions()
    questions.use(window)

    def press(dialog: QWidget) -> None:
        assert isinstance(dialog, HostKeyDialog)
        shown_words = [edit.text() for edit in dialog.findChildren(QLineEdit)]
        assert shown_words == ["SHA256:new", "SHA256:old"]
        dialog.trust.click()
        assert dialog.isVisible()
        qtbot.keyClick(dialog, Qt.Key.Key_Return)  # the safe answer is the one that Enter gives

    assert answer_with(window, run_async, lambda: questions.host_key("fra-1", CHANGED), press) is HostKeyDecision.REFUSE


def test_a_new_vault_needs_a_passphrase_of_some_length(window, run_async):
    questions = DialogQuestions()
    questions.use(window)

    def press(dialog: QWidget) -> None:
        assert isinstance(dialog, SecretsDialog)
        edit = dialog.findChild(QLineEdit)
        edit.setText("short")
        named(dialog, Button, "Use an encrypted file").click()
        assert dialog.isVisible()
        edit.setText("long enough")
        named(dialog, Button, "Use an encrypted file").click()

    assert answer_with(window, run_async, lambda: questions.vault_passphrase(True), press) == "long enough"


def test_two_servers_that_ask_at_once_are_answered_one_after_the_other(window, run_async):
    questions = DialogQuestions()
    questions.use(window)

    async def scenario() -> list[object]:
        asked = [asyncio.ensure_future(questions.password(name, f"root@{name}")) for name in ("a", "b")]
        for answer in ("first", "second"):
            dialog = await next_dialog(window)
            assert len([each for each in window.findChildren(SecretsDialog) if each.isVisible()]) == 1
            dialog.close_with([answer])
            await until(lambda: open_dialog_of(window) is not dialog)  # noqa: B023  asked in this round only
        return [await each for each in asked]

    assert run_async(scenario) == ["first", "second"]


def test_without_a_window_every_question_is_declined(run_async):
    questions = DialogQuestions()

    async def scenario() -> tuple[object, object]:
        return await questions.host_key("fra-1", QUESTION), await questions.password("fra-1", "root@fra-1")

    assert run_async(scenario) == (HostKeyDecision.REFUSE, None)
