"""Pytest fixtures for journeys against the sandbox; pytest finds them by entry point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from onboarding.sandbox import SandboxDesk
    from onboarding.settings import Settings

__all__ = ["sandbox", "sandbox_settings"]


@pytest.fixture
def sandbox() -> Iterator[SandboxDesk]:
    """The desk of a sandbox of its own on a free loopback port: ``.url``, ``.latest_code(to)``, ``.ledger()``."""
    from onboarding.sandbox import SandboxDesk, SandboxServer

    with SandboxServer() as server:
        yield SandboxDesk(server.url)


@pytest.fixture
def sandbox_settings(sandbox: SandboxDesk, tmp_path: Path) -> Settings:
    """Settings for that sandbox, with a journal in the test's folder, and waits short enough for a test."""
    from onboarding.settings import Settings

    return Settings.load(
        base_url=sandbox.url,
        tenant_id="T001117",
        api_token="sandbox-token",  # noqa: S106 - the sandbox's own
        journal=f"sqlite:///{tmp_path / 'journal' / 'journal.db'}",
        landing_delay="0.2s",
        cooldown="0s",
        poll_every="0.1s",
    )
