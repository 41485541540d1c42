"""`.dockerignore` as Docker reads it; the docker command itself is asked."""

from __future__ import annotations

import io
import os
import shutil
import socketserver
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from godploy_desktop.remote.source_folder.patterns import Patterns, read_ignore_file
from godploy_desktop.remote.source_folder.rules import Excluding
from godploy_server.contract import BadInput
from tests.unit.source_folder.conftest import MakeFolder, listed

TREE = (
    "README.md",
    "app.py",
    "app.pyc",
    "docs/guide.md",
    "docs/img/logo.png",
    "node_modules/left/index.js",
    "node_modules/left/node_modules/right/keep.js",
    "packages/one/node_modules/x/deep/er/file.js",
    "packages/one/src/main.js",
    "packages/one/src/main.test.js",
    "packages/two/dist/out.js",
    "packages/two/dist/keep/this.js",
    "secret/.env",
    "a+b(c).txt",
    "temp1/x",
    "tempo/x",
    "äö/ü.txt",
)

CASES = {
    "nothing": "",
    "comments and blanks": "# all of it\n\n   \n*.pyc\n",
    "a folder and all in it": "node_modules\n",
    "any depth": "**/node_modules\n",
    "any depth and back": "**/node_modules\n!packages/one/node_modules/x/deep\n",
    "everything but": "*\n!packages/one/src\n!app.py\n",
    "taken back within": "packages/two/dist\n!packages/two/dist/keep\n",
    "taken back and out again": "packages/two/dist\n!packages/two/dist/keep\n**/this.js\n",
    "the last one counts": "!*.md\n*.md\n!README.md\n",
    "one part only": "*.md\n",
    "two parts": "*/*.md\n",
    "question mark": "temp?\n",
    "characters": "temp[0-9]/x\n",
    "not these characters": "temp[^0-9]/x\n",
    "leading slash": "/app.py\n/docs/\n",
    "climbing and dots": "./docs/../docs/img\n",
    "special characters": "a+b(c).txt\n",
    "escaped": "app\\.py\n",
    "trailing stars": "packages/**\n!packages/one/src/*.js\n",
    "stars in the middle": "packages/**/src\n",
    "test files anywhere": "**/*.test.js\n",
    "not ascii": "äö/*.txt\n",
    "spaces around": "   app.py   \n! README.md\n*.md\n",
}


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("**/node_modules", "a/b/node_modules/c/d", True),
        ("**/node_modules", "node_modules", True),
        ("node_modules", "a/node_modules", False),
        ("docs/*.md", "docs/a/b.md", False),
        ("docs/**/*.md", "docs/b.md", True),
        ("docs/**/*.md", "docs/a/x/b.md", True),
        ("a.b", "aXb", False),
    ],
)
def test_what_matches_a_folder_matches_everything_in_it(pattern: str, path: str, matches: bool) -> None:
    patterns = Patterns([pattern])
    state, result = patterns.nothing, False
    parts = path.split("/")
    for index in range(len(parts)):
        result, state = patterns.match("/".join(parts[: index + 1]), state)
    assert result is matches


def test_a_pattern_that_cannot_be_used_is_named() -> None:
    with pytest.raises(BadInput, match=r"“\[a-z”"):
        Patterns(["[a-z"])
    with pytest.raises(BadInput, match="“!”"):
        Patterns(["!"])


def test_a_left_out_folder_is_not_looked_into_where_nothing_in_it_is_taken_back(make_folder: MakeFolder) -> None:
    rules = Excluding.of(["node_modules", "!src/keep.js", "!packages/*/dist"])
    assert not rules.looks_into("node_modules")
    assert rules.looks_into("src")
    assert not rules.looks_into("src/other")
    assert rules.looks_into("packages/one")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("*\n!packages/*/src\n!app.py\n", ["app.py", "packages/one/src/main.js", "packages/one/src/main.test.js"]),
        (
            "**\n!**/*.js\n",
            [
                "node_modules/left/index.js", "node_modules/left/node_modules/right/keep.js",
                "packages/one/node_modules/x/deep/er/file.js", "packages/one/src/main.js",
                "packages/one/src/main.test.js", "packages/two/dist/keep/this.js", "packages/two/dist/out.js",
            ],
        ),
    ],
)  # fmt: skip
def test_taking_back_with_wildcards_works_as_in_buildkit(
    content: str, expected: list[str], make_folder: MakeFolder
) -> None:
    # what buildx on Docker 26 takes; the docker command without buildx looks less deep
    assert listed(make_folder(*TREE), Excluding.of(read_ignore_file(content))) == expected


class _Context(socketserver.StreamRequestHandler):
    """Stands where Docker's daemon would, and keeps the names of the files in the context that it is sent."""

    names: ClassVar[list[str]] = []

    def handle(self) -> None:
        while request := self.rfile.readline().decode():
            headers = {}
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            if "/build?" in request:
                content = b"".join(self._chunks()) if "transfer-encoding" in headers else b""
                with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                    self.names[:] = sorted(each.name for each in tar if not each.isdir())
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
            )
            self.wfile.write(b"" if request.startswith("HEAD") else b"{}")

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()


@pytest.fixture
def docker_sends(tmp_path: Path) -> Iterator[Callable[[Path], list[str]]]:
    """`docker_sends(folder)`: the files that the docker command packs, which it does with Docker's own code."""
    if shutil.which("docker") is None:
        pytest.skip("needs the docker command (apt-get install docker.io)")
    path = tmp_path / "docker.sock"
    environment = {
        **os.environ,
        "DOCKER_BUILDKIT": "0",
        "DOCKER_HOST": f"unix://{path}",
        "DOCKER_CONFIG": str(tmp_path),
    }

    def send(folder: Path) -> list[str]:
        command = ["docker", "build", "-q", str(folder)]
        subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False)
        return list(_Context.names)

    with socketserver.ThreadingUnixStreamServer(str(path), _Context) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield send
        server.shutdown()


@pytest.mark.lab  # where the docker command is for sure
@pytest.mark.parametrize("name", CASES)
def test_the_same_files_count_as_for_the_docker_command(
    name: str, make_folder: MakeFolder, docker_sends: Callable[[Path], list[str]]
) -> None:
    top = make_folder(*TREE, "Dockerfile", **{".dockerignore": CASES[name]})
    for_itself = {"Dockerfile", ".dockerignore"}  # the command sends these whatever the patterns say
    ours = {*listed(top, Excluding.of(read_ignore_file(CASES[name]))), *for_itself}
    assert sorted(ours) == docker_sends(top)
