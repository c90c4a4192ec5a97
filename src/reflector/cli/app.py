"""The command `reflector`: its commands, and how errors become exit codes.

Exit codes of every command: 0 with a result, 2 for bad input, 3 when the model failed, 130 on Ctrl-C.
"""

from __future__ import annotations

import io
import logging
import sys
from typing import Annotated

import typer

from reflector import __version__
from reflector.cli.analyze import analyze_command
from reflector.cli.apply import apply_command
from reflector.cli.code import index_command, search_command
from reflector.cli.demo import demo_command
from reflector.cli.dispatch import dispatch_command
from reflector.cli.optimize import optimize_command
from reflector.cli.output import BAD_INPUT, INTERRUPTED, exit_with
from reflector.cli.plan import plan_command
from reflector.cli.provider import provider_app
from reflector.cli.reflect import reflect_command
from reflector.cli.runs import runs_app

__all__ = ["app", "main"]

app = typer.Typer(
    name="reflector",
    help="Find out what a prompt did wrong in a run, and change it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("analyze")(analyze_command)
app.command("reflect")(reflect_command)
app.command("optimize")(optimize_command)
app.add_typer(runs_app, name="runs")
app.command("demo")(demo_command)
app.command("dispatch")(dispatch_command)
app.add_typer(provider_app, name="provider")
app.command("index")(index_command)
app.command("search")(search_command)
app.command("plan")(plan_command)
app.command("apply")(apply_command)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(BAD_INPUT)


def main() -> None:
    """Run the command line. Never shows a traceback for bad input or a failing model."""
    # Text of runs holds every character there is; a terminal that cannot print one shows a replacement.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # An interrupted reflection leaves dead letters in its private runtime: nothing a person has to read.
    logging.getLogger("reflector.agents").setLevel(logging.ERROR)
    with exit_with(as_json="--json" in sys.argv):
        code = app(standalone_mode=False)
        if code == INTERRUPTED:  # some versions of typer catch Ctrl-C themselves
            raise KeyboardInterrupt
        if isinstance(code, int) and code:
            sys.exit(code)
