"""Every error the library raises, in one tree.

```
ReflectorError
├── InputError (ValueError)        what the caller handed over cannot be used
│   ├── TrajectoryImportError
│   │   └── UnknownFormatError
│   ├── MissingPromptError, InvalidGroupError
│   ├── CliffordError
│   │   ├── InvalidMultivectorError, SignatureMismatchError, AlgebraTooLargeError
│   │   └── NotInvertibleError (ZeroDivisionError)
│   └── ConfigurationError
│       └── InvalidTemplateError
├── SignalError                    the envelope
│   └── InvalidSignalError (ValueError), InvalidPatternError (ValueError)
├── JournalError                   the log of signals
│   └── JournalOpenError, JournalWriteError, JournalDamagedError, JournalClosedError
├── StoreError                     the store of answers
│   ├── StoreOpenError, StoreWriteError, StoreDamagedError, StoreClosedError
│   └── NotStoredError (LookupError)
├── AgentError                     the runtime
│   ├── NoHandlerError, HandlerError, MiddlewareError, MailboxFullError, AgentStoppedError, RuntimeClosedError
│   └── AskTimeoutError (TimeoutError), DuplicateAgentError (ValueError)
├── BudgetExceededError
│   └── UnboundedCallError
├── DispatchError                  tasks and their providers
│   ├── NoProviderError (NoHandlerError)
│   │   └── ProviderBusyError
│   ├── ProviderError              a provider's program
│   │   ├── ProviderSpawnError, ProviderTimeoutError (TimeoutError), ProviderDiedError, ProviderReportedError
│   │   └── ProviderProtocolError
│   │       └── ProviderFloodError
│   └── EngineError                where a provider's work runs
│       └── WorkerCrashedError, UnpicklableError (TypeError)
├── LLMError                       the model
│   ├── RateLimitedError, QuotaExceededError, LLMAuthenticationError, UnknownModelError, LLMServerError
│   ├── LLMTimeoutError (TimeoutError), LLMConnectionError (ConnectionError)
│   ├── LLMBadRequestError
│   │   └── ContextLengthError, ContentFilteredError
│   └── EmptyAnswerError, TruncatedAnswerError, UnsupportedReplyError
├── CodeError                      code as a subject
│   └── IndexOpenError (InputError), IndexDamagedError, PatchConflictError, PatchRejectedError
├── ReflectionError
│   ├── UnparsableReflectionError (ValueError), InvalidReflectionError (ValueError)
│   └── ConversationError
│       └── ConversationCompletedError, MaxTurnsReachedError
├── EditError
│   └── InvalidEditError (ValueError)
└── OptimizationError              the optimizer
    └── RunBrokenError, RunMismatchError (InputError), RunLogError (InputError)
```
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AgentError", "AgentStoppedError", "AlgebraTooLargeError", "AskTimeoutError", "BudgetExceededError",
    "CliffordError", "CodeError", "ConfigurationError", "ContentFilteredError", "ContextLengthError",
    "ConversationCompletedError", "ConversationError", "DispatchError", "DuplicateAgentError", "EditError",
    "EmptyAnswerError", "EngineError", "HandlerError", "IndexDamagedError", "IndexOpenError", "InputError",
    "InvalidEditError", "InvalidGroupError", "InvalidMultivectorError", "InvalidPatternError",
    "InvalidReflectionError", "InvalidSignalError", "InvalidTemplateError", "JournalClosedError",
    "JournalDamagedError", "JournalError", "JournalOpenError", "JournalWriteError", "LLMAuthenticationError",
    "LLMBadRequestError", "LLMConnectionError", "LLMError", "LLMServerError", "LLMTimeoutError",
    "MailboxFullError", "MaxTurnsReachedError", "MiddlewareError", "MissingPromptError", "NoHandlerError",
    "NoModelWarning", "NoProviderError", "NotInvertibleError", "NotStoredError", "OptimizationError",
    "PatchConflictError", "PatchRejectedError", "ProviderBusyError", "ProviderDiedError", "ProviderError",
    "ProviderFloodError", "ProviderProtocolError", "ProviderReportedError", "ProviderSpawnError",
    "ProviderTimeoutError", "QuotaExceededError", "RateLimitedError", "ReflectionError", "ReflectorError",
    "RunBrokenError", "RunLogError", "RunMismatchError", "RuntimeClosedError", "SignalError",
    "SignatureMismatchError", "StoreClosedError", "StoreDamagedError", "StoreError", "StoreOpenError",
    "StoreWriteError", "TrajectoryImportError", "TruncatedAnswerError", "UnboundedCallError",
    "UnknownFormatError", "UnknownModelError", "UnparsableReflectionError", "UnpicklableError",
    "UnsupportedReplyError", "WorkerCrashedError",
]  # fmt: skip


class NoModelWarning(UserWarning):
    """No model is configured, so that the rules answer instead of a language model."""


class ReflectorError(Exception):
    """Base of every error of this library. `decision`: who was asked to do its task, and what came of each; or None."""

    decision: Any = None


class _FileError(ReflectorError):
    """A file cannot be opened as what it should be: `path` says which, `reason` why."""

    def __init__(self, message: str, *, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(message)


# --- what the caller handed over -------------------------------------------------------------------------


class InputError(ReflectorError, ValueError):
    """What the caller handed over cannot be used."""


class TrajectoryImportError(InputError):
    """A file or record is not a readable trajectory.

    Attributes:
        file: The file's name as given, or None for data in memory.
        record: Where in the file: a record number, a member's name, or None for the whole file.
        reason: What is wrong, in one line.
    """

    def __init__(self, reason: str, *, file: str | None = None, record: str | int | None = None) -> None:
        self.reason = reason
        self.file = file
        self.record = record
        where = file or "data in memory"
        if record is not None:
            where += f", record {record}"
        super().__init__(f"{where}: {reason}")


class UnknownFormatError(TrajectoryImportError):
    """No importer recognises the data, or the named format does not exist."""


class MissingPromptError(InputError):
    """No prompt was given and the run holds none."""


class InvalidGroupError(InputError):
    """A document is no task group.

    Attributes:
        reason: What is wrong, in one line.
        line: Where it begins in what was read, counted from 1; None for data in memory.
        item: Which one of the array that begins there; None outside of arrays.
    """

    def __init__(self, reason: str, *, line: int | None = None, item: int | None = None) -> None:
        self.reason = reason
        self.line = line
        self.item = item
        where = "" if line is None else f"line {line}, item {item}: " if item else f"line {line}: "
        super().__init__(f"{where}{reason}")


class ConfigurationError(InputError):
    """Options or environment contradict each other."""


class InvalidTemplateError(ConfigurationError):
    """A prompt template is malformed, lacks a placeholder that it needs, or holds an unknown one."""


class CliffordError(InputError):
    """An operation on multivectors has no result for these operands."""


class InvalidMultivectorError(CliffordError):
    """Coefficients of the wrong number, of unknown blades, or that are no finite numbers."""


class SignatureMismatchError(CliffordError):
    """The operands belong to different algebras."""


class NotInvertibleError(CliffordError, ZeroDivisionError):
    """A multivector has no inverse, or none that could be trusted. `condition` is None for the former."""

    def __init__(self, message: str, *, condition: float | None = None) -> None:
        self.condition = condition
        super().__init__(message)


class AlgebraTooLargeError(CliffordError):
    """More dimensions, coefficients or rows than allowed; found out before anything is built. `limit` says how many."""

    def __init__(self, message: str, *, limit: int | None = None) -> None:
        self.limit = limit
        super().__init__(message)


# --- the envelope ----------------------------------------------------------------------------------------


class SignalError(ReflectorError):
    """Something is wrong with a signal itself."""


class InvalidSignalError(SignalError, ValueError):
    """A signal does not follow CloudEvents 1.0, or its data does not fit its registered type."""


class InvalidPatternError(SignalError, ValueError):
    """A subscription pattern is malformed."""


# --- the journal -----------------------------------------------------------------------------------------


class JournalError(ReflectorError):
    """Something went wrong with the log of signals."""


class JournalOpenError(_FileError, JournalError):
    """A file, `path`, cannot be opened as a journal; it was left as it is.

    `reason` is `foreign` (something else is in it), `newer` (a later version wrote it), `damaged` or `unreachable`.
    """


class JournalWriteError(JournalError):
    """Signals could not be written, or not in time. `unwritten` says how many are only in memory."""

    def __init__(self, message: str, *, unwritten: int) -> None:
        self.unwritten = unwritten
        super().__init__(message)


class JournalDamagedError(JournalError):
    """The journal's file cannot be read any more."""


class JournalClosedError(JournalError):
    """The journal is closed, or open for reading only."""


# --- the store of answers ----------------------------------------------------------------------------------


class StoreError(ReflectorError):
    """Something went wrong with the store of answers."""


class StoreOpenError(_FileError, StoreError):
    """A file, `path`, cannot be opened as a store of answers; it was left as it is.

    `reason` is `foreign` (something else is in it), `newer` (a later version wrote it), `damaged` or `unreachable`.
    """


class StoreWriteError(StoreError):
    """An answer could not be written."""


class StoreDamagedError(StoreError):
    """The store's file cannot be read any more."""


class StoreClosedError(StoreError):
    """The store is closed, or open for reading only."""


class NotStoredError(StoreError, LookupError):
    """A store that only replays does not hold the answer; `fingerprint` is that of what was asked."""

    def __init__(self, message: str, *, fingerprint: str) -> None:
        self.fingerprint = fingerprint
        super().__init__(message)


# --- the runtime -----------------------------------------------------------------------------------------


class AgentError(ReflectorError):
    """Something went wrong between agents."""


class NoHandlerError(AgentError):
    """Nobody listens to a request."""


class AskTimeoutError(AgentError, TimeoutError):
    """No answer came within the deadline."""


class AgentStoppedError(AgentError):
    """The agent stopped before it answered."""


class MailboxFullError(AgentError):
    """A bounded mailbox refused the signal."""


class HandlerError(AgentError):
    """A handler raised; the original error is the cause."""


class MiddlewareError(AgentError):
    """A middleware raised or overran its time limit."""


class DuplicateAgentError(AgentError, ValueError):
    """An agent of that name already lives in the runtime."""


class RuntimeClosedError(AgentError):
    """The runtime is not open: enter it with `async with Runtime()` first."""


# --- budgets ---------------------------------------------------------------------------------------------


class BudgetExceededError(ReflectorError):
    """It would cost more than may be spent, so it was not begun.

    Attributes:
        limit: Which one: `cost_usd`, `tokens`, `calls`, `rollouts` or `seconds`.
        allowed: What the budget says.
        spent: What is gone, with what may be gone: calls that were broken off count with their upper bound.
        reserved: Set aside for what is under way.
        asked: What this would have taken at most; infinite when nobody can say.
    """

    def __init__(
        self, message: str, *, limit: str, allowed: float, spent: float, reserved: float, asked: float
    ) -> None:
        self.limit = limit
        self.allowed = allowed
        self.spent = spent
        self.reserved = reserved
        self.asked = asked
        super().__init__(message)


class UnboundedCallError(BudgetExceededError):
    """A call whose cost has no upper bound was refused under a budget: it needs `max_tokens`."""


# --- dispatch --------------------------------------------------------------------------------------------


class DispatchError(ReflectorError):
    """A task could not be brought to somebody who does it, or not be done where it should, in so many `attempts`."""

    attempts: int = 1


class NoProviderError(DispatchError, NoHandlerError):
    """Nobody accepts a task of this kind, or nobody within its limits. `decision` holds everybody's reason, if any."""

    def __init__(self, message: str, *, decision: Any = None) -> None:
        self.decision = decision
        super().__init__(message)


class ProviderBusyError(NoProviderError):
    """Those who could do a task cannot do it now: full, at their rate, or left alone after failures.

    Another try makes sense after `retry_after` seconds, where that is known.
    """

    retryable = True

    def __init__(self, message: str, *, decision: Any = None, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message, decision=decision)


class ProviderError(DispatchError):
    """The program of a provider did not do a task.

    Attributes:
        retryable: Whether another try with the same program can help.
        is_shared: Whether the program had several tasks when it went wrong: it may be the fault of another one.
    """

    retryable: bool = True
    is_shared: bool = False


class ProviderSpawnError(ProviderError):
    """The program cannot be started: it does not exist, or may not be run."""

    retryable = False


class ProviderTimeoutError(ProviderError, TimeoutError):
    """The program did not answer in time."""


class ProviderDiedError(ProviderError):
    """The program ended before it answered, or with an exit code that says that it failed.

    `exit_code` is minus the signal that killed it; None while it still lives, with its output closed.
    """

    def __init__(self, message: str, *, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class ProviderProtocolError(ProviderError):
    """What the program says is no answer to anything; `raw` is how it begins."""

    def __init__(self, message: str, *, raw: str = "") -> None:
        super().__init__(message)
        self.raw = raw


class ProviderFloodError(ProviderProtocolError):
    """An answer is longer than allowed; no more of it was read. `limit` says how many bytes it may have."""

    def __init__(self, message: str, *, limit: int = 0) -> None:
        super().__init__(message)
        self.limit = limit


class ProviderReportedError(ProviderError):
    """The program answered that it could not do the task; `kind` is what it calls the error."""

    def __init__(self, message: str, *, kind: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable


class EngineError(DispatchError):
    """An engine could not run a task."""


class WorkerCrashedError(EngineError):
    """The process that ran a task died, as often as the task may be tried."""

    def __init__(self, message: str, *, attempts: int = 1) -> None:
        self.attempts = attempts
        super().__init__(message)


class UnpicklableError(EngineError, TypeError):
    """A function, a task or a result cannot cross to another process."""


# --- the model -------------------------------------------------------------------------------------------


class LLMError(ReflectorError):
    """A model could not be asked, or did not give a usable answer.

    Attributes:
        model: The model's name, when known.
        retryable: Whether the same call may succeed later.
        fatal: Whether every other call to this model will fail as well, until somebody does something about it.
        retry_after: Seconds to wait before another try, when the server said so.
        was_sent: Whether the request may have reached the server, so that it may have to be paid.
        mended: Whether the client leaves out from now on what the server refused: the same call may be sent at once.
        usage: What was used up before it failed (`reflector.usage.Usage`), or None when nothing is known.
    """

    retryable: bool = False
    fatal: bool = False

    def __init__(self, message: str, *, model: str | None = None) -> None:
        self.model = model
        self.retry_after: float | None = None
        self.was_sent = True
        self.mended = False
        self.usage: Any = None
        super().__init__(message)


class RateLimitedError(LLMError):
    """The provider refused for now. `retry_after` is its own wait in seconds, or None."""

    retryable = True

    def __init__(self, message: str, *, model: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, model=model)
        self.retry_after = retry_after


class QuotaExceededError(LLMError):
    """The account's credit or quota is used up."""

    fatal = True


class LLMTimeoutError(LLMError, TimeoutError):
    """The model did not answer in time."""

    retryable = True


class LLMConnectionError(LLMError, ConnectionError):
    """The model's server could not be reached, or broke the connection."""

    retryable = True


class LLMServerError(LLMError):
    """The model's server failed (5xx) or answered with something that is not its protocol."""

    retryable = True


class LLMAuthenticationError(LLMError):
    """The key is missing, wrong or not allowed to use this model."""

    fatal = True


class UnknownModelError(LLMError):
    """No such model, or no provider is known for its name."""

    fatal = True


class LLMBadRequestError(LLMError):
    """The provider refused the request itself."""


class ContextLengthError(LLMBadRequestError):
    """The prompt is longer than the model's context window."""


class ContentFilteredError(LLMBadRequestError):
    """The provider's content filter blocked the request or the answer."""


class EmptyAnswerError(LLMError):
    """The model answered without any text."""

    retryable = True


class TruncatedAnswerError(LLMError):
    """The answer was cut at the output limit before it held anything usable."""


class UnsupportedReplyError(LLMError):
    """A client or agent returned something that is not an answer."""


# --- code ------------------------------------------------------------------------------------------------


class CodeError(ReflectorError):
    """Code could not be indexed or searched."""


class IndexOpenError(_FileError, CodeError, InputError):
    """A file, `path`, cannot be opened as the store of a code index; it was left as it is.

    `reason` is `foreign` (something else or another tree is in it), `newer` (a later version wrote it), `older` (an
    earlier one did, and it was opened for reading only), `damaged` or `unreachable`.
    """


class IndexDamagedError(CodeError):
    """The store of a code index cannot be read or written any more."""


class PatchConflictError(CodeError):
    """The file is not what the patch was made for, or there is none."""


class PatchRejectedError(CodeError):
    """A patch was not kept: `trial` is how its test ended; None if the new code does not even parse."""

    def __init__(self, message: str, *, trial: Any = None) -> None:
        self.trial = trial
        super().__init__(message)


# --- reflection ------------------------------------------------------------------------------------------


class ReflectionError(ReflectorError):
    """A reflection could not be made."""


class UnparsableReflectionError(ReflectionError, ValueError):
    """A model's answer holds no reflection.

    Attributes:
        reason: One of `empty`, `refusal`, `error_payload`, `template_echo`, `no_reflection`,
            `invalid_json` (only with `strict=True`).
        raw: The answer as it came.
        usage: What the answers cost (`reflector.usage.Usage`), where whoever raised it asked for them.
    """

    def __init__(self, message: str, *, reason: str, raw: Any = None) -> None:
        self.reason = reason
        self.raw = raw
        self.usage: Any = None
        super().__init__(message)


class InvalidReflectionError(ReflectionError, ValueError):
    """A parsed reflection lacks something: `reason` is missing_analysis, no_suggestions or invalid_suggestions."""

    def __init__(self, message: str, *, reason: str) -> None:
        self.reason = reason
        super().__init__(message)


class ConversationError(ReflectionError):
    """A conversation cannot go on."""


class ConversationCompletedError(ConversationError):
    """The conversation was completed; nothing more is asked in it."""


class MaxTurnsReachedError(ConversationError):
    """The conversation has as many turns as it may have. `max_turns` says how many."""

    def __init__(self, message: str, *, max_turns: int) -> None:
        self.max_turns = max_turns
        super().__init__(message)


# --- edits -----------------------------------------------------------------------------------------------


class EditError(ReflectorError):
    """Edits could not be planned or applied."""


class InvalidEditError(EditError, ValueError):
    """An edit is not applicable to the prompt."""


# --- the optimizer ---------------------------------------------------------------------------------------------


class OptimizationError(ReflectorError):
    """An optimization cannot go on. `result`, an `OptimizationResult`, is what was reached before, None if nothing."""

    def __init__(self, message: str, *, result: Any = None) -> None:
        super().__init__(message)
        self.result = result


class RunBrokenError(OptimizationError):
    """Rollouts or reflections failed so often in a row that going on would only burn the budget."""


class RunLogError(OptimizationError, InputError):
    """A file is no log of a run, or cannot be read, or not be gone on with."""


class RunMismatchError(OptimizationError, InputError):
    """The log belongs to a run that was started otherwise; `differing` names what: `seed`, `rows`, an option."""

    def __init__(self, message: str, *, differing: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.differing = differing
