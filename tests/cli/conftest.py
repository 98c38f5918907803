"""One sandbox for all tests of the command line; a folder and a journal for each."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_program import Program

from onboarding.log import log
from onboarding.sandbox import SandboxDesk, SandboxServer

_NUMBERS = itertools.count(13_900_000_000)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def desk(sandbox: SandboxServer) -> SandboxDesk:
    return SandboxDesk(sandbox.url)


@pytest.fixture
def program(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Program]:
    config = sandbox.sandbox.config
    yield Program(
        tmp_path, base_url=sandbox.url, tenant_id=config.tenant_id, api_token=config.token, cooldown="0",
        landing_delay="300ms", poll_every="200ms", backoff_base="100ms",
    )  # fmt: skip
    # What a command that ran in this process has set up.
    log.remove()
    log.disable("onboarding")
    for handler in [each for each in logging.getLogger().handlers if isinstance(each, logging.NullHandler)]:
        logging.getLogger().removeHandler(handler)


@pytest.fixture
def phone(desk: SandboxDesk) -> str:
    """The number of somebody who is registered, with the password ``Abcd1234``."""
    number = str(next(_NUMBERS))
    desk.create_user("Ada", phone=number, password="Abcd1234")
    return number


@pytest.fixture
def user(desk: SandboxDesk) -> str:
    """The id of another one."""
    return desk.create_user("Grace", phone=str(next(_NUMBERS)), password="Abcd1234")
