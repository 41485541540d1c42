"""Hooks and deliveries, as an agent would list them."""

from dataclasses import replace
from datetime import timedelta

from godploy_server.contract import HOOKS_PATH, Delivery, Hook, HookEvent, HookHost, ServiceId, SetHook, Verdict
from tests.gui.recorded.snapshots import API, API_RUNNING, NOW

SECRET = "5f2c7e10d9a84b36" * 4


def hook_of(service_id: ServiceId, **changes) -> Hook:
    path = HOOKS_PATH + "0a1b2c3d4e5f60718293" * 2
    return replace(Hook(service_id, path, HookHost.GITHUB, True, (), ()), **changes)


def changed(hook: Hook, wanted: SetHook) -> Hook:
    given = {name: value for name, value in vars(wanted).items() if value is not None and name != "renews_secret"}
    if wanted.renews_secret:
        given["path"] = HOOKS_PATH + "99" * 20
    return replace(hook, **given)


def delivery(number: int, minutes_ago: float, event: HookEvent, verdict: Verdict, reason: str, **changes) -> Delivery:
    values = {
        "id": f"delivery-{number}",
        "service_id": API.id,
        "received_at": NOW - timedelta(minutes=minutes_ago),
        "event": event,
        "event_name": event.value,
        "ref": "main" if event is HookEvent.PUSH else "",
        "commit": "",
        "message": "",
        "author": "",
        "verdict": verdict,
        "reason": reason,
    }
    return Delivery(**(values | changes))


HOOK = hook_of(API.id, host=HookHost.GITEA, tag_patterns=("v*",), watch_paths=("api/**",))
DELIVERIES = (
    delivery(
        6, 1, HookEvent.PUSH, Verdict.DEPLOYED, f"branch “main” has commit {API_RUNNING.commit[:12]}",
        commit=API_RUNNING.commit, message=API_RUNNING.commit_message, deployment_id=API_RUNNING.id,
    ),
    delivery(
        5, 14, HookEvent.PUSH, Verdict.IGNORED, "none of the changed files fits the watched paths",
        commit="b7d20c4" * 5, message="Describe the new endpoints in the handbook\n\nNo code changes.",
    ),
    delivery(4, 31, HookEvent.OTHER, Verdict.REFUSED, "its signature is wrong", event_name=""),
    delivery(
        3, 190, HookEvent.TAG, Verdict.IGNORED, "tag “nightly” fits no pattern of the service", ref="nightly",
        commit="c41e9aa" * 5, message="Nightly",
    ),
    delivery(2, 60 * 30, HookEvent.OTHER, Verdict.IGNORED, "nothing is done on “issues”", event_name="issues"),
    delivery(1, 60 * 30 + 1, HookEvent.PING, Verdict.ANSWERED, "the hook works", event_name="ping"),
)  # fmt: skip
