"""Debian base images made by mmdebstrap from the machine's own apt sources."""

import shutil
import tempfile
from enum import Enum
from pathlib import Path

from tests.lab.labkit import machine
from tests.lab.labkit.cache import being_written, cache_folder, locked
from tests.lab.labkit.command import run
from tests.lab.labkit.docker_engine import LABEL, image_id

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_LEFT_OUT = ("man", "doc", "info", "locale", "lintian")


class Debian(Enum):
    """The Debian releases that lab servers run; the value is VERSION_ID."""

    BOOKWORM = "12"
    TRIXIE = "13"

    @property
    def suite(self) -> str:
        return self.name.lower()

    @property
    def base_image(self) -> str:
        return f"godploy-lab/base:{self.value}"


def ensure_base(debian: Debian) -> None:
    """Make the base image of a release unless this Docker has it; the tarball is kept in the cache."""
    if image_id(debian.base_image):
        return
    with locked(f"base-{debian.value}"):
        if not image_id(debian.base_image):
            _make_base(debian)


def _make_base(debian: Debian) -> None:
    tarball = cache_folder() / f"base-{debian.value}.tar"
    if not tarball.exists():
        with being_written(tarball) as fresh:
            _bootstrap(debian, fresh)
    variables = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    changes = ['CMD ["bash"]', f"LABEL {LABEL}", "ENV " + " ".join(f"{name}={BUNDLE}" for name in variables)]
    options = [word for change in changes for word in ("-c", change)]
    run(["docker", "import", *options, str(tarball), debian.base_image])


def _bootstrap(debian: Debian, tarball: Path) -> None:
    mirrors = machine.apt_mirrors()
    with tempfile.TemporaryDirectory() as folder:
        extra = Path(folder)
        hooks = []
        if certificates := machine.certificate_files():
            for certificate in certificates:
                shutil.copy(certificate, extra / certificate.name)
                hooks.append(f"copy-in {extra / certificate.name} /usr/local/share/ca-certificates")
            hooks.append('chroot "$1" update-ca-certificates')
        for name, content, target in (
            ("90machine", machine.apt_settings(), "/etc/apt/apt.conf.d"),
            ("pip.conf", machine.pip_settings(), "/etc"),
        ):
            if content:
                (extra / name).write_text(content)
                hooks.append(f"copy-in {extra / name} {target}")
        sources = []
        if mirrors:
            listing = extra / "sources.list"
            listing.write_text(mirrors.sources_list(debian.suite))
            sources = [str(listing)]
        run(
            [
                "mmdebstrap",
                "--quiet",
                "--format=tar",
                "--mode=auto",
                "--variant=essential",
                "--include=apt,ca-certificates,tzdata",
                *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _LEFT_OUT),
                "--dpkgopt=path-include=/usr/share/locale/locale.alias",
                *(f"--aptopt={line}" for line in machine.apt_settings().splitlines()),
                *(f"--customize-hook={hook}" for hook in hooks),
                debian.suite,
                str(tarball),
                *sources,
            ]
        )
