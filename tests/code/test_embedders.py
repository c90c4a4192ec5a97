"""Embedders: alike texts get alike vectors, the same text always the same, and every failure is typed."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

import reflector as rf
from reflector.code.embedder import Embedder
from reflector.llm.retry import Retrier
from reflector.testing.answers import server_error, unauthorized
from reflector.testing.embedder_suite import EMBEDDER_CHECKS
from reflector.testing.loopback import LoopbackServer


@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
def test_hashing_conforms(check: Callable[[Embedder], None]) -> None:
    check(rf.HashingEmbedder())


def test_hashing_knows_word_forms_and_parts_of_names() -> None:
    query, *texts = rf.HashingEmbedder().embed(
        [
            "retry the connection",
            "def retries_connections(): ...",
            "def parseHTMLTable(): ...",
            "RetryConnection",
        ]
    )
    like = [float(query @ text) for text in texts]
    assert like[2] > like[0] > like[1]
    assert like[0] > 0.15


def test_hashing_is_the_same_on_every_machine() -> None:
    vector = rf.HashingEmbedder().embed(["def parse_header(line): return line"])[0]
    assert hashlib.sha256((vector * 1000).round().astype("<i4").tobytes()).hexdigest()[:16] == EXPECTED_DIGEST


EXPECTED_DIGEST = "7fa1c2334f0aee8f"


@given(st.lists(st.text(max_size=30), max_size=8))
@settings(max_examples=50, deadline=None)
def test_hashing_takes_any_text(texts: list[str]) -> None:
    vectors = rf.HashingEmbedder().embed(texts)
    assert vectors.shape == (len(texts), 512)
    for text, vector in zip(texts, vectors, strict=True):
        assert np.array_equal(rf.HashingEmbedder().embed([text])[0], vector)


# --- litellm -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
def test_litellm_conforms(check: Callable[[Embedder], None]) -> None:
    with LoopbackServer() as server:
        check(rf.LiteLLMEmbedder("loopback", base_url=server.base_url, batch=2))


@pytest.mark.slow
@pytest.mark.anyio
async def test_an_index_by_a_model_behind_litellm(tmp_path: Path) -> None:
    """Also searched from within an event loop."""
    (tmp_path / "a.py").write_text("def f():\n    pass\n\ndef g():\n    pass\n")
    with LoopbackServer(api_key="sk-secret") as server:
        embedder = rf.LiteLLMEmbedder("loopback", base_url=server.base_url, api_key="sk-secret")
        index = await rf.CodeIndex.build(tmp_path / "a.py", store=tmp_path / "i.db", embedder=embedder)
        assert index.search("f")[0].name == "f"
        assert [len(request.texts) for request in server.requests] == [2, 1]
        refused = rf.LiteLLMEmbedder("loopback", base_url=server.base_url, api_key="sk-wrong-key")
        with pytest.raises(rf.LLMAuthenticationError) as caught:
            refused.embed(["x"])
        assert "sk-wrong-key" not in str(caught.value)
    assert embedder.id == "litellm:loopback"


@pytest.mark.slow
def test_a_server_that_fails_is_asked_again() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    with LoopbackServer([server_error(), None]) as server:
        embedder = rf.LiteLLMEmbedder("loopback", base_url=server.base_url, retrier=Retrier(sleep=sleep))
        assert embedder.embed(["x"]).shape == (1, 8)
        assert len(waits) == 1
        assert len(server.requests) == 2
    with LoopbackServer(unauthorized()) as server, pytest.raises(rf.LLMAuthenticationError):
        rf.LiteLLMEmbedder("loopback", base_url=server.base_url).embed(["x"] * 200)
    with pytest.raises(rf.ConfigurationError, match="above 0"):
        rf.LiteLLMEmbedder("m", batch=0)


# --- MiniLM --------------------------------------------------------------------------------------------------

SIZE, HEADS, LAYERS, WIDE = 8, 2, 2, 16
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "def", "retry", "class", "x"]


def tensors() -> dict[str, Any]:
    """Return small weights of the family's names and shapes, made up."""
    random = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), SIZE),
        "embeddings.position_embeddings.weight": (12, SIZE),
        "embeddings.token_type_embeddings.weight": (2, SIZE),
        "embeddings.LayerNorm.weight": (SIZE,),
        "embeddings.LayerNorm.bias": (SIZE,),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part in (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ):
            shapes[f"{name}.{part}.weight"], shapes[f"{name}.{part}.bias"] = (SIZE, SIZE), (SIZE,)
        shapes[f"{name}.intermediate.dense.weight"] = (WIDE, SIZE)
        shapes[f"{name}.intermediate.dense.bias"] = (WIDE,)
        shapes[f"{name}.output.dense.weight"], shapes[f"{name}.output.dense.bias"] = (SIZE, WIDE), (SIZE,)
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"{name}.{part}.weight"], shapes[f"{name}.{part}.bias"] = (SIZE,), (SIZE,)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("minilm")
    header, body = {}, b""
    for name, values in tensors().items():
        header[name] = {
            "dtype": "F32",
            "shape": values.shape,
            "data_offsets": [len(body), len(body) + values.nbytes],
        }
        body += values.tobytes()
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
    settings = {"num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "layer_norm_eps": 1e-12}
    (folder / "config.json").write_text(json.dumps(settings))
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def digest_of(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def by_hand(ids: list[int]) -> Any:
    """Return the vector of a text as the definition of BERT says, token by token."""
    w = tensors()

    def norm(row: Any, name: str) -> Any:
        row = (row - row.mean()) / math.sqrt(row.var() + 1e-12)
        return row * w[f"{name}.weight"] + w[f"{name}.bias"]

    def dense(row: Any, name: str) -> Any:
        return w[f"{name}.weight"] @ row + w[f"{name}.bias"]

    rows = [
        norm(
            w["embeddings.word_embeddings.weight"][token]
            + w["embeddings.position_embeddings.weight"][place]
            + w["embeddings.token_type_embeddings.weight"][0],
            "embeddings.LayerNorm",
        )
        for place, token in enumerate(ids)
    ]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        q, k, v = (
            [dense(row, f"{name}.attention.self.{part}") for row in rows]
            for part in ("query", "key", "value")
        )
        mixed = []
        for place in range(len(rows)):
            out = np.zeros(SIZE)
            for head in range(HEADS):
                part = slice(head * SIZE // HEADS, (head + 1) * SIZE // HEADS)
                scores = np.array([q[place][part] @ key[part] for key in k]) / math.sqrt(SIZE // HEADS)
                share = np.exp(scores - scores.max())
                out[part] = sum(s * value[part] for s, value in zip(share / share.sum(), v, strict=True))
            mixed.append(out)
        rows = [
            norm(row + dense(out, f"{name}.attention.output.dense"), f"{name}.attention.output.LayerNorm")
            for row, out in zip(rows, mixed, strict=True)
        ]
        wide = [dense(row, f"{name}.intermediate.dense") for row in rows]
        gelu = [np.array([x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in row]) for row in wide]
        rows = [
            norm(row + dense(out, f"{name}.output.dense"), f"{name}.output.LayerNorm")
            for row, out in zip(rows, gelu, strict=True)
        ]
    mean = np.mean(rows, axis=0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("check", EMBEDDER_CHECKS, ids=lambda check: check.__name__)
def test_minilm_conforms(check: Callable[[Embedder], None], folder: Path) -> None:
    check(rf.MiniLM(folder, sha256=digest_of(folder)))


def test_minilm_computes_what_bert_is_defined_to(folder: Path) -> None:
    model = rf.MiniLM(folder, sha256=digest_of(folder))
    vectors = model.embed(["def retry x", "class", "def retry x", "x " * 50])
    assert np.allclose(vectors[0], by_hand([2, 4, 5, 7, 3]), atol=1e-5)
    assert np.allclose(vectors[1], by_hand([2, 6, 3]), atol=1e-5)
    assert np.allclose(
        vectors[3], by_hand([2, *[7] * 10, 3]), atol=1e-5
    )  # cut at the twelve positions there are


def test_weights_that_are_not_the_expected_ones_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(rf.ConfigurationError, match="have the hash"):
        rf.MiniLM(folder)
    with pytest.raises(rf.ConfigurationError, match="cannot be read"):
        rf.MiniLM(tmp_path)
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(rf.ConfigurationError, match="no readable MiniLM"):
        rf.MiniLM(tmp_path, sha256=digest_of(tmp_path))
