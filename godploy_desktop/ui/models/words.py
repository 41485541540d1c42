"""How values read: states, times, sizes, rates. Pure functions; tones are names of colours in the theme."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from godploy_desktop.ui.theme.icons import icon_exists
from godploy_desktop.ui.theme.tokens import State, Tone
from godploy_server.contract import (
    ArchiveSource,
    CertificateState,
    Deployment,
    DeploymentState,
    Domain,
    FolderSource,
    GitSource,
    ImageSource,
    Service,
    ServiceKind,
    ServiceState,
    Step,
    StepState,
    Trigger,
)

NEUTRAL: Final[State] = "text3"

_SERVICE: Final[dict[ServiceState, tuple[str, State]]] = {
    ServiceState.NEVER_DEPLOYED: ("Not deployed", NEUTRAL),
    ServiceState.STARTING: ("Starting", "info"),
    ServiceState.RUNNING: ("Healthy", "ok"),
    ServiceState.DEGRADED: ("Degraded", "warn"),
    ServiceState.UNHEALTHY: ("Unhealthy", "err"),
    ServiceState.CRASHED: ("Crashed", "err"),
    ServiceState.STOPPED: ("Stopped", NEUTRAL),
    ServiceState.UNKNOWN: ("Unknown", NEUTRAL),
}
_DEPLOYMENT: Final[dict[DeploymentState, tuple[str, State]]] = {
    DeploymentState.QUEUED: ("Queued", NEUTRAL),
    DeploymentState.RUNNING: ("Running", "info"),
    DeploymentState.SUCCEEDED: ("Succeeded", "ok"),
    DeploymentState.FAILED: ("Failed", "err"),
    DeploymentState.CANCELLED: ("Cancelled", NEUTRAL),
    DeploymentState.SUPERSEDED: ("Superseded", NEUTRAL),
    DeploymentState.INTERRUPTED: ("Interrupted", "warn"),
}
_CERTIFICATE: Final[dict[CertificateState, tuple[str, State]]] = {
    CertificateState.NONE: ("Plain HTTP", NEUTRAL),
    CertificateState.WAITING_FOR_DNS: ("Waiting for DNS", "warn"),
    CertificateState.PENDING: ("Certificate pending", "info"),
    CertificateState.VALID: ("Certificate valid", "ok"),
    CertificateState.FAILED: ("Certificate failed", "err"),
}
_STEP: Final = {
    Step.FETCH: "Fetch the source",
    Step.BUILD: "Build the image",
    Step.RELEASE: "Make the release",
    Step.START: "Start beside the old release",
    Step.PROBE: "Probe through the proxy",
    Step.SWITCH: "Switch traffic",
    Step.DRAIN: "Drain the old release",
    Step.SETTLE: "Watch it settle",
}
_STEP_TONE: Final[dict[StepState, State]] = {
    StepState.RUNNING: "info",
    StepState.DONE: "ok",
    StepState.FAILED: "err",
    StepState.CANCELLED: NEUTRAL,
    StepState.INTERRUPTED: "warn",
}
_TRIGGER: Final = {
    Trigger.MANUAL: "deployed",
    Trigger.PUSH: "deployed by a push",
    Trigger.ROLLBACK: "rolled back",
    Trigger.SETTINGS: "settings applied",
}
_WHY: Final = {
    Trigger.MANUAL: "By hand",
    Trigger.PUSH: "Push",
    Trigger.ROLLBACK: "Rollback",
    Trigger.SETTINGS: "Settings",
}
_SIZES: Final = ("B", "KB", "MB", "GB", "TB")


def service_state(state: ServiceState) -> tuple[str, State]:
    """Give back (word, tone) for a service's state."""
    return _SERVICE[state]


def deployment_state(deployment: Deployment) -> tuple[str, State]:
    """Give back (word, tone) for where a deployment stands; a cancel under way is told apart."""
    if deployment.is_cancelling and not deployment.state.is_final:
        return "Cancelling", "warn"
    if deployment.state is DeploymentState.QUEUED and deployment.queue_position is not None:
        place = deployment.queue_position
        return ("Queued, next" if place == 0 else f"Queued, {place} ahead"), NEUTRAL
    return _DEPLOYMENT[deployment.state]


def certificate_state(state: CertificateState) -> tuple[str, State]:
    """Give back (words, tone) for a domain's certificate."""
    return _CERTIFICATE[state]


def step_title(step: Step) -> str:
    """Give back what a step does, as a person reads it."""
    return _STEP[step]


def step_tone(state: StepState) -> State:
    """Give back the tone of a step's state."""
    return _STEP_TONE[state]


def trigger_words(deployment: Deployment) -> str:
    """Give back what happened, as a part of a sentence: `rolled back`."""
    return _TRIGGER[deployment.trigger]


def change_words(deployment: Deployment) -> str:
    """Give back what a deployment brings, in one line: its commit's message, the upload, or the release it goes to."""
    if deployment.commit_message:
        return deployment.commit_message
    if deployment.upload:
        return "files that were sent"
    if deployment.trigger is Trigger.ROLLBACK and deployment.release is not None:
        return f"back to release {deployment.release}"
    return f"release {deployment.release}" if deployment.release is not None else "newest"


def superseded_words(deployment: Deployment) -> str:
    """Give back what became of a deployment that was replaced while it waited; "" for every other."""
    if deployment.state is not DeploymentState.SUPERSEDED:
        return ""
    newer = f"#{deployment.superseded_by}" if deployment.superseded_by is not None else "a newer one"
    return f"replaced by {newer} while it waited"


def position_words(position: int | None) -> str:
    """Give back a place in the queue, 0 being next: `next`, `1 ahead of it`."""
    if position is None:
        return "waits"
    return "next" if position == 0 else f"{position} ahead of it"


def why(deployment: Deployment) -> str:
    """Give back why a deployment exists, in a word."""
    return _WHY[deployment.trigger]


def ago(moment: datetime, now: datetime) -> str:
    """Give back how long ago, short: `now`, `42s ago`, `4m ago`, `2h ago`, `3d ago`, then the date."""
    seconds = int((now - moment).total_seconds())
    if seconds < 5:
        return "now"
    if seconds < 60:
        return f"{seconds}s ago"
    if seconds < 3600:
        return f"{seconds // 60}m ago"
    if seconds < 86400:
        return f"{seconds // 3600}h ago"
    if seconds < 86400 * 30:
        return f"{seconds // 86400}d ago"
    return moment.astimezone().strftime("%d %b %Y")


def duration(length: timedelta) -> str:
    """Give back a length of time, short: `0.4s`, `12s`, `3m 04s`, `1h 02m`."""
    seconds = max(0.0, length.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f}s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def deployment_duration(deployment: Deployment, now: datetime) -> str:
    """Give back how long a deployment took, or has taken so far; "" while it waits."""
    if deployment.started_at is None:
        return ""
    return duration((deployment.ended_at or now) - deployment.started_at)


def size(count_bytes: float) -> str:
    """Give back a size in binary steps with decimal names, as disk and memory are usually read: `512 MB`."""
    value, unit = split_size(count_bytes)
    return f"{value} {unit}"


def split_size(count_bytes: float) -> tuple[str, str]:
    """Give back (number, unit) of a size."""
    value = float(count_bytes)
    for unit in _SIZES:
        if abs(value) < 1024 or unit == _SIZES[-1]:
            digits = 0 if unit == "B" or value >= 100 else 1
            return f"{value:.{digits}f}".removesuffix(".0"), unit
        value /= 1024
    raise AssertionError("the last unit takes everything")


def rate(bytes_s: float) -> str:
    """Give back a rate: `3.1 MB/s`."""
    return f"{size(bytes_s)}/s"


def percent(fraction: float) -> str:
    """Give back a fraction as whole percent."""
    return f"{round(fraction * 100)}%"


def cores(value: float) -> str:
    """Give back processor use in cores: `0.03`, `1.4`."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def load_tone(fraction: float, calm: Tone = "text") -> Tone:
    """Give back the tone of a load: `calm` until 80 %, a warning to 95 %, then an error."""
    if fraction > 0.95:
        return "err"
    return "warn" if fraction > 0.8 else calm


def service_kind(service: Service) -> str:
    """Give back what a service is in two words: `PostgreSQL 16`, `Web service`."""
    if service.template is not None:
        return f"{service.template.title} {service.template.version}".strip()
    match service.kind:
        case ServiceKind.DATABASE:
            return "Database"
        case ServiceKind.IMAGE:
            return "Prebuilt image"
        case ServiceKind.APPLICATION:
            return "Background worker" if service.settings.port is None else "Web service"


def service_icon(service: Service) -> str:
    """Give back the icon that stands for a service: that of its template, where there is one."""
    if service.template is not None and icon_exists(service.template.icon):
        return service.template.icon
    match service.kind:
        case ServiceKind.DATABASE:
            return "database"
        case ServiceKind.IMAGE:
            return "box"
        case ServiceKind.APPLICATION:
            return "layers" if service.settings.port is None else "globe"


def source_words(service: Service) -> str:
    """Give back where a service comes from: repository and branch, or the image."""
    source = service.settings.source
    if isinstance(source, GitSource):
        return f"{repository_name(source.url)} @ {git_target(source)}"
    if isinstance(source, FolderSource):
        return f"{source.path} on {source.computer}"
    return source.name if isinstance(source, ArchiveSource) else source.image


def place_words(service: Service) -> str:
    """Give back where a service is reached, else where it comes from: its domain, `db:5432` in its project, its
    source."""
    if service.domains:
        return service.domains[0].host
    outputs = service.template.outputs if service.template else ()
    port = next((each.port for each in outputs if each.port), 0)
    return f"{service.name}:{port}" if port else source_words(service)


def place_icon(service: Service) -> str:
    """Give back the icon that goes with `place_words`."""
    if service.domains:
        return "globe"
    return "plug" if service.template is not None else source_icon(service)


def git_target(source: GitSource) -> str:
    """Give back what of a repository is built: the short commit, the tag or the branch."""
    return short_commit(source.commit) or source.tag or source.branch


def source_icon(service: Service) -> str:
    """Give back the icon that stands for where a service comes from."""
    match service.settings.source:
        case GitSource():
            return "git-branch"
        case FolderSource():
            return "folder"
        case ArchiveSource():
            return "package"
        case ImageSource():
            return "box"


def repository_name(url: str) -> str:
    """Give back the readable end of a git URL: `git@host:team/shop.git` gives `team/shop`."""
    path = url.rstrip("/").removesuffix(".git")
    if "://" in path:
        path = path.split("://", 1)[1]
        path = path.split("/", 1)[1] if "/" in path else path
    elif ":" in path:
        path = path.split(":", 1)[1]
    return "/".join(path.strip("/").split("/")[-2:])


def domain_url(domain: Domain, http_port: int, https_port: int) -> str:
    """Give back the address that a browser opens for a domain, with the port where it is not the usual one."""
    scheme, port, usual = ("https", https_port, 443) if domain.tls else ("http", http_port, 80)
    suffix = "" if port in (usual, 0) else f":{port}"
    path = "" if domain.path == "/" else domain.path
    return f"{scheme}://{domain.host}{suffix}{path}"


def short_commit(commit: str) -> str:
    """Give back the first seven digits of a commit."""
    return commit[:7]


def counted(count: int, one: str, many: str | None = None) -> str:
    """Give back a number with its noun: `1 service`, `3 services`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
