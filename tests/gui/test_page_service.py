"""The page of a service, used as a person would."""

import asyncio

import pytest
from PySide6.QtWidgets import QLineEdit

from godploy_desktop.ui.widgets import Tabs
from godploy_server.contract import Conflict, ServiceState, Trigger, Variable
from tests.gui.page_story import tell
from tests.gui.recorded import snapshots
from tests.gui.recorded.scenes import API, DRAFT, REPORTS, SERVICE, on_deployment
from tests.gui.recorded.workspace import change_service

WEB = snapshots.WEB.id


@pytest.fixture
def story(qapp, tmp_path):
    return lambda route, plot: tell(qapp, tmp_path, route, plot)


def test_deploy_asks_the_server_and_shows_the_new_deployment(story):
    async def plot(page):
        await page.press("deploy-button")
        verb, service, request = page.agent.asked[-1]
        assert (verb, service, request.trigger) == ("deploy", WEB, Trigger.MANUAL)
        assert page.find("service-tabs", Tabs).current == "deployments"
        assert "Deployment #99" in page.words()

    story(SERVICE, plot)


def test_deploy_cannot_be_asked_for_twice_at_once(story):
    async def plot(page):
        page.agent.hold["deploy"] = asyncio.Event()
        await page.press("deploy-button")
        assert not page.find("deploy-button").isEnabled()
        page.agent.hold["deploy"].set()
        await page.until(lambda: page.find("deploy-button").isEnabled())
        assert len(page.agent.asked) == 1

    story(SERVICE, plot)


def test_what_was_cancelled_in_the_task_list_can_be_asked_for_again(story):
    async def plot(page):
        page.agent.hold["deploy"] = asyncio.Event()
        await page.press("deploy-button")
        page.workspace.tasks.running[0].cancel()
        await page.until(lambda: page.find("deploy-button").isEnabled())
        assert page.find("problem-panel").problem.code == "cancelled"

    story(SERVICE, plot)


def test_a_deployment_after_changed_settings_says_so(story):
    async def plot(page):
        await page.press("deploy-button")
        assert page.agent.asked[-1][2].trigger is Trigger.SETTINGS

    story(API, plot)


def test_stopping_asks_first_and_names_the_domain_that_will_fail(story):
    async def plot(page):
        await page.press("stop-button")
        assert page.agent.asked == []
        assert "storefront.example.com" in page.words()
        await page.press("confirm-stop")
        await page.until(lambda: page.is_shown("start-button"))
        assert page.agent.asked == [("stop_service", WEB)]
        assert not page.is_shown("stop-button")

    story(SERVICE, plot)


def test_what_was_asked_and_is_not_true_yet_shows_as_pending(story):
    async def plot(page):
        page.agent.hold["restart_service"] = asyncio.Event()
        await page.press("restart-button")
        assert page.server.model.pending == {WEB: "restarting"}
        assert not page.find("deploy-button").isHidden()
        assert not page.find("restart-button").isEnabled()
        page.agent.hold["restart_service"].set()
        await page.until(lambda: page.find("restart-button").isEnabled())

    story(SERVICE, plot)


def test_a_refused_action_is_shown_with_its_next_step(story):
    async def plot(page):
        page.agent.refuse["restart_service"] = Conflict("web is being deployed", "#13 runs", "Wait for it")
        await page.press("restart-button")
        assert page.find("problem-panel").problem.next_step == "Wait for it"

    story(SERVICE, plot)


def test_without_a_live_connection_nothing_can_be_pressed_and_the_page_says_why(story):
    async def plot(page):
        from godploy_desktop.remote.states import ConnectionState

        page.server.connection.become(ConnectionState.RECONNECTING)
        await page.settle()
        assert not page.find("deploy-button").isEnabled()
        assert "The connection to fra-1 is lost" in page.words()
        assert "storefront.example.com" in page.find("service-link").text()

    story(SERVICE, plot)


def test_a_crashed_service_says_why(story):
    async def plot(page):
        assert "r4-1 ended with exit code 1, 5 times in 2 minutes" in page.words()

    story(REPORTS, plot)


def test_a_change_on_the_server_shows_at_once(story):
    async def plot(page):
        change_service(page.server, snapshots.WEB, state=ServiceState.CRASHED, state_detail="it fell over")
        await page.settle()
        assert "it fell over" in page.words()

    story(SERVICE, plot)


def test_a_failed_deployment_shows_its_problem_and_its_log(story):
    async def plot(page):
        assert page.find("problem-panel").problem == snapshots.API_FAILED.problem
        await page.until(lambda: len(page.find("build-log").store) >= 12)
        assert not page.is_shown("cancel-deployment")

    story(on_deployment(API, snapshots.API_FAILED.id), plot)


def test_a_running_deployment_can_be_cancelled_once(story):
    async def plot(page):
        await page.press("cancel-deployment")
        assert page.agent.asked == [("cancel_deployment", snapshots.API_RUNNING.id)]
        assert not page.find("cancel-deployment").isEnabled()
        assert page.server.model.deployments[snapshots.API_RUNNING.id].is_cancelling

    story(on_deployment(API, snapshots.API_RUNNING.id), plot)


def test_rolling_back_offers_earlier_releases_only_and_goes_to_the_new_deployment(story):
    async def plot(page):
        await page.press("roll-back-button")
        await page.until(lambda: page.is_shown("roll-back-release"))
        await page.press("confirm-roll-back")
        verb, service, request = page.agent.asked[-1]
        assert (verb, service, request.release) == ("roll_back", WEB, 11)
        assert "Deployment #99" in page.words()

    story(SERVICE.on("deployments"), plot)


def test_a_secret_is_never_in_the_form_and_stays_when_only_others_change(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-value-DATABASE_URL"))
        secret = page.find("variable-value-DATABASE_URL", QLineEdit)
        assert secret.text() == ""
        assert secret.echoMode() is QLineEdit.EchoMode.Password
        assert not page.find("save-variables").isEnabled()
        await page.type("variable-value-LOG_LEVEL", "debug")
        await page.press("save-variables")
        verb, _, change = page.agent.asked[-1]
        assert verb == "set_variables"
        assert change.put == (Variable("LOG_LEVEL", "debug"),)
        assert change.remove == ()

    story(SERVICE.on("variables"), plot)


def test_a_new_variable_and_a_removed_one_are_sent_together(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-value-WORKERS"))
        await page.press("variable-remove-WORKERS")
        await page.press("add-variable")
        await page.type("variable-name-new", "TOKEN")
        await page.press("variable-secret-new")
        await page.type("variable-value-new", "s3cret")
        await page.press("save-variables")
        change = page.agent.asked[-1][2]
        assert change.put == (Variable("TOKEN", "s3cret", is_secret=True),)
        assert change.remove == ("WORKERS",)
        assert page.find("variable-value-TOKEN", QLineEdit).text() == ""

    story(SERVICE.on("variables"), plot)


def test_unsaved_variables_are_not_left_without_asking(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("variable-value-LOG_LEVEL"))
        await page.type("variable-value-LOG_LEVEL", "debug")
        assert page.page.has_unsaved()
        tabs = page.find("service-tabs", Tabs)
        tabs.set_current("logs")
        await page.settle()
        assert tabs.current == "variables"
        await page.press("confirm-discard")
        assert tabs.current == "logs"
        assert not page.page.has_unsaved()

    story(SERVICE.on("variables"), plot)


def test_variables_that_cannot_be_read_offer_to_try_again(story):
    async def plot(page):
        page.agent.refuse["variables"] = Conflict("The variables cannot be read", "the database is busy", "Try again")
        page.find("service-tabs", Tabs).set_current("variables")
        await page.until(lambda: page.is_shown("problem-panel"))
        page.find("problem-panel").retry.click()
        await page.until(lambda: page.is_shown("variable-value-LOG_LEVEL"))

    story(SERVICE, plot)


def test_adding_a_domain_names_the_address_to_point_to(story):
    async def plot(page):
        await page.press("add-domain")
        assert any(each.text() == "198.51.100.24" for each in page.dialog.findChildren(QLineEdit))
        await page.type("domain-host", "https://shop.example.com")
        await page.press("create-domain")
        assert page.agent.asked == []
        await page.type("domain-host", "shop.example.com")
        await page.press("create-domain")
        verb, _, request = page.agent.asked[-1]
        assert (verb, request.host, request.tls) == ("add_domain", "shop.example.com", True)
        await page.until(lambda: page.dialog is None)

    story(SERVICE.on("domains"), plot)


def test_the_log_shows_one_container_when_that_is_chosen(story):
    async def plot(page):
        await page.until(lambda: len(page.find("service-log").store) == 120)
        await page.press("log-container-r12-2")
        await page.until(lambda: len(page.find("service-log").store) == 40)

    story(SERVICE.on("logs"), plot)


def test_settings_are_sent_as_typed_and_wrong_ones_are_not(story):
    async def plot(page):
        await page.type("setting-port", "99999")
        await page.press("save-settings")
        assert page.agent.asked == []
        assert page.is_shown("problem-panel")
        await page.type("setting-port", "9000")
        await page.type("setting-replicas", "2")
        await page.press("save-settings")
        settings = page.agent.asked[-1][2].settings
        assert (settings.port, settings.replicas) == (9000, 2)
        assert settings.source == snapshots.WEB.settings.source

    story(SERVICE.on("settings"), plot)


def test_deleting_shows_what_is_lost_and_wants_the_name_typed(story):
    async def plot(page):
        await page.press("delete-service")
        await page.until(lambda: page.is_shown("confirm-delete"))
        assert "1 domain: storefront.example.com" in page.words()
        assert not page.find("confirm-delete").isEnabled()
        await page.type("confirm-name", "web")
        await page.press("confirm-delete")
        await page.until(lambda: page.shell.went)
        assert page.agent.asked == [("delete_service", WEB)]
        assert page.shell.went[-1].page == "project"

    story(SERVICE.on("settings"), plot)


def test_a_service_that_never_ran_offers_to_deploy_and_nothing_to_stop(story):
    async def plot(page):
        assert page.find("deploy-button").isEnabled()
        assert not page.is_shown("stop-button")
        assert not page.is_shown("start-button")

    story(DRAFT, plot)
