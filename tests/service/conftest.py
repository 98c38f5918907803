"""Settings with a journal of its own, and an API that answers at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from greeting import GreetingApi

from onboarding import Settings
from onboarding.testing.plugin import sandbox, sandbox_settings  # noqa: F401 - also where it is not installed


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(journal=f"sqlite:///{tmp_path / 'private' / 'journal.db'}", landing_delay="0.1s")


@pytest.fixture
def api() -> GreetingApi:
    return GreetingApi()
