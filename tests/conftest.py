"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A test does not fail because the machine is busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_BACKENDS = [pytest.param("asyncio", id="asyncio"), pytest.param("trio", id="trio")]


@pytest.fixture(params=_BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run every async test on asyncio and on trio."""
    return str(request.param)


def recorded_data() -> Path | None:
    """Return the folder of recorded runs and answers, when `REFLECTOR_RECORDED_DATA` names one."""
    folder = os.environ.get("REFLECTOR_RECORDED_DATA")
    return Path(folder) if folder and Path(folder).is_dir() else None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Collect tests on recorded data only where the data is."""
    if collection_path.name.startswith("test_recorded") and recorded_data() is None:
        return True
    return None


def pytest_report_header() -> str:
    folder = recorded_data()
    if folder is None:
        return "recorded data: none (set REFLECTOR_RECORDED_DATA to a folder to test on it)"
    return f"recorded data: {sum(1 for file in folder.rglob('*') if file.is_file())} files"
