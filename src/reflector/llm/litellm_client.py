"""Models behind litellm. The one door to it, opened at the first call and never on the event loop."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import anyio.lowlevel
import anyio.to_thread

from reflector.errors import LLMError
from reflector.llm.call_options import CallOptions
from reflector.llm.connections import called_here, close_with_loop, is_trio, run_on_asyncio
from reflector.llm.failures import failure_of
from reflector.llm.leaks import without_leak
from reflector.llm.litellm_calls import (
    build_call,
    check_settings,
    password_of,
    read_response,
    show_url,
)
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.pricing import ModelFacts, facts_from_map
from reflector.llm.progress import Watch, current_watch
from reflector.llm.secrets import keys_of_environment, without_keys
from reflector.llm.streaming import gather

__all__ = ["LiteLLMClient", "embed"]

PLACEHOLDER_KEY = "no-key"
"""Sent to a server of one's own when there is no key: the protocol wants one."""

# Read by litellm while it is imported: no download of prices or headers, no stray .env file.
_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_MODE": "PRODUCTION",
}

# Imported by litellm in the course of the first call: a second that would count as the model's time.
_LATE = (
    "litellm.proxy.openai_files_endpoints.common_utils",
    "litellm._service_logger",
    "litellm.llms.github_copilot.per_user_auth",
)
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")


class LiteLLMClient:
    """Any model that litellm can reach, with our errors. One request for each call; `Model` tries again.

    Works on asyncio directly and on trio through an asyncio loop in a thread. A cancelled call closes
    its connection. Connections are shared by all clients of an event loop and closed when the loop ends.

    Args:
        model: The model's name as litellm writes it, `"openai/gpt-5"`. With `base_url`, a name
            without a provider is one of an OpenAI-compatible server.
        base_url: Where the server listens, `"http://127.0.0.1:8000/v1"`.
        api_key: None: the provider's own variable, else a placeholder when `base_url` is given.
        timeout: Seconds that the server may be silent when the request names no time.

    Raises:
        ConfigurationError: If a setting cannot be one.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 600.0,
    ) -> None:
        base_url = base_url.strip() if isinstance(base_url, str) else base_url
        check_settings(model, base_url, api_key, timeout)
        self._model = model.strip()
        self._base_url = base_url
        self._api_key = api_key
        self._timeout = timeout
        self._route: dict[str, Any] | None = None
        self._options = CallOptions(self._model, self._takes_schema)

    @property
    def name(self) -> str:
        """The model's name as it was given."""
        return self._model

    @property
    def base_url(self) -> str | None:
        return self._base_url

    def __repr__(self) -> str:
        where = f", base_url={show_url(self._base_url)}" if self._base_url else ""
        return f"LiteLLMClient({self._model!r}{where})"

    async def warmup(self) -> None:
        """Load litellm in a worker thread: seconds, once per process. `complete` does it when needed."""
        if self._route is None:
            if _Door.litellm is None:
                await anyio.to_thread.run_sync(_load, abandon_on_cancel=True)
            self._route = _route(self._model, self._base_url, self._api_key)

    def keys(self) -> tuple[str, ...]:
        """Return the keys that it was given. They go nowhere but to its server."""
        return tuple(key for key in (self._api_key, password_of(self._base_url)) if key)

    def facts(self) -> ModelFacts:
        """Return what litellm knows of the model, once it is warmed up; no server is asked."""
        model = self._model if self._route is None else self._route["model"]
        return facts_from_map(model, _Door.litellm.model_cost if _Door.litellm is not None else {})

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the model's answer to one request; the time limit of the whole call is `Model`'s.

        Raises:
            LLMError: As the subclass that says what happened; no key stands in its text.
        """
        await self.warmup()
        timeout = request.timeout or self._timeout
        call = build_call(request, self._options, timeout=timeout) | (self._route or {})
        watch = current_watch()
        if watch is not None:
            call |= {"stream": True} | self._options.fit({"stream_options": {"include_usage": True}})
        keys = (self._api_key, call["api_key"], password_of(self._base_url), *keys_of_environment())
        try:
            if is_trio():
                response = await run_on_asyncio(_complete, call, watch and called_here(watch))
            else:
                response = await _complete(call, watch)
            return without_keys(read_response(response, self._model), keys)
        except Exception as err:  # the border to litellm: everything is re-typed
            failure, cause = failure_of(err, model=self._model, keys=keys)
            if failure is err:
                raise
        if isinstance(failure, LLMError):
            failure.mended = self._options.learn(failure, call)
        # Outside of the handler, so that an original that quotes a key does not hang on as its context.
        raise failure from cause

    def _takes_schema(self) -> bool | None:
        """Return whether litellm knows that the model takes a JSON schema; None where it does not know the model."""
        litellm, model = _Door.litellm, (self._route or {"model": self._model})["model"]
        if not {model, model.partition("/")[2]} & litellm.model_cost.keys():
            return None
        return bool(litellm.supports_response_schema(model=model))


class _TrueZero(int):
    """litellm takes a number of retries that is false for its default of two, in embeddings (1.110, openai.py)."""

    def __bool__(self) -> bool:
        return True


_NO_RETRIES = _TrueZero(0)


async def embed(
    model: str,
    texts: Sequence[str],
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    dimensions: int | None = None,
    timeout: float = 120.0,  # noqa: ASYNC109 - litellm's own
) -> list[list[float]]:
    """Return the vector of each text, in one request to an embedding model that is not repeated.

    Raises:
        LLMError: As the subclass that says what happened; no key stands in its text.
    """
    check_settings(model, base_url, api_key, timeout)
    if _Door.litellm is None:
        await anyio.to_thread.run_sync(_load, abandon_on_cancel=True)
    call = _route(model, base_url, api_key) | {"input": list(texts), "timeout": timeout}
    call |= {"max_retries": _NO_RETRIES} | ({"dimensions": dimensions} if dimensions else {})
    try:
        response = await (run_on_asyncio(_embed, call) if is_trio() else _embed(call))
        return [row["embedding"] for row in sorted(response.data, key=lambda row: row["index"])]
    except Exception as err:  # the border to litellm: everything is re-typed
        keys = (api_key, call["api_key"], password_of(base_url), *keys_of_environment())
        failure, cause = failure_of(err, model=model, keys=keys)
        if failure is err:
            raise
    raise failure from cause


# --- the door ----------------------------------------------------------------------------------------------


class _Door:
    """What is known once litellm is loaded."""

    litellm: Any = None
    is_internal: contextvars.ContextVar[bool] | None = None
    """litellm's mark for calls that it does not report to callbacks."""


_lock = threading.Lock()


def _load() -> None:
    """Import litellm so that it asks no network, reads no file and prints nothing.

    Nothing that changes the calls of a host that uses litellm too is touched: no `drop_params`,
    `num_retries`, callbacks or cache.

    Raises:
        LLMError: If it cannot be imported.
    """
    with _lock:
        if _Door.litellm is not None:
            return
        is_ours = "litellm" not in sys.modules
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            import litellm

            # Both happen at the first call otherwise: a second on the event loop, and warnings that
            # litellm's own filters no longer hold back where a test suite has reset them.
            importlib.import_module("openai.resources")
            litellm.ModelResponse(choices=[litellm.Choices(message=litellm.Message(content=""))])
            types = importlib.import_module("litellm.types.utils")
            types.ModelResponseStream(choices=[types.StreamingChoices(delta=types.Delta(content=""))])
        except ImportError as err:
            raise LLMError(
                f"litellm cannot be imported ({err}); repair it with `pip install litellm`."
            ) from err
        with warnings.catch_warnings():  # what its modules do to pydantic is not for our users to mend
            warnings.simplefilter("ignore")
            for name in _LATE:  # litellm's own business: others have other ones
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
        litellm.suppress_debug_info = True  # banners on stdout at every failure
        if is_ours and "LITELLM_LOG" not in os.environ:
            for name in _LOGGERS:
                logging.getLogger(name).setLevel(logging.CRITICAL)
        with contextlib.suppress(ImportError, AttributeError):  # litellm's own business: older ones have none
            _Door.is_internal = importlib.import_module("litellm._internal_context").is_internal_call
        _Door.litellm = litellm


def _is_watched(litellm: Any) -> bool:
    """Return whether the host asked litellm for reports of its calls."""
    lists = (
        "callbacks",
        "success_callback",
        "failure_callback",
        "_async_success_callback",
        "_async_failure_callback",
    )
    return any(getattr(litellm, name, None) for name in lists)


@contextlib.contextmanager
def _unreported() -> Iterator[Any]:
    """Yield litellm, its reporting off for calls inside unless the host asked for it.

    Reporting leaves a worker task in the event loop and takes a fifth of a call's time, for nobody.
    """
    if _Door.is_internal is None or _is_watched(_Door.litellm):
        yield _Door.litellm
        return
    token = _Door.is_internal.set(True)
    try:
        yield _Door.litellm
    finally:
        _Door.is_internal.reset(token)


def _route(model: str, base_url: str | None, api_key: str | None) -> dict[str, Any]:
    """Return the arguments that say where to: model with its provider, base URL, key."""
    api_key = api_key and api_key.strip()
    if base_url is None:
        return {"model": model, "api_key": api_key}
    provider = model.partition("/")[0] if "/" in model else ""
    if provider not in {getattr(known, "value", known) for known in _Door.litellm.provider_list}:
        provider, model = "openai", f"openai/{model}"
    if api_key is None and not os.environ.get(f"{provider.upper()}_API_KEY"):
        api_key = PLACEHOLDER_KEY
    return {"model": model, "api_base": base_url, "api_key": api_key}


# --- one request -------------------------------------------------------------------------------------------


async def _complete(call: dict[str, Any], watch: Watch | None) -> Any:
    await close_with_loop(_Door.litellm)
    await anyio.lowlevel.checkpoint_if_cancelled()
    with _unreported() as litellm:
        response = await without_leak(litellm.acompletion(**call))
        return (
            response if watch is None or not hasattr(response, "__aiter__") else await gather(response, watch)
        )


async def _embed(call: dict[str, Any]) -> Any:
    await close_with_loop(_Door.litellm)
    await anyio.lowlevel.checkpoint_if_cancelled()
    with _unreported() as litellm:
        return await without_leak(litellm.aembedding(**call))
