"""reflector: an async agent framework for reflective prompt optimization.

```python
import reflector as rf

reflection = await rf.reflect("run.json", model="openai/gpt-5")
print(reflection.diff())
```

The public names are loaded at first use, so that `import reflector` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reflector import errors

__version__ = "0.1.0"

if TYPE_CHECKING:
    from reflector import clifford as clifford
    from reflector.agents.agent import Agent as Agent
    from reflector.agents.agent import handles as handles
    from reflector.agents.context import Context as Context
    from reflector.agents.mailbox import MailboxOptions as MailboxOptions
    from reflector.agents.runtime import Runtime as Runtime
    from reflector.agents.supervision import Supervision as Supervision
    from reflector.clifford.request import CliffordOperationRequest as CliffordOperationRequest
    from reflector.clifford.request import CliffordOperationResponse as CliffordOperationResponse
    from reflector.clifford.task import CliffordOperation as CliffordOperation
    from reflector.code.building import IndexOptions as IndexOptions
    from reflector.code.building import IndexReport as IndexReport
    from reflector.code.chunk import Chunk as Chunk
    from reflector.code.chunk import Hit as Hit
    from reflector.code.embedder import Embedder as Embedder
    from reflector.code.embedder import HashingEmbedder as HashingEmbedder
    from reflector.code.grouping import group_chunks as group_chunks
    from reflector.code.index import CodeIndex as CodeIndex
    from reflector.code.litellm_embedder import LiteLLMEmbedder as LiteLLMEmbedder
    from reflector.code.minilm import MiniLM as MiniLM
    from reflector.dispatch.accounts import LedgerLine as LedgerLine
    from reflector.dispatch.dispatching import execute as execute
    from reflector.dispatch.dispatching import market_ledger as market_ledger
    from reflector.dispatch.ledger import Ledger as Ledger
    from reflector.dispatch.payload import TaskPayload as TaskPayload
    from reflector.dispatch.provider import ProviderCard as ProviderCard
    from reflector.dispatch.stdio_provider import StdioProvider as StdioProvider
    from reflector.dispatch.stdio_serving import serve_stdio as serve_stdio
    from reflector.dispatch.store import AnswerStore as AnswerStore
    from reflector.dispatch.task import (
        Estimate as Estimate,
    )
    from reflector.dispatch.task import (
        Limits as Limits,
    )
    from reflector.dispatch.task import (
        Task as Task,
    )
    from reflector.dispatch.task import (
        TaskOutput as TaskOutput,
    )
    from reflector.dispatch.task import (
        TaskResult as TaskResult,
    )
    from reflector.dispatch.throttle import RateLimits as RateLimits
    from reflector.edits.edit import EditConfig as EditConfig
    from reflector.edits.plan import ComponentPlans as ComponentPlans
    from reflector.edits.plan import EditPlan as EditPlan
    from reflector.edits.planning import plan_edits as plan_edits
    from reflector.errors import (
        AgentError as AgentError,
    )
    from reflector.errors import (
        AgentStoppedError as AgentStoppedError,
    )
    from reflector.errors import (
        AlgebraTooLargeError as AlgebraTooLargeError,
    )
    from reflector.errors import (
        AskTimeoutError as AskTimeoutError,
    )
    from reflector.errors import (
        BudgetExceededError as BudgetExceededError,
    )
    from reflector.errors import (
        CliffordError as CliffordError,
    )
    from reflector.errors import (
        CodeError as CodeError,
    )
    from reflector.errors import (
        ConfigurationError as ConfigurationError,
    )
    from reflector.errors import (
        ContentFilteredError as ContentFilteredError,
    )
    from reflector.errors import (
        ContextLengthError as ContextLengthError,
    )
    from reflector.errors import (
        ConversationCompletedError as ConversationCompletedError,
    )
    from reflector.errors import (
        ConversationError as ConversationError,
    )
    from reflector.errors import (
        DispatchError as DispatchError,
    )
    from reflector.errors import (
        DuplicateAgentError as DuplicateAgentError,
    )
    from reflector.errors import (
        EditError as EditError,
    )
    from reflector.errors import (
        EmptyAnswerError as EmptyAnswerError,
    )
    from reflector.errors import (
        EngineError as EngineError,
    )
    from reflector.errors import (
        HandlerError as HandlerError,
    )
    from reflector.errors import (
        IndexDamagedError as IndexDamagedError,
    )
    from reflector.errors import (
        IndexOpenError as IndexOpenError,
    )
    from reflector.errors import (
        InputError as InputError,
    )
    from reflector.errors import (
        InvalidEditError as InvalidEditError,
    )
    from reflector.errors import InvalidGroupError as InvalidGroupError
    from reflector.errors import (
        InvalidMultivectorError as InvalidMultivectorError,
    )
    from reflector.errors import (
        InvalidPatternError as InvalidPatternError,
    )
    from reflector.errors import (
        InvalidReflectionError as InvalidReflectionError,
    )
    from reflector.errors import (
        InvalidSignalError as InvalidSignalError,
    )
    from reflector.errors import (
        InvalidTemplateError as InvalidTemplateError,
    )
    from reflector.errors import (
        JournalClosedError as JournalClosedError,
    )
    from reflector.errors import (
        JournalDamagedError as JournalDamagedError,
    )
    from reflector.errors import (
        JournalError as JournalError,
    )
    from reflector.errors import (
        JournalOpenError as JournalOpenError,
    )
    from reflector.errors import (
        JournalWriteError as JournalWriteError,
    )
    from reflector.errors import (
        LLMAuthenticationError as LLMAuthenticationError,
    )
    from reflector.errors import (
        LLMBadRequestError as LLMBadRequestError,
    )
    from reflector.errors import (
        LLMConnectionError as LLMConnectionError,
    )
    from reflector.errors import (
        LLMError as LLMError,
    )
    from reflector.errors import (
        LLMServerError as LLMServerError,
    )
    from reflector.errors import (
        LLMTimeoutError as LLMTimeoutError,
    )
    from reflector.errors import (
        MailboxFullError as MailboxFullError,
    )
    from reflector.errors import (
        MaxTurnsReachedError as MaxTurnsReachedError,
    )
    from reflector.errors import (
        MiddlewareError as MiddlewareError,
    )
    from reflector.errors import (
        MissingPromptError as MissingPromptError,
    )
    from reflector.errors import (
        NoHandlerError as NoHandlerError,
    )
    from reflector.errors import (
        NoModelWarning as NoModelWarning,
    )
    from reflector.errors import (
        NoProviderError as NoProviderError,
    )
    from reflector.errors import (
        NotInvertibleError as NotInvertibleError,
    )
    from reflector.errors import (
        NotStoredError as NotStoredError,
    )
    from reflector.errors import OptimizationError as OptimizationError
    from reflector.errors import PatchConflictError as PatchConflictError
    from reflector.errors import PatchRejectedError as PatchRejectedError
    from reflector.errors import (
        ProviderBusyError as ProviderBusyError,
    )
    from reflector.errors import (
        ProviderDiedError as ProviderDiedError,
    )
    from reflector.errors import (
        ProviderError as ProviderError,
    )
    from reflector.errors import (
        ProviderFloodError as ProviderFloodError,
    )
    from reflector.errors import (
        ProviderProtocolError as ProviderProtocolError,
    )
    from reflector.errors import (
        ProviderReportedError as ProviderReportedError,
    )
    from reflector.errors import (
        ProviderSpawnError as ProviderSpawnError,
    )
    from reflector.errors import (
        ProviderTimeoutError as ProviderTimeoutError,
    )
    from reflector.errors import (
        QuotaExceededError as QuotaExceededError,
    )
    from reflector.errors import (
        RateLimitedError as RateLimitedError,
    )
    from reflector.errors import (
        ReflectionError as ReflectionError,
    )
    from reflector.errors import (
        ReflectorError as ReflectorError,
    )
    from reflector.errors import RunBrokenError as RunBrokenError
    from reflector.errors import RunLogError as RunLogError
    from reflector.errors import RunMismatchError as RunMismatchError
    from reflector.errors import (
        RuntimeClosedError as RuntimeClosedError,
    )
    from reflector.errors import (
        SignalError as SignalError,
    )
    from reflector.errors import (
        SignatureMismatchError as SignatureMismatchError,
    )
    from reflector.errors import (
        StoreClosedError as StoreClosedError,
    )
    from reflector.errors import (
        StoreDamagedError as StoreDamagedError,
    )
    from reflector.errors import (
        StoreError as StoreError,
    )
    from reflector.errors import (
        StoreOpenError as StoreOpenError,
    )
    from reflector.errors import (
        StoreWriteError as StoreWriteError,
    )
    from reflector.errors import (
        TrajectoryImportError as TrajectoryImportError,
    )
    from reflector.errors import (
        TruncatedAnswerError as TruncatedAnswerError,
    )
    from reflector.errors import (
        UnboundedCallError as UnboundedCallError,
    )
    from reflector.errors import (
        UnknownFormatError as UnknownFormatError,
    )
    from reflector.errors import (
        UnknownModelError as UnknownModelError,
    )
    from reflector.errors import (
        UnparsableReflectionError as UnparsableReflectionError,
    )
    from reflector.errors import (
        UnpicklableError as UnpicklableError,
    )
    from reflector.errors import (
        UnsupportedReplyError as UnsupportedReplyError,
    )
    from reflector.errors import (
        WorkerCrashedError as WorkerCrashedError,
    )
    from reflector.llm.client import LLMClient as LLMClient
    from reflector.llm.messages import ModelReply as ModelReply
    from reflector.llm.messages import ModelRequest as ModelRequest
    from reflector.llm.model import Model as Model
    from reflector.llm.model import ModelOptions as ModelOptions
    from reflector.llm.redaction import Redactor as Redactor
    from reflector.llm.retry import RetryPolicy as RetryPolicy
    from reflector.optimizer.acceptance import OrEqualAcceptance as OrEqualAcceptance
    from reflector.optimizer.acceptance import PairedAcceptance as PairedAcceptance
    from reflector.optimizer.acceptance import StrictAcceptance as StrictAcceptance
    from reflector.optimizer.candidate import Candidate as Candidate
    from reflector.optimizer.config import OptimizerConfig as OptimizerConfig
    from reflector.optimizer.evaluation import Evaluation as Evaluation
    from reflector.optimizer.evaluation import Rollout as Rollout
    from reflector.optimizer.evaluation import Score as Score
    from reflector.optimizer.examples import Examples as Examples
    from reflector.optimizer.facade import optimize as optimize
    from reflector.optimizer.facade import optimize_sync as optimize_sync
    from reflector.optimizer.loop import Optimizer as Optimizer
    from reflector.optimizer.result import OptimizationResult as OptimizationResult
    from reflector.optimizer.runs import RunRecord as RunRecord
    from reflector.optimizer.runs import read_run as read_run
    from reflector.optimizer.runs import read_runs as read_runs
    from reflector.optimizer.scorers import ModelJudge as ModelJudge
    from reflector.optimizer.selection import BestSelector as BestSelector
    from reflector.optimizer.selection import EpsilonGreedySelector as EpsilonGreedySelector
    from reflector.optimizer.selection import ParetoSelector as ParetoSelector
    from reflector.reflecting.conversation import Conversation as Conversation
    from reflector.reflecting.facade import reflect as reflect
    from reflector.reflecting.facade import reflect_sync as reflect_sync
    from reflector.reflecting.reflection import Reflection as Reflection
    from reflector.reflecting.reflector import Reflector as Reflector
    from reflector.reflecting.reflector import ReflectorOptions as ReflectorOptions
    from reflector.reflecting.resolving import resolve_conflicts as resolve_conflicts
    from reflector.reflecting.selecting import TurnPolicy as TurnPolicy
    from reflector.reflection.aggregation.feedback import Feedback as Feedback
    from reflector.reflection.aggregation.feedback import aggregate as aggregate
    from reflector.reflection.aggregation.weighting import (
        AggregationConfig as AggregationConfig,
    )
    from reflector.reflection.aggregation.weighting import (
        WeightedSuggestion as WeightedSuggestion,
    )
    from reflector.reflection.calibration import Probability as Probability
    from reflector.reflection.confidence import validate_reflection as validate_reflection
    from reflector.reflection.memory import ReflectionMemory as ReflectionMemory
    from reflector.reflection.models import (
        ParsedReflection as ParsedReflection,
    )
    from reflector.reflection.models import (
        ReflectionRequest as ReflectionRequest,
    )
    from reflector.reflection.models import (
        ReflectionResponse as ReflectionResponse,
    )
    from reflector.reflection.models import (
        Suggestion as Suggestion,
    )
    from reflector.reflection.prompt_builder import PromptBuilder as PromptBuilder
    from reflector.reflection.suggestion_parser import parse_reflection as parse_reflection
    from reflector.reflection.templates import PromptTemplates as PromptTemplates
    from reflector.signals.journal import Journal as Journal
    from reflector.signals.memory_journal import MemoryJournal as MemoryJournal
    from reflector.signals.payloads import register_payload as register_payload
    from reflector.signals.signal import Signal as Signal
    from reflector.signals.sqlite_journal import SqliteJournal as SqliteJournal
    from reflector.tasks.code_results import CodeEvolution as CodeEvolution
    from reflector.tasks.code_results import CodeReflection as CodeReflection
    from reflector.tasks.code_results import CodeSuggestion as CodeSuggestion
    from reflector.tasks.executing import GroupResults as GroupResults
    from reflector.tasks.executing import execute_all as execute_all
    from reflector.tasks.group import GroupOrigin as GroupOrigin
    from reflector.tasks.group import TaskGroup as TaskGroup
    from reflector.tasks.merging import Ensemble as Ensemble
    from reflector.tasks.merging import merge_results as merge_results
    from reflector.tasks.patch import Patch as Patch
    from reflector.tasks.payloads import CodeEvolutionTask as CodeEvolutionTask
    from reflector.tasks.payloads import CodeReflectionTask as CodeReflectionTask
    from reflector.tasks.payloads import PromptReflectionTask as PromptReflectionTask
    from reflector.tasks.payloads import RolloutTask as RolloutTask
    from reflector.tasks.planning import Plan as Plan
    from reflector.tasks.planning import PlanOptions as PlanOptions
    from reflector.tasks.planning import plan as plan
    from reflector.tasks.reducing import model_reduction as model_reduction
    from reflector.tasks.results import GroupResult as GroupResult
    from reflector.tasks.results import TaskFailure as TaskFailure
    from reflector.tasks.splitting import split_group as split_group
    from reflector.tasks.table import ProviderSpec as ProviderSpec
    from reflector.tasks.table import read_providers as read_providers
    from reflector.tasks.trial import Trial as Trial
    from reflector.tasks.wire import read_groups as read_groups
    from reflector.tasks.wire import write_group as write_group
    from reflector.trajectories.analysis import (
        ComparativeAnalysis as ComparativeAnalysis,
    )
    from reflector.trajectories.analysis import (
        TrajectoryAnalysis as TrajectoryAnalysis,
    )
    from reflector.trajectories.analyzer import analyze as analyze
    from reflector.trajectories.comparison import compare as compare
    from reflector.trajectories.loading import load_trajectories as load_trajectories
    from reflector.trajectories.recorder import Recording as Recording
    from reflector.trajectories.recorder import record as record
    from reflector.trajectories.step import Outcome as Outcome
    from reflector.trajectories.step import Step as Step
    from reflector.trajectories.step import StepKind as StepKind
    from reflector.trajectories.trajectory import Trajectory as Trajectory
    from reflector.usage import Budget as Budget
    from reflector.usage import Price as Price
    from reflector.usage import Usage as Usage


# Name -> module that defines it. The only place with many names and the only logic in a package's `__init__`.
_HOME = {
    # the main job
    "reflect": "reflector.reflecting.facade",
    "reflect_sync": "reflector.reflecting.facade",
    "Reflector": "reflector.reflecting.reflector",
    "ReflectorOptions": "reflector.reflecting.reflector",
    "Reflection": "reflector.reflecting.reflection",
    "Conversation": "reflector.reflecting.conversation",
    "TurnPolicy": "reflector.reflecting.selecting",
    # trajectories
    "Trajectory": "reflector.trajectories.trajectory",
    "Step": "reflector.trajectories.step",
    "StepKind": "reflector.trajectories.step",
    "Outcome": "reflector.trajectories.step",
    "load_trajectories": "reflector.trajectories.loading",
    "record": "reflector.trajectories.recorder",
    "Recording": "reflector.trajectories.recorder",
    "TrajectoryAnalysis": "reflector.trajectories.analysis",
    "ComparativeAnalysis": "reflector.trajectories.analysis",
    "analyze": "reflector.trajectories.analyzer",
    "compare": "reflector.trajectories.comparison",
    # reflection
    "ParsedReflection": "reflector.reflection.models",
    "Suggestion": "reflector.reflection.models",
    "ReflectionRequest": "reflector.reflection.models",
    "ReflectionResponse": "reflector.reflection.models",
    "parse_reflection": "reflector.reflection.suggestion_parser",
    "validate_reflection": "reflector.reflection.confidence",
    "PromptBuilder": "reflector.reflection.prompt_builder",
    "PromptTemplates": "reflector.reflection.templates",
    # feedback of many runs, and what became of it
    "aggregate": "reflector.reflection.aggregation.feedback",
    "Feedback": "reflector.reflection.aggregation.feedback",
    "AggregationConfig": "reflector.reflection.aggregation.weighting",
    "WeightedSuggestion": "reflector.reflection.aggregation.weighting",
    "ReflectionMemory": "reflector.reflection.memory",
    "Probability": "reflector.reflection.calibration",
    # edits
    "EditConfig": "reflector.edits.edit",
    "EditPlan": "reflector.edits.plan",
    "ComponentPlans": "reflector.edits.plan",
    "resolve_conflicts": "reflector.reflecting.resolving",
    "plan_edits": "reflector.edits.planning",
    # the optimizer
    "optimize": "reflector.optimizer.facade",
    "optimize_sync": "reflector.optimizer.facade",
    "Optimizer": "reflector.optimizer.loop",
    "OptimizerConfig": "reflector.optimizer.config",
    "OptimizationResult": "reflector.optimizer.result",
    "Candidate": "reflector.optimizer.candidate",
    "Examples": "reflector.optimizer.examples",
    "Rollout": "reflector.optimizer.evaluation",
    "Score": "reflector.optimizer.evaluation",
    "Evaluation": "reflector.optimizer.evaluation",
    "StrictAcceptance": "reflector.optimizer.acceptance",
    "OrEqualAcceptance": "reflector.optimizer.acceptance",
    "PairedAcceptance": "reflector.optimizer.acceptance",
    "ParetoSelector": "reflector.optimizer.selection",
    "BestSelector": "reflector.optimizer.selection",
    "EpsilonGreedySelector": "reflector.optimizer.selection",
    # code
    "CodeIndex": "reflector.code.index",
    "IndexOptions": "reflector.code.building",
    "IndexReport": "reflector.code.building",
    "Chunk": "reflector.code.chunk",
    "Hit": "reflector.code.chunk",
    "group_chunks": "reflector.code.grouping",
    "Embedder": "reflector.code.embedder",
    "HashingEmbedder": "reflector.code.embedder",
    "LiteLLMEmbedder": "reflector.code.litellm_embedder",
    "MiniLM": "reflector.code.minilm",
    "ModelJudge": "reflector.optimizer.scorers",
    "RunRecord": "reflector.optimizer.runs",
    "read_run": "reflector.optimizer.runs",
    "read_runs": "reflector.optimizer.runs",
    # models
    "Model": "reflector.llm.model",
    "ModelOptions": "reflector.llm.model",
    "LLMClient": "reflector.llm.client",
    "ModelRequest": "reflector.llm.messages",
    "ModelReply": "reflector.llm.messages",
    "AnswerStore": "reflector.dispatch.store",
    "Redactor": "reflector.llm.redaction",
    "RateLimits": "reflector.dispatch.throttle",
    "RetryPolicy": "reflector.llm.retry",
    "Usage": "reflector.usage",
    "Price": "reflector.usage",
    "Budget": "reflector.usage",
    "Ledger": "reflector.dispatch.ledger",
    "LedgerLine": "reflector.dispatch.accounts",
    # tasks
    "Task": "reflector.dispatch.task",
    "TaskResult": "reflector.dispatch.task",
    "TaskOutput": "reflector.dispatch.task",
    "Limits": "reflector.dispatch.task",
    "Estimate": "reflector.dispatch.task",
    "TaskPayload": "reflector.dispatch.payload",
    "ProviderCard": "reflector.dispatch.provider",
    "execute": "reflector.dispatch.dispatching",
    "market_ledger": "reflector.dispatch.dispatching",
    "execute_all": "reflector.tasks.executing",
    "GroupResults": "reflector.tasks.executing",
    "GroupResult": "reflector.tasks.results",
    "TaskFailure": "reflector.tasks.results",
    "GroupOrigin": "reflector.tasks.group",
    "Ensemble": "reflector.tasks.merging",
    "merge_results": "reflector.tasks.merging",
    "model_reduction": "reflector.tasks.reducing",
    "split_group": "reflector.tasks.splitting",
    "ProviderSpec": "reflector.tasks.table",
    "read_providers": "reflector.tasks.table",
    "read_groups": "reflector.tasks.wire",
    "write_group": "reflector.tasks.wire",
    "StdioProvider": "reflector.dispatch.stdio_provider",
    "serve_stdio": "reflector.dispatch.stdio_serving",
    "TaskGroup": "reflector.tasks.group",
    "CodeReflectionTask": "reflector.tasks.payloads",
    "CodeEvolutionTask": "reflector.tasks.payloads",
    "PromptReflectionTask": "reflector.tasks.payloads",
    "RolloutTask": "reflector.tasks.payloads",
    "plan": "reflector.tasks.planning",
    "Plan": "reflector.tasks.planning",
    "PlanOptions": "reflector.tasks.planning",
    "CodeReflection": "reflector.tasks.code_results",
    "CodeSuggestion": "reflector.tasks.code_results",
    "CodeEvolution": "reflector.tasks.code_results",
    "Patch": "reflector.tasks.patch",
    "Trial": "reflector.tasks.trial",
    # Clifford algebra: the room itself, and its tasks
    "clifford": "reflector",
    "CliffordOperation": "reflector.clifford.task",
    "CliffordOperationRequest": "reflector.clifford.request",
    "CliffordOperationResponse": "reflector.clifford.request",
    # the runtime
    "Signal": "reflector.signals.signal",
    "register_payload": "reflector.signals.payloads",
    "Runtime": "reflector.agents.runtime",
    "Agent": "reflector.agents.agent",
    "Context": "reflector.agents.context",
    "handles": "reflector.agents.agent",
    "Supervision": "reflector.agents.supervision",
    "MailboxOptions": "reflector.agents.mailbox",
    "Journal": "reflector.signals.journal",
    "MemoryJournal": "reflector.signals.memory_journal",
    "SqliteJournal": "reflector.signals.sqlite_journal",
}

_HOME |= dict.fromkeys(errors.__all__, "reflector.errors")

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'reflector' has no attribute {name!r}")
    from importlib import import_module

    home = _HOME[name]
    value = import_module(f"{home}.{name}") if home == __name__ else getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
