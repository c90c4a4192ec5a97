"""What is asked of a model and what it answered, as values that cross as the data of signals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator

from reflector._json import JSONValue, Value
from reflector._text import replace_surrogates
from reflector.errors import LLMBadRequestError
from reflector.usage import Usage

__all__ = [
    "MODEL_COMPLETED",
    "MODEL_FAILED",
    "MODEL_REQUESTED",
    "Message",
    "ModelReply",
    "ModelRequest",
    "Role",
]

MODEL_REQUESTED = "reflector.model.requested"
"""Type of the signal whose data is a `ModelRequest`."""
MODEL_COMPLETED = "reflector.model.completed"
"""Type of the signal whose data is a `ModelReply`."""
MODEL_FAILED = "reflector.model.failed"

Role = Literal["system", "developer", "user", "assistant", "tool"]


class _Asked(Value):
    """A value of which a field that does not fit is an `LLMBadRequestError`, however it is made."""

    @model_validator(mode="wrap")
    @classmethod
    def _typed(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as err:
            # Without the value: it may be what should not be shown.
            first = err.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or cls.__name__
            raise LLMBadRequestError(
                f"the data of a model request must be that of a {cls.__name__}; {where}: {first['msg']}"
            ) from None


class Message(_Asked):
    """One message of a chat."""

    role: Role
    content: str

    @field_validator("content", mode="before")
    @classmethod
    def _encodable(cls, content: Any) -> Any:
        return replace_surrogates(content) if isinstance(content, str) else content


class ModelRequest(_Asked):
    """One question to a model: the data of `reflector.model.requested`. It never holds a key.

    Raises:
        LLMBadRequestError: If a field does not fit.
    """

    messages: tuple[Message, ...] = Field(min_length=1)
    model: str | None = None
    """The model the caller has in mind; the client that answers may serve another."""
    temperature: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    max_tokens: int | None = Field(default=None, gt=0)
    response_format: dict[str, JSONValue] | None = None
    """`{"type": "json_object"}` or a JSON schema in OpenAI's form."""
    seed: int | None = None
    role: str = Field(default="task", min_length=1)
    """What the answer is for, `task`, `reflection` or `judge`: ledgers count by it. The model does not see it."""
    sample: int = Field(default=0, ge=0)
    """Which of several answers to the same question: a store keeps one for each. The model does not see it."""
    timeout: float | None = Field(default=None, gt=0)
    """Seconds for the whole call, waiting and retries included. None: the client's own."""
    extra: dict[str, JSONValue] = Field(default_factory=dict)
    """Further parameters, passed to the provider as they are."""

    @field_validator("extra")
    @classmethod
    def _without_key(cls, extra: dict[str, JSONValue]) -> dict[str, JSONValue]:
        if "api_key" in extra:
            raise ValueError("a request is journaled, so it cannot hold api_key; give the key to the client")
        return extra

    @classmethod
    def from_text(cls, user: str, *, system: str | None = None, **options: Any) -> ModelRequest:
        """Return a request of one user message, after a system message when there is one."""
        messages = [Message(role="user", content=user)]
        if system is not None:
            messages.insert(0, Message(role="system", content=system))
        return cls(messages=tuple(messages), **options)

    @classmethod
    def from_messages(cls, messages: Iterable[Mapping[str, str] | Message], **options: Any) -> ModelRequest:
        """Return a request of chat messages, given as dicts or values."""
        return cls(messages=tuple(Message.model_validate(message) for message in messages), **options)

    def chat(self) -> list[dict[str, str]]:
        """Return the messages as a fresh list of `{"role", "content"}` dicts."""
        return [{"role": message.role, "content": message.content} for message in self.messages]

    def to_data(self) -> dict[str, JSONValue]:
        """Return it as the plain data that a signal carries; what stands in its fields is not copied."""
        return vars(self) | {"messages": self.chat()}

    def options(self) -> dict[str, JSONValue]:
        """Return the parameters that are set, `extra` included, in the names that OpenAI gave them."""
        named = {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "response_format": self.response_format,
            "seed": self.seed,
        }
        return self.extra | {name: value for name, value in named.items() if value is not None}


class ModelReply(Value):
    """One answer of a model: the data of `reflector.model.completed`."""

    content: str = Field(min_length=1)
    model: str | None = None
    """The model that answered, as the provider names it."""
    finish_reason: str | None = None
    """`stop`, `length`, `content_filter`, `tool_calls`, or the provider's own word."""
    usage: Usage = Usage(calls=1)
    reasoning: str | None = None
    """Text of the model's thinking, when it came apart from the answer."""
    attempts: int = Field(default=1, ge=1)
    """Requests it took; all but the last one failed."""
    cached: bool = False
    """Whether it was paid before and comes from a store: then its usage is nothing."""
    duration_ms: float | None = Field(default=None, ge=0)
    """From the first request to the answer, waiting included."""

    def to_data(self) -> dict[str, JSONValue]:
        """Return it as the plain data that a signal carries."""
        return vars(self) | {"usage": dict(vars(self.usage))}

    @property
    def is_truncated(self) -> bool:
        """Whether the answer was cut at the output limit."""
        return self.finish_reason == "length"
