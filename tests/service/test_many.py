"""Many journeys at once, against the sandbox over HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from onboarding import Onboarding, Settings
from onboarding.api import transport
from onboarding.sandbox import SandboxDesk

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MANY, POOL = 200, 8


async def test_two_hundred_at_once_all_end_none_is_doubled_and_the_pool_is_never_exceeded(
    sandbox_settings: Settings, sandbox: SandboxDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_flight = most = 0
    perform = transport.Transport.perform

    async def counting(self: transport.Transport, *args: object) -> object:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        try:
            return await perform(self, *args)  # type: ignore[arg-type]
        finally:
            in_flight -= 1

    monkeypatch.setattr(transport.Transport, "perform", counting)
    settings = sandbox_settings.model_copy(update={"pool_size": POOL, "concurrency": 40})
    async with Onboarding(settings) as onboarding:
        ends = await asyncio.gather(
            *(onboarding.run("email-signup", email=f"u{n}@example.com", password="Abcd1234") for n in range(MANY))
        )
    assert [journey.parked for journey in ends if not journey.ended_well] == []
    registered = Counter(entry.subject for entry in sandbox.ledger(effect="user_registered"))
    assert len(registered) == MANY
    assert set(registered.values()) == {1}
    assert 1 < most <= POOL
