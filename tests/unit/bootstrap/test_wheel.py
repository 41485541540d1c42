"""The installed program carries all that a server needs: built as a wheel, installed beside nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_TRIES = 3  # the build backend comes from a package registry, which may be slow to answer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    for _ in range(_TRIES):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            return next(folder.glob("godploy-*.whl"))
    if "No matching distribution found for hatchling" in ended.stderr:
        pytest.skip("the build backend cannot be fetched: no package registry answers")
    raise AssertionError(ended.stderr)


@pytest.mark.timeout(300)
def test_the_wheel_holds_scripts_units_and_resources(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    bootstrap = "godploy_desktop/_assets/server_bootstrap"
    assert {f"{bootstrap}/install.sh", f"{bootstrap}/uninstall.sh"} <= names
    assert {f"{bootstrap}/systemd/godploy-{which}.service" for which in ("agent", "relay")} <= names
    assert [name for name in names if name.startswith("godploy_desktop/_assets/resources/samples/hello/")]
    assert "godploy_desktop/_assets/resources/templates/postgres.yaml" in names
    assert "godploy_server/__main__.py" in names
    assert not [name for name in names if name.startswith(("tests/", "resources/", "server_bootstrap/"))]


@pytest.mark.timeout(300)
def test_an_installed_wheel_builds_the_same_bundle_as_the_checkout(wheel, tmp_path):
    from godploy_desktop.remote.bundle import build_bundle

    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    program = (
        "import sys; from pathlib import Path; import godploy_desktop;"
        "from godploy_desktop.remote.bundle import build_bundle;"
        "print(godploy_desktop.__file__); print(build_bundle(Path(sys.argv[1])).path)"
    )
    # the folder of the wheel comes first; everything that it depends on is where it always is
    environment = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"}
    said = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "installed")],
        capture_output=True, text=True, check=True, env=environment, cwd=tmp_path,
    ).stdout.splitlines()  # fmt: skip
    assert Path(said[0]).is_relative_to(site)
    assert Path(said[1]).read_bytes() == build_bundle(tmp_path / "checkout").path.read_bytes()
