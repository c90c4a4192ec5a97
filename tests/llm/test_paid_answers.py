"""What a store of answers may do to the calls of a model."""

from __future__ import annotations

from typing import Any

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
