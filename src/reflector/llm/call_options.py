"""Which optional parameters a model takes: what is known before the call, and what its server refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reflector._logging import get_logger
from reflector.errors import LLMBadRequestError, LLMError, LLMServerError
from reflector.llm.wording import show_model

__all__ = ["CallOptions"]

_log = get_logger(__name__)

_NOT_OPTIONAL = frozenset(
    {"model", "messages", "api_base", "api_key", "timeout", "max_retries", "drop_params", "stream"}
)
_FORMAT = re.compile(
    r"response_format|json_schema|json_object|structured[ _]outputs?|guided|grammar", re.IGNORECASE
)
# What servers say about a parameter that they do not know, apart from one whose value is wrong.
_UNKNOWN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected"
    r"|(?:not|n't) (?:permitted|allowed|recogni[sz]ed|available)|extra (?:inputs?|fields?)|only the default|deprecated"
    r"|no such (?:parameter|argument|field)",
    re.IGNORECASE,
)
_JSON_OBJECT = {"type": "json_object"}


class CallOptions:
    """The optional parameters of calls to one model, without those that it does not take.

    A schema that is refused becomes `json_object`, that becomes nothing; `max_tokens` becomes
    `max_completion_tokens`, so that an answer keeps its limit wherever one is taken; anything else is left out,
    from then on.

    Args:
        model: Named in the log.
        takes_schema: Asked for a request with a JSON schema: whether the model takes one; None when nobody knows.
    """

    def __init__(self, model: str, takes_schema: Callable[[], bool | None]) -> None:
        self._model = model
        self._takes_schema = takes_schema
        self._left_out: set[str] = set()

    def fit(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options of a call as far as the model takes them."""
        kept = {name: value for name, value in options.items() if name not in self._left_out}
        instead = "max_completion_tokens"
        if "max_tokens" in options and "max_tokens" in self._left_out and instead not in self._left_out:
            kept.setdefault(instead, options["max_tokens"])
        if _is_schema(kept.get("response_format")) and (
            "json_schema" in self._left_out or self._takes_schema() is False
        ):
            kept["response_format"] = _JSON_OBJECT
        return kept

    def learn(self, err: LLMError, call: dict[str, Any]) -> bool:
        """Return whether a call failed because of a parameter that the next one leaves out."""
        name = _refused(err, call)
        if name is None:
            return False
        if name not in self._left_out:  # else another call has learnt it while this one was under way
            self._left_out.add(name)
            _log.warning("option left out", model=show_model(self._model), option=name)
        return True


def _is_schema(wanted: Any) -> bool:
    return isinstance(wanted, dict) and wanted.get("type") == "json_schema"


def _refused(err: LLMError, call: dict[str, Any]) -> str | None:
    """Return the option that an error is about, or None when it is about something else."""
    said = str(err)
    is_refusal = type(err) is LLMBadRequestError
    if "response_format" in call and (is_refusal or isinstance(err, LLMServerError)) and _FORMAT.search(said):
        return "json_schema" if _is_schema(call["response_format"]) else "response_format"
    if not is_refusal or not _UNKNOWN.search(said):
        return None
    named = (
        name
        for name in call
        if name not in _NOT_OPTIONAL and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said)
    )
    return next(named, None)
