"""What auto would choose for a folder of which little more than its names is known."""

from __future__ import annotations

from godploy_server.contract import BadInput, DeploymentFailed
from godploy_server.contract.building import AutoBuilder, DetectBuilder, Detection, DockerfileBuilder
from godploy_server.deploy.builders.auto import chosen
from godploy_server.deploy.builders.static import OUTPUTS
from godploy_server.deploy.docker_build import exposed_port

MOST_NAMES = 20_000


def detect(asked: DetectBuilder) -> Detection:
    """Give what auto would choose, why, and what would tell more. Raises BadInput for too many names."""
    if len(asked.names) > MOST_NAMES:
        raise BadInput("The request cannot be used", f"names: should be at most {MOST_NAMES}", "Send those at the root")
    names = frozenset(asked.names)
    try:
        _, builder, reason = chosen(AutoBuilder(), names, asked.root)
    except DeploymentFailed as error:
        return Detection(None, error.problem.why, wants=_unknown_folders(names))
    if not isinstance(builder, DockerfileBuilder):
        return Detection(builder, reason)
    text = asked.contents.get(builder.path)
    if text is None:
        return Detection(builder, reason, wants=(builder.path,))
    return Detection(builder, reason, exposed_port(text))


def _unknown_folders(names: frozenset[str]) -> tuple[str, ...]:
    """The folders in which a site may be, and of which nothing is known yet."""
    known = {each.partition("/")[0] for each in names if each.partition("/")[2]}
    return tuple(f"{each}/" for each in OUTPUTS if f"{each}/" in names and each not in known)
