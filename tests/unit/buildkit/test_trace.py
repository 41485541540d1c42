"""What builds of real Dockers told, recorded byte by byte, and the lines made of it."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from godploy_desktop.remote.buildkit.plain_progress import PlainProgress, size_text
from godploy_desktop.remote.buildkit.protobuf import (
    Malformed,
    bytes_field,
    fields,
    known,
    number,
    number_field,
    varint,
)
from godploy_desktop.remote.buildkit.trace import BuildStatus, Vertex, VertexLog, read_status

RECORDED = Path(__file__).parent / "recorded"
DOCKERS = ("docker-20.10", "docker-26.1")


def messages(docker: str) -> list[BuildStatus]:
    lines = [json.loads(line) for line in (RECORDED / f"{docker}.jsonl").read_text().splitlines()]
    return [read_status(base64.b64decode(each["aux"])) for each in lines if each.get("id") == "moby.buildkit.trace"]


@pytest.mark.parametrize("docker", DOCKERS)
def test_a_recorded_build_reads_as_its_lines(docker: str) -> None:
    progress = PlainProgress()
    lines = [line for each in messages(docker) for line in progress.feed(each)] + progress.finish()
    assert "\n".join(lines) + "\n" == (RECORDED / f"{docker}.txt").read_text()
    assert progress.error.endswith("exit code: 3")


@pytest.mark.parametrize("docker", DOCKERS)
def test_nothing_that_a_program_wrote_is_lost_or_told_twice(docker: str) -> None:
    told = b"".join(log.output for each in messages(docker) for log in each.logs)
    progress = PlainProgress()
    lines = [line for each in messages(docker) for line in progress.feed(each)]
    for text in [line.decode() for line in told.splitlines() if line.strip()]:
        assert sum(line.endswith(f" {text}") for line in lines) == 1, text


def step(name: str, started: float | None = None, completed: float | None = None, error: str = "") -> Vertex:
    return Vertex(f"digest of {name}", name, False, started, completed, error)


def told(*vertices: Vertex, logs: tuple[VertexLog, ...] = ()) -> BuildStatus:
    return BuildStatus(vertices, (), logs, ())


def test_steps_side_by_side_are_not_mixed_line_by_line() -> None:
    progress = PlainProgress()
    lines = progress.feed(told(step("a", 100.0), step("b", 100.1)))
    for moment in (100.2, 100.3, 100.4):
        logs = (VertexLog("digest of a", moment, b"from a\n"), VertexLog("digest of b", moment, b"from b\n"))
        lines += progress.feed(told(logs=logs))
    lines += progress.feed(told(step("a", 100.0, 101.0), step("b", 100.1, 101.0))) + progress.finish()
    words = [line.split()[-1] for line in lines if "from" in line]
    assert words == ["a", "a", "a", "b", "b", "b"]


def test_a_silent_step_lets_another_speak() -> None:
    progress = PlainProgress()
    progress.feed(told(step("quiet", 100.0), step("busy", 100.0)))
    assert progress.feed(told(logs=(VertexLog("digest of busy", 101.0, b"one\n"),))) == []
    assert progress.feed(told(logs=(VertexLog("digest of busy", 103.0, b"two\n"),))) == [
        "#1 ...",
        "",
        "#2 busy",
        "#2 1.000 one",
        "#2 3.000 two",
    ]


def test_a_cancelled_step_is_not_the_one_that_failed() -> None:
    progress = PlainProgress()
    progress.feed(told(step("other", 1.0), step("bad", 1.0)))
    progress.feed(told(step("other", 1.0, 2.0, "context canceled"), step("bad", 1.0, 2.0, "exit code: 1")))
    lines = progress.finish()
    assert progress.error == "exit code: 1"
    assert "#1 CANCELED" in lines
    assert lines[-3:] == ["------", " > bad:", "------"]


def test_sizes_read_as_buildkit_prints_them() -> None:
    assert [size_text(size) for size in (0, 459, 1320, 5243000, 40_000_000_000)] == [
        "0B",
        "459B",
        "1.32kB",
        "5.243MB",
        "40GB",
    ]


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_numbers_survive_the_wire(value: int) -> None:
    assert number(known(number_field(5, value)).get(5)) == value


@given(st.lists(st.tuples(st.integers(1, 1000), st.binary(max_size=50) | st.integers(1, (1 << 64) - 1))))
def test_fields_survive_the_wire(written: list[tuple[int, bytes | int]]) -> None:
    message = b"".join(
        bytes_field(field, value) if isinstance(value, bytes) else number_field(field, value)
        for field, value in written
    )
    assert list(fields(message)) == written


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    with suppress(Malformed):
        read_status(message)


def test_a_cut_message_is_refused() -> None:
    whole = bytes_field(1, b"content")
    for end in range(1, len(whole)):
        with pytest.raises(Malformed):
            list(fields(whole[:end]))
    with pytest.raises(Malformed):
        list(fields(varint(1 << 3 | 3)))
