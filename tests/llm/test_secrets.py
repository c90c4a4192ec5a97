"""Keys do not come through, other words do."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.llm.secrets import (
    MASK,
    forms_of,
    is_clean,
    is_secret,
    keys_of_environment,
    redact,
    remove_keys,
)

KEY = "Zx81-not-a-usual-key"


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcDEF123456_7890.",
        "key sk-ab***********************wxyz is wrong",
        "Authorization: Bearer abcdef.123456-xyz",
        '{"api_key": "abcdef123456"}',
        r'{"body": "{\"api_key\": \"abcdef123456\"}"}',
        "GET /v1/models?key=1&api_key=abcdef123456&x=2",
        "token ghp_abcdefghijkl0123456789 was refused",
        "x-api-key: abcdef123456",
        "connect(user='me', password='abcdef123456')",
        "http://me:abcdef123456@host/v1 refused",
        "http://me:abcdef@123456@host/v1 refused",
        "http://abcdef123456@host/v1 refused",
        "AIzaSyA-abcdefghijklmnop is not valid",
    ],
)
def test_what_looks_like_a_key_is_removed(text: str) -> None:
    redacted = redact(text)
    assert MASK in redacted
    for part in ("abcDEF123456", "wxyz", "abcdef", "abcdefghijkl", "123456"):
        assert part not in redacted


def test_a_known_key_is_removed_whatever_it_looks_like() -> None:
    assert redact(f"the server says {KEY} is bad", [None, KEY]) == f"the server says {MASK} is bad"


@pytest.mark.parametrize(
    "text",
    [
        "Rate limit reached for gpt-5 in organization org-123 on tokens per min",
        "Maximum context length is 8192 tokens",
        "The model `task-solver` does not exist",
        "Bearer of bad news",
        "Unrecognized request argument: skip_special_tokens",
        "a skyscraper, pkg_resources.find",
        '{"url":"http://host","mail":"me@example.org"}',
        "http://host/path/@me",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=40), st.text(max_size=40), st.from_regex(r"[A-Za-z0-9_-]{8,40}", fullmatch=True))
def test_a_known_key_never_survives(before: str, after: str, key: str) -> None:
    assert key not in redact(f"{before}{key}{after}", [key]).replace(MASK, "")


@pytest.mark.parametrize(
    "text",
    [
        f"Your key {KEY} is bad; Authorization: Bearer {KEY}",
        f"authorization: Basic {KEY}, x-api-key={KEY}",
        f"http://{KEY}:{KEY}@host and http://me:{KEY}@host",
        f"Bearer x{KEY}",
        f"sk-abcdefgh{KEY}",
    ],
)
def test_a_key_that_is_removed_leaves_no_stump(text: str) -> None:
    redacted = redact(text, [KEY])
    assert "removed" not in redacted.replace(MASK, "")
    assert redact(redacted, [KEY]) == redacted


pieces = st.sampled_from(
    [
        KEY,
        MASK,
        "Bearer ",
        "Basic ",
        "api_key=",
        "authorization: ",
        "http://",
        ":",
        "@host",
        "sk-",
        "abcd1234",
        " ",
        '"',
    ]
)


@given(st.lists(pieces, max_size=8).map("".join))
def test_redaction_done_twice_changes_nothing(text: str) -> None:
    once = redact(text, [KEY])
    assert redact(once, [KEY]) == once
    assert KEY not in once


def test_a_key_that_begins_with_another_is_removed_whole() -> None:
    assert remove_keys("long-key-and-more", ["long-key", "long-key-and-more"]) == MASK


@given(st.text(max_size=60))
def test_only_the_keys_themselves_are_removed(text: str) -> None:
    assert remove_keys(text, [KEY, ""]) == text.replace(KEY, MASK)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("EMPTY", False), ("not-needed", False), ("lm-studio", False), ("anything", False), ("a1b2", False),
        ("sk-1234abcd", True), (KEY, True), ("abcdEFGH", True), ("a-rather-long-passphrase", True),
    ],
)  # fmt: skip
def test_words_that_servers_take_for_a_key_are_no_secrets(key: str, expected: bool) -> None:
    assert is_secret(key) is expected


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_error_without_a_text_shows_no_key() -> None:
    assert is_clean(MuteError(), [KEY])


def test_a_chain_of_errors_is_clean_only_if_no_link_shows_a_key() -> None:
    outer = ValueError("outer")
    outer.__cause__ = KeyError("inner")
    assert is_clean(outer, [KEY])
    outer.__cause__.__context__ = OSError(f"with {KEY}")
    assert not is_clean(outer, [KEY])


def test_a_circle_of_errors_ends() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    assert is_clean(one)


SECRET = "Zx81/not+a-usual:key 42"


@pytest.mark.parametrize("secret", [SECRET, "sk-" + "q7" * 12, 'Zx81-not"a\\usual-kéy'])
@pytest.mark.parametrize("around", ["", "u:", "me:", "you:"])
def test_a_key_is_recognised_in_the_forms_that_servers_give_it(secret: str, around: str) -> None:
    plain = (around + secret).encode()
    forms = [
        secret, quote(secret, safe=""), base64.b64encode(plain).decode(),
        json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.urlsafe_b64encode(plain + b"??").decode(),
        plain.hex(), plain.hex().upper(), f"{secret[:5]}***{secret[-4:]}", f"{secret[:4]}...{secret[-2:]}",
        f"**********{secret[-4:]}", f"{secret[:8]}\N{HORIZONTAL ELLIPSIS}",
    ]  # fmt: skip
    for form in forms:
        said = redact(f"the key {form}; is bad", [secret])
        assert MASK in said
        assert secret[:4] not in said
        assert secret[-4:] not in said
        assert form not in said
        assert said.startswith("the key ")
        assert said.endswith("is bad")


def test_a_word_that_serves_as_a_key_is_only_removed_as_it_is() -> None:
    assert forms_of("EMPTY") == ("EMPTY",)
    assert redact("EMPT***; RU1QVFk=", ["EMPTY"]) == "EMPT***; RU1QVFk="


@given(st.text(max_size=40), st.text(min_size=8, max_size=40))
def test_any_key_has_forms_and_any_text_can_be_searched(text: str, key: str) -> None:
    assert key in forms_of(key)
    assert all(len(form) >= 8 for form in forms_of(key))
    redact(text, [key])


@pytest.mark.parametrize(
    "name", ["API_KEY", "ANY_API_KEY", "WATSONX_APIKEY", "HF_TOKEN", "DB_PASSWORD", "CLIENT_SECRET"]
)
def test_keys_and_passwords_of_the_environment_are_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, KEY)
    assert KEY in keys_of_environment()
    monkeypatch.setenv(name, "short")
    assert "short" not in keys_of_environment()
