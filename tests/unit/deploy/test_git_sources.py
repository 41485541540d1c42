"""Tags, exact commits, submodules and large files of real repositories."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from godploy_server.contract import (
    GitSource,
    GodployError,
    ServiceId,
    ServiceKind,
    ServiceSettings,
)
from godploy_server.deploy.locking import alone_in
from godploy_server.deploy.sources.fetched import Fetched
from godploy_server.deploy.sources.git import fetch_commit
from godploy_server.deploy.sources.submodules import Submodule, absolute, parse_modules
from godploy_server.runtime.engine import Engine
from godploy_server.state import projects, services
from godploy_server.state.services import ServiceRow
from tests.unit.deploy.conftest import git, make_engine, run


class Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def new_repository(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "config", "protocol.file.allow", "always")
    return add(folder, "first", **files)


def add(folder: Path, message: str, **files: str) -> Path:
    for name, content in files.items():
        (folder / name).write_text(content)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", message)
    return folder


def add_submodule(parent: Path, url: str, path: str) -> None:
    git(parent, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, path)
    git(parent, "commit", "--quiet", "-m", f"with {path}")


@pytest.fixture
def service(engine: Engine) -> ServiceRow:
    return make_service(engine)


def make_service(engine: Engine) -> ServiceRow:
    project = projects.create(engine.connection, "market", "10.210.0.64/26")
    settings = ServiceSettings(GitSource("file:///nowhere"))
    return services.create(
        engine.connection, project.id, "shop", ServiceKind.APPLICATION, settings, "ssh-ed25519 A", ServiceId("5e41ce")
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "fetched" / "source"


def fetch(engine: Engine, service: ServiceRow, source: GitSource, folder: Path, commit: str = "") -> Fetched:
    return run(fetch_commit(engine, service, source, folder, Lines(), commit))


def refusal(engine: Engine, service: ServiceRow, source: GitSource, folder: Path) -> GodployError:
    with pytest.raises(GodployError) as raised:
        fetch(engine, service, source, folder)
    return raised.value


def names(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*") if not each.is_dir())


@pytest.mark.parametrize("options", [["v1"], ["-a", "-m", "words", "v1"]], ids=["light", "annotated"])
def test_a_tag_is_deployed_whatever_the_branch_did_since(
    engine: Engine, service: ServiceRow, folder: Path, tmp_path: Path, options: list[str]
) -> None:
    repository = new_repository(tmp_path / "shop", version="1")
    git(repository, "tag", *options)
    add(repository, "second", version="2")
    fetched = fetch(engine, service, GitSource(f"file://{repository}", tag="v1"), folder)
    assert (folder / "version").read_text() == "1"
    assert fetched == Fetched(
        f"{fetched.commit[:12]} first", git(repository, "rev-parse", "v1^{commit}"), "Robin", "first"
    )
    missing = refusal(engine, service, GitSource(f"file://{repository}", tag="v2"), folder).problem
    assert missing.what == "The repository has no tag “v2”"


def test_a_commit_of_the_settings_stays_and_one_of_the_deployment_wins(
    engine: Engine, service: ServiceRow, folder: Path, tmp_path: Path
) -> None:
    repository = new_repository(tmp_path / "shop", version="1")
    first = git(repository, "rev-parse", "HEAD")
    add(repository, "second", version="2")
    second = git(repository, "rev-parse", "HEAD")
    add(repository, "third", version="3")
    pinned = GitSource(f"file://{repository}", tag="gone", commit=first)
    assert fetch(engine, service, pinned, folder).commit == first
    assert (folder / "version").read_text() == "1"
    assert fetch(engine, service, pinned, folder, second).commit == second


@pytest.mark.parametrize("length", [40, 9])
def test_a_commit_of_another_branch_is_found(
    engine: Engine, service: ServiceRow, folder: Path, tmp_path: Path, length: int
) -> None:
    repository = new_repository(tmp_path / "shop", version="1")
    git(repository, "checkout", "--quiet", "-b", "side")
    add(repository, "second", version="2")
    wanted = git(repository, "rev-parse", "HEAD")
    add(repository, "third", version="3")
    git(repository, "checkout", "--quiet", "main")
    source = GitSource(f"file://{repository}")
    assert fetch(engine, service, source, folder, wanted[:length]).commit == wanted
    assert (folder / "version").read_text() == "2"


def test_submodules_come_at_their_commits_with_theirs_when_they_are_asked_for(
    engine: Engine, service: ServiceRow, folder: Path, tmp_path: Path
) -> None:
    inner = new_repository(tmp_path / "inner", inner="1")
    library = new_repository(tmp_path / "library", library="1")
    add_submodule(library, "../inner", "deep/inner")
    shop = new_repository(tmp_path / "shop", shop="1")
    add_submodule(shop, f"file://{library}", "vendor/library")
    add_submodule(shop, f"file://{inner}", "again")
    add(library, "later", library="2")

    source = GitSource(f"file://{shop}", submodules=True)
    for _ in range(2):  # the second time out of the cache
        fetch(engine, service, source, folder)
        assert names(folder) == [
            ".gitmodules", "again/inner", "shop", "vendor/library/.gitmodules", "vendor/library/deep/inner/inner",
            "vendor/library/library",
        ]  # fmt: skip
    assert (folder / "vendor/library/library").read_text() == "1"
    assert not list(folder.rglob(".git"))

    fetch(engine, service, GitSource(f"file://{shop}"), folder)
    assert names(folder) == [".gitmodules", "shop"]


def test_a_submodule_that_cannot_be_fetched_is_named(
    engine: Engine, service: ServiceRow, folder: Path, tmp_path: Path
) -> None:
    library = new_repository(tmp_path / "library", library="1")
    shop = new_repository(tmp_path / "shop", shop="1")
    add_submodule(shop, f"file://{library}", "library")
    shutil.rmtree(library)
    problem = refusal(engine, service, GitSource(f"file://{shop}", submodules=True), folder).problem
    assert problem.what.startswith("The submodule library: ")


def test_submodules_that_contain_themselves_end(
    engine: Engine, service: ServiceRow, folder: Path, tmp_path: Path
) -> None:
    shop = new_repository(tmp_path / "shop", shop="1")
    for _ in range(8):
        commit = git(shop, "rev-parse", "HEAD")
        (shop / ".gitmodules").write_text(f'[submodule "self"]\n\tpath = self\n\turl = file://{shop}\n')
        git(shop, "add", ".gitmodules")
        git(shop, "update-index", "--add", "--cacheinfo", f"160000,{commit},self")
        git(shop, "commit", "--quiet", "-m", "deeper")
    problem = refusal(engine, service, GitSource(f"file://{shop}", submodules=True), folder).problem
    assert "too deep" in problem.what


@pytest.mark.parametrize("url", ["ext::sh -c touch% /tmp/x", "/etc", "-u./x", "file:///etc"])
def test_a_submodule_may_name_nothing_that_the_repository_itself_may_not(
    tmp_path: Path, folder: Path, url: str
) -> None:
    engine = make_engine(tmp_path, is_embedded=False)
    try:
        service = make_service(engine)
        shop = new_repository(engine.paths.local_sources / "shop", shop="1")
        (shop / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = {url}\n')
        git(shop, "add", ".gitmodules")
        git(shop, "update-index", "--add", "--cacheinfo", f"160000,{git(shop, 'rev-parse', 'HEAD')},x")
        git(shop, "commit", "--quiet", "-m", "evil")
        assert refusal(engine, service, GitSource(f"file://{shop}", submodules=True), folder).code == "bad-input"
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("base", "url", "expected"),
    [
        ("https://hub.test/ada/shop.git", "../library.git", "https://hub.test/ada/library.git"),
        ("https://hub.test/ada/shop.git/", "../../bob/x", "https://hub.test/bob/x"),
        ("git@hub.test:ada/shop", "../library", "git@hub.test:ada/library"),
        ("git@hub.test:shop", "../library", "git@hub.test:library"),
        ("git@hub.test:ada/shop", "../../bob/x", "git@hub.test:bob/x"),
        ("ssh://git@hub.test:22/ada/shop", "./inside/", "ssh://git@hub.test:22/ada/shop/inside"),
        ("https://hub.test/shop", "https://other.test/x", "https://other.test/x"),
        ("https://hub.test/shop", "../../x", None),
        ("ssh://git@hub.test:22/shop", "../../x", None),
        ("git@hub.test:shop", "../../x", None),
    ],
)
def test_an_address_relative_to_the_repository_means_what_it_means_to_git(
    base: str, url: str, expected: str | None
) -> None:
    if expected is None:
        with pytest.raises(GodployError):
            absolute(base, url)
    else:
        assert absolute(base, url) == expected


def test_only_whole_submodules_count() -> None:
    listed = b"submodule.a.b.path\na\0submodule.a.b.url\n../a\0submodule.half.path\nx\0"
    assert parse_modules(listed) == [Submodule("a", "../a")]
    assert parse_modules(b"") == []


@pytest.fixture
def large(tmp_path: Path) -> Path:
    if shutil.which("git-lfs") is None:
        pytest.skip("needs git-lfs (apt-get install git-lfs)")
    repository = new_repository(tmp_path / "shop", readme="small")
    git(repository, "lfs", "install", "--local")
    git(repository, "lfs", "track", "*.bin")
    return add(repository, "large", **{"model.bin": "x" * 5000, "other.bin": "y" * 6000})


def test_large_files_are_fetched_when_they_are_asked_for(
    engine: Engine, service: ServiceRow, folder: Path, large: Path
) -> None:
    fetch(engine, service, GitSource(f"file://{large}"), folder)
    assert (folder / "model.bin").read_text().startswith("version https://git-lfs")

    fetch(engine, service, GitSource(f"file://{large}", lfs=True), folder)
    assert (folder / "model.bin").read_text() == "x" * 5000
    assert (folder / "other.bin").read_text() == "y" * 6000
    assert not list(folder.rglob(".git"))


def test_a_large_file_that_is_missing_is_a_failure_and_no_pointer(
    engine: Engine, service: ServiceRow, folder: Path, large: Path
) -> None:
    shutil.rmtree(large / ".git" / "lfs")
    problem = refusal(engine, service, GitSource(f"file://{large}", lfs=True), folder).problem
    assert "large files" in problem.what
    assert not (folder / "model.bin").exists()


def test_a_server_without_git_lfs_says_what_to_install(
    engine: Engine, service: ServiceRow, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = new_repository(tmp_path / "shop", readme="small")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(programs))
    if subprocess.run(["git", "lfs", "version"], capture_output=True, check=False).returncode == 0:
        pytest.skip("git finds git-lfs in a folder of its own here")
    problem = refusal(engine, service, GitSource(f"file://{repository}", lfs=True), folder).problem
    assert "apt install git-lfs" in problem.next_step


def test_large_files_may_not_be_looked_for_on_the_server_itself(tmp_path: Path, folder: Path, large: Path) -> None:
    engine = make_engine(tmp_path, is_embedded=False)
    try:
        service = make_service(engine)
        engine.paths.local_sources.mkdir()
        sample = engine.paths.local_sources / "shop"
        large.rename(sample)
        (sample / ".lfsconfig").write_text("[lfs]\n\turl = ext::sh -c x\n")
        add(sample, "evil")
        assert refusal(engine, service, GitSource(f"file://{sample}", lfs=True), folder).code == "bad-input"
    finally:
        engine.close()


def test_two_that_want_one_cache_take_turns(tmp_path: Path) -> None:
    cache, order = tmp_path / "cache", []

    async def hold(name: str, has_begun: asyncio.Event, may_end: asyncio.Event) -> None:
        async with alone_in(cache):
            order.append(f"{name} begins")
            has_begun.set()
            await may_end.wait()
            order.append(f"{name} ends")

    async def both() -> None:
        first_begun, first_may_end, second_begun = asyncio.Event(), asyncio.Event(), asyncio.Event()
        first = asyncio.ensure_future(hold("first", first_begun, first_may_end))
        await first_begun.wait()
        async with alone_in(cache, waits=False) as is_ours:
            assert not is_ours
        second = asyncio.ensure_future(hold("second", second_begun, first_may_end))
        await asyncio.sleep(0.3)  # for a second one that would not wait
        first_may_end.set()
        await asyncio.gather(first, second)

    run(both())
    assert order == ["first begins", "first ends", "second begins", "second ends"]
