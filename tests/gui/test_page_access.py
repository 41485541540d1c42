"""Every page, tab and dialog of this window can be used without a mouse and without seeing it."""

import asyncio

import pytest
import qasync
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QScrollArea, QWidget

from godploy_desktop.ui.widgets import open_dialog_of
from tests.gui.recorded.scenes import SCENES
from tests.gui.recorded.window import RecordedWindow

NARROW = (1024, 700)
LOOKED_AT = (
    "connect-database",
    "database-public",
    "database-rotate",
    "database-version",
    "deploy-commit",
    "deployment-planned",
    "deployment-superseded",
    "deployments-queue",
    "git-accounts",
    "git-apps",
    "git-host-key",
    "git-host-key-changed",
    "git-sign-in",
    "git-sign-in-code",
    "add-registry",
    "new-service-chosen",
    "new-service-no-account",
    "new-service-repositories",
    "server-cleanup",
    "server-git-hosts",
    "server-queue",
    "server-settings-mirror",
    "service-folder",
    "service-key-tested",
    "registry-refused",
    "service-plan",
    "service-push",
    "service-push-nothing",
    "service-sending",
    "service-variables-references",
)


def reachable_in(root):
    return [
        each
        for each in root.findChildren(QWidget)
        if each.isVisible() and each.isEnabled() and each.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]


def is_cut(widget, root):
    """Whether a widget reaches out of what shows it to the right; what is below is scrolled to."""
    place = QRect(widget.mapTo(root, QPoint(0, 0)), widget.size())
    around, inner = root.rect(), widget.parentWidget()
    while inner is not None and inner is not root:
        if isinstance(inner, QScrollArea):
            around = QRect(inner.mapTo(root, QPoint(0, 0)), inner.size())
            break
        inner = inner.parentWidget()
    return place.left() < around.left() or place.right() > around.right()


@pytest.mark.parametrize("name", LOOKED_AT)
def test_everything_reachable_has_a_name_and_stays_inside_a_small_window(name, qapp, tmp_path):
    async def look():
        shown = RecordedWindow(SCENES[name](tmp_path), *NARROW)
        try:
            await shown.show_scene()
            root = open_dialog_of(shown.window) or shown.page
            reachable = reachable_in(root)
            assert reachable
            assert [each.objectName() or type(each).__name__ for each in reachable if not each.accessibleName()] == []
            assert [each.objectName() or each.accessibleName() for each in reachable if is_cut(each, root)] == []
        finally:
            await shown.close_scene()

    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(qapp)) as runner:
        runner.run(look())
