"""Acting on deliveries: deciding, writing down, asking for a deployment. One for an agent."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from godploy_server.agent.hook_decision import decide
from godploy_server.agent.hook_inbox import HookInbox, write_all_hooks
from godploy_server.contract import Delivery, DeliveryReceived, Notice, Trigger, Verdict
from godploy_server.state import deployments, hooks, services
from godploy_server.state.database import transaction

if TYPE_CHECKING:
    from godploy_server.agent.agent import Agent

_log = logging.getLogger(__name__)


class HookDeliveries:
    """Takes what the relay hands over, and what a person has delivered again."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._inbox = HookInbox(agent.paths, self.take)

    async def open(self) -> None:
        """Tell the relay every hook and listen to it."""
        connection, secrets = self._agent.connection, self._agent.engine.secrets
        write_all_hooks(
            self._agent.paths,
            hooks.every(connection),
            lambda service_id: hooks.secret(connection, secrets, service_id).secret,
        )
        await self._inbox.listen()

    def close(self) -> None:
        """Take nothing more."""
        self._inbox.close()

    def take(self, notice: Notice) -> None:
        """Act on what the relay received."""
        row = hooks.by_id(self._agent.connection, notice.hook)
        if row is None:
            _log.info("a delivery for a hook that is gone was dropped")
            return
        self.act(row.hook.service_id, notice)

    def act(self, service_id: str, notice: Notice, *, is_redelivery: bool = False) -> Delivery:
        """Decide about a delivery, write it down with its deployment in one transaction, and tell of both.

        Raises NotFound: the hook was removed.
        """
        agent = self._agent
        superseded = None
        with transaction(agent.connection):
            hook = hooks.find(agent.connection, service_id).hook
            source = services.find(agent.connection, service_id).settings.source
            is_replay = not is_redelivery and hooks.was_received(agent.connection, service_id, notice)
            decision = decide(hook, source, notice, is_replay=is_replay)
            deployment_id = None
            if decision.verdict is Verdict.DEPLOYED:
                asked_by = notice.author or hook.host.value
                enqueued = deployments.enqueue(
                    agent.connection, service_id, Trigger.PUSH, asked_by, commit=decision.commit
                )
                deployment_id, superseded = enqueued.deployment.id, enqueued.superseded
            delivery = hooks.record(
                agent.connection,
                service_id,
                notice,
                decision.verdict,
                decision.reason,
                deployment_id,
                is_redelivery=is_redelivery,
            )
        agent.hub.publish(DeliveryReceived(delivery))
        if superseded is not None:
            agent.publish_deployment(superseded.id)
        if deployment_id is not None:
            agent.publish_deployment(deployment_id)
            agent.jobs.wake()
        return delivery
