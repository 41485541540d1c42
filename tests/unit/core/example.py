"""A server with one project and two services, as its agent would tell."""

from datetime import UTC, datetime, timedelta

from godploy_server.contract import (
    AgentInfo,
    AgentSettings,
    Deployment,
    DeploymentId,
    DeploymentState,
    GitSource,
    Project,
    ProjectId,
    ServerMetrics,
    Service,
    ServiceId,
    ServiceKind,
    ServiceMetrics,
    ServiceSettings,
    ServiceState,
    Snapshot,
    Trigger,
)

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PROJECT = ProjectId("p1")
WEB = ServiceId("s1")
WORKER = ServiceId("s2")


def info(**values):
    return AgentInfo(
        **{
            "version": "0.1.0",
            "contract_version": 1,
            "hostname": "web-1",
            "os_name": "Debian GNU/Linux 13",
            "python_version": "3.13.5",
            "docker_version": "26.1.5",
            "docker_problem": None,
            "traefik_version": "3.7.0",
            "ingress_problem": None,
            "relay_version": "0.1.0",
            "is_embedded": False,
            "started_at": START,
            "public_address": "10.0.0.4",
            "http_port": 80,
            "https_port": 443,
            **values,
        }
    )


def service(service_id=WEB, name="web", **values):
    return Service(
        **{
            "id": service_id,
            "project_id": PROJECT,
            "name": name,
            "kind": ServiceKind.APPLICATION,
            "settings": ServiceSettings(GitSource("git@example.org:shop.git")),
            "state": ServiceState.RUNNING,
            "state_detail": "",
            "containers_running": 1,
            "containers_wanted": 1,
            "release": 1,
            "domains": (),
            "deploy_key": "ssh-ed25519 AAAA godploy",
            "created_at": START,
            **values,
        }
    )


def deployment(number, service_id=WEB, state=DeploymentState.SUCCEEDED, **values):
    return Deployment(
        **{
            "id": DeploymentId(f"{service_id}-d{number}"),
            "service_id": service_id,
            "number": number,
            "state": state,
            "trigger": Trigger.MANUAL,
            "asked_by": "ada@laptop",
            "created_at": START + timedelta(minutes=number),
            **values,
        }
    )


def load(second=0):
    return ServerMetrics(START + timedelta(seconds=second), 0.25, 2, 0.5, 1, 4, 1, 8, 0.0, 0.0)


def service_load(second=0, service_id=WEB):
    return ServiceMetrics(service_id, START + timedelta(seconds=second), 0.5, 1 << 20, 1 << 30, 0.0, 0.0)


def snapshot(**values):
    return Snapshot(
        **{
            "info": info(),
            "settings": AgentSettings(),
            "projects": (Project(PROJECT, "shop", "10.210.1.0/26", START),),
            "services": (service(), service(WORKER, "worker")),
            "deployments": (deployment(2), deployment(1), deployment(1, WORKER)),
            "metrics": (load(),),
            "service_metrics": (service_load(),),
            **values,
        }
    )
