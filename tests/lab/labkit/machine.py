"""What this machine knows about where packages come from, read at run time and never written into the checkout."""

import functools
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.command import CommandFailed, run

CERTIFICATES = Path("/usr/local/share/ca-certificates")
# Settings of apt that describe how to reach the mirror; the rest of the machine's configuration stays its own.
_CARRIED_APT_SETTINGS = re.compile(
    r'^(Acquire::(Check-Valid-Until|Check-Date|https?::[^ ]*|ForceIPv4|Retries)) "(.*)";$', re.M
)
_CARRIED_PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "timeout", "default-timeout")


@dataclass(frozen=True)
class AptMirrors:
    """Addresses of Debian's main and security archives as this machine uses them; empty where it names none."""

    main: str
    security: str

    def sources_list(self, suite: str) -> str:
        """The text of /etc/apt/sources.list for a suite such as `bookworm`."""
        return (
            f"deb {self.main} {suite} main\n"
            f"deb {self.main} {suite}-updates main\n"
            f"deb {self.security} {suite}-security main\n"
        )


def apt_mirrors() -> AptMirrors | None:
    """The machine's own Debian archives, or None where its apt names none (mmdebstrap then uses its own)."""
    listing = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(LABEL)"])
    rows = [line.split(" ", 2) for line in sorted(set(listing.splitlines()))]
    debian = [row for row in rows if len(row) == 3 and row[2].startswith("Debian")]
    main = next((uri for uri, name, _ in debian if "-" not in name), "")
    security = next((uri for uri, name, _ in debian if name.endswith("-security")), "")
    return AptMirrors(main, security) if main and security else None


def apt_settings() -> str:
    """Lines of apt.conf that a lab server needs to reach the same archives."""
    found = _CARRIED_APT_SETTINGS.findall(run(["apt-config", "dump"]))
    return "".join(f'{name} "{value}";\n' for name, _, value in found if value)


def pip_settings() -> str:
    """The text of a pip.conf that reaches the same package index as this machine."""
    try:
        listing = run([sys.executable, "-m", "pip", "config", "list"])
    except (CommandFailed, OSError):
        return ""
    lines: dict[str, str] = {}
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in _CARRIED_PIP_SETTINGS:
            lines[name.removeprefix("default-")] = value.strip("'\"")
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()) if lines else ""


@functools.cache  # npm takes a moment
def npm_settings(bundle: str) -> str:
    """The text of an npmrc that reaches the same registry as this machine and trusts the certificates of `bundle`."""
    lines = [f"cafile={bundle}"]
    if shutil.which("npm"):
        # away from any project, whose settings would count
        registry = run(["npm", "config", "get", "registry", "--prefix", "/"]).strip()
        lines += [f"registry={registry}"] if registry.startswith("http") else []
    return "\n".join(lines) + "\n"


def certificate_files() -> list[Path]:
    """CA certificates that were added to this machine by hand."""
    return sorted(CERTIFICATES.rglob("*.crt")) if CERTIFICATES.is_dir() else []


def nameserver() -> str:
    """The first address that this machine asks for names."""
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and not words[1].startswith("127."):
            return words[1]
    resolved = Path("/run/systemd/resolve/resolv.conf")  # behind systemd-resolved's loopback stub
    if resolved.exists():
        found = re.search(r"^nameserver (\S+)", resolved.read_text(), re.M)
        return found[1] if found else ""
    return ""


def install_missing(packages: dict[str, str]) -> None:
    """Install Debian packages (separated by blanks) on this machine where their program (the key) is not found."""
    missing = [name for program, names in packages.items() if not shutil.which(program) for name in names.split()]
    if not missing:
        return
    run(["apt-get", "update", "-qq"])
    run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        environment={"DEBIAN_FRONTEND": "noninteractive"},
    )
