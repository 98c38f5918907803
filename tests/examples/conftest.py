"""A sandbox for the examples, and the environment in which they find it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding.sandbox import SandboxDesk, SandboxServer


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def desk(server: SandboxServer) -> SandboxDesk:
    desk = SandboxDesk(server.url)
    desk.reset()
    return desk


@pytest.fixture
def surroundings(desk: SandboxDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The settings of the sandbox, in the environment: this process's too."""
    settings = {
        "ONBOARDING_BASE_URL": desk.url,
        "ONBOARDING_TENANT_ID": "T001117",
        "ONBOARDING_API_TOKEN": "sandbox-token",
        "ONBOARDING_JOURNAL": f"sqlite:///{tmp_path / 'journal' / 'journal.db'}",
        "ONBOARDING_LANDING_DELAY": "0.1s",
        "ONBOARDING_BACKOFF_BASE": "0.1s",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return {**os.environ}
