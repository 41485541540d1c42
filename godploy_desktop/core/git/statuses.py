"""Telling git hosts the states of commits from this computer, while their servers are connected.

It listens to what each server's model already hears; nothing polls. An account's owner allows it for the account, and
where a server has a token of its own for a service, that server tells and this computer does not.

What was begun is remembered over a restart: a deployment that ended while nobody looked is completed when its server
is connected again. Two computers that tell the same tell the same.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from godploy_desktop.core.git.begun_states import Begun, BegunStates
from godploy_desktop.core.git.linking import fitting
from godploy_desktop.core.server_model import Aspect, Change
from godploy_desktop.core.signal import Signal
from godploy_desktop.git_hosting.values import Account
from godploy_server.contract import (
    CommitState,
    CommitStatus,
    Conflict,
    Deployment,
    DeploymentId,
    GitSource,
    GodployError,
    NotFound,
    Problem,
    Service,
    ServiceId,
    ToldState,
    error_of,
    internal_error,
    status_name,
    status_of,
)

if TYPE_CHECKING:
    from godploy_desktop.core.git.accounts import GitAccounts
    from godploy_desktop.core.server import Server

ACCOUNTS: Final = "git-accounts"
"""The setting with the accounts, looked at here without loading what speaks with their hosts."""
RETRY_S: Final = (5.0, 30.0, 120.0)
_WORTH_ANOTHER_TRY: Final = frozenset({"unreachable", "rate-limited", "not-ready"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """What came of the newest state of a service in this session, in whose name (an account's id)."""

    account: str = ""
    told: ToldState | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Place:
    """A service of a server."""

    server: int
    service: ServiceId


class CommitStatuses:
    """`git` gives the accounts; `read` and `write` are the profile's settings. `changed` names a service whose report
    is new."""

    def __init__(
        self,
        git: Callable[[], GitAccounts],
        read: Callable[[str], Any],
        write: Callable[[str, object], None],
        retry_s: tuple[float, ...] = RETRY_S,
    ) -> None:
        self._git, self._read, self._retry_s = git, read, retry_s
        self._begun = BegunStates(read, write)
        self._known_git: GitAccounts | None = None
        self._servers: dict[int, tuple[Server, Callable[[], None]]] = {}
        self._seen: set[DeploymentId] = set()  # not ended when they were seen
        self._pending: set[DeploymentId] = set()  # whose beginning was tried to be told
        self._open: dict[Place, dict[str, tuple[Begun, CommitStatus]]] = {}
        self._tasks: dict[Place, asyncio.Task[None]] = {}
        self._completing: set[asyncio.Task[None]] = set()
        self._reports: dict[Place, Report] = {}
        self.changed: Signal[Place] = Signal()

    def follow(self, servers: Iterable[Server]) -> None:
        """Listen to these servers, and to no others any more."""
        wanted = {server.id: server for server in servers}
        for server_id, (server, stop) in list(self._servers.items()):
            if wanted.get(server_id) is not server:
                stop()
                del self._servers[server_id]
        for server_id, server in wanted.items():
            if server_id not in self._servers:
                self._servers[server_id] = (server, server.model.changed.connect(self._listener(server)))
                self._look_at_all(server)

    async def close(self) -> None:
        """Listen and tell no more."""
        self.follow(())
        tasks = [*self._tasks.values(), *self._completing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def report(self, server: int, service: ServiceId) -> Report:
        """Give what came of the newest state of a service in this session."""
        return self._reports.get(Place(server, service), Report())

    def problems_of(self, account: Account) -> tuple[Problem, ...]:
        """Give what went wrong in an account's name, each once."""
        found = (each.problem for each in self._reports.values() if each.account == account.id)
        return tuple(dict.fromkeys(each for each in found if each is not None))

    async def test(self, server: Server, service_id: ServiceId) -> Report:
        """Tell the newest state of a service once more, now. Raises Conflict without one, and what the host says."""
        for deployment in server.model.deployments_of(service_id):
            status = status_of(deployment)
            begun = self._place_of(server, deployment)
            account = None if begun is None else self._account_of(begun)
            if status is None or begun is None or account is None:
                continue
            problem = await self._told(account, begun, status)
            self._settle(Place(server.id, service_id), begun, status, problem)
            if problem is not None:
                raise error_of(problem)
            return self.report(server.id, service_id)
        raise Conflict(
            "There is no commit state to tell yet",
            "no deployment of the service has a commit that it began with",
            "Deploy once, then test again",
        )

    # what the models say

    def _listener(self, server: Server) -> Callable[[Change], None]:
        def listen(change: Change) -> None:
            if change.aspect is Aspect.EVERYTHING:
                self._look_at_all(server)
            elif change.aspect is Aspect.DEPLOYMENT and change.deployment_id is not None:
                self._look_at(server, server.model.deployments.get(change.deployment_id))

        return listen

    def _is_on(self) -> bool:
        return any(each.get("tells_commits") for each in self._read(ACCOUNTS) or ())

    def _look_at_all(self, server: Server) -> None:
        """Take a whole picture of a server in: just connected, or connected again."""
        if not server.model.is_live:
            return  # what was remembered of it tells nothing of now
        for deployment in sorted(server.model.deployments.values(), key=lambda each: each.number):
            self._look_at(server, deployment)
        left = [each for each in self._begun.every().values() if each.server == server.id]
        if left and self._is_on():
            task = asyncio.create_task(self._complete(server, left), name=f"commit states of {server.name}")
            self._completing.add(task)
            task.add_done_callback(self._completing.discard)

    def _look_at(self, server: Server, deployment: Deployment | None) -> None:
        if deployment is None or not server.model.is_live or not self._is_on():
            return
        begun = self._begun.every().get(deployment.id)
        if not deployment.state.is_final:
            self._seen.add(deployment.id)
        elif deployment.id not in self._seen and begun is None:
            return  # it ended before anybody here looked
        else:
            self._seen.discard(deployment.id)
        status = status_of(deployment)
        if status is None:
            return
        is_pending = status.state is CommitState.PENDING
        if is_pending and (begun is not None or deployment.id in self._pending):
            return
        begun = begun or self._place_of(server, deployment)
        if begun is not None:
            (self._pending.add if is_pending else self._pending.discard)(deployment.id)
            self._tell(begun, status)

    async def _complete(self, server: Server, left: list[Begun]) -> None:
        """Tell how those ended that the model does not hold (any more)."""
        for begun in left:
            if (
                DeploymentId(begun.deployment) in server.model.deployments
                or begun.deployment not in self._begun.every()
            ):
                continue  # looked at, or told meanwhile
            try:
                deployment = await server.agent.deployment(DeploymentId(begun.deployment))
            except NotFound:
                self._tell(begun, CommitStatus(CommitState.STOPPED, "The deployment was removed"))
                continue
            except GodployError as error:
                _log.info("A deployment cannot be read, so its commit's state stays: %s", error.problem.what)
                return
            status = status_of(deployment)
            if status is not None and status.state is not CommitState.PENDING:
                self._tell(begun, status)

    def _place_of(self, server: Server, deployment: Deployment) -> Begun | None:
        """Give where a deployment's state is to be told from here, None for nowhere."""
        service = server.model.services.get(deployment.service_id)
        project = server.model.project_of(deployment.service_id)
        found = account_for(service, self._accounts().accounts) if service is not None else None
        if service is None or project is None or found is None or service.tells_commits:
            return None
        account, repository = found
        name = status_name(project.name, service.name)
        return Begun(server.id, service.id, deployment.id, account.id, repository, deployment.commit, name)

    def _accounts(self) -> GitAccounts:
        if self._known_git is None:
            self._known_git = self._git()
            self._known_git.changed.connect(lambda _git: self._forget_problems())
        return self._known_git

    def _forget_problems(self) -> None:
        """An account was signed in again or switched: what went wrong before says nothing of it now."""
        for place, report in list(self._reports.items()):
            if report.problem is not None:
                self._show(place, replace(report, problem=None))

    # telling

    def _tell(self, begun: Begun, status: CommitStatus) -> None:
        if status.state is CommitState.PENDING:
            self._begun.remember(begun)  # before the host hears of it: whatever happens now, its end will be told
        place = Place(begun.server, ServiceId(begun.service))
        waiting = self._open.setdefault(place, {})
        self._drop_older(begun, waiting)
        waiting[begun.deployment] = (begun, status)
        if place not in self._tasks:
            task = asyncio.create_task(self._tell_all(place), name="commit states")
            self._tasks[place] = task

    def _drop_older(self, begun: Begun, waiting: dict[str, tuple[Begun, CommitStatus]]) -> None:
        """Tell no more what was to be told of the same commit: the host keeps its newest state alone."""
        for key in [key for key, (each, _) in waiting.items() if each.commit == begun.commit]:
            del waiting[key]
        self._begun.forget_others_of_commit(begun)

    async def _tell_all(self, place: Place) -> None:
        """Tell what waits for one service, one after the other."""
        tries = 0
        waiting = self._open[place]
        try:
            while waiting:
                key = next(iter(waiting))
                begun, status = waiting[key]
                account = self._account_of(begun)
                if account is None:
                    self._begun.forget(begun)
                    del waiting[key]
                    continue
                problem = await self._told(account, begun, status)
                if problem is not None and problem.code in _WORTH_ANOTHER_TRY and tries < len(self._retry_s):
                    self._show(place, Report(begun.account, self.report(*_key(place)).told, problem))
                    await asyncio.sleep(self._retry_s[tries])
                    tries += 1
                    continue
                tries = 0
                if waiting.get(key) == (begun, status):
                    del waiting[key]
                self._settle(place, begun, status, problem)
        finally:
            del self._tasks[place]

    def _account_of(self, begun: Begun) -> Account | None:
        """Give the account in whose name to tell; None once it is gone, or its owner allows it no more."""
        return next(
            (each for each in self._accounts().accounts if each.id == begun.account and each.tells_commits), None
        )

    async def _told(self, account: Account, begun: Begun, status: CommitStatus) -> Problem | None:
        """Tell one state; gives what went wrong. Nothing of it disturbs anybody."""
        try:
            host = self._accounts().host(account)
            try:
                await host.set_commit_status(begun.repository, begun.commit, begun.name, status)
            finally:
                await host.close()
        except GodployError as error:
            return error.problem
        except Exception as error:
            _log.exception("The state of a commit could not be told")
            return internal_error("Telling the state of a commit", error).problem
        return None

    def _settle(self, place: Place, begun: Begun, status: CommitStatus, problem: Problem | None) -> None:
        if problem is None:
            told = ToldState(datetime.now(UTC), begun.commit, status.state)
            if status.state is not CommitState.PENDING:
                self._begun.forget(begun)
            self._show(place, Report(begun.account, told))
            return
        _log.warning("%s: %s", begun.name, problem)
        if status.state is CommitState.PENDING and problem.code not in _WORTH_ANOTHER_TRY:
            self._begun.forget(begun)  # the host shows nothing that would have to be ended
        self._show(place, Report(begun.account, self.report(*_key(place)).told, problem))

    def _show(self, place: Place, report: Report) -> None:
        self._reports[place] = report
        self.changed.emit(place)


def account_for(service: Service, accounts: Iterable[Account]) -> tuple[Account, str] | None:
    """Give the account in whose name this computer tells the states of a service, with the repository's name at its
    host; None where no owner of a fitting one allows it."""
    source = service.settings.source
    if not isinstance(source, GitSource):
        return None
    return next(iter(fitting(source, [each for each in accounts if each.tells_commits])), None)


def _key(place: Place) -> tuple[int, ServiceId]:
    return place.server, place.service
