"""XML-like answers, rewritten as labelled lines: `<type>add</type>` becomes `type: add`."""

from __future__ import annotations

import re
from itertools import islice

from reflector.reflection.headings import Field, Role, exact_role, field_of

__all__ = ["untag"]

_TAG = re.compile(r"<(/?)([A-Za-z_][\w.-]{0,40})((?:\s[^<>]{0,400})?)(/?)>")
_MOST_TAGS = 6000
_ATTRIBUTE = re.compile(r"([\w-]{1,40})\s*=\s*(?:\"([^\"]{0,300})\"|'([^']{0,300})')")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_CONTAINERS = frozenset(
    {
        "reflection",
        "response",
        "answer",
        "output",
        "result",
        "root",
        "body",
        "html",
        "ul",
        "ol",
        "div",
        "section",
        "item",
        "entry",
        "xml",
        "document",
        "final",
    }
)
_ITEMS = frozenset(
    {
        "suggestion",
        "recommendation",
        "improvement",
        "change",
        "edit",
        "fix",
        "proposal",
        "item",
        "li",
        "entry",
        "modification",
        "revision",
    }
)
_CAUSES = frozenset({"cause", "root_cause", "rootcause", "issue", "problem", "weakness"})
_HTML_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5"})
_INLINE = frozenset({"b", "strong", "em", "i", "u", "span", "code", "a", "mark"})
_BLOCKS = frozenset({"p", "br", "hr"})
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&"))


def untag(text: str) -> str:
    """Return `text` with its known tags as headings, items and fields; unchanged if it has none in pairs."""
    if "</" not in text:
        return text
    tags = list(islice((tag for tag in _TAG.finditer(text) if _is_known(tag[2])), _MOST_TAGS))
    if not any(tag[1] for tag in tags) or not any(not tag[1] for tag in tags):
        return text
    parts: list[str] = []
    inside: list[str] = []
    at = 0
    for tag in tags:
        parts.append(_inner(text[at : tag.start()], inside))
        at = tag.end()
        name = tag[2].lower()
        if name in _INLINE or name in _BLOCKS:
            parts.append("" if name in _INLINE else "\n\n")
        elif tag[1]:
            _close(name, inside)
            parts.append("\n")
        else:
            parts.append(_open(name, tag[3], inside, text[at : at + 200]))
            if not tag[4]:
                inside.append(name)
    parts.append(_inner(text[at:], inside))
    return "".join(parts)


def _is_known(name: str) -> bool:
    name = name.lower()
    if (
        name in _INLINE
        or name in _BLOCKS
        or name in _CONTAINERS
        or name in _ITEMS
        or name in _CAUSES
        or name in _HTML_HEADINGS
    ):
        return True
    title = name.replace("_", " ").replace("-", " ").replace(".", " ")
    return field_of(title) is not None or exact_role(title) is not None


def _is_item(name: str, above: list[str]) -> bool:
    """Return whether a tag holds one suggestion, by its name or because the tag around it holds several."""
    if name in _ITEMS:
        return True
    if not above or exact_role(above[-1]) is not Role.SUGGESTIONS:
        return False
    return field_of(name) is Field.DESCRIPTION or exact_role(name) is Role.SUGGESTIONS


def _close(name: str, inside: list[str]) -> None:
    if name in inside:
        while inside.pop() != name:
            pass


def _open(name: str, attributes: str, inside: list[str], follows: str) -> str:
    """Return what an opening tag stands for: a heading, an item with its attributes, or a field."""
    in_item = any(
        _is_item(outer, inside[at - 1 : at]) and outer != "li"
        for at, outer in enumerate(inside[-8:], max(0, len(inside) - 8))
    )
    title = name.replace("_", " ").replace("-", " ")
    if name in _HTML_HEADINGS:
        return f"\n\n{'#' * int(name[1])} "
    inner = _TAG.match(follows.lstrip())
    holds_more = inner is not None and inner[2].lower() not in _INLINE and _is_known(inner[2])
    if _is_item(name, inside) and not (in_item and field_of(title) and not holds_more):
        if exact_role(inside[-1].replace("_", " ") if inside else "") is Role.CAUSES or (
            inside and inside[-1] in ("causes", "root_causes")
        ):
            return "\n- "
        fields = "".join(
            f"\n  {key}: {double or single}"
            for key, double, single in _ATTRIBUTE.findall(attributes[:2000])
            if field_of(key)
        )
        marker = "\n- " if name == "li" else "\n\nSuggestion 1: "
        return f"{marker}{fields}\n\n  " if fields or holds_more else marker
    if name in _CAUSES and not in_item:
        return "\n- "
    role = exact_role(title)
    if in_item and field_of(title) is not None:
        return f"\n  {title}: "
    if role is not None:
        return f"\n\n## {title}\n\n"
    return f"\n  {title}: " if field_of(title) is not None and name not in _CONTAINERS else "\n"


def _inner(text: str, inside: list[str]) -> str:
    """Return the text between two tags, without escapes; inside a field it stays on the line of its label."""
    text = _CDATA.sub("", text)
    if "&" in text:
        for entity, character in _ENTITIES:
            text = text.replace(entity, character)
    if (
        inside
        and field_of(inside[-1].replace("_", " ")) is not None
        and any(
            _is_item(outer, inside[at - 1 : at])
            for at, outer in enumerate(inside[:-1][-8:], max(0, len(inside) - 9))
        )
    ):
        return "\n    ".join(line.strip() for line in text.strip().split("\n"))
    return text.strip("\n") if inside and not text.strip() else text
