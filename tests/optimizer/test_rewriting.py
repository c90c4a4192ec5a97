"""Whole-text rewriting: what is read out of an answer, and a run that lives on it."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

import reflector as rf
from reflector.optimizer.rewriting import read_rewriting
from reflector.optimizer.work import Change, apply_changes

OLD = "Be kind to {name}.\n"
NEW = "Be kind to {name}.\nCite your source."


@pytest.mark.parametrize(
    "answer",
    [
        f"```\n{NEW}\n```",
        f"Here it is:\n\n```markdown\n{NEW}\n```\nI hope that this helps.",
        f"~~~~\n{NEW}\n~~~~",
        f"<think>``` or not?</think>\n```\n{NEW}\n```",
        NEW,
        '{"prompt": "Be kind to {name}.\\nCite your source."}',
        '```json\n{"new_instructions": "Be kind to {name}.\\nCite your source.", "why": "no source was named"}\n```',
        '"```\\nBe kind to {name}.\\nCite your source.\\n```"',
        f"```\n{NEW.replace('{name}', '{Name}')}\n```",
    ],
)
def test_the_new_text_is_found_in_fences_in_json_or_bare(answer: str) -> None:
    assert read_rewriting(answer, OLD) == NEW + "\n"


def test_fences_of_the_text_itself_stay() -> None:
    text = "Answer like this:\n```\nyes\n```\nAnd no longer."
    assert read_rewriting(f"````\n{text}\n````", "Answer.") == text
    assert read_rewriting(f"New:\n```\n{text}\n```", "Answer.") == text


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "no text"),
        ("<think>nothing but thoughts</think>", "no text"),
        ("I'm sorry, but I can't help with that request.", "no text"),
        ("Error 503: service unavailable", "no text"),
        ("```\n\n```", "empty"),
        (f"```\n{NEW}", "never closed"),
        ('{"prompt": "Be kind to {na', "cut off"),
        ('{"analysis": "nothing"}', "holds no text"),
        ("```\nBe kind.\n```", "lacks {name}"),
    ],
)
def test_an_unusable_answer_says_why(answer: str, why: str) -> None:
    with pytest.raises(rf.UnparsableReflectionError, match=re.escape(why)):
        read_rewriting(answer, OLD)


def test_an_answer_that_was_cut_off_is_not_used() -> None:
    with pytest.raises(rf.UnparsableReflectionError, match="cut off"):
        read_rewriting(f"```\n{NEW}\n```", OLD, is_cut=True)


@given(st.text(), st.text(min_size=1))
def test_whatever_is_answered_there_is_a_text_or_a_typed_error(answer: str, original: str) -> None:
    with contextlib.suppress(rf.UnparsableReflectionError):
        assert read_rewriting(answer, original).strip()


@given(st.text("ab\n"), st.text("ab\n"))
def test_the_changes_make_the_new_text(old: str, new: str) -> None:
    from reflector.optimizer.rewriting import _changes

    changes: list[Change] = list(_changes("prompt", old, new))
    assert apply_changes({"prompt": old}, changes) == {"prompt": new}


def rewriter(messages: list[dict[str, str]]) -> str:
    """Write the prompt anew with the rules that the runs broke; refuse now and then."""
    text = messages[-1]["content"]
    prompt = text.split("```")[1].strip("\n")
    broken = [each for each in dict.fromkeys(re.findall(r"Broken: (rule \d\.)", text)) if each not in prompt]
    if not broken:
        return "I'm sorry, but I can't help with that request."
    return "\n".join(
        ["The new version:", "```", prompt, *(f"You must follow {each}" for each in broken), "```"]
    )


@pytest.mark.anyio
async def test_rewriting_is_a_proposer_whose_run_can_be_resumed(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "rollout": toy.rollout,
        "score": toy.score,
        "reflector": rf.Reflector(rewriter),
    }
    config = rf.OptimizerConfig(proposer="rewrite", minibatch_size=3, store=tmp_path / "run.db")
    result = await rf.optimize(toy.SEED, toy.ROWS, budget=rf.Budget(rollouts=300), config=config, **options)
    assert result.best.text.startswith(toy.SEED)
    assert result.best_score == 1.0
    assert "You must follow rule" in result.best.changes[0]
    again = await rf.optimize(toy.SEED, toy.ROWS, budget=rf.Budget(rollouts=300), config=config, **options)
    assert again.best == result.best
    assert again.spend == result.spend


@pytest.mark.anyio
async def test_a_text_is_written_anew_for_each_of_several_components() -> None:
    async def rollout(candidate: rf.Candidate, example: dict[str, Any]) -> list[int]:
        return [rule for rule in example["rules"] if f"rule {rule}." not in candidate["rules"]]

    result = await rf.optimize(
        {"role": "You are a clerk.", "rules": "Answer."},
        toy.ROWS,
        rollout=rollout,
        score=toy.score,
        reflector=rf.Reflector(rewriter),
        budget=rf.Budget(rollouts=300),
        config=rf.OptimizerConfig(proposer="rewrite", components="all"),
    )
    assert result.best_score == 1.0
    assert result.best["rules"].startswith("Answer.")


@pytest.mark.anyio
async def test_a_model_that_writes_nothing_usable_costs_no_rollouts_of_children() -> None:
    with pytest.raises(rf.RunBrokenError, match="reflections failed in a row"):
        await rf.optimize(
            toy.SEED,
            toy.ROWS,
            rollout=toy.rollout,
            score=toy.score,
            reflector=rf.Reflector(lambda messages: "```\n```"),
            budget=rf.Budget(rollouts=300),
            config=rf.OptimizerConfig(proposer="rewrite", minibatch_size=2, failures_in_a_row=3),
        )


def test_the_rules_cannot_rewrite() -> None:
    with pytest.raises(rf.ConfigurationError, match="proposer='rewrite' needs a model"):
        rf.Optimizer(
            toy.SEED,
            toy.ROWS,
            rollout=toy.rollout,
            reflector="rules",
            budget=rf.Budget(rollouts=300),
            config=rf.OptimizerConfig(proposer="rewrite"),
        )
