"""What is made of Nixpacks' Dockerfile and plan: no secret in any instruction, everything else as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from godploy_server.contract import BadInput, DeploymentFailed, NixpacksBuilder
from godploy_server.deploy.builders.nixpacks import plan_arguments, refuse_links_out, write_arguments
from godploy_server.deploy.builders.nixpacks_dockerfile import described, plan_variables, read_plan, rewritten

# as Nixpacks 1.41.0 writes it for a Python application
DOCKERFILE = """FROM ghcr.io/railwayapp/nixpacks:ubuntu-1745885067

ENTRYPOINT ["/bin/bash", "-l", "-c"]
WORKDIR /app/


COPY .nixpacks/nixpkgs-1.nix .nixpacks/nixpkgs-1.nix
RUN nix-env -if .nixpacks/nixpkgs-1.nix && nix-collect-garbage -d


ARG NIXPACKS_METADATA PIP_NO_CACHE_DIR NOTE
ENV NIXPACKS_METADATA=$NIXPACKS_METADATA PIP_NO_CACHE_DIR=$PIP_NO_CACHE_DIR NOTE=$NOTE

# install phase
ENV NIXPACKS_PATH=/opt/venv/bin:$NIXPACKS_PATH
COPY . /app/.
RUN --mount=type=cache,id=k-/root/cache/pip,target=/root/.cache/pip pip install -r requirements.txt

# build phase
COPY . /app/.
RUN  python3 build.py

RUN printf '\\nPATH=/opt/venv/bin:$PATH' >> /root/.profile

# start
COPY . /app

CMD ["python main.py"]
"""
VARIABLES = {"NIXPACKS_METADATA": "python", "PIP_NO_CACHE_DIR": "1", "NOTE": "two\nlines"}
PLAN = {
    "buildImage": "ghcr.io/railwayapp/nixpacks:x",
    "variables": {"CI": "true", "NOTE": "not shown"},
    "phases": {
        "build": {"dependsOn": ["install"], "cmds": ["npm run build"]},
        "install": {"dependsOn": ["setup"], "cmds": ["npm ci"]},
        "setup": {"nixPkgs": ["nodejs_18", "npm-9_x"], "aptPkgs": ["libvips"]},
        "after": {"dependsOn": ["build"], "cmds": ["npm run after"]},
    },
    "start": {"cmd": "npm run start"},
}


def test_variables_come_as_arguments_of_our_own_names() -> None:
    made = rewritten(DOCKERFILE, VARIABLES, [])
    assert made.arguments == {
        "GODPLOY_VARIABLE_0": "python", "GODPLOY_VARIABLE_1": "1", "GODPLOY_VARIABLE_2": "two\nlines",
    }  # fmt: skip
    lines = made.text.splitlines()
    assert "ARG GODPLOY_VARIABLE_2" in lines
    assert "ENV NOTE=$GODPLOY_VARIABLE_2" in lines
    assert not any(line.startswith("ARG NIXPACKS_METADATA") for line in lines)
    assert "ENV NIXPACKS_PATH=/opt/venv/bin:$NIXPACKS_PATH" in lines
    assert 'CMD ["python main.py"]' in lines


def test_secrets_are_mounted_into_the_commands_of_phases_and_into_nothing_else() -> None:
    made = rewritten(DOCKERFILE, VARIABLES, ["TOKEN", "KEY"])
    runs = [line for line in made.text.splitlines() if line.startswith("RUN")]
    exports = 'export KEY="$(cat /run/secrets/KEY)" TOKEN="$(cat /run/secrets/TOKEN)" && '
    mounts = "--mount=type=secret,id=KEY --mount=type=secret,id=TOKEN"
    assert runs == [
        "RUN nix-env -if .nixpacks/nixpkgs-1.nix && nix-collect-garbage -d",
        (
            f"RUN {mounts} --mount=type=cache,id=k-/root/cache/pip,target=/root/.cache/pip "
            f"{exports}pip install -r requirements.txt"
        ),
        f"RUN {mounts} {exports}python3 build.py",
        "RUN printf '\\nPATH=/opt/venv/bin:$PATH' >> /root/.profile",
    ]


def test_a_secret_that_nixpacks_heard_of_all_the_same_is_taken_out() -> None:
    made = rewritten(DOCKERFILE, {**VARIABLES, "NOTE": "hush"}, ["NOTE"])
    assert "hush" not in made.arguments.values()
    assert not any(line.startswith(("ARG", "ENV")) and "NOTE" in line for line in made.text.splitlines())


def test_without_an_arg_line_the_variables_follow_the_working_folder() -> None:
    made = rewritten('FROM x\nWORKDIR /app/\nRUN make\nCMD ["x"]\n', {"A": "1"}, [])
    assert made.text.splitlines()[1:4] == ["WORKDIR /app/", "ARG GODPLOY_VARIABLE_0", "ENV A=$GODPLOY_VARIABLE_0"]


def test_a_plan_is_told_in_the_order_in_which_it_runs_and_without_values() -> None:
    assert described(PLAN, ["TOKEN"]).splitlines() == [
        "image: ghcr.io/railwayapp/nixpacks:x",
        "setup: nodejs_18, npm-9_x, libvips",
        "install: npm ci",
        "build: npm run build",
        "after: npm run after",
        "start: npm run start",
        "variables: CI, NOTE",
        "secrets of the build: TOKEN",
    ]
    assert plan_variables(PLAN) == {"CI": "true", "NOTE": "not shown"}


def test_what_nixpacks_printed_instead_of_a_plan_is_said() -> None:
    assert read_plan('warning: old\n{"phases": {}}') == {"phases": {}}
    for text in ("", "Error: no providers\n", "{broken"):
        with pytest.raises(DeploymentFailed):
            read_plan(text)


def test_variables_are_named_and_their_values_are_in_no_argument() -> None:
    builder = NixpacksBuilder(start_command="./run --fast", configuration="ci/nixpacks.toml")
    assert plan_arguments(builder, ["NOTE"]) == [
        "plan", ".", "--format", "json", "--env", "NOTE", "--config=ci/nixpacks.toml", "--start-cmd=./run --fast",
    ]  # fmt: skip
    assert write_arguments(NixpacksBuilder(install_command="-x"), [], "s1") == [
        "build", ".", "--out", ".", "--cache-key", "s1", "--install-cmd=-x",
    ]  # fmt: skip


def test_a_link_that_leads_out_of_the_source_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "app").mkdir(parents=True)
    (source / "app" / "main.py").touch()
    (source / "here").symlink_to("app/main.py")
    refuse_links_out(source)
    (source / "app" / "package.json").symlink_to("/etc/passwd")
    with pytest.raises(BadInput) as refused:
        refuse_links_out(source)
    assert "app/package.json" in refused.value.problem.what
