"""Lab servers: containers that behave like newly rented Debian machines, and what a test may do to them."""

import base64
import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.base_images import Debian
from tests.lab.labkit.cache import locked
from tests.lab.labkit.capabilities import capabilities
from tests.lab.labkit.certificates import ensure_public_certificates
from tests.lab.labkit.command import CommandFailed, LabUnavailable, run
from tests.lab.labkit.containers import PREFIX
from tests.lab.labkit.docker_engine import LABEL, docker, names_of, remove
from tests.lab.labkit.hub_images import find_offer
from tests.lab.labkit.images import ensure_image, hub_path, publish, server_image
from tests.lab.labkit.internet import Internet
from tests.lab.labkit.network import LAST_SERVER, NETWORK, ZONE, loopback_of_server, published_ssh_port
from tests.lab.labkit.snapshot import Snapshot, take_snapshot

_READY_S = 60
_TRUSTED = "/usr/local/share/ca-certificates/lab-public.crt"  # first-process adds it to the server's bundle
KEPT = "kept"  # owner of a server that a person asked for on the command line: nothing removes it by itself


@dataclass(frozen=True)
class Server:
    """One lab server. `address` is on the lab's network; `host` with `ssh_port`, 80 and 443 is on loopback."""

    number: int
    debian: Debian
    address: str
    key: Path
    hub: str

    @property
    def name(self) -> str:
        return f"s{self.number}"

    @property
    def container(self) -> str:
        return f"{PREFIX}{self.name}"

    @property
    def host(self) -> str:
        return loopback_of_server(self.number)

    @property
    def ssh_port(self) -> int:
        return published_ssh_port()

    def domain(self, label: str) -> str:
        """A host name that leads to this server."""
        return f"{label}.{self.name}.{ZONE}"

    def ssh_arguments(self, user: str = "root") -> list[str]:
        """The command line of an SSH session, without the remote command."""
        # The key is the lab's own, made at the first boot; whether the product checks it is the product's test.
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=10"]
        options += ["IdentitiesOnly=yes", "BatchMode=yes"]
        flags = [word for option in options for word in ("-o", option)]
        return ["ssh", "-F", "/dev/null", "-i", str(self.key), *flags, "-p", str(self.ssh_port), f"{user}@{self.host}"]

    def run(self, command: str, *, user: str = "root", stdin: bytes = b"", timeout_s: float = 300) -> str:
        """Run a shell command over SSH; gives back its output. Raises CommandFailed."""
        return run([*self.ssh_arguments(user), command], stdin=stdin, timeout_s=timeout_s)

    def inside(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run a program on the server as root without SSH: works while sshd is frozen or broken."""
        return docker("exec", "-i", self.container, *arguments, stdin=stdin)

    @property
    def host_key(self) -> str:
        """The public ed25519 host key, as `type base64`."""
        line = self.inside("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
        return " ".join(line.split()[:2])

    @property
    def host_key_fingerprint(self) -> str:
        """`SHA256:...` as ssh shows it."""
        digest = hashlib.sha256(base64.b64decode(self.host_key.split()[1])).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    def write(self, path: str, content: bytes, mode: str = "644") -> None:
        """Write a file as root."""
        self.inside(
            "sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"', "sh", path, mode, stdin=content
        )

    def load_image(self, name: str) -> None:
        """Give the server's Docker an image that its mirror of Docker Hub cannot, such as one of ghcr.io.

        `name` is one that `Internet.offer` takes. Raises LabUnavailable, NotOffered, CommandFailed.
        """
        publish(find_offer(name))
        path = f"{self.hub}/{hub_path(name)}"
        self.inside("sh", "-c", 'docker pull -q "$1" && docker tag "$1" "$2" && docker rmi "$1"', "sh", path, name)

    def snapshot(self) -> Snapshot:
        """What is on the server now, to be compared with a later one."""
        return take_snapshot(self)

    @contextlib.contextmanager
    def frozen_sshd(self) -> Iterator[None]:
        """While the block runs, sshd and its sessions stand still: packets arrive, nothing answers."""
        self.freeze_sshd()
        try:
            yield
        finally:
            self.unfreeze_sshd()

    def freeze_sshd(self) -> None:
        """Stop sshd and its sessions where they are."""
        self.inside("pkill", "-STOP", "^sshd")

    def unfreeze_sshd(self) -> None:
        """Let them go on."""
        self.inside("pkill", "-CONT", "^sshd")

    def cut_connections(self) -> None:
        """End every SSH session at once, as a broken network would; new ones are welcome."""
        main = self.inside("systemctl", "show", "-p", "MainPID", "--value", "ssh").strip()
        script = f"for pid in $(pgrep '^sshd'); do [ $pid = {main} ] || kill -KILL $pid; done; true"
        self.inside("sh", "-c", script)

    def new_host_key(self) -> None:
        """Replace the server's host keys, as a reinstalled (or wrong) machine would have others."""
        self.inside("sh", "-c", "rm /etc/ssh/ssh_host_* && ssh-keygen -q -A && systemctl restart ssh")
        self.wait_for_ssh()

    def unplug(self) -> None:
        """Take the server off the network; loopback publishing ends with it."""
        docker("network", "disconnect", "-f", NETWORK, self.container)

    def plug(self) -> None:
        """Put it back under the same address."""
        docker("network", "connect", "--ip", self.address, NETWORK, self.container)
        self.wait_for_ssh()

    def reboot(self, timeout_s: float = 60) -> None:
        """Reboot through systemd and wait until SSH answers again."""
        before = self._started_at()
        with contextlib.suppress(CommandFailed):  # the session may end before the command does
            self.run("systemctl reboot")
        give_up = time.monotonic() + timeout_s
        while self._started_at() == before:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{self.name} did not go down within {timeout_s} s")
            time.sleep(0.1)
        self.wait_for_ssh(timeout_s)

    def kill(self) -> None:
        """Cut the power, then let it boot again on its own: nothing is shut down in order."""
        docker("kill", "-s", "KILL", self.container)
        docker("start", self.container)
        self.wait_for_ssh()

    def wait_for_ssh(self, timeout_s: float = _READY_S) -> None:
        """Wait until a command runs over SSH. Raises TimeoutError."""
        give_up = time.monotonic() + timeout_s
        while True:
            try:
                self.run("true", timeout_s=15)
                return
            except (CommandFailed, OSError) as failure:
                if time.monotonic() > give_up:
                    raise TimeoutError(f"{self.name}: no SSH within {timeout_s} s: {failure}") from failure
                time.sleep(0.1)

    def remove(self) -> None:
        """Take the server away with all that is on it."""
        remove([self.container], _volumes(self.number))

    def _started_at(self) -> str:
        return docker("inspect", "-f", "{{.State.StartedAt}} {{.State.Running}}", self.container)


def rent(
    internet: Internet,
    key: Path,
    debian: Debian,
    *,
    number: int | None = None,
    owner: str | None = None,
    prepared: bool = False,
) -> Server:
    """Start a new server and wait for its SSH.

    `number` replaces that very server; without it the first free number is taken. `owner` is the process that
    it ends with (this one, unless given) or KEPT. A prepared server has already from the distribution what the
    product would install (Docker, git, python3-cryptography), for tests that are not about installing.
    Raises LabUnavailable, TimeoutError.
    """
    image = server_image(debian, prepared)
    ensure_image(image)
    with locked("servers"):
        if number is None:
            number = _free_number()
        server = Server(number, debian, internet.addresses.of_server(number), key, internet.hub)
        server.remove()
        _start(server, image.name, internet, owner or owner_of(os.getpid()))
    server.wait_for_ssh()
    if prepared:
        server.run("for i in $(seq 300); do docker info >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1")
    return server


def owner_of(pid: int) -> str:
    """A name for a process that no later process of the same id has; "" if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return f"{pid}-{fields[19]}"  # start time in ticks since boot: proc(5)


def remove_abandoned() -> None:
    """Remove servers whose test run was killed before it could."""
    with locked("servers"):
        for container in _server_containers():
            owner = docker("inspect", "-f", '{{index .Config.Labels "godploy.lab.owner"}}', container)
            if owner != KEPT and owner_of(int(owner.partition("-")[0] or 0)) != owner:
                remove([container], _volumes(int(container.removeprefix(f"{PREFIX}s"))))


def existing_servers(internet: Internet, key: Path) -> list[Server]:
    """The servers that there are, by number."""
    found = []
    for container in _server_containers():
        number = int(container.removeprefix(f"{PREFIX}s"))
        version = docker("inspect", "-f", '{{index .Config.Labels "godploy.lab.debian"}}', container)
        found.append(Server(number, Debian(version), internet.addresses.of_server(number), key, internet.hub))
    return sorted(found, key=lambda server: server.number)


def _server_containers() -> list[str]:
    return names_of("container", "label=godploy.lab.owner")


def _volumes(number: int) -> list[str]:
    return [f"{PREFIX}s{number}-docker", f"{PREFIX}s{number}-containerd"]


def _free_number() -> int:
    taken = {int(name.removeprefix(f"{PREFIX}s")) for name in _server_containers()}
    # 1 to 9 are for people at the command line, so that a test never takes the server they look at.
    for number in range(10, LAST_SERVER + 1):
        if number not in taken:
            return number
    raise LabUnavailable(f"all {LAST_SERVER} servers of the lab are in use")


def _start(server: Server, image: str, internet: Internet, owner: str) -> None:
    volumes = _volumes(server.number)
    for volume in volumes:
        docker("volume", "create", "--label", LABEL, volume)
    labels = (LABEL, f"godploy.lab.owner={owner}", f"godploy.lab.debian={server.debian.value}")
    trusted = ensure_public_certificates() / "ca.pem"
    variables = {
        "LAB_KEY": server.key.with_suffix(".pub").read_text().strip(),
        "LAB_DNS": internet.dns.address,
        "LAB_HUB": internet.hub,
    }
    arguments = ["--name", server.container, "--hostname", server.name, "--network", NETWORK, "--ip", server.address]
    arguments += [f"--cap-add={name}" for name in capabilities()]
    arguments += [
        word
        for name in ("seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined")
        for word in ("--security-opt", name)
    ]
    arguments += ["--cgroupns=private", "--tmpfs", "/run:exec,mode=755", "--tmpfs", "/run/lock", "--restart=always"]
    arguments += ["-v", f"{volumes[0]}:/var/lib/docker", "-v", f"{volumes[1]}:/var/lib/containerd"]
    arguments += ["-v", f"{trusted}:{_TRUSTED}:ro"]
    ports = ((server.ssh_port, 22), (80, 80), (443, 443))
    arguments += [word for here, there in ports for word in ("-p", f"{server.host}:{here}:{there}")]
    arguments += [word for label in labels for word in ("--label", label)]
    arguments += [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    docker("run", "-d", *arguments, image)
