"""What a tool call runs, and whether it only reads or searches."""

from __future__ import annotations

import re

from reflector._json import JSONValue, dumps
from reflector.trajectories.findings.wording import words_of
from reflector.trajectories.step import Step

__all__ = [
    "NO_ARGUMENTS", "command_of", "hides_exit_code", "is_python", "is_reader", "is_search", "reading_programs",
]  # fmt: skip

NO_ARGUMENTS: tuple[JSONValue, ...] = (None, {}, [], "")
"""What stands in a record for the arguments of a call that has none."""
_COMMAND_KEYS = (
    "command", "cmd", "code", "script", "bash", "python", "source", "action", "keystrokes", "shell", "query", "input",
)  # fmt: skip
_READERS = words_of(
    "cat head tail less more nl sed awk grep egrep fgrep rg ag ack find ls tree wc sort uniq cut file stat diff cmp "
    "echo printf pwd env which xxd strings jq column tac zcat du df ps history man date true tee xargs tr basename "
    "dirname realpath readlink type"
)
# Commands of agents' own file viewers: what they refuse, they say in a sentence of theirs.
_VIEWERS = words_of("open goto scroll_down scroll_up search_dir search_file find_file view")
_GIT_READERS = words_of("log show diff status blame grep ls-files branch remote describe rev-parse cat-file")
_SEARCHERS = words_of("grep egrep fgrep rg ag ack find which test [ [[ diff cmp pgrep locate type command")
_READING_NAME = re.compile(
    r"(?:^|[_\W])(?:read|view|open|cat|get|list|ls|fetch|browse\w*|search|find|grep|glob|retrieve|lookup|query|scroll|"
    r"show|goto|click|navigate|web)(?:$|[_\W\d])",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD_BREAK = re.compile(r"&&|\|\||[;|\n]")
_ASSIGNMENT = re.compile(r"^\w+=\S*$")
_PREFIXES = words_of("sudo time timeout nohup env exec command xargs")
_HEREDOC = re.compile(r"<<-?\s*['\"\\]?(\w+)")
_PYTHON_NAME = re.compile(
    r"(?:^|[_\W])(?:i?python3?|jupyter|notebook|code_interpreter|repl|execute_code|run_code)", re.I
)
_MAX = 4000


def command_of(step: Step) -> str:
    """Return what the call runs: its command or code, else its arguments as JSON, else its own text."""
    arguments = step.arguments
    if arguments in NO_ARGUMENTS:
        return step.content
    if isinstance(arguments, str):
        return arguments
    if isinstance(arguments, dict):
        for value in map(arguments.get, _COMMAND_KEYS):
            if isinstance(value, str):
                return value
            if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
                return " ".join(value)
    return dumps(arguments, sort_keys=True).decode()


def is_python(name: str, command: str) -> bool:
    """Return whether the call hands Python code to an interpreter tool (not to a shell)."""
    return bool(_PYTHON_NAME.search(name)) and not command.lstrip().startswith(
        ("python ", "python3 ", "pip ")
    )


def is_reader(name: str, command: str) -> bool:
    """Return whether the call only shows what is there, so that errors in its output may be mere content."""
    programs = _programs(command)
    shows = bool(programs) and all(program in _READERS or program in _VIEWERS for program in programs)
    return shows or bool(_READING_NAME.search(_CAMEL.sub("_", name)))


def reading_programs(command: str) -> tuple[str, ...]:
    """Return the programs of a command line that does nothing but show; empty for any other."""
    programs = _programs(command)
    return tuple(programs) if all(program in _READERS for program in programs) else ()


def is_search(name: str, command: str) -> bool:
    """Return whether the call searches, so that exit code 1 without output means no hit."""
    return any(program in _SEARCHERS for program in _programs(command)) or "search" in name.lower()


def hides_exit_code(command: str) -> bool:
    """Return whether the exit code is not that of the command that matters (`… | tail`, `… || true`, `… ; echo`)."""
    head = _HEREDOC.split(command[:_MAX], maxsplit=1)[0]
    return "|" in head or ";" in head


def _programs(command: str) -> list[str]:
    """The programs a shell command line runs, without `cd`; the body of a heredoc is left out."""
    line = command[:_MAX]
    if _HEREDOC.search(line):
        return ["<<"]
    programs = []
    for part in _WORD_BREAK.split(line):
        words = part.split()
        while words and (_ASSIGNMENT.match(words[0]) or words[0] in _PREFIXES or words[0].isdigit()):
            words.pop(0)
        if not words or words[0] == "cd":
            continue
        program = words[0].rsplit("/", 1)[-1].strip("()`\"'")
        if program == "git" and len(words) > 1:
            program = "cat" if words[1] in _GIT_READERS or words[1].startswith("--") else "git"
        elif program == "sed" and any(word.startswith("-i") or word == "--in-place" for word in words):
            program = "sed -i"
        programs.append(program)
    return programs
