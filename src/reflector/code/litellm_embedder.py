"""Vectors from an embedding model behind litellm."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from reflector.code.embedder import normalized
from reflector.errors import ConfigurationError, LLMError, LLMServerError
from reflector.llm.litellm_client import embed
from reflector.llm.retry import Retrier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LiteLLMEmbedder"]


class LiteLLMEmbedder:
    """An embedding model that litellm can reach, such as `"openai/text-embedding-3-small"`.

    Args:
        model: The model's name as litellm writes it.
        base_url: An OpenAI-compatible server.
        api_key: None: the provider's own variable.
        dimensions: How long the vectors shall be, for models that let one choose.
        batch: Texts of one request; four requests are under way at once.
        timeout: Seconds for one request, retries included.
        retrier: How failed requests are tried again.
    """

    weight = 0.8

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        dimensions: int | None = None,
        batch: int = 64,
        timeout: float = 120.0,
        retrier: Retrier | None = None,
    ) -> None:
        if batch < 1 or (dimensions is not None and dimensions < 1):
            raise ConfigurationError(f"batch and dimensions are above 0; got {batch!r} and {dimensions!r}.")
        self.id = f"litellm:{model}" + (f":{dimensions}" if dimensions else "")
        self._settings: dict[str, Any] = {"base_url": base_url, "api_key": api_key, "dimensions": dimensions}
        self._model, self._batch, self._timeout = model, batch, timeout
        self._retrier = retrier or Retrier()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each text, shape (n, d).

        Raises:
            LLMError: If the model could not be asked.
        """
        import numpy as np

        # A thread of its own: the caller's may have an event loop that runs.
        with ThreadPoolExecutor(1) as pool:
            rows = pool.submit(anyio.run, self._embed_all, texts).result()
        sizes = {len(row) for row in rows}
        if len(rows) != len(texts) or len(sizes) > 1:
            raise LLMServerError(
                f"{self._model} was asked for {len(texts)} vectors; it gave {len(rows)}, of lengths {sorted(sizes)}.",
                model=self._model,
            )
        return normalized(np.array(rows, np.float32).reshape(len(rows), -1))

    async def _embed_all(self, texts: Sequence[str]) -> list[list[float]]:
        found: dict[int, list[list[float]]] = {}
        failures: list[BaseExceptionGroup[LLMError]] = []
        limiter = anyio.CapacityLimiter(4)

        async def ask(start: int) -> None:
            # A text without any character is refused by many servers.
            batch = [text or " " for text in texts[start : start + self._batch]]
            attempt = partial(embed, self._model, batch, timeout=self._timeout, **self._settings)
            async with limiter:
                found[start], _ = await self._retrier.call(attempt, timeout=self._timeout, model=self._model)

        starts = range(0, len(texts), self._batch)
        try:
            async with anyio.create_task_group() as asking:
                for start in starts:
                    asking.start_soon(ask, start)
        except* LLMError as group:
            failures.append(group)
        if failures:
            raise _first(failures[0]) from None  # of several that failed at once, one is enough to know
        return [row for start in starts for row in found[start]]


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
