import base64
import json

import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from godploy_desktop.local_store.vault import KEYRING_SERVICE, Vault, VaultKind, VaultLocked, VaultMissing
from godploy_desktop.local_store.vault_file import VaultFile
from godploy_server.contract import BadInput, Conflict, NotAllowed, NotReady

PASSPHRASE = "correct horse battery"


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring as a desktop session offers one; taken where it is named, never found by looking around."""

    priority = 5

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError(username)
        del self.kept[service, username]


# The library offers every class of its kind to the whole process: other tests would find a keyring on a machine
# that has none.
keyring.backend.KeyringBackend._classes.discard(MemoryKeyring)


@pytest.fixture
def session_keyring():
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def no_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault.json"


def test_secrets_survive_in_the_file_and_are_not_readable_in_it(path):
    VaultFile.make(path, PASSPHRASE).put("server 1 password", "hunter2-and-more")
    assert VaultFile.open(path, PASSPHRASE).get("server 1 password") == "hunter2-and-more"
    assert b"hunter2" not in path.read_bytes()
    assert b"server 1" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_wrong_passphrase_opens_nothing(path):
    VaultFile.make(path, PASSPHRASE)
    with pytest.raises(NotAllowed) as caught:
        VaultFile.open(path, PASSPHRASE + "!")
    assert PASSPHRASE not in str(caught.value)


@pytest.mark.parametrize("field", ["sealed", "nonce", "salt"])
def test_a_changed_file_is_noticed(path, field):
    VaultFile.make(path, PASSPHRASE).put("a", "b")
    document = json.loads(path.read_text())
    raw = bytearray(base64.b64decode(document[field]))
    raw[0] ^= 1
    document[field] = base64.b64encode(raw).decode()
    path.write_text(json.dumps(document))
    with pytest.raises(NotAllowed):
        VaultFile.open(path, PASSPHRASE)


def test_weaker_parameters_cannot_be_slipped_in(path):
    VaultFile.make(path, PASSPHRASE).put("a", "b")
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"n": document["n"] // 2}))
    with pytest.raises(NotAllowed):
        VaultFile.open(path, PASSPHRASE)
    path.write_text(json.dumps(document | {"n": 2**40}))
    with pytest.raises(NotReady):
        VaultFile.open(path, PASSPHRASE)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1, "n": "x"}'])
def test_what_is_no_vault_is_named_so(path, content):
    path.write_text(content)
    with pytest.raises(NotReady):
        VaultFile.open(path, PASSPHRASE)


def test_the_same_content_is_never_sealed_under_the_same_nonce(path):
    vault = VaultFile.make(path, PASSPHRASE)
    nonces = set()
    for _ in range(5):
        vault.put("a", "b")
        nonces.add(json.loads(path.read_text())["nonce"])
    assert len(nonces) == 5


def test_two_processes_do_not_lose_each_others_secrets(path):
    first = VaultFile.make(path, PASSPHRASE)
    second = VaultFile.open(path, PASSPHRASE)
    first.put("a", "1")
    second.put("b", "2")
    first.put("c", "3")
    third = VaultFile.open(path, PASSPHRASE)
    assert [third.get(each) for each in "abc"] == ["1", "2", "3"]


def test_a_short_passphrase_and_a_second_file_are_refused(path):
    with pytest.raises(BadInput):
        VaultFile.make(path, "short")
    VaultFile.make(path, PASSPHRASE)
    with pytest.raises(Conflict):
        VaultFile.make(path, PASSPHRASE)


def test_a_keyring_is_used_where_there_is_one(session_keyring, path):
    vault = Vault(path)
    assert vault.kind() is VaultKind.KEYRING
    vault.put("a", "b")
    assert session_keyring.kept == {(KEYRING_SERVICE, "a"): "b"}
    assert vault.get("a") == "b"
    vault.remove("a")
    vault.remove("a")
    assert vault.get("a") is None
    assert not path.exists()


def test_without_a_keyring_nothing_is_kept_until_a_file_is_chosen(no_keyring, path):
    vault = Vault(path)
    assert vault.kind() is VaultKind.MISSING
    assert vault.get("a") is None
    with pytest.raises(VaultMissing) as caught:
        vault.put("a", "b")
    assert "GODPLOY_PASSPHRASE_FILE" in caught.value.problem.next_step
    assert not path.exists()
    vault.choose_file(PASSPHRASE)
    vault.put("a", "b")
    assert vault.kind() is VaultKind.FILE


def test_a_file_is_locked_until_its_passphrase_is_given(session_keyring, path):
    VaultFile.make(path, PASSPHRASE).put("a", "b")
    vault = Vault(path)
    assert vault.is_locked
    assert vault.kind() is VaultKind.FILE, "a chosen file wins over a keyring that appears later"
    with pytest.raises(VaultLocked):
        vault.get("a")
    with pytest.raises(NotAllowed):
        vault.unlock("wrong passphrase")
    assert vault.is_locked
    vault.unlock(PASSPHRASE)
    assert vault.get("a") == "b"
    vault.remove("a")
    assert vault.get("a") is None
