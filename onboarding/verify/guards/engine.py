"""The guards of the engine: intents, budgets, deadlines, and what a step may do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from onboarding.api.effects import Effect
from onboarding.drivers.worker import Worker
from onboarding.engine import doubt, engine, messages, perform, sealer
from onboarding.engine.engine import Engine
from onboarding.engine.events import tell
from onboarding.engine.journey import JourneyInHand
from onboarding.engine.retry import Backoff
from onboarding.journal import Phase
from onboarding.machine import Done, Failed, Flow
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("intent", "the journal says that a request may have left before it leaves", part="crash",
        case="password-change/changing_password/effect@2.9/landed", quick=True)  # fmt: skip
def _intent() -> Iterator[None]:
    write = JourneyInHand.write

    def forgetful(self: JourneyInHand, *rows: Any, **more: Any) -> None:
        armed = more.get("phase") is Phase.SENDING
        write(self, *rows, **{**more, "phase": Phase.READY} if armed else more)
        if armed:
            self.head = replace(self.head, phase=Phase.SENDING)

    with in_place_of(JourneyInHand, "write", forgetful):
        yield


@mutant("intent-at-start", "the commit that stores a journey and begins it says that a request may have left",
        part="crash", case="avatar-change/setting_avatar/effect@2.10/landed")  # fmt: skip
def _intent_at_start() -> Iterator[None]:
    store = JourneyInHand.open

    async def forgetful(self: JourneyInHand, first: Any, key: bytes | None, *, intent: bool) -> Any:
        stored = await store(self, first, key, intent=False)
        if intent and self.step().effect is not Effect.READ:
            self._intend(self.head.state, self.now)
            self.head = replace(self.head, phase=Phase.SENDING)
        return stored

    with in_place_of(JourneyInHand, "open", forgetful):
        yield


@mutant("intent-durable", "a request waits until its intent is durable", part="storage", case="cut/new/600")
def _intent_durable() -> Iterator[None]:
    durable = JourneyInHand.durable

    async def hasty(self: JourneyInHand) -> None:
        if not self.armed:
            await durable(self)

    with in_place_of(JourneyInHand, "durable", hasty):
        yield


@mutant("cooldown", "what may be repeated is repeated after its cooldown", part="simulation",
        case="world-3", quick=True)  # fmt: skip
def _cooldown() -> Iterator[None]:
    with in_place_of(JourneyInHand, "cools_until", lambda *_: None):
        yield


@mutant("at-most", "what may be repeated is repeated so often at most", part="model", case="password-reset")
def _at_most() -> Iterator[None]:
    with in_place_of(JourneyInHand, "is_exhausted", lambda *_: False):
        yield


@mutant("withdrawal", "a request that never left does not count", part="model", case="avatar-change")
def _withdrawal() -> Iterator[None]:
    with in_place_of(JourneyInHand, "withdraw", lambda *_: None):
        yield


@mutant("fields-restored", "a step that did not succeed leaves no trace in the fields", part="answers",
        case="steps/passed-over")  # fmt: skip
def _fields_restored() -> Iterator[None]:
    with in_place_of(JourneyInHand, "restore", lambda *_: None):
        yield


@mutant("heaviest-effect", "a step calls nothing that weighs more than what it declares", part="answers",
        case="steps/heavier-than-declared")  # fmt: skip
def _heaviest_effect() -> Iterator[None]:
    with in_place_of(perform, "_WEIGHT", dict.fromkeys(Effect, 0)):
        yield


@mutant("deadlines", "a wait that has lasted long enough ends", part="model", case="email-registration", quick=True)
def _deadlines() -> Iterator[None]:
    with in_place_of(Engine, "_time_out", lambda *_: False):
        yield


@mutant("late-input", "an input that came after the deadline is not taken", part="model", case="email-registration")
def _late_input() -> Iterator[None]:
    apply = messages.apply_message

    def take(hand: JourneyInHand, *rest: Any) -> None:
        with in_place_of(JourneyInHand, "deadline", None):
            apply(hand, *rest)

    with in_place_of(Engine, "_is_late", lambda *_: False), in_place_of(engine, "apply_message", take):
        yield


@mutant("told-when-durable", "nothing is told before it is durable", part="storage", case="fault/full/new/520")
def _told_when_durable() -> Iterator[None]:
    write = JourneyInHand.write

    def gossip(self: JourneyInHand, *given: Any, **more: Any) -> None:
        write(self, *given, **more)
        untold, self._untold = self._untold, []
        for event in untold:
            tell(self.rules.tell, event)

    with in_place_of(JourneyInHand, "write", gossip):
        yield


@mutant("step-limit", "a step that never ends is broken off", part="answers", case="steps/endless")
def _step_limit() -> Iterator[None]:
    whole = perform.perform

    async def endless(step: Any, allowed: Any, clock: Any, limit: timedelta, *more: Any) -> Any:
        del limit
        return await whole(step, allowed, clock, timedelta(days=365), *more)

    with in_place_of(engine, "perform", endless), in_place_of(doubt, "perform", endless):
        yield


@mutant("wiping", "codes, tickets and passwords are wiped in the commit that makes them useless", part="secrets",
        case="password-reset/a-good-end")  # fmt: skip
def _wiping() -> Iterator[None]:
    with in_place_of(Flow, "wipe", lambda *_: None), in_place_of(sealer, "_wipe", lambda *_: None):
        yield


@mutant("triggers-known", "a step leads only where its flow says", part="answers", case="steps/leads-nowhere")
def _triggers_known() -> Iterator[None]:
    fire = JourneyInHand.fire

    def obliging(self: JourneyInHand, trigger: str) -> str | None:
        end = next(name for name, state in self.definition.states.items() if isinstance(state, Done))
        return fire(self, trigger) or end

    with in_place_of(JourneyInHand, "fire", obliging):
        yield


@mutant("answers-awaited", "a step that went on without its answer is in doubt", part="answers",
        case="steps/given-up")  # fmt: skip
def _answers_awaited() -> Iterator[None]:
    doubts = perform._Guard.is_in_doubt

    def content(self: Any, error: Any) -> bool:
        if self.change == "under_way":
            self.change = None
        return doubts(self, error)

    with in_place_of(perform._Guard, "is_in_doubt", content):
        yield


@mutant("tries-apart", "what never began to be sent says nothing of what was sent later", part="answers",
        case="steps/stumbled-first")  # fmt: skip
def _tries_apart() -> Iterator[None]:
    ended = perform._Guard.ended

    def any_of_them(self: Any, call: Any) -> None:
        ended(self, replace(call, announced=True))

    with in_place_of(perform._Guard, "ended", any_of_them):
        yield


@mutant("one-change", "a step changes one thing at most", part="answers", case="steps/two-that-change")
def _one_change() -> Iterator[None]:
    sending = perform._Guard.sending

    def generous(self: Any, endpoint: Any) -> None:
        self.change = None
        sending(self, endpoint)

    with in_place_of(perform._Guard, "sending", generous):
        yield


@mutant("parking", "what cannot go on is parked, and does not end falsely", part="answers",
        case="steps/refused-unforeseen")  # fmt: skip
def _parking() -> Iterator[None]:
    def give_up(self: JourneyInHand, *given: Any, phase: Phase = Phase.READY) -> None:
        del given, phase
        end = next(name for name, state in self.definition.states.items() if isinstance(state, Failed))
        self.enter("gave_up", end)

    with in_place_of(JourneyInHand, "park", give_up):
        yield


@mutant("attempts", "what fails again and again is left to a person in the end", part="answers", case="steps/throttled")
def _attempts() -> Iterator[None]:
    later = Engine._try_later

    def tireless(self: Engine, hand: JourneyInHand, ended: Any, what: str) -> None:
        hand.book.failures = 0
        later(self, hand, ended, what)

    with in_place_of(Engine, "_try_later", tireless):
        yield


@mutant("backoff", "what has failed is tried again after a pause, and not before it may", part="answers",
        case="steps/pause")  # fmt: skip
def _backoff() -> Iterator[None]:
    with in_place_of(Backoff, "delay", lambda *_: timedelta(milliseconds=1)):
        yield


@mutant("poll-pause", "between two polls is a pause", part="model", case="kyc-update")
def _poll_pause() -> Iterator[None]:
    with in_place_of(JourneyInHand, "next_poll", lambda _, now: now + timedelta(milliseconds=1)):
        yield


@mutant("nuisance-asked", "an input that would send another message too soon, or too often, is refused", part="model",
        case="mobile-registration")  # fmt: skip
def _nuisance_asked() -> Iterator[None]:
    with in_place_of(messages, "_check_sendable", lambda *_: None):
        yield


@mutant("set-aside", "one journey that is damaged does not keep the others from going on", part="storage",
        case="row/data-gone")  # fmt: skip
def _set_aside() -> Iterator[None]:
    with in_place_of(Engine, "advance", Engine._advance):
        yield


@mutant("versions", "a journey of another version is not taken for one of this", part="storage", case="row/version")
def _versions() -> Iterator[None]:
    with in_place_of(sealer, "_migrated", lambda _, __, state, fields: (state, fields)):
        yield


@mutant("overdue", "a poll that is never answered is left to a person when its time is up", part="answers",
        case="steps/never-answered")  # fmt: skip
def _overdue() -> Iterator[None]:
    try_later = Engine._try_later

    def patient(self: Engine, *asked: Any) -> None:
        with in_place_of(JourneyInHand, "deadline", None):
            try_later(self, *asked)

    with in_place_of(Engine, "_try_later", patient):
        yield


@mutant("by-half", "an input on which the flow fails leaves no trace in the fields", part="answers",
        case="steps/taken-in-by-half")  # fmt: skip
def _by_half() -> Iterator[None]:
    apply = messages._apply_input

    def forgiving(hand: JourneyInHand, *asked: Any) -> None:
        with in_place_of(JourneyInHand, "restore", lambda *_: None):
            apply(hand, *asked)

    with in_place_of(messages, "_apply_input", forgiving):
        yield


@mutant("poll-deadline", "a poll that looks seldom ends when its time is up", part="answers",
        case="ways-round/poll-in-time")  # fmt: skip
def _poll_deadline() -> Iterator[None]:
    next_poll = JourneyInHand.next_poll

    def unhurried(self: JourneyInHand, now: Any) -> Any:
        with in_place_of(JourneyInHand, "deadline", None):
            return next_poll(self, now)

    with in_place_of(JourneyInHand, "next_poll", unhurried):
        yield


@mutant("rest-before-leaving", "who leaves a journal brings what is under way to rest before", part="answers",
        case="ways-round/closed-early")  # fmt: skip
def _rest_before_leaving() -> Iterator[None]:
    async def at_once(self: Worker) -> None:
        self._let_go()

    with in_place_of(Worker, "_come_to_rest", at_once):
        yield
