"""Sending folders and archives to a real agent, over its socket."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from pathlib import Path

import pytest

from godploy_server.contract import CONTRACT_VERSION, ArchiveSource, FolderSource, to_json
from tests.unit.agent.conftest import UnixConnection, started_as_on_a_server, wait_for
from tests.unit.agent.rows import add_project, settings_json

HEADERS = {"Godploy-Contract": str(CONTRACT_VERSION)}


def put_head(path: str) -> str:
    return f"PUT {path} HTTP/1.1\r\nHost: agent\r\nGodploy-Contract: {CONTRACT_VERSION}\r\n"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def frame(content: bytes, digest: str = "") -> bytes:
    return bytes.fromhex(digest or sha(content)) + len(content).to_bytes(8, "big") + content


def listed(files):
    return [{"path": path, "size_bytes": len(content), "sha256": sha(content)} for path, content in files.items()]


def new_service(agent, source):
    project = add_project(agent.paths)
    wanted = {"project_id": project.id, "name": "web", "settings": settings_json(source=to_json(source))}
    status, body = agent.post("/v1/services", wanted)
    assert status == 201, body
    return body["id"]


@pytest.fixture
def folder_service(agent):
    return new_service(agent, FolderSource("/home/ada/shop", "ada's laptop"))


@pytest.fixture
def archive_service(agent):
    return new_service(agent, ArchiveSource("shop.zip"))


def put(agent, path, body, headers=None):
    connection = UnixConnection(agent.paths.agent_socket)
    try:
        connection.request("PUT", path, body, {**HEADERS, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def blobs(agent):
    return {each.name for each in agent.paths.blobs.rglob("*") if each.is_file()}


FILES = {"app.py": b"print(1)\n", "static/a.txt": b"a" * 300_000, "static/b.txt": b"", "copy.py": b"print(1)\n"}


def prepare(agent, service, files=FILES):
    status, upload = agent.post(f"/v1/services/{service}/uploads", {"files": listed(files), "name": "shop"})
    assert status == 201, upload
    return upload


def contents_path(service, upload):
    return f"/v1/services/{service}/uploads/{upload['id']}/contents"


def test_only_what_the_server_lacks_is_asked_for(agent, folder_service):
    upload = prepare(agent, folder_service)
    assert set(upload["missing"]) == {sha(each) for each in FILES.values()}
    body = b"".join(frame(each) for each in set(FILES.values()))
    status, whole = put(agent, contents_path(folder_service, upload), body)
    assert (status, whole["missing"], whole["size_bytes"]) == (200, [], 300_018)

    again = prepare(agent, folder_service, {**FILES, "app.py": b"print(2)\n"})
    assert again["missing"] == [sha(b"print(2)\n")]
    newest = agent.get(f"/v1/services/{folder_service}/uploads")[1]
    assert [each["id"] for each in newest] == [again["id"], upload["id"]]


def test_a_broken_upload_goes_on_with_what_is_missing(agent, folder_service):
    upload = prepare(agent, folder_service)
    first, second = frame(FILES["app.py"]), frame(FILES["static/a.txt"])
    connection = UnixConnection(agent.paths.agent_socket)
    connection.connect()
    head = put_head(contents_path(folder_service, upload))
    connection.sock.sendall(head.encode() + f"Content-Length: {len(first + second)}\r\n\r\n".encode())
    connection.sock.sendall(first + second[:1000])
    wait_for(lambda: any(name.endswith(".part") for name in blobs(agent)))
    connection.close()

    wait_for(lambda: blobs(agent) == {sha(FILES["app.py"])})
    missing = agent.get(f"/v1/services/{folder_service}/uploads")[1][0]["missing"]
    assert set(missing) == {sha(FILES["static/a.txt"]), sha(b"")}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (frame(b"evil", sha(b"print(1)\n")), "instead of 9"),
        (frame(b"print(2)\n", sha(b"print(1)\n")), "instead of"),
        (frame(b"unknown"), "is not missing"),
        (frame(b"print(1)\n")[:-3], "ends within a content"),
        (frame(b"print(1)\n")[:20], "within a frame's head"),
        (bytes.fromhex(sha(b"print(1)\n")) + b"\xff" * 8, "instead of 9"),
    ],
)
def test_a_content_that_is_not_what_was_announced_is_refused_and_not_kept(agent, folder_service, body, says):
    upload = prepare(agent, folder_service, {"app.py": b"print(1)\n"})
    status, answer = put(agent, contents_path(folder_service, upload), body)
    assert status in (400, 409)
    assert says in answer["problem"]["why"]
    assert blobs(agent) == set()


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ({"path": "../evil"}, "leads out"),
        ({"path": "a/../../evil"}, "leads out"),
        ({"path": "/etc/passwd"}, "absolute"),
        ({"path": "a\0b"}, "NUL"),
        ({"path": "a//b"}, "empty part"),
        ({"path": "./a"}, "empty part"),
        ({"path": ""}, "empty part"),
        ({"path": "x" * 256}, "longer"),
        ({"path": "a", "sha256": "xyz"}, "64 lower-case"),
        ({"path": "a", "size_bytes": -1}, "from 0"),
        ({"path": "a", "size_bytes": 0, "sha256": "", "link": "/etc/passwd"}, "leads out"),
        ({"path": "a/b", "size_bytes": 0, "sha256": "", "link": "../../x"}, "leads out"),
        ({"path": "a", "link": "b"}, "no content"),
        ({"path": "a", "color": "red"}, "unknown key"),
    ],
)
def test_a_file_that_may_not_be_is_refused_with_its_path(agent, folder_service, file, says):
    files = [{"path": "good", "size_bytes": 1, "sha256": sha(b"1")}]
    files.append({"size_bytes": 1, "sha256": sha(b"1"), **file})
    status, answer = agent.post(f"/v1/services/{folder_service}/uploads", {"files": files})
    assert status == 400
    assert says in answer["problem"]["why"]
    assert list(agent.paths.uploads.iterdir()) == []
    assert agent.get(f"/v1/services/{folder_service}/uploads")[1] == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"files": [}', b'{"files": []} x', b'{"files": [], "files": []}', b"[1]", b'{"a": 1}', b"\xff"],
)
def test_a_list_that_is_none_is_refused(agent, folder_service, body):
    connection = UnixConnection(agent.paths.agent_socket)
    connection.request(
        "POST", f"/v1/services/{folder_service}/uploads", body, {"Godploy-Contract": str(CONTRACT_VERSION)}
    )
    assert connection.getresponse().status == 400
    connection.close()
    assert list(agent.paths.uploads.iterdir()) == []


@started_as_on_a_server
def test_a_long_list_takes_little_memory(agent, folder_service):
    def peak():
        for line in Path(f"/proc/{agent.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1])
        return 0

    prepare(agent, folder_service, {"first": b"1"})
    before = peak()
    same = {"size_bytes": 1, "sha256": sha(b"1"), "is_executable": False}
    files = [{"path": f"folder/with/a/long/name/number-{number:06}.py", **same} for number in range(30_000)]
    status, upload = agent.post(f"/v1/services/{folder_service}/uploads", {"files": files})
    assert (status, len(upload["missing"])) == (201, 1)
    assert peak() - before < 12_000  # kB; its body alone has 4,800


@started_as_on_a_server
def test_an_archive_is_kept_as_it_came_in_little_memory(agent, archive_service):
    content = os.urandom(1 << 20) * 40

    def chunks():
        yield from (content[at : at + 100_000] for at in range(0, len(content), 100_000))

    path = f"/v1/services/{archive_service}/archive?name=shop.zip"
    status, upload = put(agent, path, content)
    assert (status, upload["name"], upload["size_bytes"], upload["missing"]) == (201, "shop.zip", len(content), [])
    kept = agent.paths.upload(upload["id"]) / "archive"
    assert sha(kept.read_bytes()) == sha(content)
    status, chunked = put(agent, path, chunks())
    assert (status, chunked["size_bytes"]) == (201, len(content))
    resident = Path(f"/proc/{agent.process.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(resident) < 60_000


def test_of_an_archive_that_breaks_off_nothing_stays(agent, archive_service):
    connection = UnixConnection(agent.paths.agent_socket)
    connection.connect()
    head = put_head(f"/v1/services/{archive_service}/archive?name=a.zip")
    connection.sock.sendall(f"{head}Content-Length: 1000000\r\n\r\n".encode() + b"x" * 5000)
    wait_for(lambda: list(agent.paths.uploads.iterdir()))
    connection.close()
    wait_for(lambda: not list(agent.paths.uploads.iterdir()))
    assert agent.get(f"/v1/services/{archive_service}/uploads")[1] == []


def test_what_cannot_fit_on_the_disk_is_refused_before_it_is_sent(agent, folder_service):
    files = [{"path": f"huge-{number}", "size_bytes": 1 << 40, "sha256": sha(b"%d" % number)} for number in range(99)]
    status, answer = agent.post(f"/v1/services/{folder_service}/uploads", {"files": files})
    assert (status, answer["problem"]["code"]) == (503, "not-ready")
    assert f"needs {(99 << 20) + 256} MiB" in answer["problem"]["why"]
    assert "godploy server cleanup" in answer["problem"]["next_step"]
    assert list(agent.paths.uploads.iterdir()) == []


def test_who_sends_to_a_service_of_another_source_is_told_before_the_body_is_read(agent, folder_service):
    connection = UnixConnection(agent.paths.agent_socket)
    connection.connect()
    head = put_head(f"/v1/services/{folder_service}/archive?name=a.zip")
    connection.sock.sendall(f"{head}Content-Length: 50000000\r\nExpect: 100-continue\r\n\r\n".encode())
    answer = connection.sock.recv(65536)
    connection.sock.shutdown(socket.SHUT_WR)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 409")


def test_who_sends_on_after_a_refusal_still_reads_it(agent, folder_service):
    status, answer = put(agent, f"/v1/services/{folder_service}/archive?name=a.zip", b"x" * 3_000_000)
    assert (status, answer["problem"]["code"]) == (409, "conflict")
    assert agent.get("/v1/info")[0] == 200


def test_the_newest_five_uploads_stay(agent, archive_service):
    made = [
        put(agent, f"/v1/services/{archive_service}/archive?name=a.zip", str(number).encode())[1]["id"]
        for number in range(7)
    ]
    kept = [each["id"] for each in agent.get(f"/v1/services/{archive_service}/uploads")[1]]
    assert kept == made[:1:-1]
    assert {each.name for each in agent.paths.uploads.iterdir()} == set(kept)


def test_what_was_sent_goes_with_its_service(agent, archive_service):
    put(agent, f"/v1/services/{archive_service}/archive?name=a.zip", b"x")
    status, answer = agent.request("DELETE", f"/v1/services/{archive_service}")
    assert status == 200, answer
    assert list(agent.paths.uploads.iterdir()) == []


def test_a_service_without_anything_sent_says_so_at_once(agent, folder_service):
    status, answer = agent.post(f"/v1/services/{folder_service}/deployments")
    assert (status, answer["problem"]["code"]) == (409, "conflict")
    assert "godploy deploy" in answer["problem"]["next_step"]
    assert agent.get(f"/v1/services/{folder_service}/deployments")[1] == []
