"""Acting on deliveries: deciding, writing down, asking for a deployment. One for an agent."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from godploy_server.agent.hook_decision import concerns_services, decide, is_of, shared_outcome
from godploy_server.agent.hook_inbox import HookInbox, KnownHook, write_all_hooks
from godploy_server.contract import Delivery, DeliveryReceived, Notice, SharedHook, Trigger, Verdict
from godploy_server.state import deliveries, deployments, hooks, services, shared_hooks
from godploy_server.state.database import transaction
from godploy_server.state.secrets import Secrets

if TYPE_CHECKING:
    from godploy_server.agent.agent import Agent

_log = logging.getLogger(__name__)

_ENDED: Final = "its webhook was renewed or removed before the agent could take it"


@dataclass(frozen=True)
class _Acted:
    """What was written down and is still to be told."""

    delivery: Delivery
    superseded: str  # id of a deployment, "" for none


class HookDeliveries:
    """Takes what the relay hands over, and what a person has delivered again."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._inbox = HookInbox(agent.paths, self.take)

    async def open(self) -> None:
        """Tell the relay every hook and listen to it."""
        write_all_hooks(self._agent.paths, [*self._own_hooks(), *self._shared_hooks()])
        await self._inbox.listen()

    def close(self) -> None:
        """Take nothing more."""
        self._inbox.close()

    def take(self, notice: Notice) -> None:
        """Act on what the relay received: for one service, or for each that a shared hook's delivery concerns."""
        connection = self._agent.connection
        shared = shared_hooks.by_id(connection, notice.hook)
        if shared is not None:
            self._take_shared(shared, notice)
            return
        row = hooks.by_id(connection, notice.hook)
        if row is None:
            self._take_late(notice)
        elif not deliveries.was_taken(connection, row.hook.service_id, notice):
            self.act(row.hook.service_id, notice)

    def _take_late(self, notice: Notice) -> None:
        """List what came by a hook that ended meanwhile, and do nothing: its secret may have ended for a reason."""
        service_id = hooks.former(self._agent.connection, notice.hook)
        if service_id is None:
            _log.info("a delivery for a service that is gone was dropped")
            return
        if not deliveries.was_taken(self._agent.connection, service_id, notice):
            delivery = deliveries.record(self._agent.connection, service_id, notice, Verdict.REFUSED, _ENDED)
            self._agent.hub.publish(DeliveryReceived(delivery))

    def _take_shared(self, shared: SharedHook, notice: Notice) -> None:
        """Act for every service in one transaction: what is taken again after a kill finds all or none of them."""
        connection = self._agent.connection
        acted = []
        with transaction(connection):
            if concerns_services(notice):
                for row in hooks.through(connection, shared.id):
                    source = services.find(connection, row.hook.service_id).settings.source
                    if is_of(notice, source) and not deliveries.was_taken(connection, row.hook.service_id, notice):
                        acted.append(self._write_down(row.hook.service_id, notice, is_redelivery=False))
            shared_hooks.record(connection, shared.id, shared_outcome(notice, [each.delivery for each in acted]))
        for each in acted:
            self._tell(each)

    def act(self, service_id: str, notice: Notice, *, is_redelivery: bool = False) -> Delivery:
        """Decide about a delivery, write it down with its deployment in one transaction, and tell of both.

        Raises NotFound: the hook was removed.
        """
        acted = self._write_down(service_id, notice, is_redelivery=is_redelivery)
        self._tell(acted)
        return acted.delivery

    def _write_down(self, service_id: str, notice: Notice, *, is_redelivery: bool) -> _Acted:
        agent = self._agent
        superseded = None
        with transaction(agent.connection):
            hook = hooks.find(agent.connection, service_id).hook
            source = services.find(agent.connection, service_id).settings.source
            is_replay = not is_redelivery and deliveries.was_received(agent.connection, service_id, notice)
            newer = "" if is_redelivery else deliveries.newer_push(agent.connection, service_id, notice)
            decision = decide(hook, source, notice, is_replay=is_replay, newer=newer)
            deployment_id = None
            if decision.verdict is Verdict.DEPLOYED:
                asked_by = notice.author or hook.host.value
                enqueued = deployments.enqueue(
                    agent.connection, service_id, Trigger.PUSH, asked_by, commit=decision.commit
                )
                deployment_id, superseded = enqueued.deployment.id, enqueued.superseded
            delivery = deliveries.record(
                agent.connection,
                service_id,
                notice,
                decision.verdict,
                decision.reason,
                deployment_id,
                is_redelivery=is_redelivery,
            )
        return _Acted(delivery, "" if superseded is None else superseded.id)

    def _tell(self, acted: _Acted) -> None:
        agent = self._agent
        agent.hub.publish(DeliveryReceived(acted.delivery))
        if acted.superseded:
            agent.publish_deployment(acted.superseded)
        if acted.delivery.deployment_id is not None:
            agent.publish_deployment(acted.delivery.deployment_id)
            agent.jobs.wake()

    def _own_hooks(self) -> Iterator[KnownHook]:
        connection, secrets = self._agent.connection, self._agent.engine.secrets
        for row in hooks.every(connection):
            if not row.hook.shared:
                service_id = row.hook.service_id
                secret = partial(_own_secret, connection, secrets, service_id)
                yield KnownHook(row.id, row.hook.host, secret, is_shared=False)

    def _shared_hooks(self) -> Iterator[KnownHook]:
        connection, secrets = self._agent.connection, self._agent.engine.secrets
        for each in shared_hooks.every(connection):
            secret = partial(shared_hooks.secret, connection, secrets, each.id)
            yield KnownHook(each.id, each.host, secret, is_shared=True)


def _own_secret(connection: sqlite3.Connection, secrets: Secrets, service_id: str) -> str:
    return hooks.secret(connection, secrets, service_id).secret
