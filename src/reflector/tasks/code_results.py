"""What comes of code: suggestions with file and line, and new code as a patch."""

from __future__ import annotations

from pydantic import Field

from reflector._json import Value
from reflector.reflection.models import Confidence, DroppedItem, ParseMode, Suggestion
from reflector.tasks.patch import Patch

__all__ = ["CodeEvolution", "CodeReflection", "CodeSuggestion"]


class CodeSuggestion(Suggestion):
    """One improvement of code. `specific_text` is code to add, to put in its place, or to remove."""

    path: str = ""
    """As the chunk has it; empty for code that stands nowhere."""
    start_line: int = 1
    end_line: int = 1
    """Lines of the file, counted from 1; `end_line` belongs to it."""
    is_located: bool = True
    """Whether the answer said where, or quoted the code. If not, the lines are those of the whole chunk."""

    @property
    def place(self) -> str:
        """`path:first-last`, as editors and terminals read it."""
        lines = (
            f"{self.start_line}" if self.start_line == self.end_line else f"{self.start_line}-{self.end_line}"
        )
        return f"{self.path}:{lines}" if self.path else f"lines {lines}"


class CodeReflection(Value):
    """What is wrong with code, and what would make it better."""

    analysis: str
    suggestions: tuple[CodeSuggestion, ...] = ()
    """Those that matter most first, then by path and line."""
    confidence: Confidence = Confidence.LOW
    confidence_score: float = Field(default=0.0, ge=0, le=1)
    """In [0, 1]; the level follows from it."""
    dropped: tuple[DroppedItem, ...] = ()
    parse_mode: ParseMode = ParseMode.JSON


class CodeEvolution(Value):
    """New code for a snippet."""

    text: str
    """The whole snippet as it should be."""
    rationale: str = ""
    patch: Patch

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        return self.patch.diff
