from __future__ import annotations

import os
import socket
import stat
import threading

import pytest

from godploy_server.ingress.files import proxy_token, remove_dynamic, write_dynamic
from godploy_server.ingress.port_holder import holder_of, listening_inodes, port_taken, published_by
from godploy_server.state.paths import Paths


@pytest.fixture
def paths(tmp_path) -> Paths:
    made = Paths(tmp_path / "state", tmp_path / "run")
    made.prepare()
    return made


def test_a_dynamic_file_is_renamed_in_as_a_whole_and_nothing_else_ever_lies_in_the_watched_folder(paths: Paths) -> None:
    file = paths.traefik_dynamic / "service-s1.yml"
    small, large = {"http": {}}, {"http": {"routers": {f"r{n}": {"rule": "x" * 100} for n in range(200)}}}
    write_dynamic(paths, file.name, small)
    sizes, seen, stop = set(), set(), threading.Event()

    def watch() -> None:
        while not stop.is_set():
            sizes.add(len(file.read_text()))
            seen.update(paths.traefik_dynamic.iterdir())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(30):
        write_dynamic(paths, file.name, large)
        write_dynamic(paths, file.name, small)
    stop.set()
    watcher.join()
    assert len(sizes) <= 2
    assert seen == {file}
    assert list(paths.traefik_tmp.iterdir()) == []


def test_an_unchanged_file_is_not_written_again(paths: Paths) -> None:
    assert write_dynamic(paths, "a.yml", {"http": {}})
    before = (paths.traefik_dynamic / "a.yml").stat().st_ino
    assert not write_dynamic(paths, "a.yml", {"http": {}})
    assert (paths.traefik_dynamic / "a.yml").stat().st_ino == before
    remove_dynamic(paths, "a.yml")
    remove_dynamic(paths, "a.yml")
    assert write_dynamic(paths, "a.yml", {"http": {}})


def test_the_token_is_made_once_and_kept_from_others(paths: Paths) -> None:
    token = proxy_token(paths)
    assert proxy_token(paths) == token
    assert len(token) == 48
    assert stat.S_IMODE((paths.traefik / "token").stat().st_mode) == 0o600


def test_the_process_that_listens_on_a_port_is_named() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        holder = holder_of(port)
    assert holder.endswith(f"(pid {os.getpid()})")
    assert holder_of(port) == ""
    error = port_taken(80, "nginx (pid 812)").problem
    assert (error.code, error.what) == ("port-taken", "Port 80 on this server is already in use")
    assert error.why == "nginx (pid 812) listens on it"


def test_only_listening_sockets_count() -> None:
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    listening = "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1\n"
    connected = "   1: 0100007F:0050 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 222 1\n"
    assert listening_inodes(head + listening + connected, 80) == {"111"}
    assert listening_inodes(head + listening + connected, 443) == set()


def test_a_container_that_publishes_the_port_is_named_but_not_the_proxy_itself() -> None:
    listed = [
        {"Id": "1", "Names": ["/godploy-traefik"], "Ports": [{"PublicPort": 80}]},
        {"Id": "2", "Names": ["/web"], "Ports": [{"PrivatePort": 1}, {"PublicPort": 80}]},
    ]
    assert published_by(listed, 80, "godploy-traefik") == "the container web"
    assert published_by(listed, 81, "godploy-traefik") == ""
