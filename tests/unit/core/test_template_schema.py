"""What is wrong with a template file is said by the path of the key, what it should be, and the line."""

import pytest

from godploy_desktop.core.templates.checks import check
from godploy_desktop.core.templates.problems import TemplateBroken
from godploy_desktop.core.templates.reading import read
from godploy_desktop.core.templates.schema import ParameterType, Risk
from godploy_server.contract import BadInput

WHOLE = """\
format: 1
name: stash
title: Stash
description: Keeps things.
versions:
  - version: 8.0
    image: stash:8.0
  - version: 7
    image: stash:7
parameters:
  - name: password
    title: Password
    type: password
    generated:
      length: 32
  - name: room
    title: Room
    type: size
    default: 64M
services:
  db:
    variables:
      STASH_PASSWORD: ${password}
      STASH_ROOM: ${room}
    volumes:
      - data:/data
    command: [stash, --room, "${room}"]
    health:
      command: [stash, ping]
    connections:
      - name: url
        text: stash://:${STASH_PASSWORD|url}@${host}:${port}
        port: 4000
      - name: public-url
        text: stash://:${STASH_PASSWORD|url}@${public_host}:${public_port}
        port: 4000
        public: true
    rotation:
      variable: STASH_PASSWORD
      command: [stash, passwd]
      input: ${new}
    public:
      port: 4000
      warning: Everyone can try passwords.
"""


def read_whole(text):
    template, lines = read(text, "stash.yaml")
    check(template, lines)
    return template


def why(text):
    with pytest.raises(TemplateBroken) as raised:
        read_whole(text)
    problem = raised.value.problem
    assert problem.code == "template-broken"
    assert problem.what == "The template stash.yaml cannot be used"
    return problem.why


def test_a_whole_file_is_read_as_it_is_written():
    template = read_whole(WHOLE)
    assert (template.name, template.title, template.newest.version) == ("stash", "Stash", "8.0")
    assert template.parameters[0].type is ParameterType.PASSWORD
    assert template.parameters[0].generated.length == 32
    assert template.service.volumes == ("data:/data",)
    assert template.service.connections[1].public
    assert template.service.public.port == 4000
    assert template.upgrades == ()


def test_what_yaml_would_turn_into_something_else_stays_the_text_that_was_written():
    text = WHOLE.replace("title: Stash", "title: no").replace("version: 8.0", "version: 8.10").replace(":8.0", ":8.10")
    template = read_whole(text)
    assert template.title == "no"
    assert template.newest.version == "8.10"


# Each: what is replaced in the whole file, by what, and the error's beginning.
WRONG = [
    ("- data:/data", "- data", 'services/db/volumes/0: should be "name:/path" (line 26)'),
    ("- data:/data", "- /data", 'services/db/volumes/0: should be "name:/path"'),
    ("- data:/data", "- {}", 'services/db/volumes/0: should be "name:/path"'),
    ("- data:/data", "- data:/data\n      - data:/more", "services/db/volumes/1: should be a name of its own"),
    ("- data:/data", "- data:/data\n      - more:/data", "services/db/volumes/1: should be a name of its own"),
    ("format: 1", "format: 2", "format: should be 1: this version of Godploy knows no other (line 1)"),
    ("format: 1\n", "", "format: should be given: it is missing"),
    ("name: stash", "name: Stash", "name: should be a name of lower-case letters, digits and dashes (line 2)"),
    ("title: Stash\n", "", "title: should be given: it is missing"),
    ("title: Stash", "titel: Stash", "titel: should be one of format, name, title"),
    ("title: Stash", "title: [Stash]", "title: should be a title of at most 80 characters on one line"),
    ("description: Keeps things.", "description: {a: b}", "description: should be one value"),
    ("    image: stash:7", "    imag: stash:7", "versions/1/imag: should be one of version, image, notes"),
    ("version: 7", "version: v 7", "versions/1/version: should be a version such as 17 or 8.0 (line 8)"),
    ("version: 7", "version: 8.0", "versions/1/version: should be a name of its own: “8.0” stands above already"),
    ("image: stash:7", "image: STASH", "versions/1/image: should be an image such as postgres:17"),
    ("    type: password", "    type: secret", "parameters/0/type: should be one of text, password, number"),
    ("    type: password", "    type: choice", "parameters/0/choices: should be given: a choice needs values"),
    ("length: 32", "length: many", "parameters/0/generated/length: should be a whole number (line 15)"),
    ("length: 32", "length: 8", "parameters/0/generated/length: should be from 16 to 200"),
    ("length: 32", "length: 32\n      alphabet: abc", "parameters/0/generated/alphabet: should be at least 10 differe"),
    ("length: 32", "length: 32\n    pattern: '[a-z]+'", "parameters/0/generated: should be such that its values can b"),
    ("length: 32", "length: 32\n    default: hunter2!", "parameters/0/default: should be absent: a password that ever"),
    ("length: 32", "length: 32\n    pattern: '('", "parameters/0/pattern: should be a regular expression"),
    ("name: room", "name: password", "parameters/1/name: should be a name of its own"),
    ("name: room", "name: Room", "parameters/1/name: should be a name of lower-case letters, digits and underscores"),
    ("default: 64M", "default: much", "parameters/1/default: should be a size such as 512M or 2G (line 19)"),
    ("default: 64M", "default: 64M\n    minimum: 9\n    maximum: 8", "parameters/1/minimum: should be at most the max"),
    ("default: 64M", "default: 64M\n    choices: {a: b}", "parameters/1/choices: should be absent"),
    ("STASH_ROOM: ${room}", "STASH_ROOM: ${rom}", "services/db/variables/STASH_ROOM: should be without ${rom}: there"),
    ("STASH_ROOM: ${room}", "9ROOM: x", "services/db/variables/9ROOM: should be the name of an environment variable"),
    ('--room, "${room}"', '--pw, "${password}"', "services/db/command/2: should be without ${password}: a password be"),
    ("    health:\n      command: [stash, ping]", "    health: {}", "services/db/health/command: should be given"),
    ("command: [stash, ping]", "command: stash ping", "services/db/health/command: should be a list"),
    ("command: [stash, ping]", "command: []", "services/db/health/command: should be a list of words"),
    ("command: [stash, ping]", "command: [a]\n      timeout_s: 1h", "services/db/health/timeout_s: should be from 1 t"),
    ("    volumes:", "    limits: {memory: lots}\n    volumes:", "services/db/limits/memory: should be a size such as"),
    ("    volumes:", "    limits: {cpus: two}\n    volumes:", "services/db/limits/cpus: should be a number of cores"),
    ("    volumes:", "    stop_grace_s: 9999\n    volumes:", "services/db/stop_grace_s: should be from 1 to 3600 seco"),
    ("${host}:${port}", "${host}:${prot}", "services/db/connections/0/text: should be without ${prot}: the service ha"),
    ("STASH_PASSWORD|url}@${host}", "STASH_PASSWORD|html}@${host}", "services/db/connections/0/text: should be withou"),
    ("        port: 4000\n      - name: public", "      - name: public", "services/db/connections/0/port: should be g"),
    ("name: public-url", "name: url", "services/db/connections/1/name: should be a name of its own"),
    ("        port: 4000\n        public: true", "        port: 1\n        public: true", "services/db/connections/1/"),
    ("        public: true", "        public: maybe", "services/db/connections/1/public: should be true or false"),
    ("        public: true\n", "", "services/db/connections/1/public: should be true, because the text leads in"),
    ("port: 4000\n      warning", "port: 70000000\n      warning", "services/db/public/port: should be a port from 1"),
    ("variable: STASH_PASSWORD", "variable: STASH_ROOM", "services/db/rotation/variable: should be a variable that ho"),
    ("input: ${new}", "input: nothing", "services/db/rotation/input: should be a text with ${new}, the new password"),
    ("      command: [stash, passwd]\n", "", "services/db/rotation/command: should be given, because there is an inpu"),
    ("services:\n  db:", "services:\n  web: {}\n  db:", "services: should be one service: this version of Godploy run"),
    ("services:\n  db:", "upgrades: [{to: 9}]\nservices:\n  db:", "upgrades/0/to: should be one of 8.0, 7, or * (line"),
    ("services:\n  db:", "upgrades: [{risk: none}]\nservices:\n  db:", "upgrades/0/risk: should be one of safe, one-w"),
    ("services:\n  db:", "icon: ../x\nservices:\n  db:", "icon: should be the name of an icon"),
    ("services:\n  db:", "homepage: ftp://x\nservices:\n  db:", "homepage: should be an address that begins with http"),
    ("title: Stash", "title: Stash\ntitle: Again", "title: is given twice, first in line 3 (line 4)"),
    ("title: Stash", "title: &a Stash", "anchors and aliases (& and *) are not taken"),
    ("title: Stash", "title: !!python/object:os.system Stash", "tags such as tag:yaml.org,2002:python/object:os.syste"),
    ("title: Stash", "title: [Stash", "it is not YAML: "),
    ("title: Stash", "? [a]\n: b", "the file: a key should be a word"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG, ids=[each[2][:60] for each in WRONG])
def test_a_mistake_is_named_by_its_path(right, wrong, said):
    assert WHOLE.count(right) >= 1
    assert why(WHOLE.replace(right, wrong, 1)).startswith(said)


@pytest.mark.parametrize("text", ["", "# only a comment", "- a list", "just words", "\x00"])
def test_what_is_no_template_at_all_is_refused(text):
    assert why(text)


def test_a_file_cannot_be_made_to_unfold_into_a_large_one():
    bomb = "a: &a [x, x]\n" + "\n".join(f"b{each}: [*a, *a]" for each in range(10))
    assert "anchors" in why(bomb)
    assert "nested deeper" in why("[" * 2000 + "]" * 2000)


def test_an_error_is_a_bad_input_that_names_the_next_step():
    with pytest.raises(BadInput, match="Correct the file") as raised:
        read_whole("format: 1")
    assert raised.value.exit_code == 2


def test_an_upgrade_without_a_risk_is_one_way():
    text = WHOLE.replace("services:\n", "upgrades: [{from: 7, to: 8.0}]\nservices:\n", 1)
    assert read_whole(text).upgrades[0].risk is Risk.ONE_WAY
