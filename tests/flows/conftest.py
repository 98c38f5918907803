"""One sandbox for all tests of flows; each finds it empty."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from stage import Stage, memory, serving, stage_on

from onboarding.sandbox import SandboxServer
from onboarding.testing import VirtualClock


@pytest.fixture(scope="session")
def clock() -> VirtualClock:
    """The time of the sandbox and of the journeys."""
    return VirtualClock()


@pytest.fixture(scope="session")
def server(clock: VirtualClock) -> Iterator[SandboxServer]:
    with serving(clock) as running:
        yield running


@pytest.fixture
async def stage(server: SandboxServer, clock: VirtualClock) -> AsyncIterator[Stage]:
    async with stage_on(server, clock, memory()) as made:
        yield made
