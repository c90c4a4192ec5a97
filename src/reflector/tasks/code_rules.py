"""Defects of Python that its syntax tree alone proves: few rules, each with hardly a false alarm."""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import UnionType
from typing import Any, NamedTuple

from reflector.code.chunk import Chunk, ChunkKind
from reflector.code.python_outline import parse_python
from reflector.reflection.models import Confidence, ParseMode, Priority, SuggestionCategory, SuggestionType
from reflector.tasks.code_results import CodeReflection, CodeSuggestion

__all__ = ["reflect_on_code_by_rules"]

_CERTAIN = 0.9
"""Confidence of what a rule found: it is there, though it may be meant."""


class _Found(NamedTuple):
    node: ast.AST
    description: str
    rationale: str
    priority: Priority = Priority.HIGH


_Rule = Callable[[Any], Iterator[_Found]]
_Place = tuple[str, str, str]
"""Path, qualified name of the class or nothing, and name of a coroutine function."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def reflect_on_code_by_rules(chunks: Sequence[Chunk]) -> CodeReflection:
    """Return the defects that rules prove in chunks of Python; other languages and what does not parse are passed over.

    The same chunks give the same value.
    """
    trees = [(chunk, tree) for chunk in chunks if (tree := _tree(chunk)) is not None]
    awaitable = _coroutines(trees)
    suggestions = [
        _suggestion(chunk, found) for chunk, tree in trees for found in _findings(chunk, tree, awaitable)
    ]
    suggestions.sort(key=lambda each: (each.priority is not Priority.HIGH, each.path, each.start_line))
    count = len(suggestions)
    what = "no defect" if not count else "1 defect" if count == 1 else f"{count} defects"
    return CodeReflection(
        analysis=f"By rules, without a model: {what} in {len(trees)} of {len(chunks)} chunks that are Python.",
        suggestions=tuple(suggestions),
        confidence=Confidence.HIGH if suggestions else Confidence.LOW,
        confidence_score=_CERTAIN if suggestions else 0.0,
        parse_mode=ParseMode.RULES,
    )


def _tree(chunk: Chunk) -> ast.Module | None:
    return parse_python(textwrap.dedent(chunk.text)) if chunk.language in ("python", "") else None


def _findings(chunk: Chunk, tree: ast.Module, awaitable: frozenset[_Place]) -> Iterator[_Found]:
    nodes = list(ast.walk(tree))
    calm = {id(inner) for node in nodes if _expects_errors(node) for inner in ast.walk(node)}
    for node in nodes:
        for rule in _RULES.get(type(node), ()):
            if id(node) not in calm:
                yield from rule(node)
    if awaitable:
        own = {_bound(node) for node in nodes if not _is_coroutine(node)}
        for around, body in _scopes(chunk, tree):
            for node in _same_scope(body, ast.ClassDef):
                yield from _not_awaited(node, chunk.path, around, awaitable, own)


def _suggestion(chunk: Chunk, found: _Found) -> CodeSuggestion:
    first = getattr(found.node, "lineno", 1)
    last = getattr(found.node, "end_lineno", first) if isinstance(found.node, ast.expr | ast.Expr) else first
    return CodeSuggestion(
        type=SuggestionType.MODIFY,
        category=SuggestionCategory.REASONING,
        description=found.description,
        rationale=found.rationale,
        priority=found.priority,
        target_section=chunk.name or None,
        path=chunk.path,
        start_line=chunk.start_line + first - 1,
        end_line=chunk.start_line + last - 1,
    )


# --- rules ----------------------------------------------------------------------------------------------------


def _swallowed(node: ast.ExceptHandler) -> Iterator[_Found]:
    """A handler of everything that goes on as if nothing had happened: interrupts and cancellation are lost."""
    is_everything = node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "BaseException")
    if is_everything and all(
        isinstance(each, ast.Pass | ast.Continue) or _is_ellipsis(each) for each in node.body
    ):
        yield _Found(
            node,
            "Catch the errors that are expected here, `Exception` at most, or raise again.",
            "It swallows KeyboardInterrupt, SystemExit and cancellation without a trace.",
        )


def _mutable_default(node: _Function) -> Iterator[_Found]:
    """A default that one call changes and the next one finds changed."""
    for name, default in _defaults(node.args):
        is_mutable = isinstance(default, ast.List | ast.Dict | ast.Set)
        if is_mutable and not _MEANT.search(name) and _is_changed(name, node.body):
            yield _Found(
                default,
                f"Let `{name}` default to None and make the value inside of `{node.name}`.",
                f"All calls share one `{name}`, and the function changes it: a call finds what earlier ones left.",
                Priority.MEDIUM,
            )


def _lost_in_finally(node: ast.Try) -> Iterator[_Found]:
    """A return in `finally`: whatever was raised before is gone."""
    for each in _same_scope(node.finalbody):
        if isinstance(each, ast.Return):
            yield _Found(
                each,
                "Move the `return` out of the `finally` block.",
                "It discards an error that is on its way, interrupts and cancellation included.",
            )


def _true_assertion(node: ast.Assert) -> Iterator[_Found]:
    """`assert (condition, message)` never fails."""
    if isinstance(node.test, ast.Tuple) and node.test.elts:
        yield _Found(
            node,
            "Write `assert condition, message` without the parentheses.",
            "A tuple that is not empty is always true, so that this assertion never fails.",
        )


def _not_raised(node: ast.Expr) -> Iterator[_Found]:
    """An error that is made and dropped."""
    if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
        name = node.value.func.id
        if name in _ERRORS:
            yield _Found(
                node, f"Write `raise {name}(…)`.", "The error is made and dropped; nothing is raised."
            )


def _is_literal(node: ast.Compare) -> Iterator[_Found]:
    """`is` between values that are compared by chance only."""
    sides = (node.left, *node.comparators)
    for operator, *pair in zip(node.ops, sides, sides[1:], strict=False):
        if isinstance(operator, ast.Is | ast.IsNot) and any(map(_is_number_or_text, pair)):
            yield _Found(
                node,
                "Compare with `==` or `!=`.",
                "`is` asks for the same object; whether equal literals are one is up to the interpreter.",
            )


def _repeated_key(node: ast.Dict) -> Iterator[_Found]:
    """A key that stands twice in a dict with different values."""
    seen: dict[tuple[type, object], str] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant):
            mark, text = (type(key.value), key.value), ast.dump(value)
            if seen.setdefault(mark, text) != text:
                yield _Found(
                    key, f"Keep one of the values for the key {key.value!r}.", "The last one wins, silently."
                )


def _blocking(node: ast.AsyncFunctionDef) -> Iterator[_Found]:
    """`time.sleep` in a coroutine."""
    for each in _same_scope(node.body):
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "time.sleep":
            yield _Found(
                each,
                "Await the event loop's own sleep.",
                f"`time.sleep` in `{node.name}` stops every task of the event loop.",
            )


def _not_awaited(
    node: ast.AST, path: str, around: str, awaitable: frozenset[_Place], own: set[str]
) -> Iterator[_Found]:
    """A coroutine that is made and dropped: of a method of the same class, or of a function of the same file."""
    called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    match called:
        case ast.Attribute(value=ast.Name(id="self"), attr=name) if around:
            place = (path, around, name)
        case ast.Name(id=name) if name not in own:
            place = (path, "", name)
        case _:
            return
    if place in awaitable:
        yield _Found(
            node, f"Write `await {ast.unparse(called)}(…)`.", "It only makes a coroutine, which never runs."
        )


_RULES: dict[type[ast.AST], tuple[_Rule, ...]] = {
    ast.ExceptHandler: (_swallowed,),
    ast.FunctionDef: (_mutable_default,),
    ast.AsyncFunctionDef: (_mutable_default, _blocking),
    ast.Try: (_lost_in_finally,),
    ast.Assert: (_true_assertion,),
    ast.Expr: (_not_raised,),
    ast.Compare: (_is_literal,),
    ast.Dict: (_repeated_key,),
}


# --- what they look at ----------------------------------------------------------------------------------------

_ERRORS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and not issubclass(value, Warning)
)
_MEANT = re.compile("^_|cache|memo")
"""Arguments whose default is shared on purpose."""
_CHANGES = frozenset(
    {"append", "extend", "insert", "add", "update", "setdefault", "remove", "discard", "clear", "pop"}
)
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def _same_scope(body: Iterable[ast.AST], border: type[ast.AST] | UnionType = _SCOPES) -> Iterator[ast.AST]:
    """Yield the nodes below, without those of functions and classes inside, or of what else is a border."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, border):
            waiting.extend(ast.iter_child_nodes(node))


def _coroutines(trees: Iterable[tuple[Chunk, ast.Module]]) -> frozenset[_Place]:
    """Return where coroutine functions are defined, without names that are also bound otherwise there."""
    found: dict[_Place, bool] = {}
    for chunk, tree in trees:
        for around, body in _scopes(chunk, tree):
            for node in _same_scope(body):
                place = (chunk.path, around, _bound(node))
                found[place] = found.get(place, True) and _is_coroutine(node)
    return frozenset(place for place, is_coroutine in found.items() if is_coroutine)


def _scopes(chunk: Chunk, tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    """Yield what stands in each class and in the module, with the qualified name of the class or nothing."""
    outer, _, own = chunk.name.rpartition(".")
    begins = any(isinstance(each, ast.ClassDef) and each.name == own for each in tree.body)
    around = chunk.name if chunk.kind is ChunkKind.CLASS and not begins else outer
    waiting = [(around, tree.body)]
    while waiting:
        around, body = waiting.pop()
        yield around, body
        inner = (each for each in _same_scope(body) if isinstance(each, ast.ClassDef))
        waiting += ((f"{around}.{each.name}".lstrip("."), each.body) for each in inner)


def _bound(node: ast.AST) -> str:
    """Return the name that a node gives a value; empty if it gives none."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return name
        case ast.alias(name=name, asname=other):
            return other or name
    return ""


def _is_coroutine(node: ast.AST) -> bool:
    """Return whether a call of what is defined makes a coroutine, and no generator or what a decorator makes of it."""
    return (
        isinstance(node, ast.AsyncFunctionDef)
        and not node.decorator_list
        and not any(isinstance(each, ast.Yield) for each in _same_scope(node.body))
    )


def _expects_errors(node: ast.AST) -> bool:
    """Return whether errors are expected in a block: `with pytest.raises(…)` and the like."""
    return isinstance(node, ast.With | ast.AsyncWith) and any(
        "raises" in ast.unparse(item.context_expr).lower() for item in node.items
    )


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _is_number_or_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float, complex, str, bytes)


def _defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    named = [*arguments.posonlyargs, *arguments.args]
    if arguments.defaults:
        for argument, default in zip(named[-len(arguments.defaults) :], arguments.defaults, strict=True):
            yield argument.arg, default
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword is not None:
            yield argument.arg, keyword


def _is_changed(name: str, body: Sequence[ast.stmt]) -> bool:
    """Return whether a function changes what its argument holds, and never gives the name another value."""
    changes = False
    for node in (each for part in body for each in ast.walk(part)):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            return False
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            changes |= node.func.attr in _CHANGES and _is_name(node.func.value, name)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            changes |= _is_name(node.value, name)
    return changes


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
