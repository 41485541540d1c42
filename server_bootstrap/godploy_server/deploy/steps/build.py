"""BUILD: an image from the fetched source, by the builder that fits; its plan is kept before anything is built."""

from __future__ import annotations

from typing import Final

from godploy_server.contract import BuildPlan, DeploymentFailed, ImageSource, Step
from godploy_server.deploy.attempt import Attempt, DeploymentStep
from godploy_server.deploy.build_group import cap_builds
from godploy_server.deploy.builders.builder import BuildLog, Result
from godploy_server.deploy.builders.buildpacks import known_images, remove_leftovers
from godploy_server.deploy.builders.opening import open_work
from godploy_server.deploy.disk import require_build_space
from godploy_server.runtime.images import find_image, remove_image, tag_image
from godploy_server.runtime.names import BUILT_ELSEWHERE
from godploy_server.state import deployments, releases, settings


async def run(attempt: Attempt) -> str:
    """Build the image of the next release; gives its tag, or what was there already."""
    engine = attempt.engine
    number = releases.next_number(engine.connection, attempt.service.id)
    tag = attempt.name.image(number)
    if image_id := deployments.image_id_of(engine.connection, attempt.deployment.id):
        await _take_image(attempt, image_id, tag)
        attempt.release = number
        return "an image of this server: nothing to build"
    if isinstance(attempt.service.settings.source, ImageSource):
        await tag_image(engine.docker, attempt.image_id, tag)
        attempt.release = number
        return "a prebuilt image: nothing to build"
    about = await attempt.about_docker()
    require_build_space(engine, about.root_folder)
    attempt.release = number
    result = Result(
        tag,
        attempt.name.labels(),  # without the release: an unchanged source gives the very same image again
        attempt.source_folder.parent / "image-id",
        attempt.service.settings.rollout.build_timeout_s,
        previous=attempt.name.image(attempt.previous) if attempt.previous is not None else "",
        build_id=attempt.deployment.id,
    )
    cap = await cap_builds(about, settings.read(engine.connection), attempt.log.say)
    way, work, reason = open_work(engine, attempt.service, attempt.source_folder, attempt.log, result, cap)
    attempt.log.hide(work.variables.secret.values())
    plan = await way.plan(work, reason)
    write_plan(attempt.log, plan)
    deployments.set_plan(engine.connection, attempt.deployment.id, plan)
    attempt.log.deployment_changed()
    await way.build(work)
    attempt.image, attempt.image_id = tag, result.id_file.read_text(encoding="ascii").strip()
    return f"{tag} ({plan.builder})"


async def undo(attempt: Attempt) -> None:
    """Remove the image, unless an earlier deployment made it, and what a builder that was killed left."""
    docker = attempt.engine.docker
    await remove_leftovers(docker, attempt.deployment.id, known_images(attempt.source_folder.parent))
    if attempt.release is not None and not attempt.is_rollback:
        await remove_image(docker, attempt.name.image(attempt.release))


BUILD: Final = DeploymentStep(Step.BUILD, run, undo, for_rollback=False)


def write_plan(log: BuildLog, plan: BuildPlan) -> None:
    """Write how the source will be built, before it is."""
    log.say(f"-- plan: {plan.builder}, because {plan.reason} --")
    for line in plan.detail.splitlines():
        log.say(f"   {line}")


async def _take_image(attempt: Attempt, image_id: str, tag: str) -> None:
    """Keep an image that is on this server already under the release's name, and under none that a desktop gave it."""
    docker = attempt.engine.docker
    found = await find_image(docker, image_id)
    if found is None:
        raise DeploymentFailed(
            "The image of this deployment is gone", "something on the server removed it", "Deploy again"
        )
    await tag_image(docker, image_id, tag)
    for other in found.get("RepoTags") or ():
        if other.startswith(attempt.name.image(BUILT_ELSEWHERE)):
            await remove_image(docker, other)
    is_pulled = isinstance(attempt.service.settings.source, ImageSource)
    known = releases.of_service(attempt.engine.connection, attempt.service.id) if is_pulled else []
    attempt.image = next((each.image for each in known if each.image_id == found["Id"]), tag)
    attempt.image_id = found["Id"]
    attempt.log.say(f"The image is on this server: {found['Id']}")
