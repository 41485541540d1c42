"""Pictures of every page and dialog, dark and light, at two sizes, offscreen, from the recorded models.

    python -m tests.gui.screenshots OUT_DIR [NAME...]

writes OUT_DIR/NAME-THEME-WIDTHxHEIGHT.png; with names only those scenes.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

SIZES = ((1440, 900), (1024, 700))


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication
    from qasync import QEventLoop

    from godploy_desktop.ui.theme import ThemeChoice, theme
    from tests.gui.qt_messages import leave_out_what_offscreen_cannot

    leave_out_what_offscreen_cannot()
    app = QApplication.instance() or QApplication(["godploy"])
    theme().install(app, ThemeChoice.DARK)
    out = Path(arguments[0])
    out.mkdir(parents=True, exist_ok=True)
    with QEventLoop(app) as loop:
        loop.run_until_complete(_draw_all(out, set(arguments[1:])))
    return 0


async def _draw_all(out: Path, wanted: set[str]) -> None:
    from godploy_desktop.core.this_computer import DockerCheck
    from godploy_desktop.ui.pages.home import welcome
    from godploy_desktop.ui.theme import ThemeChoice, theme
    from tests.gui.recorded.scenes import SCENES
    from tests.gui.recorded.window import RecordedWindow

    async def docker_answers() -> DockerCheck:
        return DockerCheck("26.1.5", None)  # the same picture on every machine

    welcome.check_docker = docker_answers
    names = [name for name in SCENES if not wanted or name in wanted]
    unknown = wanted - set(SCENES)
    if unknown:
        raise SystemExit(f"No such scene: {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    for choice in (ThemeChoice.DARK, ThemeChoice.LIGHT):
        theme().set_choice(choice)
        for name in names:
            for width, height in SIZES:
                with tempfile.TemporaryDirectory() as folder:
                    scene = SCENES[name](Path(folder))
                    window = RecordedWindow(scene, width, height)
                    await window.show_scene()
                    window.picture().save(str(out / f"{name}-{choice.value}-{width}x{height}.png"))
                    await window.close_scene()
        print(f"{choice.value}: {len(names)} scenes in {len(SIZES)} sizes")
    await asyncio.sleep(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
