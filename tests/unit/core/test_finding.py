"""What a person means by the name of a repository, and which variables look secret."""

from dataclasses import replace

import pytest

from godploy_desktop.core.env_files import looks_secret, variables_of_example
from godploy_desktop.core.git.finding import is_address, readings
from godploy_desktop.git_hosting.values import Account, HostKind, SignIn
from godploy_server.contract import Variable

ADA = Account("1", HostKind.GITEA, "https://git.example.com", "ada", "Ada", SignIn.TOKEN)
BOB = Account("2", HostKind.GITLAB, "https://gitlab.com", "bob", "Bob", SignIn.TOKEN)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("team/shop", [(ADA, "team/shop"), (BOB, "team/shop")]),
        ("team/shop.git", [(ADA, "team/shop"), (BOB, "team/shop")]),
        ("ada/shop", [(ADA, "ada/shop"), (BOB, "ada/shop")]),
        ("bob@gitlab.com/team/shop", [(BOB, "team/shop")]),
        ("bob/group/shop", [(BOB, "group/shop"), (ADA, "bob/group/shop"), (BOB, "bob/group/shop")]),
        ("shop", []),
        ("eve@gitlab.com/team/shop", []),
    ],
)
def test_a_name_is_read_with_and_without_its_account(named, expected):
    assert list(readings(named, (ADA, BOB))) == expected


@pytest.mark.parametrize("text", ["https://h/a/b.git", "git@h:a/b.git", "ssh://git@h/a", "file:///a", "/srv/a.git"])
def test_an_address_is_told_from_a_name(text):
    assert is_address(text)


def test_a_name_with_its_account_is_no_address():
    assert not is_address("team/shop")
    assert not is_address("ada@git.example.com/team/shop")
    there = replace(ADA, address="https://git.example.com:3000")
    assert not is_address("ada@git.example.com:3000/team/shop", [there])
    assert is_address("ada@git.example.com:3000/team/shop", [ADA])


@pytest.mark.parametrize(
    "name",
    ["PASSWORD", "DB_PASS", "API_KEY", "apiKey_TOKEN", "STRIPE_SECRET", "JWT_SECRET_KEY", "DATABASE_URL",
     "SMTP_PASSWORD", "AWS_ACCESS_KEY_ID", "APP_KEY", "GITHUB_TOKEN", "SENTRY_DSN", "SSH_PRIVATE_KEY"],
)  # fmt: skip
def test_what_holds_a_secret_looks_like_one(name):
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    ["LOG_LEVEL", "PORT", "PUBLIC_URL", "NEXT_PUBLIC_API_KEY", "SECRET_NAME", "PASSWORD_FILE", "TOKEN_TTL", "KEYBOARD",
     "MONKEY", "TOKENIZER", "VITE_STRIPE_KEY", "COMPASS"],
)  # fmt: skip
def test_what_everybody_may_see_does_not(name):
    assert not looks_secret(name)


def test_an_example_is_read_as_shells_do():
    text = "A=1\n # B=2\nexport C = \"x y\"\n2D=3\nnothing\nA=4\nAPI_KEY=''\n"
    assert variables_of_example(text) == (Variable("A", "4"), Variable("C", "x y"), Variable("API_KEY", "", True))
