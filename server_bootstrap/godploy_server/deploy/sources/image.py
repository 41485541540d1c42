"""Images that are not built here: pulled from a registry, or built by the desktop from a folder."""

from __future__ import annotations

import contextlib

from godploy_server.contract import DeploymentFailed, ImageSource
from godploy_server.deploy.registry_logins import pull_login
from godploy_server.deploy.sources.fetched import SourceLog
from godploy_server.runtime.docker_client import DockerRefused
from godploy_server.runtime.engine import Engine
from godploy_server.runtime.images import find_image, pinned
from godploy_server.runtime.names import SERVICE_LABEL
from godploy_server.state import releases


async def pull_image(engine: Engine, source: ImageSource, log: SourceLog) -> tuple[str, str]:
    """Pull an image with the login that is known for its registry; gives its pinned name and its id.

    One that is on the server already serves where the registry cannot be asked. Raises DockerRefused, NotReady.
    """
    docker = engine.docker
    login = pull_login(engine, source.image)
    if login:
        log.say(f"Logging in at {login.host} as {login.user}")
    try:
        async with contextlib.aclosing(docker.pull(source.image, login.header if login else "")) as progress:
            async for line in progress:
                log.say(line)
    except DockerRefused:
        if await find_image(docker, source.image) is None:
            raise
        log.say("The registry did not give the image; using the one that is on the server")
    found = await find_image(docker, source.image)
    if found is None:
        raise DeploymentFailed(
            f"The image {source.image} is gone again", "something on the server removed it", "Deploy again"
        )
    return pinned(source.image, found), found["Id"]


async def require_own_image(engine: Engine, service_id: str, image_id: str) -> str:
    """Give the id of an image that is a service's own: built for it by the desktop on this server, or that of one of
    its releases. Raises DeploymentFailed if it is gone or belongs to something else."""
    found = await find_image(engine.docker, image_id)
    if found is None:
        raise DeploymentFailed(
            "The image that was built for this deployment is gone", "something on the server removed it", "Deploy again"
        )
    label = ((found.get("Config") or {}).get("Labels") or {}).get(SERVICE_LABEL)
    known = {each.image_id for each in releases.of_service(engine.connection, service_id)}
    if label != service_id and found["Id"] not in known:
        raise DeploymentFailed(
            "The image was not built for this service",
            f"its label {SERVICE_LABEL} is {label or 'missing'}, and no release of the service has it",
            "Deploy the folder again",
        )
    return str(found["Id"])
