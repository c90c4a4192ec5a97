"""The outline of a Python file, by the interpreter's own parser. Nothing in the file is executed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence

from reflector.code.chunk import ChunkKind
from reflector.code.outline import Outline, Part, fill
from reflector.code.source import Source

__all__ = ["parse_python", "python_outline"]

_NAME = "<code that is only read>"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPOUND = (
    ast.If,
    ast.Try,
    ast.TryStar,
    ast.ExceptHandler,
    ast.With,
    ast.AsyncWith,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.Match,
    ast.match_case,
)
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def python_outline(source: Source) -> Outline | None:
    """Return functions, methods and classes, below `if` and `try` too; None when the parser refuses the text."""
    tree = parse_python(source.whole)
    if tree is None:
        return None
    body = tree.body
    definitions = [_definition(source, node, "") for node in _definitions(body)]
    return Outline(fill(source, definitions, _summary(body), lambda: _stops(body)))


def parse_python(text: str) -> ast.Module | None:
    """Return the syntax tree of a text; None when the parser refuses it."""
    # Python warns of doubtful code while it parses, and that is no business of whoever only reads it.
    warnings.filterwarnings("ignore", module=_NAME)
    try:
        return ast.parse(text, _NAME)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _definitions(body: Sequence[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield what a block defines, in order, without looking into it."""
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _DEFINITIONS):
            yield node
        elif isinstance(node, _COMPOUND):
            waiting.extend(reversed(_inner(node)))


def _inner(node: ast.AST) -> list[ast.stmt]:
    """Return the statements (and cases, and handlers) directly inside of one."""
    found: list[ast.stmt] = []
    for name in _BLOCKS:
        found += getattr(node, name, ())
    return found


def _definition(
    source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, owner: str
) -> Part:
    name = f"{owner}.{node.name}" if owner else node.name
    first = node.lineno
    decorators: tuple[str, ...] = ()
    if node.decorator_list:
        first = min(first, node.decorator_list[0].lineno)
        decorators = tuple([_text(source, each) for each in node.decorator_list])
    inner: list[Part] = []
    kind = ChunkKind.METHOD if owner else ChunkKind.FUNCTION
    if isinstance(node, ast.ClassDef):
        kind = ChunkKind.CLASS
        inner = [_definition(source, each, name) for each in _definitions(node.body)]
    return Part(
        first,
        node.end_lineno or first,
        kind,
        name,
        _summary(node.body),
        decorators,
        stops=lambda: _stops(node.body, is_function=kind is not ChunkKind.CLASS),
        inner=inner,
    )


def _text(source: Source, node: ast.expr) -> str:
    """Return what a decorator says, on one line."""
    lines = source.lines[node.lineno - 1 : node.end_lineno]
    if len(lines) == 1:
        return lines[0][node.col_offset : node.end_col_offset].decode("utf-8")
    return " ".join(ast.unparse(node).split())


def _summary(body: Sequence[ast.stmt]) -> str:
    first = body[0] if body else None
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        return ""
    text = first.value.value
    return text.strip().partition("\n")[0].rstrip() if isinstance(text, str) else ""


def _stops(body: Iterable[ast.stmt], *, is_function: bool = False) -> Iterator[tuple[int, int]]:
    """Yield the line of every statement with its depth, expressions and `else` not counted.

    What a module or class defines is not looked into: those are parts of their own.
    """
    waiting = [(node, 0) for node in body]
    while waiting:
        node, depth = waiting.pop()
        if line := getattr(node, "lineno", None):
            decorators = getattr(node, "decorator_list", ())
            yield min([line, *(each.lineno for each in decorators)]), depth
        if isinstance(node, _COMPOUND) or (is_function and isinstance(node, _DEFINITIONS)):
            waiting += [(each, depth + 1) for each in _inner(node)]
