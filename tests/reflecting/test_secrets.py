"""A key is found nowhere but on the wire; what is hidden from the model comes back only where it stood before."""

from __future__ import annotations

import base64
import json
import logging
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import pytest

import reflector as rf
from reflector._json import dumps
from reflector.llm.scripted import ScriptedClient
from reflector.testing import answers
from reflector.testing.loopback import LoopbackRequest, LoopbackServer

pytestmark = pytest.mark.anyio

ENVIRONMENT_KEY = "zq9/Env+Key-4711-" + "aB3" * 6
REQUEST_KEY = "wx7-Request-Key-0815-" + "dE5" * 6
KEYS = (ENVIRONMENT_KEY, REQUEST_KEY)
PROMPT = "Help the customers of jo@shop.example.\n\n## Rules\n\n- Send questions to jo@shop.example."
GOOD = json.dumps(
    {
        "analysis": "The agent wrote to <email-2> although the prompt names <email-1>, in step 3 of the run.",
        "root_causes": ["x"],
        "suggestions": [
            {
                "type": "modify", "category": "clarity", "description": "Say that only <email-1> gets mail",
                "rationale": "Step 3 wrote to <email-2>", "priority": "high",
                "specific_text": "- Send questions only to <email-1>, never to <email-2>.",
                "target_section": "- Send questions to <email-1>.",
            }
        ],
    }
)  # fmt: skip


def run_with(*texts: str) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": PROMPT},
        {"role": "user", "content": texts[0]},
        *({"role": "assistant", "content": text} for text in texts[1:]),
    ]


def forms_of(key: str) -> list[str]:
    """Return a key as servers quote it."""
    encoded = base64.b64encode(f"user:{key}".encode()).decode()
    return [key, quote(key, safe=""), encoded, f"{key[:7]}****{key[-4:]}", key.encode().hex()]


def traces_of(text: str) -> list[str]:
    """Return what of the keys can be found in a text: any eight characters, in any form."""
    found = []
    for key in KEYS:
        for form in (
            key,
            quote(key, safe=""),
            key.encode().hex(),
            base64.b64encode(b"user:" + key.encode()).decode(),
        ):
            pieces = {form[at : at + 12] for at in range(len(form) - 12)}
            found += [
                piece for piece in pieces if piece in text and piece not in ("dXNlcjp6cTkv", "dXNlcjp3eDct")
            ]
        if f"{key[:7]}****" in text or f"****{key[-4:]}" in text:
            found.append(f"masked {key[:4]}")
    return found


ECHOES = [
    lambda said: answers.error(401, f"Incorrect API key provided: {said}", code="invalid_api_key"),
    lambda said: answers.error(400, f"bad header Authorization: Bearer {said}"),
    lambda said: answers.error(429, f"key {said}: limit reached, try again in 100s"),
    lambda said: answers.server_error(500, f"Traceback: proxy failed with x-api-key={said}"),
    lambda said: answers.reply(f"I cannot help. Debug: {said}"),
    lambda said: answers.reply(json.loads(GOOD)["analysis"] + f" The key was {said}."),
]


class Everything:
    """Whatever somebody could look at afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[str] = []
        self.signals: list[rf.Signal] = []

    def text(self) -> str:
        files = [file.read_bytes().decode("latin-1") for file in sorted(self.folder.iterdir())]
        signals = [dumps(signal.to_dict()).decode() for signal in self.signals]
        return "\n".join([*self.seen, *signals, *files])


@pytest.fixture
def everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Everything]:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_API_KEY", ENVIRONMENT_KEY)
    found = Everything(tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield found
    assert not traces_of("\n".join(str(each.message) for each in caught))
    assert not traces_of(caplog.text)


async def reflect(everything: Everything, model: Any, **options: Any) -> None:
    """Reflect on a run that holds both keys, and keep whatever there is to see."""
    run = run_with(f"My key is {ENVIRONMENT_KEY}, or {REQUEST_KEY}.", *(forms_of(ENVIRONMENT_KEY)[:2]))
    reflector = rf.Reflector(model, **options)
    everything.seen += [repr(reflector), repr(model)]
    path = everything.folder / "run.journal"
    async with rf.SqliteJournal(path) as journal, rf.Runtime(journal=journal) as runtime:
        runtime.subscribe("**", everything.signals.append)
        runtime.subscribe("reflector.model.progressed", everything.signals.append)
        try:
            reflection = await reflector.reflect(run, task=f"Use {REQUEST_KEY}.")
            everything.seen += [
                repr(reflection),
                reflection.model_dump_json(),
                json.dumps(reflection.summary()),
            ]
        except rf.ReflectorError as err:
            everything.seen += ["".join(traceback.format_exception(err)), repr(err), repr(vars(err))]
    if reflector.ledger is not None:
        everything.seen += [reflector.ledger.table(), reflector.ledger.to_json().decode()]


@pytest.mark.parametrize("echo", range(len(ECHOES)))
async def test_a_key_is_found_nowhere_whatever_the_server_says(everything: Everything, echo: int) -> None:
    """Not in logs, signals, journal, store, errors, warnings, ledger or report."""
    sent = []

    def answer(request: LoopbackRequest) -> Any:
        sent.append(request.headers["authorization"])
        return ECHOES[echo](" and ".join(form for key in KEYS for form in forms_of(key)))

    async with LoopbackServer(answer) as server:
        with rf.AnswerStore(everything.folder / "answers.db") as store:
            options = rf.ModelOptions(retry=rf.RetryPolicy(attempts=1))
            model = rf.Model(
                "openai/any", base_url=server.base_url, api_key=REQUEST_KEY, options=options, store=store
            )
            await reflect(everything, model)
        bodies = [json.dumps(dict(request.body)) for request in server.requests]
    assert set(sent) == {f"Bearer {REQUEST_KEY}"}
    assert bodies
    assert not traces_of("".join(bodies)), "the model was shown a key"
    assert "<key-1>" in bodies[0]
    assert "<key-2>" in bodies[0]
    assert everything.signals
    assert not traces_of(everything.text())


@pytest.mark.parametrize("is_error", [False, True])
async def test_nor_what_a_function_of_ones_own_says(everything: Everything, is_error: bool) -> None:
    said = " and ".join(forms_of(ENVIRONMENT_KEY))

    def model(messages: list[dict[str, str]]) -> str:
        if is_error:
            raise RuntimeError(f"POST failed, api key {said}")
        return f"I cannot help. {said}"

    run = run_with("A question", f"the key is {ENVIRONMENT_KEY}")
    async with rf.SqliteJournal(everything.folder / "j") as journal, rf.Runtime(journal=journal) as runtime:
        runtime.subscribe("**", everything.signals.append)
        with pytest.raises(rf.ReflectorError) as caught:
            await rf.Reflector(model).reflect(run)
    everything.seen += ["".join(traceback.format_exception(caught.value)), repr(caught.value)]
    assert not traces_of(everything.text())


# --- what a redactor hides ---


async def test_what_is_hidden_comes_back_only_where_it_stood_before() -> None:
    client = ScriptedClient([GOOD])
    reflector = rf.Reflector(client, redact=rf.Redactor())
    reflection = await reflector.reflect(
        run_with("Ask jo@shop.example.", "I wrote to mia@home.example."), prompt=PROMPT
    )
    sent = "\n".join(message.content for message in client.requests[0].messages)
    assert "shop.example" not in sent
    assert "home.example" not in sent
    assert sent.count("<email-1>") >= 3
    assert "I wrote to <email-2>." in sent
    assert reflection.prompt == PROMPT
    assert "- Send questions only to jo@shop.example, never to <email-2>." in reflection.improved_prompt
    assert reflection.improved_prompt.startswith("Help the customers of jo@shop.example.\n\n## Rules\n\n")
    assert reflection.suggestions[0].description == "Say that only jo@shop.example gets mail"
    assert "home.example" not in reflection.model_dump_json()


async def test_the_prompt_of_the_record_is_planned_on_as_it_is() -> None:
    client = ScriptedClient([GOOD])
    run = run_with("Ask jo@shop.example.", "I wrote to mia@home.example.")
    reflection = await rf.Reflector(client, redact=rf.Redactor()).reflect(run)
    assert reflection.prompt == PROMPT
    assert "only to jo@shop.example, never to <email-2>." in reflection.improved_prompt


async def test_the_turns_of_a_conversation_agree_on_placeholders() -> None:
    client = ScriptedClient(lambda request: GOOD)
    reflector = rf.Reflector(client, redact=rf.Redactor())
    conversation = await reflector.start_conversation(
        run_with("Ask jo@shop.example.", "I wrote to mia@home.example.")
    )
    conversation = rf.Conversation.from_json(conversation.to_json())
    question = "Why mia@home.example, and not jo@shop.example or ben@home.example?"
    conversation = await reflector.continue_conversation(conversation, question)
    sent = "\n".join(message.content for message in client.requests[1].messages)
    assert "example" not in sent.replace("An example", "").replace("`example`", "").replace("|example|", "")
    assert "and not <email-1> or <email-" in sent
    merged = conversation.merged
    assert merged is not None
    assert merged.prompt == PROMPT


async def test_a_function_may_do_it_all() -> None:
    client = ScriptedClient([GOOD])
    await rf.Reflector(client, redact=lambda text: text.replace("lamp", "L")).reflect(
        run_with("A lamp", "lamps")
    )
    assert "lamp" not in "\n".join(message.content for message in client.requests[0].messages)


async def test_what_would_be_sent_can_be_looked_at_before() -> None:
    client = ScriptedClient([GOOD])
    reflector = rf.Reflector(client, redact=rf.Redactor())
    run = run_with("Ask jo@shop.example.", "I wrote to mia@home.example.")
    (shown,) = await anyio.to_thread.run_sync(reflector.build_requests, run)
    await reflector.reflect(run)
    assert shown.messages == client.requests[0].messages


async def test_without_a_redactor_and_without_keys_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    client = ScriptedClient([GOOD])
    await rf.Reflector(client).reflect(run_with("Ask jo@shop.example.", "I wrote to mia@home.example."))
    assert "mia@home.example" in client.requests[0].messages[1].content
