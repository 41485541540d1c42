"""Throws made-up requests at the relay's parser, signatures and payload readers for a time: `make fuzz`.

    python -m tests.fuzz.fuzz_relay [SECONDS]

Two things must never happen: an exception that is not a refusal, and a request that is believed without a signature
made with the secret. What hypothesis finds is shrunk and kept in .hypothesis, so that the next run begins with it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from godploy_server.contract.hooks import HookHost
from godploy_server.relay.handover import HandOver
from godploy_server.relay.head import Refused, parse_head
from godploy_server.relay.hook_files import HookFiles
from godploy_server.relay.limits import Rate
from godploy_server.relay.receiving import Receiving
from godploy_server.relay.scan import NotJson, read, scan

SECRET = "a secret that nobody guesses"
HOOKS = {host: f"{number:040x}" for number, host in enumerate(HookHost)}
ROUND = 2_000

FIELDS = (
    "x-hub-signature-256", "x-hub-signature", "x-gitea-signature", "x-forgejo-signature", "x-gitlab-token",
    "webhook-id", "webhook-timestamp", "webhook-signature", "x-github-event", "x-gitlab-event", "x-event-key",
    "x-github-delivery", "content-length", "content-type", "transfer-encoding", "host", "expect",
)  # fmt: skip
LIKELY = [b"application/json", b"push", b"Push Hook", b"repo:push", b"5", b"0", b"v1,AAAA", b"chunked", b""]
values = st.one_of(
    st.binary(max_size=60), st.from_regex(rb"(sha256=|v1,)?[0-9a-fA-F]{64}", fullmatch=True), st.sampled_from(LIKELY)
)
paths = st.one_of(
    st.sampled_from([f"/_godploy/hooks/{hook}".encode() for hook in HOOKS.values()]),
    st.from_regex(rb"/_godploy/(hooks|health)[ -~]{0,60}", fullmatch=True),
    st.binary(max_size=60),
)
heads = st.builds(
    lambda method, path, version, fields: b"\r\n".join(
        [b" ".join([method, path, version]), *(name.encode() + b": " + value for name, value in fields), b"", b""]
    ),
    st.sampled_from([b"POST", b"GET", b"post", b"PRI", b""]),
    paths,
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b""]),
    st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=8),
)
keys = st.sampled_from(["ref", "after", "commits", "push", "changes", "new", "x"])
bodies = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode()),
)
quietly = settings(deadline=None, max_examples=ROUND, suppress_health_check=list(HealthCheck), print_blob=True)


class Believed(AssertionError):
    """A request without the right signature was believed."""


@quietly
@given(heads, bodies)
def whole_requests(head: bytes, body: bytes) -> None:
    """From the bytes of a request to a refusal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for host, hook in HOOKS.items():
            (folder / f"{hook}.json").write_text(json.dumps({"host": host.value, "secret": SECRET}))
        asyncio.run(_one(folder, head, body))


async def _one(folder: Path, head: bytes, body: bytes) -> None:
    try:
        asked = parse_head(head)
        if not asked.path.startswith("/_godploy/hooks/"):
            return
        reader = asyncio.StreamReader()
        reader.feed_data(body)
        reader.feed_eof()
        spool = folder / "spool"
        receiving = Receiving(HookFiles(folder), HandOver(folder / "nobody", spool), spool, rate=Rate(1e9, 1e9))
        received = await receiving.receive(asked, reader)
    except Refused:
        return
    raise Believed(f"{received} for {head!r} {body!r}")


@quietly
@given(st.binary(max_size=400) | bodies)
def payloads(text: bytes) -> None:
    """Both readers of payloads: what they cannot read they refuse, and nothing else happens."""
    wanted = {"ref": True, "commits": {"id": True, "added": True}, "push": {"changes": {"new": {"name": True}}}}
    for way in (read, scan):
        try:
            way(text, wanted)
        except NotJson:
            continue


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 300.0
    end = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < end:
        whole_requests()
        payloads()
        rounds += 1
    print(f"{rounds * 2 * ROUND} made-up requests and payloads in {seconds:.0f} s: no crash, none believed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
