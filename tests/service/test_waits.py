"""Waiting, running, sending: what callers see, and that giving up harms nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from greeting import Greeting, GreetingApi

import onboarding.service.asking
from onboarding import Event, InputRefused, InvalidData, Journey, NotPossible, Onboarding, Settings, Status

pytestmark = pytest.mark.anyio


@pytest.fixture
async def onboarding_(anyio_backend: str, settings: Settings, api: GreetingApi) -> AsyncIterator[Onboarding]:
    async with Onboarding(settings, flows=[Greeting], api=api) as opened:
        yield opened


async def test_wait_returns_where_the_journey_rests_or_when_time_is_up(
    onboarding_: Onboarding, api: GreetingApi
) -> None:
    journey = await onboarding_.start(Greeting, name="a")
    journey = await onboarding_.wait(journey.id)
    assert (journey.status, journey.accepts) == (Status.WAITING, ("answered", "greet_again"))
    api.hold = asyncio.Event()
    await onboarding_.send(journey.id, "answered", text="hi")
    shown = await onboarding_.wait(journey.id, timeout=0.05)
    assert (shown.state, shown.is_final) == ("sending", False)
    waiting = asyncio.create_task(onboarding_.wait(journey.id))
    api.hold.set()
    assert (await waiting).ended_well


async def answer_async(journey: Journey) -> Any:
    await asyncio.sleep(0)
    return "answered", {"text": "hi"}


def later_async(journey: Journey) -> Any:
    return answer_async(journey)


class Answering:
    async def __call__(self, journey: Journey) -> Any:
        return "answered", {"text": "hi"}


@pytest.mark.parametrize("answer", [answer_async, lambda _: ("answered", {"text": "hi"}), later_async, Answering()])
async def test_run_asks_for_answers_and_stays_to_the_end(onboarding_: Onboarding, answer: Any) -> None:
    assert (await onboarding_.run(Greeting, name="a", answer=answer)).ended_well


async def test_a_plain_answer_is_asked_in_a_thread_and_none_leaves_it_waiting(onboarding_: Onboarding) -> None:
    threads: list[int] = []

    def answer(journey: Journey) -> None:
        threads.append(threading.get_ident())

    journey = await onboarding_.run(Greeting, name="a", answer=answer)
    assert journey.status is Status.WAITING
    assert threads != [threading.get_ident()]
    assert len(threads) == 1
    assert (await onboarding_.run(Greeting, name="a")).status is Status.WAITING


async def test_an_answer_that_fails_is_the_callers_and_the_journey_stays(onboarding_: Onboarding) -> None:
    def answer(_: Journey) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError):
        await onboarding_.run(Greeting, key="k", name="a", answer=answer)
    journey = await onboarding_.run(Greeting, key="k", name="a", answer=lambda _: ("answered", {"text": "hi"}))
    assert journey.ended_well


async def test_run_gives_up_after_its_timeout_and_the_journey_goes_on(
    onboarding_: Onboarding, api: GreetingApi
) -> None:
    api.hold = asyncio.Event()
    journey = await onboarding_.run(Greeting, name="a", answer=answer_async, timeout=0.2)
    assert (journey.state, journey.is_final) == ("sending", False)
    api.hold.set()
    assert (await onboarding_.wait(journey.id)).ended_well


async def test_a_sent_input_is_durable_when_send_returns(onboarding_: Onboarding) -> None:
    journey = await onboarding_.run(Greeting, name="a")
    await onboarding_.send(journey.id, "answered", text="hi")
    assert "answered" in [row.trigger for row in await onboarding_.history(journey.id)]


async def test_send_says_why_not(onboarding_: Onboarding) -> None:
    journey = await onboarding_.run(Greeting, name="a")
    with pytest.raises(InputRefused, match="has no input 'bogus'"):
        await onboarding_.send(journey.id, "bogus")
    with pytest.raises(InvalidData) as bad:
        await onboarding_.send(journey.id, "answered", text={"canary": 1})
    assert "canary" not in repr(bad.value)
    with pytest.raises(InputRefused, match="is possible in") as caught:
        await onboarding_.send(journey.id, "greet_again")
    started, greeted = (row.at for row in (await onboarding_.history(journey.id))[:2])
    assert caught.value.retry_at is not None
    assert started <= caught.value.retry_at - timedelta(seconds=60) <= greeted
    await onboarding_.cancel(journey.id, "enough")
    with pytest.raises(InputRefused, match="was cancelled in"):
        await onboarding_.send(journey.id, "answered", text="hi")
    with pytest.raises(NotPossible, match="was cancelled"):
        await onboarding_.cancel(journey.id)
    with pytest.raises(InvalidData, match="reason must not be empty"):
        await onboarding_.resolve(journey.id, landed=True, reason=" ")


async def test_of_ten_answers_at_once_one_is_taken(onboarding_: Onboarding, api: GreetingApi) -> None:
    journey = await onboarding_.run(Greeting, name="a")
    ends = await asyncio.gather(
        *(onboarding_.send(journey.id, "answered", text=str(n)) for n in range(10)), return_exceptions=True
    )
    assert sum(isinstance(end, Journey) for end in ends) == 1
    assert sum(isinstance(end, InputRefused) for end in ends) == 9
    await onboarding_.wait(journey.id)
    assert api.sent == ["a"]


async def test_a_run_whose_answer_comes_second_goes_on_with_the_first(
    onboarding_: Onboarding, api: GreetingApi
) -> None:
    async def answer(journey: Journey) -> Any:
        await onboarding_.send(journey.id, "answered", text="mine")
        return "answered", {"text": "yours"}

    assert (await onboarding_.run(Greeting, name="a", answer=answer)).ended_well
    assert api.sent == ["a"]


async def test_a_run_whose_answer_is_not_accepted_says_so(onboarding_: Onboarding) -> None:
    with pytest.raises(InputRefused, match="greet_again"):
        await onboarding_.run(Greeting, name="a", answer=lambda _: ("greet_again", {}))


async def test_what_nobody_looks_at_is_taken_back(
    settings: Settings, api: GreetingApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onboarding.service.asking, "_VERDICT_TIMEOUT", 0.1)
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False) as lonely:
        journey = await lonely.start(Greeting, name="a")
        assert await lonely.drain() == 1
        with pytest.raises(NotPossible, match="is a worker running"):
            await lonely.send(journey.id, "answered", text="hi")
        assert await lonely.drain() == 0
        assert (await lonely.get(journey.id)).status is Status.WAITING
    assert api.sent == []


@pytest.mark.parametrize("moment", [0.0, 0.001, 0.01, 0.05])
async def test_callers_who_give_up_harm_nothing(onboarding_: Onboarding, api: GreetingApi, moment: float) -> None:
    journey = await onboarding_.run(Greeting, name="a")
    api.hold = asyncio.Event()
    callers: list[asyncio.Task[Any]] = [
        asyncio.create_task(onboarding_.send(journey.id, "answered", text="hi")),
        asyncio.create_task(onboarding_.run(Greeting, key="k", name="b", answer=answer_async)),
        asyncio.create_task(onboarding_.wait(journey.id)),
    ]
    await asyncio.sleep(moment)
    for caller in callers:
        caller.cancel()
        with suppress(asyncio.CancelledError):
            await caller
    api.hold.set()
    with suppress(InputRefused):
        await onboarding_.send(journey.id, "answered", text="hi")
    assert (await onboarding_.wait(journey.id)).ended_well
    other = await onboarding_.run(Greeting, key="k", name="b", answer=answer_async)
    while not other.is_final:
        other = await onboarding_.run(Greeting, key="k", name="b", answer=answer_async)
    assert other.ended_well
    assert sorted(api.sent) == ["a", "b"]


async def test_a_broken_listener_stops_no_journey(settings: Settings, api: GreetingApi) -> None:
    told: list[str] = []

    def tell(event: Event) -> None:
        told.append(event.transition.trigger)
        raise RuntimeError("broken")

    async with Onboarding(settings, flows=[Greeting], api=api, tell=tell) as opened:
        journey = await opened.run(Greeting, name="a", answer=answer_async)
    assert journey.ended_well
    assert told == ["started", "greeted", "answered", "sent"]


async def test_two_objects_on_one_journal_in_one_process_do_nothing_twice(settings: Settings, api: GreetingApi) -> None:
    async with (
        Onboarding(settings, flows=[Greeting], api=api) as one,
        Onboarding(settings, flows=[Greeting], api=api) as two,
    ):
        runs = [opened.run(Greeting, name=str(n), answer=answer_async) for n in range(5) for opened in (one, two)]
        assert all(journey.ended_well for journey in await asyncio.gather(*runs))
        assert one.is_owner != two.is_owner
    assert len(api.sent) == 10


async def test_who_has_no_worker_is_served_by_who_has_one(settings: Settings, api: GreetingApi) -> None:
    async with (
        Onboarding(settings, flows=[Greeting], worker=False) as front,
        Onboarding(settings, flows=[Greeting], api=api),
    ):
        journey = await front.run(Greeting, name="a", answer=answer_async)
        assert journey.ended_well
        assert not front.is_owner
