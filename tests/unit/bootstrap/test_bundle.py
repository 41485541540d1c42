"""The server bundle: what is in it, that it is the same everywhere, and that it runs on its own."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from godploy_desktop.remote import bundle as room
from godploy_desktop.remote.bootstrap import BundleDecision, InstalledBundle, decide
from godploy_desktop.remote.bundle import Bundle, build_bundle, bundle_entries, digest_of


def test_two_builds_of_the_same_program_are_the_same_bytes(tmp_path):
    one, other = build_bundle(tmp_path / "one"), build_bundle(tmp_path / "other")
    assert one.path.name == other.path.name == one.file_name
    assert one.path.read_bytes() == other.path.read_bytes()


def test_a_bundle_that_is_there_is_not_packed_again(tmp_path):
    first = build_bundle(tmp_path)
    stamp = first.path.stat().st_mtime_ns
    assert build_bundle(tmp_path) == first
    assert first.path.stat().st_mtime_ns == stamp
    assert [path.name for path in tmp_path.iterdir()] == [first.file_name]


def test_the_digest_changes_with_every_content_and_every_name():
    digests = {
        digest_of({"a": b"1", "b": b"2"}),
        digest_of({"a": b"1", "b": b"3"}),
        digest_of({"a": b"1", "c": b"2"}),
        digest_of({"a": b"1b", "": b"2"}),
        digest_of({"a": b"1"}),
    }
    assert len(digests) == 5


def test_the_bundle_holds_its_scripts_units_and_licences():
    names = set(bundle_entries())
    assert {"__main__.py", "godploy_server/__init__.py", "h11/__init__.py"} <= names
    assert {"bootstrap/install.sh", "bootstrap/uninstall.sh"} <= names
    assert {"bootstrap/systemd/godploy-agent.service", "bootstrap/systemd/godploy-relay.service"} <= names
    assert "licenses/h11/LICENSE.txt" in names
    assert "licenses/godploy/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name or "godploy_desktop" in name]


def run_alone(code: str, archive: Path) -> str:
    """Run code that sees the archive and the standard library, nothing that is installed."""
    command = [sys.executable, "-S", "-I", "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


def test_every_module_of_the_bundle_can_be_imported_from_it_alone(tmp_path):
    bundle = build_bundle(tmp_path)
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in bundle_entries()
        if name.endswith(".py") and not name.endswith("__main__.py")
    ]
    imports = "import importlib; " + "; ".join(f"importlib.import_module({module!r})" for module in modules)
    place = run_alone(f"{imports}; print(sys.modules['h11'].__file__)", bundle.path)
    assert place.startswith(str(bundle.path))


def test_the_bundle_prints_its_version_even_when_started_through_a_link(tmp_path):
    bundle = build_bundle(tmp_path)
    link = tmp_path / "godploy-server.pyz"
    link.symlink_to(bundle.file_name)
    command = [sys.executable, "-S", "-I", str(link), "version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f'"{bundle.version}"' in said


def test_a_broken_off_packing_leaves_no_bundle(tmp_path, monkeypatch):
    def disk_full(*_arguments, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", disk_full)
    with pytest.raises(OSError, match="No space"):
        room.build_bundle(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_bundles_are_cached_below_the_folder_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("GODPLOY_HOME", str(tmp_path))
    assert build_bundle().path.is_relative_to(tmp_path)
    monkeypatch.delenv("GODPLOY_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert build_bundle().path.is_relative_to(tmp_path / "cache")


OURS = Bundle("0.10.0", "aaaaaaaaaaaa", Path("unused"))


@pytest.mark.parametrize(
    ("installed", "decision"),
    [
        (None, BundleDecision.INSTALL),
        (InstalledBundle("0.10.0", "aaaaaaaaaaaa"), BundleDecision.UP_TO_DATE),
        (InstalledBundle("0.10.0", "bbbbbbbbbbbb"), BundleDecision.UPGRADE),
        (InstalledBundle("0.9.1", "bbbbbbbbbbbb"), BundleDecision.UPGRADE),
        (InstalledBundle("0.10.1", "bbbbbbbbbbbb"), BundleDecision.SERVER_IS_NEWER),
        (InstalledBundle("1.0.0", "aaaaaaaaaaab"), BundleDecision.SERVER_IS_NEWER),
    ],
)
def test_an_older_bundle_is_upgraded_and_a_newer_one_never_replaced(installed, decision):
    assert decide(installed, OURS) is decision
