"""The Dockerfile and the web server of a static site."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from godploy_server.contract import StaticBuilder
from godploy_server.deploy.builders.static import left_out, site_dockerfile
from godploy_server.deploy.builders.static_server import run_printing, server_configuration


def test_plain_files_are_copied_into_the_web_server() -> None:
    text = site_dockerfile(StaticBuilder(output="./public/"), "nginx:1.29-alpine", 3000, "s1", ["A"], ["B"])
    lines = text.splitlines()
    assert lines[:2] == ["FROM nginx:1.29-alpine", "COPY ./public/ /site/"]
    assert "EXPOSE 3000" in lines
    assert "listen 3000;" in text
    assert "ARG" not in text
    assert "secret" not in text


def test_a_command_builds_the_site_with_its_variables_and_secrets() -> None:
    builder = StaticBuilder(build_command='npm ci && echo "$A"', output="dist", build_image="node:22-slim")
    lines = site_dockerfile(builder, "nginx:1", 80, "s1", ["A"], ["TOKEN"]).splitlines()
    assert lines[:5] == [
        "FROM node:22-slim AS build", "WORKDIR /app", "ARG GODPLOY_VARIABLE_0", "ENV A=$GODPLOY_VARIABLE_0", "COPY . .",
    ]  # fmt: skip
    assert lines[5] == (
        "RUN --mount=type=secret,id=TOKEN --mount=type=cache,id=s1/root/.npm,target=/root/.npm "
        "--mount=type=cache,id=s1/root/.cache,target=/root/.cache "
        '["/bin/sh", "-c", "export TOKEN=\\"$(cat /run/secrets/TOKEN)\\" && npm ci && echo \\"$A\\""]'
    )
    assert "COPY --from=build /app/dist/ /site/" in lines


def test_a_command_cannot_end_its_instruction() -> None:
    text = site_dockerfile(StaticBuilder(build_command="true\nFROM evil"), "nginx:1", 80, "s1")
    assert [line for line in text.splitlines() if line.startswith("FROM")] == [
        "FROM node:22-slim AS build",
        "FROM nginx:1",
    ]


def test_hidden_files_of_a_plain_site_stay_out_of_the_image() -> None:
    assert left_out(StaticBuilder(), "node_modules\n").splitlines() == [
        "node_modules", "**/.git", "**/.*", "!**/.well-known",
    ]  # fmt: skip
    assert left_out(StaticBuilder(output="docs/.vitepress/dist")).splitlines()[-1] == "!docs/.vitepress/dist"
    assert left_out(StaticBuilder(build_command="make")).splitlines() == ["**/.git"]


def test_only_names_that_a_bundler_made_count_as_hashed() -> None:
    found = re.search(r'location ~ "(\[.*\$)" \{', server_configuration(80, single_page=True))
    assert found is not None
    hashed = re.compile(found[1])
    for name in ("/assets/index-DiwrgTda.js", "/app.3f2a9c41.css", "/main-1a2b3c4d5e.woff2", "/a_b-BX-_9aaa.png"):
        assert hashed.search(name), name
    for name in (
        "/index.html",
        "/my-component.js",
        "/jquery-3.7.1.min.js",
        "/photo.jpeg",
        "/data-1a2b3c4d.json",
        "/app.js",
    ):
        assert not hashed.search(name), name


def test_a_path_that_is_no_file_gets_the_page_or_404() -> None:
    single, several = server_configuration(80, single_page=True), server_configuration(80, single_page=False)
    assert "try_files $uri $uri/index.html $uri.html /index.html;" in single
    assert "try_files $uri $uri/index.html $uri.html =404;" in several
    assert "error_page 404 /404.html;" in several
    assert "error_page" not in single


def test_printing_writes_the_text_as_it_is(tmp_path: Path) -> None:
    text = "a 'quoted' $word\nback\\slash \"x\" %s\n\nend"
    shell = shutil.which("sh")
    assert shell
    target = tmp_path / "file"
    subprocess.run([shell, "-c", run_printing(text, str(target)).removeprefix("RUN ")], check=True)
    assert target.read_text() == text + "\n"
