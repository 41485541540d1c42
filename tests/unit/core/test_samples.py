import io
import subprocess
import tarfile

from godploy_desktop.assets import asset
from godploy_desktop.core.addresses import address_in_browser, generated_host
from godploy_desktop.core.samples import pack, source_script
from godploy_server.contract import Domain, DomainId
from tests.unit.core import example


def run(script, stdin):
    return subprocess.run(["sh", "-c", script], input=stdin, capture_output=True, check=False, timeout=30)


def test_the_samples_source_becomes_a_repository_that_git_can_clone(tmp_path):
    repository = tmp_path / "state" / "samples" / "it's hello.git"
    done = run(source_script(str(repository)), pack(asset("resources/samples/hello")))
    assert done.returncode == 0, done.stderr
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", "--branch", "main", f"file://{repository}", clone], check=True
    )
    assert (clone / "Dockerfile").read_bytes() == asset("resources/samples/hello/Dockerfile").read_bytes()
    assert [each.name for each in repository.parent.iterdir()] == [repository.name], "nothing is left beside it"


def test_a_repository_that_is_there_is_left_as_it_is(tmp_path):
    repository = tmp_path / "hello.git"
    assert run(source_script(str(repository)), pack(asset("resources/samples/hello"))).returncode == 0
    before = (repository / "HEAD").stat().st_mtime_ns
    assert run(source_script(str(repository)), b"no tar at all").returncode == 0
    assert (repository / "HEAD").stat().st_mtime_ns == before


def test_a_broken_archive_leaves_no_repository_behind(tmp_path):
    repository = tmp_path / "hello.git"
    done = run(source_script(str(repository)), b"no tar at all")
    assert done.returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_the_archive_says_nothing_of_who_made_it():
    with tarfile.open(fileobj=io.BytesIO(pack(asset("resources/samples/hello")))) as tar:
        assert {(each.uid, each.gid, each.uname, each.gname) for each in tar} == {(0, 0, "", "")}
        assert "app.py" in tar.getnames()


def test_a_sample_gets_a_name_only_where_one_leads_to_the_server():
    assert generated_host(example.info(is_embedded=True), "hello") == "hello.localhost"
    assert generated_host(example.info(public_address="8.8.4.4"), "hello") == "hello.8.8.4.4.sslip.io"
    assert generated_host(example.info(public_address="10.0.0.4"), "hello") == ""
    assert generated_host(example.info(public_address=""), "hello") == ""


def test_an_address_shows_its_port_only_where_it_is_unusual():
    plain = Domain(DomainId("d"), example.WEB, "hello.localhost", tls=False)
    secure = Domain(DomainId("d"), example.WEB, "shop.example.org", path="/api", tls=True)
    assert address_in_browser(plain, example.info(http_port=8080)) == "http://hello.localhost:8080/"
    assert address_in_browser(secure, example.info()) == "https://shop.example.org/api"
