"""What counts as waste: decided from what there is, without Docker."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from godploy_server.deploy.cleanup.waste import (
    ContainerFacts,
    Facts,
    FolderFacts,
    ImageFacts,
    Kind,
    VolumeFacts,
    Waste,
    find_waste,
    is_old,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOURS_AGO, LONG_AGO = NOW - timedelta(hours=3), NOW - timedelta(days=40)
EMPTY = Facts(
    now=NOW,
    kept=timedelta(days=14),
    is_alone=True,
    releases={"shop": {2, 3}, "busy": {1}},
    images_of_releases={"shop": {"sha256:2", "sha256:3"}, "busy": set()},
    busy_services={"busy"},
    running_deployments={"d1"},
    uploads={"u1"},
)


def image(tag: str, service: str = "shop", number: int = 9, **changes: object) -> ImageFacts:
    made = ImageFacts(f"sha256:{number}", tag, service, 100, HOURS_AGO, is_labelled=True, is_used=False)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def folder(owner: str, changed_at: datetime = HOURS_AGO) -> FolderFacts:
    return FolderFacts(f"/state/{owner}", owner, 10, changed_at)


def container(service: str, release: int | None, created_at: datetime = HOURS_AGO) -> ContainerFacts:
    return ContainerFacts("c1", f"{service}-r{release}-1", service, release, 5, created_at)


def targets(facts: Facts) -> list[str]:
    return [each.target for each in find_waste(facts)]


def test_nothing_is_waste_where_nothing_is() -> None:
    assert find_waste(EMPTY) == []


@pytest.mark.parametrize(
    ("found", "goes"),
    [
        (image("godploy/shop:1"), True),
        (image("godploy/shop:upload-ab"), True),
        (image("", number=9), True),
        (image("godploy/shop:2", number=2), False),
        (image("godploy/shop:1", number=2), True),
        (image("", number=3), False),
        (image("godploy/shop:1", is_used=True), False),
        (image("godploy/shop:1", tagged_at=NOW - timedelta(minutes=5)), False),
        (image("godploy/busy:9", "busy"), False),
        (image("godploy/gone:1", "gone"), True),
        (image("godploy/gone:1", "gone", is_labelled=False), False),
        (image("", is_labelled=False), True),
    ],
)
def test_an_image_goes_when_no_release_runs_from_it(found: ImageFacts, goes: bool) -> None:
    assert bool(find_waste(replace(EMPTY, images=[found]))) is goes


def test_beside_another_agent_only_what_is_known_to_be_ours_goes() -> None:
    facts = replace(
        EMPTY,
        is_alone=False,
        images=[image("godploy/gone:1", "gone"), image("godploy/shop:1"), image("", is_labelled=False)],
        containers=[container("gone", 1)],
        volumes=[VolumeFacts("v", "gone", 1, HOURS_AGO, is_cache=True)],
    )
    assert targets(facts) == ["godploy/shop:1"]


@pytest.mark.parametrize(
    ("found", "goes"),
    [
        (container("shop", 1), True),
        (container("shop", None), True),
        (container("shop", 3), False),
        (container("gone", 1), True),
        (container("busy", 7), False),
        (container("shop", 1, NOW), False),
    ],
)
def test_a_stopped_container_goes_with_its_release(found: ContainerFacts, goes: bool) -> None:
    assert bool(find_waste(replace(EMPTY, containers=[found]))) is goes


def test_folders_go_when_nobody_works_in_them_any_more() -> None:
    facts = replace(
        EMPTY,
        builds=[folder("d1"), folder("d2"), folder("plan-x", NOW)],
        upload_folders=[folder("u1"), folder("u2"), folder("arriving", NOW)],
        git_caches=[folder("shop"), folder("gone"), folder("busy", LONG_AGO)],
        keys=[folder("shop", LONG_AGO), folder("gone"), folder("new", NOW)],
    )
    assert targets(facts) == ["/state/d2", "/state/u2", "/state/gone", "/state/gone"]
    unused = find_waste(replace(EMPTY, git_caches=[folder("shop", LONG_AGO)]))
    assert [each.kind for each in unused] == [Kind.GIT_CACHE]


def test_a_volume_that_may_hold_data_is_shown_and_stays() -> None:
    facts = replace(
        EMPTY,
        volumes=[
            VolumeFacts("data", "gone", 1000, LONG_AGO, is_cache=False),
            VolumeFacts("layers", "gone", 1000, LONG_AGO, is_cache=True),
            VolumeFacts("of-shop", "shop", 1000, LONG_AGO, is_cache=False),
        ],
    )
    found = {each.target: each.stays for each in find_waste(facts)}
    assert found == {"data": True, "layers": False}
    assert "docker volume rm data" in find_waste(facts)[0].item.why


def test_without_being_asked_only_what_is_old_goes() -> None:
    facts = replace(
        EMPTY,
        images=[image("godploy/shop:1"), image("godploy/shop:0", tagged_at=LONG_AGO)],
        volumes=[VolumeFacts("data", "gone", 1000, LONG_AGO, is_cache=False)],
        build_cache_bytes=500,
        build_cache_used_at=LONG_AGO,
    )
    old = [each for each in find_waste(facts) if is_old(each, facts)]
    assert [each.target for each in old] == ["godploy/shop:0", ""]

    def is_build_cache(waste: Waste) -> bool:
        return waste.kind is Kind.BUILD_CACHE

    shared = replace(facts, is_alone=False)
    assert not any(is_old(each, shared) for each in filter(is_build_cache, find_waste(shared)))
