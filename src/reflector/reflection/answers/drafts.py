"""One suggestion from one part of an answer: its tags, fields, quoted text and reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reflector._text import one_line
from reflector.reflection.answers.headings import Field, field_of
from reflector.reflection.answers.inference import infer_priority
from reflector.reflection.answers.kinds import KINDS, Kinds, kind_in_field, kinds_of_tag
from reflector.reflection.answers.lines import Node, NodeKind, plain_text
from reflector.reflection.answers.quotes import diff_text, named_section, quoted_text, replaces
from reflector.reflection.answers.reading import Log
from reflector.reflection.answers.sentences import Kind, is_reason, kind_of, split_sentences
from reflector.reflection.answers.suggestions import describe_change, make_suggestion
from reflector.reflection.answers.tags import QUOTES, clean_value, take_tags
from reflector.reflection.answers.words import one_of
from reflector.reflection.models import Suggestion

__all__ = ["Draft", "draft_of", "finish", "put_field"]

_LONGEST_TAG, _LONGEST_PRIORITY, _READ = 60, 40, 6000
_EMPHASIS = re.compile(r"^(\*\*\*|\*\*|__|\*|_)(?=\S)([^*_\n]{1,300}?|[^*\n]{1,300}?)\1([:：.]?)(?!\w)")
_ADDED = ("insert", "add this", "add text", "add this text", "addition", "text to add", "text to insert")
_CHANGED = ("replacement", "replace with", "change to", "replacement text")
_TYPE_OF_LABEL = {
    **dict.fromkeys(_ADDED, "add"),
    **dict.fromkeys(_CHANGED, "modify"),
    "text to remove": "remove",
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
    fields: dict[str, str] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    kinds: Kinds = field(default_factory=dict)
    """What tags and the group around it say."""

    def put(self, name: str, value: str) -> None:
        """Set a field; what is said twice is kept in order. `Impact:` with a sentence is no priority."""
        value = clean_value(value)
        if name == Field.PRIORITY and len(value) > _LONGEST_PRIORITY:
            name = Field.RATIONALE
        if value and name in self.fields and name not in KINDS:
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
        if Field.DESCRIPTION in named or (Field.TEXT in named and named & {Field.ORIGINAL, Field.TYPE}):
            return True
        return bool(self.said and named & {Field.TYPE, Field.TEXT}) or bool(self.blocks and not self.said)


def draft_of(node: Node, kinds: Kinds) -> Draft:
    """Return the draft of one list item or heading with all that stands under it."""
    title, own = take_tags(_open_emphasis(node.text))
    draft = Draft(title=title.strip(), kinds=kinds | own)
    for child in node.children:
        _add_part(draft, child)
    return draft


def put_field(draft: Draft, part: Node) -> None:
    """Set the field that a labelled part of an answer gives; its label may tell the type as well."""
    if part.named is not None:
        draft.put(part.named, plain_text(part, title=True))
    if part.named is Field.TEXT and part.info in _TYPE_OF_LABEL:
        draft.kinds = {"type": _TYPE_OF_LABEL[part.info]} | draft.kinds


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
        said = part.text.strip() if part.kind is not NodeKind.HEADING else ""
        if named_kinds := kinds_of_tag(said.strip("*_()[]")) if len(said) <= _LONGEST_TAG else None:
            draft.kinds = named_kinds | draft.kinds
        elif said[:1] in QUOTES and clean_value(said) != said:
            draft.blocks.append(clean_value(said))
        elif said:
            draft.body.append(_open_emphasis(said))
        for child in part.children:
            _add_part(draft, child)


def finish(draft: Draft, log: Log) -> Suggestion | None:
    """Return the suggestion of `draft`; None if it suggests nothing."""
    said = draft.fields
    description = _describe(draft)
    text, original = _exact_text(draft, description)
    if not description and text:
        description = (
            describe_change(original, text) if original else f"Use this text: “{one_line(text, 160)}”"
        )
    if not description or _NOTHING.match(description):
        return None
    kinds: Kinds = {}
    for name in KINDS:
        if name in said:
            kinds = kind_in_field(name, said[name]) | kinds
    kinds = draft.kinds | kinds
    fields = {
        "description": description,
        "rationale": said.get(Field.RATIONALE) or _reason_in(description),
        "priority": infer_priority(description) if "priority" not in kinds else None,
        "specific_text": text,
        "target_section": said.get(Field.SECTION) or original or named_section(description),
    }
    return make_suggestion(fields | kinds, {}, log, {})


def _describe(draft: Draft) -> str:
    """Return the description: the field of that name, the title, and what else was said about it."""
    title = (draft.title or draft.fields.get(Field.TITLE, "")).strip().rstrip("*_ ")
    said = (draft.fields.get(Field.DESCRIPTION) or "\n".join(draft.body)).strip()
    if not said or not title:
        return said or title.rstrip(":：").strip()
    if title.casefold().rstrip(".") in said.casefold():
        return said
    return f"{title} {said}" if title[-1] in ".!?。！？" else f"{title.rstrip(':： ')}: {said}"


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
