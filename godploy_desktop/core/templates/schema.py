"""What a template file holds: the schema is the documentation, and the source of the words of every error.

A file is YAML. Every key that is not named here is refused, so that a typing error never passes silently. Texts need
no quotes, not even `yes` or `8.0`: what a value is follows from its key. Read by `reading`, checked by `checks`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

FORMAT: Final = 1
"""The version of this schema, which a file names first."""


@dataclass(frozen=True)
class Written:
    """How a text has to be written: a whole match of `pattern`, else “should be `expected`”."""

    pattern: str
    expected: str

    def fits(self, text: str) -> bool:
        """Whether a text is written so."""
        return re.fullmatch(self.pattern, text) is not None


Name = Annotated[str, Written(r"[a-z][a-z0-9-]{0,39}", "a name of lower-case letters, digits and dashes")]
VersionName = Annotated[str, Written(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}", "a version such as 17 or 8.0")]
VersionOrAny = Annotated[str, Written(r"\*|[0-9A-Za-z][0-9A-Za-z._-]{0,39}", "a version, or * for any")]
ImageName = Annotated[str, Written(r"[a-z0-9][A-Za-z0-9._/:@-]{0,254}", "an image such as postgres:17")]
VolumeText = Annotated[str, Written(r"[a-z][a-z0-9_-]{0,39}:/[^:\s]+", '"name:/path"')]
VariableName = Annotated[str, Written(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
ParameterName = Annotated[str, Written(r"[a-z][a-z0-9_]{0,39}", "a name of lower-case letters, digits and underscores")]
OutputName = Annotated[str, Written(r"[A-Za-z][A-Za-z0-9_-]{0,39}", "a name of letters, digits, _ and -")]
Title = Annotated[str, Written(r"\S.{0,79}", "a title of at most 80 characters on one line")]
PortNumber = Annotated[int, Written(r"[1-9][0-9]{0,4}", "a port from 1 to 65535")]
Seconds = Annotated[int, Written(r"[1-9][0-9]{0,3}", "from 1 to 3600 seconds")]


class Risk(StrEnum):
    """What a change of the version does to the data."""

    SAFE = "safe"
    """The new version reads the data as it is, and the old one could read it again."""

    ONE_WAY = "one-way"
    """The new version converts the data when it starts; the old one cannot read it afterwards."""

    UNREADABLE = "unreadable"
    """The new version cannot read the data at all: it has to be exported before and imported again."""


@dataclass(frozen=True)
class Version:
    """One line of `versions`, the newest first: the first one is what a person gets who does not choose."""

    version: VersionName
    """What people call it."""

    image: ImageName
    """The image that runs, with a tag that keeps within this version."""

    notes: str = ""
    """One sentence for whoever chooses it, such as until when it is maintained."""


@dataclass(frozen=True)
class Upgrade:
    """One line of `upgrades` or `downgrades`. The first line that fits a change of version counts."""

    from_: VersionOrAny = "*"
    """The version that runs, or * for any."""

    to: VersionOrAny = "*"
    """The version that is wished for, or * for any."""

    risk: Risk = Risk.ONE_WAY
    """safe, one-way or unreadable."""

    notes: str = ""
    """What the person should know or do before, in whole sentences."""


class ParameterType(StrEnum):
    """What a parameter's value is."""

    TEXT = "text"
    PASSWORD = "password"  # kept as a secret, never in a command line
    NUMBER = "number"
    PORT = "port"
    SIZE = "size"  # 512M, 2G: becomes a number of bytes
    BOOLEAN = "boolean"  # becomes true or false
    CHOICE = "choice"


@dataclass(frozen=True)
class Generated:
    """How a value is made that nobody gave: random characters from the operating system's secure source."""

    length: int = 24
    """How many characters."""

    alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    """The characters it is made of."""


@dataclass(frozen=True)
class Parameter:
    """One thing that is asked of whoever creates the service."""

    name: ParameterName
    """What `${name}` stands for in `variables`, `command` and `limits`."""

    title: Title
    """What a person reads beside the field."""

    type: ParameterType = ParameterType.TEXT
    """text, password, number, port, size, boolean or choice."""

    default: str = ""
    """The value if nothing is given."""

    hint: str = ""
    """One sentence of explanation."""

    required: bool = True
    """Whether an empty value is refused."""

    choices: Mapping[str, str] = field(default_factory=dict)
    """For a choice: each value and what a person reads for it."""

    pattern: str = ""
    """A regular expression that the whole value has to match."""

    expected: str = ""
    """What the value should be, in words, for the error when it does not match."""

    minimum: int | None = None
    """The least number or size (in bytes), or the least length of a text or password."""

    maximum: int | None = None
    """The greatest number or size (in bytes), or the greatest length of a text or password."""

    generated: Generated | None = None
    """How the value is made if nothing is given, mostly for passwords."""

    @property
    def is_generated(self) -> bool:
        """Whether nobody needs to give a value because one is made."""
        return self.generated is not None


@dataclass(frozen=True)
class Health:
    """When the program counts as ready."""

    command: tuple[str, ...]
    """Run inside the container; must end with 0. It must not need the password in its arguments."""

    timeout_s: Seconds = 120
    """How long the first start, which makes the database, may take."""

    successes: int = 2
    """How many good answers running."""


@dataclass(frozen=True)
class TemplateLimits:
    """What the container may use; 0 or nothing means no limit."""

    memory: str = "0"
    """Such as 1G, or a `${parameter}` of type size."""

    cpus: str = "0"
    """Such as 0.5."""


@dataclass(frozen=True)
class TemplateOutput:
    """One line of `connections`: a text that applications take as a variable and people copy."""

    name: OutputName
    """What it is called in a reference: SERVICE.NAME."""

    text: str
    """With `${VARIABLE}` for a variable of the service and `${host}`, `${port}`, `${public_host}`, `${public_port}`.
    `|url` percent-encodes, `|sql` doubles quotes and backslashes, `|json` makes a JSON text."""

    port: PortNumber | None = None
    """The container's port that `${port}` and `${public_port}` stand for."""

    public: bool = False
    """For programs elsewhere: there is a value only while the port is published."""

    variable: VariableName | None = None
    """The variable that an application mostly wants it in, such as DATABASE_URL."""


@dataclass(frozen=True)
class TemplateRotation:
    """How the password is changed."""

    variable: VariableName
    """The variable that holds it."""

    command: tuple[str, ...] = ()
    """Run inside the running container. Without it the service starts anew with the new variable."""

    input: str = ""
    """What the command reads: `${new}` is the new password, `${VARIABLE}` a variable of the service; filters as in
    `connections`. Only here, never in `command`, which every user of the server can read."""


@dataclass(frozen=True)
class Public:
    """How programs outside the project reach the service, if a person asks for it."""

    port: PortNumber
    """The container's port, and the server's unless another is chosen."""

    warning: str
    """What the person should know before."""


@dataclass(frozen=True)
class TemplateService:
    """One line of `services`. This version runs templates of exactly one service."""

    variables: Mapping[VariableName, str] = field(default_factory=dict)
    """The container's environment; `${parameter}` is filled in, `$${` gives `${`. What holds a password parameter is
    kept as a secret."""

    volumes: tuple[VolumeText, ...] = ()
    """"name:/path": what is kept when the container is replaced."""

    command: tuple[str, ...] = ()
    """Instead of the image's own; `${parameter}` is filled in, but never a password."""

    health: Health | None = None
    """When it counts as ready. Without it: when it runs."""

    stop_grace_s: Seconds = 30
    """How long it may take to stop cleanly before it is ended."""

    limits: TemplateLimits = field(default_factory=TemplateLimits)
    """What the container may use."""

    connections: tuple[TemplateOutput, ...] = ()
    """What other services and people take from it."""

    rotation: TemplateRotation | None = None
    """How its password is changed."""

    public: Public | None = None
    """How it is reached from outside the project, if that is asked for."""


@dataclass(frozen=True)
class Template:
    """A whole file."""

    format: int
    """1, the version of this schema."""

    name: Name
    """What commands call it. A person's own template takes the place of a shipped one of the same name."""

    title: Title
    """What people call it."""

    description: str
    """What it is for, in one or two sentences."""

    versions: tuple[Version, ...]
    """What can be run, the newest first."""

    services: Mapping[Name, TemplateService]
    """What runs, by name."""

    icon: str = "database"
    """A name in resources/icons."""

    keywords: tuple[str, ...] = ()
    """Words that a search finds it by, beside its names."""

    homepage: str = ""
    """Where it is documented."""

    parameters: tuple[Parameter, ...] = ()
    """What is asked of whoever creates it."""

    upgrades: tuple[Upgrade, ...] = ()
    """What a change to a newer version means; without a line that fits it is one-way."""

    downgrades: tuple[Upgrade, ...] = ()
    """Which changes to an older version are possible at all; without a line that fits it is refused."""

    origin: Path | None = None  # not a key: the library sets it
    """The file it was read from; None for one that ships with Godploy."""

    @property
    def service(self) -> TemplateService:
        """The one service."""
        return next(iter(self.services.values()))

    @property
    def public(self) -> Public | None:
        """How it is reached from outside the project, if that is asked for."""
        return self.service.public

    @property
    def newest(self) -> Version:
        """What a person gets who does not choose."""
        return self.versions[0]
