from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that only this user may write to, whatever the umask."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    return private
