"""The lab from the command line: `python -m tests.lab up|down|status|reset|remove|ssh|offer|tools|gitea`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.command import CommandFailed, LabUnavailable
from tests.lab.labkit.docker_engine import docker, names_of
from tests.lab.labkit.gitea import ADMIN, Gitea, GiteaPerson
from tests.lab.labkit.gitea import HOST as GITEA_HOST
from tests.lab.labkit.hub_images import NotOffered, offered_on_demand
from tests.lab.labkit.images import offer_locally
from tests.lab.labkit.lab import Lab, bring_up, is_up, take_down
from tests.lab.labkit.network import LAST_SERVER, published_ssh_port
from tests.lab.labkit.servers import KEPT, Server
from tests.lab.labkit.tools import build_all, start_building

_FIRST_SERVERS = {1: Debian.TRIXIE, 2: Debian.BOOKWORM}


def main(arguments: list[str]) -> int:
    """Run one command; gives back the exit code."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "up":
                _up(options)
            case "down":
                take_down()
                print("The lab is down; its images and caches stay for the next time.")
            case "status":
                _status()
            case "reset":
                print(_describe(_reset(_lab(), options.name, Debian(options.debian), options.docker)))
            case "remove":
                _server(_lab(), options.name).remove()
            case "offer":
                _offer(_lab(), options.names or offered_on_demand())
            case "gitea":
                _describe_gitea(_lab().internet.gitea, is_new=options.reset)
            case "tools":
                build_all(lambda name: print(f"{name} is built", flush=True))
            case "ssh":
                server = _server(_lab(), options.name)
                words = server.ssh_arguments(options.user) + options.remote_command
                os.execvp(words[0], words)
    except (LabUnavailable, NotOffered, CommandFailed, TimeoutError) as failure:
        print(f"The lab cannot do this: {failure}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="bring the lab up with servers s1 (Debian 13) and s2 (Debian 12)")
    up.add_argument("--no-servers", action="store_true", help="only hub, DNS, ACME and git host")
    up.add_argument("--local-images", action="store_true", help="give this machine's Docker the hub's images too")
    commands.add_parser("down", help="stop and remove everything that the lab runs")
    commands.add_parser("status", help="what runs and how to reach it")
    reset = commands.add_parser("reset", help="make server NAME new again (or for the first time)")
    reset.add_argument("name", help=f"s1 to s{LAST_SERVER}")
    reset.add_argument("--debian", choices=[debian.value for debian in Debian], default=Debian.TRIXIE.value)
    reset.add_argument("--docker", action="store_true", help="with Docker and git already installed")
    commands.add_parser("remove", help="take server NAME away").add_argument("name")
    offer = commands.add_parser("offer", help="let the hub offer images that it makes on demand; all without a name")
    offer.add_argument("names", nargs="*", metavar="IMAGE")
    commands.add_parser(
        "tools", help="build the real programs (nixpacks, pack, lifecycle, FerretDB, Gitea) into the cache"
    )
    gitea = commands.add_parser("gitea", help="start Gitea (built on first use) and say how to sign in there")
    gitea.add_argument("--reset", action="store_true", help="without the accounts and repositories of before")
    ssh = commands.add_parser("ssh", help="log in on server NAME, or run a command there")
    ssh.add_argument("--user", default="root")
    ssh.add_argument("name")
    ssh.add_argument("remote_command", nargs=argparse.REMAINDER)
    return parser


def _up(options: argparse.Namespace) -> None:
    started = time.monotonic()
    lab = bring_up(lambda part: print(f"{time.monotonic() - started:6.1f} s  {part}", flush=True))
    start_building()
    if options.local_images and (added := offer_locally()):
        print("Added to this machine's Docker:", ", ".join(added))
    if not options.no_servers:
        there = {server.number for server in lab.servers()}
        for number, debian in _FIRST_SERVERS.items():
            if number not in there:
                lab.rent(debian, number=number, owner=KEPT)
    print(f"{time.monotonic() - started:6.1f} s  up\n")
    _describe_lab(lab)


def _offer(lab: Lab, names: Sequence[str]) -> None:
    for name in names:
        started = time.monotonic()
        lab.internet.offer(name)
        print(f"{time.monotonic() - started:6.1f} s  {name}", flush=True)


def _lab() -> Lab:
    return bring_up()


def _status() -> None:
    if not is_up():
        print("The lab is down.")
        return
    for name in names_of("container"):
        print(docker("ps", "-a", "--filter", f"name=^{name}$", "--format", "{{.Names}}\t{{.Status}}"))
    print()
    _describe_lab(bring_up())


def _describe_lab(lab: Lab) -> None:
    internet = lab.internet
    print(f"hub        {internet.hub_on_loopback} here, {internet.hub} on the servers (a mirror of Docker Hub there)")
    print(f"DNS        {internet.dns.address}: *.sN.lab.test is server N")
    print(f"ACME       {internet.acme.directory_url} on the servers, {internet.acme.local_directory_url} here")
    print(f"git host   git@{lab.git_host.name} on the servers, ssh://git@127.10.0.205:{published_ssh_port()}/ here")
    print(f"Gitea      https://{GITEA_HOST} here and on the servers, started by: python -m tests.lab gitea")
    print(f"key        {lab.key}")
    for server in lab.servers():
        print(_describe(server))


def _describe_gitea(gitea: Gitea, *, is_new: bool) -> None:
    if is_new:
        gitea.reset()
    login, password = ADMIN
    client_id = GiteaPerson(gitea, login, password).register_application()
    print(f"Gitea      {gitea.url} (git over SSH: port {published_ssh_port()}), sign in as {login} / {password}")
    print(f"trust it   export SSL_CERT_FILE={gitea.bundle}")
    print(f"then       godploy git sign-in gitea --address {gitea.url} --browser --client-id {client_id}")


def _describe(server: Server) -> str:
    port = f" -p {server.ssh_port}" if server.ssh_port != 22 else ""
    return (
        f"{server.name:<10} Debian {server.debian.value}: ssh -i {server.key}{port} root@{server.host} (or debian@), "
        f"http://{server.host}, {server.address} on the lab's network, *.{server.name}.lab.test"
    )


def _reset(lab: Lab, name: str, debian: Debian, prepared: bool) -> Server:
    return lab.rent(debian, number=_number(name), owner=KEPT, prepared=prepared)


def _server(lab: Lab, name: str) -> Server:
    number = _number(name)
    for server in lab.servers():
        if server.number == number:
            return server
    raise LabUnavailable(f"there is no server {name}; `python -m tests.lab reset {name}` makes it")


def _number(name: str) -> int:
    digits = name.removeprefix("s")
    if not digits.isdigit() or not 1 <= int(digits) <= LAST_SERVER:
        raise LabUnavailable(f"servers are called s1 to s{LAST_SERVER}, not {name}")
    return int(digits)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
