"""Which algebra: how many generators, and their squares."""

from __future__ import annotations

from dataclasses import dataclass

from reflector.clifford.blades import blade_names
from reflector.clifford.tables import Tables, tables
from reflector.errors import AlgebraTooLargeError, InvalidMultivectorError

__all__ = ["MAX_DIMENSIONS", "Metric"]

MAX_DIMENSIONS = 12
"""Of an algebra: 4,096 coefficients, and tables of 16 MB."""


@dataclass(frozen=True, slots=True, repr=False)
class Metric:
    """The squares of the generators of an algebra Cl(p, q, r)."""

    p: int = 8
    q: int = 0
    r: int = 0

    def __post_init__(self) -> None:
        for count in (self.p, self.q, self.r):
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise InvalidMultivectorError(
                    f"a signature counts generators: integers from 0; got {count!r:.40}"
                )
        if not 1 <= self.n <= MAX_DIMENSIONS:
            raise AlgebraTooLargeError(
                f"an algebra has 1 to {MAX_DIMENSIONS} generators; {self!r:.60} has {self.n:.6g}",
                limit=MAX_DIMENSIONS,
            )

    def __repr__(self) -> str:
        return f"Cl({self.p},{self.q},{self.r})" if self.r else f"Cl({self.p},{self.q})"

    @property
    def n(self) -> int:
        """How many generators there are."""
        return self.p + self.q + self.r

    @property
    def size(self) -> int:
        """How many blades there are: 2ⁿ."""
        return 1 << self.n

    @property
    def squares(self) -> tuple[int, ...]:
        """The squares of e1, e2, …"""
        return (1,) * self.p + (-1,) * self.q + (0,) * self.r

    @property
    def names(self) -> tuple[str, ...]:
        """The blades in the order of the coefficients: '', e1, e2, e12, e3, …"""
        return blade_names(self.n)

    @property
    def tables(self) -> Tables:
        """What is computed once for the algebra."""
        return tables(self.p, self.q, self.r)
