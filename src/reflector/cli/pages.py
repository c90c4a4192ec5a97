"""What a person reads in a terminal. The one door to rich."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from reflector._text import clean, one_line
from reflector.code.chunk import Hit
from reflector.errors import TrajectoryImportError
from reflector.reflecting.conversation import Conversation
from reflector.reflecting.page import Line, Style
from reflector.reflecting.reflection import Reflection
from reflector.trajectories.analysis import FailurePoint, ReasoningIssue, TrajectoryAnalysis

__all__ = [
    "print_analysis", "print_errors", "print_hits", "print_notice", "print_reflection", "print_turns", "progress",
]  # fmt: skip

_SEVERITY_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "green"}
_OUTCOME_STYLES = {"success": "bold green", "unknown": "yellow"}
_STYLES: dict[Style, str] = {
    "": "",
    "bold": "bold",
    "dim": "dim",
    "high": "red",
    "medium": "yellow",
    "low": "green",
    "added": "green",
    "removed": "red",
    "place": "cyan",
    "note": "yellow",
}
_FINDINGS_SHOWN = 12
_LINES_SHOWN = 4


def _console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def _errors() -> Console:
    return Console(stderr=True, highlight=False)


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None] | None]:
    """Show a line that something is under way, in a terminal and on stderr only.

    What is yielded puts further words behind it; None where there is no terminal.
    """
    console = _errors()
    if not console.is_terminal:
        yield None
        return
    with console.status(escape(clean(text))) as status:
        yield lambda more: status.update(escape(clean(f"{text}: {more}")))


def print_analysis(analysis: TrajectoryAnalysis) -> None:
    """Print what was found in a run."""
    _console().print(_run_page(analysis))


def print_reflection(reflection: Reflection) -> None:
    """Print a reflection: the run, what the prompt did wrong, the suggestions, and the diff."""
    console = _console()
    console.print(_run_page(reflection.run_analysis))
    others = reflection.other_analyses
    if others:
        named = ", ".join(f"{each.trajectory_id} ({each.outcome})" for each in others[:8])
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        console.print(Text(f"read as well: {clean(named)}{more}\n", style="dim"))
    page = reflection.page
    told = _styled(page.diagnosis())
    console.print(Panel(told, title=Text(page.head), title_align="left", padding=(0, 1)))
    console.print(_styled(page.advice()))
    console.print(Group("", _styled(page.diff()), "", _styled(page.footer())))


def print_turns(conversation: Conversation) -> None:
    """Print what each turn asked, what it said, and why there was no further one."""
    console = _console()
    for turn in conversation.turns:
        said = turn.reflection
        head = Text.assemble((f"turn {turn.number}  ", "bold"), clean(turn.question or "the first question"))
        told = f"{len(said.root_causes)} causes, {len(said.suggestions)} suggestions, confidence {said.confidence}"
        console.print(Group(head, Text(clean(said.analysis)), Text(f"{told}\n", style="dim")))
    if stopped := conversation.metadata.get("stopped"):
        console.print(Text(f"no further turn: {one_line(clean(str(stopped)), 300)}\n", style="dim"))


def print_errors(errors: Sequence[TrajectoryImportError]) -> None:
    """Print what could not be read, on stderr."""
    for err in errors:
        _errors().print(Text(f"not read: {one_line(clean(str(err)), 400)}", style="yellow"), soft_wrap=True)


def print_notice(text: str) -> None:
    """Print a line about what was done, on stderr."""
    _errors().print(Text(clean(text), style="cyan"), soft_wrap=True)


def print_hits(hits: Sequence[Hit]) -> None:
    """Print what a search found: where it is, and its first lines."""
    console = _console()
    for hit in hits:
        head = Text(f"{clean(hit.path)}:{hit.lines[0]}-{hit.lines[1]}", style="bold")
        head.append(f"  {clean(hit.name)}  {hit.score:.2f}", style="dim")
        console.print(head, soft_wrap=True)
        lines = [line for line in clean(hit.text).splitlines() if line.strip()]
        console.print(Text("\n".join(lines[:_LINES_SHOWN]) + "\n"), soft_wrap=True)


def _run_page(analysis: TrajectoryAnalysis) -> RenderableType:
    run = analysis.trajectory
    head = Text.assemble(
        ("run ", "bold"),
        clean(analysis.trajectory_id),
        "  ",
        (analysis.outcome.value, _OUTCOME_STYLES.get(analysis.outcome, "bold red")),
        f"  {analysis.step_count} steps, {analysis.turn_count} model turns, {analysis.tool_call_count} tool calls, "
        f"quality {analysis.overall_quality}",
    )
    lines: list[RenderableType] = [head]
    if run is not None:
        lines += [Text(f"feedback: {one_line(clean(text), 300)}", style="italic") for text in run.feedback]
    findings: list[FailurePoint | ReasoningIssue] = [*analysis.failure_points, *analysis.reasoning_issues]
    if findings:
        lines.append(_findings(findings))
        if len(findings) > _FINDINGS_SHOWN:
            lines.append(Text(f"and {len(findings) - _FINDINGS_SHOWN} further, less severe", style="dim"))
    else:
        lines.append(Text("no failure found in the record", style="dim"))
    for indicator in analysis.success_indicators:
        lines.append(Text(f"+ {one_line(clean(indicator.description), 200)}", style="green"))
    return Group(*lines, Text(""))


def _findings(findings: Sequence[FailurePoint | ReasoningIssue]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("severity")
    table.add_column("steps", justify="right", no_wrap=True)
    table.add_column("finding", overflow="fold")
    for finding in findings[:_FINDINGS_SHOWN]:
        kind = finding.category if isinstance(finding, FailurePoint) else finding.type
        steps = ", ".join(str(index) for index in finding.step_indices[:4])
        more = f" +{len(finding.step_indices) - 4}" if len(finding.step_indices) > 4 else ""
        text = Text.assemble((kind.value, "bold"), f": {one_line(clean(finding.description), 400)}")
        if finding.evidence and finding.evidence not in finding.description:
            text.append(f"\n“{one_line(clean(finding.evidence), 160)}”", style="dim")
        severity = Text(finding.severity.value, style=_SEVERITY_STYLES[finding.severity])
        table.add_row(severity, (steps or "run") + more, text)
    return table


def _styled(lines: Iterable[Line]) -> RenderableType:
    return Group(*(Text.assemble(*((text, _STYLES[style]) for text, style in line)) for line in lines))
