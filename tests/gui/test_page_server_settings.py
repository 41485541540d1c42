"""The settings of a server: what builds may use, programs of builders, registries, cleaning up."""

import asyncio
from dataclasses import replace

import pytest

from godploy_desktop.remote.states import ConnectionState
from godploy_desktop.ui.models.cleanup_words import cleaned_words, cleanup_losses, item_icon, staying_words, total_words
from godploy_desktop.ui.models.registry_words import (
    check_present,
    check_registry_host,
    checked_words,
    image_host,
    users_of,
)
from godploy_desktop.ui.models.server_form import (
    cap_defaults,
    change_of_settings,
    parse_build_cpus,
    parse_build_memory,
    parse_tools,
    settings_fields,
)
from godploy_server.contract import (
    AgentSettings,
    BadInput,
    ChangeSettings,
    Cleanup,
    CleanupItem,
    NotAllowed,
    SetRegistry,
    ToolSource,
    Unreachable,
)
from tests.gui.page_story import tell
from tests.gui.recorded import databases, snapshots
from tests.gui.recorded.scenes import SERVER_SETTINGS
from tests.gui.recorded.workspace import recorded_server, recorded_workspace

SHA = "0f55de7874507b9cf7502113120bd96f2ab6979f78d10eaf2eb2ade9207b3af6"
MIRROR = "https://mirror.example.com/nixpacks.tar.gz"


@pytest.fixture
def story(qapp, tmp_path):
    def run(plot, snapshot=None):
        def make():
            return recorded_workspace(
                tmp_path, recorded_server(1, "fra-1", snapshot or databases.server_with_databases())
            )

        tell(qapp, tmp_path, SERVER_SETTINGS, plot, make)

    return run


def test_settings_come_back_as_they_were():
    held = AgentSettings(
        build_memory_bytes=2 << 30, build_cpus=1.5, tools=(ToolSource("pack", MIRROR, SHA),), kept_build_days=3
    )
    assert change_of_settings(held, settings_fields(held)) == ChangeSettings()


def test_what_builds_may_use_is_sent_and_emptied_again():
    held = AgentSettings()
    change = change_of_settings(held, settings_fields(held) | {"build_memory": "2048", "build_cpus": "1,5"})
    assert (change.build_memory_bytes, change.build_cpus) == (2 << 30, 1.5)
    capped = replace(held, build_memory_bytes=2 << 30, build_cpus=1.5)
    change = change_of_settings(capped, settings_fields(capped) | {"build_memory": "", "build_cpus": ""})
    assert (change.build_memory_bytes, change.build_cpus) == (0, 0.0)


@pytest.mark.parametrize(
    ("field", "text"),
    [("build_memory", "63"), ("build_memory", "much"), ("build_cpus", "0"), ("build_cpus", "x"),
     ("kept_build_days", "0"), ("builds_at_once", "65"), ("static_image", ""), ("tools", "nixpacks\tftp://x\t" + SHA)],
)  # fmt: skip
def test_a_setting_that_no_server_may_have_is_refused(field, text):
    held = AgentSettings()
    with pytest.raises(BadInput):
        change_of_settings(held, settings_fields(held) | {field: text})


def test_a_cap_is_in_whole_megabytes_or_left_to_the_server():
    assert parse_build_memory(" ") == 0
    assert parse_build_memory("64") == 64 << 20
    assert parse_build_cpus("0.5") == 0.5


def test_programs_are_an_address_and_a_checksum_each_once():
    assert parse_tools(f"nixpacks\t{MIRROR}\t{SHA.upper()}") == (ToolSource("nixpacks", MIRROR, SHA),)
    assert parse_tools("") == ()
    for wrong in (f"nixpacks\t{MIRROR}\tabc", f"nixpacks\t{MIRROR}", f"pack\t{MIRROR}\t{SHA}\npack\t{MIRROR}\t{SHA}"):
        with pytest.raises(BadInput):
            parse_tools(wrong)


def test_the_default_of_a_cap_is_told_in_figures():
    metrics = snapshots.first_server().metrics[-1]
    assert cap_defaults(metrics) == ("6144, three quarters", "3.5, all but half of one")
    assert cap_defaults(None) == ("three quarters of it", "all but half of one")


@pytest.mark.parametrize(
    ("image", "host"),
    [("redis:7", "docker.io"), ("valkey/valkey:8", "docker.io"), ("ghcr.io/team/shop", "ghcr.io"),
     ("localhost/shop", "localhost"), ("registry.example.com:5000/shop:1", "registry.example.com:5000")],
)  # fmt: skip
def test_an_image_names_its_registry(image, host):
    assert image_host(image) == host


def test_who_needs_a_login_is_named():
    hub = databases.REGISTRIES[0]
    assert users_of(hub, databases.server_with_databases().services) == ("cache", "db", "queue")
    assert users_of(databases.REGISTRIES[1], databases.server_with_databases().services) == ()


def test_a_login_says_when_it_last_worked():
    assert checked_words(databases.REGISTRIES[0], snapshots.NOW) == "worked 5h ago"
    assert checked_words(databases.REGISTRIES[1], snapshots.NOW) == "never checked"


@pytest.mark.parametrize("text", ["", "a b", "host/path", "http//x"])
def test_what_is_no_registry_is_refused(text):
    with pytest.raises(BadInput):
        check_registry_host(text)
    assert check_registry_host("https://Registry.example.com/") == "registry.example.com"


def test_a_login_has_a_user():
    with pytest.raises(BadInput):
        check_present("user", " ")


def test_what_goes_is_summed_by_kind_and_a_volume_is_shown_but_stays():
    volume = CleanupItem("volume", "old-db-data", 5 << 20, None, "its service was deleted")
    key = CleanupItem("deploy key", "old-shop", 400, None, "its service was deleted")
    found = replace(databases.CLEANUP, items=(*databases.CLEANUP.items, volume, key))
    lines = cleanup_losses(found)
    assert "2 images, 800 MB" in lines
    assert "1 deploy key, 400 B" in lines
    assert not any("volume" in each for each in lines)
    assert total_words(found) == "6 things, 2.9 GB"
    assert staying_words(found) == "1 volume stays: remove it by hand if the data is not wanted"
    assert staying_words(databases.CLEANUP) == ""
    assert cleaned_words(databases.CLEANUP) == "5 things removed, 2.9 GB free again."
    assert cleaned_words(Cleanup((), 0)) == "Nothing was left to remove."
    assert all(item_icon(each) != "file-text" for each in found.items)


def test_caps_and_a_mirror_are_saved_together(story):
    async def plot(page):
        assert page.find("server-build-memory").placeholderText() == "6144, three quarters"
        await page.type("server-build-memory", "2048")
        await page.press("server-tools-add")
        await page.type("server-tools-url-0", MIRROR)
        await page.type("server-tools-sha256-0", SHA)
        await page.press("save-server-settings")
        await page.until(lambda: page.agent.asked)
        change = page.agent.asked[-1][1]
        assert change == ChangeSettings(build_memory_bytes=2 << 30, tools=(ToolSource("nixpacks", MIRROR, SHA),))
        await page.until(lambda: not page.page.has_unsaved())

    story(plot)


def test_a_checksum_that_is_cut_off_is_refused_before_it_is_sent(story):
    async def plot(page):
        await page.press("server-tools-add")
        await page.type("server-tools-url-0", MIRROR)
        await page.type("server-tools-sha256-0", SHA[:-1])
        await page.press("save-server-settings")
        assert page.agent.asked == []
        assert "64 hexadecimal digits" in page.find("problem-panel").problem.why

    story(plot)


def test_registries_are_listed_with_their_user(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("check-registry-docker.io"))
        assert "storefront · worked 5h ago" in page.words()
        assert "deploy · never checked" in page.words()

    story(plot)


def test_a_login_is_kept_only_when_the_registry_accepts_it(story):
    async def plot(page):
        await page.press("add-registry")
        await page.press("save-registry")
        assert page.agent.asked == []
        await page.type("registry-host", "ghcr.io")
        await page.type("registry-user", "deploy")
        await page.type("registry-password", "wrong")
        page.agent.refuse["set_registry"] = NotAllowed("ghcr.io refuses the login", "unauthorized", "Check the token")
        await page.press("save-registry")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("registry-user").text() == "deploy"
        await page.type("registry-password", "right")
        await page.press("save-registry")
        await page.until(lambda: page.is_shown("check-registry-ghcr.io"))
        assert page.agent.asked == [("set_registry", SetRegistry("ghcr.io", "deploy", "right"))]

    story(plot)


def test_a_login_that_is_refused_now_says_so(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("check-registry-docker.io"))
        page.agent.refuse["check_registry"] = NotAllowed("docker.io refuses the login", "token expired", "Log in again")
        await page.press("check-registry-docker.io")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.find("check-registry-docker.io").isEnabled()
        await page.press("check-registry-registry.example.com:5000")
        await page.until(lambda: "deploy · worked a moment ago" in page.words())
        assert not page.is_shown("problem-panel")

    story(plot)


def test_changing_a_login_keeps_its_host(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("change-registry-docker.io"))
        await page.press("change-registry-docker.io")
        assert not page.is_shown("registry-host")
        await page.type("registry-password", "another")
        await page.press("save-registry")
        await page.until(lambda: page.agent.asked)
        assert page.agent.asked[-1][1] == SetRegistry("docker.io", "storefront", "another")

    story(plot)


def test_removing_a_login_names_who_needs_it(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("remove-registry-docker.io"))
        await page.press("remove-registry-docker.io")
        assert "services with images from there: cache, db, queue" in page.words()
        await page.press("confirm-remove-registry")
        await page.until(lambda: not page.is_shown("check-registry-docker.io"))
        assert page.agent.asked == [("delete_registry", "r-1")]

    story(plot)


def test_registries_that_cannot_be_read_offer_to_try_again(story):
    async def plot(page):
        page.page._tabs.set_current("overview")
        page.agent.refuse["registries"] = Unreachable("The registries cannot be read", "no answer", "Try again")
        page.page.settings.registries._loader.is_loaded = False
        page.page._tabs.set_current("settings")
        await page.until(lambda: page.is_shown("problem-panel"))
        page.find("problem-panel").retry.click()
        await page.until(lambda: page.is_shown("check-registry-docker.io"))

    story(plot)


def test_what_can_go_is_seen_before_it_goes(story):
    async def plot(page):
        page.agent.hold["preview_cleanup"] = asyncio.Event()
        await page.press("see-cleanup")
        assert "Looking for what nobody needs…" in page.words()
        assert not page.find("see-cleanup").isEnabled()
        page.agent.hold["preview_cleanup"].set()
        await page.until(lambda: page.is_shown("cleanup-table"))
        assert len(page.find("cleanup-table").rows) == 5
        assert "5 things, 2.9 GB" in page.words()
        await page.press("clean-up")
        assert page.agent.asked == []
        await page.press("confirm-clean-up")
        await page.until(lambda: "5 things removed, 2.9 GB free again." in page.words())
        assert page.agent.asked == [("clean_up",)]
        await page.press("see-cleanup")
        await page.until(lambda: "There is nothing that could go." in page.words())

    story(plot)


def test_volumes_alone_are_shown_and_cannot_be_removed_from_here(story):
    async def plot(page):
        volume = CleanupItem("volume", "old-db-data", 5 << 20, None, "its service was deleted")
        page.agent.found = Cleanup((volume,), 0)
        await page.press("see-cleanup")
        await page.until(lambda: page.is_shown("cleanup-table"))
        assert "1 volume stays" in page.words()
        assert not page.is_shown("clean-up")

    story(plot)


def test_a_failed_cleanup_keeps_the_list(story):
    async def plot(page):
        await page.press("see-cleanup")
        await page.until(lambda: page.is_shown("cleanup-table"))
        page.agent.refuse["clean_up"] = Unreachable("The server does not answer", "it was cut off", "Try again")
        await page.press("clean-up")
        await page.press("confirm-clean-up")
        await page.until(lambda: page.is_shown("problem-panel"))
        assert page.is_shown("cleanup-table")
        assert page.find("clean-up").isEnabled()

    story(plot)


def test_without_a_connection_nothing_of_it_can_be_pressed(story):
    async def plot(page):
        await page.until(lambda: page.is_shown("check-registry-docker.io"))
        page.server.connection.become(ConnectionState.RECONNECTING)
        await page.settle()
        for name in ("see-cleanup", "add-registry", "check-registry-docker.io"):
            assert not page.find(name).isEnabled()

    story(plot)
