import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from godploy_server.contract.hooks import HookHost, signing_token
from godploy_server.relay.signatures import NotSigned, verifier

SECRET = "It's a Secret to Everybody"
NOW = 1_700_000_000.0


def believed(host, secret, fields, body, now=NOW):
    check = verifier(host, secret, fields, now)
    for at in range(0, len(body), 5):
        check.update(body[at : at + 5])
    return check.fits()


def signed(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


# The values are those of each host's own documentation.


def test_the_example_of_github_verifies():
    fields = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert believed(HookHost.GITHUB, SECRET, fields, b"Hello, World!")
    assert not believed(HookHost.GITHUB, SECRET, fields, b"Hello, World?")
    assert not believed(HookHost.GITHUB, SECRET + "s", fields, b"Hello, World!")


def test_the_example_of_bitbucket_verifies():
    fields = {"x-hub-signature": "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"}
    assert believed(HookHost.BITBUCKET, SECRET, fields, b"Hello World!")
    assert not believed(HookHost.BITBUCKET, SECRET, fields, b"Hello World")


def test_gitea_and_forgejo_send_the_bare_digits():
    body = b'{"ref": "refs/heads/main"}'
    assert believed(HookHost.GITEA, SECRET, {"x-gitea-signature": signed(body)}, body)
    assert believed(HookHost.GITEA, SECRET, {"x-forgejo-signature": signed(body)}, body)
    both = {"x-forgejo-signature": "0" * 64, "x-gitea-signature": signed(body)}
    assert not believed(HookHost.GITEA, SECRET, both, body)  # a good one does not rescue a bad one


def test_gitlab_sends_its_token():
    assert believed(HookHost.GITLAB, SECRET, {"x-gitlab-token": SECRET}, b"anything")
    for wrong in ("", "its", SECRET + " ", "é"):
        with pytest.raises(NotSigned):
            verifier(HookHost.GITLAB, SECRET, {"x-gitlab-token": wrong}, NOW)


def standard(body, key, at=NOW, sent_id="msg_1"):
    text = f"{sent_id}.{int(at)}.".encode() + body
    signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {"webhook-id": sent_id, "webhook-timestamp": str(int(at)), "webhook-signature": f"v1,{signature}"}


def test_the_signing_token_of_gitlab_covers_id_time_and_body():
    key = bytes(range(32))
    secret = "whsec_" + base64.b64encode(key).decode()
    body = b'{"ref": "refs/heads/main"}'
    fields = standard(body, key)
    assert believed(HookHost.GITLAB, secret, fields, body)
    assert believed(
        HookHost.GITLAB, secret, {**fields, "webhook-signature": "v1,AAAA " + fields["webhook-signature"]}, body
    )
    assert not believed(HookHost.GITLAB, secret, {**fields, "webhook-id": "msg_2"}, body)
    assert not believed(HookHost.GITLAB, secret, {**fields, "webhook-timestamp": str(int(NOW) + 1)}, body)
    assert not believed(HookHost.GITLAB, secret, fields, body + b" ")
    for changed in ({"webhook-signature": "v1a,AAAA"}, {"webhook-signature": "v1,!"}, {"webhook-id": ""}):
        with pytest.raises(NotSigned):
            verifier(HookHost.GITLAB, secret, {**fields, **changed}, NOW)
    with pytest.raises(NotSigned, match="five minutes"):
        verifier(HookHost.GITLAB, secret, standard(body, key, NOW - 400), NOW)


def test_gitlab_signs_with_the_very_secret_that_the_server_made():
    secret = bytes(range(32)).hex()
    token = signing_token(secret)
    assert base64.b64decode(token.removeprefix("whsec_")) == bytes(range(32))  # GitLab takes 32 bytes and no other key
    body = b"{}"
    fields = {**standard(body, bytes(range(32))), "x-gitlab-token": secret}  # it sends both where both are set
    assert believed(HookHost.GITLAB, secret, fields, body)
    assert not believed(HookHost.GITLAB, secret, fields, b"{} ")
    assert believed(HookHost.GITLAB, secret, {"x-gitlab-token": secret}, body)  # as GitLab did before 19
    assert signing_token("made by hand") == ""


@pytest.mark.parametrize("host", list(HookHost))
def test_a_request_without_a_signature_costs_no_body(host):
    with pytest.raises(NotSigned):
        verifier(host, SECRET, {"content-type": "application/json"}, NOW)


@given(
    st.sampled_from(list(HookHost)),
    st.dictionaries(
        st.sampled_from(
            [
                "x-hub-signature-256",
                "x-hub-signature",
                "x-gitea-signature",
                "x-forgejo-signature",
                "x-gitlab-token",
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
            ]
        ),
        st.one_of(
            st.text(st.characters(max_codepoint=255), max_size=80),
            st.builds(
                lambda prefix, digits: prefix + digits.hex(),
                st.sampled_from(["", "sha256="]),
                st.binary(min_size=32, max_size=32),
            ),
        ),
    ),
    st.binary(max_size=60),
)
@hypothesis_settings(deadline=None, max_examples=80)
def test_nothing_guessed_is_believed(host, fields, body):
    try:
        assert not believed(host, SECRET, fields, body)
    except NotSigned as reason:
        assert str(reason)  # noqa: PT017  both ways out are right
