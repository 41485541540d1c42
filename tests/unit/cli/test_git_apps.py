"""`godploy git app` against a GitHub Enterprise Server that is played (see fake_github) and a browser that agrees."""

import json

import pytest

from tests.unit.git_hosting.github_server import agreeing_browser, github_server
from tests.unit.git_hosting.hosts import GITHUB_REPOSITORY


@pytest.fixture
def keeping(tmp_path):
    """A vault in a file, since there is no keyring, and a browser."""
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a passphrase\n")
    passphrase.chmod(0o600)
    return {"GODPLOY_PASSPHRASE_FILE": str(passphrase), "BROWSER": agreeing_browser(tmp_path)}


def test_one_command_makes_an_app_and_signs_in_by_it(godploy, keeping, tmp_path):
    with github_server(repositories=[GITHUB_REPOSITORY]) as github:
        made = godploy(
            "git", "app", "create", "--address", github.address, "--name", "Godploy web", "--no-webhook", "--json",
            **keeping,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr + made.stdout
        account = json.loads(made.stdout.splitlines()[-1])
        (app,) = github.apps.values()
        assert (account["login"], account["sign_in"], account["client_id"]) == ("someone", "app", app.client_id)
        listed = godploy("git", "app", "list", **keeping)
        assert "godploy-web" in listed.stdout
        assert "no server" in listed.stdout
        repositories = godploy("git", "repositories", "someone", **keeping)
        assert "team/shop" in repositories.stdout
        again = godploy("git", "sign-in", "github", "--address", github.address, "--app", **keeping)
        assert "Signed in as someone" in again.stdout
        kept = b"".join(each.read_bytes() for each in (tmp_path / "home").rglob("*") if each.is_file())
        for secret in (app.client_secret, "PRIVATE KEY", *github.tokens):
            assert secret.encode() not in kept
            assert secret not in made.stdout + made.stderr + listed.stdout + again.stdout + again.stderr
    refused = godploy("git", "app", "forget", **keeping)
    assert (refused.returncode, "the account someone@" in refused.stderr) == (2, True)
    gone = godploy("git", "app", "forget", "--yes", **keeping)
    assert "until you delete it" in gone.stdout
    assert json.loads(godploy("git", "accounts", "--json", **keeping).stdout) == []


def test_signing_in_by_an_app_wants_one(godploy, keeping):
    refused = godploy("git", "sign-in", "github", "--app", **keeping)
    assert refused.returncode == 3
    assert "godploy git app create" in refused.stderr
