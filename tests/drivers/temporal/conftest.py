"""One Temporal server for all tests but those that kill it; each test has a journal and a task queue of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dev_server import DevServer
from temporalio.client import Client

from onboarding import Settings
from onboarding.testing.plugin import sandbox, sandbox_settings  # noqa: F401 - also where it is not installed


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    with DevServer(tmp_path_factory.mktemp("temporal")) as running:
        yield running


@pytest.fixture
def settings(sandbox_settings: Settings, server: DevServer) -> Settings:  # noqa: F811
    return sandbox_settings.model_copy(update={"temporal_address": server.address})


@pytest.fixture
async def client(server: DevServer, anyio_backend: str) -> Client:
    return await Client.connect(server.address)
