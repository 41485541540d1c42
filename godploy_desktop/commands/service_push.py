"""`godploy service push ...`, `link`, `unlink`: deploying on push."""

from __future__ import annotations

import argparse

from godploy_desktop.commands import options, rendering, service_commit_status
from godploy_desktop.commands.app_hooks import hook_of_app
from godploy_desktop.commands.context import Context, Run
from godploy_desktop.commands.git import with_host
from godploy_desktop.core.git import hook_test, hook_words, linking
from godploy_desktop.core.server import Server
from godploy_desktop.git_hosting.host import GitHost
from godploy_desktop.git_hosting.values import Account
from godploy_server.contract import BadInput, Delivery, GitSource, Hook, HookHost, NotFound, Service, SetHook, error_of


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs to those of services."""
    run: Run
    for name, run, summary in (
        ("link", link, "add the deploy key and the webhook at the git host"),
        ("unlink", unlink, "take the deploy key and the webhook away from the git host"),
    ):
        each = options.verb(verbs, name, run, summary)
        options.service(each)
        each.add_argument("--account", default="", metavar="ACCOUNT", help="login, or login@host (default: that fits)")
    push = verbs.add_parser("push", help="deploying on push: the webhook and its deliveries", description="Push.")
    inner = options.verbs_of(push)
    changing = options.verb(inner, "set", change, "turn deploying on push on or off, and say what deploys")
    options.service(changing)
    changing.add_argument("--host", choices=[each.value for each in HookHost], help="which signature is expected")
    state = changing.add_mutually_exclusive_group()
    state.add_argument("--on", action="store_true", default=None, dest="is_on")
    state.add_argument("--off", action="store_false", default=None, dest="is_on")
    changing.add_argument("--tag", action="append", metavar="GLOB", help="deploy tags that fit; may be repeated")
    changing.add_argument("--watch", action="append", metavar="GLOB", help="deploy only if such a file changed")
    changing.add_argument("--renew-secret", action="store_true", help="a new address and secret; the old ones end")
    told = changing.add_mutually_exclusive_group()
    told.add_argument(
        "--app", nargs="?", const="", metavar="APP", help="be told by the webhook of a GitHub App; see server app-hook"
    )
    told.add_argument("--own-webhook", action="store_true", help="one of its own again, in place of an app's")
    for name, run, summary in (
        ("show", show, "show how the service deploys on push"),
        ("secret", secret, "print the webhook's address and secret, to enter them at a git host by hand"),
        ("test", test, "test the webhook: the git host sends one where an account fits, else this computer does"),
        ("deliveries", deliveries, "list what git hosts sent, and what became of it"),
        ("redeliver", redeliver, "decide about a delivery anew"),
    ):
        each = options.verb(inner, name, run, summary)
        options.service(each)
        if name == "test":
            each.add_argument("--account", default="", metavar="ACCOUNT")
            each.add_argument(
                "--from-here", action="store_true", help="send it from this computer, through the public address"
            )
        if name == "redeliver":
            each.add_argument("delivery", metavar="DELIVERY", help="its id, or newest")
    service_commit_status.add_verbs(inner)


async def link(context: Context) -> None:
    """Add key and webhook."""
    server = await context.server()
    service = await context.service(server)
    account, full_name = _where(context, service)

    async def add(host: GitHost) -> linking.Link:
        repository = await host.repository(full_name)
        return await context.run_task(
            f"Link {context.full_name(service)}",
            lambda progress: linking.link(server, service, host, repository, progress),
        )

    linked = await with_host(context, account, add)
    context.output.value(linked, f"{context.full_name(service)} is deployed on every push to {full_name}.")


async def unlink(context: Context) -> None:
    """Take key and webhook away."""
    server = await context.server()
    service = await context.service(server)
    account, full_name = _where(context, service)
    gone = await with_host(context, account, lambda host: linking.unlink(server, service, host, full_name))
    context.output.value(gone, f"{full_name} has neither key nor webhook of {context.full_name(service)} any more.")


async def change(context: Context) -> None:
    """Change how the service deploys on push."""
    given = context.options
    server = await context.server()
    service = await context.service(server)
    wanted = SetHook(
        host=HookHost(given.host) if given.host else None,
        is_on=given.is_on,
        tag_patterns=None if given.tag is None else tuple(each for each in given.tag if each),
        watch_paths=None if given.watch is None else tuple(each for each in given.watch if each),
        renews_secret=given.renew_secret,
        shared=await _shared(server, given.app, is_own=given.own_webhook),
    )
    await server.agent.set_hook(service.id, wanted)
    await _show(context, server, service)


async def show(context: Context) -> None:
    """Show the hook."""
    server = await context.server()
    await _show(context, server, await context.service(server))


async def secret(context: Context) -> None:
    """Print address and secret."""
    server = await context.server()
    service = await context.service(server)
    hook = await server.agent.hook(service.id)
    given = await server.agent.hook_secret(service.id)
    address = await linking.hook_address(server, hook)
    pairs = [("address", address), ("secret", given.secret), ("content type", "application/json"), ("events", "push")]
    context.output.value({"address": address, "secret": given.secret}, rendering.fields(pairs, colour=False))


async def test(context: Context) -> int | None:
    """Let the host ping, or send what it would send."""
    server = await context.server()
    service = await context.service(server)
    source = service.settings.source
    fits = isinstance(source, GitSource) and bool(linking.fitting(source, context.workspace.git.accounts))
    if context.options.from_here or not (fits or context.options.account):
        return await _test_from_here(context, server, service)
    account, full_name = _where(context, service)
    await with_host(context, account, lambda host: linking.try_webhook(server, service, host, full_name))
    text = f"The host was asked to send a test. See: godploy service push deliveries {context.full_name(service)}"
    context.output.value({"tested": context.full_name(service)}, text)
    return None


async def _test_from_here(context: Context, server: Server, service: Service) -> int:
    tested = await hook_test.send_test(server, service.id)
    last = tested.last
    host = hook_words.host_words(last, rendering.ago(last.received_at) if last is not None else "")
    mark = "" if tested.problem is None else "Failed: "
    context.output.value(tested, f"{tested.address}\n{mark}{hook_words.outcome_words(tested)}\n{host}")
    return 0 if tested.problem is None else error_of(tested.problem).exit_code


async def deliveries(context: Context) -> None:
    """List deliveries."""
    server = await context.server()
    service = await context.service(server)
    found = await server.agent.deliveries(service.id)
    numbers = {str(each.id): str(each.number) for each in await server.agent.deployments(service.id)}
    rows = [_row(each, numbers.get(str(each.deployment_id), "")) for each in found]
    headers = ("ID", "TIME", "EVENT", "REF", "COMMIT", "VERDICT", "DEPLOYMENT", "REASON")
    context.output.rows(found, headers, rows, "No delivery yet.")


async def redeliver(context: Context) -> None:
    """Decide anew."""
    server = await context.server()
    service = await context.service(server)
    wanted = context.options.delivery
    if wanted == "newest":
        found = await server.agent.deliveries(service.id)
        if not found:
            raise NotFound("There is no delivery", "no git host sent one yet", "Push something")
        wanted = found[0].id
    delivery = await server.agent.redeliver(wanted)
    context.output.value(delivery, f"{delivery.verdict.value}: {delivery.reason}")


async def _show(context: Context, server: Server, service: Service) -> None:
    hook = await server.agent.hook(service.id)
    pairs = [
        ("deploys on push", "yes" if hook.is_on else "no"),
        ("host", hook.host.value),
        ("address", await linking.hook_address(server, hook)),
        *((("webhook", await _whose(server, hook)),) if hook.shared else ()),
        ("tags", ", ".join(hook.tag_patterns) or "none"),
        ("watched files", ", ".join(hook.watch_paths) or "all"),
    ]
    context.output.value(hook, rendering.fields(pairs, colour=context.output.colour))


async def _shared(server: Server, app: str | None, *, is_own: bool) -> str | None:
    """Give the id of the hook of an app, "" for one of the service's own, None to leave it as it is."""
    if app is not None:
        return (await hook_of_app(server, app)).id
    return "" if is_own else None


async def _whose(server: Server, hook: Hook) -> str:
    names = {each.id: each.name for each in await server.agent.shared_hooks()}
    return f"that of the app {names.get(hook.shared, '')}".strip()


def _row(each: Delivery, deployment: str) -> list[str]:
    verdict = each.verdict.value + (" (again)" if each.is_redelivery else "")
    event = each.event_name or each.event.value
    when = rendering.ago(each.received_at)
    return [each.id, when, event, each.ref, each.commit[:12], verdict, deployment, each.reason]


def _where(context: Context, service: Service) -> tuple[Account, str]:
    """Give the account and the repository's name at its host; raises BadInput naming what is missing."""
    source = service.settings.source
    if not isinstance(source, GitSource):
        raise BadInput("The service is not built from git", "its source is another one", "Give it a git source first")
    git = context.workspace.git
    if context.options.account:
        account = git.find(context.options.account)
        return account, linking.full_name_of(source, account)
    if found := linking.fitting(source, git.accounts):
        return found[0]
    raise BadInput(
        "No account fits the repository", f"none is signed in at the host of {source.url}", "Run godploy git sign-in"
    )
