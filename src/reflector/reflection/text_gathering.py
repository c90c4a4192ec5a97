"""What the parts of an answer say: which are suggestions, causes, analysis and expected effect."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reflector.reflection.headings import Field, Role
from reflector.reflection.sentences import Kind, is_refusal, kind_of, names_cause, split_sentences
from reflector.reflection.text_hints import Hints, group_hints
from reflector.reflection.text_items import Draft, draft_of, put_field
from reflector.reflection.text_nodes import Node, NodeKind, plain_text
from reflector.reflection.text_prompts import (
    PROMPT_LANGUAGES,
    is_prompt,
    layout,
    offered_quotes,
    whole_prompt,
)
from reflector.reflection.text_prose import (
    ALSO,
    draft_text,
    kept,
    numbered_inline,
    opening,
    sentences_that_suggest,
)
from reflector.reflection.text_tables import read_table
from reflector.reflection.text_tree import build_tree

__all__ = ["Gathered", "gather"]

_CAUSES_IN_PROSE = 3
_SHORT_ANSWER = 1500
_FEW_PARAGRAPHS = 5
_WRAPPING_LANGUAGES = PROMPT_LANGUAGES | {"yaml", "yml", "toml", "xml", "html", "rst", "org", "ini"}


@dataclass(slots=True)
class Gathered:
    """What was found in an answer, in its order."""

    drafts: list[Draft] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    said: dict[Role, list[str]] = field(default_factory=dict)

    def joined(self, role: Role) -> str:
        """Return what the sections of a role say, as one text."""
        return "\n\n".join(part for part in self.said.get(role, ()) if part).strip()

    def say(self, role: Role, text: str) -> None:
        if text.strip():
            self.said.setdefault(role, []).append(text.strip())


def gather(root: Node) -> Gathered:
    """Return what the answer under `root` says: its sections first, then, only if none suggests, its prose."""
    root = _unwrap(root)
    gatherer = _Gatherer()
    gatherer.section(root, None, Hints())
    gatherer.settle()
    return gatherer.found


def _unwrap(root: Node) -> Node:
    """Return the tree of a fenced block that holds the whole reflection, else `root`."""
    whole = sum(len(node.text) for node in root.children)
    for node in root.children:
        if (
            node.kind is NodeKind.FENCE
            and len(node.text) > whole // 2
            and node.info in _WRAPPING_LANGUAGES
            and len(node.text) > 40
        ):
            inner = build_tree(node.text)
            if any(_has_role(child, Role.SUGGESTIONS) for child in inner.children):
                return inner
    return root


def _has_role(node: Node, role: Role) -> bool:
    return node.role is role or any(child.role is role for child in node.children)


class _Gatherer:
    """Walks the tree once and keeps apart what is certain and what only may be a suggestion."""

    def __init__(self) -> None:
        self.found = Gathered()
        self.loose: list[Draft] = []
        """Items outside a section of suggestions."""
        self.prompts: list[str] = []
        self.originals: list[str] = []
        self.prose: list[str] = []
        self.judged: list[str] = []
        """Prose of analysis and causes: searched for suggestions last of all."""

    # -- sections ---------------------------------------------------------------------------------------

    def section(self, node: Node, role: Role | None, hints: Hints) -> None:
        """Take in everything below `node`, whose section holds `role`."""
        match role:
            case Role.SUGGESTIONS:
                self._suggestions(node, hints)
            case Role.PROMPT | Role.ORIGINAL:
                self._prompt(node, role)
            case Role.ANALYSIS | Role.CAUSES | Role.EFFECT:
                self._told(node, role)
            case Role.STRENGTHS | Role.IGNORED:
                self._headings(node, role, hints)
            case None:
                self._loose(node, hints)

    def _headings(self, node: Node, role: Role | None, hints: Hints) -> None:
        for child in node.children:
            if child.kind is NodeKind.HEADING:
                self.section(child, child.role if child.role is not None else role, hints)

    def _prompt(self, node: Node, role: Role) -> None:
        fences = [child.text for child in node.children if child.kind is NodeKind.FENCE]
        quotes = [child.text for child in node.children if child.kind is NodeKind.QUOTE]
        said = "\n\n".join(fences or quotes) or layout(node)
        if said.strip():
            (self.prompts if role is Role.PROMPT else self.originals).append(said.strip())
        for child in node.children:
            if child.role is not None:
                self.section(child, child.role, Hints())

    def _told(self, node: Node, role: Role) -> None:
        """Take in what is told about the run; a fix told below its problem is a suggestion all the same."""
        plain = not any(child.named in _KINDS for child in node.children)
        for child in node.children:
            if child.kind is NodeKind.HEADING and child.role is not None:
                self.section(child, child.role, Hints())
            elif _holds_fix(child):
                draft = draft_of(child, Hints())
                draft.put(Field.RATIONALE, draft.title)
                draft.title = ""
                self.found.drafts.append(draft)
                if role is Role.CAUSES and draft.fields.get(Field.RATIONALE):
                    self.found.causes.append(draft.fields[Field.RATIONALE])
            else:
                self._tell(child, role, plain)
        self._records(node, Hints(), certain=True, told=plain)

    def _tell(self, child: Node, role: Role, plain: bool) -> None:
        said = _told_text(child)
        if (
            not said
            or child.kind is NodeKind.FENCE
            or (child.named in _CHANGES and not (plain and _is_neutral(child)))
        ):
            return
        if child.kind is NodeKind.PARAGRAPH and role is Role.CAUSES and said.endswith((":", "：")):
            return
        if role is Role.CAUSES:
            self.found.causes.append(said)
        else:
            self.found.say(role, said)
        if role is not Role.EFFECT:
            self.judged.append(said)

    # -- suggestions ------------------------------------------------------------------------------------

    def _suggestions(self, node: Node, hints: Hints) -> None:
        """Take in a section of suggestions: items, headings, rows, records; paragraphs if there is nothing else."""
        before = len(self.found.drafts)
        blocks = self._records(node, hints, certain=True)
        if len(self.found.drafts) > before:
            self._attach_blocks(blocks, self.found.drafts[before:])
            self._tail(node)
            return
        paragraphs = [child.text for child in node.children if child.kind is NodeKind.PARAGRAPH]
        self._paragraphs(paragraphs, hints)
        if blocks and len(self.found.drafts) == before + 1:
            self.found.drafts[-1].blocks.extend(blocks)
        elif blocks:
            self.prompts.extend(blocks)

    def _attach_blocks(self, blocks: list[str], drafts: list[Draft]) -> None:
        if blocks and len(drafts) == 1 and not drafts[0].blocks:
            drafts[0].blocks.extend(blocks)
        elif blocks:
            self.prompts.extend(block for block in blocks if is_prompt(block, ""))

    def _tail(self, node: Node) -> None:
        """Read the paragraphs around a list: one may tell the effect, another add a suggestion."""
        seen_item = False
        for child in node.children:
            if child.kind is not NodeKind.PARAGRAPH:
                seen_item = True
                continue
            for sentence in split_sentences(child.text):
                kind = kind_of(sentence)
                if kind is Kind.EFFECT:
                    self.found.say(Role.EFFECT, sentence)
                elif seen_item and kind is Kind.SUGGESTION and ALSO.match(sentence):
                    self.found.drafts.append(Draft(title=sentence))

    def _paragraphs(self, paragraphs: list[str], hints: Hints) -> None:
        """Take suggestions from the prose of a section that announces them."""
        for paragraph in paragraphs:
            lines = [line for line in paragraph.split("\n") if line.strip()]
            whole = [line for line in lines if kind_of(line) is Kind.SUGGESTION]
            if len(lines) > 1 and len(whole) >= 0.7 * len(lines):
                self.found.drafts.extend(Draft(title=line, hints=hints) for line in whole)
                continue
            told = numbered_inline(paragraph)
            if told:
                self.found.drafts.extend(Draft(title=part, hints=hints) for part in told)
                continue
            drafts = sentences_that_suggest([paragraph], Kind.SUGGESTION)
            if (
                not drafts
                and len(paragraphs) <= _FEW_PARAGRAPHS
                and kind_of(paragraph) not in (Kind.TALK, Kind.EFFECT, Kind.ENCOURAGEMENT)
            ):
                drafts = [Draft(title=paragraph.replace("\n", " "))]
            for draft in drafts:
                draft.hints = hints
            self.found.drafts.extend(drafts)

    def _records(self, node: Node, hints: Hints, *, certain: bool, told: bool | None = None) -> list[str]:
        """Take in the items, rows and runs of fields below `node`; return the blocks that belong to none.

        Below a section that tells something only runs of fields count; `told` is whether `text: …` is told as well.
        """
        only_structured = told is not None
        target = self.found.drafts if certain else self.loose
        first = len(target)
        record: Draft | None = None
        blocks: list[str] = []
        last: Draft | None = None
        for child in node.children:
            match child.kind:
                case NodeKind.FIELD if told and _is_neutral(child):
                    pass
                case NodeKind.FIELD if child.named is not None:
                    if record is None or _opens_record(child.named, record):
                        record = Draft(hints=hints)
                        if not only_structured or child.named not in (Field.RATIONALE, Field.IGNORED):
                            target.append(record)
                    put_field(record, child)
                    last = record
                case NodeKind.ITEM if not only_structured:
                    record = None
                    made = self._item(child, hints, certain)
                    last = made[-1] if made else last
                    target.extend(made)
                case NodeKind.TABLE if not only_structured:
                    record = None
                    self._table(child, hints, certain)
                case NodeKind.HEADING if not only_structured:
                    record = None
                    self._subheading(child, hints, certain)
                case NodeKind.FENCE | NodeKind.QUOTE if not only_structured:
                    if child.info in ("diff", "patch"):
                        target.append(Draft(blocks=[child.text]))
                    elif record is not None and Field.TEXT not in record.fields:
                        record.blocks.append(child.text)
                    elif last is not None and child.kind is NodeKind.QUOTE:
                        last.blocks.append(child.text)
                    elif child.kind is NodeKind.QUOTE or is_prompt(child.text, child.info) or certain:
                        blocks.append(child.text)
                case _:
                    pass
        target[first:] = [draft for draft in target[first:] if _says_something(draft)]
        return blocks

    def _subheading(self, child: Node, hints: Hints, certain: bool) -> None:
        """Take in a heading below suggestions: a section of its own, a group, or one suggestion."""
        if child.role is not None and not child.numbered:
            self.section(child, child.role, hints)
            return
        named = group_hints(child.text)
        items = [it for it in child.children if it.kind in (NodeKind.ITEM, NodeKind.HEADING, NodeKind.TABLE)]
        if items and (named or (not child.numbered and _is_group(child, items))):
            (self._suggestions if certain else self._loose)(child, named.over(hints))
        elif not certain and kind_of(child.text) is not Kind.SUGGESTION and _has_fence(child):
            self._loose(child, hints)
        elif child.text or child.children:
            (self.found.drafts if certain else self.loose).append(draft_of(child, hints))

    def _item(self, child: Node, hints: Hints, certain: bool) -> list[Draft]:
        """Return the drafts of one list item: one, or one for each item below it if it only names a group."""
        items = [it for it in child.children if it.kind is NodeKind.ITEM]
        named = group_hints(child.text) if child.text else Hints()
        if items and child.text and (named or _is_group(child, items)):
            drafts: list[Draft] = []
            for item in items:
                drafts.extend(self._item(item, named.over(hints), certain))
            return drafts
        if not child.children and (parts := numbered_inline(child.text)):
            return [Draft(title=part, hints=hints) for part in parts]
        draft = draft_of(child, hints)
        if kind_of(draft.title) is Kind.EFFECT and not draft.fields and not draft.body:
            self.found.say(Role.EFFECT, draft.title)
            return []
        return [draft]

    def _table(self, child: Node, hints: Hints, certain: bool) -> None:
        reading = read_table(child.rows, hints)
        for role, value in reading.sections:
            if role is Role.CAUSES:
                self.found.causes.append(value)
            elif role in (Role.ANALYSIS, Role.EFFECT):
                self.found.say(role, value)
            elif role is Role.SUGGESTIONS:
                self.found.drafts.append(Draft(title=value))
        structured = reading.named and any(
            draft.fields.keys() & {Field.DESCRIPTION, Field.TYPE, Field.TEXT, Field.CATEGORY}
            for draft in reading.drafts
        )
        (self.found.drafts if certain or structured else self.loose).extend(reading.drafts)

    # -- the rest ---------------------------------------------------------------------------------------

    def _loose(self, node: Node, hints: Hints) -> None:
        """Take in what stands outside any section that says what it holds."""
        for child in node.children:
            if child.kind is NodeKind.HEADING and (child.role is not None or not child.numbered):
                if child.role is not None:
                    self.section(child, child.role, hints)
                else:
                    self._subheading(child, hints, certain=False)
            elif child.kind is NodeKind.PARAGRAPH:
                self.prose.append(child.text)
            elif child.kind is NodeKind.HEADING:
                self.found.drafts.append(draft_of(child, hints))
        rest = Node(
            NodeKind.ROOT,
            children=[it for it in node.children if it.kind not in (NodeKind.HEADING, NodeKind.PARAGRAPH)],
        )
        first = len(self.loose)
        blocks = self._records(rest, hints, certain=False)
        certain = [draft for draft in self.loose[first:] if _is_certain(draft)]
        if certain:
            self.loose[first:] = [draft for draft in self.loose[first:] if not _is_certain(draft)]
            self.found.drafts.extend(certain)
        fenced = [it for it in node.children if it.kind is NodeKind.FENCE] + offered_quotes(node)
        if any(it.text in blocks for it in fenced):
            offered = [it.text for it in fenced if it.text in blocks]
            self.prompts.append(offered[-1])
            self.originals.extend(
                offered[:1] if len(offered) == 2 and _COMPARES.search(" ".join(self.prose[:8])[:4000]) else []
            )
        elif blocks:
            self.judged.extend(blocks)

    def settle(self) -> None:
        """Decide what counts, now that the whole answer was seen."""
        found = self.found
        refuses = bool(self.prose) and is_refusal(self.prose[0]) and sum(map(len, self.prose)) < _SHORT_ANSWER
        if not found.drafts and not refuses:
            found.drafts.extend(self._from_loose())
        if self.prompts and not refuses:
            original = self.originals[0] if self.originals else None
            found.drafts.extend(whole_prompt(text, original) for text in dict.fromkeys(self.prompts))
        if not found.drafts and not refuses:
            found.drafts.extend(self._from_prose())
        self._explain()

    def _from_loose(self) -> list[Draft]:
        drafts: list[Draft] = []
        for draft in self.loose:
            drafts.extend(kept(draft))
        if drafts:
            for paragraph in self.prose[1:]:
                drafts.extend(
                    Draft(title=it)
                    for it in split_sentences(paragraph)
                    if ALSO.match(it) and kind_of(it) is Kind.SUGGESTION
                )
        return drafts

    def _from_prose(self) -> list[Draft]:
        """Return the best that prose offers: suggestions, else regrets, else an appeal."""
        for kind in (Kind.SUGGESTION, Kind.REGRET, Kind.ENCOURAGEMENT):
            for prose in (self.prose, self.judged, [draft_text(draft) for draft in self.loose]):
                if drafts := sentences_that_suggest(prose, kind):
                    return drafts
        return []

    def _explain(self) -> None:
        """Fill analysis, causes and effect from the prose where no section gives them."""
        found = self.found
        titles = {draft.title for draft in found.drafts}
        told: list[str] = []
        for paragraph in self.prose:
            sentences = split_sentences(paragraph)
            kinds = [kind_of(it) for it in sentences]
            if not told and Role.ANALYSIS not in found.said:
                told = opening(sentences, kinds, titles)
            if not found.said.get(Role.EFFECT):
                found.say(
                    Role.EFFECT,
                    " ".join(it for it, kind in zip(sentences, kinds, strict=True) if kind is Kind.EFFECT),
                )
            if not found.causes:
                causes = [
                    it
                    for it, kind in zip(sentences, kinds, strict=True)
                    if kind <= Kind.STATEMENT and names_cause(it)
                ]
                found.causes.extend(causes[:_CAUSES_IN_PROSE])
        if told:
            found.say(Role.ANALYSIS, " ".join(told))


_KINDS = frozenset({Field.TYPE, Field.CATEGORY, Field.PRIORITY})
_CHANGES = frozenset(
    {Field.TYPE, Field.CATEGORY, Field.PRIORITY, Field.DESCRIPTION, Field.TEXT, Field.ORIGINAL, Field.SECTION}
)
_NEUTRAL_LABELS = frozenset(
    {
        "text",
        "description",
        "details",
        "content",
        "texto",
        "descripción",
        "descrição",
        "texte",
        "beschreibung",
        "описание",
        "текст",
        "描述",
        "内容",
        "説明",
        "الوصف",
        "विवरण",
    }
)
_COMPARES = re.compile(r"\b(?:original|before|current|old)\b", re.IGNORECASE)


def _is_neutral(node: Node) -> bool:
    """Return whether a label would name the words of any part: `text = …` below `[analysis]`."""
    return node.info in _NEUTRAL_LABELS


def _told_text(child: Node) -> str:
    if child.kind is NodeKind.HEADING and not child.children:
        return child.text
    said = plain_text(child, title=True).strip()
    return re.sub(r"^(\*\*|__)(.+?)\1", r"\2", said)


def _opens_record(named: Field, record: Draft) -> bool:
    """Return whether a field can no longer belong to the record above it."""
    if named not in record.fields:
        return False
    return named is not Field.RATIONALE or next(iter(record.fields)) is Field.RATIONALE


def _holds_fix(child: Node) -> bool:
    """Return whether a part that tells a problem also gives the change that cures it."""
    return child.kind in (NodeKind.ITEM, NodeKind.HEADING) and any(
        it.kind is NodeKind.FIELD and it.named in (Field.DESCRIPTION, Field.TEXT) for it in child.children
    )


def _says_something(draft: Draft) -> bool:
    return bool(draft.title or draft.body or draft.fields or draft.blocks)


def _has_fence(node: Node) -> bool:
    return any(child.kind is NodeKind.FENCE for child in node.children)


def _is_certain(draft: Draft) -> bool:
    """Return whether the fields of an item alone prove that it is a suggestion."""
    named = draft.fields.keys()
    if Field.DESCRIPTION in named or {Field.ORIGINAL, Field.TEXT} <= named:
        return True
    if not named and draft.blocks and not draft.title and not draft.body:
        return True
    return bool(named & {Field.TYPE, Field.TEXT}) and draft.is_complete


def _is_group(node: Node, items: list[Node]) -> bool:
    """Return whether a title only names what its items have in common."""
    if any(child.kind in (NodeKind.FIELD, NodeKind.PARAGRAPH) for child in node.children):
        return False
    if kind_of(node.text) is Kind.SUGGESTION and not node.text.rstrip("*_ ").endswith((":", "：")):
        return False
    if len(items) < 2 or kind_of(node.text.rstrip("*_:： ") + ".") is Kind.SUGGESTION:
        return bool(len(items) >= 1 and group_hints(node.text) and _are_suggestions(items))
    return _are_suggestions(items)


def _are_suggestions(items: list[Node]) -> bool:
    good = sum(
        it.kind is NodeKind.TABLE
        or kind_of(it.text) is Kind.SUGGESTION
        or any(c.kind is NodeKind.FIELD for c in it.children)
        for it in items[:20]
    )
    return good * 2 > len(items[:20])
