"""A run that is killed goes on where it was."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("killing", Path(__file__).with_name("killing.py"))
assert _spec is not None
assert _spec.loader is not None
killing = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(killing)


@pytest.mark.slow
def test_a_killed_run_repeats_nothing_that_was_recorded_and_ends_the_same(tmp_path: Path) -> None:
    whole = killing.kill_and_resume(tmp_path / "whole.db", 0, random.Random(0))
    killed = killing.kill_and_resume(tmp_path / "killed.db", 3, random.Random(1))
    assert killed.kills == 3
    assert max(killed.recorded.values()) == max(killed.reflected.values()) == 1
    assert killed.recorded.total() == whole.recorded.total() <= 300
    assert killed.best == whole.best
