"""An SSH server that asks for a password or questions; paramiko's own server side, so that no PAM is needed."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import paramiko


class PasswordServer:
    """Listens on a loopback port until stopped. The right password is "right"."""

    def __init__(self, host_key: Path) -> None:
        self.questions: tuple[tuple[str, bool], ...] = ()
        self.answers: tuple[str, ...] = ()
        self._key = paramiko.PKey.from_path(host_key)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._transports: list[paramiko.Transport] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                transport = paramiko.Transport(sock)
                transport.add_server_key(self._key)
                self._transports.append(transport)
                with contextlib.suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=_Server(self))

    def stop(self) -> None:
        self._listening.close()
        for transport in self._transports:
            transport.close()


class _Server(paramiko.ServerInterface):
    def __init__(self, settings: PasswordServer) -> None:
        self._settings = settings

    def get_allowed_auths(self, username: str) -> str:
        return "keyboard-interactive" if self._settings.questions else "password"

    def check_auth_password(self, username: str, password: str) -> int:
        right = password == "right" and not self._settings.questions
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> int | paramiko.InteractiveQuery:
        query = paramiko.InteractiveQuery("Login", "Answer")
        for text, echoed in self._settings.questions:
            query.add_prompt(text, echoed)
        return query

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        right = tuple(responses) == self._settings.answers
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Timer(0.05, self._end, (channel,)).start()
        return True

    @staticmethod
    def _end(channel: paramiko.Channel) -> None:
        channel.send_exit_status(0)
        channel.close()
