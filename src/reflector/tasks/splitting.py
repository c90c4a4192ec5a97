"""A group that is too large for every provider, in parts: cut between chunks, then between statements."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from reflector._text import estimate_tokens
from reflector.code.chunk import Chunk
from reflector.code.cutting import split
from reflector.dispatch.task import Estimate
from reflector.tasks.group import TaskGroup
from reflector.tasks.payloads import CodeReflectionTask

__all__ = ["split_group", "tokens_of"]

_FRAME = 900
"""Tokens of a prompt around code, at most, which every part repeats; what is more grows with the code."""


def split_group(group: TaskGroup, window: int) -> tuple[TaskGroup, ...]:
    """Return the parts of a group, each of which fits a context window, its output included; itself if it fits, or if
    nothing would: the prompt and the answer alone are too large.

    Only code reflections can be cut. The parts hold each line of the code exactly once, in order; what the group may
    cost is divided among them by their tokens. A single line is never cut, and may make a part too large.

    Args:
        group: Its estimate says what it takes; without one it takes its chunks.
        window: Tokens.
    """
    payload = group.payload
    if not isinstance(payload, CodeReflectionTask) or tokens_of(group) <= window:
        return (group,)
    code = sum(map(_tokens, payload.code_chunks)) or 1
    estimate = group.estimate or Estimate(input_tokens=code)
    frame = max(0, min(estimate.input_tokens - code, _FRAME))
    growth = max(1.0, (estimate.input_tokens - frame) / code)
    room = int((window - frame - estimate.output_tokens) / growth)
    if room < 1:
        return (group,)
    packs = list(_packed(payload.code_chunks, room))
    sizes = [sum(map(_tokens, pack)) for pack in packs]
    return tuple(
        group.replace(
            id=f"{group.id}/{number}",
            payload=payload.replace(code_chunks=tuple(pack)),
            limits=group.limits.replace(cost_usd=cost),
            estimate=estimate.replace(input_tokens=frame + math.ceil(size * growth)),
            origin=group.origin.replace(parent=group.id, part=number, parts=len(packs)),
        )
        for number, (pack, size, cost) in enumerate(
            zip(packs, sizes, _shares(group.limits.cost_usd, sizes), strict=True), 1
        )
    )


def tokens_of(group: TaskGroup) -> int:
    """Return the tokens that a group takes, its output included, as far as they are known."""
    if group.estimate is not None:
        return group.estimate.input_tokens + group.estimate.output_tokens
    payload = group.payload
    return sum(map(_tokens, payload.code_chunks)) if isinstance(payload, CodeReflectionTask) else 0


def _tokens(chunk: Chunk) -> int:
    return max(chunk.tokens, estimate_tokens(chunk.text))


def _packed(chunks: Iterable[Chunk], room: int) -> Iterator[list[Chunk]]:
    """Yield chunks, cut where they have to be, in as few packs as their order allows."""
    pack: list[Chunk] = []
    size = 0
    for chunk in chunks:
        pieces = [chunk] if _tokens(chunk) <= room else split(chunk.replace(tokens=_tokens(chunk)), room)
        for piece in pieces:
            tokens = _tokens(piece)
            if pack and size + tokens > room:
                yield pack
                pack, size = [], 0
            pack.append(piece)
            size += tokens
    yield pack


def _shares(amount: float | None, weights: list[int]) -> Iterator[float | None]:
    """Yield the share of each in an amount; together they are not more than that."""
    total, left = sum(weights) or 1, amount
    for at, weight in enumerate(weights):
        if amount is None or left is None:
            yield None
        elif at == len(weights) - 1:
            yield left
        else:
            share = min(left, amount * weight / total)
            left -= share
            yield share
