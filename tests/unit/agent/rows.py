"""Rows written beside a running agent, as a job or an earlier agent would have left them."""

from contextlib import contextmanager

from godploy_server.contract import GitSource, ServiceKind, ServiceSettings, Trigger, to_json
from godploy_server.state import deployments, projects, services
from godploy_server.state.database import open_database

NOWHERE = ServiceSettings(GitSource("file:///nowhere/at/all.git"))


@contextmanager
def database(paths):
    paths.prepare()
    connection = open_database(paths.database)
    try:
        yield connection
    finally:
        connection.close()


def add_project(paths, name="shop"):
    with database(paths) as connection:
        return projects.create(connection, name, f"10.210.0.{64 * (1 + len(projects.every(connection)))}/26")


def add_service(paths, project_id, name="web", url=""):
    settings = ServiceSettings(GitSource(url)) if url else NOWHERE
    with database(paths) as connection:
        return services.create(connection, project_id, name, ServiceKind.APPLICATION, settings, "ssh-ed25519 A")


def add_deployment(paths, service_id, trigger=Trigger.MANUAL):
    with database(paths) as connection:
        return deployments.enqueue(connection, service_id, trigger, "ada").deployment


def settings_json(**changes):
    return {**to_json(NOWHERE), **changes}
