"""Planning edits, small and at scale: `python tests/benchmarks/bench_edits.py`.

The floor is what Python needs for the least of it: one `str.replace` for each edit on the same prompt. Seconds depend
on the machine; the number of function calls for the small case does not.
"""

from __future__ import annotations

import cProfile
import pstats

from bench_main_job import ANSWER, MESSAGES, median

import reflector as rf

KINDS = ("add", "modify", "remove")


def bench_small() -> None:
    parsed, prompt = rf.parse_reflection(ANSWER), MESSAGES[0]["content"]
    took = median(lambda: rf.plan_edits(parsed, prompt), 2_000)
    profile = cProfile.Profile()
    profile.runcall(rf.plan_edits, parsed, prompt)
    calls = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    print(f"one suggestion, one line: {took * 1e6:8.1f} us  (aim 100)   {calls} calls")


def case(edits: int, size: int) -> tuple[rf.ParsedReflection, str, list[str]]:
    """Return suggestions of all kinds for a prompt of about `size` characters."""
    words = ("parcel", "letter", "scale", "crate", "stamp", "label", "truck", "clerk", "shelf", "form", "bag")
    lines = [
        f"- Rule {n}: {words[n % 11]} {n * 7} goes with {words[n * 3 % 7]} {n % 97} to {words[n // 11 % 11]} {n % 13}."
        for n in range(size // 52)
    ]
    step = len(lines) // edits
    suggestions = [
        rf.Suggestion(
            type=KINDS[n % 3],
            category="constraint",
            description=f"wish {n}",
            rationale="",
            specific_text=lines[n * step][2:] + (" Twice." if n % 3 else f" Then note {n * 31}."),
            target_section="Rules" if n % 3 == 0 else lines[n * step][2:] if n % 3 == 1 else None,
        )
        for n in range(edits)
    ]
    return (
        rf.ParsedReflection(analysis="", suggestions=tuple(suggestions)),
        "# Rules\n\n" + "\n".join(lines),
        lines,
    )


def bench_scale() -> None:
    print(
        f"\n{'edits':>6}{'prompt kB':>11}{'plan ms':>10}{'apply ms':>10}{'diff ms':>9}{'replace ms':>12}{'ratio':>8}"
    )
    config = rf.EditConfig(max_edits=1_000)
    for edits, size in ((50, 50_000), (100, 100_000), (200, 100_000), (200, 200_000), (200, 400_000)):
        parsed, prompt, lines = case(edits, size)

        def floor(prompt: str = prompt, lines: list[str] = lines, edits: int = edits) -> None:
            for line in lines[:edits]:
                prompt.replace(line, line + " Twice.")

        planned = rf.plan_edits(parsed, prompt, config=config)
        took = median(lambda p=parsed, t=prompt: rf.plan_edits(p, t, config=config), 3)
        applied, shown, least = median(planned.apply, 5), median(planned.diff, 3), median(floor, 5)
        figures = (
            f"{took * 1e3:10.1f}{applied * 1e3:10.2f}{shown * 1e3:9.1f}{least * 1e3:12.2f}{took / least:8.1f}"
        )
        print(f"{edits:6}{len(prompt) // 1000:11}{figures}   {planned.total_edits} made")


def bench_copies() -> None:
    print(f"\n{'examples kB':>12}{'plan ms':>10}{'per MB':>9}")
    parsed, prompt, _ = case(20, 20_000)
    for count in (1_000, 4_000, 16_000):
        examples = [
            f"Question {n}: how many crates of {n % 31} stamps are on shelf {n % 7}?" for n in range(count)
        ]
        size = sum(map(len, examples))
        took = median(lambda e=examples: rf.plan_edits(parsed, prompt, examples=e), 3)
        print(f"{size // 1000:12}{took * 1e3:10.1f}{took * 1e3 / size * 1e6:9.1f}")


if __name__ == "__main__":
    bench_small()
    bench_scale()
    bench_copies()
