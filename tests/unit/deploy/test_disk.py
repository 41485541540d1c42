"""Disk space is looked at before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from godploy_server.contract import GodployError
from godploy_server.deploy import disk
from godploy_server.deploy.sources.fetching import fetch_files
from godploy_server.runtime.engine import Engine
from godploy_server.state import services
from tests.unit.deploy.conftest import run
from tests.unit.deploy.test_sent import FOLDER, make_service, send


def test_too_little_space_is_told_with_the_figures_and_what_to_do(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(GodployError) as raised:
        disk.require_space(tmp_path / "not" / "made" / "yet", free + (500 << 20), "A build")
    problem = raised.value.problem
    needed, there = (int(word) for word in problem.why.replace(",", "").split() if word.isdigit())
    assert 400 <= needed - there <= 600
    assert "godploy server cleanup" in problem.next_step


def test_a_source_is_not_fetched_to_a_disk_that_is_nearly_full(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = services.find(engine.connection, make_service(engine, FOLDER).id)
    send(engine, service, {"app.py": b"1"})
    monkeypatch.setattr(disk, "FREE_BESIDE_BYTES", 1 << 60)
    folder = tmp_path / "fetched"
    with pytest.raises(GodployError) as raised:
        run(fetch_files(engine, service, folder, _Silent()))
    assert raised.value.code == "not-ready"
    assert not folder.exists()


class _Silent:
    def say(self, text: str) -> None:
        """Nobody listens."""
