"""Whole commands as processes of their own, as a script would run them."""

import json
import re
import subprocess
import sys
from pathlib import Path

from godploy_desktop.commands.help import EXIT_CODES
from tests.unit.cli.conftest import in_terminal

DOCUMENTED = (Path(__file__).parents[3] / "docs" / "headless.md").read_text(encoding="utf-8")


def test_help_loads_nothing_that_is_slow(environment):
    code = (
        "import sys; from godploy_desktop.cli import main; main(['--help']); "
        "print(*(name for name in ('sqlalchemy', 'paramiko', 'docker', 'keyring', 'asyncio', 'PySide6')"
        " if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr.strip() == ""
    assert "godploy COMMAND" in done.stdout


def test_the_documented_exit_codes_are_the_real_ones(godploy):
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", DOCUMENTED, re.MULTILINE)
    assert [(int(code), meaning) for code, meaning in rows] == list(EXIT_CODES)
    assert godploy("help", "exit-codes").stdout.splitlines()[0].split() == ["0", "done"]


def test_servers_are_added_listed_and_removed_without_reaching_them(godploy):
    assert godploy("server", "add", "debian@10.0.0.4:2222", "--name", "web-1", "--no-test").returncode == 0
    (server,) = json.loads(godploy("server", "list", "--json").stdout)
    assert (server["name"], server["address"]) == ("web-1", "debian@10.0.0.4:2222")
    again = godploy("server", "add", "10.0.0.5", "--name", "web-1", "--no-test", "--json")
    assert again.returncode == 4
    assert json.loads(again.stdout)["problem"]["code"] == "conflict"
    refused = godploy("server", "remove")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert "web-1" in refused.stderr
    assert godploy("server", "remove", "web-1", "--yes").returncode == 0
    assert json.loads(godploy("server", "list", "--json").stdout) == []


def test_it_must_be_clear_which_server_is_meant(godploy):
    nothing = godploy("project", "list")
    assert nothing.returncode == 3
    assert "godploy server add" in nothing.stderr
    for name in ("a", "b"):
        godploy("server", "add", "127.0.0.1:1", "--name", name, "--no-test")
    unclear = godploy("project", "list")
    assert unclear.returncode == 2
    assert "a, b" in unclear.stderr
    assert godploy("project", "list", "--server", "c").returncode == 3
    chosen = godploy("project", "list", GODPLOY_SERVER="b")
    assert chosen.returncode == 6, chosen.stderr
    assert len(chosen.stderr.strip().splitlines()) == 2, "one line and the next step"


def test_an_unreachable_server_is_not_added(godploy):
    done = godploy("server", "add", "root@127.0.0.1:1")
    assert done.returncode == 6
    assert json.loads(godploy("server", "list", "--json").stdout) == []


def test_a_password_is_kept_only_where_it_was_chosen_to_be(godploy, tmp_path):
    words = ("server", "add", "root@10.0.0.4", "--name", "web-1", "--no-test", "--password-stdin")
    refused = godploy(*words, stdin="hunter2-and-more\n")
    assert refused.returncode == 10
    assert "GODPLOY_PASSPHRASE_FILE" in refused.stderr
    assert json.loads(godploy("server", "list", "--json").stdout) == [], "half an addition is none"
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery\n")
    done = godploy(*words, stdin="hunter2-and-more\n", GODPLOY_PASSPHRASE_FILE=str(passphrase))
    assert done.returncode == 0, done.stderr
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"hunter2" not in kept
    assert (tmp_path / "home" / "data" / "vault.json").exists()


def test_an_empty_password_on_stdin_is_noticed(godploy):
    done = godploy("server", "add", "root@10.0.0.4", "--no-test", "--password-stdin", stdin="\n")
    assert done.returncode == 2


def test_names_are_checked_before_anything_is_reached(godploy):
    godploy("server", "add", "127.0.0.1:1", "--no-test")
    assert godploy("project", "create", "Not A Name").returncode == 2
    assert godploy("service", "create", "web", "--image", "nginx").returncode == 2
    assert godploy("service", "domains", "add", "shop/web", "https://shop").returncode == 2


def test_a_person_is_asked_and_may_decline(environment, godploy):
    godploy("server", "add", "10.0.0.4", "--name", "web-1", "--no-test")
    said, code = in_terminal(environment, ["server", "remove", "web-1"], {"Go on? [y/N] ": "n\n"})
    assert "forgotten" in said
    assert code == 8
    assert "Nothing was done" in said
    _, code = in_terminal(environment, ["server", "remove", "web-1"], {"Go on? [y/N] ": "y\n"})
    assert code == 0
    assert json.loads(godploy("server", "list", "--json").stdout) == []


def test_ctrl_c_at_a_question_does_nothing(environment, godploy):
    godploy("server", "add", "10.0.0.4", "--name", "web-1", "--no-test")
    _, code = in_terminal(environment, ["server", "remove", "web-1"], {"Go on? [y/N] ": "\x03"})
    assert code == 8
    assert len(json.loads(godploy("server", "list", "--json").stdout)) == 1


def test_a_chosen_passphrase_is_not_shown_while_it_is_typed(environment):
    answers = {"keep nothing): ": "correct horse battery\n", "Once more: ": "correct horse battery\n"}
    words = ["server", "add", "10.0.0.4", "--no-test", "--password-stdin"]
    said, code = in_terminal(
        environment,
        words,
        {"": "hunter2-and-more\n", **answers},
    )
    assert code == 0, said
    assert "correct horse" not in said


def test_a_reader_that_stops_early_is_no_error(environment):
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m godploy_desktop.cli completion fish | head -n 1"],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert done.stderr == ""
