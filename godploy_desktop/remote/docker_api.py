"""docker-py over sockets that lead to a server's Docker: one pool, the version negotiated at first use."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import docker
import requests.adapters
import urllib3
import urllib3.connection
import urllib3.connectionpool

CALL_TIMEOUT_S: Final = 60.0
POOL_SIZE: Final = 16

_BASE_URL: Final = "http://docker.invalid"


def docker_client(open_socket: Callable[[], socket.socket], timeout_s: float = CALL_TIMEOUT_S) -> docker.DockerClient:
    """Give back a client whose connections come from `open_socket`, which may block. Asks nothing of the network yet.

    Its calls block and belong into threads. `timeout_s` bounds the silence within one call.
    """
    client = docker.DockerClient.__new__(docker.DockerClient)
    client.api = _Api(open_socket, timeout_s)
    return client


class _Connection(urllib3.connection.HTTPConnection):
    def __init__(self, open_socket: Callable[[], socket.socket], timeout_s: float) -> None:
        super().__init__("docker.invalid", timeout=timeout_s)
        self._open_socket = open_socket
        self._timeout_s = timeout_s

    def connect(self) -> None:
        sock = self._open_socket()
        sock.settimeout(self._timeout_s)
        self.sock = sock


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    def __init__(self, open_socket: Callable[[], socket.socket], timeout_s: float) -> None:
        super().__init__("docker.invalid", timeout=timeout_s, maxsize=POOL_SIZE)
        self._open_socket = open_socket
        self._timeout_s = timeout_s

    def _new_conn(self) -> _Connection:
        return _Connection(self._open_socket, self._timeout_s)

    def _get_conn(self, timeout: float | None = None) -> Any:
        del timeout  # the pool is not a limit: a call never waits for another's stream to end
        try:
            kept = self.pool.get(block=False) if self.pool is not None else None
        except queue.Empty:
            kept = None
        if kept is not None and urllib3.util.connection.is_connection_dropped(kept):
            kept.close()
        return kept or self._new_conn()


class _Adapter(requests.adapters.HTTPAdapter):
    """One pool for every URL: docker-py's own adapters keep one for each, and connect anew for each."""

    def __init__(self, open_socket: Callable[[], socket.socket], timeout_s: float) -> None:
        self._one_pool = _Pool(open_socket, timeout_s)
        super().__init__()

    def get_connection_with_tls_context(
        self, request: object, verify: object, proxies: object = None, cert: object = None
    ) -> _Pool:
        del request, verify, proxies, cert
        return self._one_pool

    def request_url(self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        del proxies
        return request.path_url

    def close(self) -> None:
        self._one_pool.close()
        super().close()


class _Api(docker.APIClient):
    def __init__(self, open_socket: Callable[[], socket.socket], timeout_s: float) -> None:
        self._negotiated: str | None = None
        self._negotiating = threading.RLock()
        super().__init__(base_url="tcp://docker.invalid:2375", version="1.41", timeout=int(timeout_s))
        self._negotiated = None
        self.base_url = _BASE_URL
        for prefix in list(self.adapters):
            if prefix.startswith("http"):
                del self.adapters[prefix]
        self.mount("http://", _Adapter(open_socket, timeout_s))

    @property
    def _version(self) -> str:
        # read by docker-py for every URL and every check of what this version can do
        with self._negotiating:
            if self._negotiated is None:
                self._negotiated = str(self.version(api_version=False)["ApiVersion"])
            return self._negotiated

    @_version.setter
    def _version(self, version: str) -> None:
        self._negotiated = version
