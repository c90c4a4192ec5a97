"""Clifford algebra beside the packages `clifford` and `kingdon`, and beside the memory's speed, in one run.

Every ratio is of the best processor times of interleaved rounds. `floor` adds two arrays of the same size into a third.
clifford multiplies object by object, so its batches are shorter. kingdon gets arrays blade by blade, as it wants them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from reflector.clifford.bridge import to_clifford
from reflector.clifford.multivector import Signature

ROUNDS = 5
ALGEBRAS = ((3, 0), (4, 1), (8, 0))
RNG = np.random.default_rng(0)

FIRST = """
import numpy, time
start = time.process_time()
{setup}
middle = time.process_time()
{work}
print(middle - start, time.process_time() - middle)
"""
FIRST_USES = {
    "ours": (
        "import reflector as rf; s = rf.clifford.Signature",
        "c = s({p}, {q}); a = c.multivector(numpy.arange(1.0, c.size + 1)); a * a",
    ),
    "clifford": (
        "import clifford",
        "l, _ = clifford.Cl({p}, {q}); a = l.MultiVector(value=numpy.arange(1.0, l.gaDims + 1)); a * a",
    ),
    "kingdon": (
        "import kingdon",
        "c = kingdon.Algebra({p}, {q}); a = c.multivector(numpy.arange(1.0, len(c) + 1)); a * a",
    ),
}

Work = Callable[[], object]


def best(cases: dict[str, Work], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the best seconds of processor time of each, taken in turns; all threads count, other processes do not."""
    found = dict.fromkeys(cases, float("inf"))
    for work in cases.values():
        work()
    for _ in range(rounds):
        for name, work in cases.items():
            start = time.process_time()
            work()
            found[name] = min(found[name], time.process_time() - start)
    return found


def repeated(work: Work, times: int) -> Work:
    def run() -> None:
        for _ in range(times):
            work()

    return run


def first_use() -> None:
    print(
        f"{'fresh process, after numpy':28}{'package':>10}{'import ms':>12}{'first product ms':>18}   (CPU)"
    )
    for p, q in ALGEBRAS:
        for name, (setup, work) in FIRST_USES.items():
            if name == "kingdon" and p + q > 5:
                continue  # it generates code for minutes
            script = FIRST.format(setup=setup, work=work.format(p=p, q=q))
            imported, product = min((run_fresh(script) for _ in range(5 if name == "ours" else 1)), key=sum)
            print(f"Cl({p},{q}){'':21}{name:>10}{imported * 1e3:12.1f}{product * 1e3:18.1f}")


def run_fresh(script: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return [float(each) for each in done.stdout.split()]


def single(p: int, q: int) -> None:
    signature = Signature(p, q)
    a, b = (signature.multivector(RNG.normal(size=signature.size)) for _ in range(2))
    bivector = a.grade(2) / 4
    rotor, vector = bivector.exp(), b.grade(1)
    their_a, their_b, their_vector, their_bivector, their_rotor = map(
        to_clifford, (a, b, vector, bivector, rotor)
    )
    cases: dict[str, tuple[Work, Work]] = {
        "geometric": (lambda: a * b, lambda: their_a * their_b),
        "outer": (lambda: a ^ b, lambda: their_a ^ their_b),
        "reverse": (lambda: ~a, lambda: ~their_a),
        "inverse": (a.inverse, their_a.inv),
        "inverse of a vector": (vector.inverse, their_vector.inv),
        "exp of a bivector": (bivector.exp, their_bivector.exp),
        "rotor on a vector": (
            lambda: rotor * vector * ~rotor,
            lambda: their_rotor * their_vector * ~their_rotor,
        ),
    }
    for name, (ours, theirs) in cases.items():
        found = best({"ours": repeated(ours, 50), "theirs": repeated(theirs, 50)})
        us = {key: value / 50 * 1e6 for key, value in found.items()}
        ratio = us["theirs"] / us["ours"]
        print(f"Cl({p},{q}) {name:21}{us['ours']:10.1f}{us['theirs']:14.1f}{ratio:8.1f}")


def batch(p: int, q: int, count: int) -> None:
    signature = Signature(p, q)
    a, b = (signature.batch(RNG.normal(size=(count, signature.size))) for _ in range(2))
    few = min(count, 100_000 // signature.size)
    their_a, their_b = (to_clifford(each[:few]) for each in (a, b))
    out = np.empty_like(a.values)
    products: dict[str, Work] = {
        "ours": lambda: a * b,
        "clifford": lambda: their_a * their_b,
        "floor": lambda: np.add(a.values, b.values, out=out),
    }
    if p + q <= 5:
        products["kingdon"] = kingdon_product(p, q, a.values, b.values)
    report(f"Cl({p},{q}) geometric", count, few, best(products))
    rows, few = count // 10, few // 10
    part, bivectors = a[:rows], a[:rows].grade(2) / 4
    some, their_bivectors = their_a[:few], to_clifford(bivectors[:few])
    floor: dict[str, Work] = {"floor": lambda: np.add(a.values[:rows], b.values[:rows], out=out[:rows])}
    inverses = floor | {"ours": part.inverse, "clifford": lambda: [each.inv() for each in some]}
    report(f"Cl({p},{q}) inverse", rows, few, best(inverses, 3))
    exps = floor | {"ours": bivectors.exp, "clifford": lambda: [each.exp() for each in their_bivectors]}
    report(f"Cl({p},{q}) exp of bivectors", rows, few, best(exps, 3))


def turns() -> None:
    rotor = (Signature(8, 0).multivector(RNG.normal(size=256)).grade(2) / 4).exp()
    vectors = RNG.normal(size=(100_000, 8))
    out = np.empty_like(vectors)
    found = best({"ours": lambda: rotor.rotate(vectors), "floor": lambda: np.copyto(out, vectors)})
    ns = found["ours"] / 1e5 * 1e9
    print(
        f"Cl(8,0) rotor on 100,000 vectors: {ns:.1f} ns each, {found['ours'] / found['floor']:.1f} x a copy"
    )


def kingdon_product(p: int, q: int, a: Any, b: Any) -> Work:
    from kingdon import Algebra

    algebra = Algebra(p, q)
    left, right = (algebra.multivector(np.ascontiguousarray(each.T)) for each in (a, b))
    return lambda: left * right


def report(name: str, count: int, few: int, found: dict[str, float]) -> None:
    us = {key: value / (few if key == "clifford" else count) * 1e6 for key, value in found.items()}
    kingdon = f"{us['kingdon']:9.3f}" if "kingdon" in us else f"{'-':>9}"
    ratio = us["clifford"] / us["ours"]
    print(
        f"{name:28}{count:8}{us['ours']:9.3f}{us['clifford']:10.2f}{ratio:7.0f}{kingdon}{us['ours'] / us['floor']:9.1f}"
    )


def main() -> None:
    first_use()
    print(f"\n{'one multivector, warm':28}{'ours us':>10}{'clifford us':>14}{'ratio':>8}")
    for p, q in ALGEBRAS:
        single(p, q)
    print(
        f"\n{'batches, us for each':28}{'rows':>8}{'ours':>9}{'clifford':>10}{'ratio':>7}{'kingdon':>9}{'x floor':>9}"
    )
    for (p, q), count in zip(ALGEBRAS, (100_000, 10_000, 10_000), strict=True):
        batch(p, q, count)
    turns()


if __name__ == "__main__":
    main()
