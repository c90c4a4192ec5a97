"""What positions of eight numbers keep of an embedding: measured on the functions of the standard library.

A function's docstring is the question, its code without it the answer. Embeddings are hashed word counts (the pieces of
identifiers, weighted by rarity), so that nothing has to be downloaded; a trained model ranks better in every row.
"""

from __future__ import annotations

import ast
import re
import sysconfig
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from reflector.clifford.geometry import Projection, diversity, novelty, principal_angles

BUCKETS = 2048
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
RNG = np.random.default_rng(0)


def functions() -> list[tuple[str, str, str]]:
    """Return file, first line of the docstring and code without it, of a sample."""
    found = []
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if not isinstance(node, ast.FunctionDef) or len(node.body) < 2:
                continue
            question = (ast.get_docstring(node) or "").split("\n")[0]
            if len(question) > 20:
                node.body = node.body[1:]
                found.append((file.name, question, ast.unparse(node)))
    return [found[k] for k in np.sort(RNG.choice(len(found), 1500, replace=False))]


def counts(texts: list[str]) -> Any:
    rows = np.zeros((len(texts), BUCKETS))
    for row, text in zip(rows, texts, strict=True):
        for word in WORD.findall(text):
            row[zlib.crc32(word.lower().encode()) % BUCKETS] += 1
    return rows


def unit(rows: Any) -> Any:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def main() -> None:
    files, questions, codes = zip(*functions(), strict=True)
    code = np.log1p(counts(list(codes)))
    rarity = np.log(len(code) / np.maximum(1, (code > 0).sum(axis=0)))
    full, asked = unit(code * rarity), unit(np.log1p(counts(list(questions))) * rarity)
    noise = Projection(np.zeros(BUCKETS), RNG.uniform(-0.02, 0.02, (8, BUCKETS)))
    maps = {f"fitted, {k} numbers": Projection.fit(full, dimensions=k) for k in (64, 8)} | {
        "random, 8 numbers": noise
    }
    spaces = {f"embedding, {BUCKETS:,} numbers": (full, asked)} | {
        name: (unit(each.position(full)), unit(each.position(asked))) for name, each in maps.items()
    }
    names = np.array(files)
    true = np.argsort(-(full @ full.T) + 2 * np.eye(len(full)), axis=1)[:, :10]
    chance = sum((names == name).mean() ** 2 for name in set(files))
    print(
        f"{len(files)} functions of {len(set(files))} files; a neighbour by chance is of the same file {chance:.2f}"
    )
    print(f"{'':28}{'MRR@10':>8}{'same file':>11}{'neighbours kept':>17}")
    for name, (answers, queries) in spaces.items():
        scores = queries @ answers.T
        rank = (scores > np.diag(scores)[:, None]).sum(axis=1) + 1
        near = np.argsort(-(answers @ answers.T) + 2 * np.eye(len(answers)), axis=1)[:, :10]
        same = (names[near] == names[:, None]).mean()
        kept = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(near, true, strict=True)])
        print(f"{name:28}{np.where(rank <= 10, 1 / rank, 0).mean():8.3f}{same:11.2f}{kept:17.2f}")
    groups(full, names)


def groups(full: Any, names: Any) -> None:
    """Print novelty, diversity and angles inside of files and between them."""
    large = [name for name in sorted(set(names)) if (names == name).sum() >= 20]
    inside, outside, angle_inside, angle_outside, one_file, many_files = ([] for _ in range(6))
    for name in large:
        mine, others = full[names == name], full[names != name]
        half = len(mine) // 2
        random = others[RNG.choice(len(others), half, replace=False)]
        inside.append(novelty(mine[half:], mine[:half]).mean())
        outside.append(novelty(random, mine[:half]).mean())
        angle_inside.append(principal_angles(mine[:5], mine[5:10])[0])
        angle_outside.append(principal_angles(mine[:5], random[:5])[0])
        one_file.append(diversity(mine[:6]))
        many_files.append(diversity(others[RNG.choice(len(others), 6, replace=False)]))
    print(f"\n{len(large)} files with 20 functions or more{'inside a file':>22}{'another file':>14}")
    for what, same, other in (
        ("novelty against half of a file", inside, outside),
        ("smallest principal angle, degrees", np.degrees(angle_inside), np.degrees(angle_outside)),
        ("diversity of six", one_file, many_files),
    ):
        print(f"{what:36}{np.mean(same):17.2f}{np.mean(other):14.2f}")


if __name__ == "__main__":
    main()
