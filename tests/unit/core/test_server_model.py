from datetime import timedelta

import pytest

from godploy_desktop.core.server_model import KEPT_DEPLOYMENTS, KEPT_SAMPLES, Aspect, Change, ServerModel
from godploy_desktop.remote.states import ConnectionState
from godploy_server.contract import (
    AgentSettings,
    DeploymentChanged,
    DeploymentId,
    DeploymentLogGrew,
    DeploymentState,
    Heartbeat,
    InfoChanged,
    MetricsTaken,
    ProjectRemoved,
    ServiceChanged,
    ServiceId,
    ServiceRemoved,
    ServiceState,
    SettingsChanged,
    Snapshot,
    from_json,
    to_json,
)
from tests.unit.core import example


@pytest.fixture
def model():
    model = ServerModel()
    model.set_connection(ConnectionState.CONNECTED)
    model.apply(example.snapshot())
    return model


@pytest.fixture
def changes(model):
    changes = []
    model.changed.connect(changes.append)
    return changes


def test_a_snapshot_makes_the_model_live_and_findable(model):
    assert model.is_live
    assert [each.name for each in model.services_of(example.PROJECT)] == ["web", "worker"]
    assert model.find_service("shop", "worker").id == example.WORKER
    assert model.find_service("shop", "nothing") is None
    assert model.find_service("nothing", "web") is None
    assert [each.number for each in model.deployments_of(example.WEB)] == [2, 1]
    assert model.latest_deployment(example.WEB).number == 2
    assert model.project_of(example.WEB).name == "shop"


def test_each_event_changes_one_thing_and_says_which(model, changes):
    model.apply(ServiceChanged(example.service(state=ServiceState.CRASHED)))
    model.apply(DeploymentChanged(example.deployment(3, state=DeploymentState.RUNNING)))
    model.apply(DeploymentLogGrew(DeploymentId("s1-d3"), 1234))
    model.apply(InfoChanged(example.info(docker_version="27")))
    model.apply(SettingsChanged(AgentSettings(builds_at_once=2)))
    model.apply(MetricsTaken(example.load(2), (example.service_load(2),)))
    model.apply(Heartbeat(example.START))
    assert changes == [
        Change(Aspect.SERVICE, example.PROJECT, example.WEB),
        Change(Aspect.DEPLOYMENT, example.PROJECT, example.WEB, DeploymentId("s1-d3")),
        Change(Aspect.DEPLOYMENT_LOG, example.PROJECT, example.WEB, DeploymentId("s1-d3")),
        Change(Aspect.INFO),
        Change(Aspect.SETTINGS),
        Change(Aspect.METRICS),
    ]
    assert model.services[example.WEB].state is ServiceState.CRASHED
    assert model.latest_deployment(example.WEB).number == 3
    assert model.log_sizes == {"s1-d3": 1234}
    assert model.info.docker_version == "27"
    assert model.settings.builds_at_once == 2
    assert len(model.metrics) == len(model.service_metrics(example.WEB)) == 2


def test_a_change_concerns_views_of_its_own_things_and_of_all():
    change = Change(Aspect.SERVICE, example.PROJECT, example.WEB)
    assert change.concerns(service_id=example.WEB)
    assert change.concerns(project_id=example.PROJECT)
    assert not change.concerns(service_id=example.WORKER)
    assert Change(Aspect.EVERYTHING).concerns(service_id=example.WORKER)


def test_the_same_event_twice_is_the_same_as_once(model):
    event = DeploymentChanged(example.deployment(3))
    model.apply(event)
    model.apply(event)
    assert [each.number for each in model.deployments_of(example.WEB)] == [3, 2, 1]


def test_a_removed_service_takes_its_deployments_and_samples_along(model, changes):
    model.apply(ServiceRemoved(example.WEB))
    model.apply(ServiceRemoved(example.WEB))
    assert model.deployments_of(example.WEB) == []
    assert all(each.service_id != example.WEB for each in model.recent_deployments())
    assert len(model.service_metrics(example.WEB)) == 0
    assert changes == [Change(Aspect.SERVICE, example.PROJECT, example.WEB, is_removal=True)]


def test_a_removed_project_takes_its_services_along(model):
    model.apply(ProjectRemoved(example.PROJECT))
    assert model.services == {}
    assert model.deployments == {}


def test_history_and_samples_stay_bounded(model):
    for number in range(3, KEPT_DEPLOYMENTS + 10):
        model.apply(DeploymentChanged(example.deployment(number)))
        model.apply(DeploymentLogGrew(DeploymentId(f"s1-d{number}"), 1))
    for second in range(KEPT_SAMPLES + 10):
        model.apply(MetricsTaken(example.load(second), ()))
    kept = model.deployments_of(example.WEB)
    assert len(kept) == KEPT_DEPLOYMENTS
    assert kept[0].number == KEPT_DEPLOYMENTS + 9
    assert len(model.log_sizes) == KEPT_DEPLOYMENTS
    assert len(model.metrics) == KEPT_SAMPLES
    assert model.metrics[-1].at == example.START + timedelta(seconds=KEPT_SAMPLES + 9)


def test_recent_deployments_of_all_services_come_newest_first(model):
    model.apply(DeploymentChanged(example.deployment(9, example.WORKER)))
    assert [(each.service_id, each.number) for each in model.recent_deployments(2)] == [("s2", 9), ("s1", 2)]


def test_a_lost_connection_keeps_everything_and_marks_it_old(model, changes):
    as_of = model.as_of
    model.set_pending(example.WEB, "stopping")
    model.set_connection(ConnectionState.LOST)
    assert not model.is_live
    assert model.services[example.WEB].name == "web"
    assert model.as_of == as_of
    assert model.pending == {}
    assert changes[-1] == Change(Aspect.CONNECTION)
    model.set_connection(ConnectionState.CONNECTED)
    assert not model.is_live, "connected is not yet live: the stream has to begin first"
    model.apply(example.snapshot(services=()))
    assert model.is_live
    assert model.services == {}


def test_what_was_remembered_shows_as_old_until_the_agent_speaks():
    first = ServerModel()
    first.apply(example.snapshot())
    stored = from_json(Snapshot, to_json(first.snapshot()))
    second = ServerModel()
    second.load_remembered(stored, example.START)
    assert second.is_known
    assert not second.is_live
    assert second.as_of == example.START
    assert second.find_service("shop", "web") is not None
    second.apply(example.snapshot(services=()))
    second.load_remembered(stored, example.START)
    assert second.services == {}, "the agent's word stands"


def test_a_pending_mark_shows_and_goes(model, changes):
    model.set_pending(example.WEB, "stopping")
    assert model.pending[example.WEB] == "stopping"
    model.set_pending(example.WEB, "")
    assert model.pending == {}
    assert changes == [Change(Aspect.SERVICE, example.PROJECT, example.WEB)] * 2


def test_a_log_of_an_unknown_deployment_does_no_harm(model, changes):
    model.apply(DeploymentLogGrew(DeploymentId("other"), 5))
    model.apply(DeploymentChanged(example.deployment(1, ServiceId("unheard-of"))))
    assert changes[0] == Change(Aspect.DEPLOYMENT_LOG, deployment_id=DeploymentId("other"))
