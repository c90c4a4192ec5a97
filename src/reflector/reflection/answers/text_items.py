"""One suggestion from one part of an answer: its tags, fields, quoted text and reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reflector._text import one_line
from reflector.reflection.answers.headings import Field, field_of
from reflector.reflection.answers.inference import infer_category, infer_priority, infer_type
from reflector.reflection.models import Priority, Suggestion, SuggestionType
from reflector.reflection.answers.sentences import Kind, is_reason, kind_of, split_sentences
from reflector.reflection.answers.text_hints import (
    NO_HINTS,
    QUOTES,
    Hints,
    clean_value,
    hint_for,
    hints_of,
    take_tags,
)
from reflector.reflection.answers.text_lines import Node, NodeKind, plain_text
from reflector.reflection.answers.text_quotes import diff_text, named_section, quoted_text, replaces
from reflector.reflection.answers.words import one_of, phrases

__all__ = ["Draft", "draft_of", "finish", "put_field"]

_KINDS = (Field.TYPE, Field.CATEGORY, Field.PRIORITY)
_LONGEST_TAG = 60
_LONGEST_PRIORITY = 12
_READ = 6000
_EMPHASIS = re.compile(r"^(\*\*\*|\*\*|__|\*|_)(?=\S)([^*_\n]{1,300}?|[^*\n]{1,300}?)\1([:：.]?)(?!\w)")
_TYPE_OF_LABEL = {
    label: kind
    for kind, labels in (
        (SuggestionType.ADD, "insert|add this|add text|add this text|addition|text to add|text to insert"),
        (SuggestionType.REMOVE, "text to remove"),
        (SuggestionType.MODIFY, "replacement|replace with|change to|replacement text"),
    )
    for label in phrases(labels)
}
_NOTHING = one_of(r"""
    (?i)(?:none|n/?a|no (?:suggestions?|changes?|issues?)(?: (?:needed|required))?|nothing|null|-+|ninguna?|keine
    aucune?|нет|无|なし|لا شيء|कोई नहीं)[.!]*$
""")
_BECAUSE = one_of(r"""
    (?i)(?:\b(?:because|so that|since (?:the|it|this)|weil|damit|porque|para que|parce que|afin que|потому что|чтобы)\b
    因为|以便|以避免|لأن|क्योंकि|ताकि)[^\n]{3,600}$
""")


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
        if value and name in self.fields and name not in _KINDS:
            value = f"{self.fields[name]}\n{value}"
        if value:
            self.fields[name] = value

    @property
    def said(self) -> str:
        """Its title and what else was said."""
        return "\n".join(filter(None, (self.title, *self.body)))

    @property
    def is_certain(self) -> bool:
        """Whether its fields alone prove that it is a suggestion; a diff without words is one, too."""
        named = self.fields.keys()
        if (
            Field.DESCRIPTION in named
            or {Field.ORIGINAL, Field.TEXT} <= named
            or {Field.TYPE, Field.TEXT} <= named
        ):
            return True
        return bool(self.said and named & {Field.TYPE, Field.TEXT}) or bool(self.blocks and not self.said)


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
        draft.put(part.named, plain_text(part, title=True))
    if part.named is Field.TEXT and part.info in _TYPE_OF_LABEL:
        draft.hints = draft.hints.over(Hints(type=_TYPE_OF_LABEL[part.info]))


def _open_emphasis(text: str) -> str:
    """Return `text` with the emphasis of its opening words taken off: `**Title**: rest` → `Title: rest`."""
    return _EMPHASIS.sub(r"\2\3", text.strip(), count=1)


def _add_part(draft: Draft, part: Node) -> None:
    """Add what stands below a suggestion: fields, blocks, and words, which may be tags, a quote or its body."""
    if part.kind is NodeKind.FIELD:
        put_field(draft, part)
    elif part.kind in (NodeKind.FENCE, NodeKind.QUOTE):
        draft.blocks.append(part.text)
    elif part.kind is NodeKind.HEADING and (named := field_of(part.text)) is not None:
        draft.put(named, plain_text(part))
    else:
        _add_words(draft, part.text.strip() if part.kind is not NodeKind.HEADING else "")
        for child in part.children:
            _add_part(draft, child)


def _add_words(draft: Draft, said: str) -> None:
    hint = hints_of(said.strip("*_()[]")) if len(said) <= _LONGEST_TAG else None
    if hint:
        draft.hints = draft.hints.over(hint)
    elif said[:1] in QUOTES and clean_value(said) != said:
        draft.blocks.append(clean_value(said))
    elif said:
        draft.body.append(_open_emphasis(said))


# -- from a draft to a suggestion -------------------------------------------------------------------------


def finish(draft: Draft) -> tuple[Suggestion, int] | None:
    """Return the suggestion of `draft` and how many of its kinds were inferred; None if it suggests nothing."""
    given, hints = draft.fields, NO_HINTS
    for name in _KINDS:
        if name in given:
            hints = hints.over(hint_for(name, given[name]))
    hints = hints.over(draft.hints)
    description = _describe(draft)
    text, original = _exact_text(draft, description)
    if not description and text:
        description = _describe_pair(original, text)
    if not description or _NOTHING.match(description):
        return None
    rationale = given.get(Field.RATIONALE) or _impact(draft, hints) or _reason_in(description)
    named = hints.priority or infer_priority(description)
    made = Suggestion(
        type=hints.type or infer_type(description),
        category=hints.category or infer_category(description),
        description=description,
        rationale=rationale,
        priority=named or Priority.MEDIUM,
        specific_text=text or None,
        target_section=given.get(Field.SECTION) or original or named_section(description),
    )
    return made, (not hints.type) + (not hints.category) + (not hints.priority and named is not None)


def _impact(draft: Draft, hints: Hints) -> str:
    """Return the value of `Impact:` where it is a sentence and no priority."""
    impact = draft.fields.get(Field.PRIORITY, "")
    return impact if hints.priority is None and len(impact) > _LONGEST_PRIORITY else ""


def _describe(draft: Draft) -> str:
    """Return the description: the field of that name, the title, and what else was said about it."""
    title = (draft.title or draft.fields.get(Field.TITLE, "")).strip().rstrip("*_ ")
    said = (draft.fields.get(Field.DESCRIPTION) or "\n".join(draft.body)).strip()
    if not said or not title:
        return said or title.rstrip(":：").strip()
    if title.casefold().rstrip(".") in said.casefold():
        return said
    return f"{title} {said}" if title[-1] in ".!?。！？" else f"{title.rstrip(':： ')}: {said}"


def _describe_pair(original: str | None, text: str) -> str:
    if original:
        return f"Replace “{one_line(original, 80)}” with “{one_line(text, 120)}”"
    return f"Use this text: “{one_line(text, 160)}”"


def _exact_text(draft: Draft, description: str) -> tuple[str | None, str | None]:
    """Return the exact text a suggestion gives, and the passage it replaces."""
    original, text = draft.fields.get(Field.ORIGINAL), draft.fields.get(Field.TEXT)
    if text and not _NOTHING.match(text):
        return text, original
    if not draft.blocks:
        text, old = quoted_text(description[:_READ])
    elif len(draft.blocks) == 2 and not original and replaces(description):
        old, text = draft.blocks
    else:
        block = "\n\n".join(draft.blocks)
        text, old = diff_text(block) or (block, None)
    return text, original or old


def _reason_in(description: str) -> str:
    """Return the reason that a description itself gives, empty when it gives none."""
    sentences = split_sentences(description[:_READ])
    if reasons := [it for it in sentences[1:] if kind_of(it) is Kind.EFFECT or is_reason(it)]:
        return " ".join(reasons)
    found = _BECAUSE.search(sentences[-1]) if sentences else None
    return found[0].strip() if found else ""
