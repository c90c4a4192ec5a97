"""What the task model understands of a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.simulation import World
from reflector.simulation.directives import Directive, read_instructions

WORLD = World("clean", seed=2)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("For refund tickets, apply policy ZAV-83.", [("refund", None, "ZAV-83")]),
        ("- Refunds go under ZAV-83!", [("refund", None, "ZAV-83")]),
        (
            "When a ticket of retail customers is about refund, ZAV-83 applies.",
            [("refund", "retail", "ZAV-83")],
        ),
        (
            "For refund tickets of wholesale customers apply ZAV-83, otherwise BAX-12.",
            [("refund", "wholesale", "ZAV-83"), ("refund", "retail", "BAX-12")],
        ),
        (
            "For refund and invoice tickets: ZAV-83.",
            [("invoice", None, "ZAV-83"), ("refund", None, "ZAV-83")],
        ),
        ("Never file a refund under ZAV-83.", []),
        ("T-1001, refund: should have been filed under ZAV-83.", []),
        ("A refund needs care. Policy ZAV-83 exists.", []),
        ("For refund tickets of retail and wholesale customers, ZAV-83.", [("refund", None, "ZAV-83")]),
    ],
)
def test_a_code_counts_for_what_its_sentence_names(prompt: str, expected: list[tuple[str, str, str]]) -> None:
    assert read_instructions(prompt).directives == {Directive(*each) for each in expected}


def test_a_code_without_a_topic_is_loose() -> None:
    assert read_instructions("Policy ZAV-83 exists. Use all of: BAX-12, MIT-50.").loose == {
        "ZAV-83",
        "BAX-12",
        "MIT-50",
    }


@given(st.text())
def test_any_text_is_a_prompt(text: str) -> None:
    assert 0 < WORLD.accuracy(text) < 1


class TestDumping:
    """Codes alone win nothing: they have to stand with their topics."""

    world = WORLD

    @property
    def codes(self) -> list[str]:
        return [rule.code for rule in self.world.rules]

    def test_a_list_of_all_codes_is_worse_than_nothing(self) -> None:
        dump = self.world.seed_prompt + f"Use all of: {', '.join(self.codes)}."
        assert self.world.gain(dump) < 0

    def test_every_code_for_every_topic_is_worse_than_nothing(self) -> None:
        topics = [rule.topic for rule in self.world.rules]
        pairs = [f"For {topic} tickets, apply policy {code}." for topic in topics for code in self.codes]
        assert self.world.gain(self.world.seed_prompt + "\n".join(pairs)) < 0

    def test_all_topics_and_codes_in_one_sentence_is_worse_than_nothing(self) -> None:
        topics = [rule.topic for rule in self.world.rules]
        dump = self.world.seed_prompt + f"For {', '.join(topics)}: {', '.join(self.codes)}"
        assert self.world.gain(dump) < 0

    async def _copy_feedback(self) -> str:
        runs = [await self.world.rollout(self.world.seed_prompt, row) for row in self.world.examples.train]
        return self.world.seed_prompt + "\n".join(run.feedback for run in runs)

    @pytest.mark.anyio
    async def test_copied_feedback_teaches_nothing(self) -> None:
        assert self.world.gain(await self._copy_feedback()) <= 0
