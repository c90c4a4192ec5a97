"""Geometric algebra: exact, at once, in batches. `rf.clifford` is this room; its names load at first use.

```python
cl3 = rf.clifford.Signature(3, 0)
a = cl3.vector([1, 2, 3])
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reflector.clifford.bridge import from_clifford as from_clifford
    from reflector.clifford.bridge import to_clifford as to_clifford
    from reflector.clifford.geometry import Projection as Projection
    from reflector.clifford.geometry import diversity as diversity
    from reflector.clifford.geometry import novelty as novelty
    from reflector.clifford.geometry import principal_angles as principal_angles
    from reflector.clifford.multivector import Multivector as Multivector
    from reflector.clifford.multivector import Signature as Signature
    from reflector.clifford.operations import OPERATIONS as OPERATIONS
    from reflector.clifford.operations import perform as perform
    from reflector.clifford.task import CliffordProvider as CliffordProvider
    from reflector.clifford.wire import from_wire as from_wire
    from reflector.clifford.wire import to_wire as to_wire

_HOME = {
    "Signature": "multivector",
    "Multivector": "multivector",
    "OPERATIONS": "operations",
    "perform": "operations",
    "CliffordProvider": "task",
    "to_wire": "wire",
    "from_wire": "wire",
    "to_clifford": "bridge",
    "from_clifford": "bridge",
    "Projection": "geometry",
    "novelty": "geometry",
    "diversity": "geometry",
    "principal_angles": "geometry",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'reflector.clifford' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"reflector.clifford.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
