import getpass
import subprocess

from godploy_desktop.core.trial import _PROBE, parse_probe


def test_the_probe_runs_in_a_plain_shell_and_tells_who_and_what():
    said = parse_probe(subprocess.run(["sh", "-c", _PROBE], capture_output=True, text=True, check=False).stdout)
    assert said["user"] == getpass.getuser()
    assert said["root"] in ("yes", "no")
    assert int(float(said["memory"])) > 0
    assert int(float(said["disk"])) > 0


def test_a_talkative_login_shell_does_not_confuse_the_probe():
    said = parse_probe("Welcome = to this box!\n*** motd ***\nuser=ada\nos=Debian GNU/Linux 13 (trixie)\ndocker=\n")
    assert said["user"] == "ada"
    assert said["os"] == "Debian GNU/Linux 13 (trixie)"
    assert said["docker"] == ""
