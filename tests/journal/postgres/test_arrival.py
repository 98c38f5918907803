"""A journal is opened beside a server that is not there yet."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from onboarding import Onboarding
from onboarding.errors import JournalError
from onboarding.journal import open_journal
from onboarding.log import log
from onboarding.sandbox import SandboxDesk

from .fleet import settings_for
from .server import Pooler, Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def told() -> AsyncIterator[asyncio.Queue[str]]:
    """What is logged, as it comes."""
    loop, said = asyncio.get_running_loop(), asyncio.Queue[str]()
    number = log.add(lambda line: loop.call_soon_threadsafe(said.put_nowait, str(line)), level="WARNING")
    log.enable("onboarding")
    yield said
    log.disable("onboarding")
    log.remove(number)


@pytest.mark.parametrize("pooled", [False, pytest.param(True, marks=pytest.mark.slow)])
async def test_a_service_waits_for_a_server_that_is_started_beside_it(
    shaken: Server, sandbox: SandboxDesk, told: asyncio.Queue[str], pooled: bool
) -> None:
    shaken.database("journal")
    pooler = Pooler(shaken) if pooled else None
    await asyncio.to_thread(shaken.stop)
    settings = settings_for((pooler or shaken).url("journal"), sandbox)
    try:
        async with asyncio.timeout(60):
            opening = asyncio.create_task(Onboarding(settings).__aenter__())
            assert "is not there yet: it is waited for, up to 30 s" in await told.get()
            await asyncio.to_thread(shaken.start)
            onboarding = await opening
            assert await onboarding.count() == {}
            await onboarding.__aexit__(None, None, None)
    finally:
        if pooler is not None:
            pooler.remove()


async def test_a_server_that_does_not_come_in_time_is_said_in_one_sentence() -> None:
    with pytest.raises(JournalError) as error:
        await open_journal("postgresql://onboarding:hunter2@127.0.0.1:1/x?wait=0.2").open()
    assert str(error.value) == (
        "the server of the journal postgresql://127.0.0.1:1/x cannot be reached: start it, or look at the address and "
        "the network (it was waited for, for 0.2 s)"
    )


async def test_what_no_waiting_mends_is_told_at_once(server: Server, told: asyncio.Queue[str]) -> None:
    for url, why in (
        (server.url("nowhere"), "createdb"),
        (server.url("postgres").replace("onboarding@", "stranger:hunter2@"), "refuses this user"),
        (server.url("postgres") + "?sslmode=require", "sslmode"),
    ):
        with pytest.raises(JournalError, match=why):
            await open_journal(url).open()
    assert told.empty()


async def test_a_refusal_in_another_language_is_no_absence(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.journal.postgres.faults._unstated", lambda _: "08006")
    with pytest.raises(JournalError) as error:
        async with asyncio.timeout(20):
            await open_journal(server.url("nowhere")).open()
    assert "waited" not in str(error.value)


async def test_an_opening_that_waits_can_be_broken_off(told: asyncio.Queue[str]) -> None:
    journal = open_journal("postgresql://127.0.0.1:1/x?wait=3600")
    opening = asyncio.create_task(journal.open())
    async with asyncio.timeout(60):
        await told.get()
        opening.cancel()
        with suppress(asyncio.CancelledError):
            await opening
        assert opening.cancelled()
        await journal.close()


async def test_the_command_worker_waits_and_is_stopped_by_a_signal_meanwhile(tmp_path: Path) -> None:
    url = "http://127.0.0.1:1"
    given = {"JOURNAL": "postgresql://127.0.0.1:1/x", "TENANT_ID": "t", "API_TOKEN": "t", "BASE_URL": url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "onboarding", "worker", cwd=tmp_path, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **{f"ONBOARDING_{name}": value for name, value in given.items()}, "COLUMNS": "500"},
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while "is waited for" not in (line := (await process.stderr.readline()).decode()):
            assert line, "it ended"
        process.send_signal(signal.SIGTERM)
        rest = (await process.stderr.read()).decode()
        assert (await process.wait(), "stopping" in rest) == (0, True)
