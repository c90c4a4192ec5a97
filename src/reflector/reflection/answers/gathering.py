"""What the parts of an answer say: which are suggestions, causes, analysis and expected effect."""

from __future__ import annotations

import re

from reflector.reflection.answers.drafts import Draft, draft_of, put_field
from reflector.reflection.answers.failures import declines
from reflector.reflection.answers.headings import Field, Role
from reflector.reflection.answers.kinds import KINDS, Kinds, kinds_of_title
from reflector.reflection.answers.lines import Node, NodeKind, plain_text
from reflector.reflection.answers.prompts import is_prompt, offered_prompts, prompt_in, whole_prompt
from reflector.reflection.answers.prose import (
    added_later,
    drafts_in_prose,
    kept,
    opening,
    sentences_that_suggest,
)
from reflector.reflection.answers.sentences import Kind, kind_of, names_cause, split_sentences
from reflector.reflection.answers.tables import proves_suggestions, read_table
from reflector.trajectories.findings.wording import words_of

__all__ = ["Gathered", "gather"]

_CAUSES_IN_PROSE = 3
_SHORT_ANSWER = 1500


def gather(root: Node) -> Gathered:
    """Return what the answer under `root` says: its sections first, then, only if none suggests, its prose."""
    gathered = Gathered()
    gathered.section(root, None, {})
    gathered.settle()
    return gathered


class Gathered:
    """What was found in an answer, in its order: what is certain, and apart from it what only may be a suggestion."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.causes: list[str] = []
        self.said: dict[Role, list[str]] = {}
        self.loose: list[Draft] = []
        """Items outside a section of suggestions."""
        self.prompts: list[str] = []
        self.prose: list[str] = []
        self.judged: list[str] = []
        """Prose of analysis and causes: searched for suggestions last of all."""

    def joined(self, role: Role) -> str:
        """Return what the sections of a role say, as one text."""
        return "\n\n".join(self.said.get(role, ()))

    def say(self, role: Role, text: str) -> None:
        """Keep what a section of `role` says; every cause stands alone."""
        if role is Role.CAUSES:
            self.causes.append(text.strip())
        elif text.strip():
            self.said.setdefault(role, []).append(text.strip())

    # -- sections ---------------------------------------------------------------------------------------

    def section(self, node: Node, role: Role | None, kinds: Kinds) -> None:
        """Take in everything below `node`, whose section holds `role`; strengths and the like say nothing."""
        match role:
            case Role.SUGGESTIONS:
                self._suggestions(node, kinds)
            case Role.PROMPT:
                self.prompts.extend(filter(None, [prompt_in(node)]))
            case Role.ANALYSIS | Role.CAUSES | Role.EFFECT:
                self._told(node, role)
            case None:
                self._loose(node, kinds)

    def _told(self, node: Node, role: Role) -> None:
        """Take in what is told about the run; a fix told below its problem is a suggestion all the same."""
        is_plain = not any(child.named in KINDS for child in node.children)
        changes: list[Node] = []
        for child in node.children:
            is_change = child.named in _CHANGES and not (is_plain and child.info in _NEUTRAL)
            if is_change or (changes and child.named is Field.RATIONALE):
                changes.append(child)
            elif child.kind is not NodeKind.FENCE:
                self._tell(child, role)
        self._records(changes, {}, self.drafts)

    def _tell(self, child: Node, role: Role) -> None:
        said = re.sub(r"^(\*\*|__)(.+?)\1", r"\2", plain_text(child, title=True))
        introduces = child.kind is NodeKind.PARAGRAPH and said.endswith((":", "："))
        if said and not (introduces and role is Role.CAUSES):
            self.say(role, said)
            self.judged.extend([said] if role is not Role.EFFECT else ())

    def _suggestions(self, node: Node, kinds: Kinds) -> None:
        """Take in a section of suggestions: items, headings, rows, records; paragraphs if there is nothing else."""
        drafts = self.drafts
        first = len(drafts)
        blocks = self._records(node.children, kinds, drafts)
        paragraphs = [child.text for child in node.children if child.kind is NodeKind.PARAGRAPH]
        if len(drafts) > first:
            sentences = [it for paragraph in paragraphs for it in split_sentences(paragraph)]
            self.say(Role.EFFECT, " ".join(it for it in sentences if kind_of(it) is Kind.EFFECT))
            drafts.extend(added_later(paragraphs))
        else:
            drafts.extend(drafts_in_prose(paragraphs, kinds))
        if len(drafts) == first + 1 and not drafts[-1].blocks:
            drafts[-1].blocks.extend(blocks)
        else:
            self.prompts.extend(block for block in blocks if is_prompt(block, ""))

    def _loose(self, node: Node, kinds: Kinds) -> None:
        """Take in what stands outside any section that says what it holds."""
        first = len(self.loose)
        blocks = self._records(node.children, kinds, self.loose)
        self.drafts.extend(draft for draft in self.loose[first:] if draft.is_certain)
        if offered := [block for block in offered_prompts(node) if block in blocks]:
            self.prompts.append(offered[-1])
        else:
            self.judged.extend(blocks)

    # -- the parts of a section ---------------------------------------------------------------------------

    def _records(self, nodes: list[Node], kinds: Kinds, target: list[Draft]) -> list[str]:
        """Put the items, rows and runs of fields among `nodes` into `target`; return the blocks that belong to none."""
        record: Draft | None = None
        blocks: list[str] = []
        for child in nodes:
            match child.kind:
                case NodeKind.FIELD if child.named is not None:
                    if record is None or child.named in record.fields:
                        record = Draft(kinds=kinds)
                        target.append(record)
                    put_field(record, child)
                case NodeKind.FENCE | NodeKind.QUOTE:
                    self._block(child, record, target, blocks)
                case NodeKind.PARAGRAPH:
                    if target is self.loose:
                        self.prose.append(child.text)
                case _:
                    record = None
                    self._part(child, kinds, target)
        return blocks

    def _block(self, child: Node, record: Draft | None, target: list[Draft], blocks: list[str]) -> None:
        """Give a block to the suggestion it follows, or keep it with those that belong to none."""
        if child.info in ("diff", "patch"):
            target.append(Draft(blocks=[child.text]))
        elif record is not None and Field.TEXT not in record.fields:
            record.blocks.append(child.text)
        elif child.kind is NodeKind.QUOTE or is_prompt(child.text, child.info) or target is self.drafts:
            blocks.append(child.text)

    def _part(self, child: Node, kinds: Kinds, target: list[Draft]) -> None:
        if child.kind is NodeKind.TABLE:
            self._table(child, kinds, target)
        elif child.kind is NodeKind.ITEM:
            target.extend(self._item(child, kinds))
        elif child.role is not None:
            self.section(child, child.role, kinds)
        else:
            self._subheading(child, kinds, target)

    def _subheading(self, child: Node, kinds: Kinds, target: list[Draft]) -> None:
        """Take in a heading that says no role: it names a group, or is one suggestion."""
        named = kinds_of_title(child.text, 1)
        items = [it for it in child.children if it.kind in (NodeKind.ITEM, NodeKind.HEADING, NodeKind.TABLE)]
        has_block = any(it.kind is NodeKind.FENCE for it in child.children)
        if items and (named or _is_group(child, items)):
            (self._loose if target is self.loose else self._suggestions)(child, kinds | named)
        elif target is self.loose and has_block and kind_of(child.text) is not Kind.SUGGESTION:
            self._loose(child, kinds)
        else:
            target.append(draft_of(child, kinds))

    def _item(self, child: Node, kinds: Kinds) -> list[Draft]:
        """Return the drafts of one list item: one, or one for each item below it if it only names a group."""
        items = [it for it in child.children if it.kind is NodeKind.ITEM]
        named = kinds_of_title(child.text, 1)
        if items and child.text and (named or _is_group(child, items)):
            return [draft for item in items for draft in self._item(item, kinds | named)]
        draft = draft_of(child, kinds)
        if kind_of(draft.title) is Kind.EFFECT and not draft.fields and not draft.body:
            self.say(Role.EFFECT, draft.title)
            return []
        return [draft]

    def _table(self, child: Node, kinds: Kinds, target: list[Draft]) -> None:
        drafts = read_table(child.lines, kinds)
        (self.drafts if proves_suggestions(drafts) else target).extend(drafts)

    # -- the whole --------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Decide what counts, now that the whole answer was seen."""
        drafts = self.drafts
        is_short = sum(map(len, self.prose)) < _SHORT_ANSWER
        if not (self.prose and is_short and declines(self.prose[0])):
            if not drafts and (items := [it for draft in self.loose for it in kept(draft)]):
                drafts.extend(items)
            drafts.extend(map(whole_prompt, dict.fromkeys(self.prompts)))
            drafts.extend(self._from_prose() if not drafts else ())
        self._explain()

    def _from_prose(self) -> list[Draft]:
        """Return the best that prose offers: suggestions, else regrets, else an appeal."""
        for kind in (Kind.SUGGESTION, Kind.REGRET, Kind.ENCOURAGEMENT):
            for prose in (self.prose, self.judged, [draft.said for draft in self.loose]):
                if drafts := sentences_that_suggest(prose, kind):
                    return drafts
        return []

    def _explain(self) -> None:
        """Fill analysis, causes and effect from the prose where no section gives them."""
        titles = {draft.title for draft in self.drafts}
        for paragraph in self.prose:
            kinds = {sentence: kind_of(sentence) for sentence in split_sentences(paragraph)}
            if Role.ANALYSIS not in self.said:
                self.say(Role.ANALYSIS, " ".join(opening(kinds, titles)))
            if Role.EFFECT not in self.said:
                self.say(Role.EFFECT, " ".join(it for it, kind in kinds.items() if kind is Kind.EFFECT))
            if not self.causes:
                causes = [it for it, kind in kinds.items() if kind <= Kind.STATEMENT and names_cause(it)]
                self.causes.extend(causes[:_CAUSES_IN_PROSE])


_CHANGES = frozenset({*KINDS, Field.DESCRIPTION, Field.TEXT, Field.ORIGINAL, Field.SECTION})
_NEUTRAL = words_of("""
    text description details content texto descripción descrição texte beschreibung описание текст 描述 内容 説明
""")
"""Labels that name the words of any part: `text = …` below `[analysis]`."""


def _is_group(node: Node, items: list[Node]) -> bool:
    """Return whether a title only names what its items, most of them suggestions, have in common."""
    if (
        len(items) < 2
        or len(items) < len(node.children)
        or kind_of(f"{node.text.rstrip('*_:： ')}.") is Kind.SUGGESTION
    ):
        return False
    suggesting = [it for it in items[:20] if it.kind is NodeKind.TABLE or kind_of(it.text) is Kind.SUGGESTION]
    return len(suggesting) * 2 > len(items[:20])
