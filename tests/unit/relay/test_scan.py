import json
import mmap
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from godploy_server.relay.scan import MOST_BYTES, MOST_VALUES, NotJson, pruned, read, scan

WANTED = {"ref": True, "a": {"b": {"c": True}}, "list": {"id": True, "names": True}}


def test_only_what_is_wanted_is_kept():
    text = json.dumps({
        "ref": "refs/heads/“main”", "other": {"ref": 1, "deep": [[{"x": None}]]},
        "a": {"b": [{"c": 1.5}, {"c": None, "d": 2}], "z": 3}, "list": [{"id": 1, "names": ["x", "y"]}, {"id": 2}],
    }).encode()  # fmt: skip
    kept, is_whole = scan(text, WANTED)
    assert kept == {
        "ref": "refs/heads/“main”",
        "a": {"b": [{"c": 1.5}, {"c": None}]},
        "list": [{"id": 1, "names": ["x", "y"]}, {"id": 2}],
    }
    assert is_whole


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["ref", "a", "b", "c", "x"]) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(["ref", "a", "list", "x"]), JSON, max_size=4), st.booleans())
@hypothesis_settings(deadline=None, max_examples=300)
def test_it_agrees_with_the_standard_library(value, escapes):
    text = json.dumps(value, ensure_ascii=escapes).encode("utf-8", "surrogatepass")
    try:
        kept, _ = scan(text, WANTED)
    except NotJson:
        assert not escapes  # a lone surrogate that stands there unescaped is no UTF-8
        return
    assert kept == pruned(json.loads(text), WANTED)


@given(st.binary(max_size=200))
@hypothesis_settings(deadline=None, max_examples=500)
def test_whatever_is_no_json_is_refused_and_nothing_else_happens(text):
    try:
        kept, _ = scan(text, WANTED)
    except NotJson:
        return
    assert isinstance(kept, dict)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a":1,}',
        b"[1]",
        b"{} {}",
        b'{"a" 1}',
        b'{"a":01}',
        b'{"a":"\x01"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_broken_and_bottomless_texts_are_refused(text):
    with pytest.raises(NotJson):
        scan(text, WANTED)


def test_an_endless_list_is_cut_and_said_so(tmp_path):
    file = tmp_path / "large"
    file.write_bytes(b'{"list":[' + b",".join(b'{"id":%d}' % each for each in range(100_000)) + b'],"ref":"x"}')
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        kept, is_whole = scan(text, WANTED)
    assert not is_whole
    assert len(kept["list"]) <= MOST_VALUES


def test_what_is_kept_of_a_large_text_is_bounded_and_said_to_be():
    names = b",".join(b'"' + b"x" * 60_000 + b'"' for _ in range(200))
    kept, is_whole = scan(b'{"list":[{"names":[' + names + b']}],"ref":"x"}', WANTED)
    assert not is_whole
    assert sum(len(each or "") for each in kept["list"][0]["names"]) < MOST_BYTES + 64 * 1024


@pytest.mark.parametrize("part", [b"x", b"\\n", b"\\u00e9x"], ids=["plain", "escapes", "mixed"])
@pytest.mark.parametrize("where", [b'{"ref":"%s"}', b'{"other":["%s"]}', b'{"%s":1}'], ids=["wanted", "other", "name"])
def test_one_long_text_costs_no_memory(tmp_path, part, where):
    file = tmp_path / "large"
    file.write_bytes(where % (part * (4 * 1024 * 1024 // len(part))))
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as text:
        tracemalloc.start()
        try:
            scan(text, WANTED)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 512 * 1024


def test_a_bottomless_text_in_memory_is_refused():
    with pytest.raises(NotJson):
        read(b'{"a":' * 100_000, WANTED)
