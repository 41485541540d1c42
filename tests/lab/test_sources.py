"""Where a service comes from, on a real server: exact commits, private images, archives; and what is left over."""

from __future__ import annotations

import io
import secrets
import tarfile
from pathlib import Path

import pytest

from tests.lab.labkit.git_host import GitHost, Repository
from tests.lab.labkit.private_registry import PrivateRegistry
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, CommandRefused, Godploy, open_shop, soon, visit_page

QUICK = ("--drain", "1", "--settle", "1")
FROM_LIBRARY = """FROM python:3.12-slim
WORKDIR /app
COPY app.py vendor/library/VERSION ./
CMD ["python", "-u", "app.py"]
"""
MODULES = '[submodule "library"]\n\tpath = vendor/library\n\turl = ./../{name}.git\n'


def test_a_tag_then_a_commit_then_a_branch_with_a_private_submodule_are_served(
    bootstrapped_server: Server, godploy: Godploy, git_host: GitHost, repository: Repository
) -> None:
    library = git_host.create(f"library-{secrets.token_hex(4)}", {"VERSION": "library-1\n"})
    try:
        used = library.head()
        library.commit({"VERSION": "library-2\n"})
        repository.tag("v1")
        second = repository.commit({"VERSION": "2\n"}, "Second version")
        files = {".gitmodules": MODULES.format(name=library.name), "Dockerfile": FROM_LIBRARY, "VERSION": None}
        third = repository.commit(files, "Third version", submodules={"vendor/library": used})

        shop = open_shop(godploy, bootstrapped_server, repository, *QUICK, "--tag", "v1")
        key = shop.service()["deploy_key"]
        repository.refuse(key)
        repository.allow(key, library)
        shop.deploy()
        assert soon(lambda: shop.serves("1"))
        assert shop.deployments()[0]["commit_message"] == "First version"

        godploy("service", "change", SHOP, "--at-commit", second)
        shop.deploy()
        assert soon(lambda: shop.serves("2"))
        assert shop.deployments()[0]["commit"] == second

        godploy("service", "change", SHOP, "--branch", "main", "--submodules")
        log = shop.deploy()
        assert "Fetching the submodule vendor/library" in log
        assert soon(lambda: shop.serves("library-1"))
        assert shop.deployments()[0]["commit"] == third
    finally:
        library.delete()


def test_a_private_image_is_pulled_and_built_upon_with_a_login_that_is_nowhere_to_be_read(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository, private_registry: PrivateRegistry
) -> None:
    server, registry = bootstrapped_server, private_registry
    with pytest.raises(CommandRefused) as refused:
        godploy("registry", "add", registry.host, registry.user, "--password-stdin", stdin="wrong\n")
    assert refused.value.code == 5
    assert godploy.json("registry", "list") == []

    godploy("project", "create", "shop")
    godploy("service", "create", SHOP, "--image", registry.image, "--port", "8080", "--health-path", "/health", *QUICK)
    with pytest.raises(CommandRefused) as without:
        godploy("deploy", SHOP)
    assert without.value.code == 7

    godploy("registry", "add", registry.host, registry.user, "--password-stdin", stdin=f"{registry.password}\n")
    assert [each["host"] for each in godploy.json("registry", "list")] == [registry.host]
    godploy("registry", "check", registry.host)
    host = server.domain("shop")
    godploy("service", "domains", "add", SHOP, host, "--no-tls")
    godploy("deploy", SHOP)
    assert "private 1" in soon(lambda: visit_page(server, host)).body
    assert godploy.json("releases", SHOP)[0]["image"] == f"{registry.repository}@{registry.digests['1']}"

    repository.commit({"Dockerfile": f"FROM {registry.tagged('2')}\n", "app.py": None}, "On a private base")
    godploy("service", "change", SHOP, "--git", repository.url)
    repository.allow(godploy("service", "deploy-key", SHOP).strip())
    godploy("deploy", SHOP)
    assert soon(lambda: "private 2" in visit_page(server, host).body)

    for place in ("grep -rlF {} /var/lib/godploy /run/godploy", "journalctl -u godploy-agent | grep -F {}"):
        assert server.run(f"{place.format(registry.password)} || true").strip() == ""
    layers = "docker images -q | xargs -n 1 docker history --no-trunc --format '{{.CreatedBy}}'"
    assert registry.password not in server.run(layers)
    godploy("registry", "remove", registry.host)
    assert godploy.json("registry", "list") == []


def test_an_archive_that_leads_out_touches_nothing_and_the_service_goes_on(
    bootstrapped_server: Server, godploy: Godploy, tmp_path: Path
) -> None:
    server = bootstrapped_server
    good, evil = tmp_path / "shop.tar.gz", tmp_path / "evil.tar.gz"
    dockerfile = "FROM python:3.12-slim\nCOPY page /srv/\nCMD python -m http.server -d /srv 8080\n"
    _archive(good, {"shop/Dockerfile": dockerfile, "shop/page": "first"})
    _archive(evil, {"shop/Dockerfile": dockerfile, "shop/page": "x", "shop/../../../../../evil-was-here": "evil"})
    host = server.domain("shop")
    godploy("project", "create", "shop")
    godploy("service", "create", SHOP, "--archive", str(good), "--port", "8080", *QUICK)
    godploy("service", "domains", "add", SHOP, host, "--no-tls")
    godploy("deploy", SHOP)
    assert soon(lambda: visit_page(server, host, "/page").body) == "first"

    before = server.run("ls /var/lib/godploy/builds")
    with pytest.raises(CommandRefused) as refused:
        godploy("deploy", SHOP, "--archive", str(evil))
    assert refused.value.code == 7
    assert "leads out" in refused.value.output + refused.value.errors
    assert server.run("find / -xdev -name 'evil-was-here' 2>/dev/null || true").strip() == ""
    assert server.run("ls /var/lib/godploy/builds") == before
    assert visit_page(server, host, "/page").body == "first"


def test_a_cleanup_frees_what_it_said_and_takes_nothing_else(bootstrapped_server: Server, godploy: Godploy) -> None:
    server = bootstrapped_server
    waste = {"build files": "builds/dead00", "upload": "uploads/dead00", "git cache": "git/dead00"}
    for folder in waste.values():
        server.run(
            f"cd /var/lib/godploy && mkdir {folder} && head -c 5000000 /dev/urandom > {folder}/left"
            f" && find {folder} -exec touch -d '2 hours ago' {{}} +"
        )
    before = _used(server)

    shown = godploy.json("server", "cleanup", "--dry-run")
    found = {each["what"]: each["size_bytes"] for each in shown["items"] if each["name"] == "dead00"}
    assert set(found) == set(waste)
    assert all(5_000_000 <= size < 5_100_000 for size in found.values())
    assert _used(server) == pytest.approx(before, abs=100_000)

    gone = godploy.json("server", "cleanup", "--yes")
    assert {each["name"] for each in gone["items"]} == {each["name"] for each in shown["items"]}
    assert before - _used(server) == pytest.approx(sum(found.values()), rel=0.02)
    assert not [each for each in godploy.json("server", "cleanup", "--dry-run")["items"] if each["name"] == "dead00"]
    assert godploy.json("server", "status")["info"]["ingress_problem"] is None


def _archive(file: Path, members: dict[str, str]) -> None:
    with tarfile.open(file, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content.encode())
            archive.addfile(entry, io.BytesIO(content.encode()))


def _used(server: Server) -> int:
    """What the state folder takes, in bytes."""
    return int(server.run("du -s --block-size=1 /var/lib/godploy").split()[0])
