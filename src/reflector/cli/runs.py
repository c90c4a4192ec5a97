"""`reflector runs`: what the logs of optimizations tell, and going on with one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reflector._json import dumps
from reflector.cli.optimize import RUNS, best_text, run_configured
from reflector.cli.output import Json, print_document, write_file
from reflector.cli.run_config import read_config
from reflector.errors import InputError
from reflector.optimizer.runs import RunRecord, read_runs

__all__ = ["runs_app"]

runs_app = typer.Typer(
    help="List, show, export and resume runs of `reflector optimize`.", no_args_is_help=True
)

Store = Annotated[str, typer.Option(metavar="PATH", help="A folder of logs, or one log.")]
Run = Annotated[
    str | None,
    typer.Argument(metavar="RUN", help="Its id, how that begins, its name or file. Default: the newest."),
]


@runs_app.command("list")
def list_command(store: Store = RUNS, as_json: Json = False) -> None:
    """List runs, the newest first: id, state, score, rollouts."""
    from reflector.cli.pages import print_notice
    from reflector.cli.run_pages import print_runs

    has_none = store == RUNS and not Path(RUNS).exists()  # nobody has optimized here yet
    runs = [] if has_none else list(read_runs(store))
    if as_json:
        print_document({"runs": [run.row() for run in runs], "errors": []})
        return
    if not runs:
        print_notice(f"no run is logged in {store}")
        return
    print_runs(runs)


@runs_app.command("show")
def show_command(run: Run = None, store: Store = RUNS, as_json: Json = False) -> None:
    """Show a run: candidates with lineage and frontier, proposals, spend, and what changed in the prompt."""
    from reflector.cli.run_pages import print_run

    found = _find(run, store)
    if as_json:
        print_document(found.to_dict() | {"errors": []})
        return
    print_run(found)


@runs_app.command("export")
def export_command(
    run: Run = None,
    store: Store = RUNS,
    best: Annotated[bool, typer.Option("--best", help="Only the best prompt, as it is.")] = False,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="Write to this file.")] = None,
) -> None:
    """Print everything that is known of a run as JSON, or its best prompt."""
    found = _find(run, store)
    everything = dumps(found.to_dict(), indent=True).decode() + "\n"
    text = best_text(found.best["components"]) if best else everything
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_file(out, text)


@runs_app.command("resume")
def resume_command(
    run: Run = None,
    store: Store = RUNS,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the best prompt to this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Go on with a run, by the configuration file that it was started with."""
    found = _find(run, store)
    config = found.notes.get("config")
    if not config:
        raise InputError(
            f"the run {found.id} was not started by `reflector optimize`: "
            f"go on with it by the same call of rf.optimize, with store={str(found.path)!r}."
        )
    given = read_config(config)
    run_configured(given, found.path, out or given.out, as_json=as_json)


def _find(wanted: str | None, store: str) -> RunRecord:
    """Return the run that is meant.

    Raises:
        InputError: If there is none, or several.
    """
    if wanted is not None and Path(wanted).is_file():
        return next(read_runs(wanted))
    runs = list(read_runs(store))
    if not runs:
        raise InputError(f"no run is logged in {store!r}; --store names another folder or file.")
    if wanted is None:
        return runs[0]
    found = [run for run in runs if wanted in (run.id, run.name, run.path.stem)]
    found = found or [run for run in runs if run.id.startswith(wanted)]
    if not found:
        raise InputError(
            f"no run in {store!r} is called {wanted!r}; `reflector runs list` shows those there are."
        )
    if len(found) > 1:
        raise InputError(f"{wanted!r} can be {', '.join(run.id for run in found[:5])}; give the id.")
    return found[0]
