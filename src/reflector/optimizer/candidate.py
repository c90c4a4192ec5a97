"""A candidate: the texts that a rollout runs with, and where they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from reflector._text import shorten
from reflector.errors import ConfigurationError, InputError

__all__ = ["DEFAULT_COMPONENT", "Candidate", "components_of"]

DEFAULT_COMPONENT = "prompt"
"""Name of the only component when the seed is a text and not a dict of texts."""


@lru_cache(256)
def _digest(text: str) -> bytes:
    """Return the hash of one text. Cached, as a child shares most of its texts with its parent."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Candidate(Mapping[str, str]):
    """Component texts by name, with lineage. A mapping: `candidate["name"]`."""

    components: Mapping[str, str]
    number: int = 0
    """Its place in the order of acceptance; the seed is 0. -1: not accepted (yet)."""
    parents: tuple[int, ...] = ()
    """Numbers of the candidates it was made from: one, or two of a merge."""
    changes: tuple[str, ...] = ()
    """What was done to the parent, a line each."""
    key: str = field(init=False, repr=False)
    """Hash of the texts: the same texts have the same key, whatever their lineage."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", MappingProxyType(dict(self.components)))
        told = (each for name in sorted(self.components) for each in (name, self.components[name]))
        digest = hashlib.blake2b(b"".join(map(_digest, told)), digest_size=16)
        object.__setattr__(self, "key", digest.hexdigest())

    @property
    def text(self) -> str:
        """The text, where there is one component only.

        Raises:
            InputError: If there are several; name one: `candidate["name"]`.
        """
        if len(self.components) == 1:
            return next(iter(self.components.values()))
        raise InputError(
            f"this candidate has the components {', '.join(self.components)}; "
            "choose one with candidate['name']."
        )

    def __getitem__(self, name: str) -> str:
        try:
            return self.components[name]
        except KeyError:
            raise KeyError(
                f"no component is named {name!r}; there are {', '.join(map(repr, self.components))}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.components)

    def __len__(self) -> int:
        return len(self.components)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        texts = ", ".join(f"{name}={shorten(text, 40)!r}" for name, text in self.components.items())
        return f"Candidate({self.number}, {texts})"

    def accepted_as(self, number: int) -> Candidate:
        """Return it with its place in the order of acceptance."""
        accepted = object.__new__(Candidate)  # not made anew: hashing long texts takes its time
        for name in ("components", "parents", "changes", "key"):
            object.__setattr__(accepted, name, getattr(self, name))
        object.__setattr__(accepted, "number", number)
        return accepted

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "number": self.number,
            "components": dict(self.components),
            "parents": list(self.parents),
            "changes": list(self.changes),
        }


def components_of(seed: Any) -> dict[str, str]:
    """Return the component texts of a seed: a text, or a dict of texts by name.

    Raises:
        ConfigurationError: If it is neither, or empty.
    """
    texts = {DEFAULT_COMPONENT: seed} if isinstance(seed, str) else seed
    if isinstance(texts, Candidate):
        return dict(texts.components)
    if not isinstance(texts, Mapping) or not texts:
        raise ConfigurationError(
            f"a seed is a prompt or a dict of component texts by name; got {shorten(repr(seed), 80)}."
        )
    for name, text in texts.items():
        if not isinstance(name, str) or not name or not isinstance(text, str):
            raise ConfigurationError(
                f"a component is a text by its name; got {shorten(repr(name), 40)}: {shorten(repr(text), 60)}."
            )
    if not any(text.strip() for text in texts.values()):
        raise ConfigurationError("every text of the seed is empty: there is nothing to improve.")
    return dict(texts)
