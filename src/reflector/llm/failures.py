"""From what a provider or a client raised to the error that says what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reflector._clock import aware
from reflector._text import clean, one_line, text_of
from reflector.errors import (
    ContentFilteredError,
    ContextLengthError,
    EmptyAnswerError,
    LLMAuthenticationError,
    LLMBadRequestError,
    LLMConnectionError,
    LLMError,
    LLMServerError,
    LLMTimeoutError,
    QuotaExceededError,
    RateLimitedError,
    ReflectorError,
    UnknownModelError,
)
from reflector.llm.secrets import LONGEST_TEXT, is_clean, redact
from reflector.llm.wording import show_model

__all__ = ["failure_of", "llm_error", "parse_retry_after"]


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


# What providers write. Status codes decide first; these tell apart what shares a code.
_QUOTA = _pattern(
    r"insufficient[_ ]quota",
    r"exceeded your (?:current|monthly|daily) quota",
    r"billing[_ ](?:hard[_ ]limit|details|is not active|not active)",
    r"credit balance",
    r"(?:out of|insufficient|not enough) (?:credits?|balance|funds)",
    r"payment required",
    r"(?:spend(?:ing)?|hard|budget) limit",
)
# Says a wait, so it is a limit of the rate, whatever it calls itself: Google's "quota" per minute.
_WAIT = re.compile(
    r"(?:try again in|retry in|retry after|retrydelay\W{1,6})\s*"
    r"(?:(\d{1,9})\s*h(?:ours?)?(?![a-z])\s*)?(?:(\d{1,9})\s*m(?:in(?:ute)?s?)?(?![a-z])\s*)?"
    r"(?:(\d{1,9}(?:\.\d+)?)\s*(ms|milliseconds?|s(?:ec(?:ond)?s?)?)\b)?",
    re.IGNORECASE,
)
_CONTEXT = _pattern(
    r"context[_ ](?:length|window)",
    r"maximum context",
    r"(?:prompt|input) is too long",
    r"too many (?:input )?tokens",
    r"reduce the length",
    r"exceeds? the (?:model'?s )?(?:maximum|max)[^.]{0,40}tokens",
    r"max_model_len",
)
_TOO_LARGE = _pattern(r"request (?:entity )?too large", r"payload too large", r"error code: 413")
_FILTERED = _pattern(
    r"content[_ ](?:filter|policy|management)",
    r"responsible ?ai",
    r"safety (?:system|settings?|filters?|reasons?)",
    r"flagged (?:as|by)",
    r"usage polic(?:y|ies)",
)
_NO_MODEL = _pattern(
    r"model[_ ]not[_ ]found",
    r"(?:no such|unknown|invalid) model",
    r"model\b.{0,80}\b(?:does not exist|not found|is not supported)",
    r"provider not provided",
    r"not a valid model",
)
_NO_KEY = _pattern(
    r"(?:invalid|incorrect|missing|no) (?:x-)?api[_ -]?key",
    r"invalid[_ ]api[_ ]key",
    r"api[_ ]key (?:not valid|client option must be set)",
    r"(?:missing|no) credentials",
    r"unauthori[sz]ed",
    r"authentication[_ ](?:error|fails?)",
    r"permission[_ ]denied",
)
# Raised by litellm and the providers' own libraries before anything is sent, with a status that is made up.
_KEY_IS_UNSET = _pattern(
    r"(?:missing|no) credentials",
    r"unable to locate credentials",
    r"missing (?:[\w`'-]+ )?api[ _]key",
    r"api[ _]key (?:client option )?must be set",
    r"\b[A-Z][A-Z0-9_]*_API_KEY\W? (?:is|was) (?:not set|missing|required)",
)
_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9_]*_(?:API_KEY|TOKEN|ACCESS_KEY)\b")
_UNREACHABLE = _pattern(
    r"connection (?:error|refused|reset|aborted|closed|timeout)",
    r"cannot connect|connect call failed|failed to connect",
    r"server disconnected|remote end closed|peer closed|broken pipe",
    r"name or service not known|name resolution|network is unreachable|no route to host",
)

# No connection ever stood, so nothing was sent.
_NEVER_SENT = _pattern(
    r"connection refused|all connection attempts failed",
    r"cannot connect|connect call failed|failed to connect",
    r"name or service not known|name resolution|network is unreachable|no route to host",
)

# Until 1.104 litellm made a server's failure of it.
_NO_CHOICES = _pattern(r"returned a response with no 'choices'")

_TIMEOUT_CLASSES = frozenset({"Timeout", "TimeoutError", "TimeoutException", "APITimeoutError"})
_CONNECTION_CLASSES = frozenset(
    {"ConnectionError", "TransportError", "ClientConnectionError", "APIConnectionError", "gaierror"}
)
# litellm's class for everything it cannot name, so the class alone says nothing about a connection.
_CATCH_ALL = "litellm.exceptions"


def llm_error(err: BaseException, *, model: str | None = None, keys: Iterable[str | None] = ()) -> LLMError:
    """Return the error of ours for what a provider's library or a client raised.

    Judged by the HTTP status, then by the provider's words, then by the classes in the chain of
    causes. The text is one line, without keys, tracebacks or the library's own prefixes.

    Args:
        err: The original; the caller raises ours `from` it.
        model: The model's name.
        keys: Keys that were used, removed from the text wherever they stand.
    """
    if isinstance(err, LLMError):
        return err
    said = redact(text_of(err)[:LONGEST_TEXT], keys)
    status = _status(err)
    kind, advice = _classify(err, status, said)
    who = f"{show_model(model)}: " if model else ""
    quoted = _quote(said)
    message = f"{who}{advice}" + (f" ({quoted})" if quoted else "")
    if kind is RateLimitedError:
        return RateLimitedError(message, model=model, retry_after=_wait_asked_for(err, said))
    error = kind(message, model=model)
    is_unsent = kind is LLMConnectionError and (
        _NEVER_SENT.search(said) or any(isinstance(each, ConnectionRefusedError) for each in _causes(err))
    )
    error.was_sent = not is_unsent
    return error


def failure_of(
    err: Exception, *, model: str | None, keys: Iterable[str | None]
) -> tuple[ReflectorError, BaseException | None]:
    """Return the error of ours for what a provider's library or a client raised, and its cause: neither shows a key.

    One that is of ours already stays as it is, unless there is a key in it or behind it.
    """
    while isinstance(err, ExceptionGroup) and len(err.exceptions) == 1:
        err = err.exceptions[0]  # a task group's, around what was raised
    keys = tuple(keys)
    is_safe = is_clean(err, keys)
    if not isinstance(err, ReflectorError):
        return llm_error(err, model=model, keys=keys), err if is_safe else None
    return (err, err.__cause__) if is_safe else (_redacted(err, keys), None)


def _redacted(err: ReflectorError, keys: Iterable[str | None]) -> ReflectorError:
    """Return an error of the same kind with the same facts, and nothing behind it."""
    ours = (kind for kind in type(err).__mro__ if kind.__module__ == ReflectorError.__module__)
    kind: type[ReflectorError] = next(ours)
    twin = kind.__new__(kind)
    vars(twin).update({name: fact for name, fact in vars(err).items() if name != "__notes__"})
    twin.args = (redact(text_of(err)[:LONGEST_TEXT], keys),)
    return twin


def _classify(err: BaseException, status: int | None, said: str) -> tuple[type[LLMError], str]:
    chain = list(_causes(err))
    if status in (408, 504) or (status is None and _is_one_of(chain, _TIMEOUT_CLASSES)):
        return LLMTimeoutError, "the model did not answer in time"
    if status == 429:
        is_final = re.search(r"insufficient[_ ]quota", said, re.IGNORECASE) is not None
        if is_final or (_QUOTA.search(said) and _wait_asked_for(err, said) is None):
            return QuotaExceededError, "the account's quota or credit is used up; no retry will help"
        if _TOO_LARGE.search(said):
            return ContextLengthError, "the request is too large for this model; shorten the prompt"
        return RateLimitedError, "the provider limits the rate of requests"
    if (status is None or status == 401 or status >= 500) and _KEY_IS_UNSET.search(said):
        return LLMAuthenticationError, _say_how_to_give_a_key(said)
    if status is not None and status < 500:
        return _classify_refusal(status, said)
    if _UNREACHABLE.search(said) or _is_one_of(chain, _CONNECTION_CLASSES):
        return LLMConnectionError, "the model's server could not be reached, or broke the connection"
    if _NO_CHOICES.search(said):
        return EmptyAnswerError, "the server answered without any choice"
    if status is not None:
        return LLMServerError, f"the model's server failed or did not speak its protocol (status {status})"
    if isinstance(chain[-1], OSError) and chain[-1].filename is None:  # else it is about a file
        return LLMConnectionError, "the model's server could not be reached"
    return LLMError, f"the model client raised {type(chain[-1]).__name__}"


def _say_how_to_give_a_key(said: str) -> str:
    variable = _VARIABLE.search(said)
    which = variable.group() if variable else "the provider's variable"
    return f"the key is missing; set {which} or REFLECTOR_API_KEY, or give api_key="


# Providers put several of these under 400, so the words come before the code.
_REFUSALS: tuple[tuple[Callable[[int, str], object], type[LLMError], str], ...] = (
    (lambda status, said: status == 402 or _QUOTA.search(said), QuotaExceededError,
     "the account's quota or credit is used up; no retry will help"),
    (lambda status, said: status == 401 or (status in (400, 403) and _NO_KEY.search(said)), LLMAuthenticationError,
     "the key is missing or wrong; check api_key or the provider's variable"),
    (lambda status, said: status == 413 or _CONTEXT.search(said) or _TOO_LARGE.search(said), ContextLengthError,
     "the prompt is longer than the model's context window; shorten it"),
    (lambda status, said: _FILTERED.search(said), ContentFilteredError,
     "the provider's content filter blocked the request"),
    (lambda status, said: status == 403, LLMAuthenticationError,
     "the key is not allowed to use this model"),
    (lambda status, said: status == 404 or _NO_MODEL.search(said), UnknownModelError,
     "no such model at this server; check the model's name and the base URL"),
)  # fmt: skip


def _classify_refusal(status: int, said: str) -> tuple[type[LLMError], str]:
    for applies, kind, advice in _REFUSALS:
        if applies(status, said):
            return kind, advice
    return LLMBadRequestError, f"the provider refused the request (status {status})"


def parse_retry_after(
    value: str | None, *, milliseconds: str | None = None, now: datetime | None = None
) -> float | None:
    """Return the seconds that a `Retry-After` header asks to wait, or None when it says nothing readable.

    Both forms of RFC 9110 are read, a number of seconds and an HTTP date; a date in the past is 0.
    OpenAI's `retry-after-ms` wins over both.
    """
    for text, unit in ((milliseconds, 1000.0), (value, 1.0)):
        try:
            seconds = float((text or "").strip().removesuffix("s")) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        when = parsedate_to_datetime(value or "")
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0.0, (aware(when) - (now or datetime.now(UTC))).total_seconds())


def _wait_asked_for(err: BaseException, said: str) -> float | None:
    """Return the seconds to wait that the headers name, or the text: `Please try again in 1m2.5s`."""
    asked = parse_retry_after(_header(err, "retry-after"), milliseconds=_header(err, "retry-after-ms"))
    match = _WAIT.search(said)
    if asked is not None or match is None or not any(match.groups()):
        return asked
    hours, minutes, seconds, unit = match.groups()
    last = float(seconds or 0) / (1000 if unit and unit[0] in "mM" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + last


def _status(err: BaseException) -> int | None:
    """Return the HTTP status an exception carries; a status that litellm made up for its catch-all is none."""
    if type(err).__name__ == "APIConnectionError":
        return None
    for holder in (err, getattr(err, "response", None)):
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            text = str(value) if isinstance(value, int | str) else ""
            if len(text) == 3 and text.isdecimal() and 400 <= int(text) < 600:
                return int(text)
    return None


def _header(err: BaseException, name: str) -> str | None:
    # litellm keeps the provider's headers on its own attribute; `response.headers` is empty there.
    for headers in (
        getattr(err, "litellm_response_headers", None),
        getattr(getattr(err, "response", None), "headers", None),
        getattr(err, "headers", None),
    ):
        if callable(items := getattr(headers, "items", None)):  # those of urllib are no Mapping
            for key, value in items():
                if str(key).lower() == name:
                    return str(value)
    return None


def _causes(err: BaseException) -> Iterable[BaseException]:
    current: BaseException | None = err
    for _ in range(10):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__


def _is_one_of(chain: list[BaseException], names: frozenset[str]) -> bool:
    for err in chain:
        if type(err).__module__ == _CATCH_ALL and type(err).__name__ == "APIConnectionError":
            continue
        if any(parent.__name__ in names for parent in type(err).__mro__):
            return True
    return False


_PREFIX = re.compile(r"^(?:litellm\.)?\w*(?:Error|Exception|Timeout)\s*[:-]\s*")
_NOISE = re.compile(
    r"Traceback \(most recent call last\)|Received Model Group=|\n\s*Available Model Group|LiteLLM Retried"
    r"|This looks like a bug in LiteLLM"
)


def _quote(said: str) -> str:
    """Return the server's own words: without the library's prefixes, tracebacks and notes."""
    noise = _NOISE.search(said)
    said = said[: noise.start()] if noise else said
    said = said.strip()
    while (match := _PREFIX.match(said)) is not None:
        said = said[match.end() :]
    return one_line(clean(said), 240)
