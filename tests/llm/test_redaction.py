"""What must not leave: it is found, nothing else is, and placeholders stand for the same thing throughout."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reflector as rf
from reflector.errors import ConfigurationError
from reflector.llm.messages import Message, ModelRequest
from reflector.llm.redaction import Redactor

KEY = "sk-proj-" + "a1B2" * 8
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcDEF123_-xyz"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("write to jo.doe+x@mail.example.org.", "write to <email-1>."),
        (f"the key {KEY} is bad", "the key <key-1> is bad"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer <key-1>"),
        ("Authorization: Bearer abc123def456ghi", "Authorization: Bearer <key-1>"),
        ("password = 'correct-h0rse-battery'", "password = '<key-1>'"),
        ('{"api_key": "0123456789abcdef"}', '{"api_key": "<key-1>"}'),
        ("postgres://me:hunter2@db/x", "postgres://<key-1>@db/x"),
        (r'"{\"password\": \"correct-horse-42\"}"', r'"{\"password\": \"<key-1>\"}"'),
        ("postgres://me:hun@ter2@db/x", "postgres://<key-1>@db/x"),
        ("AKIAIOSFODNN7EXAMPLE", "<key-1>"),
        ("ghp_" + "a1" * 15, "<key-1>"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/=\nMIIEowMIIEow\n-----END RSA PRIVATE KEY-----",
            "<key-1>",
        ),
    ],
)
def test_what_is_secret_is_replaced(text: str, sent: str) -> None:
    assert Redactor().begin().text(text) == sent


@pytest.mark.parametrize(
    "text",
    [
        "NameError: name 'sk_learn' is not defined", "skyscrapers",
        "hfill-in-the-blanks", "a@b.sum() and x@np.linalg.inv(y)",
        "api_key = os.environ['OPENAI_API_KEY']", "@decorator.name", "the password is long", "user@host",
        "https://example.org:8080/a@b", "secret: see the second paragraph", "token = tokenizer.next_token()",
    ],
)  # fmt: skip
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor().begin().text(text) == text


def test_the_same_has_the_same_placeholder_and_another_another() -> None:
    redaction = Redactor().begin()
    assert redaction.text("a@x.org b@x.org a@x.org") == "<email-1> <email-2> <email-1>"
    assert redaction.text("b@x.org") == "<email-2>"
    assert Redactor().begin().text("b@x.org") == "<email-1>"


def test_a_placeholder_that_the_text_has_already_is_passed_over() -> None:
    assert Redactor().begin().text("<email-1> a@x.org") == "<email-1> <email-2>"


def test_known_keys_go_in_every_form_even_without_patterns() -> None:
    redaction = Redactor(keys=False, emails=False).begin([KEY, "EMPTY"])
    encoded = base64.b64encode(f"user:{KEY}".encode()).decode()
    sent = redaction.text(f"{KEY} {encoded} EMPTY a@x.org")
    assert KEY not in sent
    assert encoded[8:-4] not in sent
    assert sent.startswith("<key-")
    assert sent.endswith("EMPTY a@x.org")


def test_patterns_and_a_function_of_ones_own() -> None:
    redactor = Redactor(emails=False, patterns={"order": r"order (?P<value>\d+)"}, function=str.upper)
    assert redactor.begin().text("order 17 of a@x.org") == "ORDER <ORDER-1> OF A@X.ORG"


def test_all_texts_of_a_value_are_replaced_and_the_rest_is_the_same() -> None:
    clean = Message(role="user", content="nothing")
    request = ModelRequest(
        messages=(clean, Message(role="user", content="a@x.org")),
        extra={"a@x.org": ["b@x.org", 1, None, {"deep": ("a@x.org", 2.5)}]},
    )
    redaction = Redactor().begin()
    sent = redaction.value(request)
    assert sent.messages[0] is clean
    assert sent.messages[1].content == "<email-1>"
    assert sent.extra == {"<email-1>": ["<email-2>", 1, None, {"deep": ("<email-1>", 2.5)}]}
    assert redaction.value(sent) is sent


def test_only_what_stands_in_a_text_is_restored() -> None:
    redaction = Redactor().begin()
    redaction.text("a@x.org b@x.org")
    said = ["ask <email-1>", "not <email-2>, nor <email-9>"]
    assert redaction.restored(said, "Write to a@x.org.") == ["ask a@x.org", "not <email-2>, nor <email-9>"]
    assert redaction.restored(said, "nobody") is said


@given(
    st.text(),
    st.lists(st.sampled_from(["a@x.org", KEY, TOKEN, "<email-1>", " ", "x", "://a:b@"]), max_size=12),
)
def test_nothing_secret_survives_and_all_of_it_comes_back(text: str, parts: list[str]) -> None:
    whole = " ".join(parts) + text
    redaction = Redactor().begin()
    sent = redaction.text(whole)
    assert KEY not in sent
    assert " a@x.org " not in sent
    assert redaction.text(sent) == sent
    if "<email" not in whole:
        assert redaction.restored(sent, whole) == whole


@pytest.mark.parametrize("text", ["a" * 200_000, "a@" * 100_000, "://a:" * 50_000, "eyJ" + "a" * 200_000,
                                  "@" * 100_000, "-----BEGIN PRIVATE KEY-----" * 4_000, "password=" * 9_000,
                                  "sk-1" * 50_000])  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    assert Redactor().begin().text(text)


@pytest.mark.parametrize(
    "options",
    [
        {"patterns": {"a": "("}}, {"patterns": {"a": 1}}, {"patterns": {"A b": "x"}}, {"patterns": {1: "x"}},
        {"function": "x"},
    ],
)  # fmt: skip
def test_senseless_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Redactor(**options)


def test_a_function_that_returns_no_text_is_a_typed_error() -> None:
    with pytest.raises(ConfigurationError, match="returned None"):
        Redactor(function=lambda text: None).begin().text("x")  # type: ignore[arg-type, return-value]


_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"


@pytest.mark.parametrize(
    "text",
    [
        rf"key: -----BEGIN PRIVATE KEY-----\n{_BODY}\n{_BODY}\n-----END PRIVATE KEY----- and more",
        rf"key: -----BEGIN RSA PRIVATE KEY-----\n{_BODY}\n{_BODY}… and more",
        f"key: -----BEGIN PRIVATE KEY-----\n{_BODY}\n{_BODY}\n[cut] and more",
    ],
    ids=["escaped", "escaped and cut", "cut"],
)
def test_a_private_key_is_found_in_json_and_without_its_end(text: str) -> None:
    shown = rf.Redactor().begin().text(text)
    assert _BODY not in shown
    assert shown.startswith("key: <key-1>")
    assert shown.endswith("and more")
