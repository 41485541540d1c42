"""A person at the real window: clicks and types as one would, on whatever Qt platform there is."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import qasync
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QPlainTextEdit, QWidget

from godploy_desktop.app import make_application, session, theme_choice
from godploy_desktop.core.workspace import Workspace
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.pages import page_factories
from godploy_desktop.ui.shell.collecting import collected_here
from godploy_desktop.ui.shell.main_window import MainWindow
from godploy_desktop.ui.shell.questions import DialogQuestions
from godploy_desktop.ui.theme import theme
from godploy_desktop.ui.widgets.select_box import SelectBox
from godploy_desktop.ui.widgets.table import Table
from tests.gui.qt_messages import leave_out_what_offscreen_cannot

T = TypeVar("T")


class NotSeen(AssertionError):
    """What the person looked for did not come into sight in time."""


class Person:
    """Acts on one main window. Every act happens between two turns of the event loop, as a real one does."""

    def __init__(self, window: MainWindow, *, pause_s: float = 0.0) -> None:
        self.window = window
        self.workspace = window.workspace
        self._pause_s = pause_s

    async def click(self, name: str, *, timeout_s: float = 20) -> None:
        """Click the widget of that object name once it is in sight and enabled."""
        widget = await self._usable(name, timeout_s)
        await self._act(lambda: QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=_middle(widget)))

    async def click_row(self, name: str, key: str, *, timeout_s: float = 20) -> None:
        """Click the row with that key of a table, once it is there."""
        table = await self._usable(name, timeout_s)
        assert isinstance(table, Table)

        def find() -> QPoint | None:
            found = [index for index, each in enumerate(table.rows) if each.key == key]
            return table.row_rect(found[0]).center().toPoint() if found else None

        where = await self.see(find, f"the row {key} of {name}", timeout_s)
        await self._act(lambda: QTest.mouseClick(table, Qt.MouseButton.LeftButton, pos=where))

    async def press(self, text: str, *, timeout_s: float = 20) -> None:
        """Click the button that shows this text."""

        def find() -> QWidget | None:
            found = [each for each in _visible(QAbstractButton) if each.text() == text and each.isEnabled()]
            return found[-1] if found else None

        button = await self.see(find, f"a button “{text}”", timeout_s)
        await self._act(lambda: QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=_middle(button)))

    async def type(self, name: str, text: str, *, timeout_s: float = 20) -> None:
        """Replace what stands in a field by typing."""
        widget = await self._usable(name, timeout_s)

        def do() -> None:
            QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=_middle(widget))
            if isinstance(widget, QPlainTextEdit):
                widget.selectAll()
                widget.insertPlainText(text)  # a paste: long values are not typed
                return
            assert isinstance(widget, QLineEdit)
            widget.selectAll()
            if not text:
                QTest.keyClick(widget, Qt.Key.Key_Delete)
            QTest.keyClicks(widget, text)

        await self._act(do)

    async def choose(self, name: str, value: str, *, timeout_s: float = 20) -> None:
        """Choose an entry of a list by its stored value, with the keyboard."""
        box = await self._usable(name, timeout_s)
        assert isinstance(box, SelectBox)
        await self._act(box.setFocus)
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            before = ""
            while box.value not in (value, before):
                before = box.value
                await self._act(lambda key=key: QTest.keyClick(box, key))
        assert box.value == value, f"{name} does not offer {value}"

    async def tick(self, name: str, is_checked: bool, *, timeout_s: float = 20) -> None:
        """Bring a check box into a state."""
        box = await self._usable(name, timeout_s)
        assert isinstance(box, QAbstractButton)
        if box.isChecked() != is_checked:
            await self._act(lambda: QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=QPoint(8, box.height() // 2)))
        assert box.isChecked() == is_checked

    async def see(self, question: Callable[[], T], what: str, timeout_s: float = 30) -> T:
        """Look until the answer is true; gives it back. Raises NotSeen with what is in sight instead."""
        give_up = time.monotonic() + timeout_s
        while not (answer := question()):
            if time.monotonic() > give_up:
                raise NotSeen(f"not seen within {timeout_s} s: {what}; in sight: {self.words()}")
            await asyncio.sleep(0.05)
        return answer

    async def see_text(self, text: str, timeout_s: float = 30) -> None:
        """Wait for a word anywhere in the window."""
        await self.see(lambda: text in self.words(), f"“{text}”", timeout_s)

    def words(self) -> str:
        """Everything that can be read now, as a screen reader would: texts and accessible names."""
        found = []
        for widget in _visible(QWidget):
            text = getattr(widget, "text", None)
            found += [text()] if isinstance(widget, (QLabel, QAbstractButton, QLineEdit)) and callable(text) else []
            found += [widget.accessibleName(), widget.accessibleDescription()]
        return " | ".join(dict.fromkeys(each for each in found if each))

    def shows(self, name: str) -> bool:
        """Whether a widget of that object name is in sight."""
        return _find(name) is not None

    async def go(self, route: Route) -> None:
        """Show a place."""
        await self._act(lambda: self.window.go(route))

    async def picture(self, path: Path) -> None:
        """Save a picture of the whole window."""
        path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.sleep(0.3)  # let what was asked for be painted
        assert self.window.grab().save(str(path)), f"{path} cannot be written"

    async def _usable(self, name: str, timeout_s: float) -> QWidget:
        def find() -> QWidget | None:
            widget = _find(name)
            return widget if widget is not None and widget.isEnabled() else None

        return await self.see(find, f"the widget {name}", timeout_s)

    async def _act(self, act: Callable[[], object]) -> None:
        """Run outside of every task: Qt may run a nested event loop, which must not happen inside one."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def run() -> None:
            try:
                act()
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(None)

        QTimer.singleShot(0, run)
        await done
        await asyncio.sleep(self._pause_s)


def at_the_window(
    story: Callable[[Person], Awaitable[None]],
    *,
    size: tuple[int, int] = (1440, 900),
    pause_s: float = 0.0,
    may_be_closed: bool = False,
) -> None:
    """Open the real window over the profile of GODPLOY_HOME, let a person live a story at it, close it.

    A window that is closed before (by a person who watches, or with Ctrl-C) ends the story: an error unless
    `may_be_closed`.
    """
    leave_out_what_offscreen_cannot()
    app = QApplication.instance() or make_application([])
    assert isinstance(app, QApplication)
    questions = DialogQuestions()
    workspace = Workspace(questions=questions)
    theme().install(app, theme_choice(workspace.setting("theme")))
    window = MainWindow(workspace, page_factories)
    questions.use(window)
    window.resize(*size)
    window.show()

    async def live() -> None:
        is_open = asyncio.Event()
        workspace.changed.connect(lambda _: is_open.set())
        running = asyncio.ensure_future(session(workspace, window, questions))
        try:
            await asyncio.wait_for(is_open.wait(), 30)
            lived = asyncio.ensure_future(story(Person(window, pause_s=pause_s)))
            await asyncio.wait({lived, running}, return_when=asyncio.FIRST_COMPLETED)
            if not lived.done():
                lived.cancel()
                await asyncio.wait({lived})
            if not lived.cancelled():
                await lived
            elif not may_be_closed:
                raise NotSeen("the window was closed before the story's end")
        finally:
            window.close()
            done, _ = await asyncio.wait({running}, timeout=5)
            if not done:
                window.closing.emit()  # it asks about tasks that still run; the story is over all the same
            await running

    with collected_here(window), asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        runner.run(live())
    # here and now: left to Python's collector, it might be deleted in the thread of a connection
    window.deleteLater()
    QApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete.value)
    gc.collect()


def _visible(kind: type[T]) -> list[T]:
    """Widgets in sight, those of the front-most dialog last."""
    found = []
    for top in QApplication.topLevelWidgets():
        if top.isVisible():
            found += [each for each in top.findChildren(QWidget) if isinstance(each, kind) and each.isVisible()]
    return found


def _find(name: str) -> QWidget | None:
    found = [each for each in _visible(QWidget) if each.objectName() == name]
    return found[-1] if found else None


def _middle(widget: QWidget) -> QPoint:
    return QPoint(widget.width() // 2, widget.height() // 2)
