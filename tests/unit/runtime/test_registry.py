"""Which registry an image comes from, and what Docker is told."""

from __future__ import annotations

import base64
import json

import pytest

from godploy_server.contract import BadInput
from godploy_server.runtime.images import pinned
from godploy_server.runtime.registry import auth_header, check_registry, registry_of, server_address


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("nginx", "docker.io"),
        ("nginx:1.27", "docker.io"),
        ("ada/shop:1", "docker.io"),
        ("docker.io/ada/shop", "docker.io"),
        ("index.docker.io/ada/shop", "docker.io"),
        ("ghcr.io/ada/shop@sha256:" + "0" * 64, "ghcr.io"),
        ("registry.test:5000/shop", "registry.test:5000"),
        ("localhost/shop", "localhost"),
        ("127.0.0.1:5000/a/b/c:2", "127.0.0.1:5000"),
    ],
)
def test_the_registry_is_what_the_name_says(image: str, host: str) -> None:
    assert registry_of(image) == host


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("GHCR.io", "ghcr.io"),
        (" https://registry.test:5000/ ", "registry.test:5000"),
        ("registry.test:443", "registry.test"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("hub.docker.com", "docker.io"),
    ],
)
def test_a_registry_is_kept_under_one_name_however_it_is_typed(typed: str, kept: str) -> None:
    assert check_registry(typed) == kept


@pytest.mark.parametrize("typed", ["", "a b", "registry.test/path", "-x", "ada@registry.test", "registry.test:port"])
def test_what_is_no_registry_is_refused(typed: str) -> None:
    with pytest.raises(BadInput):
        check_registry(typed)


def test_docker_hub_has_an_address_of_its_own() -> None:
    assert server_address("docker.io") == "https://index.docker.io/v1/"
    assert server_address("ghcr.io") == "ghcr.io"


@pytest.mark.parametrize("password", ["x", "xy", "xyz", "ÿ?>~" * 5])
def test_the_header_is_url_safe_and_padded(password: str) -> None:
    header = auth_header("ghcr.io", "ada", password)
    assert len(header) % 4 == 0
    assert "+" not in header
    assert "/" not in header
    login = json.loads(base64.urlsafe_b64decode(header))
    assert login == {"username": "ada", "password": password, "serveraddress": "ghcr.io"}


@pytest.mark.parametrize(
    ("image", "digests", "expected"),
    [
        ("registry.test:5000/shop", ["registry.test:5000/shop@sha256:1"], "registry.test:5000/shop@sha256:1"),
        ("registry.test:5000/shop:2", ["other@sha256:0", "registry.test:5000/shop@sha256:2"],
         "registry.test:5000/shop@sha256:2"),
        ("docker.io/nginx:1", ["nginx@sha256:3"], "docker.io/nginx@sha256:3"),
        ("docker.io/library/nginx:1", ["nginx@sha256:3"], "docker.io/library/nginx@sha256:3"),
        ("nginx", ["nginx@sha256:4"], "nginx@sha256:4"),
        ("mine:1", [], "mine:1"),
        ("ghcr.io/a/b@sha256:5", ["ghcr.io/a/b@sha256:5"], "ghcr.io/a/b@sha256:5"),
    ],
)  # fmt: skip
def test_a_release_pins_the_digest(image: str, digests: list[str], expected: str) -> None:
    assert pinned(image, {"RepoDigests": digests}) == expected
