"""The whole path on a lab server, for a person to watch: `make demo`, and `make run` where there is no display.

A bare server, bootstrapped over SSH; the sample application from the lab's git host, deployed; a change, deployed;
a rollback; pictures of the window showing it. What it made stays until `make lab-down`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.command import LabUnavailable
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.lab import Lab, bring_up
from tests.lab.labkit.servers import KEPT, Server
from tests.lab.product import SHOP, Godploy, Shop, add_server, open_shop, soon, use_lab_acme

T = TypeVar("T")
NUMBER = 9
HOME = Path.home() / ".cache" / "godploy-lab" / "demo"
PICTURES = Path("build") / "demo"
SAMPLE = Path(__file__).parents[2] / "resources" / "samples" / "hello"


def step(title: str, work: Callable[[], T]) -> T:
    """Do one step and print how long it took."""
    print(f"{title} ... ", end="", flush=True)
    started = time.monotonic()
    result = work()
    print(f"{time.monotonic() - started:.1f} s", flush=True)
    return result


def main() -> int:
    """Run the demo; gives back the exit code."""
    began = time.monotonic()
    try:
        lab = step("bring up the lab (registry, DNS, ACME, git host)", bring_up)
    except LabUnavailable as reason:
        print(f"\nThe demo needs Docker on this machine, and it cannot run here: {reason}")
        return 1
    server = step("rent a bare Debian 13 server", lambda: lab.rent(Debian.TRIXIE, number=NUMBER, owner=KEPT))
    repository = step("make a private repository with the sample application", lambda: _repository(lab))
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return subprocess.run(
            [sys.executable, "-m", "tests.lab.demo_window", str(NUMBER), repository.name], check=False
        ).returncode
    return _headless(lab, server, repository, began)


def _headless(lab: Lab, server: Server, repository: Repository, began: float) -> int:
    subprocess.run(["rm", "-rf", str(HOME)], check=True)
    godploy = Godploy(HOME)
    step("add the server, its host key compared", lambda: add_server(godploy, server, lab))
    step("bootstrap it over SSH (Docker, Traefik, agent, relay)", lambda: godploy("server", "bootstrap", timeout_s=900))
    use_lab_acme(godploy, lab)
    shop = step("create project, service, deploy key, domain", lambda: _shop(godploy, server, repository, lab))
    step("deploy version 1: fetch, build, release, start, probe, switch, drain, settle", shop.deploy)
    step("HTTPS with a certificate by ACME answers", lambda: soon(lambda: shop.serves("1"), 60))
    shop.push("2")
    step("push a change and deploy version 2", shop.deploy)
    step("version 2 answers", lambda: soon(lambda: shop.serves("2"), 20))
    step("roll back", lambda: godploy("rollback", SHOP))
    step("version 1 answers again", lambda: soon(lambda: shop.serves("1"), 20))
    step("pictures of the window showing it", lambda: _pictures(godploy))
    print(f"from nothing to here: {time.monotonic() - began:.0f} s")
    _farewell(godploy, server, shop)
    return 0


def _repository(lab: Lab) -> Repository:
    files = {str(path.relative_to(SAMPLE)): path.read_bytes() for path in SAMPLE.rglob("*") if path.is_file()}
    return lab.git_host.create("demo-shop", files)


def _shop(godploy: Godploy, server: Server, repository: Repository, lab: Lab) -> Shop:
    shop = open_shop(godploy, server, repository, "--drain", "2", tls=True)
    root = lab.internet.acme.issuing_root()
    (HOME / "acme-root.pem").write_text(root)
    return replace(shop, tls_root=root)


def _pictures(godploy: Godploy) -> None:
    environment = {"QT_QPA_PLATFORM": "offscreen"} | godploy.environment
    subprocess.run(
        [sys.executable, "-m", "tests.lab.window_pictures", str(PICTURES)], env=environment, check=True, timeout=300
    )


def _farewell(godploy: Godploy, server: Server, shop: Shop) -> None:
    home = godploy.environment["GODPLOY_HOME"]
    print(f"""
The shop is served at https://{shop.host}/ on the lab's network. From here:
    curl --cacert {HOME}/acme-root.pem --connect-to {shop.host}:443:{server.host}:443 https://{shop.host}/
Look at it with the same profile:
    GODPLOY_HOME={home} .venv/bin/godploy service list
    GODPLOY_HOME={home} .venv/bin/godploy logs -f {SHOP}
    GODPLOY_HOME={home} .venv/bin/godploy-desktop        (where a display is)
    .venv/bin/python -m tests.lab ssh {server.name}      (the server itself)
Pictures of the window: {PICTURES}/
Remove what it made:
    make lab-down && rm -rf {HOME} {PICTURES}""")


if __name__ == "__main__":
    sys.exit(main())
