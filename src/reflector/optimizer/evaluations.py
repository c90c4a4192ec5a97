"""What a candidate brought on rows, in columns: most of very many rollouts are a score and little else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from reflector._json import dumps
from reflector.optimizer.evaluation import NO_OBJECTIVES, NO_USAGE, Evaluation
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["Evaluations"]


@dataclass(slots=True, eq=False)
class Evaluations(Mapping[int, Evaluation]):
    """Evaluations by row, in the order in which they came. An `Evaluation` is made when somebody looks at one.

    Each of its fields is a column here; rows that are not in a column have the default.
    """

    score: dict[int, float] = field(default_factory=dict)
    feedback: dict[int, str] = field(default_factory=dict)
    objectives: dict[int, Mapping[str, float]] = field(default_factory=dict)
    output: dict[int, Any] = field(default_factory=dict)
    trajectory: dict[int, Trajectory] = field(default_factory=dict)
    usage: dict[int, Usage] = field(default_factory=dict)
    error: dict[int, str] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)

    def __getitem__(self, row: int) -> Evaluation:
        return Evaluation(
            self.score[row],
            self.feedback.get(row, ""),
            self.objectives.get(row, NO_OBJECTIVES),
            self.output.get(row),
            self.trajectory.get(row),
            self.usage.get(row, NO_USAGE),
            self.error.get(row),
            self.seconds.get(row, 0.0),
        )

    def __iter__(self) -> Iterator[int]:
        return iter(self.score)

    def __len__(self) -> int:
        return len(self.score)

    def __contains__(self, row: object) -> bool:
        return row in self.score

    def count(self, rows: Iterable[int]) -> int:
        """Return how many of some rows are here."""
        return sum(map(self.score.__contains__, rows))

    def scores(self, rows: Iterable[int]) -> list[float]:
        """Return the scores of those of some rows that are here, in the order of the rows."""
        score = self.score
        return [score[row] for row in rows if row in score]

    def update(self, others: Evaluations, rows: Collection[int] | None = None) -> None:
        """Take in what others brought, or of these some rows."""
        for name in Evaluation._fields:
            column = getattr(others, name)
            if column and rows is not None:
                column = {row: column[row] for row in rows if row in column}
            if column:
                getattr(self, name).update(column)

    def to_dict(self) -> dict[str, Any]:
        """Return the rows and their columns as plain data; columns in which nothing stands are left out.

        An output without a JSON form is written as text.
        """
        rows = list(self.score)
        plain: dict[str, Any] = {"rows": rows, "score": list(self.score.values())}
        for name in Evaluation._field_defaults:
            if column := getattr(self, name):
                values: list[Any] = list(map(column.get, rows))
                write = _WRITERS.get(name)
                if write is not None and not _PLAIN.issuperset(map(type, values)):
                    values = [None if each is None else write(each) for each in values]
                plain[name] = values
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return what `to_dict` wrote."""
        rows = plain["rows"]
        found = cls(dict(zip(rows, plain["score"], strict=True)))
        for name in Evaluation._field_defaults:
            read = _READERS.get(name)
            column = getattr(found, name)
            for row, value in zip(rows, plain.get(name, ()), strict=False):
                if value is not None:
                    column[row] = value if read is None else read(value)
        return found


def _json_or_text(output: Any) -> Any:
    try:
        dumps(output)
    except (TypeError, ValueError, RecursionError):
        return repr(output)
    return output


_PLAIN = {str, float, bool, type(None)}
_WRITERS: dict[str, Callable[[Any], Any]] = {
    "objectives": dict,
    "output": _json_or_text,
    "trajectory": lambda trajectory: trajectory.to_json().decode(),
    "usage": lambda usage: usage.model_dump(mode="json", exclude_defaults=True),
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "trajectory": Trajectory.from_json,
    "usage": lambda plain: Usage(**plain),
}
"""How columns are written and read whose values are not plain."""
