"""Doubt is resolved by evidence: nothing that has happened is done again, nothing is guessed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from errands import ENDS, TURNED_AWAY, WAYS, AskAfterChange, Change, LeadOnAfterChange, Nudge
from scripted_api import HANG, in_doubt, not_sent, protocol, refused
from workbench import Workbench

from onboarding import Done, Failed, Flow, Meaning, ParkKind, Status, Working, once
from onboarding.engine import Finished, Next, Parked, WakeAt
from onboarding.journal import MessageKind, Phase

pytestmark = pytest.mark.anyio

LANDING = timedelta(seconds=30)


async def crashed(bench: Workbench, flow: Any = Change) -> str:
    """A journey whose process ended while its changing request was under way."""
    method = "nudge" if flow is Nudge else "change"
    bench.api.plays[method] = [HANG]
    journey = await bench.start(flow)
    await bench.crash_while_sending(journey)
    assert (await bench.head(journey)).phase is Phase.SENDING
    return journey


async def look(bench: Workbench, journey: str) -> Next:
    """Note the doubt, wait for the landing delay, look."""
    assert await bench.advance(journey) == WakeAt(bench.clock.now() + LANDING)
    assert (await bench.head(journey)).phase is Phase.DOUBT
    return await bench.advance(journey, after=30)


async def test_after_a_crash_what_had_landed_is_not_sent_again(bench: Workbench) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [True]
    assert isinstance(await look(bench, journey), Finished)
    assert bench.api.calls == ["change", "look"]
    row = await bench.last(journey)
    assert (row.trigger, row.endpoint, row.detail) == ("did", "get_user", "has_landed: it had landed")


async def test_after_a_crash_what_had_not_landed_is_sent_again_once(bench: Workbench) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [False]
    assert isinstance(await look(bench, journey), Finished)
    assert bench.api.calls == ["change", "look", "change"]
    assert await bench.triggers(journey) == ["started", "in_doubt", "not_landed", "did"]
    assert [row.attempt for row in await bench.history(journey)] == [0, 1, 1, 2]


async def test_a_check_that_cannot_tell_leaves_it_to_a_person(bench: Workbench) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [None]
    rest = await look(bench, journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert bench.api.calls == ["change", "look"]


@pytest.mark.parametrize("answer", ["yes", 1, 0])
async def test_only_true_and_false_count_as_evidence(bench: Workbench, answer: object) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [answer]
    rest = await look(bench, journey)
    assert isinstance(rest, Parked)
    assert bench.api.calls == ["change", "look"]


async def test_a_check_that_is_refused_leaves_it_to_a_person_who_may_have_it_asked_again(bench: Workbench) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [refused(Meaning.ACCOUNT_LOCKED), True]
    rest = await look(bench, journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert (await bench.head(journey)).state == "finished"
    assert bench.api.calls == ["change", "look", "look"], "it was checked again, and nothing sent"


async def test_a_check_whose_credentials_are_refused_keeps_its_doubt_until_they_are_mended(bench: Workbench) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [protocol(), False]
    rest = await look(bench, journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.REJECTED
    assert (await bench.get(journey)).in_doubt
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert (await bench.head(journey)).state == "finished"
    assert bench.api.calls == ["change", "look", "look", "change"]


async def test_a_person_who_knows_resolves_a_doubt_whose_check_was_refused(bench: Workbench) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [protocol()]
    await look(bench, journey)
    assert await bench.hand_in(journey, MessageKind.RESOLVE, landed=False, reason="not in the list") == "applied"
    assert (await bench.head(journey)).state == "finished"
    assert bench.api.calls == ["change", "look", "change"]


async def test_a_check_may_try_a_login_only_where_that_is_declared(bench: Workbench) -> None:
    class Sly(Flow, name="sly", version=1):
        states: ClassVar = ENDS
        transitions: ClassVar = WAYS

        @once(then="did", refused=TURNED_AWAY)
        async def doing(self, api: Any) -> None:
            await api.change()

        @doing.landed
        async def has_landed(self, api: Any) -> Any:
            return await api.nudge()

    journey = await crashed(bench, Sly)
    rest = await look(bench, journey)
    assert isinstance(rest, Parked)
    assert bench.api.calls == ["change"], "the login was stopped before it was sent"


@pytest.mark.parametrize("trouble", [not_sent(), in_doubt()])
async def test_a_check_without_an_answer_is_repeated_so_often_and_then_left_to_a_person(
    bench: Workbench, trouble: Any
) -> None:
    journey = await crashed(bench)
    bench.api.plays["look"] = [trouble] * 10
    rest = await look(bench, journey)
    while isinstance(rest, WakeAt):
        assert (await bench.head(journey)).phase is Phase.DOUBT
        rest = await bench.advance(journey, after=60)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert bench.api.calls == ["change", *["look"] * 4]


async def test_a_crash_while_looking_into_the_doubt_looks_again(bench: Workbench) -> None:
    journey = await crashed(bench)
    await bench.advance(journey)
    bench.clock.advance(LANDING)
    bench.api.plays["look"] = [HANG, True]
    await bench.crash_while_sending(journey)
    assert (await bench.head(journey)).phase is Phase.DOUBT
    assert isinstance(await bench.advance(journey), Finished)
    assert bench.api.calls == ["change", "look", "look"]


async def test_a_crash_at_the_second_sending_is_a_doubt_again(bench: Workbench) -> None:
    journey = await crashed(bench)
    await bench.advance(journey)
    bench.clock.advance(LANDING)
    bench.api.plays["look"] = [False, True]
    bench.api.plays["change"] = [HANG]
    await bench.crash_while_sending(journey)
    assert isinstance(await look(bench, journey), Finished)
    assert bench.api.calls == ["change", "look", "change", "look"]
    assert await bench.triggers(journey) == ["started", "in_doubt", "not_landed", "in_doubt", "did"]


async def test_doubt_upon_doubt_ends_with_a_person(bench: Workbench) -> None:
    bench.api.plays["change"] = [in_doubt()] * 10
    bench.api.plays["look"] = [False] * 10
    journey = await bench.start(Change)
    rest = await bench.advance(journey)
    while isinstance(rest, WakeAt):
        rest = await bench.advance(journey, after=30)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert bench.api.calls.count("change") == 4


@pytest.mark.parametrize("crash", [True, False])
async def test_ask_parks_at_once(bench: Workbench, crash: bool) -> None:
    if crash:
        journey = await crashed(bench, AskAfterChange)
    else:
        bench.api.plays["change"] = [in_doubt()]
        journey = await bench.start(AskAfterChange)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert "resolve" in rest.needs
    assert bench.api.calls == ["change"]


@pytest.mark.parametrize("crash", [True, False])
async def test_a_trigger_for_doubt_leads_on_at_once(bench: Workbench, crash: bool) -> None:
    if crash:
        journey = await crashed(bench, LeadOnAfterChange)
    else:
        bench.api.plays["change"] = [in_doubt()]
        journey = await bench.start(LeadOnAfterChange)
    rest = await bench.advance(journey)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "lost"
    assert (await bench.last(journey)).trigger == "cannot_tell"


async def test_after_a_doubt_already_there_is_evidence_and_before_one_it_is_a_refusal(bench: Workbench) -> None:
    bench.api.plays["change"] = [in_doubt(), refused(Meaning.MOBILE_TAKEN)]
    bench.api.plays["look"] = [False]
    journey = await bench.start(Change)
    await bench.advance(journey)
    assert isinstance(await bench.advance(journey, after=30), Finished)
    row = await bench.last(journey)
    assert (row.trigger, row.detail) == ("did", "after a doubt, mobile_taken proves that it had landed")

    bench.api.plays["change"] = [refused(Meaning.MOBILE_TAKEN)]
    other = await bench.start(Change)
    rest = await bench.advance(other)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.REFUSED


class TwoChanges(Flow, name="two-changes", version=1):
    """Changes one thing, then another."""

    states: ClassVar = [Working("first"), Working("second"), Done("both"), Failed("refused")]
    transitions: ClassVar = [
        ["did_first", "first", "second"],
        ["did_second", "second", "both"],
        ["taken", "second", "refused"],
    ]

    @once(then="did_first")
    async def first(self, api: Any) -> None:
        await api.change()

    @first.landed
    async def has_first(self, api: Any) -> Any:
        return await api.look()

    @once(then="did_second", evidence=[Meaning.MOBILE_TAKEN], refused={Meaning.MOBILE_TAKEN: "taken"})
    async def second(self, api: Any) -> None:
        await api.change()

    @second.landed
    async def has_second(self, api: Any) -> Any:
        return await api.look()


async def test_the_doubt_of_one_step_is_no_evidence_for_the_next(bench: Workbench) -> None:
    bench.api.plays["change"] = [in_doubt(), refused(Meaning.MOBILE_TAKEN)]
    bench.api.plays["look"] = [True]
    journey = await bench.start(TwoChanges)
    await bench.advance(journey)
    rest = await bench.advance(journey, after=30)
    assert isinstance(rest, Finished)
    assert rest.outcome.state == "refused"


async def test_a_repeatable_is_never_repeated_more_often_than_allowed_whatever_crashes(bench: Workbench) -> None:
    journey = await crashed(bench, Nudge)
    for _ in range(2):
        assert isinstance(await bench.advance(journey), WakeAt)
        bench.api.plays["nudge"] = [HANG]
        bench.clock.advance(60)
        await bench.crash_while_sending(journey)
    await bench.advance(journey)
    rest = await bench.advance(journey, after=60)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.EXHAUSTED
    assert bench.api.calls == ["nudge"] * 3


async def test_the_cooldown_counts_from_the_request_before_the_crash(bench: Workbench) -> None:
    journey = await crashed(bench, Nudge)
    sent = bench.clock.now()
    bench.clock.advance(20)
    assert await bench.advance(journey) == WakeAt(sent + timedelta(seconds=60))
    await bench.advance(journey, after=39)
    assert bench.api.calls == ["nudge"]
    await bench.advance(journey, after=1)
    assert bench.api.calls == ["nudge", "nudge"]


async def test_what_was_not_sent_counts_for_nothing(bench: Workbench) -> None:
    bench.api.plays["nudge"] = [not_sent(), not_sent(), not_sent()]
    journey = await bench.start(Nudge)
    rest = await bench.advance(journey)
    while isinstance(rest, WakeAt):
        rest = await bench.advance(journey, after=10)
    assert isinstance(rest, Finished), "three were not sent: the fourth is the first"


@pytest.mark.parametrize("landed", [True, False])
async def test_a_person_resolves_it_and_the_journal_keeps_why(bench: Workbench, landed: bool) -> None:
    bench.api.plays["change"] = [in_doubt()]
    journey = await bench.start(AskAfterChange)
    await bench.advance(journey)
    verdict = await bench.hand_in(journey, MessageKind.RESOLVE, landed=landed, reason="saw it at the desk", by="Kim")
    assert verdict == "applied"
    if not landed:
        assert bench.api.calls == ["change"], "what nobody has found yet may still land"
        await bench.advance(journey, after=30)
    assert (await bench.head(journey)).state == "finished"
    assert bench.api.calls == (["change"] if landed else ["change", "change"])
    details = [row.detail or "" for row in await bench.history(journey)]
    assert any("saw it at the desk" in detail and "by Kim" in detail for detail in details)


async def test_a_cancelled_doubt_says_that_the_request_may_have_taken_effect(bench: Workbench) -> None:
    journey = await crashed(bench)
    assert await bench.hand_in(journey, MessageKind.CANCEL, reason="enough") == "applied"
    outcome = (await bench.get(journey)).outcome
    assert outcome is not None
    assert (outcome.text, outcome.remark) == ("enough", "its last request may have taken effect")
    assert (await bench.head(journey)).status is Status.CANCELLED


async def test_a_retry_does_not_make_a_doubt_forgotten(bench: Workbench) -> None:
    journey = await crashed(bench, AskAfterChange)
    await bench.advance(journey)
    verdict = await bench.hand_in(journey, MessageKind.RETRY)
    assert verdict.startswith("refused")
    assert bench.api.calls == ["change"]

    journey = await crashed(bench)
    assert (await bench.hand_in(journey, MessageKind.RETRY)).startswith("refused")
    assert (await bench.head(journey)).phase is Phase.DOUBT
