"""Vectors from a MiniLM (BERT) model on this machine, by numpy. The one door to tokenizers, an extra."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reflector._json import loads
from reflector.code.embedder import normalized
from reflector.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ALL_MINILM_L6_V2", "MiniLM"]

ALL_MINILM_L6_V2 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2."""

_LONGEST = 256
"""Tokens of a text that are read, as the model was trained."""
_BATCH_TOKENS = 4096


class MiniLM:
    """A sentence embedder of the BERT family, read from a folder that you have. Nothing is downloaded.

    Args:
        folder: Holds `model.safetensors`, `tokenizer.json` and `config.json`.
        sha256: What the hash of the weights must be.

    Raises:
        ConfigurationError: If something is missing, the weights are other ones, or `tokenizers` is not installed.
    """

    weight = 0.8

    def __init__(self, folder: str | Path, *, sha256: str = ALL_MINILM_L6_V2) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError as err:
            raise ConfigurationError(
                "MiniLM needs the package tokenizers: `pip install reflector-agents[minilm]`."
            ) from err
        data, tokenizer, config = (
            _read(Path(folder) / name) for name in ("model.safetensors", "tokenizer.json", "config.json")
        )
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise ConfigurationError(
                f"the weights in {folder} have the hash {found}, expected was {sha256}. "
                "For weights that you trust, pass their hash as sha256=."
            )
        try:
            self._weights = _tensors(data)
            settings = loads(config)
            self._heads = int(settings["num_attention_heads"])
            self._layers = int(settings["num_hidden_layers"])
            self._epsilon = float(settings.get("layer_norm_eps", 1e-12))
            self._tokenizer = Tokenizer.from_str(tokenizer.decode("utf-8"))
        except (
            Exception
        ) as err:  # tokenizers raises bare exceptions; everything here means the folder is unfit
            raise ConfigurationError(f"{folder} holds no readable MiniLM model: {err}") from err
        self._tokenizer.no_padding()
        positions = len(self._weights["embeddings.position_embeddings.weight"])
        self._tokenizer.enable_truncation(min(_LONGEST, positions))
        self._lock = threading.Lock()
        self.id = f"minilm:{found[:16]}:{hashlib.sha256(tokenizer).hexdigest()[:8]}"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector of length 1 for each text, shape (n, d): the mean of its tokens' last states."""
        import numpy as np

        size = self._weights["embeddings.word_embeddings.weight"].shape[1]
        result = np.zeros((len(texts), size), np.float32)
        with self._lock:
            rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        for batch in _batches(rows):
            result[batch] = self._forward([rows[index] for index in batch])
        return normalized(result)

    def _forward(self, rows: list[list[int]]) -> NDArray[np.float32]:
        """Return the mean of the last states, shape (n, d), for texts as token ids."""
        import numpy as np

        length = max(map(len, rows))
        ids = np.zeros((len(rows), length), np.int64)
        mask = np.zeros((len(rows), length), np.float32)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        state = (
            self._weights["embeddings.word_embeddings.weight"][ids]
            + self._weights["embeddings.position_embeddings.weight"][:length]
            + self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        state = self._norm(state, "embeddings.LayerNorm")
        hidden = (mask[:, None, None, :] - 1) * np.float32(1e9)
        for layer in range(self._layers):
            name = f"encoder.layer.{layer}"
            mixed = self._dense(self._attention(state, hidden, name), f"{name}.attention.output.dense")
            state = self._norm(state + mixed, f"{name}.attention.output.LayerNorm")
            wide = _gelu(self._dense(state, f"{name}.intermediate.dense"))
            state = self._norm(state + self._dense(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        total: NDArray[np.float32] = np.einsum("nld,nl->nd", state, mask)
        total /= mask.sum(axis=1, keepdims=True)
        return total

    def _attention(
        self, state: NDArray[np.float32], hidden: NDArray[np.float32], name: str
    ) -> NDArray[np.float32]:
        """Return what every token takes from the others, shape (n, l, d). `hidden`, shape (n, 1, 1, l), is added."""
        import numpy as np

        count, length, size = state.shape
        query, key, value = (
            self._dense(state, f"{name}.attention.self.{part}")
            .reshape(count, length, self._heads, size // self._heads)
            .transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2)
        scores *= 1 / math.sqrt(size // self._heads)
        scores += hidden
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed: NDArray[np.float32] = np.matmul(scores, value, dtype=np.float32).transpose(0, 2, 1, 3)
        return mixed.reshape(count, length, size)

    def _dense(self, state: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        count, length, size = state.shape
        flat = state.reshape(-1, size) @ self._weights[f"{name}.weight"].T
        flat += self._weights[f"{name}.bias"]
        result: NDArray[np.float32] = flat.reshape(count, length, -1)
        return result

    def _norm(self, state: NDArray[np.float32], name: str) -> NDArray[np.float32]:
        import numpy as np

        state = state - state.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.einsum("nld,nld->nl", state, state) / state.shape[-1] + self._epsilon)
        state /= spread[..., None]
        state *= self._weights[f"{name}.weight"]
        state += self._weights[f"{name}.bias"]
        return state


def _gelu(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return x·Φ(x), the error function by Abramowitz and Stegun 7.1.26 (absolute error below 1.5e-7)."""
    import numpy as np

    scaled = np.abs(values) * np.float32(math.sqrt(0.5))
    near = 1 / (1 + np.float32(0.3275911) * scaled)
    tail = near * np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail += np.float32(factor)
        tail *= near
    scaled *= -scaled
    tail *= np.exp(scaled, out=scaled)
    result: NDArray[np.float32] = 0.5 * values * (1 + np.copysign(1 - tail, values))
    return result


def _batches(rows: list[list[int]]) -> list[list[int]]:
    """Return the numbers of the texts in batches of alike length, so that little is padded."""
    batches: list[list[int]] = []
    for index in sorted(range(len(rows)), key=lambda index: -len(rows[index])):
        if batches and (len(batches[-1]) + 1) * len(rows[batches[-1][0]]) <= _BATCH_TOKENS:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches


def _tensors(data: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the 32-bit tensors of a safetensors file.

    Raises:
        ValueError: If it is none.
    """
    import numpy as np

    length = int.from_bytes(data[:8], "little")
    header: dict[str, Any] = loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = entry["data_offsets"]
            values = np.frombuffer(data[8 + length + start : 8 + length + end], np.float32)
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise ConfigurationError(f"{path} cannot be read: {err.strerror}.") from err
