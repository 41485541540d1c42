"""Pictures of the real window over the profile of GODPLOY_HOME: `python -m tests.lab.window_pictures FOLDER`."""

import sys
from pathlib import Path

from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.theme import ThemeChoice, theme
from godploy_desktop.ui.widgets.log_view import LogView
from tests.lab.window import Person, at_the_window


def main(folder: Path) -> int:
    """Save a picture of each place that the first server and its first service have, light and dark."""

    async def live(person: Person) -> None:
        await person.see(lambda: person.workspace.servers, "a server")
        server = person.workspace.servers[0]
        await person.see(lambda: server.model.is_live, "a live server", 60)
        places = {"dashboard": Route("dashboard"), "server": Route("server", server=server.id)}
        for service in list(server.model.services.values())[:1]:
            at = Route("project", server=server.id, project=service.project_id)
            places["project"] = at
            for tab in ("overview", "deployments", "logs", "metrics"):
                places[f"service-{tab}"] = Route(
                    "service", server=server.id, project=service.project_id, service=service.id, tab=tab
                )

        def logs() -> list[LogView]:
            return person.window.findChildren(LogView)

        for choice in (ThemeChoice.LIGHT, ThemeChoice.DARK):
            theme().set_choice(choice)
            for name, route in places.items():
                await person.go(route)
                if name == "service-logs":
                    await person.see(lambda: any(len(each.store) for each in logs()), "lines of the log", 10)
                await person.picture(folder / f"{name}-{choice.value}.png")

    at_the_window(live)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
