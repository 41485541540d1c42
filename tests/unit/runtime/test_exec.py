"""Commands inside real containers, with text on stdin. Needs Docker (lab)."""

import shutil
import subprocess

import pytest

from godploy_server.contract import NotReady
from godploy_server.runtime.docker_client import DockerClient, DockerRefused
from godploy_server.runtime.exec import run_inside

pytestmark = pytest.mark.lab
IMAGE = "busybox:latest"


@pytest.fixture
def container():
    if shutil.which("docker") is None:
        pytest.skip("there is no docker command")
    made = subprocess.run(
        ["docker", "run", "-d", "--rm", "--stop-timeout", "0", IMAGE, "sleep", "300"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        pytest.skip(f"Docker does not answer or has no image {IMAGE}: python -m tests.lab up --local-images brings it")
    yield made.stdout.strip()
    subprocess.run(["docker", "rm", "-f", made.stdout.strip()], capture_output=True, check=False)


@pytest.mark.asyncio
async def test_a_command_reads_its_stdin_to_the_end_and_its_exit_code_is_told(container):
    done = await run_inside(DockerClient(), container, ["sh", "-c", "cat; echo bad >&2; exit 3"], "it's\n$X\n")
    assert done.exit_code == 3
    assert sorted(done.output.splitlines()) == ["$X", "bad", "it's"]


@pytest.mark.asyncio
async def test_much_text_goes_through_while_the_command_writes(container):
    done = await run_inside(DockerClient(), container, ["sh", "-c", "cat | tee /dev/null; echo end"], "x" * 500_000)
    assert done.exit_code == 0
    assert done.output.endswith("xend\n")
    assert len(done.output) == 64 * 1024


@pytest.mark.asyncio
async def test_a_command_that_reads_nothing_ends_as_it_wants(container):
    assert (await run_inside(DockerClient(), container, ["true"], "x" * 500_000)).exit_code == 0
    assert (await run_inside(DockerClient(), container, ["false"])).exit_code == 1
    assert (await run_inside(DockerClient(), container, ["no-such-program"])).exit_code in (126, 127)


@pytest.mark.asyncio
async def test_what_does_not_end_or_does_not_run_is_told_apart(container):
    with pytest.raises(NotReady, match="does not end"):
        await run_inside(DockerClient(), container, ["sleep", "30"], timeout_s=0.5)
    await DockerClient().request("POST", f"/containers/{container}/pause")
    with pytest.raises(DockerRefused):
        await run_inside(DockerClient(), container, ["true"])
    await DockerClient().request("POST", f"/containers/{container}/unpause")
    with pytest.raises(DockerRefused, match="No such container"):
        await run_inside(DockerClient(), "no-such-container", ["true"])
