"""`godploy template ...`, and what `godploy service create --template` makes of its options."""

import argparse
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from godploy_desktop.cli import parser_of
from godploy_desktop.commands.registry import find
from godploy_desktop.commands.service_templates import refuse_without_template, request_from_template
from godploy_desktop.core import templates
from godploy_desktop.local_store.folders import Folders
from godploy_server.contract import BadInput, NotFound, Project, ProjectId, PublishedPort

PROJECT = Project(ProjectId("p1"), "shop", "10.210.0.64/26", datetime.now(UTC))


def parsed(*words) -> argparse.Namespace:
    command = find("service")
    assert command is not None
    return parser_of(command).parse_args(["create", "shop/db", *words])


def request(tmp_path, *words):
    folders = Folders.of({"GODPLOY_HOME": str(tmp_path)})
    context = SimpleNamespace(options=parsed(*words), workspace=SimpleNamespace(folders=folders))
    return request_from_template(context, PROJECT, "db")


def test_the_templates_are_listed_with_their_versions_and_the_folder_for_ones_own(godploy, tmp_path):
    own = tmp_path / "home" / "data" / "templates"
    own.mkdir(parents=True)
    (own / "broken.yaml").write_text("format: 1\nname: x\ntitel: X\n")
    done = godploy("template", "list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "NAME", "clickhouse", "mariadb", "mongodb", "mysql", "postgres", "redis", "valkey",
    ]  # fmt: skip
    assert f"Not used: {own / 'broken.yaml'}: titel: should be one of format, name" in done.stderr
    assert f"Your own go into {own}" in done.stderr
    as_json = json.loads(godploy("template", "list", "--json").stdout)
    assert next(each for each in as_json if each["name"] == "mariadb")["versions"][0]["image"] == "mariadb:11.8"


def test_a_template_is_shown_checked_and_printed_whole(godploy, tmp_path):
    shown = godploy("template", "show", "postgres").stdout
    assert "password=password  Password (generated)" in shown
    assert "public-url  (only with --public)" in shown
    whole = godploy("template", "show", "postgres", "--annotated").stdout
    assert whole == templates.source_of(templates.library().get("postgres"))
    copy = tmp_path / "mine.yaml"
    copy.write_text(whole.replace("- data:/var/lib/postgresql/data", "- data"))
    checked = godploy("template", "check", str(copy))
    assert checked.returncode == 2
    assert 'services/db/volumes/0: should be "name:/path" (line ' in checked.stderr
    copy.write_text(whole)
    assert godploy("template", "check", str(copy)).returncode == 0
    assert godploy("template", "show", "zeppelin").returncode == 3


def test_options_become_the_request(tmp_path):
    made, notes = request(
        tmp_path, "--template", "postgres", "--template-version", "16", "--set", "database=orders", "--memory", "1G"
    )
    assert made.template.version == "16"
    assert {each.name: each.value for each in made.variables}["POSTGRES_DB"] == "orders"
    assert made.settings.limits.memory_bytes == 1 << 30
    assert made.settings.published == ()
    assert notes == []


def test_a_public_port_is_said_with_its_warning(tmp_path):
    made, notes = request(tmp_path, "--template", "redis", "--public")
    assert made.settings.published == (PublishedPort(6379, 6379),)
    assert notes[0].startswith("Port 6379 of the server will lead to it. Everyone who reaches this server")
    made, _ = request(tmp_path, "--template", "redis", "--public", "16379")
    assert made.settings.published == (PublishedPort(6379, 16379),)


def test_a_password_comes_from_a_file_and_never_from_the_command_line(tmp_path):
    with pytest.raises(BadInput, match="“Password” must not stand on the command line") as raised:
        request(tmp_path, "--template", "redis", "--set", "password=hunter2hunter2")
    assert "hunter2" not in str(raised.value)
    file = tmp_path / "password"
    file.write_text("hunter2hunter2\n")
    made, _ = request(tmp_path, "--template", "redis", "--set", f"password=@{file}")
    assert made.variables[0].value == "hunter2hunter2"
    assert made.variables[0].is_secret
    with pytest.raises(NotFound, match="The file cannot be read"):
        request(tmp_path, "--template", "redis", "--set", "password=@/no/such/file")


def test_what_contradicts_a_template_or_needs_one_is_refused(tmp_path):
    with pytest.raises(BadInput, match="both --template and --git are given"):
        request(tmp_path, "--template", "redis", "--git", "https://git.example.org/x.git")
    with pytest.raises(NotFound, match="There is no template “oracle”"):
        request(tmp_path, "--template", "oracle")
    for words in (["--set", "a=b"], ["--template-version", "7"], ["--public"]):
        with pytest.raises(BadInput, match="no template is given"):
            refuse_without_template(parsed("--image", "redis:7", *words))
