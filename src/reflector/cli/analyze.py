"""`reflector analyze`: what went wrong in runs, without asking a model."""

from __future__ import annotations

from reflector.cli.output import Files, Format, Json, error_record, print_document, run_record
from reflector.cli.reading import read_files
from reflector.trajectories.analyzer import analyze

__all__ = ["analyze_command"]


def analyze_command(files: Files, format: Format = "auto", as_json: Json = False) -> None:
    """Analyse runs: failure points, reasoning issues and success indicators, with their steps."""
    runs, errors = read_files(files, format)
    analyses = [analyze(run) for run in runs]
    if as_json:
        document = {"trajectories": [run_record(each) for each in analyses]}
        print_document(document | {"errors": [error_record(err) for err in errors]})
        return
    from reflector.cli.pages import print_analysis, print_errors

    for analysis in analyses:
        print_analysis(analysis)
    print_errors(errors)
