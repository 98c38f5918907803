"""What each outcome of a step leads to: state, phase, due time, history, and why it is parked."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from errands import ENDS, TURNED_AWAY, WAYS, Change, Look, Nudge
from scripted_api import HANG, in_doubt, not_sent, protocol, refused
from workbench import Workbench

from onboarding import ASK, Flow, Meaning, ParkKind, Status, once, read
from onboarding.api.endpoints import ENDPOINTS
from onboarding.api.observe import Call, report
from onboarding.engine import Finished, Parked, WakeAt
from onboarding.journal import Phase

pytestmark = pytest.mark.anyio

EVERY = pytest.mark.parametrize(
    ("flow", "method", "endpoint"),
    [(Look, "look", "get_user"), (Nudge, "nudge", "set_avatar"), (Change, "change", "reset_password")],
)


@EVERY
async def test_what_returns_fires_then(bench: Workbench, flow: type[Flow], method: str, endpoint: str) -> None:
    journey = await bench.start(flow)
    rest = await bench.advance(journey)
    assert isinstance(rest, Finished)
    assert (rest.outcome.state, rest.outcome.ended_well, rest.outcome.mcode) == ("finished", True, None)
    head, row = await bench.head(journey), await bench.last(journey)
    assert (head.state, head.status, head.phase, head.due) == ("finished", Status.DONE, Phase.READY, None)
    assert (row.trigger, row.source, row.dest, row.attempt) == ("did", "doing", "finished", 1)
    assert (row.endpoint, row.http_status, row.mcode, row.detail) == (endpoint, 200, "m0000000", None)
    assert bench.api.calls == [method]


@EVERY
async def test_a_mapped_refusal_fires_its_trigger(
    bench: Workbench, flow: type[Flow], method: str, endpoint: str
) -> None:
    bench.api.plays[method] = [refused(Meaning.NO_SUCH_USER, "X_7")]
    journey = await bench.start(flow)
    rest = await bench.advance(journey)
    assert isinstance(rest, Finished)
    assert (rest.outcome.state, rest.outcome.mcode, rest.outcome.meaning) == ("refused", "X_7", "no_such_user")
    assert rest.outcome.vendor_text == Meaning.NO_SUCH_USER.text
    row = await bench.last(journey)
    assert (row.trigger, row.endpoint, row.http_status, row.mcode) == ("turned_away", endpoint, 200, "X_7")
    assert row.detail == "no_such_user"
    assert (await bench.get(journey)).data.seen is None, "what a refused step had touched is put back"  # type: ignore[union-attr]


@EVERY
async def test_a_refusal_that_nobody_mapped_parks(
    bench: Workbench, flow: type[Flow], method: str, endpoint: str
) -> None:
    bench.api.plays[method] = [refused(Meaning.PASSWORD_WEAK)]
    journey = await bench.start(flow)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert (rest.kind, rest.since) == (ParkKind.REFUSED, bench.clock.now())
    assert endpoint in rest.reason
    assert rest.needs
    head, row = await bench.head(journey), await bench.last(journey)
    assert (head.status, head.phase, head.due) == (Status.PARKED, Phase.READY, None)
    assert (row.trigger, row.source, row.dest, row.mcode) == ("parked", "doing", "doing", "X_1")


@EVERY
async def test_what_was_not_sent_is_tried_again_after_the_backoff(
    bench: Workbench, flow: type[Flow], method: str, endpoint: str
) -> None:
    bench.api.plays[method] = [not_sent()]
    journey = await bench.start(flow)
    rest = await bench.advance(journey)
    assert isinstance(rest, WakeAt)
    wait = rest.at - bench.clock.now()
    assert timedelta(seconds=0.5) <= wait <= timedelta(seconds=1), "half of the base is fixed, half is chance"
    head, row = await bench.head(journey), await bench.last(journey)
    assert (head.status, head.phase, head.due, head.attempt) == (Status.WORKING, Phase.READY, rest.at, 2)
    assert (row.trigger, row.attempt, row.endpoint) == ("retry", 1, endpoint)
    assert row.detail is not None
    assert row.detail.startswith("not sent: ")
    assert await bench.advance(journey) == rest, "before its time nothing is done"
    assert bench.api.calls == [method]
    assert isinstance(await bench.advance(journey, after=1), Finished)
    assert (await bench.last(journey)).attempt == 2


@EVERY
async def test_what_never_could_be_valid_parks_and_a_retry_does_it_anew(
    bench: Workbench, flow: type[Flow], method: str, endpoint: str
) -> None:
    from onboarding.journal import MessageKind

    bench.api.plays[method] = [protocol()]
    journey = await bench.start(flow)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.REJECTED
    assert (await bench.last(journey)).http_status == 401
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert (await bench.head(journey)).state == "finished"
    assert bench.api.calls == [method, method]


async def test_a_read_without_an_answer_is_simply_repeated(bench: Workbench) -> None:
    bench.api.plays["look"] = [in_doubt()]
    journey = await bench.start(Look)
    rest = await bench.advance(journey)
    assert isinstance(rest, WakeAt)
    row = await bench.last(journey)
    assert (row.trigger, row.http_status) == ("retry", 502)
    assert isinstance(await bench.advance(journey, after=1), Finished)


async def test_a_repeatable_without_an_answer_is_repeated_after_its_cooldown(bench: Workbench) -> None:
    bench.api.plays["nudge"] = [in_doubt()]
    journey = await bench.start(Nudge)
    sent = bench.clock.now()
    assert await bench.advance(journey) == WakeAt(sent + timedelta(seconds=60))
    row = await bench.last(journey)
    assert (row.trigger, row.http_status) == ("in_doubt", 502)
    await bench.advance(journey, after=59.9)
    assert bench.api.calls == ["nudge"]
    await bench.advance(journey, after=0.1)
    assert bench.api.calls == ["nudge", "nudge"]


async def test_a_once_without_an_answer_is_looked_into_after_the_landing_delay(bench: Workbench) -> None:
    bench.api.plays["change"] = [in_doubt()]
    bench.api.plays["look"] = [True]
    journey = await bench.start(Change)
    sent = bench.clock.now()
    assert await bench.advance(journey) == WakeAt(sent + timedelta(seconds=30))
    head = await bench.head(journey)
    assert (head.status, head.phase) == (Status.WORKING, Phase.DOUBT)
    assert (await bench.get(journey)).in_doubt
    await bench.advance(journey, after=29.9)
    assert bench.api.calls == ["change"], "a late request may still land"
    assert isinstance(await bench.advance(journey, after=0.1), Finished)
    assert bench.api.calls == ["change", "look"]
    assert await bench.triggers(journey) == ["started", "in_doubt", "did"]


@pytest.mark.parametrize("wait", [7.5, 90.0])
async def test_what_the_service_asks_to_wait_is_the_least(bench: Workbench, wait: float) -> None:
    bench.api.plays["look"] = [not_sent(retry_after=wait)]
    journey = await bench.start(Look)
    assert await bench.advance(journey) == WakeAt(bench.clock.now() + timedelta(seconds=wait))


async def test_the_backoff_doubles_up_to_its_cap_and_ends_parked(bench: Workbench) -> None:
    await bench.restart(attempts=9, backoff_cap=timedelta(seconds=20))
    bench.api.plays["look"] = [not_sent()] * 20
    journey = await bench.start(Look)
    waits: list[float] = []
    while isinstance(rest := await bench.advance(journey), WakeAt):
        waits.append((rest.at - bench.clock.now()).total_seconds())
        bench.clock.advance(waits[-1])
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREACHABLE
    longest = [1, 2, 4, 8, 16, 20, 20, 20]
    assert len(waits) == len(longest)
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
    assert len({wait / most for wait, most in zip(waits, longest, strict=True)}) > 1, "no jitter"
    assert len(bench.api.calls) == 9
    assert "9 times in a row" in rest.reason


async def test_a_success_forgets_the_failures_before_it(bench: Workbench) -> None:
    from errands import Watch

    bench.api.plays["look"] = [not_sent()] * 3 + [None] + [not_sent()] * 3 + ["saw"]
    journey = await bench.start(Watch)
    waits: list[float] = []
    while isinstance(rest := await bench.advance(journey), WakeAt):
        waits.append((rest.at - bench.clock.now()).total_seconds())
        bench.clock.advance(waits[-1])
    assert isinstance(rest, Finished)
    assert waits[4] <= 1, "the count began anew"


@pytest.mark.parametrize(("flow", "method"), [(Look, "look"), (Nudge, "nudge"), (Change, "change")])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_step_that_breaks_parks_and_never_shows_what_it_held(
    bench: Workbench, flow: type[Flow], method: str, when: str
) -> None:
    class Broken(flow, name="broken", version=1):  # type: ignore[misc, valid-type, call-arg]
        """Raises."""

        states = flow.states
        transitions = flow.transitions

    step = Broken.definition.steps["doing"]
    body = step.body

    async def doing(self: Any, api: Any) -> Any:
        if when == "after":
            await body(self, api)
        raise ValueError("canary 15912345678")

    step.body = doing
    try:
        journey = await bench.start(Broken)
        rest = await bench.advance(journey)
    finally:
        step.body = body
    assert isinstance(rest, Parked)
    sent_a_change = when == "after" and method == "change"
    assert rest.kind is (ParkKind.IN_DOUBT if sent_a_change else ParkKind.ERROR)
    assert "ValueError at test_outcomes.py:" in rest.reason, "where it is to be mended"
    assert "canary" not in repr(rest)
    assert all("canary" not in repr(row) for row in await bench.history(journey))
    assert (await bench.get(journey)).data.seen is None  # type: ignore[union-attr]


class Panic(BaseException):
    """As a library in Rust raises it: no Exception, so that nobody catches it by accident."""


class Strange(Flow, name="strange", version=1):
    """Does not do what a step should."""

    how: str
    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @read(then="did", refused=TURNED_AWAY)
    async def doing(self, api: Any) -> Any:
        if self.how == "never ends":
            await asyncio.Event().wait()
        if self.how == "cancels itself":
            raise asyncio.CancelledError
        if self.how == "ends the program":
            sys.exit("canary 15912345678")
        if self.how == "panics":
            raise Panic("canary 15912345678")
        return self.how


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("never ends", "it did not end within 0.05 s"),
        ("cancels itself", "it raised CancelledError at test_outcomes.py:"),
        ("ends the program", "it raised SystemExit at test_outcomes.py:"),
        ("panics", "it raised Panic at test_outcomes.py:"),
        ("no_such_trigger", "returned the trigger 'no_such_trigger', which leads nowhere"),
        ("canary 15912345678", "returned something of type str, which leads nowhere"),
    ],
)
async def test_a_step_that_does_not_do_what_a_step_should_parks_and_says_what_it_did(
    bench: Workbench, how: str, says: str
) -> None:
    await bench.restart(step_limit=timedelta(seconds=0.05))
    journey = await bench.start(Strange, how=how)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.ERROR
    assert says in rest.reason
    assert "canary" not in repr(rest)


class LookFirst(Flow, name="look-first", version=1):
    """Looks at something before it does what must not be done twice."""

    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", refused=TURNED_AWAY, in_doubt=ASK)
    async def doing(self, api: Any) -> None:
        await api.look()
        await api.change()


@pytest.mark.parametrize(
    ("flow", "hangs", "rows"),
    [
        (Change, "change", ["started", "in_doubt", "did"]),
        (Nudge, "nudge", ["started", "in_doubt", "did"]),
        (LookFirst, "look", ["started", "retry", "did"]),
        (Look, "look", ["started", "retry", "did"]),
    ],
)
async def test_a_process_that_stood_still_is_no_mistake_of_the_flow(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, flow: Any, hangs: str, rows: list[str]
) -> None:
    await bench.restart(step_limit=timedelta(seconds=60))
    bench.api.plays[hangs] = [HANG]
    journey = await bench.start(flow)
    run = asyncio.create_task(bench.advance(journey))
    await bench.api.under_way.wait()
    loop = asyncio.get_running_loop()
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + 3600)
    rest = await run
    assert isinstance(rest, WakeAt)
    assert "the process stood still" in ((await bench.last(journey)).detail or "")
    bench.api.plays["look"] = [True]
    assert isinstance(await bench.advance(journey, after=60), Finished)
    assert await bench.triggers(journey) == rows


class Impatient(Flow, name="impatient", version=1):
    """Has its own ideas of how long a request may take, and of which are worth another try."""

    how: str
    states: ClassVar = ENDS
    transitions: ClassVar = WAYS

    @once(then="did", refused=TURNED_AWAY, in_doubt=ASK)
    async def doing(self, api: Any) -> None:
        if self.how == "gives up waiting":
            with suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await api.change()
            return
        endpoint = ENDPOINTS["reset_password"]
        never_written = "not_sent" if self.how == "had no connection" else "refused_by_protocol"
        report(Call(endpoint.name, endpoint.section, endpoint.effect, never_written, None, None, 0.0, announced=False))
        await api.change()
        raise ValueError


@pytest.mark.parametrize("how", ["gives up waiting", "had no connection", "asked for what cannot be written"])
async def test_a_request_that_left_is_in_doubt_whatever_the_step_made_of_others_before_and_of_its_answer(
    bench: Workbench, how: str
) -> None:
    bench.api.plays["change"] = [HANG] if how == "gives up waiting" else []
    rest = await bench.advance(await bench.start(Impatient, how=how))
    assert isinstance(rest, Parked)
    assert (rest.kind, bench.api.calls) == (ParkKind.IN_DOUBT, ["change"])
