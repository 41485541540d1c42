"""The demo where a display is: the real window, driven as a person would, slowly enough to be watched."""

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.lab.demo import HOME, PICTURES
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.lab import bring_up
from tests.lab.window import Person, at_the_window
from tests.lab.window_story import WindowStory


def main(number: int, repository: Repository) -> int:
    """Live the story on lab server `number`; the window stays open until it is closed."""
    lab = bring_up()
    server = next(each for each in lab.servers() if each.number == number)
    os.environ["GODPLOY_HOME"] = str(Path(HOME) / f"window-{int(time.time())}")
    began = time.monotonic()

    def say(step: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {step}", flush=True)

    async def live(person: Person) -> None:
        story = WindowStory(person, lab, server, repository, say, PICTURES)
        await story.add_and_set_up()
        await story.use_lab_acme()
        await story.make_service()
        await story.look_at_logs_and_load()
        await story.deploy_change("2", 2)
        await story.roll_back(3)
        say(f"done: served at https://{story.host}/; close the window to end, then: make lab-down && rm -rf {HOME}")
        await asyncio.Event().wait()  # until the window is closed

    at_the_window(live, pause_s=0.6, may_be_closed=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Repository(sys.argv[2])))
