"""What every embedder must do, as functions: run each of `EMBEDDER_CHECKS` on an embedder of yours.

```python
@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
def test_my_embedder(check):
    check(MyEmbedder())
```
"""

from __future__ import annotations

from collections.abc import Callable

from reflector.code.embedder import Embedder

__all__ = ["EMBEDDER_CHECKS"]

_TEXTS = ["def retry(times):\n    return times", "class Größe:\n    pass", "", "x" * 20_000, "\x00 \x1b"]


def names_itself(embedder: Embedder) -> None:
    """It is an embedder, with an id and a weight that a search can use."""
    assert isinstance(embedder, Embedder)
    assert isinstance(embedder.id, str)
    assert embedder.id
    assert 0 <= embedder.weight <= 1


def gives_a_row_per_text(embedder: Embedder) -> None:
    """One finite vector for each text, all of a length, single precision; long and empty texts too."""
    import numpy as np

    vectors = embedder.embed(_TEXTS)
    assert (len(vectors), vectors.ndim, str(vectors.dtype)) == (len(_TEXTS), 2, "float32")
    assert np.isfinite(vectors).all()
    lengths = np.linalg.norm(vectors, axis=1)
    assert all(abs(length - 1) < 1e-3 or length == 0 for length in lengths)


def depends_on_the_text_only(embedder: Embedder) -> None:
    """A text has the same vector alone, among others, and a second time."""
    import numpy as np

    together = embedder.embed(_TEXTS)
    for index, text in enumerate(_TEXTS):
        assert np.allclose(embedder.embed([text])[0], together[index], atol=1e-5)


EMBEDDER_CHECKS: tuple[Callable[[Embedder], None], ...] = (
    names_itself,
    gives_a_row_per_text,
    depends_on_the_text_only,
)
