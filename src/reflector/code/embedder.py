"""What turns texts into vectors, and the default: hashed words that need no model and no download."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from reflector.code.words import words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Embedder", "HashingEmbedder", "normalized"]


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors. `reflector.testing.embedder_suite` holds what every embedder must do."""

    @property
    def id(self) -> str:
        """What the vectors depend on. Vectors of different ids are never compared."""
        ...

    @property
    def weight(self) -> float:
        """Between 0 and 1: how much its similarity counts in a search beside BM25."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector for each text, shape (n, d). May block: it is called in worker threads.

        The same text gets the same vector, whatever it is embedded together with.
        """
        ...


_SIZE = 512
_GRAM = 4
_GRAMS_WEIGHT = 0.7
_COMMON = frozenset(
    str.split("""
    self return if the a of to is in and for not none def else or as with it this that raise from import
    an be class true false try except on by are elif len str int arg args kwargs name cls value
    isinstance type function var let const new null public private static void fn
    """)
)
_COMMON_WEIGHT = 0.15


class HashingEmbedder:
    """Words of split identifiers and their four-letter pieces, hashed into 512 numbers. Deterministic everywhere.

    Each word counts `1 + log(how often)`, words that say nothing about code (`self`, `return`) a fraction of it. The
    pieces let `retries` find `retry`.
    """

    id = "hashing:1"
    weight = 0.5
    """Measured on docstrings of the standard library: `tests/benchmarks/bench_code.py`."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        if not texts:
            return np.zeros((0, _SIZE), np.float32)
        counts = [Counter(words_of(text)) for text in texts]
        words = list(dict.fromkeys(chain.from_iterable(counts)))
        number = {word: index for index, word in enumerate(words)}
        features = [_features(word) for word in words]
        sizes = np.fromiter(map(len, features), np.int64, len(words))
        places = np.fromiter(chain.from_iterable(features), np.dtype((np.float64, 2)), int(sizes.sum()))
        begins = np.cumsum(sizes) - sizes

        # One entry for each word of each text, then one for each feature of each of those.
        of_words = np.fromiter((number[word] for each in counts for word in each), np.int64)
        weights = np.fromiter((_weight(*item) for each in counts for item in each.items()), np.float64)
        of_texts = np.repeat(np.arange(len(texts)), [len(each) for each in counts])
        spread = sizes[of_words]
        inside = np.arange(int(spread.sum())) - np.repeat(np.cumsum(spread) - spread, spread)
        taken = places[np.repeat(begins[of_words], spread) + inside]
        cells = np.repeat(of_texts, spread) * _SIZE + taken[:, 0].astype(np.int64)
        sums = np.bincount(cells, taken[:, 1] * np.repeat(weights, spread), len(texts) * _SIZE)
        return normalized(sums.reshape(len(texts), _SIZE).astype(np.float32))


def normalized(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows with length 1, rows of zeros as they are."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return result


def _weight(word: str, count: int) -> float:
    common = word in _COMMON or len(word) == 1 or word.isdigit()
    return (1.0 + math.log(count)) * (_COMMON_WEIGHT if common else 1.0)


@lru_cache(20_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """Return the places of a word and, above three letters, of its pieces, each with a signed weight."""
    pieces = (
        [f"^{word}$"[start : start + _GRAM] for start in range(len(word) - 1)] if 3 < len(word) < 100 else []
    )
    share = _GRAMS_WEIGHT / math.sqrt(len(pieces) or 1)
    found = []
    for feature, weight in [(f"w{word}", 1.0), *((f"t{piece}", share) for piece in pieces)]:
        digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=5).digest()
        found.append((int.from_bytes(digest[:4], "little") % _SIZE, weight if digest[4] & 1 else -weight))
    return tuple(found)
