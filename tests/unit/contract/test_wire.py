from datetime import UTC, datetime
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_server import contract
from godploy_server.contract import (
    BadInput,
    CreateService,
    Deployment,
    DeploymentChanged,
    DeploymentId,
    DeploymentState,
    Event,
    GitSource,
    ImageSource,
    Problem,
    ProjectId,
    ServiceId,
    ServiceSettings,
    Step,
    StepRecord,
    StepState,
    Trigger,
    from_json,
    to_json,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def a_deployment() -> Deployment:
    return Deployment(
        id=DeploymentId("d1"),
        service_id=ServiceId("s1"),
        number=3,
        state=DeploymentState.FAILED,
        trigger=Trigger.PUSH,
        asked_by="owner",
        created_at=NOW,
        steps=(StepRecord(Step.FETCH, StepState.DONE, NOW, NOW, "fetched"),),
        problem=Problem("deployment-failed", "It failed", "because", "Try again"),
    )


def test_a_nested_value_survives_the_wire_unchanged():
    event = DeploymentChanged(a_deployment())
    assert from_json(Event, to_json(event)) == event


def test_the_kind_field_chooses_among_sources():
    settings = ServiceSettings(source=ImageSource("redis:7"))
    assert from_json(ServiceSettings, to_json(settings)).source == ImageSource("redis:7")


@pytest.mark.parametrize(
    ("change", "expected_path"),
    [
        ({"name": 7}, "name: should be text"),
        ({"surprise": 1}, "surprise: should be absent"),
        ({"settings": {"source": {"kind": "git"}}}, "settings/source/url: should be present"),
        ({"settings": {"source": {"kind": "tape"}}}, "settings/source/kind: should be one of git, folder, archive"),
        (
            {"settings": {"source": {"kind": "git", "url": "x"}, "replicas": True}},
            "settings/replicas: should be a whole",
        ),
        ({"variables": [{"name": "A"}]}, "variables/0/value: should be present"),
        ({"kind": "zeppelin"}, "kind: should be one of application, image, database"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(change, expected_path):
    request = CreateService(ProjectId("p"), "web", ServiceSettings(source=GitSource("ssh://host/r")))
    body = {**to_json(request), **change}
    with pytest.raises(BadInput) as caught:
        from_json(CreateService, body)
    assert expected_path in caught.value.problem.why


def test_a_time_without_a_zone_is_refused():
    body = to_json(a_deployment()) | {"created_at": "2026-01-02T03:04:05"}
    with pytest.raises(BadInput, match="with a zone"):
        from_json(Deployment, body)


def test_every_event_is_told_apart_by_its_own_kind():
    kinds = [get_args(get_type_hints(each)["kind"])[0] for each in get_args(Event)]
    assert len(set(kinds)) == len(kinds) == 13


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_input_does_worse_than_a_clear_refusal(body):
    # no random JSON value is a whole request, so each one must be refused, never crash
    with pytest.raises(BadInput, match="should be"):
        from_json(CreateService, body)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_keep_their_microseconds(moment):
    record = StepRecord(Step.BUILD, StepState.DONE, moment)
    assert from_json(StepRecord, to_json(record)).started_at == moment


def test_every_public_name_of_the_contract_is_there():
    assert all(hasattr(contract, name) for name in contract.__all__)
