"""From the table to the agents: who does the tasks, and the card of each."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel

from reflector.agents.agent import is_async_callable
from reflector.agents.ref import AgentRef
from reflector.agents.runtime import Runtime
from reflector.clifford.task import CliffordOperation, CliffordProvider
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Task
from reflector.errors import ConfigurationError
from reflector.llm.model import Model, ModelOptions
from reflector.llm.pricing import facts_of
from reflector.dispatch.stdio_provider import StdioProvider
from reflector.dispatch.throttle import RateLimits
from reflector.tasks.group import TaskGroup
from reflector.tasks.model_provider import MODEL_KINDS, ModelProvider
from reflector.tasks.payloads import PAYLOADS
from reflector.tasks.rules_provider import RULES_KINDS, rules_provider
from reflector.tasks.table import ProviderSpec
from reflector.tasks.wire import write_group
from reflector.usage import Price

__all__ = ["Staff", "echo", "import_target", "prepare", "spawn_staff"]
