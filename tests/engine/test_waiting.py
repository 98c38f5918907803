"""Deadlines, polls, cooldowns and counts: kept by the journal, not by a process."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from errands import CodeEntry, Nudge, Watch
from scripted_api import HANG, in_doubt, not_sent, refused
from workbench import Workbench

from onboarding import Done, Failed, Flow, Meaning, ParkKind, Status, Waiting, Working, minutes, repeatable
from onboarding.engine import Finished, Parked, WaitingFor, WakeAt
from onboarding.journal import DATA_FIELD, MessageKind

pytestmark = pytest.mark.anyio

MONTH = 30 * 24 * 3600


async def test_a_waiting_journey_names_its_inputs_and_its_deadline(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    rest = await bench.advance(journey)
    assert rest == WaitingFor(("code_entered", "resend"), bench.clock.now() + timedelta(minutes=10))
    assert (await bench.head(journey)).due == rest.until
    assert await bench.advance(journey, after=599) == rest
    rest = await bench.advance(journey, after=1)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "expired"


async def test_a_deadline_that_passed_while_nobody_was_there_is_kept_a_month_later(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    rest = await bench.advance(journey, after=MONTH)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "expired"


async def test_an_input_posted_in_time_counts_however_late_it_is_seen(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    bench.clock.advance(600)
    message = await bench.post(journey, MessageKind.INPUT, "code_entered", code="123456")
    await bench.restart()
    rest = await bench.advance(journey, after=MONTH)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "changed"
    assert await bench.journal.verdict(message) == "applied"


async def test_an_input_posted_too_late_finds_the_journey_expired(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    bench.clock.advance(601)
    verdict = await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="123456")
    assert "has ended in 'expired'" in verdict
    assert (await bench.head(journey)).state == "expired"


async def test_a_poll_without_news_leaves_no_row_and_is_done_when_due(bench: Workbench) -> None:
    journey = await bench.start(Watch)
    for polls in (1, 2, 3):
        rest = await bench.advance(journey)
        assert isinstance(rest, WakeAt)
        wait = rest.at - bench.clock.now()
        assert timedelta(minutes=5) * 0.95 <= wait <= timedelta(minutes=5) * 1.05
        assert await bench.advance(journey) == rest
        assert bench.api.calls == ["look"] * polls
        bench.clock.advance(wait)
    assert await bench.triggers(journey) == ["started"]
    assert (await bench.head(journey)).status is Status.POLLING


async def test_news_that_does_not_end_a_watch_is_a_row_and_keeps_its_deadline(bench: Workbench) -> None:
    bench.api.plays["look"] = ["moved"]
    journey = await bench.start(Watch)
    began = bench.clock.now()
    rest = await bench.advance(journey)
    assert isinstance(rest, WakeAt)
    assert rest.at > bench.clock.now()
    assert bench.api.calls == ["look"], "it looked again at once"
    assert await bench.triggers(journey) == ["started", "moved"]
    assert (await bench.head(journey)).entered == began


async def test_a_watch_looks_once_more_at_its_deadline(bench: Workbench) -> None:
    journey = await bench.start(Watch)
    await bench.advance(journey)
    bench.api.plays["look"] = ["saw"]
    rest = await bench.advance(journey, after=MONTH)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "seen_it", "it had happened while nobody was there"

    journey = await bench.start(Watch)
    await bench.advance(journey)
    rest = await bench.advance(journey, after=MONTH)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "overdue"


async def test_a_poll_never_sleeps_beyond_the_deadline(bench: Workbench) -> None:
    journey = await bench.start(Watch)
    until = bench.clock.now() + timedelta(minutes=60)
    await bench.advance(journey)
    assert await bench.advance(journey, after=58 * 60) == WakeAt(until)


async def test_a_watch_that_cannot_look_goes_on_until_its_deadline_and_says_so(bench: Workbench) -> None:
    bench.api.plays["look"] = [not_sent()] * 1000
    journey = await bench.start(Watch)
    began = bench.clock.now()
    while isinstance(rest := await bench.advance(journey), WakeAt):
        bench.clock.advance(rest.at - bench.clock.now())
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREACHABLE
    assert bench.clock.now() - began >= timedelta(minutes=60)
    assert len(bench.api.calls) > 10, "it gave up like a step"


async def test_an_input_is_taken_while_polling(bench: Workbench) -> None:
    journey = await bench.start(Watch)
    await bench.advance(journey)
    assert await bench.hand_in(journey, MessageKind.INPUT, "stop") == "applied"
    assert (await bench.head(journey)).state == "stopped"
    assert bench.api.calls == ["look"]


async def test_a_resend_within_the_cooldown_is_refused_and_says_when(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    sent = bench.clock.now()
    bench.clock.advance(20)
    verdict = await bench.hand_in(journey, MessageKind.INPUT, "resend")
    assert json.loads(verdict.removeprefix("refused: ")) == {
        "why": "'resend' is possible in 40 s",
        "retry_at": (sent + timedelta(seconds=60)).isoformat(),
    }
    assert (await bench.head(journey)).state == "awaiting_code", "it goes on waiting"
    bench.clock.advance(40)
    assert await bench.hand_in(journey, MessageKind.INPUT, "resend") == "applied"
    assert bench.api.calls == ["nudge", "nudge"]


async def test_a_resend_too_many_is_refused(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    for _ in range(2):
        bench.clock.advance(60)
        assert await bench.hand_in(journey, MessageKind.INPUT, "resend") == "applied"
    bench.clock.advance(60)
    assert "was done 3 times" in await bench.hand_in(journey, MessageKind.INPUT, "resend")
    assert bench.api.calls == ["nudge"] * 3
    assert (await bench.head(journey)).state == "awaiting_code"


async def test_times_counts_through_resends_and_restarts(bench: Workbench) -> None:
    bench.api.plays["change"] = [refused(Meaning.CODE_WRONG)] * 5
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    for tries in range(5):
        assert (await bench.head(journey)).state == "awaiting_code"
        bench.clock.advance(60)
        if tries in (1, 3):
            assert await bench.hand_in(journey, MessageKind.INPUT, "resend") == "applied"
        await bench.restart()
        assert await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="1") == "applied"
    shown = await bench.get(journey)
    assert shown.state == "refused"
    assert shown.data is not None
    assert shown.data.times("code_wrong") == 5, "also for whoever only looks"


class Exhausting(Flow, name="exhausting", version=1):
    """Nudges with a way out for when it may no more."""

    states: ClassVar = [
        Working("nudging"),
        Waiting("awaiting", up_to=minutes(10)),
        Done("enough"),
        Failed("used_up"),
        Failed("expired"),
    ]
    transitions: ClassVar = [
        ["nudged", "nudging", "awaiting"],
        ["again", "awaiting", "nudging"],
        ["stop", "awaiting", "enough"],
        ["timed_out", "awaiting", "expired"],
        ["no_more", "nudging", "used_up"],
    ]

    @repeatable(then="nudged", cooldown=minutes(1), at_most=2, exhausted="no_more")
    async def nudging(self, api: Any) -> None:
        await api.nudge()


async def test_what_may_be_done_no_more_leads_on_across_crashes(bench: Workbench) -> None:
    journey = await bench.start(Exhausting)
    await bench.advance(journey)
    assert await bench.hand_in(journey, MessageKind.INPUT, "again") == "refused: " + json.dumps(
        {"why": "'again' is possible in 60 s", "retry_at": (bench.clock.now() + minutes(1)).isoformat()}
    )
    bench.clock.advance(60)
    bench.api.plays["nudge"] = [HANG]
    await bench.post(journey, MessageKind.INPUT, "again")
    await bench.crash_while_sending(journey)
    await bench.advance(journey)
    rest = await bench.advance(journey, after=60)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "used_up"
    assert bench.api.calls == ["nudge", "nudge"]


@pytest.mark.parametrize("crash", [True, False])
async def test_where_no_try_was_ever_answered_nothing_failed_and_a_person_is_asked(
    bench: Workbench, *, crash: bool
) -> None:
    bench.api.plays["nudge"] = [HANG, HANG] if crash else [in_doubt(), in_doubt()]
    journey = await bench.start(Exhausting)
    for _ in range(2):
        if crash:
            await bench.crash_while_sending(journey)
        await bench.advance(journey)
        bench.clock.advance(60)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.EXHAUSTED
    assert bench.api.calls == ["nudge", "nudge"]
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert (await bench.head(journey)).state == "awaiting"


async def test_a_retry_by_a_person_allows_an_exhausted_step_anew(bench: Workbench) -> None:
    bench.api.plays["nudge"] = [HANG, HANG, HANG]
    journey = await bench.start(Nudge)
    for _ in range(3):
        await bench.crash_while_sending(journey)
        await bench.advance(journey)
        bench.clock.advance(60)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.EXHAUSTED
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert (await bench.head(journey)).state == "finished"


async def test_at_the_end_secrets_are_gone_from_the_bytes_but_for_what_is_handed_over(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="canary-password")
    await bench.advance(journey)

    async def plain() -> dict[str, Any]:
        stored = await bench.journal.load(journey)
        kept = bench.onboarding._sealer.keyring.unseal(stored.data, journey=journey, field=DATA_FIELD)
        fields: dict[str, Any] = json.loads(kept)["fields"]
        return fields

    assert await plain() == {"password": "canary-password"}
    await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="canary-code")
    assert await plain() == {"password": "wiped", "ticket": "canary-code"}
    data = (await bench.get(journey)).data
    assert isinstance(data, CodeEntry)
    assert data.ticket.get_secret_value() == "canary-code"
    assert "canary" not in repr(data) + str(await bench.get(journey))


async def test_a_cancelled_journey_keeps_no_secret_either(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="canary-password")
    await bench.advance(journey)
    await bench.hand_in(journey, MessageKind.CANCEL, reason="the user canary-password gave up")
    stored = await bench.journal.load(journey)
    kept = bench.onboarding._sealer.keyring.unseal(stored.data, journey=journey, field=DATA_FIELD)
    assert b"canary" not in kept
    outcome = (await bench.get(journey)).outcome
    assert outcome is not None
    assert outcome.text == "the user ••• gave up", "a person's words lose the journey's data"
