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

# isort: off
if TYPE_CHECKING:
    from reflector import clifford as clifford
    from reflector.agents.agent import Agent as Agent, handles as handles
    from reflector.agents.context import Context as Context
    from reflector.agents.mailbox import MailboxOptions as MailboxOptions
    from reflector.agents.runtime import Runtime as Runtime
    from reflector.agents.supervision import Supervision as Supervision
    from reflector.clifford.request import (
        CliffordOperationRequest as CliffordOperationRequest,
        CliffordOperationResponse as CliffordOperationResponse,
    )
    from reflector.clifford.task import CliffordOperation as CliffordOperation
    from reflector.code.building import IndexOptions as IndexOptions, IndexReport as IndexReport
    from reflector.code.chunk import Chunk as Chunk, Hit as Hit
    from reflector.code.embedder import Embedder as Embedder, HashingEmbedder as HashingEmbedder
    from reflector.code.grouping import group_chunks as group_chunks
    from reflector.code.index import CodeIndex as CodeIndex
    from reflector.code.litellm_embedder import LiteLLMEmbedder as LiteLLMEmbedder
    from reflector.code.minilm import MiniLM as MiniLM
    from reflector.dispatch.accounts import LedgerLine as LedgerLine
    from reflector.dispatch.dispatching import execute as execute, market_ledger as market_ledger
    from reflector.dispatch.ledger import Ledger as Ledger
    from reflector.dispatch.payload import TaskPayload as TaskPayload
    from reflector.dispatch.provider import ProviderCard as ProviderCard
    from reflector.dispatch.stdio_provider import StdioProvider as StdioProvider
    from reflector.dispatch.stdio_serving import serve_stdio as serve_stdio
    from reflector.dispatch.store import AnswerStore as AnswerStore
    from reflector.dispatch.task import (
        Estimate as Estimate,
        Limits as Limits,
        Task as Task,
        TaskOutput as TaskOutput,
        TaskResult as TaskResult,
    )
    from reflector.dispatch.throttle import RateLimits as RateLimits
    from reflector.edits.edit import EditConfig as EditConfig
    from reflector.edits.plan import ComponentPlans as ComponentPlans, EditPlan as EditPlan
    from reflector.edits.planning import plan_edits as plan_edits
    from reflector.errors import *  # noqa: F403
    from reflector.llm.client import LLMClient as LLMClient
    from reflector.llm.messages import ModelReply as ModelReply, ModelRequest as ModelRequest
    from reflector.llm.model import Model as Model, ModelOptions as ModelOptions
    from reflector.llm.redaction import Redactor as Redactor
    from reflector.llm.retry import RetryPolicy as RetryPolicy
    from reflector.optimizer.acceptance import (
        OrEqualAcceptance as OrEqualAcceptance,
        PairedAcceptance as PairedAcceptance,
        StrictAcceptance as StrictAcceptance,
    )
    from reflector.optimizer.candidate import Candidate as Candidate
    from reflector.optimizer.config import OptimizerConfig as OptimizerConfig
    from reflector.optimizer.evaluation import Evaluation as Evaluation, Rollout as Rollout, Score as Score
    from reflector.optimizer.examples import Examples as Examples
    from reflector.optimizer.facade import optimize as optimize, optimize_sync as optimize_sync
    from reflector.optimizer.loop import Optimizer as Optimizer
    from reflector.optimizer.result import OptimizationResult as OptimizationResult
    from reflector.optimizer.runs import RunRecord as RunRecord, read_run as read_run, read_runs as read_runs
    from reflector.optimizer.scorers import ModelJudge as ModelJudge
    from reflector.optimizer.selection import (
        BestSelector as BestSelector,
        EpsilonGreedySelector as EpsilonGreedySelector,
        ParetoSelector as ParetoSelector,
    )
    from reflector.reflecting.conversation import Conversation as Conversation
    from reflector.reflecting.facade import reflect as reflect, reflect_sync as reflect_sync
    from reflector.reflecting.reflection import Reflection as Reflection
    from reflector.reflecting.reflector import Reflector as Reflector, ReflectorOptions as ReflectorOptions
    from reflector.reflecting.resolving import resolve_conflicts as resolve_conflicts
    from reflector.reflecting.selecting import TurnPolicy as TurnPolicy
    from reflector.reflection.aggregation.feedback import Feedback as Feedback, aggregate as aggregate
    from reflector.reflection.aggregation.weighting import (
        AggregationConfig as AggregationConfig,
        WeightedSuggestion as WeightedSuggestion,
    )
    from reflector.reflection.calibration import Probability as Probability
    from reflector.reflection.confidence import validate_reflection as validate_reflection
    from reflector.reflection.memory import ReflectionMemory as ReflectionMemory
    from reflector.reflection.models import (
        ParsedReflection as ParsedReflection,
        ReflectionRequest as ReflectionRequest,
        ReflectionResponse as ReflectionResponse,
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
    from reflector.tasks.code_results import (
        CodeEvolution as CodeEvolution,
        CodeReflection as CodeReflection,
        CodeSuggestion as CodeSuggestion,
    )
    from reflector.tasks.executing import GroupResults as GroupResults, execute_all as execute_all
    from reflector.tasks.group import GroupOrigin as GroupOrigin, TaskGroup as TaskGroup
    from reflector.tasks.merging import Ensemble as Ensemble, merge_results as merge_results
    from reflector.tasks.patch import Patch as Patch
    from reflector.tasks.payloads import (
        CodeEvolutionTask as CodeEvolutionTask,
        CodeReflectionTask as CodeReflectionTask,
        PromptReflectionTask as PromptReflectionTask,
        RolloutTask as RolloutTask,
    )
    from reflector.tasks.planning import Plan as Plan, PlanOptions as PlanOptions, plan as plan
    from reflector.tasks.reducing import model_reduction as model_reduction
    from reflector.tasks.results import GroupResult as GroupResult, TaskFailure as TaskFailure
    from reflector.tasks.splitting import split_group as split_group
    from reflector.tasks.table import ProviderSpec as ProviderSpec, read_providers as read_providers
    from reflector.tasks.trial import Trial as Trial
    from reflector.tasks.wire import read_groups as read_groups, write_group as write_group
    from reflector.trajectories.analysis import (
        ComparativeAnalysis as ComparativeAnalysis,
        TrajectoryAnalysis as TrajectoryAnalysis,
    )
    from reflector.trajectories.analyzer import analyze as analyze
    from reflector.trajectories.comparison import compare as compare
    from reflector.trajectories.loading import load_trajectories as load_trajectories
    from reflector.trajectories.recorder import Recording as Recording, record as record
    from reflector.trajectories.step import Outcome as Outcome, Step as Step, StepKind as StepKind
    from reflector.trajectories.trajectory import Trajectory as Trajectory
    from reflector.usage import Budget as Budget, Price as Price, Usage as Usage
# isort: on


# Module -> the public names it defines. The only place with many names and the only logic in a package's `__init__`.
_NAMES = {
    # the main job
    "reflector.reflecting.facade": "reflect reflect_sync",
    "reflector.reflecting.reflector": "Reflector ReflectorOptions",
    "reflector.reflecting.reflection": "Reflection",
    "reflector.reflecting.conversation": "Conversation",
    "reflector.reflecting.selecting": "TurnPolicy",
    # trajectories
    "reflector.trajectories.trajectory": "Trajectory",
    "reflector.trajectories.step": "Step StepKind Outcome",
    "reflector.trajectories.loading": "load_trajectories",
    "reflector.trajectories.recorder": "record Recording",
    "reflector.trajectories.analysis": "TrajectoryAnalysis ComparativeAnalysis",
    "reflector.trajectories.analyzer": "analyze",
    "reflector.trajectories.comparison": "compare",
    # reflection
    "reflector.reflection.models": "ParsedReflection Suggestion ReflectionRequest ReflectionResponse",
    "reflector.reflection.suggestion_parser": "parse_reflection",
    "reflector.reflection.confidence": "validate_reflection",
    "reflector.reflection.prompt_builder": "PromptBuilder",
    "reflector.reflection.templates": "PromptTemplates",
    # feedback of many runs, and what became of it
    "reflector.reflection.aggregation.feedback": "aggregate Feedback",
    "reflector.reflection.aggregation.weighting": "AggregationConfig WeightedSuggestion",
    "reflector.reflection.memory": "ReflectionMemory",
    "reflector.reflection.calibration": "Probability",
    # edits
    "reflector.edits.edit": "EditConfig",
    "reflector.edits.plan": "EditPlan ComponentPlans",
    "reflector.reflecting.resolving": "resolve_conflicts",
    "reflector.edits.planning": "plan_edits",
    # the optimizer
    "reflector.optimizer.facade": "optimize optimize_sync",
    "reflector.optimizer.loop": "Optimizer",
    "reflector.optimizer.config": "OptimizerConfig",
    "reflector.optimizer.result": "OptimizationResult",
    "reflector.optimizer.candidate": "Candidate",
    "reflector.optimizer.examples": "Examples",
    "reflector.optimizer.evaluation": "Rollout Score Evaluation",
    "reflector.optimizer.acceptance": "StrictAcceptance OrEqualAcceptance PairedAcceptance",
    "reflector.optimizer.selection": "ParetoSelector BestSelector EpsilonGreedySelector",
    # code
    "reflector.code.index": "CodeIndex",
    "reflector.code.building": "IndexOptions IndexReport",
    "reflector.code.chunk": "Chunk Hit",
    "reflector.code.grouping": "group_chunks",
    "reflector.code.embedder": "Embedder HashingEmbedder",
    "reflector.code.litellm_embedder": "LiteLLMEmbedder",
    "reflector.code.minilm": "MiniLM",
    "reflector.optimizer.scorers": "ModelJudge",
    "reflector.optimizer.runs": "RunRecord read_run read_runs",
    # models
    "reflector.llm.model": "Model ModelOptions",
    "reflector.llm.client": "LLMClient",
    "reflector.llm.messages": "ModelRequest ModelReply",
    "reflector.dispatch.store": "AnswerStore",
    "reflector.llm.redaction": "Redactor",
    "reflector.dispatch.throttle": "RateLimits",
    "reflector.llm.retry": "RetryPolicy",
    "reflector.usage": "Usage Price Budget",
    "reflector.dispatch.ledger": "Ledger",
    "reflector.dispatch.accounts": "LedgerLine",
    # tasks
    "reflector.dispatch.task": "Task TaskResult TaskOutput Limits Estimate",
    "reflector.dispatch.payload": "TaskPayload",
    "reflector.dispatch.provider": "ProviderCard",
    "reflector.dispatch.dispatching": "execute market_ledger",
    "reflector.tasks.executing": "execute_all GroupResults",
    "reflector.tasks.results": "GroupResult TaskFailure",
    "reflector.tasks.group": "GroupOrigin TaskGroup",
    "reflector.tasks.merging": "Ensemble merge_results",
    "reflector.tasks.reducing": "model_reduction",
    "reflector.tasks.splitting": "split_group",
    "reflector.tasks.table": "ProviderSpec read_providers",
    "reflector.tasks.wire": "read_groups write_group",
    "reflector.dispatch.stdio_provider": "StdioProvider",
    "reflector.dispatch.stdio_serving": "serve_stdio",
    "reflector.tasks.payloads": "CodeReflectionTask CodeEvolutionTask PromptReflectionTask RolloutTask",
    "reflector.tasks.planning": "plan Plan PlanOptions",
    "reflector.tasks.code_results": "CodeReflection CodeSuggestion CodeEvolution",
    "reflector.tasks.patch": "Patch",
    "reflector.tasks.trial": "Trial",
    # Clifford algebra: the room itself, and its tasks
    "reflector": "clifford",
    "reflector.clifford.task": "CliffordOperation",
    "reflector.clifford.request": "CliffordOperationRequest CliffordOperationResponse",
    # the runtime
    "reflector.signals.signal": "Signal",
    "reflector.signals.payloads": "register_payload",
    "reflector.agents.runtime": "Runtime",
    "reflector.agents.agent": "Agent handles",
    "reflector.agents.context": "Context",
    "reflector.agents.supervision": "Supervision",
    "reflector.agents.mailbox": "MailboxOptions",
    "reflector.signals.journal": "Journal",
    "reflector.signals.memory_journal": "MemoryJournal",
    "reflector.signals.sqlite_journal": "SqliteJournal",
}
_HOME = {name: home for home, names in _NAMES.items() for name in names.split()}
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
