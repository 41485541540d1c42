"""Bridges SSH channels and real sockets, many at once, with one selector thread.

What speaks through the tunnel (asyncio, docker-py, the docker command) gets a real socket; no stream costs a thread.
Bytes from the server are written to the socket by the transport's own thread (one switch of threads less a message);
what does not fit at once, everything in the other direction and all ends are this thread's.
"""

from __future__ import annotations

import contextlib
import logging
import select
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import paramiko
from paramiko.common import cMSG_CHANNEL_WINDOW_ADJUST

from godploy_desktop.remote.ssh.pipe import ChunkPipe

log = logging.getLogger(__name__)

SOCKET_BUFFER_BYTES: Final = 1 << 20
PACKET_BYTES: Final = 32704
"""The most that fits into one packet of 32 KiB."""
READ_BYTES: Final = 256 * 1024
TURN_BYTES: Final = 1 << 20
"""After so many bytes of one link the others get their turn."""
SWEEP_S: Final = 2.0


class Mux:
    """One selector thread for all links of one SSH connection."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.links: set[Link] = set()
        self._todo: deque[Callable[[], None]] = deque()
        self._wake_receive, self._wake_send = socket.socketpair()
        self._wake_receive.setblocking(False)
        self._wake_send.setblocking(False)
        self.selector.register(self._wake_receive, selectors.EVENT_READ, None)
        self._is_stopping = False
        self._is_woken = False
        self._next_sweep = 0.0
        self._thread = threading.Thread(target=self._run, name="ssh-mux", daemon=True)
        self._thread.start()

    def bridge(
        self,
        channel: paramiko.Channel,
        on_end: Callable[[], None] | None = None,
        on_stderr: Callable[[bytes], None] | None = None,
    ) -> socket.socket:
        """Give back a socket that is the channel; closing it closes the channel at once. See `attach`."""
        near, far = socket.socketpair()
        for each in (near, far):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        self.attach(channel, far, on_end, on_stderr)
        return near

    def attach(
        self,
        channel: paramiko.Channel,
        sock: socket.socket,
        on_end: Callable[[], None] | None = None,
        on_stderr: Callable[[bytes], None] | None = None,
    ) -> None:
        """Join a channel and a connected socket; both belong to the link from now on.

        `on_end` is called once when it is over, `on_stderr` with what an exec channel writes there (without it, that
        is dropped); both in a thread of the tunnel, and both must return at once. Who gives `on_stderr` closes the
        channel.
        """
        link = Link(self, channel, sock, on_end, on_stderr)
        self.call(link.start)

    def call(self, work: Callable[[], None]) -> None:
        """Run `work` in the selector thread."""
        self._todo.append(work)
        if not self._is_woken:
            self._is_woken = True
            with contextlib.suppress(OSError):  # full: it wakes up anyway; closed: it is over
                self._wake_send.send(b"\0")

    def stop(self) -> None:
        """End every link, then the thread."""
        self._is_stopping = True
        self.call(lambda: None)

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._is_stopping:
            for key, events in self.selector.select(SWEEP_S):
                if key.data is None:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_receive.recv(4096)
                else:
                    self._guarded(key.data, partial(key.data.on_ready, events))
            self._do_todo()
            if time.monotonic() > self._next_sweep:
                self._next_sweep = time.monotonic() + SWEEP_S
                for link in [link for link in self.links if link.is_half_closed]:
                    self._guarded(link, link.end_if_abandoned)
        self._do_todo()
        for link in list(self.links):
            self._guarded(None, link.end)
        self.selector.close()
        self._wake_receive.close()
        self._wake_send.close()

    def _do_todo(self) -> None:
        self._is_woken = False
        while self._todo:
            self._guarded(None, self._todo.popleft())

    @staticmethod
    def _guarded(link: Link | None, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # one link's trouble must not end the others
            log.exception("a link of the tunnel failed")
            if link is not None:
                with contextlib.suppress(Exception):
                    link.end()


class Link:
    """One channel joined with one socket."""

    def __init__(
        self,
        mux: Mux,
        channel: paramiko.Channel,
        sock: socket.socket,
        on_end: Callable[[], None] | None,
        on_stderr: Callable[[bytes], None] | None,
    ) -> None:
        self._mux = mux
        self._channel = channel
        self._sock = sock
        self._on_end = on_end
        self._on_stderr = on_stderr
        self._lock = threading.Lock()  # the socket's write side: transport thread and selector thread
        self._backlog: deque[memoryview] = deque()  # from the channel, for the socket
        self._upward = memoryview(b"")  # from the socket, for the channel: waits for the window
        self._is_more = False
        self._is_channel_over = False
        self._is_socket_over = False
        self._is_ended = False
        self._events = 0
        sock.setblocking(False)
        channel.settimeout(0.0)

    @property
    def is_half_closed(self) -> bool:
        """Whether the socket's owner ended its side of the stream only, as far as is known."""
        return self._is_socket_over and not self._is_ended

    def start(self) -> None:
        """Begin to move bytes."""
        self._mux.links.add(self)
        self._channel.on_window = lambda: self._mux.call(self._send_upward)  # type: ignore[attr-defined]  # read by TunnelTransport
        pipe, stderr = self._channel.in_buffer, self._channel.in_stderr_buffer
        if not isinstance(pipe, ChunkPipe) or not isinstance(stderr, ChunkPipe):
            raise TypeError("the channel is not one of a TunnelTransport")
        stderr.set_sink(self._receive_stderr, lambda: None)
        pipe.set_sink(self._receive, lambda: self._mux.call(self._channel_ended))
        self._watch()

    # from the server: transport thread

    def _receive(self, data: bytes) -> None:
        with self._lock:
            if self._is_ended:
                return
            sent = 0
            if not self._backlog:
                try:
                    sent = self._sock.send(data)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    self._mux.call(self.end)
                    return
            if sent < len(data):
                self._backlog.append(memoryview(data)[sent:])
                if len(self._backlog) == 1:
                    self._mux.call(self._watch)  # after the append: it looks at once
        self._acknowledge(sent)

    def _receive_stderr(self, data: bytes) -> None:
        if self._on_stderr is not None:
            self._on_stderr(data)
        self._acknowledge(len(data))

    def _acknowledge(self, count: int) -> None:
        if not count:
            return
        grown = self._channel._check_add_window(count)  # type: ignore[attr-defined]  # the stub leaves it out
        if grown:
            message = paramiko.Message()
            message.add_byte(cMSG_CHANNEL_WINDOW_ADJUST)
            message.add_int(self._channel.remote_chanid)
            message.add_int(grown)
            # not in the transport's thread: a full line would keep it from reading what would empty the line
            self._mux.call(lambda: self._send(message))

    def _send(self, message: paramiko.Message) -> None:
        if self._channel.transport is None or self._channel.closed:
            return
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):  # the line is gone: everyone is told
            self._channel.transport._send_user_message(message)  # type: ignore[attr-defined]  # the stub leaves it out

    # everything below: selector thread

    def on_ready(self, events: int) -> None:
        """The socket can be read or written."""
        if events & selectors.EVENT_WRITE:
            self._flush()
        if events & selectors.EVENT_READ and not self._is_ended:
            self._send_upward()

    def _flush(self) -> None:
        sent = 0
        with self._lock:
            while self._backlog and not self._is_ended:
                try:
                    count = self._sock.send(self._backlog[0])
                except BlockingIOError:
                    break
                except OSError:
                    self._mux.call(self.end)
                    break
                sent += count
                if count == len(self._backlog[0]):
                    self._backlog.popleft()
                else:
                    self._backlog[0] = self._backlog[0][count:]
        self._acknowledge(sent)
        self._end_if_over()

    def _send_upward(self) -> None:
        if self._is_ended:
            return
        moved = 0
        while moved < TURN_BYTES:
            if not self._upward and not self._read_socket():
                break
            try:
                count = self._channel.send(bytes(self._upward[:PACKET_BYTES]))
            except TimeoutError:  # no window: on_window calls again
                break
            except (OSError, EOFError, paramiko.SSHException):
                count = 0
            if count == 0:
                self.end()
                return
            self._upward = self._upward[count:]
            moved += count
            if not self._upward and not self._is_more:
                break
        self._watch()

    def _read_socket(self) -> bool:
        if self._is_socket_over:
            return False
        try:
            content = self._sock.recv(READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            content = b""
        if content:
            self._upward = memoryview(content)
            self._is_more = len(content) == READ_BYTES  # else asking again would only say that there is none
            return True
        self._is_socket_over = True
        if self._is_channel_over or self._is_abandoned():
            self.end()
        else:
            self._pass_end_on()
        return False

    def _pass_end_on(self) -> None:
        try:
            self._channel.shutdown_write()
        except (OSError, EOFError, paramiko.SSHException):
            self.end()

    def _is_abandoned(self) -> bool:
        # end of file is all that recv says; only a hang-up tells a closed socket from one whose writing side is shut
        poll = select.poll()
        poll.register(self._sock, 0)
        return any(events & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, events in poll.poll(0))

    def end_if_abandoned(self) -> None:
        """End it if the socket's owner is gone by now."""
        if not self._is_ended and self._is_abandoned():
            self.end()

    def _channel_ended(self) -> None:
        self._is_channel_over = True
        self._end_if_over()

    def _end_if_over(self) -> None:
        if self._is_ended:
            return
        if self._is_channel_over and not self._backlog:
            if self._is_socket_over or self._channel.closed:
                self.end()
                return
            try:
                self._sock.shutdown(socket.SHUT_WR)
            except OSError:
                self.end()
                return
        self._watch()

    def _watch(self) -> None:
        if self._is_ended:
            return
        wanted = 0
        if not self._is_socket_over and not self._upward:
            wanted |= selectors.EVENT_READ
        if self._backlog:
            wanted |= selectors.EVENT_WRITE
        if wanted == self._events:
            return
        if not self._events:
            self._mux.selector.register(self._sock, wanted, self)
        elif not wanted:
            self._mux.selector.unregister(self._sock)
        else:
            self._mux.selector.modify(self._sock, wanted, self)
        self._events = wanted

    def end(self) -> None:
        """Close both sides at once.

        A command's exit code comes after the end of its output: whoever takes its stderr closes its channel.
        """
        with self._lock:
            if self._is_ended:
                return
            self._is_ended = True
            self._backlog.clear()
        self._mux.links.discard(self)
        if self._events:
            self._mux.selector.unregister(self._sock)
        self._sock.close()
        for pipe in (self._channel.in_buffer, self._channel.in_stderr_buffer):
            if isinstance(pipe, ChunkPipe):
                pipe.drop_sink()
        if self._on_stderr is None:
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                self._channel.close()
        if self._on_end is not None:
            self._on_end()
