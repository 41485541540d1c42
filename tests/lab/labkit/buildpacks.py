"""Cloud Native Buildpacks: a builder under a published one's name, with the real lifecycle and the lab's buildpacks."""

import shutil
import tempfile
from pathlib import Path

from tests.lab.labkit.cache import cache_folder, locked
from tests.lab.labkit.command import run
from tests.lab.labkit.docker_engine import LABEL, docker, image_id
from tests.lab.labkit.images import RECIPES, Image, ensure_image, folder_hash, recipe_of
from tests.lab.labkit.runtime_images import runtimes_image, toolbox_image
from tests.lab.labkit.tools import LIFECYCLE, PACK, ensure_tool

BUILDER = "paketobuildpacks/builder-jammy-base:latest"
RUN = "paketobuildpacks/run-jammy-base:latest"
LIFECYCLE_IMAGE = f"buildpacksio/lifecycle:{LIFECYCLE.version}"
_RECIPE = RECIPES / "buildpacks"


def run_image() -> Image:
    """What built applications run on."""
    return Image("godploy-lab/cnb-run:1", "cnb_stack", runtimes_image())


def _build_image() -> Image:
    return Image("godploy-lab/cnb-build:1", "cnb_stack", toolbox_image())


def ensure_builder() -> None:
    """Make the builder image unless this Docker has it as its recipe stands now.

    Raises LabUnavailable, CommandFailed.
    """
    pack, lifecycle = ensure_tool("pack"), ensure_tool("lifecycle")
    build = _build_image()
    for image in (run_image(), build):
        ensure_image(image)
    with locked("image-builder"):
        recipe = folder_hash(_RECIPE, f"{PACK.version} {LIFECYCLE.version} {image_id(build.name)}")
        if recipe_of(BUILDER) == recipe:
            return
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            context = Path(folder) / "builder"
            shutil.copytree(_RECIPE, context)
            shutil.copy(lifecycle, context / "lifecycle.tgz")
            docker("tag", run_image().name, RUN)  # pack looks at it, here and not in a registry
            make = [str(pack), "builder", "create", BUILDER, "--config", str(context / "builder.toml")]
            make += ["--pull-policy", "never", "--label", LABEL, "--label", f"godploy.lab.recipe={recipe}"]
            run(make, environment={"PACK_HOME": str(Path(folder) / "pack")})


def ensure_lifecycle_image() -> None:
    """Make the image that pack runs the lifecycle's phases from where it does not trust a builder."""
    archive = ensure_tool("lifecycle")
    with locked("image-lifecycle"):
        if image_id(LIFECYCLE_IMAGE):
            return
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            context = Path(folder)
            shutil.copy(RECIPES / "lifecycle_image" / "Dockerfile", context)
            shutil.copy(archive, context / "lifecycle.tgz")
            labels = ["--label", LABEL, "--label", f"io.buildpacks.lifecycle.version={LIFECYCLE.version}"]
            build = ["build", "-q", *labels, "-t", LIFECYCLE_IMAGE, folder]
            run(["docker", *build], environment={"DOCKER_BUILDKIT": "0"})
