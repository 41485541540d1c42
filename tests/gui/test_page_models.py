"""What pages compute before they show it: words, summaries, forms. No window is needed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models import forms, words
from godploy_desktop.ui.models.connection_words import connection_notice, connection_state
from godploy_desktop.ui.models.load import service_load
from godploy_desktop.ui.models.losses import losses
from godploy_desktop.ui.models.server_form import change_of_settings, settings_fields
from godploy_desktop.ui.models.service_form import fields_of, settings_of
from godploy_desktop.ui.models.service_words import service_pill
from godploy_desktop.ui.models.summaries import project_state, success_share
from godploy_desktop.ui.models.variable_edits import Draft, change_of, is_empty
from godploy_server.contract import (
    AgentSettings,
    BadInput,
    CertificateState,
    DeploymentState,
    Problem,
    RemovalPreview,
    ServiceState,
    SetVariables,
    StepState,
    Trigger,
    Variable,
)
from tests.gui.recorded import snapshots

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (42, "42s ago"), (250, "4m ago"), (7300, "2h ago"), (260_000, "3d ago")],
)
def test_how_long_ago_is_short(seconds, text):
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4s"), (12, "12s"), (184, "3m 04s"), (3725, "1h 02m"), (-5, "0.0s")]
)
def test_durations_are_short(seconds, text):
    assert words.duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KB"), (512 << 20, "512 MB"), (4 << 40, "4 TB")]
)
def test_sizes_have_a_unit_that_fits(count, text):
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@git.example.com:team/shop.git", "team/shop"),
        ("https://git.example.com/team/shop", "team/shop"),
        ("ssh://git@git.example.com:2222/team/shop.git/", "team/shop"),
        ("file:///var/lib/godploy/samples/hello.git", "samples/hello"),
    ],
)
def test_a_repository_is_named_after_the_end_of_its_url(url, name):
    assert words.repository_name(url) == name


def test_an_address_names_its_port_where_that_is_unusual():
    domain = snapshots.WEB.domains[0]
    assert words.domain_url(domain, 80, 443) == "https://storefront.example.com"
    assert words.domain_url(domain, 8080, 8443) == "https://storefront.example.com:8443"
    assert words.domain_url(replace(domain, tls=False, path="/shop"), 8080, 8443).endswith(":8080/shop")


@pytest.mark.parametrize("state", ServiceState)
def test_every_state_of_a_service_has_a_word(state):
    assert all(words.service_state(state))


@pytest.mark.parametrize("state", DeploymentState)
@pytest.mark.parametrize("trigger", Trigger)
def test_every_state_and_trigger_of_a_deployment_has_words(state, trigger):
    deployment = replace(snapshots.WEB_12, state=state, trigger=trigger)
    assert all(words.deployment_state(deployment))
    assert words.trigger_words(deployment)
    assert words.why(deployment)


@pytest.mark.parametrize("state", CertificateState)
def test_every_state_of_a_certificate_has_words(state):
    assert all(words.certificate_state(state))


@pytest.mark.parametrize("state", StepState)
def test_every_state_of_a_step_has_a_tone(state):
    assert words.step_tone(state)


def test_a_cancel_under_way_is_told_apart():
    assert words.deployment_state(replace(snapshots.API_RUNNING, is_cancelling=True))[0] == "Cancelling"


def test_a_project_with_one_broken_service_among_others_is_degraded():
    healthy, broken = snapshots.WEB, replace(snapshots.API, state=ServiceState.CRASHED)
    assert project_state([healthy, broken]) == ("Degraded", "warn")
    assert project_state([broken]) == ("Crashed", "err")
    assert project_state([]) == ("Empty", "text3")


def test_cancelled_deployments_count_for_neither_side():
    ended = [replace(snapshots.WEB_12, state=state) for state in (DeploymentState.SUCCEEDED, DeploymentState.CANCELLED)]
    assert success_share(ended) == 1.0
    assert success_share(ended[1:]) is None


def live_model() -> ServerModel:
    model = ServerModel()
    model.set_connection(ConnectionState.CONNECTED)
    model.apply(snapshots.first_server())
    return model


def test_a_live_server_needs_no_notice():
    model = live_model()
    assert connection_notice("fra-1", model, NOW) is None
    assert connection_state(model) == ("Connected", "ok")


@pytest.mark.parametrize("state", [each for each in ConnectionState if each is not ConnectionState.CONNECTED])
def test_every_other_state_says_something_and_how_old_the_page_is(state):
    model = live_model()
    model.as_of = NOW - timedelta(minutes=4)
    model.set_connection(state, Problem("unreachable", "fra-1 does not answer", "no route", "Check it"))
    notice = connection_notice("fra-1", model, NOW)
    assert "4m ago" in notice.detail
    assert all(connection_state(model))


def test_a_state_that_may_be_old_loses_its_colour_not_its_word():
    model = live_model()
    assert service_pill(model, snapshots.WEB) == ("Healthy", "ok")
    model.set_connection(ConnectionState.LOST)
    assert service_pill(model, snapshots.WEB) == ("Healthy", "text3")


def test_load_is_a_share_of_what_the_service_may_use():
    load = service_load(live_model(), snapshots.WEB)
    newest = live_model().service_metrics(snapshots.WEB.id)[-1]
    assert load.cpu_fraction == pytest.approx(newest.cpu_cores / 3)  # three containers of one core each
    assert load.memory_fraction == pytest.approx(newest.memory_bytes / (3 * 512 * 1024 * 1024))
    assert service_load(live_model(), snapshots.DRAFT) is None


def test_what_a_removal_takes_is_named_up_to_a_point():
    lines = losses(RemovalPreview(services=("web",), volumes=("data",), images=tuple(f"i{n}" for n in range(9))))
    assert lines == (
        "1 volume and all data in it, for good: data",
        "1 service: web",
        "9 images: i0, i1, i2, i3, i4, i5 and 3 more",
    )


def test_settings_of_a_service_come_back_as_they_were():
    settings = snapshots.WEB.settings
    assert settings_of(settings, fields_of(settings)) == settings


@pytest.mark.parametrize(
    ("field", "text"),
    [("port", "0"), ("port", "x"), ("replicas", "0"), ("memory", "-1"), ("cpus", "much"), ("health_path", "no"),
     ("url", "nowhere"), ("drain", ""), ("build_timeout", "0")],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_refused(field, text):
    settings = snapshots.WEB.settings
    with pytest.raises(BadInput):
        settings_of(settings, fields_of(settings) | {field: text})


def test_settings_of_a_server_send_only_what_changed():
    held = AgentSettings()
    change = change_of_settings(held, settings_fields(held) | {"builds_at_once": "2"})
    assert (change.builds_at_once, change.kept_releases, change.acme_ca_url) == (2, None, None)
    with pytest.raises(BadInput):
        change_of_settings(held, settings_fields(held) | {"acme_ca_url": "http://plain.example.com"})


@pytest.mark.parametrize("text", ["git@h:t/r.git", "https://h/t/r", "ssh://git@h/t/r.git", "file:///srv/r.git"])
def test_addresses_that_git_takes_are_taken(text):
    assert forms.check_git_url(f" {text} ") == text


@pytest.mark.parametrize("text", ["", "shop", "/srv/r.git", "git@h", "--upload-pack=x", "https://h/a b"])
def test_other_addresses_are_refused(text):
    with pytest.raises(BadInput):
        forms.check_git_url(text)


def test_variables_are_read_line_by_line():
    assert forms.parse_variables("A=1\n\n# no\nB = x=y ") == (Variable("A", "1"), Variable("B", "x=y"))
    with pytest.raises(BadInput):
        forms.parse_variables("A")
    with pytest.raises(BadInput):
        forms.parse_variables("1A=2")


def drafts_of(variables) -> list[Draft]:
    return [Draft(each.name, each.value, each.is_secret) for each in variables]


names = st.text("AB_", min_size=1, max_size=4)
held_variables = st.dictionaries(names, st.tuples(st.text("ab =#é", max_size=5), st.booleans()), max_size=5).map(
    lambda found: tuple(Variable(name, None if hide else text, hide) for name, (text, hide) in sorted(found.items()))
)


@given(held_variables)
def test_a_form_nobody_touched_sends_nothing(held):
    assert is_empty(change_of(held, drafts_of(held)))


@given(held_variables, held_variables)
def test_what_is_sent_makes_the_server_hold_what_the_form_shows(held, typed):
    drafts = [Draft(each.name, each.value or "typed", each.is_secret) for each in typed]
    change = change_of(held, drafts)
    after = {each.name: each for each in held if each.name not in change.remove}
    after |= {each.name: each for each in change.put}
    assert {name: after[name].is_secret for name in after} == {each.name: each.is_secret for each in typed}
    for draft in drafts:
        assert after[draft.name].value == draft.value


def test_a_secret_cannot_become_readable_without_being_typed_again():
    held = (Variable("KEY", None, is_secret=True),)
    with pytest.raises(BadInput):
        change_of(held, [Draft("KEY", None, is_secret=False)])
    assert change_of(held, [Draft("KEY", "new", is_secret=False)]) == SetVariables((Variable("KEY", "new"),))


def test_a_doubled_name_is_refused():
    with pytest.raises(BadInput):
        change_of((), [Draft("A", "1", is_secret=False), Draft("A", "2", is_secret=False)])
