"""Sets the limits of the cgroup that builds run in, and tells when a build met them. Needs root; says so where not."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from godploy_server.contract import BUILD_GROUP, AgentSettings, DeploymentFailed
from godploy_server.deploy import build_cap
from godploy_server.deploy.build_cap import Cap, DockerKind, Setting
from godploy_server.deploy.children import ChildTimeout, child_environment, run_child
from godploy_server.deploy.docker_build import is_integrated
from godploy_server.runtime.about import AboutDocker

CGROUPS: Final = Path("/sys/fs/cgroup")

_SYSTEMCTL_S: Final = 20.0
_LOOK_EVERY_S: Final = 0.2
# where runc puts the steps of Docker 20.10's BuildKit when systemd manages cgroups: no group that all share
_SCATTERED: Final = ("system.slice:docker:*", "system.slice/system.slice:docker:*")


@dataclass
class BuildGroup:
    """The cgroup of builds as it is on this server. `image_parent` is for `docker build`, `container_parent` for
    containers; both "" where Docker takes none."""

    cap: Cap
    kind: DockerKind
    root: Path = CGROUPS
    _before: int = field(default=0)
    _scattered_kills: int = field(default=0)

    def __post_init__(self) -> None:
        if self.kind.cgroup_version == "2":
            self._before = sum(map(self._kills_of, self._groups()))
        else:
            self._forget_peaks()

    @property
    def image_parent(self) -> str:
        """The cgroup to name to `docker build`."""
        return "" if self.kind.is_integrated else BUILD_GROUP

    @property
    def container_parent(self) -> str:
        """The cgroup to name when a container is created: a slice for systemd, a path from the root else."""
        return BUILD_GROUP if self.kind.driver == "systemd" else f"/{BUILD_GROUP}"

    def reached(self, lines: list[str]) -> DeploymentFailed | None:
        """Give the error to show if a build that failed with these last lines met the cap."""
        return build_cap.cap_reached(self.cap) if build_cap.was_killed(lines) and self._has_met_limit() else None

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the steps of a build to the cap as long as the context lasts, where no group does it for all."""
        if not (self.kind.is_integrated and self.kind.driver == "systemd"):
            yield
            return
        watching = asyncio.ensure_future(self._hold_scattered())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _hold_scattered(self) -> None:
        while True:
            self.limit_scattered()
            await asyncio.sleep(_LOOK_EVERY_S)

    def limit_scattered(self) -> None:
        """Limit each step of a build that runs now, for itself, and count those that met their limit."""
        for pattern in _SCATTERED:
            for group in self.root.glob(pattern):
                relative = str(group.relative_to(self.root))
                with contextlib.suppress(OSError):  # the step ended in this moment
                    write_settings(self.root, build_cap.settings_of(relative, self.cap, "2"))
                self._scattered_kills += self._kills_of(relative)

    def _groups(self) -> set[str]:
        return {build_cap.group_of(self.kind), BUILD_GROUP}

    def _kills_of(self, group: str) -> int:
        try:
            return build_cap.count_in((self.root / build_cap.counter_of(group)).read_text(encoding="ascii"))
        except OSError:
            return 0  # no such group yet, or not any more

    def _has_met_limit(self) -> bool:
        if self.kind.cgroup_version == "2":
            return sum(map(self._kills_of, self._groups())) > self._before or self._scattered_kills > 0
        for group in self._groups():
            with contextlib.suppress(OSError):
                peak = (self.root / build_cap.peak_of(group)).read_text(encoding="ascii")
                if build_cap.is_at_limit(peak, self.cap):
                    return True
        return False

    def _forget_peaks(self) -> None:
        for group in self._groups():
            path = self.root / build_cap.peak_of(group)
            if path.exists():
                with contextlib.suppress(OSError):
                    path.write_text("0", encoding="ascii")


async def cap_builds(
    about: AboutDocker, settings: AgentSettings, say: Callable[[str], None], root: Path = CGROUPS
) -> BuildGroup | None:
    """Hold all builds of this server to what its settings say; None, after saying why, where this process may not."""
    kind = DockerKind(about.cgroup_driver, about.cgroup_version, is_integrated(about.version))
    if not about.memory_bytes:
        say("Builds are not capped: Docker does not say how much memory there is")
        return None
    cap = build_cap.cap_of(settings, about.memory_bytes, about.cores)
    if os.geteuid() != 0:
        say("Builds are not capped here: that needs root, and the agent of this computer runs as you")
        return None
    try:
        if kind.driver == "systemd":
            await _set_unit(cap)
        for group in {build_cap.group_of(kind), BUILD_GROUP} if kind.driver == "cgroupfs" else ():
            limit_group(root, group, cap, kind.cgroup_version)
    except OSError as error:
        say(f"Builds are not capped: the limits could not be set ({error.filename}: {error.strerror})")
        return None
    except (ChildTimeout, RuntimeError) as error:
        say(f"Builds are not capped: systemd did not set the limits ({error})")
        return None
    say(build_cap.described(cap, settings))
    if kind.is_integrated and kind.driver == "systemd":
        say("Docker of this version gives builds no group of their own: each step is capped for itself")
    return BuildGroup(cap, kind, root)


def limit_group(root: Path, group: str, cap: Cap, cgroup_version: str) -> None:
    """Make a cgroup if it is missing and set its limits. Raises OSError."""
    folders = [group] if cgroup_version == "2" else [f"memory/{group}", f"cpu/{group}"]
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
    if cgroup_version == "2":
        with contextlib.suppress(OSError):  # where they are on already, or systemd sees to it
            (root / "cgroup.subtree_control").write_text("+memory +cpu", encoding="ascii")
    write_settings(root, build_cap.settings_of(group, cap, cgroup_version))


def write_settings(root: Path, settings: list[Setting]) -> None:
    """Write the files of a cgroup. Raises OSError for one that is not optional."""
    for each in settings:
        path = root / each.path
        try:
            path.write_text(each.value, encoding="ascii")
        except OSError:
            if not each.is_optional:
                raise


async def _set_unit(cap: Cap) -> None:
    environment = child_environment(os.environ, {})
    said: list[bytes] = []
    for arguments in (
        ["systemctl", "start", BUILD_GROUP],
        ["systemctl", "set-property", "--runtime", BUILD_GROUP, *build_cap.unit_properties(cap)],
    ):
        code = await run_child(arguments, environment=environment, on_output=said.append, timeout_s=_SYSTEMCTL_S)
        if code != 0:
            raise RuntimeError(b"".join(said).decode(errors="replace").strip()[-200:] or f"systemctl ended with {code}")
