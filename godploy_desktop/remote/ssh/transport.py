"""A paramiko Transport that opens channels to unix sockets, and does so fast.

Source: OpenSSH PROTOCOL, section 2.4 (direct-streamlocal@openssh.com); RFC 4254 for the rest.
"""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import paramiko
from paramiko.common import MSG_CHANNEL_WINDOW_ADJUST, cMSG_CHANNEL_OPEN, cMSG_GLOBAL_REQUEST
from paramiko.transport import ChannelMap

from godploy_desktop.remote.ssh.pipe import ChunkPipe

CONTROL_WINDOW_BYTES: Final = 2 << 20
BULK_WINDOW_BYTES: Final = 16 << 20
"""Large enough for a fast line with a long round trip; it delays what shares the line, so only bulk has it."""
READ_AHEAD_BYTES: Final = 256 * 1024
CHANNEL_TIMEOUT_S: Final = 15.0

# what it logs is said by the connection in words for a person; without a handler it would write to stderr
logging.getLogger("paramiko").addHandler(logging.NullHandler())

_FAST_CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr", "aes192-ctr")


class ReadAheadSocket:
    """A socket that reads more than asked, and leaves its time-outs to the kernel.

    paramiko asks twice a packet, and a time-out of Python's costs a poll, with one more fight for the interpreter's
    lock, before each.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = memoryview(bytearray(READ_AHEAD_BYTES))
        self._start = self._end = 0
        self.last_heard = time.monotonic()

    def recv(self, limit: int) -> bytes:
        """Give up to `limit` bytes, b"" at the end."""
        if self._start == self._end:
            self._start = self._end = 0
            try:
                self._end = self._sock.recv_into(self._buffer)
            except BlockingIOError:  # the kernel's time-out; paramiko's reading of the banner knows Python's alone
                raise TimeoutError from None
            self.last_heard = time.monotonic()
        end = min(self._end, self._start + limit)
        content = bytes(self._buffer[self._start : end])
        self._start = end
        return content

    def settimeout(self, timeout_s: float | None) -> None:
        """Let recv and send give up after so long; None: never. EAGAIN of a send is a time-out to paramiko."""
        seconds = timeout_s or 0.0
        interval = struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
        self._sock.settimeout(None)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._sock.setsockopt(socket.SOL_SOCKET, option, interval)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Channels(ChannelMap):
    def put(self, chanid: int, chan: paramiko.Channel) -> None:
        # before the first byte can come: no data is lost between two buffers
        chan.in_buffer, chan.in_stderr_buffer = ChunkPipe(), ChunkPipe()
        super().put(chanid, chan)


def _window_grew(channel: paramiko.Channel, message: paramiko.Message) -> None:
    channel._window_adjust(message)  # type: ignore[attr-defined]  # the stub leaves it out
    notify: Callable[[], None] | None = getattr(channel, "on_window", None)
    if notify is not None:
        notify()


class TunnelTransport(paramiko.Transport):
    """One SSH connection. `open_unix` and `open_session` give channels whose input is a ChunkPipe."""

    _channel_handler_table = {  # noqa: RUF012  the base class declares it so
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]  # the stub leaves it out
        MSG_CHANNEL_WINDOW_ADJUST: _window_grew,
    }

    def __init__(self, sock: socket.socket, window_bytes: int = CONTROL_WINDOW_BYTES) -> None:
        self._read_ahead = ReadAheadSocket(sock)
        super().__init__(self._read_ahead, default_window_size=window_bytes)  # type: ignore[arg-type]  # socket-like is what it wants
        self._channels = _Channels()
        options = self.get_security_options()
        options.ciphers = tuple(name for name in _FAST_CIPHERS if name in options.ciphers)
        self._unix_path = threading.local()
        self._delayed: deque[paramiko.Message] = deque()
        self.daemon = True
        self.channel_timeout = CHANNEL_TIMEOUT_S

    @property
    def last_heard(self) -> float:
        """When the last byte came (time.monotonic)."""
        return self._read_ahead.last_heard

    def prefer_key_types(self, key_types: tuple[str, ...]) -> None:
        """Ask for host keys of these types first, so that a known host shows the key that is known."""
        wanted = [name for known in key_types for name in (_RSA_NAMES if known == "ssh-rsa" else (known,))]
        options = self.get_security_options()
        offered = tuple(options.key_types)
        options.key_types = tuple(dict.fromkeys([name for name in wanted if name in offered] + list(offered)))

    def open_unix(self, path: str, timeout_s: float = CHANNEL_TIMEOUT_S) -> paramiko.Channel:
        """Open a channel to a unix socket on the server. Raises paramiko.SSHException; ChannelException if refused.

        Such channels do not count against sshd's MaxSessions.
        """
        self._unix_path.value = path
        try:
            return self.open_channel("direct-streamlocal@openssh.com", timeout=timeout_s)
        finally:
            self._unix_path.value = None

    def ping(self) -> None:
        """Send a request that every server answers, if only with a refusal. May block while the line is stuck."""
        message = paramiko.Message()
        message.add_byte(cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@openssh.com")
        message.add_boolean(True)
        self._send_user_message(message)

    def _send_user_message(self, data: paramiko.Message) -> None:
        path = getattr(self._unix_path, "value", None)
        if path is not None and data.asbytes()[:1] == cMSG_CHANNEL_OPEN:
            self._unix_path.value = None
            data.add_string(path)
            data.add_string("")  # reserved
            data.add_int(0)  # reserved
        if threading.current_thread() is self and not self.clear_to_send.is_set():
            # in a key exchange, which only this very thread can end: waiting here would be for ever
            self._delayed.append(data)
            return
        super()._send_user_message(data)  # type: ignore[misc]  # the stub leaves it out

    def _parse_newkeys(self, message: paramiko.Message) -> None:
        super()._parse_newkeys(message)  # type: ignore[misc]  # the stub leaves it out
        while self._delayed:
            super()._send_user_message(self._delayed.popleft())  # type: ignore[misc]  # the stub leaves it out


_RSA_NAMES: Final = ("rsa-sha2-512", "rsa-sha2-256")
