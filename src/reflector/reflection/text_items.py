"""One suggestion from one part of an answer: its tags, fields, quoted text and reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from reflector._text import one_line
from reflector.reflection.headings import Field, field_of
from reflector.reflection.inference import infer_category, infer_priority, infer_type
from reflector.reflection.models import Priority, Suggestion, SuggestionType
from reflector.reflection.sentences import Kind, is_reason, kind_of, split_sentences
from reflector.reflection.text_hints import (
    NO_HINTS,
    QUOTES,
    Hints,
    clean_value,
    hint_for,
    hints_of,
    take_tags,
)
from reflector.reflection.text_lines import strip_emphasis
from reflector.reflection.text_nodes import Node, NodeKind, plain_text

__all__ = ["Draft", "draft_of", "finish", "put_field"]


@dataclass(slots=True)
class Draft:
    """A suggestion while its parts are collected."""

    title: str = ""
    body: list[str] = field(default_factory=list)
    fields: dict[Field, str] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    hints: Hints = NO_HINTS

    def put(self, name: Field, value: str) -> None:
        """Set a field; what is said twice is kept in order."""
        value = clean_value(value)
        if not value:
            return
        if name in self.fields and name not in (Field.TYPE, Field.CATEGORY, Field.PRIORITY):
            value = f"{self.fields[name]}\n{value}"
        self.fields[name] = value

    @property
    def is_complete(self) -> bool:
        """Whether the fields alone make a suggestion."""
        named = self.fields.keys()
        if Field.TEXT in named and (Field.ORIGINAL in named or Field.TYPE in named):
            return True
        return Field.DESCRIPTION in named or bool(self.title or self.body)


# -- from a node to a draft -----------------------------------------------------------------------------


def draft_of(node: Node, hints: Hints) -> Draft:
    """Return the draft of one list item or heading with all that stands under it."""
    title, own = take_tags(_open_emphasis(node.text))
    draft = Draft(title=title.strip(), hints=own.over(hints))
    for child in node.children:
        _add_part(draft, child)
    return draft


def put_field(draft: Draft, part: Node) -> None:
    """Set the field that a labelled part of an answer gives; its label may tell the type as well."""
    if part.named is not None:
        draft.put(part.named, "\n".join(filter(None, (part.text, plain_text(part)))))
    if part.named is Field.TEXT and part.info in _TYPE_OF_LABEL:
        draft.hints = draft.hints.over(Hints(type=_TYPE_OF_LABEL[part.info]))


_TYPE_OF_LABEL = dict.fromkeys(
    ("insert", "add this", "add text", "add this text", "addition", "text to add", "text to insert"),
    SuggestionType.ADD,
)
_TYPE_OF_LABEL |= dict.fromkeys(("text to remove",), SuggestionType.REMOVE)
_TYPE_OF_LABEL |= dict.fromkeys(
    ("replacement", "replace with", "change to", "replacement text"), SuggestionType.MODIFY
)


def _open_emphasis(text: str) -> str:
    """Return `text` with the emphasis of its opening words taken off: `**Title**: rest` → `Title: rest`."""
    return _EMPHASIS.sub(lambda found: found[2] + (found[3] or ""), text.strip(), count=1)


_EMPHASIS = re.compile(r"^(\*\*\*|\*\*|__|\*|_)(?=\S)([^*_\n]{1,300}?|[^*\n]{1,300}?)\1([:：.]?)(?!\w)")


def _add_part(draft: Draft, part: Node) -> None:
    match part.kind:
        case NodeKind.FIELD if part.named is not None:
            put_field(draft, part)
        case NodeKind.FENCE | NodeKind.QUOTE:
            draft.blocks.append(strip_emphasis(part.text) if part.kind is NodeKind.QUOTE else part.text)
        case NodeKind.ITEM:
            fields = [child for child in part.children if child.kind is NodeKind.FIELD]
            for child in part.children:
                if child.kind in (NodeKind.FIELD, NodeKind.FENCE, NodeKind.QUOTE):
                    _add_part(draft, child)
            said = "\n".join(filter(None, (_open_emphasis(part.text), "" if fields else _prose(part))))
            _add_prose(draft, said)
        case NodeKind.HEADING:
            named = field_of(part.text)
            if named is not None:
                draft.put(named, plain_text(part))
            else:
                for child in part.children:
                    _add_part(draft, child)
        case _:
            for block in (part.rows, part.lines):
                _add_prose(draft, "\n".join(block))


def _prose(node: Node) -> str:
    return "\n".join(
        "\n".join(filter(None, (child.text, _prose(child))))
        for child in node.children
        if child.kind in (NodeKind.ITEM, NodeKind.PARAGRAPH)
    )


def _add_prose(draft: Draft, said: str) -> None:
    said = said.strip()
    if not said:
        return
    hint = hints_of(said.strip("*_()[]")) if len(said) <= 60 else None
    if hint:
        draft.hints = draft.hints.over(hint)
    elif said[:1] in QUOTES and clean_value(said) != said:
        draft.blocks.append(clean_value(said))
    else:
        draft.body.append(_open_emphasis(said))


# -- from a draft to a suggestion -------------------------------------------------------------------------

_NOTHING = re.compile(
    r"(?:none|n/?a|no (?:suggestions?|changes?|issues?)(?: (?:needed|required))?|nothing|null|-+|"
    r"ninguna?|keine|aucune?|нет|无|なし|لا شيء|कोई नहीं)[.!]*$",
    re.IGNORECASE,
)


def finish(draft: Draft) -> tuple[Suggestion, int] | None:
    """Return the suggestion of `draft` and how many of its kinds were inferred; None if it suggests nothing."""
    draft = _split_pipes(draft)
    given = draft.fields
    impact = given.get(Field.PRIORITY, "")
    hints = Hints()
    for name in (Field.TYPE, Field.CATEGORY, Field.PRIORITY):
        if name in given:
            hints = hints.over(hint_for(name, given[name]))
    hints = hints.over(draft.hints)
    description = _describe(draft)
    rationale = given.get(Field.RATIONALE, "")
    if impact and hints.priority is None and len(impact) > 12 and not rationale:
        rationale = impact
    text, original = _exact_text(draft, description)
    if not description and text:
        description = _describe_pair(original, text)
    if not description or _NOTHING.match(description):
        return None
    return _suggest(description, rationale, text, given.get(Field.SECTION) or original, hints)


def _suggest(
    description: str, rationale: str, text: str | None, section: str | None, hints: Hints
) -> tuple[Suggestion, int]:
    kind = hints.type or infer_type(description)
    category = hints.category or infer_category(description)
    named = hints.priority or infer_priority(description)
    made = Suggestion(
        type=kind,
        category=category,
        description=description,
        rationale=rationale or _reason_in(description),
        priority=named or Priority.MEDIUM,
        specific_text=text or None,
        target_section=section or _section_in(description),
    )
    return made, (hints.type is None) + (hints.category is None) + (
        hints.priority is None and named is not None
    )


def _split_pipes(draft: Draft) -> Draft:
    """Read `Add an example | example | high`: all parts but the longest are tags."""
    if " | " not in draft.title or draft.fields or len(draft.title) > 2000:
        return draft
    parts = [part.strip() for part in draft.title.split(" | ")]
    main = max(parts, key=len)
    hints = draft.hints
    for part in parts:
        if part is main:
            continue
        hint = hints_of(part)
        if hint is None:
            return draft
        hints = hints.over(hint)
    return replace(draft, title=main, hints=hints)


def _describe(draft: Draft) -> str:
    """Return the description: the field of that name, the title, and what else was said about it."""
    title = draft.title or draft.fields.get(Field.TITLE, "")
    said = draft.fields.get(Field.DESCRIPTION) or "\n".join(draft.body)
    title, said = title.strip().rstrip("*_ "), said.strip()
    if not said or not title:
        return (title or said).rstrip(":：").strip() if title else said
    if title.casefold().rstrip(".") in said.casefold():
        return said
    if title[-1] in ".!?。！？":
        return f"{title} {said}"
    return f"{title.rstrip(':： ')}: {said}"


def _describe_pair(original: str | None, text: str) -> str:
    if original:
        return f"Replace “{one_line(original, 80)}” with “{one_line(text, 120)}”"
    return f"Use this text: “{one_line(text, 160)}”"


_QUOTE = (
    r"(?:\"([^\"\n]{2,1500})\"|“([^“”\n]{2,1500})”|„([^„“”\n]{2,1500})[“”]|«([^«»\n]{2,1500})»|"
    r"「([^「」\n]{2,1500})」|『([^『』\n]{2,1500})』|`([^`\n]{2,600})`)"
)
_ANY_QUOTE = re.compile('["“„«「『`]')
_QUOTE_RE = re.compile(_QUOTE)
_REPLACING = re.compile(
    r"(?:\b(?:replac\w*|chang\w*|substitut\w*|swap\w*|rewrit\w*|rephras\w*|reword\w*|instead of|"
    r"ersetz\w*|änder\w*|reempla\w*|cambi\w*|sustitu\w*|remplac\w*|substitu\w*|замен\w*|измен\w*)|将|"
    r"把|استبدل|बदल|に変更|置き換え)",
    re.IGNORECASE,
)
_CONNECTOR = re.compile(
    r"\b(?:with|by|to|into|as|use|say|write|durch|zu|por|par|con|in|на)\b|替换为|改为|改成|を|بـ?|से|→|->",
    re.IGNORECASE,
)
_ARROWS = frozenset({"→", "->", "=>", "⇒", "➜", "-->"})
_NOT_EXACT = re.compile(
    r"(?:such as|like|e\.g\.,?|for example,?|for instance,?|instead of|z\. ?b\.|zum beispiel|"
    r"por ejemplo|por exemplo|par exemple|например|如|例如|例えば)\s*$",
    re.IGNORECASE,
)
_ANCHOR = re.compile(
    r"\b(?:after|before|below|above|behind|following|under|nach|vor|después de|antes de|après|avant|"
    r"после|перед)$",
    re.IGNORECASE,
)
_DIFF_LINE = re.compile(r"^[-+](?![-+]{2})", re.MULTILINE)


def _exact_text(draft: Draft, description: str) -> tuple[str | None, str | None]:
    """Return the exact text a suggestion gives, and the passage it replaces."""
    original = draft.fields.get(Field.ORIGINAL)
    text = draft.fields.get(Field.TEXT)
    if text and not _NOTHING.match(text):
        return text, original
    if draft.blocks:
        text, old = _text_of_blocks(draft, description)
    else:
        text, old = _quoted_text(description[:6000])
    return text, original or old


def _text_of_blocks(draft: Draft, description: str) -> tuple[str, str | None]:
    """Return the text that fenced or quoted blocks give, and the passage that stands before it."""
    block = "\n\n".join(draft.blocks)
    if block[:1] in ("-", "+") and len(_DIFF_LINE.findall(block[:4000])) >= 2:
        lines = block.split("\n")
        old = "\n".join(line[1:].strip() for line in lines if line.startswith("-"))
        new = "\n".join(line[1:].strip() for line in lines if line.startswith("+"))
        return new, old or None
    is_pair = len(draft.blocks) == 2 and not {Field.ORIGINAL, Field.TYPE} & draft.fields.keys()
    if is_pair and _REPLACING.search(description):
        return draft.blocks[1], draft.blocks[0]
    return block, None


def _quoted_text(description: str) -> tuple[str | None, str | None]:
    """Return the quoted text that a sentence adds, removes or puts in the place of another quoted one."""
    quotes = list(_QUOTE_RE.finditer(description))[:8] if _ANY_QUOTE.search(description) else []
    if not quotes:
        return None, None
    values = [next(group for group in found.groups() if group is not None).strip() for found in quotes]
    if len(quotes) >= 2 and quotes[1].start() - quotes[0].end() <= 60:
        between = description[quotes[0].end() : quotes[1].start()]
        verb = description[max(0, quotes[0].start() - 90) : quotes[0].start()] + between
        if between.strip() in _ARROWS or (
            _REPLACING.search(verb) and _CONNECTOR.search(between) and "\n" not in between
        ):
            return values[1], values[0]
    if len(values) == 1 and clean_value(description) == values[0]:
        return values[0], None
    offered = [
        (description[max(0, found.start() - 90) : found.start()].rstrip(), value)
        for found, value in zip(quotes, values, strict=True)
        if _is_passage(value)
    ]
    offered = [(before, value) for before, value in offered if not _NOT_EXACT.search(before)]
    for before, value in offered:
        if before.endswith((":", "：")):
            return value, None
    for before, value in offered:
        if not _ANCHOR.search(before) and infer_type(before + " ") is not SuggestionType.MODIFY:
            return value, None
    return None, None


def _is_passage(value: str) -> bool:
    """Return whether quoted words are a passage of a prompt and not the name of something."""
    return len(value.split()) >= 3 or (not value.isascii() and len(value) >= 8)


_BECAUSE = re.compile(
    r"(?:\b(?:because|so that|since (?:the|it|this)|weil|damit|porque|para que|parce que|afin que|"
    r"потому что|чтобы)\b|因为|以便|以避免|لأن|क्योंकि|ताकि)[^\n]{3,600}$",
    re.IGNORECASE,
)


def _reason_in(description: str) -> str:
    """Return the reason that a description itself gives, empty when it gives none."""
    sentences = split_sentences(description[:4000])
    reasons = [it for it in sentences[1:] if kind_of(it) is Kind.EFFECT or is_reason(it)]
    if reasons:
        return " ".join(reasons)
    found = _BECAUSE.search(sentences[-1]) if sentences else None
    return found[0].strip() if found else ""


_SECTION_CLUES = (
    "ection",
    "sección",
    "seção",
    "bschnitt",
    "аздел",
    "قسم",
    "部分",
    "章节",
    "一节",
    "セクション",
    "अनुभाग",
    "of the prompt",
    "of the system prompt",
)
_SECTIONS = (
    re.compile(
        r"\b(?:in|to|under|from|of|into|within|on)\s+(?:the|a new|"
        r"your)\s+[\"“'`*]{0,2}([A-Za-z0-9][\w/&-]*(?: [\w/&-]+){0,3}?)[\"”'`*]{0,2}\s+section\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:section|sección|seção|abschnitt|раздел\w*|قسم)\s+[\"“„«'`]([^\"”“»'`\n]{2,60})[\"”“»'`]",
        re.IGNORECASE,
    ),
    re.compile(
        r"[\"“「『‘]([^\"”“」』\n]{1,40})[\"”」』’]\s*(?:section\b|部分|章节|一节|セクション|अनुभाग)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bat the ((?:very )?(?:end|beginning|start|top|bottom)) of the (?:system )?prompt\b", re.IGNORECASE
    ),
)


def _section_in(description: str) -> str | None:
    head = description[:1500]
    if not any(clue in head for clue in _SECTION_CLUES):
        return None
    return next((found[1].strip() for pattern in _SECTIONS if (found := pattern.search(head))), None)
