"""What goes to a provider's program and comes back, as JSON documents."""

from __future__ import annotations

from typing import Any

from reflector._json import dumps, loads_exactly
from reflector._text import clean, one_line
from reflector.dispatch.task import Task, TaskOutput
from reflector.errors import ConfigurationError, ProviderProtocolError, ProviderReportedError
from reflector.usage import Usage

__all__ = ["document_of", "protocol_error", "read_document", "read_output", "session_line"]


def document_of(task: Task) -> dict[str, Any]:
    """Return a task as the document that a program is given by default: id, task_type, payload, and its goal if any."""
    return {"id": task.id, "task_type": task.kind, "payload": task.payload} | {
        name: value for name, value in task.metadata.items() if name == "goal"
    }


def session_line(id: str, document: Any) -> bytes:
    """Return the line of a session that asks for something.

    Raises:
        ConfigurationError: If the document is no object, so that it has no room for an id.
    """
    if not isinstance(document, dict):
        raise ConfigurationError(
            f"in a session `encode` has to return an object, which gets an id; got {document!r:.80}"
        )
    return dumps({**document, "id": id}) + b"\n"


def read_document(content: bytes, program: object) -> Any:
    """Return a JSON document of a program.

    Raises:
        ProviderProtocolError: If it is none.
    """
    try:
        return loads_exactly(content)
    except ValueError as err:
        what = "nothing" if not content.strip() else f"no JSON ({err})"
        raise protocol_error(program, f"answered {what}", content) from None


def protocol_error(program: object, what: str, content: bytes) -> ProviderProtocolError:
    """Return the error that says what is wrong with what came."""
    raw = one_line(clean(content[:1000].decode(errors="replace")), 200)
    return ProviderProtocolError(f"{program}: {what}; it said: {raw!r}", raw=raw)


def read_output(answer: Any, program: object) -> Any:
    """Return the value of an answer; a TaskOutput if it says what it used.

    An answer is `{"value": …, "usage": …}`, `{"error": {"type", "message", "retryable"}}` (or the error as a text),
    or the value itself.

    Raises:
        ProviderReportedError: If the answer is an error.
        ProviderProtocolError: If its usage cannot be.
    """
    if not isinstance(answer, dict):
        return answer
    error = answer.get("error")
    if error:
        known = error if isinstance(error, dict) else {"message": error}
        kind, message = (
            str(known.get("type") or "error"),
            one_line(clean(str(known.get("message") or error)), 500),
        )
        raise ProviderReportedError(
            f"{program}: {kind}: {message}", kind=kind, retryable=known.get("retryable") is True
        )
    if "value" not in answer:
        return answer
    if not answer.get("usage"):
        return answer["value"]
    return TaskOutput(value=answer["value"], usage=_usage(answer["usage"], program))


def _usage(document: Any, program: object) -> Usage:
    try:
        usage = Usage.model_validate(document)
        if usage.is_possible:
            return usage
    except ValueError:
        pass
    raise protocol_error(program, "says of its usage what cannot be", dumps(document))
