"""XML-like answers, rewritten as labelled lines: `<type>add</type>` becomes `type: add`."""

from __future__ import annotations

import re
from html import unescape
from itertools import islice

from reflector.reflection.answers.headings import Field, Role, exact_role, field_of
from reflector.trajectories.findings.wording import words_of

__all__ = ["untag"]

_TAG = re.compile(r"<(/?)([A-Za-z_][\w.-]{0,40})((?:\s[^<>]{0,400})?)(/?)>")
_ATTRIBUTE = re.compile(r"([\w-]{1,40})\s*=\s*(?:\"([^\"]{0,300})\"|'([^']{0,300})')")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_MOST_TAGS = 6000
_DEEPEST = 8
_CONTAINERS = words_of("""
    reflection response answer output result root body html ul ol div section xml document final
""")
_ITEMS = words_of("""
    suggestion recommendation improvement change edit fix proposal item entry modification revision
""")
_BULLETS = words_of("li cause root_cause rootcause issue problem weakness")
_HEADINGS = words_of("h1 h2 h3 h4 h5")
_INLINE = words_of("b strong em i u span code a mark")
_BLOCKS = words_of("p br hr")
_NAMES = _CONTAINERS | _ITEMS | _BULLETS | _HEADINGS | _INLINE | _BLOCKS


def untag(text: str) -> str:
    """Return `text` with its known tags as headings, items and fields; unchanged if it has none in pairs."""
    tags = list(islice((tag for tag in _TAG.finditer(text) if _is_known(tag[2])), _MOST_TAGS))
    if len({tag[1] for tag in tags}) < 2:
        return text
    parts: list[str] = []
    inside: list[tuple[str, str]] = []
    at = 0
    for tag, after in zip(tags, [*tags[1:], None], strict=True):
        parts.append(_inner(text[at : tag.start()], inside))
        at, name = tag.end(), tag[2].lower()
        if name in _INLINE or name in _BLOCKS:
            parts.append("" if name in _INLINE else "\n\n")
        elif tag[1]:
            parts.append("\n")
            if any(name == opened for opened, _ in inside):
                while inside.pop()[0] != name:
                    pass
        else:
            follows = after and not after[1] and not text[at : after.start()].strip()
            holds_more = bool(after and follows and after[2].lower() not in _INLINE)
            line, means = _opening(name, inside, tag[3], holds_more)
            parts.append(line)
            inside.extend([] if tag[4] else [(name, means)])
    return "".join([*parts, _inner(text[at:], inside)])


def _is_known(name: str) -> bool:
    return name.lower() in _NAMES or field_of(name) is not None or exact_role(name) is not None


def _opening(name: str, inside: list[tuple[str, str]], attributes: str, holds_more: bool) -> tuple[str, str]:
    """Return the line that an opening tag stands for, and whether it opens an `item` or a `field` of one."""
    title = name.replace("_", " ").replace("-", " ")
    in_item = any(means == "item" for _, means in inside[-_DEEPEST:])
    above = exact_role(inside[-1][0]) if inside else None
    named, role = field_of(name), exact_role(name)
    if name in _HEADINGS:
        return f"\n\n{'#' * int(name[1])} ", ""
    if in_item and named and not holds_more:
        return f"\n  {title}: ", "field"
    is_item = name in _ITEMS or (
        above is Role.SUGGESTIONS and (named is Field.DESCRIPTION or role is Role.SUGGESTIONS)
    )
    if (name in _BULLETS and (name == "li" or not in_item)) or (is_item and above is Role.CAUSES):
        return "\n- ", ""
    if is_item:
        given = [(key, double or single) for key, double, single in _ATTRIBUTE.findall(attributes)]
        fields = "".join(f"\n  {key}: {value}" for key, value in given if field_of(key))
        return f"\n\nSuggestion 1: {fields}" + ("\n\n  " if fields or holds_more else ""), "item"
    if role is not None and not (in_item and named):
        return f"\n\n## {title}\n\n", ""
    return (f"\n  {title}: " if named and name not in _CONTAINERS else "\n"), ""


def _inner(text: str, inside: list[tuple[str, str]]) -> str:
    """Return the text between two tags, without escapes; inside a field it stays on the line of its label."""
    text = unescape(_CDATA.sub("", text))
    if inside and inside[-1][1] == "field":
        return "\n    ".join(line.strip() for line in text.strip().split("\n"))
    return text.strip("\n") if inside and not text.strip() else text
