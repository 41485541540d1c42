"""Visitors of a site under test: constant load from a process of its own, and a count of what they lost."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

_ROOT = Path(__file__).parents[3]
MOST_SECONDS = 600
MOST_REQUESTS = 200_000


@dataclass(frozen=True)
class Visit:
    """What visitors do. `address` must be on loopback; `host` is the name they ask for.

    Of each eight connections four are kept alive, two are new for every request, two ask for answers that take
    400 ms; besides, one visitor of each method asks for answers that take `slowest_s` seconds. `slow_path` is
    formatted with `seconds`. With `tls_root` (PEM) they speak HTTPS and check the certificate.
    """

    address: str
    host: str
    port: int = 80
    path: str = "/"
    slow_path: str = "/slow?seconds={seconds}"
    slowest_s: float = 5.0
    methods: tuple[str, ...] = ("GET", "POST")
    connections: int = 16
    pause_s: float = 0.01
    most_seconds: float = 120.0
    most_requests: int = 50_000
    tls_root: str = ""

    def __post_init__(self) -> None:
        if not self.address.startswith("127."):
            raise ValueError(f"visitors only visit this machine's loopback, not {self.address}")
        if self.most_seconds > MOST_SECONDS or self.most_requests > MOST_REQUESTS:
            raise ValueError(f"at most {MOST_SECONDS} s and {MOST_REQUESTS} requests")


@dataclass(frozen=True)
class Loss:
    """A request that got no good answer: what was asked, when (seconds since the start) and what came instead."""

    method: str
    path: str
    way: str
    sent_at_s: float
    reason: str


class Traffic:
    """Visitors under way; a context manager. The counts grow while it runs and are final after the block."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._lock = threading.Lock()
        self._report: dict[str, object] = {}

    def __enter__(self) -> "Traffic":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.lab.labkit.visiting", json.dumps(asdict(self._visit))],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()  # asks the visitors to finish what they have begun
        try:
            self._process.wait(self._visit.slowest_s + 30)
        finally:
            self._process.kill()
            self._reader.join(5)
        if kind is None and self._process.returncode != 0:
            raise RuntimeError(f"the visitors' process ended with {self._process.returncode}")

    @property
    def sent(self) -> int:
        """Requests that were answered or lost so far."""
        return int(str(self._get("sent", 0)))

    @property
    def lost(self) -> list[Loss]:
        """Requests without an answer of the 2xx kind so far (the first thousand)."""
        rows = self._get("lost", [])
        assert isinstance(rows, list)
        return [Loss(*row) for row in rows]

    @property
    def by_method(self) -> dict[str, int]:
        """How many requests there were of each method."""
        return self._counts("methods")

    @property
    def versions(self) -> dict[str, int]:
        """How many answers carried each value of the X-Version header."""
        return self._counts("versions")

    def wait_for(self, requests: int, timeout_s: float = 60) -> None:
        """Wait until this many more requests are through. Raises TimeoutError."""
        goal, give_up = self.sent + requests, time.monotonic() + timeout_s
        while self.sent < goal:
            if time.monotonic() > give_up:
                raise TimeoutError(f"visitors sent {self.sent} of {goal} requests within {timeout_s} s")
            time.sleep(0.05)

    def _counts(self, name: str) -> dict[str, int]:
        counts = self._get(name, {})
        assert isinstance(counts, dict)
        return counts

    def _get(self, name: str, default: object) -> object:
        with self._lock:
            return self._report.get(name, default)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            report = json.loads(line)
            with self._lock:
                self._report = report


def visit(
    address: str,
    host: str,
    *,
    methods: Sequence[str] = ("GET", "POST"),
    slowest_s: float = 5.0,
    connections: int = 16,
    port: int = 0,
    path: str = "/",
    tls_root: str = "",
    most_seconds: float = 120.0,
    most_requests: int = 50_000,
) -> Traffic:
    """Visitors of `host` at a loopback address, a context manager; see `Visit`. Port 0 means 80, or 443 with TLS."""
    return Traffic(
        Visit(
            address=address,
            host=host,
            port=port or (443 if tls_root else 80),
            path=path,
            methods=tuple(methods),
            slowest_s=slowest_s,
            connections=connections,
            tls_root=tls_root,
            most_seconds=most_seconds,
            most_requests=most_requests,
        )
    )
