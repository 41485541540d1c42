"""`godploy registry` and `godploy server cleanup` as far as they go without a server."""

from godploy_desktop.commands.cleaning import removable
from godploy_server.contract import Cleanup, CleanupItem


def test_the_registrys_password_is_not_taken_for_the_servers(godploy):
    godploy("server", "add", "debian@127.0.0.1:1", "--name", "web-1", "--no-test")
    empty = godploy("registry", "add", "ghcr.io", "ada", "--password-stdin", stdin="\n")
    assert empty.returncode == 2
    assert "password" in empty.stderr
    unreachable = godploy("registry", "add", "ghcr.io", "ada", "--password-stdin", stdin="hunter2\n")
    assert unreachable.returncode == 6, "it went on to the server, with the password read"
    assert "hunter2" not in unreachable.stdout + unreachable.stderr
    nobody = godploy("registry", "add", "ghcr.io", "ada")
    assert nobody.returncode == 2
    assert "--password-stdin" in nobody.stderr


def test_what_only_stays_is_nothing_to_confirm():
    volume = CleanupItem("volume", "data", 10, None, "it may hold data")
    assert not removable(Cleanup((volume,), 0))
    assert removable(Cleanup((volume, CleanupItem("image", "a", 1, None, "x")), 1))
