"""install.sh as a person runs it by hand: its reports, its refusals and what it makes of Docker's configuration."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from godploy_desktop.assets import asset
from godploy_desktop.remote.bootstrap_steps import BootstrapState, BootstrapStep, parse_step

INSTALL = asset("server_bootstrap/install.sh")
UNINSTALL = asset("server_bootstrap/uninstall.sh")
DEBIAN_13 = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What a dry run looks at instead of /: a Debian 13 with systemd and nothing else."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(DEBIAN_13)
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path


def dry_run(root: Path, *arguments: str, before: tuple[str, ...] = ()) -> list[BootstrapStep]:
    command = [*before, "bash", str(INSTALL), "--dry-run", "--root", str(root), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    steps = [parse_step(line) for line in ended.stdout.splitlines()]
    assert None not in steps, ended.stdout
    assert ended.returncode == (1 if steps[-1].state is BootstrapState.FAILED else 0), ended.stderr
    return steps


def refusal(root: Path, *arguments: str, before: tuple[str, ...] = ()):
    last = dry_run(root, *arguments, before=before)[-1]
    assert last.state is BootstrapState.FAILED
    assert last.problem is not None
    assert last.problem.what
    assert last.problem.why
    assert last.problem.next_step
    return last.problem


@pytest.mark.parametrize("script", [INSTALL, UNINSTALL], ids=lambda path: path.name)
def test_shellcheck_finds_nothing_to_say(script):
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed here (apt-get install shellcheck)")
    ended = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert ended.stdout == ""


def test_all_steps_are_announced_before_the_first_is_checked(root):
    steps = dry_run(root, "--min-free-mb", "999999999")
    announced = [step for step in steps if step.state is BootstrapState.WAITING]
    assert [step.index for step in announced] == list(range(announced[0].count))
    assert steps[: len(announced)] == announced
    assert all(step.title for step in announced)


@pytest.mark.parametrize(
    ("release", "code"),
    [
        ("ID=debian\nVERSION_ID=11\n", "os-not-supported"),
        ('ID=ubuntu\nVERSION_ID="20.04"\n', "os-not-supported"),
        ("ID=alpine\nVERSION_ID=3.22\n", "os-not-supported"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n', "os-not-supported"),
        ("ID=fedora\nVERSION_ID=43\nPRETTY_NAME=Fedora\n", "os-not-supported-yet"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.6"\n', "os-not-supported-yet"),
        ("", "os-not-supported"),
    ],
)
def test_a_system_that_is_not_supported_is_refused(root, release, code):
    (root / "etc/os-release").write_text(release)
    assert refusal(root).code == code


@pytest.mark.parametrize(("name", "version"), [("debian", "12"), ("ubuntu", "22.04"), ("ubuntu", "24.04")])
def test_a_supported_system_passes_the_check_of_the_system(root, name, version):
    (root / "etc/os-release").write_text(f"ID={name}\nVERSION_ID={version}\n")
    (root / "run/systemd/system").rmdir()
    assert refusal(root).code == "no-systemd"  # the check that comes after


def test_a_full_disk_is_refused_with_what_is_free_and_what_is_needed(root):
    problem = refusal(root, "--min-free-mb", "999999999")
    assert problem.code == "disk-full"
    assert "999999999 MB" in problem.why


def test_docker_as_a_snap_is_refused(root):
    (root / "var/snap/docker").mkdir(parents=True)
    assert refusal(root).code == "snap-docker"


def test_another_processor_is_refused(root):
    if shutil.which("setarch") is None:
        pytest.skip("setarch is not installed here")
    assert refusal(root, before=("setarch", "i686")).code == "architecture-not-supported"


def test_text_with_quotes_backslashes_and_line_breaks_stays_one_json_line(root):
    problem = refusal(root, "--bundle", 'a "b" \\ c\nd\te')
    assert problem.code == "no-bundle"
    assert 'a "b" \\ c d e' in problem.why


def test_a_dry_run_of_a_bare_server_plans_every_step_and_writes_nothing(root):
    before = sorted(root.rglob("*"))
    steps = dry_run(root)
    last = {step.step: step.state for step in steps}
    assert last.pop("preflight") is BootstrapState.DONE
    assert last.pop("packages") in (BootstrapState.PLANNED, BootstrapState.SKIPPED)  # this machine may have them
    assert set(last.values()) == {BootstrapState.PLANNED}
    assert sorted(root.rglob("*")) == before


def test_another_root_is_for_dry_runs_only(root):
    ended = subprocess.run(["bash", str(INSTALL), "--root", str(root)], capture_output=True, check=False)
    assert ended.returncode == 2


def merged(tmp_path: Path, text: str | None) -> str:
    path = tmp_path / "daemon.json"
    if text is not None:
        path.write_text(text)
    command = ["bash", str(INSTALL), "--print-daemon-json", str(path), "--dry-run", "--root", str(tmp_path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


ROTATION = {"max-size": "10m", "max-file": "3"}


def test_docker_without_configuration_gets_log_rotation(tmp_path):
    wanted = json.loads(merged(tmp_path, None))
    assert wanted["log-driver"] == "json-file"
    assert wanted["log-opts"] == ROTATION


def test_what_docker_is_told_already_is_kept(tmp_path):
    mine = {"registry-mirrors": ["https://mirror.example"], "log-opts": {"max-size": "1g"}, "bip": "10.9.0.1/24"}
    wanted = json.loads(merged(tmp_path, json.dumps(mine)))
    assert wanted["registry-mirrors"] == mine["registry-mirrors"]
    assert wanted["bip"] == mine["bip"]
    assert wanted["log-opts"] == {"max-size": "1g", "max-file": "3"}


def test_another_log_driver_is_left_alone(tmp_path):
    wanted = json.loads(merged(tmp_path, '{"log-driver": "journald"}'))
    assert wanted["log-driver"] == "journald"
    assert "log-opts" not in wanted


def test_merging_again_changes_not_one_byte(tmp_path):
    once = merged(tmp_path, '{"debug":   true}')
    assert merged(tmp_path, once) == once


def test_a_flag_of_the_daemon_is_not_repeated_in_its_file(tmp_path):
    (tmp_path / "etc/default").mkdir(parents=True)
    (tmp_path / "etc/default/docker").write_text('DOCKER_OPTS="--log-opt max-size=5m --log-driver=json-file"\n')
    wanted = json.loads(merged(tmp_path, "{}"))
    assert "log-driver" not in wanted
    assert "log-opts" not in wanted


def test_a_broken_configuration_is_refused_and_named(root):
    (root / "etc/docker").mkdir()
    (root / "etc/docker/daemon.json").write_text('{"debug": tru')
    problem = refusal(root)
    assert problem.code == "daemon-json-broken"
    assert "etc/docker/daemon.json" in problem.why
