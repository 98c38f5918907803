"""The guards of the engine: intents, doubt, budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from onboarding.api.effects import Effect
from onboarding.engine import doubt, engine, perform, sealer
from onboarding.engine.doubt import Doubts
from onboarding.engine.engine import Engine
from onboarding.engine.events import tell
from onboarding.engine.journey import JourneyInHand
from onboarding.engine.perform import How
from onboarding.journal import Phase
from onboarding.machine import Flow, Step
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("intent", "the journal says that a request may have left before it leaves", part="crash")
def _intent() -> Iterator[None]:
    write = JourneyInHand.write

    def forgetful(self: JourneyInHand, head: Any, *rows: Any, **more: Any) -> None:
        armed = head.phase is Phase.SENDING
        write(self, replace(head, phase=Phase.READY) if armed else head, *rows, **more)
        if armed:
            self.head = replace(self.head, phase=Phase.SENDING)

    with in_place_of(JourneyInHand, "write", forgetful):
        yield


@mutant("intent-durable", "a request waits until its intent is durable", part="storage")
def _intent_durable() -> Iterator[None]:
    durable = JourneyInHand.durable

    async def hasty(self: JourneyInHand) -> None:
        if not self.armed:
            await durable(self)

    with in_place_of(JourneyInHand, "durable", hasty):
        yield


@mutant("crash-doubt", "an intent without an outcome is a doubt", part="crash")
def _crash_doubt() -> Iterator[None]:
    def again(self: Doubts, hand: JourneyInHand) -> None:
        del self
        hand.arm("retry", "sent again")

    with in_place_of(Doubts, "after_crash", again):
        yield


@mutant("answer-doubt", "an answer that tells nothing is a doubt, not a failure", part="crash")
def _answer_doubt() -> Iterator[None]:
    conclude = Engine._conclude

    def careless(self: Engine, hand: JourneyInHand, ended: Any) -> None:
        conclude(self, hand, replace(ended, how=How.NOT_SENT) if ended.how is How.IN_DOUBT else ended)

    with in_place_of(Engine, "_conclude", careless):
        yield


@mutant("landing-delay", "absence counts only when a late request would have landed", part="crash")
def _landing_delay() -> Iterator[None]:
    stay = JourneyInHand.stay

    def at_once(self: JourneyInHand, trigger: str, due: Any, *rest: Any, **more: Any) -> None:
        stay(self, trigger, self.now if more.get("phase") is Phase.DOUBT else due, *rest, **more)

    with in_place_of(JourneyInHand, "stay", at_once):
        yield


@mutant("landed-check", "what is in doubt is sent again only where its check says that it is absent", part="crash")
def _landed_check() -> Iterator[None]:
    async def unasked(self: Doubts, hand: JourneyInHand) -> None:
        del self
        hand.arm("not_landed", "sent again")

    with in_place_of(Doubts, "look_into", unasked):
        yield


@mutant("check-result", "a check that says that it had landed is believed", part="crash")
def _check_result() -> Iterator[None]:
    def again(self: Doubts, hand: JourneyInHand, ended: Any) -> None:
        del self
        hand.arm("not_landed", "sent again", ended)

    with in_place_of(Doubts, "_landed", again):
        yield


@mutant("evidence", "after a doubt, 'already there' is evidence that it had landed", part="simulation")
def _evidence() -> Iterator[None]:
    refused = Engine._refused

    def deaf(self: Engine, hand: JourneyInHand, ended: Any) -> None:
        kept, hand.book.doubts = hand.book.doubts, 0
        refused(self, hand, ended)
        if not hand.book.doubts:
            hand.book.doubts = kept

    with in_place_of(Engine, "_refused", deaf):
        yield


@mutant("cooldown", "what may be repeated is repeated after its cooldown", part="simulation")
def _cooldown() -> Iterator[None]:
    with in_place_of(JourneyInHand, "cools_until", lambda *_: None):
        yield


@mutant("at-most", "what may be repeated is repeated so often at most", part="simulation")
def _at_most() -> Iterator[None]:
    with in_place_of(JourneyInHand, "is_exhausted", lambda *_: False):
        yield


@mutant("probe-budget", "checks try a login twice an hour at most for one account", part="model")
def _probe_budget() -> Iterator[None]:
    with in_place_of(doubt, "_PROBES", 10**6):
        yield


@mutant("withdrawal", "a request that never left does not count", part="model")
def _withdrawal() -> Iterator[None]:
    with in_place_of(JourneyInHand, "withdraw", lambda *_: None):
        yield


@mutant("fields-restored", "a step that did not succeed leaves no trace in the fields", part="model")
def _fields_restored() -> Iterator[None]:
    with in_place_of(JourneyInHand, "restore", lambda *_: None):
        yield


@mutant("heaviest-effect", "a step calls nothing that weighs more than what it declares", part="answers")
def _heaviest_effect() -> Iterator[None]:
    with in_place_of(perform, "_WEIGHT", dict.fromkeys(Effect, 0)):
        yield


@mutant("deadlines", "a wait that has lasted long enough ends", part="model")
def _deadlines() -> Iterator[None]:
    with in_place_of(Engine, "_time_out", lambda *_: False):
        yield


@mutant("late-input", "an input that came after the deadline is not taken", part="model")
def _late_input() -> Iterator[None]:
    with in_place_of(Engine, "_is_late", lambda *_: False), in_place_of(JourneyInHand, "deadline", None):
        yield


@mutant("restored", "a journal that was restored or copied sends nothing by itself", part="storage")
def _restored() -> Iterator[None]:
    with in_place_of(JourneyInHand, "may_be_old", lambda *_: False):
        yield


@mutant("told-when-durable", "nothing is told before it is durable", part="storage")
def _told_when_durable() -> Iterator[None]:
    write = JourneyInHand.write

    def gossip(self: JourneyInHand, *given: Any, **more: Any) -> None:
        write(self, *given, **more)
        untold, self._untold = self._untold, []
        for event in untold:
            tell(self.rules.tell, event)

    with in_place_of(JourneyInHand, "write", gossip):
        yield


@mutant("step-limit", "a step that never ends is broken off", part="answers")
def _step_limit() -> Iterator[None]:
    whole = perform.perform

    async def endless(step: Any, allowed: Any, clock: Any, limit: timedelta) -> Any:
        del limit
        return await whole(step, allowed, clock, timedelta(days=365))

    with in_place_of(engine, "perform", endless), in_place_of(doubt, "perform", endless):
        yield


@mutant("wiping", "codes, tickets and passwords are wiped in the commit that makes them useless", part="secrets")
def _wiping() -> Iterator[None]:
    with in_place_of(Flow, "wipe", lambda *_: None), in_place_of(sealer, "_wipe", lambda *_: None):
        yield


@mutant("triggers-known", "a step leads only where its flow says", part="model")
def _triggers_known() -> Iterator[None]:
    with in_place_of(Step, "refusals", property(lambda _: {})):
        yield
