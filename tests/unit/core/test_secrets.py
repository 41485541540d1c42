from pathlib import Path

import keyring
import keyring.backends.fail
import pytest

from godploy_desktop.core.questions import NoQuestions
from godploy_desktop.core.secrets import GivenSecrets, Secrets
from godploy_desktop.local_store.values import ServerProfile
from godploy_desktop.local_store.vault import Vault, VaultMissing

pytestmark = pytest.mark.asyncio

WEB = ServerProfile(id=1, name="web-1", host="10.0.0.4")


class Person(NoQuestions):
    """Answers what is asked, and counts."""

    def __init__(self, passphrase=None, password=None):
        self.asked = []
        self._passphrase, self._password = passphrase, password

    async def vault_passphrase(self, is_new):
        self.asked.append("new passphrase" if is_new else "passphrase")
        return self._passphrase

    async def password(self, server, account):
        self.asked.append(f"password of {account}")
        return self._password


@pytest.fixture(autouse=True)
def no_keyring():
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vault.json"


async def test_a_kept_password_is_found_in_the_next_session_for_one_passphrase(path):
    await Secrets(Vault(path), Person("correct horse")).keep(WEB, GivenSecrets(password="hunter2"))
    person = Person("correct horse")
    later = Secrets(Vault(path), person)
    assert await later.credentials(WEB).password("root@10.0.0.4") == "hunter2"
    assert await later.credentials(WEB).password("root@10.0.0.4") == "hunter2"
    assert person.asked == ["passphrase"]


async def test_a_password_that_was_refused_is_not_offered_again(path):
    person = Person("correct horse", "the right one")
    secrets = Secrets(Vault(path), person)
    await secrets.keep(WEB, GivenSecrets(password="old"))
    credentials = secrets.credentials(WEB)
    assert await credentials.password("root@10.0.0.4") == "old"
    assert await credentials.password("root@10.0.0.4") == "the right one"
    assert person.asked[-1] == "password of root@10.0.0.4"


async def test_whoever_declines_a_vault_is_asked_for_the_password_instead(path):
    await Secrets(Vault(path), Person("correct horse")).keep(WEB, GivenSecrets(password="hunter2"))
    person = Person(None, "typed")
    secrets = Secrets(Vault(path), person)
    assert await secrets.credentials(WEB).password("a") == "typed"
    assert await secrets.credentials(WEB).password("a") == "typed"
    assert person.asked == ["passphrase", "password of a", "password of a"], "the vault is asked about once"


async def test_nothing_is_kept_where_no_vault_was_chosen(path):
    person = Person(None)
    with pytest.raises(VaultMissing):
        await Secrets(Vault(path), person).keep(WEB, GivenSecrets(password="hunter2"))
    assert person.asked == ["new passphrase"]
    assert not path.exists()


async def test_what_was_just_given_needs_no_vault(path):
    person = Person()
    credentials = Secrets(Vault(path), person).credentials(WEB, GivenSecrets("given", "phrase"))
    assert await credentials.password("a") == "given"
    assert await credentials.passphrase(Path("key")) == "phrase"
    assert person.asked == []


async def test_a_removed_servers_secrets_are_forgotten(path):
    secrets = Secrets(Vault(path), Person("correct horse"))
    await secrets.keep(WEB, GivenSecrets("hunter2", "phrase"))
    await secrets.forget(WEB)
    assert await secrets.credentials(WEB).password("a") is None
    assert await secrets.credentials(WEB).passphrase(Path("key")) is None
