"""What people see of a run: progress, forecast, signals, its log, figures."""

from __future__ import annotations

import io
import os
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import toy

import reflector as rf
from reflector.errors import RunLogError
from reflector.optimizer.following import show_here
from reflector.optimizer.loop import COMMITTED


def optimizer(**options: Any) -> rf.Optimizer:
    config = rf.OptimizerConfig(seed=3, concurrency=6, store=options.pop("store", None))
    reflector = rf.Reflector(toy.model)
    given = {"rollout": toy.rollout, "reflector": reflector, "budget": rf.Budget(rollouts=200)} | options
    return rf.Optimizer(toy.SEED, toy.ROWS, score=toy.score, config=config, **given)


@pytest.mark.anyio
async def test_commits_are_signals_with_the_progress_and_the_log_tells_the_same(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    async with rf.Runtime() as runtime:
        runtime.subscribe("reflector.optimizer.**", lambda signal: seen.append((signal.type, signal.data)))
        async with optimizer(store=tmp_path / "run.db") as running:
            running.note({"name": "toy"})
            result = await running.run()
        assert runtime.statistics().agents == 0
    assert {kind for kind, _ in seen} == {COMMITTED}
    assert [data["proposal"] for _, data in seen] == [each.number for each in result.history]
    assert seen[-1][1]["progress"]["best_score"] == result.best_score

    record = rf.read_run(tmp_path / "run.db")
    assert (record.id, record.name, record.state) == (result.run_id, "toy", result.stop_reason)
    assert (record.rollouts, record.reflections) == (result.rollouts, result.reflections)
    assert (record.seed_score, record.best["score"]) == (result.seed_score, result.best_score)
    assert record.best["components"] == dict(result.best.components)
    assert [each["number"] for each in record.lineage] == [each.number for each in result.lineage]
    assert record.frontier == list(result.frontier)
    assert record.spend.calls == result.spend.calls
    assert [each.id for each in rf.read_runs(tmp_path)] == [record.id]


@pytest.mark.anyio
async def test_progress_shows_scores_slots_spend_and_time_left() -> None:
    states = []

    async def rollout(candidate: Any, example: Any) -> Any:
        states.append(running.progress)
        return await toy.rollout(candidate, example)

    async with optimizer(rollout=rollout) as running:
        assert running.progress.best_score is None
        result = await running.run()
        last = running.progress
    assert max(each.running for each in states) <= 6 == last.slots
    assert (last.rollouts, last.best_score) == (result.rollouts, result.best_score)
    assert last.seconds_left is not None
    assert f"{result.best_score:.3f}" in str(last)
    assert "<table>" in last._repr_html_()
    assert last.to_dict()["spend"]["calls"] == result.spend.calls


@pytest.mark.anyio
async def test_the_forecast_says_what_is_known_before_the_first_call() -> None:
    asked = rf.Model(
        lambda messages: "yes", options=rf.ModelOptions(price=rf.Price(input=1, output=4))
    )  # fmt: skip
    forecast = await optimizer(rollout=asked, budget=rf.Budget(rollouts=200, cost_usd=2)).forecast()
    assert forecast.rollouts == 200 < forecast.calls
    assert forecast.cost_usd is None  # nobody knows the price of the reflecting function
    assert "at most 200 rollouts" in str(forecast)
    assert "never more than $2.00" in str(forecast)
    forecast = await optimizer(rollout=asked, reflector=asked).forecast()
    assert forecast.cost_usd is not None
    assert 0 < forecast.cost_usd < 2
    assert asked.ledger.usage.calls == 0
    capped = await optimizer(
        rollout=asked, reflector=asked, budget=rf.Budget(rollouts=200, calls=50)
    ).forecast()
    assert (capped.calls, capped.rollouts) == (50, 50)
    assert capped.cost_usd == pytest.approx(forecast.cost_usd * 50 / forecast.calls)
    unlimited = await optimizer(budget=rf.Budget(cost_usd=1)).forecast()
    assert str(unlimited).startswith("calls: nobody can say, no limit of rollouts")


@pytest.mark.parametrize("content", [None, b"", b"SQLite format 3\x00", b"not a log"], ids=repr)
def test_a_file_that_is_no_log_is_refused_and_passed_over_in_a_folder(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "run.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RunLogError, match=r"run\.db"):
        rf.read_run(path)
    assert list(rf.read_runs(tmp_path)) == []


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_result_draws_itself(tmp_path: Path) -> None:
    async with optimizer() as running:
        result = await running.run()
    assert result.path[0] == (16, result.seed_score)
    assert result.path[-1][1] == result.best_score
    figure = result.plot()
    figure.savefig(tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 1000


@pytest.mark.anyio
async def test_a_function_follows_the_run_to_its_end_and_may_fail() -> None:
    seen: list[Any] = []
    given = {"rollout": toy.rollout, "score": toy.score, "budget": rf.Budget(rollouts=200)}

    result = await rf.optimize(
        toy.SEED, toy.ROWS, reflector=rf.Reflector(toy.model), progress=seen.append, **given
    )
    assert (seen[-1].is_over, seen[-1].rollouts) == (True, result.rollouts)
    assert seen[-1].best_score == result.best_score

    def fail(progress: Any) -> None:
        seen.append(progress)
        raise OSError("the screen is gone")

    seen.clear()
    again = await rf.optimize(toy.SEED, toy.ROWS, reflector=rf.Reflector(toy.model), progress=fail, **given)
    assert again.best_score == result.best_score
    assert len(seen) <= 2


@pytest.mark.anyio
async def test_what_is_no_function_cannot_show_a_run() -> None:
    given: Any = {"rollout": toy.rollout, "score": toy.score, "budget": rf.Budget(rollouts=200)}
    with pytest.raises(rf.ConfigurationError, match="got 'yes'"):
        await rf.optimize(toy.SEED, toy.ROWS, reflector=rf.Reflector(toy.model), progress="yes", **given)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.anyio
@pytest.mark.parametrize("screen", [Terminal, io.StringIO])
async def test_a_terminal_shows_one_line_and_a_log_one_for_each_proposal(
    screen: type[io.StringIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = screen()
    monkeypatch.setattr("sys.stderr", shown)
    async with optimizer() as running:
        running.follow()
        await running.run()
        last = str(running.progress)
    lines = shown.getvalue().removesuffix("\n").split("\n")
    assert lines[-1].rsplit("\r\x1b[2K")[-1].startswith(last[:60])
    assert (len(lines) == 1) is shown.isatty()


def test_a_terminal_is_asked_for_its_own_width_wherever_the_output_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    screen, behind = os.openpty()
    fcntl.ioctl(behind, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with open(screen, "rb", buffering=0) as shown, open(behind, "w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        show_here()(SimpleNamespace(text="far too long for this " * 9, is_over=False))  # type: ignore[arg-type]
        assert len(shown.read(1_000).removeprefix(b"\r\x1b[2K").decode()) == 39


@pytest.mark.anyio
async def test_a_notebook_shows_one_table_that_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    cells: list[list[Any]] = []

    class Handle:
        def update(self, progress: Any) -> None:
            cells[-1].append(progress)

    def display(progress: Any, display_id: bool) -> Handle:
        assert display_id
        cells.append([progress])
        return Handle()

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    async with optimizer() as running:
        running.follow()
        await running.run()
    (shown,) = cells
    assert shown[-1].is_over
