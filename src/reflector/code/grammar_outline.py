"""The outline of a file in another language than Python, by tree-sitter. The one door to it, and an extra."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from reflector.code.chunk import ChunkKind
from reflector.code.outline import Outline, Part, fill
from reflector.code.source import Source

__all__ = ["grammar_outline", "has_grammar"]

# Language -> module of its wheel, and the function in it that gives the grammar.
_GRAMMARS = {
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "rust": ("tree_sitter_rust", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "c_sharp": ("tree_sitter_c_sharp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "bash": ("tree_sitter_bash", "language"),
}

# The grammars name alike things alike, so that one table serves all of them.
_FUNCTIONS = frozenset(
    str.split("""
    function_declaration generator_function_declaration function_definition function_item
    method_definition method_declaration constructor_declaration method singleton_method macro_definition
    function_signature_item variable_declarator
    """)
)
_CLASSES = frozenset(
    str.split("""
    class_declaration abstract_class_declaration interface_declaration enum_declaration
    record_declaration struct_declaration trait_declaration class_specifier struct_specifier struct_item
    enum_item union_item trait_item impl_item class module type_declaration type_alias_declaration
    """)
)
_AROUND = frozenset(
    {"export_statement", "template_declaration", "lexical_declaration", "ambient_declaration"}
)
"""Belongs to the definition inside of it."""
_TRANSPARENT = frozenset(
    str.split("""
    namespace_definition namespace_declaration internal_module mod_item declaration_list class_body
    interface_body enum_body enum_body_declarations field_declaration_list body_statement
    linkage_specification preproc_ifdef preproc_if expression_statement statement_block program
    """)
)
_ARROWS = frozenset({"arrow_function", "function_expression", "function", "generator_function"})
_DEEPEST = 12


def has_grammar(language: str) -> bool:
    """Return whether the wheels for a language are installed."""
    return language in _GRAMMARS and _is_installed(_GRAMMARS[language][0])


@lru_cache(64)
def _is_installed(module: str) -> bool:
    return find_spec("tree_sitter") is not None and find_spec(module) is not None


def grammar_outline(source: Source) -> Outline:
    """Return functions, methods and classes. What is not valid is passed over; the rest is found all the same."""
    root = _parser(source.language).parse(source.data).root_node
    return Outline(fill(source, list(_definitions(root, "", 0))))


@lru_cache(64)
def _parser(language: str) -> Any:
    import tree_sitter

    module, function = _GRAMMARS[language]
    grammar = getattr(import_module(module), function)()
    return tree_sitter.Parser(tree_sitter.Language(grammar))


def _definitions(parent: Any, owner: str, depth: int, around: Any = None) -> Iterator[Part]:
    """Yield what stands directly in a node, or in nodes that only wrap it."""
    if depth > _DEEPEST:
        return
    for node in parent.children:
        kind = node.type
        if kind in _FUNCTIONS and (kind != "variable_declarator" or _is_function(node)):
            name = _name(node)
            if name:
                what = ChunkKind.METHOD if owner or _receiver(node) else ChunkKind.FUNCTION
                yield _definition(around or node, what, _joined(owner or _receiver(node), name))
        elif kind in _CLASSES and node.named_child_count:
            name = _joined(owner, _name(node))
            inner = list(_definitions(node, name, depth + 1))
            yield _definition(around or node, ChunkKind.CLASS, name, inner)
        elif kind in _AROUND:
            yield from _definitions(node, owner, depth + 1, around or node)
        elif kind in _TRANSPARENT:
            yield from _definitions(node, owner, depth + 1)


def _definition(node: Any, kind: ChunkKind, name: str, inner: Any = ()) -> Part:
    last = node.end_point[0] + (1 if node.end_point[1] else 0)
    first = node.start_point[0] + 1
    return Part(first, max(first, last), kind, name, inner=inner)


def _is_function(node: Any) -> bool:
    value = node.child_by_field_name("value")
    return value is not None and value.type in _ARROWS


def _name(node: Any) -> str:
    """Return the name of what a node defines; C and C++ hide it in declarators."""
    for field in ("name", "type", "declarator"):
        child = node.child_by_field_name(field)
        if child is not None and field == "declarator":
            return _name(child) or _text(child)
        if child is not None and not (field == "type" and node.type.startswith("function")):
            return _text(child)
    spec = next((each for each in node.named_children if each.type.endswith("_spec")), None)
    return _name(spec) if spec is not None else ""


def _receiver(node: Any) -> str:
    """Return the type that a method of Go belongs to."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None or not receiver.named_children:
        return ""
    kind = receiver.named_children[0].child_by_field_name("type")
    return _text(kind).lstrip("*").partition("[")[0] if kind is not None else ""


def _text(node: Any) -> str:
    return " ".join(node.text[:200].decode("utf-8", "replace").split()).replace("::", ".")


def _joined(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner and name else owner or name
