"""How each real program is built from its source."""

import json
import shutil
import tarfile
import tempfile
from pathlib import Path

from tests.lab.labkit.base_images import Debian, ensure_base
from tests.lab.labkit.cache import being_written, cache_folder
from tests.lab.labkit.command import run
from tests.lab.labkit.docker_engine import LABEL, docker, ensure_engine
from tests.lab.labkit.go_toolchain import ensure_go
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


def _build_go(module: str, programs: dict[str, Path], linked: str = "", *, files: dict[str, str] | None = None) -> None:
    """Build programs (package to target) in a copy of a module's source, with `files` added to it."""
    go = ensure_go()
    # never another toolchain than this one: the module proxy has none for every machine
    environment = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        source = Path(folder) / "source"
        source.mkdir()
        # The proxy serves whole modules: `go install PATH/cmd/x@version` would ask it for sub-paths too.
        (source / "go.mod").write_text("module x\n")
        asked = [str(go), "-C", str(source), "mod", "download", "-json", module]
        found = json.loads(tried_again(lambda: run(asked, environment=environment)))
        shutil.rmtree(source)
        shutil.copytree(found["Dir"], source, copy_function=shutil.copyfile)
        for path in source.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        source.chmod(0o755)
        for name, content in (files or {}).items():
            (source / name).write_text(content)
        tried_again(lambda: run([str(go), "-C", str(source), "mod", "download"], environment=environment))
        for package, target in programs.items():
            with being_written(target) as fresh:
                build = ["build", "-trimpath", "-ldflags", f"-s -w {linked}", "-o", str(fresh), package]
                run([str(go), "-C", str(source), *build], environment=environment, timeout_s=_BUILD_S)
                fresh.chmod(0o755)


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
