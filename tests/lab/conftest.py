"""The lab for tests: servers, a git host and visitors. Where it cannot run, its tests say so instead of failing."""

import os
import secrets
import subprocess
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.browser import ensure_chromium
from tests.lab.labkit.command import LabUnavailable
from tests.lab.labkit.git_host import GitHost, Repository
from tests.lab.labkit.gitea import Gitea, GiteaPerson, GiteaRepository
from tests.lab.labkit.lab import Lab, bring_up
from tests.lab.labkit.private_registry import PrivateRegistry
from tests.lab.labkit.servers import Server
from tests.lab.labkit.tool_mirror import ToolMirror
from tests.lab.labkit.tools import ensure_tool
from tests.lab.labkit.visitors import Traffic, visit
from tests.lab.product import CommandRefused, Godploy, add_server, trust_git_host

T = TypeVar("T")
HERE = Path(__file__).parent
SAMPLE = HERE.parents[1] / "resources" / "samples" / "hello"
# Where the lab has to run, as in CI, a lab that cannot is a failure and not a skip.
REQUIRED = "GODPLOY_LAB_REQUIRED"
_TEST_S = 1800  # the first test of a cold machine builds images and programs too
_CANNOT_RUN = "the lab cannot run: "
_NEEDS_PROGRAMS = {"tool_mirror", "nixpacks", "gitea"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(_TEST_S))
    # On a cold machine the real programs are built in the background meanwhile: what needs them comes last.
    waiting = {item.path for item in items if _NEEDS_PROGRAMS & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path in waiting)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # from the reports and not from a list of ours: with workers side by side the tests run in other processes
    reasons: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("skipped"):
        text = str(report.longrepr)
        if _CANNOT_RUN in text:
            reasons.setdefault(text.partition(_CANNOT_RUN)[2].strip("')"), []).append(report.nodeid)
    for reason, names in reasons.items():
        terminalreporter.write_line(f"not run: {len(names)} lab tests, because {reason}")
        for name in names:
            terminalreporter.write_line(f"  not run: {name}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, T, T]:
    return (yield from _skipped_where_unavailable())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, T, T]:
    return (yield from _skipped_where_unavailable())


def _skipped_where_unavailable() -> Generator[None, T, T]:
    """A part of the lab that is made on demand may be impossible here, as the lab as a whole may be."""
    try:
        return (yield)
    except LabUnavailable as reason:
        if os.environ.get(REQUIRED):
            raise
        pytest.skip(_CANNOT_RUN + str(reason))


@pytest.fixture(scope="session")
def lab_or_reason() -> Lab | str:
    """The lab, or why there is none; asked once per run."""
    try:
        return bring_up()
    except LabUnavailable as reason:
        if os.environ.get(REQUIRED):
            raise
        return str(reason)


@pytest.fixture
def lab(lab_or_reason: Lab | str) -> Lab:
    """Hub, DNS, ACME server and git host, running."""
    if isinstance(lab_or_reason, str):
        pytest.skip(_CANNOT_RUN + lab_or_reason)
    return lab_or_reason


RentServer = Callable[..., Server]


@pytest.fixture
def rent_server(lab: Lab) -> Iterator[RentServer]:
    """`rent_server(debian, prepared=False)`: as many new servers as a test wants; they go with it."""
    rented: list[Server] = []

    def rent(debian: Debian = Debian.TRIXIE, *, prepared: bool = False) -> Server:
        rented.append(lab.rent(debian, prepared=prepared))
        return rented[-1]

    yield rent
    for server in rented:
        server.remove()


@pytest.fixture
def fresh_server(rent_server: RentServer, request: pytest.FixtureRequest) -> Server:
    """A newly rented server without Docker: Debian 13, or what the test gives as an indirect parameter."""
    return rent_server(getattr(request, "param", Debian.TRIXIE))


@pytest.fixture
def prepared_server(rent_server: RentServer, request: pytest.FixtureRequest) -> Server:
    """A new server that has Docker, git and python3-cryptography already; the parameter is as for fresh_server."""
    return rent_server(getattr(request, "param", Debian.TRIXIE), prepared=True)


@dataclass
class _Bootstrapped:
    """The server that scenarios share, and the person who bootstrapped it; None until a test wants it."""

    server: Server | None = None
    godploy: Godploy | None = None


@pytest.fixture(scope="session")
def _shared() -> Iterator[_Bootstrapped]:
    shared = _Bootstrapped()
    yield shared
    if shared.server is not None:
        shared.server.remove()


@pytest.fixture
def bootstrapped_server(lab: Lab, _shared: _Bootstrapped, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Debian 13 server that the product bootstrapped and that knows the git host, without projects. Tests share it;
    one that leaves it in a state that cannot be cleaned makes the next one rent another."""
    if _shared.server is None or _shared.godploy is None:
        _shared.server = lab.rent(Debian.TRIXIE, prepared=True)
        _shared.godploy = Godploy(tmp_path_factory.mktemp("person"))
        add_server(_shared.godploy, _shared.server, lab)
        _shared.godploy("server", "bootstrap", timeout_s=600)
        trust_git_host(_shared.godploy, lab.git_host)
    yield _shared.server
    try:
        for project in _shared.godploy.json("project", "list"):
            _shared.godploy("project", "delete", project["name"], "--yes")
    except (CommandRefused, subprocess.TimeoutExpired):
        _shared.server.remove()
        _shared.server = _shared.godploy = None


@pytest.fixture
def godploy(bootstrapped_server: Server, _shared: _Bootstrapped) -> Godploy:
    """The headless command of the person who bootstrapped the server."""
    assert _shared.godploy is not None
    return _shared.godploy


@pytest.fixture
def git_host(lab: Lab) -> GitHost:
    return lab.git_host


def files_of_sample() -> dict[str, bytes]:
    """The sample application, by path."""
    return {str(path.relative_to(SAMPLE)): path.read_bytes() for path in SAMPLE.rglob("*") if path.is_file()}


@pytest.fixture
def repository(git_host: GitHost) -> Iterator[Repository]:
    """A private repository that holds the sample application; no key may read it yet."""
    made = git_host.create(f"shop-{secrets.token_hex(4)}", files_of_sample())
    yield made
    made.delete()


@pytest.fixture
def offer_images(lab: Lab) -> Callable[..., None]:
    """`offer_images("postgres:16", "redis:7")`: from now on the servers' mirror of Docker Hub has them."""
    return lab.internet.offer


@pytest.fixture
def private_registry(lab: Lab) -> PrivateRegistry:
    """A registry that wants a login, with an image in it."""
    return lab.internet.private_registry


@pytest.fixture
def tool_mirror(lab: Lab) -> ToolMirror:
    """The builders' programs as archives; waits until they are built, minutes on a machine that has none yet."""
    return lab.internet.tool_mirror


@pytest.fixture
def nixpacks(lab: Lab) -> Path:
    """The real Nixpacks, to be run on this machine."""
    return ensure_tool("nixpacks")


@pytest.fixture
def gitea(lab: Lab) -> Gitea:
    """A real git host, for accounts and webhooks; waits until it is built, minutes on a machine that has it not yet."""
    ensure_chromium()  # people sign in there with a browser
    return lab.internet.gitea


@pytest.fixture
def gitea_person(gitea: Gitea) -> Iterator[GiteaPerson]:
    """A new account at Gitea; it goes with the test."""
    person = gitea.sign_up()
    yield person
    person.delete()


@pytest.fixture
def shop_repository(gitea_person: GiteaPerson) -> GiteaRepository:
    """The sample application as a private repository at Gitea."""
    return gitea_person.create("web-shop", files_of_sample())


@pytest.fixture
def visitors() -> Callable[..., Traffic]:
    """`with visitors(server.host, "shop.s1.lab.test") as traffic:` see `labkit.visitors.visit`."""
    return visit
