"""Linking a service to its repository at a git host: its deploy key there, and a webhook that reaches the server.

Nothing of the account is given to the server: it gets no token, only the public half of the key that it made itself
becomes known to the host, and the host gets the secret of the hook.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from godploy_desktop.core.server import Server
from godploy_desktop.core.tasks import Progress, TaskStep, TaskStepState
from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.values import Account, DeployKey, GitHubApp, Repository, Webhook
from godploy_server.contract import (
    HOOKS_PATH,
    AgentInfo,
    BadInput,
    CertificateState,
    Conflict,
    Domain,
    GitSource,
    GodployError,
    Hook,
    Service,
    ServiceId,
    SetHook,
    SharedHook,
)

_TITLE: Final = "Godploy"
_CERTIFICATE_WITHIN_S: Final = 15.0
_LOOK_EVERY_S: Final = 0.5


@dataclass(frozen=True)
class Link:
    """What a host has of a service. With `shared` an app tells of its pushes, and it has no webhook of its own."""

    deploy_key: DeployKey | None
    webhook: Webhook | None
    shared: SharedHook | None = None


def full_name_of(source: GitSource, account: Account) -> str:
    """Give owner/name of a source's repository if it lies at the account's host; raises BadInput otherwise."""
    host = account.address.partition("://")[2].partition("/")[0].partition(":")[0]
    url = source.url
    if "://" in url:
        rest = url.partition("://")[2].rpartition("@")[2]
        found, _, path = rest.partition("/")
        found = found.partition(":")[0]
    else:
        found, _, path = url.rpartition("@")[2].partition(":")
    if not path or found.lower() not in (host.lower(), f"ssh.{host.lower()}", f"altssh.{host.lower()}"):
        raise BadInput(
            f"{url} is not a repository of {account.address}",
            "the account is one of another host",
            "Choose the account of the host where the repository is",
        )
    return path.strip("/").removesuffix(".git")


def fitting(source: GitSource, accounts: Iterable[Account]) -> tuple[tuple[Account, str], ...]:
    """Give the accounts of the host where a source's repository lies, each with the repository's owner/name there."""
    found = []
    for account in accounts:
        try:
            found.append((account, full_name_of(source, account)))
        except BadInput:
            continue
    return tuple(found)


def hook_base(info: AgentInfo, domains: Iterable[Domain]) -> str:
    """Give where the server is reached from outside, for its webhooks: a domain with a valid certificate, else one
    without, else the server's own address."""
    known = list(domains)
    for domain in known:
        if domain.tls and domain.certificate is CertificateState.VALID:
            return f"https://{domain.host}" + ("" if info.https_port == 443 else f":{info.https_port}")
    port = "" if info.http_port == 80 else f":{info.http_port}"
    for domain in known:
        if not domain.tls or domain.certificate is not CertificateState.WAITING_FOR_DNS:
            return f"http://{domain.host}{port}"
    return f"http://{info.public_address}{port}"


def may_be_encrypted_soon(domains: Iterable[Domain]) -> bool:
    """Whether none of a service's domains has a certificate yet and one may have it in a moment: its DNS was not looked
    at yet, or the authority is being asked."""
    states = [(each.certificate, each.certificate_detail) for each in domains if each.tls]
    if any(state is CertificateState.VALID for state, _ in states):
        return False
    return any(
        state is CertificateState.PENDING or (state is CertificateState.WAITING_FOR_DNS and not detail)
        for state, detail in states
    )


def is_ours(webhook: Webhook, hook: Hook) -> bool:
    """Whether a host's webhook is that of a service, by whatever domain it reaches the server."""
    return webhook.url.endswith(hook.path)


async def hook_address(server: Server, hook: Hook) -> str:
    """Give the whole address of a hook, as a git host takes it."""
    info = await server.agent.info()
    services = await server.agent.services()
    own = [domain for each in services if each.id == hook.service_id for domain in each.domains]
    others = [domain for each in services if each.id != hook.service_id for domain in each.domains]
    return hook_base(info, [*own, *others]) + hook.path


async def _let_certificates_come(server: Server, service_id: ServiceId) -> None:
    """Wait a little where a domain was added a moment ago: what the host sends to it later is encrypted then."""
    give_up = asyncio.get_running_loop().time() + _CERTIFICATE_WITHIN_S
    while asyncio.get_running_loop().time() < give_up:
        services = await server.agent.services()
        if not any(may_be_encrypted_soon(each.domains) for each in services if each.id == service_id):
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def look(server: Server, service: Service, host: GitHost, full_name: str) -> Link:
    """Give what the host has of a service now."""
    wanted = " ".join(service.deploy_key.split()[:2])
    key = next((each for each in await host.deploy_keys(full_name) if each.key == wanted), None)
    hook = await hook_of(server, service.id)
    if hook is not None and hook.shared:
        return Link(key, None, await _shared(server, hook.shared))
    webhooks = await host.webhooks(full_name) if hook is not None else ()
    return Link(key, next((each for each in webhooks if hook is not None and is_ours(each, hook)), None))


async def link(server: Server, service: Service, host: GitHost, repository: Repository, progress: Progress) -> Link:
    """Add the service's deploy key and webhook at the host, each once. Raises GodployError.

    Whatever failed can be tried again: what is there already is used.
    """
    progress.put(TaskStep("key", "Add the deploy key", TaskStepState.RUNNING))
    key = await add_key(server, service, host, repository)
    progress.put(TaskStep("key", "Add the deploy key", TaskStepState.DONE, key.title))
    progress.put(TaskStep("hook", "Make the webhook", TaskStepState.RUNNING))
    webhook = await add_hook(server, service, host, repository)
    progress.put(TaskStep("hook", "Make the webhook", TaskStepState.DONE, webhook.url.partition(HOOKS_PATH)[0]))
    return Link(key, webhook)


async def add_key(server: Server, service: Service, host: GitHost, repository: Repository) -> DeployKey:
    """Let the service's deploy key read the repository; gives the one that is there, if it is. Raises GodployError."""
    if not isinstance(service.settings.source, GitSource):
        raise BadInput("The service is not built from git", "its source is another one", "Give it a git source first")
    return await host.add_deploy_key(
        repository.full_name, f"{_TITLE}: {server.name}/{service.name}", service.deploy_key
    )


async def add_hook(server: Server, service: Service, host: GitHost, repository: Repository) -> Webhook:
    """Let the host tell the server of pushes; changes the webhook that is there, if it is. Raises GodployError.

    Where the account was signed in by an app that tells this very server, its webhook serves the service too: then
    that one is given back, and one of the service's own is removed, so that no push comes twice.
    """
    shared = await hook_of_app(server, host.app)
    if shared is not None:
        return await _go_through(server, service, host, repository, shared)
    hook = await server.agent.set_hook(service.id, SetHook(host=host.hook_host, is_on=True, shared=""))
    secret = await server.agent.hook_secret(service.id)
    await _let_certificates_come(server, service.id)
    address = await hook_address(server, hook)
    before = [each for each in await host.webhooks(repository.full_name) if is_ours(each, hook)]
    return await host.put_webhook(repository.full_name, address, secret.secret, before[0].id if before else "")


async def hook_of_app(server: Server, app: GitHubApp | None) -> SharedHook | None:
    """Give the hook by which an app tells a server of pushes, None where it tells none, or another one."""
    if app is None or not app.webhook:
        return None
    known = await server.agent.shared_hooks()
    return next((each for each in known if each.page == app.page and app.webhook.endswith(each.path)), None)


async def _go_through(
    server: Server, service: Service, host: GitHost, repository: Repository, shared: SharedHook
) -> Webhook:
    own = await hook_of(server, service.id)
    hook = await server.agent.set_hook(service.id, SetHook(is_on=True, shared=shared.id))
    if own is not None and not own.shared:
        for each in await host.webhooks(repository.full_name):
            if is_ours(each, own):
                await host.remove_webhook(repository.full_name, each.id)
    return Webhook("", await hook_address(server, hook), is_active=True, events=("push",))


async def _shared(server: Server, hook_id: str) -> SharedHook | None:
    return next((each for each in await server.agent.shared_hooks() if each.id == hook_id), None)


async def unlink(server: Server, service: Service, host: GitHost, full_name: str) -> Link:
    """Take the service's deploy key and webhook away from the host, and its hook from the server; gives what went."""
    found = await look(server, service, host, full_name)
    if found.webhook is not None:
        await host.remove_webhook(full_name, found.webhook.id)
    if found.deploy_key is not None:
        await host.remove_deploy_key(full_name, found.deploy_key.id)
    if await hook_of(server, service.id) is not None:
        await server.agent.delete_hook(service.id)
    return found


async def try_webhook(server: Server, service: Service, host: GitHost, full_name: str) -> None:
    """Let the host send a test delivery; it appears in the list of deliveries. Raises Conflict without a webhook."""
    found = await look(server, service, host, full_name)
    if found.shared is not None:
        newest = f"the newest delivery: {found.shared.received}" if found.shared.received else "nothing came yet"
        raise Conflict(
            f"GitHub sends no test by the webhook of {found.shared.name}", newest, "Push a commit to see it work"
        )
    if found.webhook is None:
        raise Conflict(
            "There is no webhook at the host", f"{full_name} has none of this service", "Link the repository again"
        )
    await host.ping_webhook(full_name, found.webhook.id)


async def hook_of(server: Server, service_id: ServiceId) -> Hook | None:
    """Give a service's hook, None where it has none."""
    try:
        return await server.agent.hook(service_id)
    except GodployError as error:
        if error.code == "not-found":
            return None
        raise
