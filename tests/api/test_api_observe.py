"""Observers: told right before a request is handed over, and once when its outcome is known."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from scripted_service import Play, ScriptedService, after, answer, drop, hang, http

from onboarding.api import Call, Effect, Endpoint, observing
from onboarding.api.observe import permitting
from onboarding.errors import CallError, NotSent

if TYPE_CHECKING:
    from collections.abc import Callable

    from onboarding.api.client import AccountApi
    from onboarding.api.observe import CallOutcome

pytestmark = pytest.mark.anyio


class Watcher:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def sending(self, endpoint: Endpoint) -> None:
        self.events.append(endpoint.section)

    def ended(self, call: Call) -> None:
        self.events.append(call)


OUTCOMES: list[tuple[bytes | Play, CallOutcome, int | None, str | None]] = [
    (answer("t"), "answered", 200, "m0000000"),
    (answer(mcode="SANDBOX_CODE_USED"), "refused", 200, "SANDBOX_CODE_USED"),
    (answer(mcode="BW_API_0000004"), "refused_by_protocol", 200, "BW_API_0000004"),
    (http(429), "not_sent", 429, None),
    (http(503), "in_doubt", 503, None),
    (answer(7), "in_doubt", 200, "m0000000"),
    (drop, "in_doubt", None, None),
    (hang, "in_doubt", None, None),
]


@pytest.mark.parametrize("expected", OUTCOMES, ids=lambda row: f"{row[1]}-{row[2]}-{row[3]}")
async def test_every_outcome_is_reported_once(
    make: Callable[..., AccountApi],
    service: ScriptedService,
    expected: tuple[bytes | Play, CallOutcome, int | None, str | None],
) -> None:
    reply, outcome, status, mcode = expected
    service.replies = [reply]
    watcher = Watcher()
    api = make(timeout=0.2)
    with observing(watcher):
        (result,) = await asyncio.gather(api.verify_mobile_code("1", "2"), return_exceptions=True)
    await api.aclose()
    section, call = watcher.events
    assert section == "2.2"
    assert call == Call("verify_mobile_code", "2.2", Effect.ONCE, outcome, status, mcode, call.duration)
    assert call.duration >= 0
    if outcome == "answered":
        assert result == "t"
    else:
        assert isinstance(result, CallError)
        assert (result.outcome, result.duration) == (outcome, call.duration)


async def test_an_observer_can_stop_a_call_and_the_place_is_free_again(
    make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    class Stop(Watcher):
        def sending(self, endpoint: Endpoint) -> None:
            raise PermissionError("the lease is gone")

    api, stop = make(pool_size=1), Stop()
    with observing(stop):
        for _ in range(3):
            with pytest.raises(PermissionError):
                await api.send_email_code("a")
    assert service.received == []
    assert stop.events == []
    await api.send_email_code("a")
    assert len(service.received) == 1


async def test_an_observer_is_asked_when_a_place_is_free_and_not_before(
    make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    event, watcher = asyncio.Event(), Watcher()
    service.replies = [after(event, answer())]
    api = make(pool_size=1)
    with observing(watcher):
        tasks = [asyncio.create_task(api.send_email_code("a")) for _ in range(2)]
        await service.until_it_has(1)
        assert watcher.events == ["2.14"]
        event.set()
        await asyncio.gather(*tasks)
    assert [event if isinstance(event, str) else event.outcome for event in watcher.events] == [
        "2.14", "answered", "2.14", "answered",
    ]  # fmt: skip


async def test_an_observer_that_fails_afterwards_costs_no_outcome(
    make: Callable[..., AccountApi], service: ScriptedService, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Watcher):
        def ended(self, call: Call) -> None:
            raise LookupError("canary")

    service.always = answer("ticket")
    outer = Watcher()
    with observing(outer), observing(Broken()), caplog.at_level(logging.WARNING):
        assert await make().verify_mobile_code("1", "2") == "ticket"
    assert outer.events[1].outcome == "answered"
    assert "LookupError" in caplog.text
    assert "canary" not in caplog.text


async def test_an_observer_hears_of_its_own_block_only(api: AccountApi, service: ScriptedService) -> None:
    first, second = Watcher(), Watcher()

    async def one(watcher: Watcher, count: int) -> None:
        with observing(watcher):
            for _ in range(count):
                await api.send_email_code("a")

    await asyncio.gather(one(first, 1), one(second, 3))
    await api.send_email_code("a")
    assert (len(first.events), len(second.events)) == (2, 6)


async def test_a_call_that_cannot_be_written_is_reported_and_not_announced(api: AccountApi) -> None:
    watcher = Watcher()
    with observing(watcher), pytest.raises(CallError):
        await api.get_user("..")
    assert [(event.outcome, event.announced) for event in watcher.events] == [("refused_by_protocol", False)]


async def test_without_a_permit_nothing_that_changes_something_is_sent(
    make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    watcher = Watcher()
    api = make()
    with observing(watcher), permitting(lambda: False):
        with pytest.raises(NotSent, match="elsewhere"):
            await api.verify_mobile_code("1", "2")
        service.replies = [answer([])]
        await api.list_result_codes()
    await api.aclose()
    assert [request.line.split()[0] for request in service.received] == ["GET"]
    assert [call.outcome for call in watcher.events if isinstance(call, Call)] == ["not_sent", "answered"]


async def test_the_permit_is_asked_once_more_when_the_first_byte_is_about_to_leave(
    make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    asked: list[bool] = []

    def runs_out() -> bool:
        asked.append(not asked)
        return asked[-1]

    api = make()
    with permitting(runs_out), pytest.raises(NotSent):
        await api.verify_mobile_code("1", "2")
    await api.aclose()
    assert (asked, service.received) == ([True, False], [])
