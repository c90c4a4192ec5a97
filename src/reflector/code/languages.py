"""Which language a file is written in, and what a pattern can tell about its text."""

from __future__ import annotations

import re

__all__ = ["language_of", "names_called", "names_imported"]

_LANGUAGES = {
    "py": "python", "pyi": "python", "pyw": "python",
    "md": "markdown", "markdown": "markdown",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "tsx",
    "rs": "rust", "go": "go", "java": "java", "cs": "c_sharp", "rb": "ruby", "php": "php",
    "c": "c", "h": "c", "cc": "cpp", "cpp": "cpp", "cxx": "cpp", "hpp": "cpp", "hh": "cpp", "hxx": "cpp",
    "sh": "bash", "bash": "bash",
}  # fmt: skip

# Comments and strings, in which a name with a parenthesis is no call. Possessive, so that no text takes long.
_TRIPLE = (
    r'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+"""'
    r"|'''[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+'''"
)
_QUOTED = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"' + r"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
_NOISE = {
    "python": re.compile(rf"#[^\n]*+|{_TRIPLE}|{_QUOTED}", re.DOTALL),
    "hash": re.compile(rf"#[^\n]*+|{_QUOTED}", re.DOTALL),
    "slash": re.compile(rf"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|`[^`]*+`|{_QUOTED}", re.DOTALL),
}
_STYLES = {"python": "python", "ruby": "hash", "bash": "hash"}
# Read backwards the parenthesis comes first, and a literal at the start of a pattern is found ten times as fast.
_CALL_BACKWARDS = re.compile(r"\([ \t]*+((?:[\w.]|::)++)(?![ \t]++(?:fed|ssalc|nf|cnuf|noitcnuf)\b)")
_NO_CALLS = frozenset(
    str.split("""
    and as assert await case catch defer elif else except fn for from func function if import in is
    lambda match new not or raise return sizeof super switch typeof until while with yield
    """)
)
_IMPORTS = {
    "python": re.compile(
        r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w., \t]+))", re.MULTILINE
    ),
    "javascript": re.compile(r"""(?:\bfrom|\bimport|\brequire\()\s*["']([^"'\n]+)["']"""),
    "rust": re.compile(r"^[ \t]*(?:pub[ \t]+)?use[ \t]+([\w:]+)", re.MULTILINE),
    "go": re.compile(r'^[ \t]*(?:import[ \t]+)?(?:\w+[ \t]+)?"([\w./-]+)"[ \t]*$', re.MULTILINE),
    "java": re.compile(r"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+)", re.MULTILINE),
    "c": re.compile(r"""^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)""", re.MULTILINE),
    "c_sharp": re.compile(r"^[ \t]*using[ \t]+([\w.]+)[ \t]*;", re.MULTILINE),
    "ruby": re.compile(r"""^[ \t]*require(?:_relative)?[ \t(]+["']([^"'\n]+)""", re.MULTILINE),
    "php": re.compile(r"^[ \t]*use[ \t]+([\w\\]+)", re.MULTILINE),
}
_IMPORTS |= {"typescript": _IMPORTS["javascript"], "tsx": _IMPORTS["javascript"], "cpp": _IMPORTS["c"]}
_IMPORT_WORDS = {
    "rust": "use",
    "c": "include",
    "cpp": "include",
    "c_sharp": "using",
    "ruby": "require",
    "php": "use",
}


def language_of(path: str) -> str:
    """Return the language that a file's name tells; the name's ending, or `text`, when it is not a known one."""
    ending = path.rpartition("/")[2].rpartition(".")[2].lower() if "." in path else ""
    return _LANGUAGES.get(ending, ending if ending.isalnum() else "text")


def names_called(text: str, language: str) -> tuple[str, ...]:
    """Return the names that stand before a parenthesis in code, each once, in the order of their first place.

    >>> names_called("def f(x):\\n    # g(x)\\n    return self.g(h(x)) + len(x)\\n", "python")
    ('self.g', 'h', 'len')
    """
    if language not in _IMPORTS and language not in _STYLES:
        return ()
    code = _NOISE[_STYLES.get(language, "slash")].sub("", text)
    found = _CALL_BACKWARDS.findall(code[::-1])
    names = dict.fromkeys([name[::-1].lstrip(".:") for name in reversed(found)])
    return tuple([name for name in names if name not in _NO_CALLS and name[:1].isidentifier()])


def names_imported(text: str, language: str) -> tuple[str, ...]:
    """Return the modules that a text imports, as they are written, each once.

    >>> names_imported("import os, sys as system\\nfrom a.b import c\\n", "python")
    ('os', 'sys', 'a.b')
    """
    pattern = _IMPORTS.get(language)
    if pattern is None or (_IMPORT_WORDS.get(language, "import") not in text and "require" not in text):
        return ()
    names: dict[str, None] = {}
    for found in pattern.finditer(text):
        for name in (found[found.lastindex or 1]).split(","):
            names.setdefault(name.strip().partition(" ")[0].rstrip(";"))
    names.pop("", None)
    return tuple(names)
