"""`reflector reflect`: what a prompt did wrong, what to change, and the improved prompt."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
import typer

from reflector.agents.runtime import Runtime
from reflector.cli.output import (
    BAD_INPUT,
    BaseUrl,
    Files,
    Format,
    Json,
    ModelName,
    error_record,
    print_document,
    run_record,
    write_file,
)
from reflector.cli.reading import read_files, read_text, told
from reflector.dispatch.store import AnswerStore
from reflector.errors import InputError, NoModelWarning, StoreOpenError
from reflector.llm.messages import ModelRequest
from reflector.llm.progress import MODEL_PROGRESSED
from reflector.llm.redaction import Redactor
from reflector.llm.selection import resolve_model
from reflector.reflecting.conversation import Conversation, Turn
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.reflector import Reflector
from reflector.reflection.models import Confidence, Verbosity
from reflector.trajectories.trajectory import Outcome

__all__ = ["check_writable", "document", "reflect_command", "run_conversation"]


ToldOutcome = Literal["success", "failure", "partial", "timeout", "error"]
"""What a user can say about how a run ended."""


def reflect_command(
    files: Files,
    prompt: Annotated[
        str | None, typer.Option(help="File with the prompt that was used; default: the run's own.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="What the agent was asked to do, in a sentence.")] = None,
    model: ModelName = None,
    base_url: BaseUrl = None,
    verbosity: Annotated[
        Verbosity, typer.Option(help="How much of the runs the model reads.")
    ] = Verbosity.NORMAL,
    focus: Annotated[list[str] | None, typer.Option(help="What to look at first; may be repeated.")] = None,
    outcome: Annotated[
        ToldOutcome | None, typer.Option(help="How the run ended, where its record does not know.")
    ] = None,
    feedback: Annotated[str | None, typer.Option(help="What was wrong with the run, in your words.")] = None,
    format: Format = "auto",
    turns: Annotated[
        int, typer.Option(min=1, help="Ask on, up to so many turns, while that is worth it.")
    ] = 1,
    show_prompt: Annotated[
        bool, typer.Option("--show-prompt", help="Print what the model would be sent, and ask nobody.")
    ] = False,
    store: Annotated[
        str | None, typer.Option(metavar="FILE", help="Keep answers there, and ask nothing twice.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Take answers from --store only, and ask nobody.")
    ] = False,
    redact: Annotated[
        bool, typer.Option("--redact", help="Send placeholders instead of e-mail addresses, keys and tokens.")
    ] = False,
    as_json: Json = False,
    apply: Annotated[
        str | None, typer.Option(metavar="OUT", help="Write the improved prompt to this file.")
    ] = None,
    min_confidence: Annotated[
        Confidence, typer.Option(help="Below this confidence --apply writes nothing.")
    ] = Confidence.LOW,
) -> None:
    """Reflect on runs: root causes, suggestions with a confidence, and the improved prompt as a diff."""
    if apply is not None:
        check_writable(apply, [*files, prompt])
    text = read_text(prompt, "the prompt file") if prompt is not None else None
    runs, errors = read_files(files, format)
    runs = told(runs, Outcome(outcome) if outcome is not None else None, feedback)
    reflector = reflector_for(model, base_url, store, replay=replay, redact=redact)
    options: dict[str, Any] = {
        "prompt": text,
        "task": task,
        "verbosity": verbosity,
        "focus_areas": focus or [],
    }
    if show_prompt:
        show_requests(reflector.build_requests(runs, **options), as_json=as_json)
        return
    conversation, notice = run_conversation(reflector, runs, turns, quiet=as_json, **options)
    reflection = conversation.merged
    assert reflection is not None
    failed = None
    said = [notice]
    if apply is not None:
        try:
            said.append(write_prompt(reflection, apply, min_confidence))
        except InputError as err:  # the reflection is paid for: it is printed all the same
            failed = err
    records = [error_record(err) for err in (*errors, failed) if err is not None]
    if as_json:
        asked = {"turns": [turn_record(turn) for turn in conversation.turns]} if turns > 1 else {}
        print_document(document(reflection) | asked | {"errors": records})
    from reflector.cli.pages import print_errors, print_notice, print_reflection, print_turns

    if not as_json:
        if turns > 1:
            print_turns(conversation)
        print_reflection(reflection)
        print_errors(errors)
    for line in (*said, str(failed) if failed is not None else None):
        if line:
            print_notice(line)
    if failed is not None:
        raise typer.Exit(BAD_INPUT)


def run_conversation(
    reflector: Reflector, runs: Any, turns: int, *, quiet: bool, **options: Any
) -> tuple[Conversation, str | None]:
    """Return the conversation about the runs, and the notice that no model is configured when that is so.

    In a terminal a progress line shows meanwhile.
    """
    from reflector.cli.pages import progress

    async def talk() -> Conversation:
        started = await reflector.start_conversation(runs, max_turns=turns, **options)
        return await reflector.converse(started)

    async def work(show: Callable[[str], None] | None) -> Conversation:
        if show is None:
            return await talk()
        async with Runtime() as runtime:
            runtime.subscribe(MODEL_PROGRESSED, lambda signal: show(_progress_line(signal.data)))
            conversation = await talk()
        return conversation  # noqa: RET504 - the block may swallow an error, as far as its type says

    text = f"reflecting on {len(runs)} run(s) with {reflector.model}"
    with warnings.catch_warnings(record=True) as caught, nullcontext() if quiet else progress(text) as show:
        warnings.simplefilter("always", NoModelWarning)
        conversation = anyio.run(work, show)
    notices = [str(each.message) for each in caught if issubclass(each.category, NoModelWarning)]
    return conversation, notices[0] if notices else None


def _progress_line(data: dict[str, int]) -> str:
    thinking, written = data["thinking_characters"], data["characters"]
    return f"{written:,} characters written" if written else f"{thinking:,} characters of thinking"


def reflector_for(
    model: str | None, base_url: str | None, store: str | None, *, replay: bool, redact: bool
) -> Reflector:
    """Return the Reflector that the options ask for.

    Raises:
        InputError: If the store's file cannot be used, or there is no model whose answers it could keep.
    """
    redactor = Redactor() if redact else None
    if store is None:
        if replay:
            raise InputError("--replay needs --store FILE, the answers to replay.")
        return Reflector(model, base_url=base_url, redact=redactor)
    choice = resolve_model(model, base_url=base_url)
    if choice.client is None:
        raise InputError("--store keeps the answers of a model; name one with --model or REFLECTOR_MODEL.")
    try:
        choice.client.store = AnswerStore(store, mode="replay" if replay else "read_write")
    except StoreOpenError as err:
        raise InputError(str(err)) from err
    return Reflector(choice.client, redact=redactor)


def show_requests(requests: Sequence[ModelRequest], *, as_json: bool) -> None:
    """Print what the model would be sent, as it is."""
    if as_json:
        print_document({"requests": [request.model_dump(mode="json") for request in requests]})
        return
    for number, request in enumerate(requests, 1):
        for message in request.messages:
            which = f" of request {number} of {len(requests)}" if len(requests) > 1 else ""
            typer.echo(f"----- {message.role}{which} -----\n{message.content}\n")


def turn_record(turn: Turn) -> dict[str, Any]:
    """Return a turn as JSON: its question, why it was asked, and what was answered."""
    return {
        "number": turn.number,
        "question": turn.question,
        "weakness": turn.weakness,
        "reflection": turn.reflection.summary(),
    }


def check_writable(path: str, read: Sequence[str | None], option: str = "--apply") -> None:
    """Refuse a file to write that can be known not to work, before a model is asked and paid.

    Raises:
        InputError: If it is a folder, lies in none, may not be written, or is one of the files that are read.
    """
    out = Path(path)
    if path == "-" or out.is_dir():
        raise InputError(f"{option} needs the name of a file to write; got {path!r}.")
    if not out.parent.is_dir():
        raise InputError(f"{path!r} cannot be written: there is no folder {str(out.parent)!r}.")
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise InputError(f"{path!r} cannot be written: permission denied.")
    if out.exists() and any(
        name and name != "-" and Path(name).exists() and out.samefile(name) for name in read
    ):
        raise InputError(
            f"{option} would overwrite {path!r}, which is read by this command; name another file."
        )


def write_prompt(reflection: Reflection, path: str, least: Confidence) -> str:
    """Write the improved prompt unless the confidence is too low, and return a line that says what was done."""
    order = list(Confidence)
    if order.index(reflection.confidence) > order.index(least):
        return f"{path} was not written: confidence {reflection.confidence} is below {least}."
    write_file(path, reflection.improved_prompt)
    return f"The improved prompt was written to {path}."


def document(reflection: Reflection) -> dict[str, Any]:
    """Return a reflection as the JSON document of the command."""
    analyses = (reflection.run_analysis, *reflection.other_analyses)
    return reflection.summary() | {"trajectories": [run_record(each) for each in analyses]}
