"""Processes tell each other through the server: nobody has to look again and again."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest

from journal.samples import NOW, a_head, a_message, later, next_change, store
from onboarding import JournalError, Onboarding
from onboarding.journal import Head, Verdict
from onboarding.journal.postgres import journal as journal_module
from onboarding.sandbox import SandboxDesk

from .conftest import opened
from .fleet import a_user, settings_for
from .portrait import Portrait
from .server import Pooler, Server

pytestmark = pytest.mark.anyio
PATIENCE = 30.0


async def test_a_new_journey_a_message_and_a_verdict_are_told(url: str) -> None:
    one, two = await opened(url), await opened(url)
    told: asyncio.Queue[str] = asyncio.Queue()
    one.on_news(told.put_nowait)
    assert await asyncio.wait_for(told.get(), PATIENCE) == ""  # it listens: something may have been told before
    assert one.pace > 1
    head = a_head("a", due=later(-1))
    await store(two, head)
    assert await asyncio.wait_for(told.get(), PATIENCE) == ""
    await two.post(a_message("m", "a"))
    assert await asyncio.wait_for(told.get(), PATIENCE) == ""
    await two.write(next_change(head, verdicts=(Verdict("m", "applied"),)))
    assert await asyncio.wait_for(told.get(), PATIENCE) == "a"
    await two.head("a")
    assert told.empty()
    await one.close()
    await two.close()


async def test_a_worker_that_never_looks_by_itself_is_woken_by_what_others_do(
    url: str, sandbox: SandboxDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_TOLD", 3600.0)
    settings = settings_for(f"{url}?lease=600", sandbox)  # who has died is looked for twice a lease
    async with AsyncExitStack() as stack:
        worker = await stack.enter_async_context(Onboarding(settings, flows=[Portrait]))
        user = await stack.enter_async_context(Onboarding(settings, worker=False, flows=[Portrait]))
        while worker.journal.pace < 300:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)
        for n in range(3):
            who = await asyncio.to_thread(a_user, sandbox, f"u{n}")
            journey = await user.start(Portrait, user_id=who)
            assert (await user.wait(journey.id, timeout=PATIENCE)).state == "asked"
            await user.send(journey.id, "go_on")
            assert (await user.wait(journey.id, timeout=PATIENCE)).ended_well


async def test_a_journey_whose_start_failed_after_its_commit_is_found_at_once(
    url: str, sandbox: SandboxDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_UNTOLD", 3600.0)
    settings = settings_for(f"{url}?lease=600&listen=off", sandbox)
    who = await asyncio.to_thread(a_user, sandbox, "u")
    async with Onboarding(settings, flows=[Portrait]) as onboarding:
        journal, looked = onboarding.journal, asyncio.Event()
        create, next_due = journal.create, journal.next_due

        async def looking(*terms: Any) -> datetime | None:
            due = await next_due(*terms)
            looked.set()  # what comes now it does not look for by itself
            return due

        async def failing(*terms: Any) -> Head:
            await create(*terms)
            raise JournalError("the connection was lost")

        monkeypatch.setattr(journal, "next_due", looking)
        await asyncio.wait_for(looked.wait(), PATIENCE)
        monkeypatch.setattr(journal, "create", failing)
        with pytest.raises(JournalError, match="the connection was lost"):
            await onboarding.start(Portrait, user_id=who)
        [journey] = await onboarding.list()
        assert (await onboarding.wait(journey.id, timeout=PATIENCE)).state == "asked"


async def test_news_come_through_again_after_the_server_was_restarted(shaken: Server) -> None:
    url = shaken.database("journal")
    one, two = await opened(url), await opened(url)
    told: asyncio.Queue[str] = asyncio.Queue()
    one.on_news(told.put_nowait)
    assert await asyncio.wait_for(told.get(), PATIENCE) == ""
    await asyncio.to_thread(shaken.restart)
    assert await asyncio.wait_for(told.get(), PATIENCE) == ""
    assert one.pace > 1
    await store(two, a_head("a", due=NOW))
    assert await asyncio.wait_for(told.get(), PATIENCE) == ""
    await one.close()
    await two.close()


async def test_behind_a_pooler_it_is_looked_twice_a_second_instead(pooler: Pooler, database: str, url: str) -> None:
    journal = await opened(pooler.url(database))
    journal.on_news(lambda _: None)
    assert journal._listener is None
    assert journal.pace == 0.5
    await journal.close()
    quiet = await opened(f"{url}?listen=off")
    quiet.on_news(lambda _: None)
    assert quiet.pace == 0.5
    await quiet.close()
