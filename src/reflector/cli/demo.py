"""`reflector demo`: the main job on a bundled failed run, without a key or a network."""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated

import typer

from reflector.cli.output import print_document
from reflector.cli.reflect import document, run_conversation
from reflector.reflecting.reflector import Reflector
from reflector.trajectories.loading import load_trajectories

__all__ = ["demo_command"]


def demo_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Reflect on a failed run that comes with the package, by rules: no key, no network."""
    run = list(load_trajectories(files("reflector.cli").joinpath("demo_run.json").read_bytes()))
    conversation, _ = run_conversation(Reflector("rules"), run, 1, quiet=as_json)
    (reflection,) = conversation.reflections
    if as_json:
        print_document(document(reflection))
        return
    from reflector.cli.pages import print_notice, print_reflection

    print_reflection(reflection)
    print_notice(
        "This was a bundled run, reflected on by rules. With a model: "
        "reflector reflect YOUR_RUN --model openai/gpt-5"
    )
