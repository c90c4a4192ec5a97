"""BM25 by tantivy, in a folder beside the store: for large trees. The one door to it, an extra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reflector.code.store import Store
from reflector.code.words import words_of
from reflector.errors import ConfigurationError, IndexDamagedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TantivyWords"]

_HITS = 1000
"""Scored for a query; all others count as without any of its words."""
_HEAP_BYTES = 64_000_000
_PAGE = 5000


class TantivyWords:
    """The same face as `BM25`: a score for each chunk of a store.

    Args:
        store: The file of the code index.
        numbers: Of the chunks that are scored, in the order of the scores.

    Raises:
        ConfigurationError: If tantivy is not installed.
        IndexDamagedError: If the folder holds no index of ours.
    """

    def __init__(self, store: Path, numbers: Sequence[int] = ()) -> None:
        try:
            import tantivy
        except ImportError as err:
            raise ConfigurationError(
                "this index looks words up by tantivy: `pip install reflector-agents[tantivy]`."
            ) from err
        self._tantivy: Any = tantivy
        self._folder = store.with_name(f"{store.name}.tantivy")
        self._folder.mkdir(exist_ok=True)
        self._rows = {number: row for row, number in enumerate(numbers)}
        builder = tantivy.SchemaBuilder()
        builder.add_integer_field("number", stored=False, indexed=True, fast=True)
        builder.add_text_field("words", stored=False, tokenizer_name="whitespace", index_option="freq")
        self._schema: Any = builder.build()
        try:
            self._index: Any = tantivy.Index(self._schema, path=str(self._folder))
        except (ValueError, OSError) as err:
            raise IndexDamagedError(
                f"{self._folder} cannot be used by tantivy ({err}); delete it and index again."
            ) from err

    def update(self, store: Store) -> None:
        """Take over what the store has gained and lost, in one commit: killed before it, the next run does it."""
        searcher = self._index.searcher()
        held = set(self._numbers(searcher, self._tantivy.Query.all_query(), searcher.num_docs)[0])
        wanted = set(store.numbers())
        writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        for number in held - wanted:
            writer.delete_documents_by_term("number", number)
        missing = sorted(wanted - held)
        for start in range(0, len(missing), _PAGE):
            for number, chunk in store.numbered(missing[start : start + _PAGE]):
                words = " ".join(words_of(chunk.document))
                writer.add_document(self._tantivy.Document(number=number, words=words))
        writer.commit()
        writer.wait_merging_threads()

    def scores(self, query: str) -> NDArray[np.float32]:
        """Return the score of each chunk, shape (n,): 0 for those beyond the best thousand."""
        import numpy as np

        scores = np.zeros(len(self._rows), np.float32)
        terms = [
            (self._tantivy.Occur.Should, self._tantivy.Query.term_query(self._schema, "words", word))
            for word in dict.fromkeys(words_of(query))
        ]
        if terms:
            self._index.reload()
            asked = self._tantivy.Query.boolean_query(terms)
            for number, score in zip(*self._numbers(self._index.searcher(), asked, _HITS), strict=True):
                if (row := self._rows.get(number)) is not None:
                    scores[row] = score
        return scores

    def _numbers(self, searcher: Any, query: Any, limit: int) -> tuple[list[int], list[float]]:
        """Return the numbers of the chunks that a query finds, and their scores."""
        hits = searcher.search(query, max(limit, 1), count=False).hits
        numbers = searcher.fast_field_values("number", [address for _, address in hits])
        return numbers, [score for score, _ in hits]
