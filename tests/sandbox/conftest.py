from __future__ import annotations

from collections.abc import Iterator

import pytest
from broker_calls import PASSWORD, PHONE, Broker

from onboarding.sandbox import SandboxDesk, SandboxServer


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def desk(server: SandboxServer) -> SandboxDesk:
    """The desk of an empty sandbox."""
    desk = SandboxDesk(server.url)
    desk.reset()
    return desk


@pytest.fixture
def broker(server: SandboxServer, desk: SandboxDesk) -> Broker:
    return Broker(server.url)


@pytest.fixture
def user_id(desk: SandboxDesk) -> str:
    return desk.create_user("Demo", phone=PHONE, email="demo@example.com", password=PASSWORD)
