"""What is kept, published and how it is replaced, as options of a service and as it is shown."""

import argparse
from dataclasses import replace

import pytest

from godploy_desktop.commands import running_settings, service_settings
from godploy_server.contract import BadInput, ImageSource, Mount, MountKind, PublishedPort, ServiceSettings, Strategy

PLAIN = ServiceSettings(ImageSource("shop"))
KEPT = replace(PLAIN, mounts=(Mount("data", "/data"),), published=(PublishedPort(53, 53, "udp"),))


def given(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    service_settings.add_arguments(parser)
    return parser.parse_args(words)


def test_a_custom_service_is_described_by_its_options() -> None:
    settings = service_settings.new_settings(
        given(
            *("--image", "gitea/gitea:1.22", "--port", "3000", "--mount", "data:/data", "--mount", "/srv/in:/in:ro"),
            *("--publish", "2222:22", "--publish", "53:53/udp", "--strategy", "recreate", "--stop-grace", "30"),
            *("--health-command", "sh -c 'test -f /ready'"),
        )
    )
    assert settings.mounts == (Mount("data", "/data"), Mount("/srv/in", "/in", MountKind.FOLDER, is_read_only=True))
    assert settings.published == (PublishedPort(22, 2222), PublishedPort(53, 53, "udp"))
    assert (settings.rollout.strategy, settings.rollout.stop_grace_s) == (Strategy.RECREATE, 30)
    assert settings.health.command == ("sh", "-c", "test -f /ready")
    assert settings.port == 3000


def test_what_is_not_given_stays_and_none_takes_all_away() -> None:
    assert service_settings.changed_settings(KEPT, given("--drain", "5")).mounts == KEPT.mounts
    bare = service_settings.changed_settings(KEPT, given("--mount", "none", "--publish", "none"))
    assert (bare.mounts, bare.published) == ((), ())
    commanded = service_settings.changed_settings(PLAIN, given("--health-command", "true"))
    assert commanded.health.command == ("true",)
    assert service_settings.changed_settings(commanded, given("--health-command", "none")).health.command == ()


@pytest.mark.parametrize("word", ["data", "data:data", ":/data", "data:/data:rx", "data:/data:ro:ro"])
def test_a_mount_that_says_nothing_is_refused(word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        running_settings.mount(word)


@pytest.mark.parametrize("word", ["80", "80:", "a:b", "80:80/sctp", "127.0.0.1:80:80"])
def test_a_port_that_says_nothing_is_refused(word: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        running_settings.published(word)


def test_none_beside_others_and_open_quotes_are_refused() -> None:
    for words in (("--mount", "none", "--mount", "a:/a"), ("--health-command", "echo 'open")):
        with pytest.raises(BadInput):
            service_settings.changed_settings(PLAIN, given(*words))


def test_a_service_shows_what_it_keeps_and_how_it_is_replaced() -> None:
    settings = service_settings.changed_settings(
        KEPT, given("--strategy", "recreate", "--stop-grace", "60", "--health-command", "pg_isready -q")
    )
    assert [pair for pair in running_settings.described(settings) if pair[1]] == [
        ("mounts", "volume data at /data"),
        ("publishes", "port 53/udp of the server to 53"),
        ("strategy", "recreate: the old release ends first"),
        ("stops within", "60 s"),
    ]
    assert running_settings.described_health(settings) == "pg_isready -q ends with 0 within 60 s"
    assert [pair for pair in running_settings.described(PLAIN) if pair[1]] == []
    assert running_settings.described_health(PLAIN) == "GET / within 60 s"
