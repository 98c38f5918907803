"""What may be asked of a journey, in every status: applied, or refused with a sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from errands import AskAfterChange, CodeEntry, Look, Nudge
from scripted_api import HANG, in_doubt, not_sent, refused
from workbench import Workbench

from flows import KycUpdate
from onboarding import (
    Done,
    Failed,
    Flow,
    InputRefused,
    InvalidData,
    Meaning,
    Secret,
    Status,
    VerificationCode,
    Waiting,
    later,
    minutes,
    on_input,
)
from onboarding.engine.messages import check_input
from onboarding.journal import Keyring, MessageKind
from onboarding.starting import fresh

pytestmark = pytest.mark.anyio

INPUT, CANCEL, RETRY, RESOLVE = MessageKind.INPUT, MessageKind.CANCEL, MessageKind.RETRY, MessageKind.RESOLVE


async def working(bench: Workbench) -> str:
    bench.api.plays["nudge"] = [not_sent()] * 2
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    assert (await bench.head(journey)).status is Status.WORKING
    return journey


async def waiting(bench: Workbench) -> str:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    return journey


async def parked(bench: Workbench) -> str:
    bench.api.plays["nudge"] = [refused(Meaning.PASSWORD_WEAK)]
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    assert (await bench.head(journey)).status is Status.PARKED
    return journey


async def parked_in_doubt(bench: Workbench) -> str:
    bench.api.plays["change"] = [in_doubt()]
    journey = await bench.start(AskAfterChange)
    await bench.advance(journey)
    return journey


async def ended(bench: Workbench) -> str:
    journey = await bench.start(Look)
    await bench.advance(journey)
    return journey


RESOLVED = {"landed": True, "reason": "seen"}


@pytest.mark.parametrize(
    ("status", "kind", "values", "expected"),
    [
        (working, INPUT, {"code": "1"}, "not looked at"),  # until it waits
        (working, CANCEL, {}, "applied"),
        (working, RETRY, {}, "applied"),
        (working, RESOLVE, RESOLVED, "nothing to resolve"),
        (waiting, INPUT, {"code": "1"}, "applied"),
        (waiting, CANCEL, {}, "applied"),
        (waiting, RETRY, {}, "nothing to try again"),
        (waiting, RESOLVE, RESOLVED, "nothing to resolve"),
        (parked, INPUT, {"code": "1"}, "not looked at"),  # until it goes on
        (parked, CANCEL, {}, "applied"),
        (parked, RETRY, {}, "applied"),
        (parked, RESOLVE, RESOLVED, "nothing to resolve"),
        (parked_in_doubt, CANCEL, {}, "applied"),
        (parked_in_doubt, RETRY, {}, "resolve it with landed or not landed"),
        (parked_in_doubt, RESOLVE, RESOLVED, "applied"),
        (ended, CANCEL, {}, "has ended"),
        (ended, RETRY, {}, "has ended"),
        (ended, RESOLVE, RESOLVED, "nothing to resolve"),
    ],
)
async def test_every_message_in_every_status(
    bench: Workbench, status: Callable[[Workbench], Any], kind: MessageKind, values: dict[str, Any], expected: str
) -> None:
    journey = await status(bench)
    before = await bench.head(journey)
    verdict = await bench.hand_in(journey, kind, "code_entered" if kind is INPUT else "", **values)
    assert expected in verdict
    if verdict.startswith("refused"):
        after = await bench.head(journey)
        assert (after.state, after.status, after.phase, after.due) == (
            before.state, before.status, before.phase, before.due,
        )  # fmt: skip
        assert (await bench.last(journey)).trigger == "input_refused", "a refusal is in the history"


async def test_an_input_posted_while_it_works_is_applied_when_it_waits(bench: Workbench) -> None:
    journey = await working(bench)
    message = await bench.post(journey, INPUT, "code_entered", code="1")
    while await bench.journal.verdict(message) is None:
        await bench.advance(journey, after=5)
    assert await bench.journal.verdict(message) == "applied"
    assert (await bench.head(journey)).state == "changed"


async def test_an_unknown_input_is_refused_with_those_that_there_are(bench: Workbench) -> None:
    with pytest.raises(InputRefused, match="has no input 'bogus'; it has: code_entered, resend"):
        check_input(CodeEntry.definition, "bogus", {})


async def test_an_input_to_an_ended_journey_is_refused(bench: Workbench) -> None:
    journey = await waiting(bench)
    await bench.hand_in(journey, INPUT, "code_entered", code="1")
    message = await bench.post(journey, INPUT, "resend")
    await bench.advance(journey)
    assert "has ended in 'changed'" in (await bench.journal.verdict(message) or "")


class Strict(Flow, name="strict", version=1):
    """Takes a code that must have the right form."""

    code: VerificationCode | None = None
    states: ClassVar = [Waiting("waiting", up_to=minutes(1)), Done("done"), Failed("expired")]
    transitions: ClassVar = [["entered", "waiting", "done"], ["go", "waiting", "done"],
                             ["timed_out", "waiting", "expired"]]  # fmt: skip

    @on_input
    def entered(self, code: VerificationCode) -> None:
        self.code = code


async def test_values_that_do_not_fit_are_never_echoed() -> None:
    for values in ({"code": "canary canary canary canary"}, {"code": 5}, {}, {"code": "1", "canary": "x" * 9}):
        with pytest.raises(InvalidData) as caught:
            check_input(Strict.definition, "entered", values)
        assert "the input 'entered' was not accepted" in str(caught.value)
        assert "canary canary" not in repr(caught.value) + str(caught.value.__cause__) + str(caught.value.__context__)
    with pytest.raises(InvalidData, match="takes no values"):
        check_input(Strict.definition, "go", {"code": "1"})


class Open(Flow, name="open", version=1):
    """Takes whatever JSON holds."""

    given: dict[str, Any] = later()
    states: ClassVar = [Waiting("waiting", up_to=minutes(1)), Done("done"), Failed("expired")]
    transitions: ClassVar = [["entered", "waiting", "done"], ["timed_out", "waiting", "expired"]]

    @on_input
    def entered(self, given: dict[str, Any]) -> None:
        self.given = given


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_know_is_refused_and_does_not_become_a_null(number: float) -> None:
    with pytest.raises(InvalidData, match="neither checked nor stored"):
        check_input(Open.definition, "entered", {"given": {"a": [number]}})
    with pytest.raises(InvalidData, match="neither checked nor stored"):
        fresh(KycUpdate, None, {"user_id": "u", "changes": {"base": {"a": number}}})
    kept = Open(given={"a": number}).model_dump(mode="json")
    assert repr(kept["given"]["a"]) == repr(number), "what a step has set is sealed as it is"


class Fussy(Flow, name="fussy", version=1):
    """Its handler, or its condition, fails by itself."""

    secret: Secret
    kept: str | None = None
    states: ClassVar = [Waiting("waiting", up_to=minutes(1)), Done("done"), Failed("expired")]
    transitions: ClassVar = [
        ["entered", "waiting", "done"],
        ["go", "waiting", "done", "is_ready"],
        ["timed_out", "waiting", "expired"],
    ]

    def is_ready(self) -> bool:
        raise KeyError("canary")

    @on_input
    def entered(self, word: str) -> None:
        self.kept = word
        raise ValueError(f"canary {word}")


@pytest.mark.parametrize(("name", "values"), [("entered", {"word": "canary"}), ("go", {})])
async def test_a_handler_or_condition_that_fails_refuses_the_input_and_changes_nothing(
    bench: Workbench, name: str, values: dict[str, Any]
) -> None:
    journey = await bench.start(Fussy, secret="s")
    verdict = await bench.hand_in(journey, INPUT, name, **values)
    assert "the flow failed with" in verdict
    assert "canary" not in verdict
    shown = await bench.get(journey)
    assert (shown.status, shown.data.kept) == (Status.WAITING, None)  # type: ignore[union-attr]


async def test_of_ten_of_the_same_input_at_once_one_is_applied(bench: Workbench) -> None:
    bench.api.plays["change"] = [None]
    journey = await waiting(bench)
    ids = await asyncio.gather(*(bench.post(journey, INPUT, "code_entered", code=str(n)) for n in range(10)))
    await bench.advance(journey)
    verdicts = [await bench.journal.verdict(message) or "" for message in ids]
    assert verdicts.count("applied") == 1
    assert sum("refused" in verdict for verdict in verdicts) == 9
    assert bench.api.calls == ["nudge", "change"]


async def test_a_message_is_applied_once_however_often_the_journey_is_advanced(bench: Workbench) -> None:
    journey = await waiting(bench)
    bench.clock.advance(60)
    assert await bench.hand_in(journey, INPUT, "resend") == "applied"
    for _ in range(3):
        await bench.advance(journey)
    assert bench.api.calls == ["nudge", "nudge"]


async def test_a_retry_begins_the_count_of_failures_anew(bench: Workbench) -> None:
    bench.api.plays["nudge"] = [not_sent()] * 7
    journey = await bench.start(Nudge)
    for _ in range(4):
        await bench.advance(journey, after=60)
    assert (await bench.head(journey)).status is Status.PARKED
    assert await bench.hand_in(journey, RETRY) == "applied"
    for _ in range(3):
        await bench.advance(journey, after=60)
    assert (await bench.head(journey)).state == "finished"


async def test_a_message_that_cannot_be_opened_is_refused_and_does_not_hold_the_journey_up(bench: Workbench) -> None:
    journey = await waiting(bench)
    other = Keyring([Keyring.generate_key()])
    sealer = bench.onboarding._sealer
    mine, sealer.keyring = sealer.keyring, other
    message = await bench.post(journey, INPUT, "code_entered", code="1")
    sealer.keyring = mine
    await bench.advance(journey)
    verdict = await bench.journal.verdict(message)
    assert verdict is not None
    assert "which is not among those given" in verdict
    assert await bench.hand_in(journey, INPUT, "code_entered", code="1") == "applied"


async def test_an_intent_is_not_carried_out_once_the_journey_is_cancelled(bench: Workbench) -> None:
    journey = await waiting(bench)
    await bench.post(journey, INPUT, "code_entered", code="1")
    await bench.post(journey, CANCEL, reason="stop")
    await bench.advance(journey)
    assert (await bench.head(journey)).status is Status.CANCELLED
    assert bench.api.calls == ["nudge"]
    outcome = (await bench.get(journey)).outcome
    assert outcome is not None
    assert outcome.remark is None, "nothing had left"


async def test_a_cancel_is_heard_after_a_crash(bench: Workbench) -> None:
    bench.api.plays["nudge"] = [HANG]
    journey = await bench.start(Nudge)
    await bench.crash_while_sending(journey)
    assert await bench.hand_in(journey, CANCEL) == "applied"
    assert bench.api.calls == ["nudge"]
