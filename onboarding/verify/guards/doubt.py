"""The guards around doubt: what may have happened is found out before anything is done once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from onboarding.api import Effect
from onboarding.engine import doubt, messages
from onboarding.engine.book import Book
from onboarding.engine.doubt import Doubts
from onboarding.engine.engine import Engine
from onboarding.engine.journey import JourneyInHand
from onboarding.engine.outcome import Parked, ParkKind
from onboarding.engine.perform import How, _Guard, perform
from onboarding.journal import MemoryJournal, Phase, Status
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("crash-doubt", "an intent without an outcome is a doubt", part="crash",
        case="password-change/changing_password/effect@2.9/landed")  # fmt: skip
def _crash_doubt() -> Iterator[None]:
    def again(self: Doubts, hand: JourneyInHand) -> None:
        del self
        hand.arm("retry", "sent again")

    with in_place_of(Doubts, "after_crash", again):
        yield


@mutant("answer-doubt", "an answer that tells nothing is a doubt, not a failure", part="crash",
        case="password-change/changing_password/alive@2.9/unanswered")  # fmt: skip
def _answer_doubt() -> Iterator[None]:
    conclude = Engine._conclude

    def careless(self: Engine, hand: JourneyInHand, ended: Any) -> None:
        conclude(self, hand, replace(ended, how=How.NOT_SENT) if ended.how is How.IN_DOUBT else ended)

    with in_place_of(Engine, "_conclude", careless):
        yield


@mutant("landing-delay", "absence counts only when a late request would have landed", part="crash",
        case="password-change/changing_password/effect@2.9/landed")  # fmt: skip
def _landing_delay() -> Iterator[None]:
    stay = JourneyInHand.stay

    def at_once(self: JourneyInHand, trigger: str, due: Any, *rest: Any, **more: Any) -> None:
        stay(self, trigger, self.now if more.get("phase") is Phase.DOUBT else due, *rest, **more)

    with in_place_of(JourneyInHand, "stay", at_once), in_place_of(Doubts, "_may_still_land", lambda *_: None):
        yield


@mutant("set-clock", "whoever sets the clock ahead does not cut the landing delay short", part="simulation",
        case="world-1")  # fmt: skip
def _set_clock() -> Iterator[None]:
    with in_place_of(Doubts, "_may_still_land", lambda *_: None):
        yield


@mutant("landed-check", "what is in doubt is sent again only where its check says that it is absent", part="crash",
        case="kyc-update/updating_account/effect@2.12/landed")  # fmt: skip
def _landed_check() -> Iterator[None]:
    async def unasked(self: Doubts, hand: JourneyInHand) -> None:
        del self
        hand.arm("not_landed", "sent again")

    with in_place_of(Doubts, "look_into", unasked):
        yield


@mutant("check-result", "a check that says that it had landed is believed", part="crash",
        case="kyc-update/updating_account/effect@2.12/landed")  # fmt: skip
def _check_result() -> Iterator[None]:
    def again(self: Doubts, hand: JourneyInHand, ended: Any) -> None:
        del self
        hand.arm("not_landed", "sent again", ended)

    with in_place_of(Doubts, "_landed", again):
        yield


@mutant("cannot-tell", "a check that cannot tell is not taken for one that says no", part="answers",
        case="steps/check-knows-nothing", quick=True)  # fmt: skip
def _cannot_tell() -> Iterator[None]:
    async def decided(*asked: Any) -> Any:
        ended = await perform(*asked)
        return replace(ended, value=False) if ended.how is How.RETURNED and ended.value is None else ended

    with in_place_of(doubt, "perform", decided):
        yield


@mutant("doubt-stays", "what was in doubt when it was parked is checked again, not sent, when it is tried again",
        part="answers", case="steps/check-refused")  # fmt: skip
def _doubt_stays() -> Iterator[None]:
    park = JourneyInHand.park

    def closed(self: JourneyInHand, *told: Any, **more: Any) -> None:
        park(self, *told, **{**more, "phase": Phase.READY})

    with in_place_of(JourneyInHand, "park", closed):
        yield


@mutant("resolved-too-soon", "what a person did not find is not sent again before it would have landed", part="answers",
        case="steps/resolved-too-soon")  # fmt: skip
def _resolved_too_soon() -> Iterator[None]:
    with in_place_of(JourneyInHand, "landed_by", lambda _: None):
        yield


@mutant("check-looks", "what is to find out whether something was done does not do it", part="answers",
        case="steps/check-that-sends")  # fmt: skip
def _check_looks() -> Iterator[None]:
    async def anything(step: Any, _: Any, *asked: Any) -> Any:
        return await perform(step, Effect.ONCE, *asked)

    with in_place_of(doubt, "perform", anything):
        yield


@mutant("evidence", "after a doubt, 'already there' is evidence that it had landed", part="answers",
        case="steps/taken-after-a-doubt")  # fmt: skip
def _evidence() -> Iterator[None]:
    refused = Engine._refused

    def deaf(self: Engine, hand: JourneyInHand, ended: Any) -> None:
        kept, hand.book.doubts = hand.book.doubts, 0
        refused(self, hand, ended)
        if not hand.book.doubts:
            hand.book.doubts = kept

    with in_place_of(Engine, "_refused", deaf):
        yield


@mutant("probe-budget", "checks try a login twice an hour at most for one account", part="model", case="password-reset")
def _probe_budget() -> Iterator[None]:
    with in_place_of(doubt, "_PROBES", 10**6):
        yield


@mutant("restored", "a journal that was restored or copied sends nothing by itself", part="storage",
        case="copy/restored/450")  # fmt: skip
def _restored() -> Iterator[None]:
    with in_place_of(JourneyInHand, "may_be_old", lambda *_: False):
        yield


@mutant("one-probe", "a doubt tries one login, and not a second one after a crash", part="model", case="password-reset")
def _one_probe() -> Iterator[None]:
    probe = Doubts._probe

    async def forgetful(self: Doubts, hand: JourneyInHand, field: str, asked: Any) -> bool:
        hand.book.probed = False
        return await probe(self, hand, field, asked)

    with in_place_of(Doubts, "_probe", forgetful):
        yield


@mutant("landing-asked", "a check waits as long as the other side has asked for", part="answers",
        case="steps/asked-to-wait")  # fmt: skip
def _landing_asked() -> Iterator[None]:
    begin = Doubts._begin

    def hasty(self: Doubts, hand: JourneyInHand, ended: Any, why: str) -> None:
        begin(self, hand, None if ended is None else replace(ended, retry_after=None), why)

    with in_place_of(Doubts, "_begin", hasty):
        yield


@mutant(
    "passed-over", "a step that takes no notice of a doubt does not end it", part="answers", case="steps/passed-over"
)
def _passed_over() -> Iterator[None]:
    with in_place_of(_Guard, "is_in_doubt", lambda *_: False):
        yield


@mutant("fails-to-look-after", "a step that was done is not done again because a look afterwards failed",
        part="answers", case="steps/fails-to-look-after")  # fmt: skip
def _fails_to_look_after() -> Iterator[None]:
    in_doubt = _Guard.is_in_doubt

    def hasty(self: _Guard, error: Any) -> bool:
        return error is None and in_doubt(self, error)

    with in_place_of(_Guard, "is_in_doubt", hasty):
        yield


@mutant("fails-after-sending", "a step that fails when its request has left is in doubt", part="answers",
        case="steps/fails-after-sending")  # fmt: skip
def _fails_after_sending() -> Iterator[None]:
    with in_place_of(_Guard, "may_have_landed", property(lambda _: False)):
        yield


@mutant("retry-unasked", "what may have taken effect is not sent again because somebody is impatient", part="answers",
        case="steps/fails-after-sending")  # fmt: skip
def _retry_unasked() -> Iterator[None]:
    retry = messages._retry

    def impatient(hand: JourneyInHand, message: Any) -> None:
        if hand.head.status is Status.PARKED and hand.head.phase is not Phase.DOUBT:
            parked = replace(Parked.from_json(hand.head.note or ""), kind=ParkKind.ERROR)
            hand.head = replace(hand.head, note=parked.to_json())
        retry(hand, message)

    with in_place_of(messages, "_retry", impatient):
        yield


@mutant("resolved-unasked", "nobody can say of a journey that is not in doubt that it has landed", part="answers",
        case="steps/not-accepted")  # fmt: skip
def _resolved_unasked() -> Iterator[None]:
    resolve = messages._resolve

    def gullible(hand: JourneyInHand, message: Any, found: Any) -> None:
        if hand.head.status is Status.PARKED:
            hand.head = replace(hand.head, phase=Phase.DOUBT)
        resolve(hand, message, found)

    with in_place_of(messages, "_resolve", gullible):
        yield


@mutant("restored-end", "a restored journey does not end badly on what it may have done itself", part="storage",
        case="copy/without-mark/315")  # fmt: skip
def _restored_end() -> Iterator[None]:
    def led(self: Engine, hand: JourneyInHand, trigger: str, dest: str, ended: Any, detail: str = "") -> None:
        del self
        hand.enter(trigger, dest, ended, detail)

    with in_place_of(Engine, "_lead_on", led):
        yield


@mutant("restored-wait", "in a journal that was restored nobody's time is up before it is known what has happened",
        part="storage", case="leave/put-back")  # fmt: skip
def _restored_wait() -> Iterator[None]:
    time_out = Engine._time_out

    def punctual(self: Engine, hand: JourneyInHand) -> bool:
        kept, hand.book.heard = hand.book.heard, True
        try:
            return time_out(self, hand)
        finally:
            hand.book.heard = kept

    with in_place_of(Engine, "_time_out", punctual):
        yield


@mutant("restored-anew", "what was heard of a journey before its journal was restored does not count", part="storage",
        case="leave/put-back")  # fmt: skip
def _restored_anew() -> Iterator[None]:
    with in_place_of(Book, "after_restore", lambda *_: None):
        yield


@mutant("probe-durable", "a login to find out is not tried before the journal knows of it", part="answers",
        case="ways-round/login-unwritten")  # fmt: skip
def _probe_durable() -> Iterator[None]:
    probe = Doubts._probe

    async def hasty(self: Doubts, hand: JourneyInHand, field: str, asked: Any) -> bool:
        may = await probe(self, hand, field, asked)
        hand._last = None
        return may

    with in_place_of(Doubts, "_probe", hasty):
        yield


@mutant("probe-given-back", "a login that was never tried is not counted", part="answers",
        case="ways-round/login-unsent")  # fmt: skip
def _probe_given_back() -> Iterator[None]:
    async def keep(self: MemoryJournal, budget: bytes, at: Any) -> None:
        del self, budget, at

    with in_place_of(MemoryJournal, "give_back", keep):
        yield


@mutant("doubt-carried-over", "a doubt is not lost by carrying a journey over to another version of its flow",
        part="answers", case="ways-round/carried-over")  # fmt: skip
def _doubt_carried_over() -> Iterator[None]:
    migrate = JourneyInHand.migrate

    def careless(self: JourneyInHand, state: str) -> None:
        self.head = replace(self.head, phase=Phase.READY)
        migrate(self, state)

    with in_place_of(JourneyInHand, "migrate", careless):
        yield
