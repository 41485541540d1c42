import shutil
import subprocess

import pytest

from godploy_desktop.commands.completion import bash, fish, tree, zsh


@pytest.fixture(scope="module")
def nodes():
    return list(tree())


def complete_in_bash(script, *words):
    """What bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in ("godploy", *words))
    ask = f"{script}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _godploy; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_completes_commands_verbs_and_options(nodes):
    script = bash(nodes)
    assert {"server", "deploy", "logs"} <= complete_in_bash(script, "")
    assert complete_in_bash(script, "dep") == {"deploy", "deployments"}
    assert {"add", "bootstrap"} <= complete_in_bash(script, "server", "")
    assert complete_in_bash(script, "service", "variables", "s") == {"set"}
    assert "--git" in complete_in_bash(script, "service", "create", "shop/web", "--")
    assert "--git" not in complete_in_bash(script, "service", "delete", "shop/web", "--")
    assert complete_in_bash(script, "service", "--server", "web-1", "st") == {"start", "stop"}
    assert complete_in_bash(script, "completion", "f") == {"fish"}


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed (apt-get install fish)")
def test_fish_completes_verbs_and_options(nodes, tmp_path):
    script = tmp_path / "godploy.fish"
    script.write_text(fish(nodes))

    def complete(line):
        ask = f"source {script}; complete -C '{line}'"
        done = subprocess.run(["fish", "-c", ask], capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return {each.split("\t")[0] for each in done.stdout.splitlines()}

    assert complete("godploy dep") == {"deploy", "deployments"}
    assert {"add", "bootstrap"} <= complete("godploy server ")
    assert "create" not in complete("godploy server ")
    assert complete("godploy service variables s") == {"set"}
    assert "--git" in complete("godploy service create shop/web --")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed (apt-get install zsh)")
def test_zsh_takes_the_script(nodes, tmp_path):
    script = tmp_path / "_godploy"
    script.write_text(zsh(nodes))
    subprocess.run(["zsh", "-n", str(script)], check=True)
