"""How long an answer takes to read, beside `json.loads` and json_repair in the same run.

Run it as a script: `python tests/benchmarks/bench_parser.py`. Figures are medians; on a busy machine look at the
ratios.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from reflector.errors import UnparsableReflectionError
from reflector.reflection.suggestion_parser import parse_reflection

SUGGESTION = {
    "type": "add",
    "category": "constraint",
    "description": "State that every amount carries its currency, and that different currencies are never summed.",
    "rationale": "Step 3 summed euros and dollars; the total was reported without a unit and could not be checked.",
    "priority": "high",
    "specific_text": "Always write the currency after an amount, e.g. 12 EUR. Convert before you add.",
    "target_section": "Output rules",
}


def reflection(count: int) -> dict[str, Any]:
    """Return a reflection with `count` suggestions."""
    return {
        "analysis": "The agent mixed currencies because the prompt never says which one to report, and read old files.",
        "root_causes": [
            "No unit is required.",
            "The word recent is open to interpretation.",
            "Totals are never checked.",
        ],
        "suggestions": [
            {**SUGGESTION, "description": f"{SUGGESTION['description']} ({n})"} for n in range(count)
        ],
        "expected_improvement": "Totals will be comparable, and sources current.",
    }


def damaged(text: str) -> str:
    """Return an answer with prose around it, trailing commas, a comment, a Python literal and a lost end."""
    body = text.replace("\n    }", ",\n    }").replace(
        "high", 'high", // matters\n      "done": None, "x": "', 1
    )
    return f"Here is my analysis:\n```json\n{body[:-2]}"


def prose(size: int) -> str:
    """Return a reflection in words of about `size` characters."""
    item = "{}. **Add a unit rule**: You should add a sentence that names the currency, because totals were mixed.\n"
    head = (
        "## Analysis\nThe agent mixed currencies because the prompt never says which one.\n\n## Suggestions\n"
    )
    return head + "".join(item.format(n) for n in range(1, max(2, (size - len(head)) // len(item))))


FAMILIES: dict[str, Callable[[int], str]] = {
    "clean JSON": lambda n: json.dumps(reflection(n // 450), indent=2),
    "damaged JSON": lambda n: damaged(json.dumps(reflection(n // 450), indent=2)),
    "single quotes": lambda n: repr(reflection(n // 450)),
    "text": prose,
    "open brackets": lambda n: "[" * n,
    "open braces": lambda n: "{" * n,
    "nested objects": lambda n: '{"a":' * (n // 5),
    "nested lists": lambda n: '{"suggestions":' + "[" * n,
    "escaped quotes": lambda n: '{"analysis": "' + '\\"' * (n // 2),
    "inner quotes": lambda n: '{"analysis": "' + 'a "b" ' * (n // 6) + '"}',
    "bare quotes": lambda n: '{"analysis": "' + '"' * n,
    "backslashes": lambda n: '{"analysis": "' + "\\" * n,
    "open comments": lambda n: "{" + "/*" * (n // 2),
    "blanks": lambda n: '{"a":' + " " * n + '"' + " " * n,
    "fenced blocks": lambda n: "```json\n{}\n```\n" * (n // 15),
    "small objects": lambda n: '{"a": 1}\n' * (n // 9),
    "small suggestions": lambda n: '{"type": "add", "description": "Add x."}\n' * (n // 41),
    "commas": lambda n: '{"a": 1' + "," * n,
    "words": lambda n: "{" + "ab " * (n // 3),
    "thoughts": lambda n: "<think>" * (n // 7),
    "closed thoughts": lambda n: "</think>\n" * (n // 9),
    "keys": lambda n: "{" + "".join(f'"k{i}": {{' for i in range(n // 10)),
    "calls": lambda n: "f(a='x', " * (n // 9),
    "colons": lambda n: '{"a"' + ":" * n,
    "quoted lines": lambda n: '> "a"\n' * (n // 6),
    "smart quotes": lambda n: "{“analysis”: “" + "“a” " * (n // 4),
    "digits": lambda n: '{"a": ' + "1" * n,
    "blank lines in strings": lambda n: '{"a": "' + '\n"b": ' * (n // 6),
    "dots": lambda n: "[" + "." * n,
    "angle brackets": lambda n: "<" * n,
    "headless": lambda n: '"a": "b", ' * (n // 10),
    "escaped keys": lambda n: '{"a": "' + ('", "' + "\\u00e9" * 50) * (n // 304),
    "labelled lists": lambda n: 'Suggestions: ["Add a rule now."]\n' * (n // 33),
    "literal breaks": lambda n: '{\\n"a": "b"' + " \\n" * (n // 3) + "x",
    "issues": lambda n: '{"issues": [' + '{"issue": "a b", "fix": "c d"},' * (n // 31) + "]}",
    "sections": lambda n: "[[ ## reasoning ## ]]\nx\n" * (n // 24),
    "escaped document": lambda n: '{\\"a\\": \\"' + "b\\n" * (n // 3),
}


def read(text: str) -> None:
    """Parse, whatever comes out."""
    try:
        parse_reflection(text)
    except UnparsableReflectionError:
        return


def median_us(run: Callable[[], object], seconds: float = 0.4) -> float:
    """Return the median time of one call in microseconds."""
    run()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or (time.perf_counter() < end and len(times) < 5000):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e6


def bench_answers() -> None:
    """Print the time of typical answers, beside other readers."""
    try:
        import json_repair
    except ImportError:
        json_repair = None
    clean = json.dumps(reflection(3), indent=2)
    big = json.dumps(reflection(80), indent=2)
    print(f"{'answer':<22}{'chars':>8}{'us':>10}{'x json.loads':>14}{'x json_repair':>15}")
    for name, text in (("clean JSON", clean), ("damaged JSON", damaged(clean)), ("text", prose(2000)),
                       ("clean JSON, long", big), ("damaged JSON, long", damaged(big))):  # fmt: skip
        ours = median_us(lambda text=text: read(text))
        valid = clean if len(text) < 9000 else big
        base = median_us(lambda valid=valid: json.loads(valid), 0.1)
        peer = median_us(lambda text=text: json_repair.loads(text), 0.2) if json_repair else float("nan")
        print(f"{name:<22}{len(text):>8}{ours:>10.0f}{ours / base:>14.1f}{ours / peer:>15.2f}")


def bench_growth(size: int = 100_000) -> None:
    """Print how time grows when the answer doubles, and how long it takes at the largest size that is read whole."""
    print(f"\n{'family':<24}{'us per char':>12}{'time(2n)/time(n)':>18}")
    for name, make in FAMILIES.items():
        one, two = make(size), make(2 * size)
        first = min(_once(one) for _ in range(3))
        second = min(_once(two) for _ in range(3))
        print(f"{name:<24}{second / len(two) * 1e6:>12.3f}{second / first:>18.2f}")


def _once(text: str) -> float:
    start = time.perf_counter()
    read(text)
    return time.perf_counter() - start


def main() -> None:
    """Run both parts."""
    bench_answers()
    bench_growth()


if __name__ == "__main__":
    main()
