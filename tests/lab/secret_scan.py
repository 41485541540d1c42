"""Looks everywhere on a server for a text that must be nowhere: processes while something runs, files afterwards."""

import json
from dataclasses import dataclass, field
from types import TracebackType

from tests.lab.labkit.servers import Server

# not in /proc/self, not in its own command line: the text comes through a file that only it reads
_WATCH = """
import json, os, sys, time
wanted = open("/run/scan/wanted", "rb").read()
found, seen, samples = set(), set(), 0
while not os.path.exists("/run/scan/stop") and samples < 60000:
    samples += 1
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read()
            except OSError:
                continue
            seen.add(pid)
            if wanted in words:
                found.add(words.replace(wanted, b"[FOUND]").replace(b"\\0", b" ").decode(errors="replace")[:300])
    time.sleep(0.02)
json.dump({"found": sorted(found), "samples": samples, "processes": len(seen)}, open("/run/scan/result", "w"))
"""
_PLACES = (
    "/var/lib/godploy", "/run/godploy", "/var/lib/docker", "/var/lib/containerd", "/var/log", "/tmp", "/var/tmp",
    "/root", "/etc", "/opt/godploy", "/run/containerd", "/run/docker",
)  # fmt: skip


@dataclass
class ProcessWatch:
    """Reads the arguments of every process on a server, some 30 times a second, while the context lasts."""

    server: Server
    wanted: str
    samples: int = 0
    processes: int = 0
    found: list[str] = field(default_factory=list)

    def __enter__(self) -> "ProcessWatch":
        self.server.run("rm -rf /run/scan && mkdir -m 700 /run/scan")
        self.server.write("/run/scan/wanted", self.wanted.encode(), "600")
        self.server.write("/run/scan/watch.py", _WATCH.encode(), "600")
        self.server.run("setsid -f python3 /run/scan/watch.py >/run/scan/output 2>&1 </dev/null")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.run(
            "touch /run/scan/stop; for i in $(seq 100); do [ -s /run/scan/result ] && break; sleep 0.1; done"
        )
        result = json.loads(self.server.run("cat /run/scan/result"))
        self.server.run("rm -rf /run/scan")
        self.samples, self.processes, self.found = result["samples"], result["processes"], result["found"]


def places_that_hold(server: Server, text: str) -> list[str]:
    """Give where a text is found: files of the server side, of Docker (layers, volumes, caches and their metadata),
    logs, the journal, histories of images, inspections of containers, images and volumes."""
    server.run("mkdir -m 700 /run/scan")
    try:
        server.write("/run/scan/wanted", text.encode() + b"\n", "600")
        folders = " ".join(_PLACES)
        found = server.run(
            f"grep -rlaF --devices=skip -f /run/scan/wanted {folders} 2>/dev/null || true", timeout_s=600
        )
        places = found.split()
        for what, command in (
            ("journal", "journalctl --no-pager -o export"),
            ("image histories", "docker images -aq | sort -u | xargs -r -n1 docker history --no-trunc"),
            ("image inspections", "docker images -aq | sort -u | xargs -r docker inspect"),
            ("container inspections", "docker ps -aq | xargs -r docker inspect"),
            ("volume inspections", "docker volume ls -q | xargs -r docker volume inspect"),
            ("build cache", "docker buildx du --verbose 2>/dev/null || docker system df -v"),
        ):
            count = server.run(
                f"({command}) 2>/dev/null | grep -caF -f /run/scan/wanted || true", timeout_s=300
            ).strip()
            if count not in ("", "0"):
                places.append(f"{what} ({count})")
        return places
    finally:
        server.run("rm -rf /run/scan")
