"""A real HTTP/1.1 server on a unix socket: short answers, endless streams, echo. A process of its own, so that what
it costs is not counted with the client's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path


class UnixServer:
    """The server as a child process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> UnixServer:
        self._process = subprocess.Popen([sys.executable, __file__, str(self.path)])
        for _ in range(200):
            if self.path.exists():
                return self
            time.sleep(0.05)
        raise RuntimeError("the unix server did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.path.unlink(missing_ok=True)


class Serving:
    """What the server counts."""

    def __init__(self) -> None:
        self.streams = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                request, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                content = await reader.readexactly(int(headers.get("content-length", 0)))
                await self.answer(request.split()[1], content, headers, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(
        self,
        path: str,
        content: bytes,
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if path.startswith("/lines/"):
            _, _, per_second, text = path.split("/", 3)
            await self.lines(float(per_second), text.encode(), reader, writer)
        elif path.startswith("/bytes/"):
            size = int(path.rpartition("/")[2])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            block = bytes(1 << 18)
            for start in range(0, size, len(block)):
                writer.write(block[: size - start])
                await writer.drain()
        elif path == "/streams":
            _plain(writer, str(self.streams).encode())
        elif path == "/headers":
            _plain(writer, repr(sorted(headers.items())).encode())
        elif path == "/hang":
            await reader.read()
        else:
            _plain(writer, content or b'{"ok": true}')

    async def lines(
        self, per_second: float, text: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.streams += 1
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        gone = asyncio.ensure_future(reader.read(1))
        number = 0
        try:
            while not gone.done():
                line = b"%d %s\n" % (number, text)
                writer.write(b"%x\r\n%s\r\n" % (len(line), line))
                await writer.drain()
                number += 1
                await asyncio.wait([gone], timeout=1 / per_second)
        finally:
            gone.cancel()
            self.streams -= 1
            writer.transport.abort()


def _plain(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content))


async def main(path: str) -> None:
    server = await asyncio.start_unix_server(Serving().serve, path, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
