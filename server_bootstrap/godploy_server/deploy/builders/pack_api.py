"""A socket between `pack` and Docker that puts what pack makes where it can be capped, found and removed.

pack has no option for the parent cgroup or the labels of its containers, so its requests that create one are completed
on their way. Everything else passes as it is: one connection a request, bytes in both directions.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, Final

BUILD_LABEL: Final = "godploy.build"
"""Marks the containers of a build; its value is the deployment's id."""

_CREATE: Final = re.compile(rb"POST (/v[0-9.]+)?/containers/create(\?\S*)? HTTP/1\.1")
_EPHEMERAL: Final = re.compile(rb"pack\.local/builder/[0-9a-z]+")
_LONGEST_HEAD: Final = 64 * 1024
_LONGEST_BODY: Final = 16 << 20
_CHUNK_BYTES: Final = 65536


def completed(body: Mapping[str, Any], labels: Mapping[str, str], cgroup_parent: str) -> dict[str, Any]:
    """Give a request that creates a container with labels of ours and under the cgroup of builds.

    Source: Docker Engine API 1.41, ContainerCreate.
    """
    host = dict(body.get("HostConfig") or {})
    if cgroup_parent:
        host["CgroupParent"] = cgroup_parent
    return {**body, "Labels": {**(body.get("Labels") or {}), **labels}, "HostConfig": host}


@contextlib.asynccontextmanager
async def pack_api(
    path: Path, docker_socket: Path, labels: Mapping[str, str], cgroup_parent: str, on_image: Callable[[str], None]
) -> AsyncIterator[None]:
    """Listen at `path` as long as the context lasts. `on_image` is told each image that pack makes for itself: it holds
    the build's variables and must go in any case."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _pass_on(reader, writer, docker_socket, labels, cgroup_parent, on_image)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # pack sees its connection end and says what it was doing
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_unix_server(serve, str(path), limit=_LONGEST_HEAD)
    path.chmod(0o600)  # noqa: ASYNC240  one call on a local disk
    try:
        yield
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    docker_socket: Path,
    labels: Mapping[str, str],
    cgroup_parent: str,
    on_image: Callable[[str], None],
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *fields = head.rstrip(b"\r\n").split(b"\r\n")
    for image in _EPHEMERAL.findall(first):
        on_image(image.decode())
    rest = b""
    if _CREATE.fullmatch(first):
        body = await _body(reader, fields)
        for image in _EPHEMERAL.findall(body):
            on_image(image.decode())
        rest = json.dumps(completed(json.loads(body), labels, cgroup_parent)).encode()
        fields = [each for each in fields if _name(each) not in (b"content-length", b"transfer-encoding")]
        fields.append(b"Content-Length: %d" % len(rest))
    if not any(_name(each) == b"upgrade" for each in fields):
        # one request a connection: where one ends and the next begins need not be known then
        fields = [each for each in fields if _name(each) != b"connection"] + [b"Connection: close"]
    to_docker = await asyncio.open_unix_connection(str(docker_socket))
    try:
        to_docker[1].write(b"\r\n".join([first, *fields]) + b"\r\n\r\n" + rest)
        await to_docker[1].drain()
        upload = asyncio.ensure_future(_copy(reader, to_docker[1]))
        try:
            await _copy(to_docker[0], writer)
        finally:
            upload.cancel()
            await asyncio.gather(upload, return_exceptions=True)
    finally:
        to_docker[1].close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _body(reader: asyncio.StreamReader, fields: list[bytes]) -> bytes:
    values = {_name(each): each.partition(b":")[2].strip() for each in fields}
    if values.get(b"transfer-encoding", b"").lower() == b"chunked":
        body = b""
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            if len(body) + size > _LONGEST_BODY:
                raise ValueError("too long")
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        return body
    size = int(values.get(b"content-length", b"0"))
    if size > _LONGEST_BODY:
        raise ValueError("too long")
    return await reader.readexactly(size)


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip().lower()
