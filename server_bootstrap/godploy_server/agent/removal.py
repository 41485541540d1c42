"""Removing a service: what it has in Docker and on disk, then its rows."""

from __future__ import annotations

import asyncio
import shutil

from godploy_server.agent.agent import Agent
from godploy_server.agent.hook_inbox import remove_hook
from godploy_server.contract import RemovalPreview, ServiceId, ServiceRemoved
from godploy_server.state import deployments, hooks, services, uploads


async def remove_one_service(agent: Agent, service_id: ServiceId) -> RemovalPreview:
    """Remove a service with everything of it and give what went. Raises Conflict while it is deployed."""
    from godploy_server.deploy import lifecycle

    cancel_waiting(agent, service_id)
    removed = await lifecycle.remove_service(agent.engine, service_id)
    for hook_id in hooks.ids_of(agent.connection, service_id):
        remove_hook(agent.paths, hook_id)  # from now on the relay knows no such path
    cancel_waiting(agent, service_id)  # one may have been asked for meanwhile
    logs = deployments.ids_of_service(agent.connection, service_id)
    sent = uploads.of_service(agent.connection, service_id, limit=1000)
    services.delete(agent.connection, service_id)
    for upload in sent:
        await asyncio.to_thread(shutil.rmtree, agent.paths.upload(upload.id), ignore_errors=True)
    for deployment_id in logs:
        agent.paths.log(deployment_id).unlink(missing_ok=True)
        agent.paths.job_output(deployment_id).unlink(missing_ok=True)
    agent.forget_service(service_id)
    agent.hub.publish(ServiceRemoved(service_id))
    agent.jobs.wake()
    return removed


def cancel_waiting(agent: Agent, service_id: ServiceId) -> None:
    """Cancel the deployment of a service that waits, if there is one."""
    for each in deployments.queued(agent.connection):
        if each.service_id == service_id:
            agent.jobs.cancel(each.id)
