"""Valid deliveries of every git host, and ways to damage them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from godploy_server.contract.hooks import HookHost

SECRET: Final = "a secret that nobody guesses"
NOW_S: Final = 1_800_000_000.0
HOOKS: Final = {host: f"{number:040x}" for number, host in enumerate(HookHost)}
EVENTS: Final = {
    HookHost.GITHUB: ("x-github-event", ("push", "ping", "workflow_run")),
    HookHost.GITEA: ("x-gitea-event", ("push", "create")),
    HookHost.GITLAB: ("x-gitlab-event", ("Push Hook", "Tag Push Hook", "Job Hook")),
    HookHost.BITBUCKET: ("x-event-key", ("repo:push", "repo:fork", "diagnostics:ping")),
}
OTHER_FIELDS: Final = (
    "x-hub-signature-256", "x-hub-signature", "x-gitea-signature", "x-forgejo-signature", "x-gitlab-token",
    "webhook-id", "webhook-timestamp", "webhook-signature", "idempotency-key", "x-github-delivery", "content-length",
    "content-type", "transfer-encoding", "host", "expect", "x-forwarded-for",
)  # fmt: skip

PIECES: Final = (
    b"\r\n", b"0\r\n\r\n", b"\x00", b"\xff", b'"', b"{", b"[", b"\\u", b"\\ud800", b"1e999", b"0", b"ffffffff",
)  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """A request: header fields in their order, and what follows the head. `body` is what was signed."""

    host: HookHost
    fields: tuple[tuple[str, bytes], ...]
    body: bytes
    sent: bytes
    method: bytes = b"POST"
    path: bytes = b""

    def head(self) -> bytes:
        """The head as it is sent, with the empty line at its end."""
        path = self.path or f"/_godploy/hooks/{HOOKS[self.host]}".encode()
        lines = [b" ".join([self.method, path, b"HTTP/1.1"])]
        return b"\r\n".join([*lines, *(name.encode() + b": " + value for name, value in self.fields), b"", b""])


def payload(chance: Random, host: HookHost) -> dict[str, Any]:
    """What a host tells of a push, more or less."""
    commit = f"{chance.getrandbits(160):040x}"
    ref = chance.choice(["refs/heads/main", "refs/tags/v1", "refs/heads/é\u200b", "x", "refs/heads/" + "y" * 300])
    author = {"name": "A. Author", "email": "author@example.org"}
    told = {
        "id": commit, "message": chance.choice(["Change", "Change [skip ci]", "\x1b[31m" * 99]), "author": author,
        "added": ["a"], "modified": ["é" * 50] * 3, "removed": [],
    }  # fmt: skip
    if host is HookHost.BITBUCKET:
        side = {"type": chance.choice(["branch", "tag"]), "name": ref, "target": {"hash": commit, "message": "Change"}}
        change = {"new": side, "old": chance.choice([None, side])}
        links = {"html": {"href": "https://bitbucket.org/team/shop"}}
        return {"push": {"changes": [change] * chance.randint(0, 30)}, "repository": {"links": links}}
    return {
        "ref": ref, "before": chance.choice(["0" * 40, commit, "a" * 40]), "after": commit, "commits": [told] * 3,
        "head_commit": chance.choice([told, None]), "checkout_sha": commit, "total_commits": 3,
        "total_commits_count": 3, "forced": chance.choice([True, False]),
        "repository": {"clone_url": "https://git.example.org/team/shop.git"},
        "project": {"git_http_url": "https://git.example.org/team/shop.git"},
    }  # fmt: skip


def delivery(chance: Random, host: HookHost) -> Delivery:
    """A delivery that is to be believed."""
    body = json.dumps(payload(chance, host), ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    name, events = EVENTS[host]
    fields = {"host": b"a", "content-type": b"application/json", name: chance.choice(events).encode()}
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest().encode()
    if host is HookHost.GITHUB:
        fields |= {"x-hub-signature-256": b"sha256=" + digest, "x-github-delivery": b"d"}
    elif host is HookHost.BITBUCKET:
        fields["x-hub-signature"] = b"sha256=" + digest
    elif host is HookHost.GITEA:
        fields[chance.choice(["x-gitea-signature", "x-forgejo-signature"])] = digest
    elif chance.random() < 0.5:
        fields |= {"x-gitlab-token": SECRET.encode(), "idempotency-key": b"one"}
    else:
        fields |= standard(body)
    if chance.random() < 0.5:
        fields["transfer-encoding"] = b"chunked"
        sent = chunked(chance, body)
    else:
        fields["content-length"] = str(len(body)).encode()
        sent = body
    return Delivery(host, tuple(fields.items()), body, sent)


def standard(body: bytes) -> dict[str, bytes]:
    """GitLab's signing scheme."""
    text = f"id.{int(NOW_S)}.".encode() + body
    signature = base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest())
    at = str(int(NOW_S)).encode()
    return {"webhook-id": b"id", "webhook-timestamp": at, "webhook-signature": b"v1," + signature}


def chunked(chance: Random, body: bytes) -> bytes:
    """A body in chunks, sometimes with an extension or a trailer."""
    parts, at = [], 0
    while at < len(body):
        piece = body[at : at + chance.choice([1, 7, 100, 4096])]
        extension = chance.choice([b"", b"", b";x=y"])
        parts.append(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece))
        at += len(piece)
    return b"".join(parts) + b"0\r\n" + chance.choice([b"", b"x: y\r\n"]) + b"\r\n"


def damaged(chance: Random, whole: Delivery) -> Delivery:
    """The delivery with a few things changed; sometimes it is still the same in what counts."""
    made = whole
    for _ in range(chance.randint(1, 3)):
        match chance.randint(0, 6):
            case 0 | 1 | 2:
                made = replace(made, sent=mangled(chance, made.sent))
            case 3:
                fields = list(made.fields)
                at = chance.randrange(len(fields))
                fields[at] = (fields[at][0], mangled(chance, fields[at][1]).replace(b"\r\n", b""))
                made = replace(made, fields=tuple(fields))
            case 4:
                fields = [each for each in made.fields if chance.random() < 0.8]
                made = replace(made, fields=tuple(fields) or made.fields)
            case 5:
                name = chance.choice(OTHER_FIELDS + tuple(each for each, _ in EVENTS.values()))
                value = chance.choice([*(value for _, value in made.fields), b"", b"0", b"chunked", b"v1,AAAA"])
                fields = list(made.fields)
                fields.insert(chance.randrange(len(fields) + 1), (name, value))
                made = replace(made, fields=tuple(fields))
            case _:
                other = chance.choice(list(HookHost))  # the right signature at another's hook
                made = replace(made, path=f"/_godploy/hooks/{HOOKS[other]}".encode())
    return made


def mangled(chance: Random, text: bytes) -> bytes:
    """Some bytes flipped, cut out, doubled or put in."""
    changed = bytearray(text)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randint(0, 4):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at : at + chance.choice([1, 5, 1000])]
            case 2:
                changed[at:at] = changed[at : at + chance.choice([1, 20])]
            case 3:
                changed[at:at] = chance.choice(PIECES)
            case _:
                del changed[at:]
    return bytes(changed)


def is_authentic(whole: Delivery, hook: HookHost, fields: Mapping[str, str], body: bytes) -> bool:
    """Whether a body that was believed may be: written anew, from each host's documentation, to compare with."""
    if hook is HookHost.GITLAB and "webhook-signature" not in fields:
        return fields.get("x-gitlab-token") == SECRET
    if hook is HookHost.GITLAB:
        text = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode("latin-1") + body
        signature = base64.b64encode(hmac.new(SECRET.encode(), text, hashlib.sha256).digest()).decode()
        is_fresh = abs(int(fields["webhook-timestamp"]) - NOW_S) <= 300
        return is_fresh and f"v1,{signature}" in fields["webhook-signature"].split(" ")
    expected = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    told = {
        HookHost.GITHUB: fields.get("x-hub-signature-256"),
        HookHost.BITBUCKET: fields.get("x-hub-signature"),
        HookHost.GITEA: fields.get("x-forgejo-signature", fields.get("x-gitea-signature")),
    }[hook]
    wanted = expected if hook is HookHost.GITEA else f"sha256={expected}"
    return told == wanted and (hook is whole.host or body == whole.body)
