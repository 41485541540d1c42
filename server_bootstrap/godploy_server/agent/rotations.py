"""Changing passwords of services made from templates, in an order that no kill can break.

With a command (PostgreSQL, MySQL, ...): the new password is written as pending, the command changes it in the running
database, and only when that ended well it becomes the variable's value; then what refers to it is deployed again. A
failed command changes nothing. A kill in between leaves the pending row: the agent's next start runs the command again
with the old password as the one that counts, then with the new one; whichever works tells what is true, and both end
with the new password (to set it twice does no harm).

Without a command (Redis, Valkey, ClickHouse: their password is read at each start): the variable is changed and the
database deployed again first; only when that release serves, what refers to it follows. If the deployment fails, the
release before serves with the old password, and the variable gets it back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import string
from collections.abc import Callable, Coroutine
from typing import Any, Final

from godploy_server.contract import (
    BadInput,
    Conflict,
    Deployment,
    DeploymentState,
    GodployError,
    NotFound,
    NotReady,
    Rotated,
    RotatePassword,
    Rotation,
    ServiceId,
    Variable,
)
from godploy_server.deploy.redeploying import redeploy
from godploy_server.deploy.rotation import run_rotation
from godploy_server.runtime.engine import Engine
from godploy_server.state import deployments, releases, rotations, services, variables
from godploy_server.state.database import transaction
from godploy_server.state.references import References, dependents
from godploy_server.state.rotations import RotationRow
from godploy_server.state.services import ServiceRow

GENERATED_LENGTH: Final = 32
_ALPHABET: Final = string.ascii_letters + string.digits
_SETTLE_AGAIN_S: Final = (0.0, 2.0, 5.0, 10.0, 20.0, 30.0)

_log = logging.getLogger(__name__)


class RotationFailed(GodployError):
    """The database refused to change its password."""

    code, status, exit_code = "rotation-failed", 422, 7


class Rotations:
    """The password changes of one agent. `publish(service_id)` and `publish_deployment(id)` tell what is different,
    `wake()` lets the queue begin, `run(work)` runs something beside the requests."""

    def __init__(
        self,
        engine: Engine,
        publish: Callable[[str], None],
        publish_deployment: Callable[[str], None],
        wake: Callable[[], None],
        run: Callable[[Coroutine[Any, Any, object]], None],
    ) -> None:
        self._engine = engine
        self._connection = engine.connection
        self._publish = publish
        self._publish_deployment = publish_deployment
        self._wake = wake
        self._run = run
        self._settling: set[str] = set()
        self._at_work: set[str] = set()

    async def rotate(self, service: ServiceRow, wanted: RotatePassword, asked_by: str) -> Rotated:
        """Change a service's password. Raises Conflict, BadInput, RotationFailed (nothing was changed), and NotReady
        when it is not known yet whether it was: then it is settled later without anybody's help."""
        rotation = self._rotation_of(service)
        new = _checked(wanted.value) if wanted.value is not None else _generated()
        old = References(self._connection, self._engine.secrets).variable(service, rotation.variable)
        self._require_plain_secret(service, rotation.variable)
        if service.release is None:
            return self._store(service, rotation.variable, new)
        if service.is_stopped or _is_deploying(self._connection, service.id):
            raise Conflict(
                f"The password of {service.name} cannot be changed now",
                "it is stopped" if service.is_stopped else "a deployment of it is under way",
                "Start it first" if service.is_stopped else "Wait for the deployment to end",
            )
        if not rotation.command:
            return self._deploy_with(service, rotation.variable, new, old, wanted.redeploys, asked_by)
        row = rotations.begin(
            self._connection, self._engine.secrets, service.id, rotation.variable, new, old, wanted.redeploys, asked_by
        )
        # A task of its own: whoever asked may hang up, and the database must not be left in between for that.
        done: asyncio.Future[Rotated] = asyncio.get_running_loop().create_future()
        self._run(self._apply(service, rotation, row, done))
        return await asyncio.shield(done)

    def settle(self) -> None:
        """Go on with what an earlier agent left, or could not do while Docker did not answer."""
        for service_id, deployment_id in rotations.waiting_for(self._connection):
            if deployment_id:
                self._look_at(service_id, deployment_id)
            elif service_id not in self._settling | self._at_work:
                self._settling.add(service_id)
                self._run(self._settle(service_id))

    def deployment_ended(self, deployment: Deployment) -> None:
        """Go on when the deployment that brings a new password in ended."""
        if (deployment.service_id, deployment.id) in rotations.waiting_for(self._connection):
            self._look_at(deployment.service_id, deployment.id)

    async def _apply(
        self, service: ServiceRow, rotation: Rotation, row: RotationRow, done: asyncio.Future[Rotated]
    ) -> None:
        self._at_work.add(service.id)
        try:
            result = await run_rotation(self._engine, service, rotation, row.old, row.new)
            if result.exit_code != 0:
                raise RotationFailed(
                    f"The password of {service.name} was not changed",
                    _last_line(result.output) or f"{rotation.command[0]} ended with {result.exit_code}",
                    "Look at the service's log, and try again",
                )
            _answer(done, self._complete(row))
        except (Conflict, RotationFailed) as error:
            rotations.forget(self._connection, service.id)
            _answer(done, error)
        except Exception as error:
            why = error.problem.why if isinstance(error, GodployError) else type(error).__name__
            _log.warning("the password change of %s is settled later: %s", service.id, why)
            _answer(
                done,
                NotReady(
                    f"It is not known yet whether the password of {service.name} was changed",
                    why,
                    "The server finds out by itself as soon as the service answers, and completes the change",
                ),
            )
            self._at_work.discard(service.id)
            self.settle()
        finally:
            self._at_work.discard(service.id)

    async def _settle(self, service_id: ServiceId) -> None:
        """Find out which password counts, until that is known or the row is gone."""
        try:
            tries = 0
            while not await self._is_settled(service_id):
                tries += 1
                await asyncio.sleep(_SETTLE_AGAIN_S[min(tries, len(_SETTLE_AGAIN_S) - 1)])
        finally:
            self._settling.discard(service_id)

    async def _is_settled(self, service_id: ServiceId) -> bool:
        try:
            service = services.find(self._connection, service_id)
            row = rotations.find(self._connection, self._engine.secrets, service_id)
            if row is None or row.deployment_id:
                return True
            rotation = self._rotation_of(service)
            for counts in (row.old, row.new):
                result = await run_rotation(self._engine, service, rotation, counts, row.new)
                if rotations.variable_of(self._connection, service_id) is None:
                    return True  # a person said meanwhile which password counts
                if result.exit_code == 0:
                    self._complete(row)
                    _log.info("the password change of %s is settled", service_id)
                    return True
        except NotFound:
            return True
        except GodployError as error:
            _log.info("the password change of %s waits: %s", service_id, error.problem.why)
        return False

    def _complete(self, row: RotationRow) -> Rotated:
        """Make the new password the variable's value, and deploy what refers to it."""
        with transaction(self._connection):
            variables.replace_secret(self._connection, self._engine.secrets, row.service_id, row.variable, row.new)
            rotations.forget(self._connection, row.service_id)
            rotated = self._follow(row)
        self._tell(row.service_id, rotated)
        return rotated

    def _follow(self, row: RotationRow) -> Rotated:
        """Queue deployments of the services that refer to the password, if that was asked for."""
        found = dependents(self._connection, services.find(self._connection, row.service_id), {row.variable})
        queued = [redeploy(self._connection, each.id, row.asked_by) for each in found] if row.redeploys else []
        return Rotated(tuple(each.name for each in found), tuple(each.id for each in queued if each is not None))

    def _deploy_with(
        self, service: ServiceRow, variable: str, new: str, old: str, redeploys: bool, asked_by: str
    ) -> Rotated:
        connection, keys = self._connection, self._engine.secrets
        with transaction(connection):
            rotations.begin(connection, keys, service.id, variable, new, old, redeploys, asked_by)
            self._put(service.id, variable, new)
            deployment = redeploy(connection, service.id, asked_by)
            assert deployment is not None  # it serves
            rotations.set_deployment(connection, service.id, deployment.id)
            names = tuple(each.name for each in dependents(connection, service, {variable}))
        rotated = Rotated(names, (deployment.id,))
        self._tell(service.id, rotated)
        return rotated

    def _look_at(self, service_id: ServiceId, deployment_id: str) -> None:
        """Settle a change that waited for a deployment, by what serves now."""
        try:
            deployment = deployments.find(self._connection, deployment_id)
            if not deployment.state.is_final:
                return
            if deployment.state is DeploymentState.SUPERSEDED:
                newer = deployments.of_service(self._connection, service_id)
                follower = next((each for each in newer if each.number == deployment.superseded_by), None)
                if follower is not None:
                    rotations.set_deployment(self._connection, service_id, follower.id)
                    self._look_at(service_id, follower.id)
                    return
        except NotFound:
            pass  # its history was trimmed: what serves tells all
        row = rotations.find(self._connection, self._engine.secrets, service_id)
        if row is None:
            return
        with transaction(self._connection):
            rotations.forget(self._connection, service_id)
            if self._served(service_id, row.variable) == row.new:
                rotated = self._follow(row)
            else:
                _log.warning("the deployment with the new password of %s failed; the old one counts", service_id)
                self._put(service_id, row.variable, row.old)
                rotated = Rotated()
        self._tell(service_id, rotated)

    def _served(self, service_id: ServiceId, variable: str) -> str | None:
        """Give the value that the release that serves has of a variable."""
        service = services.find(self._connection, service_id)
        if service.release is None:
            return None
        snapshot = releases.snapshot_of(self._connection, self._engine.secrets, service_id, service.release)
        return snapshot.environment.get(variable)

    def _store(self, service: ServiceRow, variable: str, new: str) -> Rotated:
        """Keep a password for a service that was never deployed: there is nothing to change it in yet."""
        self._put(service.id, variable, new)
        rotated = Rotated(tuple(each.name for each in dependents(self._connection, service, {variable})))
        self._tell(service.id, rotated)
        return rotated

    def _put(self, service_id: str, name: str, value: str) -> None:
        known = next(each for each in variables.of_service(self._connection, service_id) if each.name == name)
        put = Variable(name, value, is_secret=True, at_build=known.at_build, at_run=known.at_run)
        variables.change(self._connection, self._engine.secrets, service_id, [put])

    def _tell(self, service_id: str, rotated: Rotated) -> None:
        for each in rotated.deployments:
            self._publish_deployment(each)
        self._publish(service_id)
        for other in dependents(self._connection, services.find(self._connection, service_id)):
            self._publish(other.id)
        self._wake()

    def _rotation_of(self, service: ServiceRow) -> Rotation:
        rotation = service.template.rotation if service.template else None
        if rotation is None:
            raise Conflict(
                f"{service.name} has no password that could be changed here",
                "it was not made from a template that says how",
                "Change the password in the program, and the variables that hold it",
            )
        return rotation

    def _require_plain_secret(self, service: ServiceRow, name: str) -> None:
        known = {each.name: each for each in variables.of_service(self._connection, service.id)}
        if known[name].reference:
            raise Conflict(
                f"The password of {service.name} cannot be changed here",
                f"{name} refers to {known[name].reference}, which is where it comes from",
                "Change it there",
            )


def _is_deploying(connection: Any, service_id: str) -> bool:
    under_way = [*deployments.queued(connection), *deployments.in_state(connection, DeploymentState.RUNNING)]
    return any(each.service_id == service_id for each in under_way)


def _generated() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(GENERATED_LENGTH))


def _checked(value: str) -> str:
    if not 8 <= len(value) <= 200 or not value.isprintable():
        raise BadInput(
            "The new password cannot be used",
            "value: should be 8 to 200 characters long, without control characters",
            "Choose another one, or leave it out for a generated one",
        )
    return value


def _answer(done: asyncio.Future[Rotated], answer: Rotated | Exception) -> None:
    if done.done():  # whoever asked is gone
        return
    if isinstance(answer, Exception):
        done.set_exception(answer)
        done.exception()  # seen: nobody may be waiting any more
    else:
        done.set_result(answer)


def _last_line(output: str) -> str:
    lines = [each.strip() for each in output.splitlines() if each.strip()]
    return lines[-1][:300] if lines else ""
