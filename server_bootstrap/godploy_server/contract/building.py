"""Where an application's files come from, and what turns them into an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

BUILD_GROUP: Final = "godploybuild.slice"
"""The cgroup that a server's builds run in, capped by its agent: what `docker build --cgroup-parent` is given."""


@dataclass(frozen=True)
class GitSource:
    """A git repository and what of it to build. `url` as git takes it: ssh://, user@host:path, https://.

    `commit` (full hash) wins over `tag`, `tag` over `branch`.
    """

    url: str
    branch: str = "main"
    root: str = ""  # folder inside the repository, "" for its top
    tag: str = ""
    commit: str = ""
    submodules: bool = False
    lfs: bool = False
    kind: Literal["git"] = "git"


@dataclass(frozen=True)
class FolderSource:
    """A folder on the computer `computer`, whose name for it is `path`. Only that computer can send newer files; the
    server keeps what was sent last, so that everyone can deploy that again."""

    path: str
    computer: str
    root: str = ""
    kind: Literal["folder"] = "folder"


@dataclass(frozen=True)
class ArchiveSource:
    """A zip or tar archive that was sent. A single folder at its top is stepped into."""

    name: str
    root: str = ""
    kind: Literal["archive"] = "archive"


@dataclass(frozen=True)
class ImageSource:
    """A prebuilt image: `name[:tag]` or `name@digest`, from any registry."""

    image: str
    kind: Literal["image"] = "image"


Source = GitSource | FolderSource | ArchiveSource | ImageSource


@dataclass(frozen=True)
class AutoBuilder:
    """Picks one of the others by looking at the source, and says why."""

    kind: Literal["auto"] = "auto"


@dataclass(frozen=True)
class DockerfileBuilder:
    """Builds with a Dockerfile of the source. `path` is relative to the source's root."""

    path: str = "Dockerfile"
    target: str = ""
    arguments: dict[str, str] = field(default_factory=dict)
    kind: Literal["dockerfile"] = "dockerfile"


@dataclass(frozen=True)
class NixpacksBuilder:
    """Builds with what Nixpacks finds out about the source. A command that is "" is Nixpacks' own choice."""

    install_command: str = ""
    build_command: str = ""
    start_command: str = ""
    configuration: str = ""  # path of a nixpacks.toml or .json, "" for the one at the root, if any
    kind: Literal["nixpacks"] = "nixpacks"


@dataclass(frozen=True)
class BuildpacksBuilder:
    """Builds with Cloud Native Buildpacks. `image` is the builder image, `buildpacks` "" for its own order."""

    image: str = "paketobuildpacks/builder-jammy-base"
    buildpacks: tuple[str, ...] = ()
    process: str = ""  # process type to run (of a Procfile or the buildpacks), "" for the default one
    kind: Literal["buildpacks"] = "buildpacks"


@dataclass(frozen=True)
class StaticBuilder:
    """A site of files: those of the source, or those that `build_command` (run in `build_image`) writes to `output`.

    `single_page`: a path that is no file gets index.html. Served on the service's port.
    """

    build_command: str = ""
    output: str = ""  # folder relative to the root
    build_image: str = "node:22-slim"
    single_page: bool = True
    kind: Literal["static"] = "static"


Builder = AutoBuilder | DockerfileBuilder | NixpacksBuilder | BuildpacksBuilder | StaticBuilder


@dataclass(frozen=True)
class BuildPlan:
    """How a source is built, known before the build begins and kept with the deployment."""

    builder: str  # the `kind` of the builder that builds
    reason: str  # one sentence: why this one
    detail: str = ""  # what it will do, as text: Nixpacks' plan, process types, the generated Dockerfile


@dataclass(frozen=True)
class DetectBuilder:
    """What is known of a folder before anything of it is on the server.

    `names` are the files in it, and its folders, which end in "/"; what is in those may follow as "public/index.html".
    `root` is where the folder is in its repository. `contents` are texts of files, by name.
    """

    names: tuple[str, ...]
    root: str = ""
    contents: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Detection:
    """What *auto* would choose. `builder` None: nothing fits, and `reason` lists what was looked for.

    `port` is the one that the files say the program listens on. Asking again with what `wants` names tells more: the
    content of a file, or the names in a folder (it ends in "/").
    """

    builder: Builder | None
    reason: str
    port: int | None = None
    wants: tuple[str, ...] = ()


@dataclass(frozen=True)
class LookAtRepository:
    """Look into a repository that no service has yet, without a key: what is public. `branch` "": its default one."""

    url: str
    branch: str = ""
    root: str = ""


@dataclass(frozen=True)
class RepositoryLook:
    """What a repository has. `branches` (the default one first) and `tags` (the newest first) are cut at MOST_REFS.

    `names` are those in the folder `root` of `branch`, as in DetectBuilder; `example` is the text of its .env.example.
    """

    default_branch: str
    branches: tuple[str, ...]
    tags: tuple[str, ...]
    branch: str
    commit: str
    names: tuple[str, ...]
    detection: Detection
    example: str = ""


MOST_REFS: Final = 1000
EXAMPLE: Final = ".env.example"
"""Where a repository names the variables that its application wants."""


@dataclass(frozen=True)
class ToolSource:
    """Where a builder's program ("nixpacks", "pack") is fetched from: an archive and its SHA-256 in hexadecimal."""

    name: str
    url: str
    sha256: str
