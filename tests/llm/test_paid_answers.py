"""What a store of answers may do to the calls of a model."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

import reflector as rf
from reflector.llm.paid_answers import request_fingerprint
from reflector.llm.scripted import ScriptedClient

pytestmark = pytest.mark.anyio

REQUEST = rf.ModelRequest.from_text("why?")


@pytest.mark.parametrize("kept", [{"x": 1}, ["text"], {"content": ""}])
async def test_what_a_store_holds_that_is_no_answer_is_damage(kept: Any) -> None:
    store = rf.AnswerStore()
    model = rf.Model(ScriptedClient(["because"]), store=store)
    store.put(request_fingerprint(model.client, REQUEST), kept)
    with pytest.raises(rf.StoreDamagedError, match="no answer of a model"):
        await model.complete(REQUEST)


async def test_a_server_may_be_told_as_any_object_that_shows_a_url() -> None:
    class Client:
        name = "m"

        def __init__(self, base_url: Any) -> None:
            self.base_url = base_url

    clients = [Client("http://one.example/v1"), Client(httpx.URL("http://one.example/v1"))]
    assert len({request_fingerprint(client, REQUEST) for client in clients}) == 1
    assert request_fingerprint(Client(httpx.URL("http://two.example/v1")), REQUEST) != request_fingerprint(
        clients[0], REQUEST
    )
