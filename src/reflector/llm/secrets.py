"""Keep keys out of everything that is written, shown or sent on."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from reflector._text import text_of
from reflector.llm.messages import ModelReply

__all__ = [
    "LONGEST_TEXT",
    "MASK",
    "forms_of",
    "is_clean",
    "is_secret",
    "keys_of",
    "keys_of_environment",
    "redact",
    "remove_keys",
    "without_keys",
]

MASK = "[key removed]"
LONGEST_TEXT = 20_000
"""Characters of what an error says that are searched for keys; the rest is not shown."""

# Prefixes that providers give their keys; then headers and JSON or query fields that hold one. No value begins
# with or runs across a bracket: a key that is removed already stays as it is.
_KEY = re.compile(
    r"\b(?:(?:sk|pk|rk|gsk|xai|hf|ghp|gho|github_pat|r8|nvapi|pplx|tgp|csk|fw)[-_]|AIza|AKIA)[A-Za-z0-9*_.-]{8,}"
    # a name, a password or both in a URL
    rf"|(?<=://)(?:{re.escape(MASK)}|[^/?#\s\[\"'<>])+(?=@)"
    r"|(?<=\b[Bb]earer )[^\s\"',;}\[]{4,}"
    r"|(?<=\b[Bb]asic )[A-Za-z0-9+/=]{8,}"
)
_FIELD = re.compile(
    r"(?i)(\b(?:x-)?(?:api[-_ ]?key|apikey|access[-_]token|authorization|secret|password|passwd)\b"
    r"\\*[\"']?\s*[:=]\s*\\*[\"']?)"
    r"(?!(?:bearer|basic)\b)([^\s\"',;&}\[]{4,})"
)
"""A field that holds a key: its name stays, its value goes."""


def redact(text: str, known: Iterable[str | None] = ()) -> str:
    """Return `text` without the `known` keys and without anything that looks like a key.

    A known key is also removed where a server quotes only its beginning or its end, as
    "Incorrect API key provided: sk-ab***wxyz" does, or writes it in base64, in hex or as part of a URL.
    """
    keys = [key for key in known if key and len(key) >= 4]
    text = remove_keys(text, keys)
    text = _KEY.sub(MASK, text)
    return _FIELD.sub(lambda match: match.group(1) + MASK, text)


def remove_keys(text: str, keys: Iterable[str]) -> str:
    """Return `text` without exactly these keys, as they are, encoded or shown in part; nothing else in it changes.

    >>> remove_keys("the key is Zx81-4711", ["Zx81-4711"])
    'the key is [key removed]'
    """
    # The longest first, because one key may begin with another; the mark itself is never searched.
    keys = {key for key in keys if key and key not in MASK}
    forms = {form for key in keys for form in forms_of(key)}
    found = sorted((form for form in forms if form in text), key=len, reverse=True)
    if found:
        text = re.sub("|".join(re.escape(form) for form in found), MASK, text)
    for key in keys:
        if is_secret(key) and (key[:4] in text or key[-4:] in text):
            text = _masked(key).sub(MASK, text)
    return text


def without_keys(reply: ModelReply, keys: Iterable[str | None]) -> ModelReply:
    """Return the reply without the keys: a gateway may quote the one it was sent in an answer that looks fine.

    Only the keys themselves go, and only those that no answer holds by chance.
    """
    secrets = [key for key in keys if key and is_secret(key)]
    if not secrets:
        return reply
    texts = {name: text for name in ("content", "reasoning", "model") if (text := getattr(reply, name))}
    update = {name: kept for name, text in texts.items() if (kept := remove_keys(text, secrets)) is not text}
    return reply.model_copy(update=update) if update else reply


@lru_cache(256)
def forms_of(key: str) -> tuple[str, ...]:
    """Return a key as it is and, when nobody writes it by chance, as others write it: JSON, URL, hex, base64.

    In base64 a key looks different at each of three places in the text around it; what it does not share with its
    neighbours is looked for.
    """
    if not is_secret(key):
        return (key,)
    raw = key.encode("utf-8", "surrogatepass")
    forms = {key, quote(key, safe=""), raw.hex(), raw.hex().upper()}
    forms |= {json.dumps(key, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        inner = whole[(0, 2, 3)[offset] : len(whole) - (1 if (offset + len(raw)) % 3 else 0)]
        forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return tuple(forms)


@lru_cache(256)
def _masked(key: str) -> re.Pattern[str]:
    """Return what a key looks like that is shown in part: beginning, end or both, around what hides the rest."""
    hidden = r"(?:[*•…]{2,}|…|\.{2,})"
    begin, end = re.escape(key[:4]), re.escape(key[-4:])
    return re.compile(rf"{begin}[^\s*•….\"']*{hidden}[^\s\"'),;]*|{hidden}[^\s*•….\"']*{end}")


_seen: tuple[dict[Any, Any], tuple[str, ...]] = ({}, ())
"""The environment as it was when it was last searched, and the keys in it."""


def keys_of_environment() -> tuple[str, ...]:
    """Return the values of all variables that hold a key: a server may quote the one that a library found."""
    global _seen
    # What `os.environ` decodes at each look; to compare it takes a fiftieth of the time of a search.
    raw = getattr(os.environ, "_data", os.environ)
    known, keys = _seen
    if raw != known:
        before = dict(raw)
        endings = ("_API_KEY", "_APIKEY", "_TOKEN", "_SECRET", "_SECRET_ACCESS_KEY", "_PASSWORD")
        names = [name for name in list(os.environ) if f"_{name}".endswith(endings)]
        values = [os.environ.get(name, "").strip() for name in names]
        keys = tuple(value for value in values if len(value) >= 8)
        _seen = before, keys
    return keys


def keys_of(client: Any) -> tuple[str, ...]:
    """Return the keys that a client uses: its own, if it has a method `keys`, and those of the environment."""
    tell = getattr(client, "keys", None)
    return (*(tell() if callable(tell) else ()), *keys_of_environment())


def is_secret(key: str) -> bool:
    """Return whether a key is one that nobody writes by chance.

    Servers of one's own take any word as a key, `EMPTY` or `not-needed`; such a word may well be part
    of an answer, and is no secret.
    """
    is_of_words = re.fullmatch(r"[a-z_-]*|[A-Z_-]*", key) is not None
    return len(key) >= (12 if is_of_words else 8)


def is_clean(err: BaseException, known: Iterable[str | None] = ()) -> bool:
    """Return whether `err`, with its notes, its parts and everything behind it, shows no key.

    What is too long to be looked through counts as showing one.
    """
    known = tuple(known)
    waiting: list[BaseException | None] = [err]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        said = "\n".join([text_of(each), *map(str, getattr(each, "__notes__", ()))])
        if len(said) > LONGEST_TEXT or redact(said, known) != said:
            return False
        waiting += [each.__cause__, each.__context__]
        waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
    return True
