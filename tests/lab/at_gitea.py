"""What a person does at Gitea: signs in and consents with a real browser, takes the consent back, pushes.

As a program it is that person's browser: `python -m tests.lab.at_gitea ADDRESS` opens the address of a sign-in and
consents, as the account that the environment names (`browser_variables`).
"""

from __future__ import annotations

import json
import os
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.labkit.browser import Browser, browser
from tests.lab.labkit.cache import cache_folder
from tests.lab.labkit.certificates import ensure_public_certificates
from tests.lab.labkit.command import run
from tests.lab.labkit.gitea import HOST, GiteaPerson, GiteaRepository
from tests.lab.labkit.keys import new_key
from tests.lab.labkit.network import published_ssh_port

_LOGIN, _PASSWORD = "LAB_GITEA_LOGIN", "LAB_GITEA_PASSWORD"
_POST_FORMS = """Promise.all([...document.querySelectorAll(FORMS)].map(each => fetch(each.action,
    {method: "POST", body: new URLSearchParams(new FormData(each))}))).then(all => all.every(each => each.ok))"""
_ROOT = Path(__file__).parents[2]


def trusting(person: GiteaPerson) -> dict[str, str]:
    """Variables for programs of this machine that are to reach Gitea."""
    return {"SSL_CERT_FILE": str(person.gitea.bundle), "NO_PROXY": HOST}


def browser_variables(person: GiteaPerson, folder: Path) -> dict[str, str]:
    """Variables that make this person's browser the one that programs open."""
    program = folder / "open-browser"
    program.write_text(f'#!/bin/sh\ncd "{_ROOT}" && exec "{sys.executable}" -m tests.lab.at_gitea "$1"\n')
    program.chmod(0o755)
    # wherever the program's home is, this is the lab's cache
    found = {"BROWSER": str(program), "GODPLOY_LAB_CACHE": str(cache_folder())}
    return found | {_LOGIN: person.login, _PASSWORD: person.password}


def consent(address: str, login: str, password: str) -> None:
    """Open the address of a sign-in in a new browser, sign in and click Authorize, until Godploy's own page is seen."""
    with browser(_certificate()) as seen:
        seen.go(address)
        _sign_in(seen, login, password)
        seen.click("#authorize-app")
        seen.see("document.body.innerText.includes('You can close this page')", "the page that ends the sign-in")


def decline(address: str, person: GiteaPerson) -> str:
    """Open the address of a sign-in, sign in and click Cancel; gives what the page that this leads to says."""
    with browser(_certificate()) as seen:
        seen.go(address)
        _sign_in(seen, person.login, person.password)
        seen.click("button[name=granted][value=false]")
        seen.see("document.body.innerText.includes('You can close this page')", "the page that ends the sign-in")
        return seen.text()


def revoke(person: GiteaPerson) -> None:
    """Take back what every application was allowed, as the buttons of the account's settings do."""
    with browser(_certificate()) as seen:
        seen.go(f"{person.gitea.url}/user/settings/applications")
        _sign_in(seen, person.login, person.password)
        # without the front end a button has nothing that listens: what it would send is sent
        revoked = seen.see(
            "(async () => { const urls = [...document.querySelectorAll('button[data-url*=\"/revoke/\"]')];"
            " const token = document.querySelector('input[name=_csrf]')?.value; if (!urls.length) return '';"
            " const sent = urls.map(each => fetch(each.dataset.url,"
            " {method: 'POST', headers: {'X-Csrf-Token': token}}));"
            " return (await Promise.all(sent)).map(each => each.status).join(' ') })()",
            "an application that is allowed something",
        )
        assert set(revoked.split()) == {"200"}, revoked


def redeliver_all(repository: GiteaRepository) -> None:
    """Press “Redeliver” on the page of a repository's webhook, for everything that was delivered."""
    person = repository.owner
    with browser(_certificate()) as seen:
        hook = repository.ask("GET", "hooks")[0]["id"]
        seen.go(f"{person.gitea.url}/{repository.full_name}/settings/hooks/{hook}")
        _sign_in(seen, person.login, person.password)
        again = "form[action*='/replay/']"
        seen.see(f"!!document.querySelector({json.dumps(again)})", "what was delivered")
        seen.see(_POST_FORMS.replace("FORMS", json.dumps(again)), "an answer to each")


def _sign_in(seen: Browser, login: str, password: str) -> None:
    seen.type("#user_name", login)
    seen.type("#password", password)
    seen.click("form[action='/user/login'] button")


def _certificate() -> Path:
    return ensure_public_certificates() / "public.pem"


@dataclass(frozen=True)
class WorkingCopy:
    """A clone of a repository on this machine, whose owner pushes over SSH (`origin`) and HTTPS (`https`)."""

    folder: Path
    repository: GiteaRepository
    variables: Mapping[str, str]

    def git(self, *arguments: str) -> str:
        """Run git in it; gives back its output. Raises CommandFailed."""
        return run(["git", "-C", str(self.folder), *arguments], environment=self.variables, timeout_s=60).strip()

    def commit(self, message: str, files: Mapping[str, str]) -> str:
        """Commit changed files; gives back the commit's id."""
        for path, content in files.items():
            (self.folder / path).write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *refs: str, remote: str = "origin") -> None:
        """Push main, or what is named."""
        self.git("push", "-q", remote, *(refs or ("main",)))


def clone(repository: GiteaRepository, folder: Path) -> WorkingCopy:
    """Clone over HTTPS with the password, and register a new SSH key for pushing. `folder` must not exist."""
    person = repository.owner
    private, public = new_key(person.login)
    person.ask("POST", "user/keys", {"title": "laptop", "key": public.strip()})
    beside = folder.with_name(f"{folder.name}-ssh")
    beside.mkdir()
    (beside / "key").write_bytes(private)
    (beside / "key").chmod(0o600)
    port = published_ssh_port()
    name = HOST if port == 22 else f"[{HOST}]:{port}"
    (beside / "known_hosts").write_text(f"{name} {person.gitea.host_key}\n")
    login = b64encode(f"{person.login}:{person.password}".encode()).decode()
    settings = {
        "user.name": person.login,
        "user.email": f"{person.login}@lab.test",
        f"http.https://{HOST}/.extraHeader": f"Authorization: Basic {login}",
    }
    numbered = [
        pair
        for number, (key, value) in enumerate(settings.items())
        for pair in ((f"GIT_CONFIG_KEY_{number}", key), (f"GIT_CONFIG_VALUE_{number}", value))
    ]
    ssh = f"ssh -F /dev/null -i '{beside}/key' -o IdentitiesOnly=yes -o UserKnownHostsFile='{beside}/known_hosts'"
    variables = {
        **dict(numbered),
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_SSL_CAINFO": str(person.gitea.bundle),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": f"{ssh} -o StrictHostKeyChecking=yes -o BatchMode=yes",
        "NO_PROXY": HOST,
    }
    run(["git", "clone", "-q", repository.https_url, str(folder)], environment=variables, timeout_s=60)
    copy = WorkingCopy(folder, repository, variables)
    copy.git("remote", "rename", "origin", "https")
    copy.git("remote", "add", "origin", repository.local_ssh_url)
    return copy


if __name__ == "__main__":
    consent(sys.argv[1], os.environ[_LOGIN], os.environ[_PASSWORD])
