"""What each document of an answer contributes, and which of them is the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from reflector.reflection.field_mapping import Field, text_of, texts_of

__all__ = ["Part", "choose", "is_filled", "unite"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one document contributes, before its suggestions are read."""

    fields: dict[str, Field]
    """Field of the reflection -> raw value."""
    items: tuple[Any, ...] = ()
    """Suggestions that stand alone, without a reflection around them."""
    complete: bool = True
    document: int = 0

    @property
    def has_suggestions(self) -> bool:
        """Whether there is something where suggestions belong."""
        return bool(self.items) or any(
            is_filled(self.fields.get(name)) for name in ("suggestions", "improved_prompt")
        )

    @property
    def quality(self) -> int:
        """How much of a reflection it is; the document with the most is the answer, the later one on a tie."""
        has_suggestions = is_filled(self.fields.get("suggestions"))
        analysed = [
            self.fields[name] for name in ("analysis", "root_causes") if is_filled(self.fields.get(name))
        ]
        named = any(strength < 2 for _, strength in analysed)
        return 8 * has_suggestions + 4 * bool(self.items) + 2 * bool(analysed) + named + 2 * self.complete


def is_filled(found: Field | None) -> bool:
    return found is not None and found[0] not in ("", [], {})


def unite(parts: list[Part]) -> Part:
    """Return one part for those of one document: first words win, suggestions are put one after the other."""
    fields: dict[str, Field] = {}
    suggestions: list[Any] = []
    causes: list[str] = []
    analyses: list[str] = []
    items: list[Any] = []
    for part in parts:
        for name, found in part.fields.items():
            if name == "suggestions":
                suggestions.append(found[0])
            elif name == "root_causes":
                causes += texts_of(found[0])
            elif name == "analysis":
                analyses.append(text_of(found[0]))
            else:
                fields.setdefault(name, found)
        items += part.items
    if suggestions:
        fields["suggestions"] = (suggestions[0] if len(suggestions) == 1 else suggestions, 0)
    if causes:
        fields["root_causes"] = (list(dict.fromkeys(causes)), 0)
    if analyses:
        fields["analysis"] = ("\n".join(dict.fromkeys(filter(None, analyses))), 0)
    return Part(fields, tuple(items))


def choose(parts: list[Part]) -> Part:
    """Return the part that is the answer, completed by others that have what it lacks and lack what it has.

    A draft and its final version both have suggestions: the better one is taken alone, the later one on a tie.
    """
    best = max(parts, key=lambda part: (part.quality, part.document))
    has_suggestions = is_filled(best.fields.get("suggestions"))
    fields = dict(best.fields)
    items: list[Any] = []
    for part in parts:
        if part is best or has_suggestions is False or not is_filled(part.fields.get("suggestions")):
            for name, found in part.fields.items():
                if not is_filled(fields.get(name)):
                    fields[name] = found
        if not has_suggestions:
            items += part.items
    return replace(best, fields=fields, items=tuple({repr(item): item for item in items}.values()))
