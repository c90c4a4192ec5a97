"""`reflector optimize`: a better prompt from runs of it, as a configuration file asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from reflector._json import dumps
from reflector._text import clean, one_line
from reflector.cli.demo import optimize_demo, print_demo
from reflector.cli.driving import Drive, drive
from reflector.cli.output import (
    BAD_INPUT,
    INTERRUPTED,
    MODEL_FAILED,
    Json,
    error_record,
    print_document,
    write_file,
)
from reflector.cli.reflect import check_writable
from reflector.cli.run_config import RunConfig, read_config
from reflector.errors import InputError, JournalOpenError, RunLogError
from reflector.optimizer.runs import read_run, read_runs

__all__ = ["RUNS", "best_text", "optimize_command", "run_configured"]

RUNS = "runs"
"""The folder in which runs are logged when no file is named."""


def optimize_command(
    config: Annotated[
        str | None, typer.Argument(metavar="CONFIG.toml", help="Prompt, rows, models, scorer, budget.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the latest run of this file.")] = False,
    store: Annotated[
        str | None, typer.Option(metavar="FILE", help="Log of the run. Default: runs/NAME-TIME.db.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the best prompt to this file.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Optimize in a small simulated world: no key, no network.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Improve a prompt: run it, reflect on what failed, keep what scores better. Ctrl-C ends with the best so far."""
    if demo:
        if config or resume or store or out:
            raise InputError("--demo brings its own world: CONFIG.toml and the other options exclude it.")
        ended = optimize_demo(quiet=as_json)
        if as_json:
            print_document(ended.document() | {"errors": []})
        else:
            print_demo(ended)
        return
    if config is None:
        raise InputError("CONFIG.toml is missing; `reflector optimize --demo` shows what this command does.")
    given = read_config(config)
    run_configured(
        given,
        _log_file(given, Path(store) if store else given.store, resume),
        out or given.out,
        as_json=as_json,
    )


def run_configured(config: RunConfig, store: Path, out: str | None, *, as_json: bool) -> None:
    """Run what a configuration asks for, print the result, and end with the exit code that fits."""
    from reflector.cli.pages import print_notice

    if out is not None:
        check_writable(out, [*config.read, str(store)], "--out")
    notes = {"config": str(config.path.resolve()), "name": config.name}
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        ended = drive(config.optimizer(store), quiet=as_json, notes=notes)
    except (JournalOpenError, OSError) as err:
        raise InputError(f"{str(store)!r} cannot be used as the log of a run: {err}") from err
    if not as_json:
        print_notice(f"log: {store}")
    if ended.result is None and ended.error is not None and not ended.is_interrupted:
        raise ended.error
    said = None
    if ended.result is not None and out is not None:
        try:
            write_file(out, best_text(ended.result.best.components))
            said = f"The best prompt was written to {out}."
        except InputError as err:  # the run is paid for: it is printed all the same
            ended.error = ended.error or err
    _print(ended, store, as_json=as_json)
    if said:
        print_notice(said)
    _exit(ended, config)


def _print(ended: Drive, store: Path, *, as_json: bool) -> None:
    from reflector.cli.run_pages import print_result

    if as_json:
        errors = [] if ended.error is None else [error_record(ended.error)]
        document = {} if ended.result is None else ended.result.summary()
        facts = {"store": str(store), "forecast": ended.forecast, "interrupted": ended.is_interrupted}
        print_document(document | facts | {"errors": errors})
    elif ended.result is not None:
        print_result(ended.result)


def _exit(ended: Drive, config: RunConfig) -> None:
    from reflector.cli.pages import print_notice

    if ended.is_interrupted:
        print_notice(f"`reflector optimize {config.path} --resume` goes on with this run")
        raise typer.Exit(INTERRUPTED)
    if ended.error is not None:
        print_notice(f"reflector: {one_line(clean(str(ended.error)), 500)}")
        raise typer.Exit(BAD_INPUT if isinstance(ended.error, InputError) else MODEL_FAILED)


def _log_file(config: RunConfig, store: Path | None, resume: bool) -> Path:
    """Return the file in which the run is logged.

    Raises:
        InputError: If there is nothing to resume, or a run already where a new one is to begin.
    """
    if store is not None:
        if resume:
            read_run(store)
        elif store.exists():
            raise InputError(
                f"{str(store)!r} exists already: --resume goes on with the run in it, another --store begins a new one."
            )
        return store
    if resume:
        wanted = str(config.path.resolve())
        try:
            return next(run.path for run in read_runs(RUNS) if run.notes.get("config") == wanted)
        except (StopIteration, RunLogError):
            raise InputError(f"there is no run of {config.path} in the folder {RUNS!r} to resume.") from None
    name = "".join(each if each.isalnum() or each in "-_." else "-" for each in config.name)
    base = f"{name.lstrip('.')}-{datetime.now():%Y%m%d-%H%M%S}"
    candidates = (Path(RUNS, f"{base}{'' if not again else f'-{again}'}.db") for again in range(1000))
    return next(path for path in candidates if not path.exists())


def best_text(components: Mapping[str, str]) -> str:
    """Return the only text of a candidate, or the JSON object of several."""
    if len(components) == 1:
        return next(iter(components.values()))
    return dumps(dict(components), indent=True).decode()
