"""Databases from templates, headless: made, written to by a real client, restarted, read, their passwords and versions
changed, and an application connected to each by reference.

PostgreSQL, MySQL, MariaDB, Redis and Valkey are the real programs. MongoDB has no server in any package registry: its
template runs on FerretDB, which speaks its protocol and stores. ClickHouse runs with its engine of 2018.
"""

import socket
from dataclasses import dataclass

import pytest

from tests.lab.labkit.command import CommandFailed
from tests.lab.labkit.lab import Lab
from tests.lab.labkit.servers import Server
from tests.lab.product import CommandRefused, Godploy, soon

IDLE = """sh -c 'trap "exit 0" TERM; while :; do sleep 0.5; done'"""
PASSWORD_OF_URL = "pw=${DATABASE_URL#*://*:}; pw=${pw%%@*}"


@dataclass(frozen=True)
class Kind:
    """One template in one version: its image, and what a client says to it in an application's container."""

    template: str
    version: str
    image: str
    write: str
    read: str
    newer: str = ""  # a version that reads its data, with the image of it
    newer_image: str = ""
    url: str = "DATABASE_URL"


POSTGRES = Kind(
    "postgres", "16", "postgres:16",
    """psql "$DATABASE_URL" -qc "create table t (v text)" -c "insert into t values ('kept')" """,
    """psql "$DATABASE_URL" -Atc "select v from t" """,
)  # fmt: skip
MARIADB_CLIENT = "pw=${DATABASE_URL#*://*:}; pw=${pw%%@*}; MYSQL_PWD=$pw mariadb -h db -u app app"
MARIADB = Kind(
    "mariadb", "10.11", "mariadb:10.11",
    f"""{MARIADB_CLIENT} -e "create table t (v text); insert into t values ('kept')" """,
    f"""{MARIADB_CLIENT} -Ne "select v from t" """,
    "11.8", "mariadb:11.8",
)  # fmt: skip
MYSQL_CLIENT = MARIADB_CLIENT.replace("mariadb", "mysql")
MYSQL = Kind(
    "mysql", "9", "mysql:9",
    f"""{MYSQL_CLIENT} -e "create table t (v text); insert into t values ('kept')" """,
    f"""{MYSQL_CLIENT} -Ne "select v from t" """,
)  # fmt: skip
REDIS = Kind(
    "redis", "7", "redis:7",
    'redis-cli -e -u "$REDIS_URL" set v kept', 'redis-cli -e -u "$REDIS_URL" get v', "8", "redis:8", "REDIS_URL",
)  # fmt: skip
VALKEY = Kind(
    "valkey", "8", "valkey/valkey:8",
    'valkey-cli -e -u "$REDIS_URL" set v kept', 'valkey-cli -e -u "$REDIS_URL" get v', url="REDIS_URL",
)  # fmt: skip
MONGODB = Kind(
    "mongodb", "7.0", "mongo:7.0",
    """mongosh --quiet "$MONGODB_URI" --eval 'db.t.insertOne({v: "kept"})' """,
    """mongosh --quiet "$MONGODB_URI" --eval 'db.t.findOne().v' """,
    url="MONGODB_URI",
)  # fmt: skip
CLICKHOUSE = Kind(
    "clickhouse", "25.8", "clickhouse/clickhouse-server:25.8",
    """ask() { curl -fsS "$CLICKHOUSE_URL" -d "$1"; }
    ask "create table app.t (v String) engine = TinyLog"; ask "insert into app.t values ('kept')" """,
    """curl -fsS "$CLICKHOUSE_URL" -d "select v from app.t" """,
    url="CLICKHOUSE_URL",
)  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """A database `shop/db` from a template, and an application `shop/web` that is connected to it."""

    godploy: Godploy
    server: Server
    kind: Kind

    def ask(self, command: str, *, url: str = "") -> str:
        """Run a client in the application's container, with its own connection string or with another one."""
        service = self.godploy.json("service", "show", "shop/web")["id"]
        given = f"-e {self.kind.url}" if url else ""
        inside = f"docker exec {given} $(docker ps -qf label=godploy.service={service}) sh -ec"
        before = f"{self.kind.url}=$(cat) " if given else ""  # through the environment, as it should be
        return self.server.run(f"{before}{inside} {quoted(command)}", stdin=url.encode(), timeout_s=60).strip()

    def url(self) -> str:
        """The connection string as the database's page shows it to who asks for passwords."""
        found = self.godploy.json("service", "connections", "shop/db", "--reveal")
        return str(next(each["value"] for each in found if each["name"] == "url"))

    def keeps_its_data(self) -> bool:
        """Whether the application reads what was written."""
        try:
            return self.ask(self.kind.read) == "kept"
        except CommandFailed:
            return False


def quoted(text: str) -> str:
    """A text as one word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def open_shop(lab: Lab, godploy: Godploy, server: Server, kind: Kind, *options: str) -> Shop:
    lab.internet.offer(kind.image, *([kind.newer_image] if kind.newer_image else []))
    godploy("project", "create", "shop")
    godploy("service", "create", "shop/db", "--template", kind.template, "--template-version", kind.version,
            "--settle", "1", *options)  # fmt: skip
    godploy("service", "create", "shop/web", "--image", kind.image, "--port", "none", "--command", IDLE,
            "--drain", "0", "--settle", "1")  # fmt: skip
    godploy("service", "connect", "shop/web", "shop/db")
    godploy("deploy", "shop/db")
    godploy("deploy", "shop/web")
    return Shop(godploy, server, kind)


def lives_its_life(lab: Lab, godploy: Godploy, server: Server, kind: Kind) -> Shop:
    """What every template has to stand: see the tests below, which name what it ran on."""
    shop = open_shop(lab, godploy, server, kind)
    shop.ask(kind.write)
    assert shop.keeps_its_data()
    godploy("service", "restart", "shop/db")
    soon(shop.keeps_its_data)

    old = shop.url()
    assert shop.ask(kind.read, url=old) == "kept"
    assert "succeeded" in godploy("service", "rotate-password", "shop/db")
    new = shop.url()
    assert new != old
    soon(shop.keeps_its_data)  # the application goes on with the new one, without a word to it
    with pytest.raises(CommandFailed):
        shop.ask(kind.read, url=old)
    assert {each["needs_deployment"] for each in godploy.json("service", "list")} == {False}
    leaves_no_password(server, [password_of(each) for each in (old, new)])
    return shop


def password_of(url: str) -> str:
    return url.partition("://")[2].partition(":")[2].partition("@")[0]


def leaves_no_password(server: Server, passwords: list[str]) -> None:
    """Neither in an argument of any process, nor in a log, nor in a file of the agent."""
    seen = server.run(
        "ps axww -o args; journalctl -u godploy-agent --no-pager; cat /var/lib/godploy/logs/*;"
        " for each in $(docker ps -aq); do docker logs $each 2>&1; docker inspect -f '{{.Args}}' $each; done"
    )
    strings = server.run("cat /var/lib/godploy/godploy.db* | tr -c '[:print:]' '\\n'")
    assert [each for each in passwords if each in seen or each in strings] == []


def change_version(shop: Shop) -> None:
    """The data goes along to the next version, after the risk was confirmed."""
    with pytest.raises(CommandRefused) as refused:
        shop.godploy("service", "change-version", "shop/db", shop.kind.newer)
    assert "converts the data" in refused.value.errors
    shop.godploy("service", "change-version", "shop/db", shop.kind.newer, "--yes")
    shop.godploy("deploy", "shop/db")
    assert shop.godploy.json("service", "show", "shop/db")["serving_image"] == shop.kind.newer_image
    soon(shop.keeps_its_data)
    with pytest.raises(CommandRefused) as refused:
        shop.godploy("service", "change-version", "shop/db", shop.kind.version, "--yes")
    assert refused.value.code == 4


def test_postgresql_lives_its_life_and_a_version_that_cannot_read_its_data_harms_nothing(
    lab: Lab, bootstrapped_server: Server, godploy: Godploy
) -> None:
    lab.internet.offer("postgres:17")
    shop = lives_its_life(lab, godploy, bootstrapped_server, POSTGRES)
    with pytest.raises(CommandRefused) as refused:
        godploy("service", "change-version", "shop/db", "17")
    assert "PostgreSQL 17 cannot read the data of 16" in refused.value.errors
    godploy("service", "change-version", "shop/db", "17", "--yes")
    with pytest.raises(CommandRefused) as failed:
        godploy("deploy", "shop/db")
    assert failed.value.code == 7
    soon(shop.keeps_its_data)
    assert godploy.json("service", "show", "shop/db")["serving_image"] == "postgres:16"
    godploy("service", "change-version", "shop/db", "16")  # nothing to confirm: it is what runs
    godploy("deploy", "shop/db")
    soon(shop.keeps_its_data)


def test_mariadb_lives_its_life_and_takes_its_data_to_the_next_version(
    lab: Lab, bootstrapped_server: Server, godploy: Godploy
) -> None:
    change_version(lives_its_life(lab, godploy, bootstrapped_server, MARIADB))


def test_mysql_lives_its_life(lab: Lab, bootstrapped_server: Server, godploy: Godploy) -> None:
    lives_its_life(lab, godploy, bootstrapped_server, MYSQL)


def test_redis_lives_its_life_and_takes_its_data_to_the_next_version(
    lab: Lab, bootstrapped_server: Server, godploy: Godploy
) -> None:
    change_version(lives_its_life(lab, godploy, bootstrapped_server, REDIS))


def test_valkey_lives_its_life(lab: Lab, bootstrapped_server: Server, godploy: Godploy) -> None:
    lives_its_life(lab, godploy, bootstrapped_server, VALKEY)


def test_the_mongodb_template_lives_its_life_on_ferretdb(
    lab: Lab, bootstrapped_server: Server, godploy: Godploy
) -> None:
    lives_its_life(lab, godploy, bootstrapped_server, MONGODB)


def test_the_clickhouse_template_lives_its_life_on_the_engine_of_2018(
    lab: Lab, bootstrapped_server: Server, godploy: Godploy
) -> None:
    lives_its_life(lab, godploy, bootstrapped_server, CLICKHOUSE)


def test_a_database_is_reached_from_elsewhere_only_when_that_was_asked_for(
    lab: Lab, bootstrapped_server: Server, godploy: Godploy
) -> None:
    shop = open_shop(lab, godploy, bootstrapped_server, REDIS)
    with pytest.raises(OSError, match=r"refused|timed out"):
        socket.create_connection((bootstrapped_server.address, 6379), timeout=5)
    found = {each["name"]: each for each in godploy.json("service", "connections", "shop/db")}
    assert "not published" in found["public-url"]["problem"]["why"]
    assert found["url"]["value"] == "redis://default:••••••••@db:6379/0"

    godploy("service", "change", "shop/db", "--publish", "16379:6379")
    godploy("deploy", "shop/db")
    password = password_of(shop.url())
    with socket.create_connection((bootstrapped_server.address, 16379), timeout=10) as line:
        line.sendall(f"AUTH default {password}\r\nPING\r\n".encode())
        assert line.recv(100).startswith(b"+OK\r\n")
        line.sendall(b"PING\r\n")
        assert b"+PONG" in line.recv(100)
    found = {each["name"]: each for each in godploy.json("service", "connections", "shop/db", "--reveal")}
    assert found["public-url"]["value"].endswith(":16379/0")

    preview_of_what_breaks = shop.godploy.json("service", "delete", "shop/db", "--yes")["gone"]
    assert preview_of_what_breaks["dependents"] == ["web"]
    assert len(preview_of_what_breaks["volumes"]) == 1
    with pytest.raises(CommandRefused) as failed:
        godploy("deploy", "shop/web")
    assert "The variable REDIS_URL has no value: it refers to db.url" in failed.value.output
