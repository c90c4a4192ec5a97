"""What a person reads of optimizations: live progress, results, logs. A door to rich, beside `pages`."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import unified_diff

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from reflector._text import clean, one_line
from reflector.optimizer.progress import Progress
from reflector.optimizer.result import OptimizationResult
from reflector.optimizer.runs import RunRecord

__all__ = ["live_progress", "print_result", "print_run", "print_runs", "print_worlds"]

_PROPOSALS_SHOWN = 30


def _console() -> Console:
    return Console(highlight=False)


@contextmanager
def live_progress() -> Iterator[Callable[[Progress], None] | None]:
    """Show where a run stands, in a terminal and on stderr only; None where there is no terminal.

    What is yielded shows the progress it is given in the place of the one before.
    """
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda progress: live.update(_progress(progress), refresh=True)


def _progress(progress: Progress) -> RenderableType:
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, text in progress.rows():
        table.add_row(Text(name, style="dim"), Text(text))
    if not progress.limit:
        return table
    return Group(ProgressBar(total=progress.limit, completed=progress.rollouts, width=60), table)


def print_result(result: OptimizationResult) -> None:
    """Print a result: scores, candidates, what was spent, and how the best prompt differs from the seed."""
    console = _console()
    console.print(Text(str(result), style="bold"), soft_wrap=True)
    rows = [
        (each.number, each.parents, score, each.changes)
        for each, score in zip(result.candidates, result.scores, strict=True)
    ]
    console.print(_candidates(rows, result.best.number, result.frontier))
    if result.table:
        console.print(Text(clean(result.table) + "\n", style="dim"), soft_wrap=True)
    console.print(_diff(dict(result.candidates[0].components), dict(result.best.components)))


def print_runs(runs: Sequence[RunRecord]) -> None:
    """Print a line for each run."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in ("id", "name", "started", "state"):
        table.add_column(name, overflow="fold")
    for name in ("seed", "best", "rollouts", "cost"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        started = "" if run.started is None else run.started.strftime("%Y-%m-%d %H:%M")
        cost = "" if run.spend.cost_usd is None else f"${run.spend.cost_usd:.4f}"
        texts = [run.id, clean(run.name), started, clean(run.state)]
        figures = [_score(run.seed_score), _score(run.best["score"]), str(run.rollouts), cost]
        table.add_row(*map(Text, (*texts, *figures)))
    _console().print(table)


def print_run(run: RunRecord) -> None:
    """Print all of a run: head, candidates with lineage and frontier, proposals, spend, and the best prompt."""
    console = _console()
    print_runs([run])
    rows = [(each["number"], each["parents"], each["score"], each["changes"]) for each in run.candidates]
    console.print(_candidates(rows, run.best["number"], run.frontier))
    lineage = sorted({each["number"] for each in run.lineage})
    console.print(Text(f"lineage of the best: {' → '.join(map(str, lineage))}"))
    if run.test:
        told = f"test on {run.test['rows']} rows: seed {run.test['seed']:.3f}, best {run.test['best']:.3f}"
        if run.test["rows"] > 1:  # a single one tells nothing of the spread
            told += ", 95 %: {:+.3f} to {:+.3f}".format(*run.test["interval"])
        console.print(Text(told))
    for proposal in run.proposals[-_PROPOSALS_SHOWN:]:
        head = f"proposal {proposal['proposal']} from {proposal['parent']}: {proposal['ending']}"
        why = one_line(clean(proposal["reason"] or ""), 160)
        console.print(Text.assemble(head, (f"  {why}" if why else "", "dim")), soft_wrap=True)
    hidden = len(run.proposals) - _PROPOSALS_SHOWN
    if hidden > 0:
        console.print(Text(f"and {hidden} proposals before", style="dim"))
    spend = run.spend
    cost = "" if spend.cost_usd is None else f", ${spend.cost_usd:.4f}"
    tokens = "" if spend.total_tokens is None else f", {spend.total_tokens:,} tokens"
    told = (
        f"spend: {run.rollouts} rollouts, {run.reflections} reflections, {spend.calls} calls{tokens}{cost}\n"
    )
    console.print(Text(told))
    console.print(_diff(run.seed, run.best["components"]))


def print_worlds(result: OptimizationResult, accuracy: dict[str, float]) -> None:
    """Print the table of a simulated world: how good the prompts are, exactly and as the run had measured it."""
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("prompt")
    table.add_column("exact accuracy", justify="right")
    table.add_column("validation score", justify="right")
    measured = {"before": result.seed_score, "after": result.best_score}
    for name, value in accuracy.items():
        table.add_row(name, f"{value:.1%}", f"{measured[name]:.3f}" if name in measured else "")
    _console().print(table)


def _candidates(
    rows: Iterable[tuple[int, Sequence[int], float | None, Sequence[str]]],
    best: int,
    frontier: Container[int],
) -> Table:
    """The table of candidates: the number of each, its parents, score and changes."""
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("candidate", justify="right")
    table.add_column("from")
    table.add_column("score", justify="right")
    table.add_column("frontier")
    table.add_column("changes", overflow="fold")
    for number, parents, score, changes in rows:
        said = one_line(clean("; ".join(changes)), 240) or ("the seed" if not parents else "")
        cells = (
            str(number),
            ", ".join(map(str, parents)),
            _score(score),
            "yes" if number in frontier else "",
        )
        table.add_row(*cells, Text(said), style="bold green" if number == best else None)
    return table


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"


def _diff(before: dict[str, str], after: dict[str, str]) -> Text:
    text = Text()
    for name, old in before.items():
        sides = (clean(old).splitlines(), clean(after[name]).splitlines())
        for line in unified_diff(*sides, f"{name}: seed", f"{name}: best", lineterm=""):
            text.append(line + "\n", style={"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim"))
    return text if text else Text("the seed is the best", style="dim")
