"""How each real program is built from its source."""

import contextlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.lab.labkit.base_images import Debian, ensure_base
from tests.lab.labkit.cache import being_written, cache_folder
from tests.lab.labkit.command import run
from tests.lab.labkit.docker_engine import LABEL, docker, ensure_engine
from tests.lab.labkit.go_toolchain import ensure_go
from tests.lab.labkit.machine import install_missing
from tests.lab.labkit.wheels import tried_again

RECIPE = Path(__file__).parent.parent / "images" / "tools"
_CARGO_SETTINGS = Path.home() / ".cargo" / "config.toml"
_BUILD_S = 2400
# The programs that the lifecycle consists of besides the launcher are one binary under several names.
_LIFECYCLE_PHASES = ("analyzer", "builder", "creator", "detector", "exporter", "extender", "rebaser", "restorer")


def build_pack(version: str, target: Path) -> None:
    """The pack command of Cloud Native Buildpacks."""
    linked = f"-X github.com/buildpacks/pack/pkg/client.Version={version}"
    _build_go(f"github.com/buildpacks/pack@v{version}", {".": target}, linked)


def build_lifecycle(version: str, target: Path) -> None:
    """The CNB lifecycle as the archive that a builder is created from: lifecycle.toml and lifecycle/*."""
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        root = Path(folder)
        (root / "lifecycle").mkdir()
        programs = {f"./cmd/{name}": root / "lifecycle" / name for name in ("lifecycle", "launcher")}
        linked = f"-X github.com/buildpacks/lifecycle/cmd.Version={version}"
        _build_go(f"github.com/buildpacks/lifecycle@v{version}", programs, linked)
        for phase in _LIFECYCLE_PHASES:
            (root / "lifecycle" / phase).symlink_to("lifecycle")
        description = (RECIPE / "lifecycle.toml").read_text().replace("@VERSION@", version)
        (root / "lifecycle.toml").write_text(description)
        with being_written(target) as fresh, tarfile.open(fresh, "w:gz", compresslevel=1) as archive:
            for name in ("lifecycle.toml", "lifecycle"):
                archive.add(root / name, name)


def build_ferretdb(version: str, target: Path) -> None:
    """A server that speaks MongoDB's protocol and stores in SQLite."""
    about = {"version": f"v{version}", "branch": "unknown", "commit": "unknown", "package": "lab"}
    stamps = {f"build/version/{name}.txt": value + "\n" for name, value in about.items()}
    _build_go(f"github.com/FerretDB/FerretDB@v{version}", {"./cmd/ferretdb": target}, files=stamps)


def build_gitea(version: str, target: Path) -> None:
    """Gitea as one archive: gitea/gitea and, beside it, the templates, options and public files that it reads.

    The module lacks the front end, which npm would build: pages are plain forms then, and work.
    """
    install_missing({"gcc": "gcc libc6-dev"})  # its SQLite is C; linked statically it runs in every container
    linked = f"-X main.Version={version} -linkmode external -extldflags -static"
    tags = "sqlite sqlite_unlock_notify sqlite_omit_load_extension netgo osusergo"
    with _source(f"code.gitea.io/gitea@v{version}") as source:
        program = source / "gitea"
        _compile(source, ".", program, linked, "-tags", tags, cgo=True)
        with being_written(target) as fresh, tarfile.open(fresh, "w") as archive:
            for name in (program.name, "templates", "options", "public"):
                archive.add(source / name, f"gitea/{name}", filter=_as_root)


def _build_go(module: str, programs: dict[str, Path], linked: str = "", *, files: dict[str, str] | None = None) -> None:
    """Build programs (package to target) of a module, with `files` added to its source."""
    with _source(module) as source:
        for name, content in (files or {}).items():
            (source / name).write_text(content)
        for package, target in programs.items():
            _compile(source, package, target, linked)


@contextlib.contextmanager
def _source(module: str) -> Iterator[Path]:
    """A copy of a module's source that may be written to, with everything that it needs downloaded."""
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        source = Path(folder) / "source"
        source.mkdir()
        # The proxy serves whole modules: `go install PATH/cmd/x@version` would ask it for sub-paths too.
        (source / "go.mod").write_text("module x\n")
        found = json.loads(tried_again(lambda: _go(source, "mod", "download", "-json", module)))
        shutil.rmtree(source)
        shutil.copytree(found["Dir"], source, copy_function=shutil.copyfile)
        for path in source.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        source.chmod(0o755)
        tried_again(lambda: _go(source, "mod", "download"))
        yield source


def _compile(source: Path, package: str, target: Path, linked: str, *options: str, cgo: bool = False) -> None:
    with being_written(target) as fresh:
        _go(source, "build", "-trimpath", *options, "-ldflags", f"-s -w {linked}", "-o", str(fresh), package, cgo=cgo)
        fresh.chmod(0o755)


def _go(source: Path, *arguments: str, cgo: bool = False) -> str:
    # never another toolchain than this one: the module proxy has none for every machine
    environment = {"CGO_ENABLED": "1" if cgo else "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return run([str(ensure_go()), "-C", str(source), *arguments], environment=environment, timeout_s=_BUILD_S)


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    return member


def build_nixpacks(version: str, target: Path) -> None:
    """Nixpacks, linked statically by Debian 13's own Rust inside a container: it then runs on every Linux."""
    ensure_engine()
    ensure_base(Debian.TRIXIE)
    name = f"godploy-lab-build-nixpacks-{version}"
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        options = ["--rm", "--name", name, "--label", LABEL, "--network", "host"]
        options += ["-v", f"{RECIPE}:/recipe:ro", "-v", f"{folder}:/out"]
        if _CARGO_SETTINGS.exists():  # where this machine gets Rust's packages from
            options += ["-v", f"{_CARGO_SETTINGS}:/tmp/cargo/config.toml:ro"]
        docker("rm", "-f", name)
        command = ["sh", "/recipe/build-nixpacks", version]
        tried_again(lambda: docker("run", *options, Debian.TRIXIE.base_image, *command, timeout_s=_BUILD_S))
        with being_written(target) as fresh:
            shutil.copy(Path(folder) / "bin" / "nixpacks", fresh)
            fresh.chmod(0o755)
