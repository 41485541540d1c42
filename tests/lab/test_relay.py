"""The relay on a real server, behind the real Traefik: what comes there from anybody, and what becomes of it."""

import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.lab.labkit.command import CommandFailed
from tests.lab.labkit.git_host import Repository
from tests.lab.labkit.servers import Server
from tests.lab.product import SHOP, Godploy, open_shop, soon

MB = 1024 * 1024
OLD = "a" * 40


@dataclass
class Sender:
    """A git host, as Gitea's documentation has it sign and send; or somebody who is none."""

    server: Server
    path: str
    secret: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def payload(self, commit: str, ref: str = "refs/heads/main", message: str = "Change", **more: object) -> bytes:
        """A push of one commit."""
        told = {"id": commit, "message": message, "author": {"name": "A. Author"}, "modified": ["VERSION"]}
        push = {"ref": ref, "before": OLD, "after": commit, "commits": [told], "total_commits": 1, "head_commit": told}
        return json.dumps({**push, "number": next(self.numbers), **more}).encode()

    def head(self, body: bytes, *, secret: str = "", event: str = "push") -> dict[str, str]:
        """The fields that are sent with a body."""
        signature = hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "X-Gitea-Event": event,
            "X-Gitea-Delivery": f"delivery-{next(self.numbers)}",
            "X-Gitea-Signature": signature,
        }

    def send(
        self, body: bytes, *, host: str = "", fields: Mapping[str, str] | None = None, parts: Iterable[bytes] = ()
    ) -> int:
        """Send a body, or `parts` in chunks, through Traefik; gives the status of the answer."""
        connection = http.client.HTTPConnection(self.server.host, 80, timeout=30)
        sent = {"Host": host or self.server.domain("shop"), **(self.head(body) if fields is None else fields)}
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered before all of it was sent
            connection.request("POST", self.path, parts or body, sent, encode_chunked=bool(parts))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    @contextlib.contextmanager
    def begun(self, body: bytes, sent: int) -> Iterator[socket.socket]:
        """Send the first bytes of a body and no more; closes afterwards."""
        fields = {"Host": self.server.domain("shop"), "Content-Length": str(len(body)), **self.head(body)}
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        with socket.create_connection((self.server.host, 80), 30) as connection:
            connection.sendall("\r\n".join(lines).encode() + body[:sent])
            yield connection


def deliveries(godploy: Godploy) -> list[Any]:
    return list(godploy.json("service", "push", "deliveries", SHOP))


def opened(godploy: Godploy, server: Server, *options: str) -> Sender:
    """Turn deploying on push on as for a webhook made by hand, and give who sends to it."""
    godploy("service", "push", "set", SHOP, "--host", "gitea", "--on", *options)
    given = godploy.json("service", "push", "secret", SHOP)
    assert given["address"].startswith("http")
    return Sender(server, "/" + given["address"].split("/", 3)[3], given["secret"])


def test_only_what_the_host_signed_deploys_and_all_else_is_listed_with_its_reason(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    shop = open_shop(godploy, bootstrapped_server, repository, "--drain", "1", "--settle", "1")
    sender = opened(godploy, bootstrapped_server, "--tag", "v*", "--watch", "VERSION")
    second = shop.push("2")
    newest = shop.push("3")
    good = sender.payload(second)
    assert sender.send(good) == 202
    assert soon(lambda: shop.serves("2"), 120), "the pushed commit, although there is a newer one"

    signed = sender.head(good)
    large = b"x" * (26 * MB)
    assert sender.send(good, fields=signed) == 409
    assert sender.send(sender.payload(newest), fields=signed) == 401
    forged = sender.payload(newest)
    assert sender.send(forged, fields=sender.head(forged, secret="guessed")) == 401
    assert sender.send(forged, fields={"Content-Type": "application/json"}) == 401
    assert sender.send(b"{" * 900) == 400
    assert sender.send(large) == 413
    assert sender.send(large, parts=(large[at : at + MB] for at in range(0, len(large), MB))) == 413
    with sender.begun(forged, 20):
        pass
    with sender.begun(forged, 20):  # Traefik waits for the rest; the relay does not
        told = soon(lambda: found if len(found := deliveries(godploy)) >= 10 else [])
    reasons = "\n".join(each["reason"] for each in told if each["verdict"] == "refused")
    for reason in (
        "received before", "signature does not fit", "carries no x-gitea-signature", "cannot be read",
        "larger than 25 MB", "was cut off", "too slow",
    ):  # fmt: skip
        assert reason in reasons
    assert reasons.count("larger than 25 MB") == 2
    assert [each["verdict"] for each in told].count("deployed") == 1
    (deployment,) = shop.deployments()
    assert (deployment["commit"], deployment["trigger"], deployment["asked_by"]) == (second, "push", "A. Author")
    assert shop.serves("2")


def test_what_is_not_meant_is_ignored_with_its_reason_and_what_comes_while_the_agent_is_down_waits(
    bootstrapped_server: Server, godploy: Godploy, repository: Repository
) -> None:
    server = bootstrapped_server
    shop = open_shop(godploy, server, repository, "--drain", "1", "--settle", "1")
    sender = opened(godploy, server, "--tag", "v*", "--watch", "VERSION")
    tagged = shop.push("2")
    tag = repository.tag("v2", message="Second version")
    assert tag != tagged
    newest = shop.push("3")

    readme = [{"id": newest, "message": "Change", "modified": ["README.md"]}]
    assert sender.send(sender.payload(newest, "refs/heads/develop", padding="x" * 24 * MB)) == 202  # within its memory
    assert sender.send(sender.payload(newest, message="Change\n\n[skip ci]")) == 202
    assert sender.send(sender.payload(newest, commits=readme)) == 202
    assert sender.send(sender.payload(newest, "refs/tags/nightly")) == 202
    assert sender.send(sender.payload("0" * 40)) == 202
    issue = sender.payload(newest)
    assert sender.send(issue, fields=sender.head(issue, event="issues")) == 202
    assert sender.send(sender.payload(OLD), host="nobody.knows.this.test") == 202  # Gitea's test: nothing is new
    godploy("service", "push", "set", SHOP, "--off")
    assert sender.send(sender.payload(newest)) == 202
    godploy("service", "push", "set", SHOP, "--on")

    told = deliveries(godploy)
    assert [each["verdict"] for each in told] == ["ignored", "answered", *["ignored"] * 6]
    reasons = [each["reason"] for each in told]
    for reason, part in zip(
        reasons,
        ("is off", "works", "issues", "was deleted", "fits no pattern", "watched", "[skip ci]", "“develop”"),
        strict=True,
    ):
        assert part in reason
    assert shop.deployments() == []

    generated = f"web.shop.{server.host}.sslip.io"  # as the wizard names it on a public address
    godploy("service", "domains", "add", SHOP, generated, "--no-tls")
    of_tag = sender.payload(tag, "refs/tags/v2", head_commit={"id": tagged, "message": "Second"}, before="0" * 40)
    assert sender.send(of_tag, host=generated) == 202
    assert soon(lambda: shop.serves("2"), 120), "the commit that the tag marks"
    assert shop.deployments()[0]["commit"] == tagged

    relay = Confined(server)
    server.run("systemctl stop godploy-agent")
    assert sender.send(sender.payload(newest)) == 202
    server.run("systemctl restart godploy-relay")
    again = sender.payload(newest)
    assert soon(lambda: sender.send(again) == 202)
    assert relay.spooled() == 2
    server.run("systemctl start godploy-agent")
    assert soon(lambda: shop.serves("3"), 120)
    assert soon(lambda: relay.spooled() == 0)
    assert shop.deployments()[0]["commit"] == newest
    relay.reaches_nothing()

    godploy("service", "delete", SHOP, "--yes")
    assert sender.send(sender.payload(newest)) == 404


class Confined:
    """The relay's process, looked at and tried from inside."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def spooled(self) -> int:
        """How many deliveries wait on the disk."""
        return int(self._server.run("find /var/lib/private/godploy-relay -name '*.json' | wc -l"))

    def reaches_nothing(self) -> None:
        """It is nobody, in no group but its own and that of hooks, capped, and opens neither Docker nor the agent."""
        names = (
            "MainPID,DynamicUser,SupplementaryGroups,MemoryMax,CPUQuotaPerSecUSec,NoNewPrivileges,CapabilityBoundingSet"
        )
        shown = dict(
            line.split("=", 1) for line in self._server.run(f"systemctl show -p {names} godploy-relay").splitlines()
        )
        pid = shown.pop("MainPID")
        assert shown == {
            "DynamicUser": "yes",
            "SupplementaryGroups": "godploy-hooks",
            "MemoryMax": str(96 * MB),
            "CPUQuotaPerSecUSec": "500ms",
            "NoNewPrivileges": "yes",
            "CapabilityBoundingSet": "",
        }
        status = self._server.run(f"cat /proc/{pid}/status")
        user, group = (re.search(rf"^{name}:\s+(\d+)", status, re.M)[1] for name in ("Uid", "Gid"))  # type: ignore[index]  # they are there
        groups = re.search(r"^Groups:\s*(.*)$", status, re.M)[1].split()  # type: ignore[index]  # as above
        hooks = self._server.run("getent group godploy-hooks | cut -d: -f3").strip()
        assert "0" not in (user, group)
        assert set(groups) <= {group, hooks}
        as_it = f"nsenter -t {pid} -m setpriv --reuid={user} --regid={group} --groups={','.join(groups)} --no-new-privs"
        ask = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        for path in ("/run/docker.sock", "/run/godploy/agent.sock"):
            with contextlib.suppress(CommandFailed):
                self._server.run(f"{as_it} /usr/bin/python3 -c '{ask}' {path}")
                raise AssertionError(f"the relay can open {path}")
        for path in ("/var/lib/godploy/godploy.db", "/var/lib/godploy/secrets.key", "/etc/shadow", "/root/.ssh"):
            with contextlib.suppress(CommandFailed):
                self._server.run(f"{as_it} ls {path} && {as_it} cat {path}")
                raise AssertionError(f"the relay can read {path}")
        with contextlib.suppress(CommandFailed):
            self._server.run(f"{as_it} touch /run/godploy/hooks/{'0' * 40}.json")
            raise AssertionError("the relay can make hooks")
        assert self._server.run(f"{as_it} ls /run/godploy/hooks").split()  # that much it needs
