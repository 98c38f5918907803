"""The primitive that everything stands on: ``advance``.

Load, decide, perform, record: until the journey rests. It may be called at any time, from anywhere, twice; the journal
makes that safe. It does not know who calls it.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from onboarding.api.effects import Effect
from onboarding.engine.doubt import RESTORED, Doubts
from onboarding.engine.journey import JourneyInHand
from onboarding.engine.messages import apply_message, wants
from onboarding.engine.next import Finished, Next, WaitingFor, WakeAt
from onboarding.engine.opening import NewJourney, Opening
from onboarding.engine.outcome import Outcome, Parked, ParkKind
from onboarding.engine.perform import Ended, How, perform
from onboarding.engine.rules import Rules
from onboarding.engine.sealer import Sealer
from onboarding.engine.untouched import park_untouched, set_aside
from onboarding.errors import (
    DefinitionError,
    JournalDamaged,
    JournalError,
    KeyMismatch,
    NotPossible,
    UnknownFlow,
)
from onboarding.journal import Head, Journal, Message, Phase, Status
from onboarding.machine import Failed, Polling, Waiting
from onboarding.machine.loading import RAISED_BY_FLOWS

__all__ = ["Engine"]

_LONGEST_WORD = 60
_LONGEST_RUN = 100
"""After so many transitions in a row others have their turn."""


class Engine:
    """Advances journeys, one call at a time.

    Args:
        journal: the durable record.
        sealer: seals and unseals the journeys' data.
        api: what the steps call; usually an ``AccountApi``.
        rules: how it waits, retries and tells.
    """

    def __init__(self, journal: Journal, sealer: Sealer, api: Any, rules: Rules) -> None:
        self.journal = journal
        self.sealer = sealer
        self.api = api
        self.rules = rules
        self.opening = Opening(journal, sealer, rules)
        self._doubts = Doubts(journal, sealer, api, rules)

    def use(self, api: Any) -> None:
        """Call this from now on."""
        self.api = api
        self._doubts = Doubts(self.journal, self.sealer, api, self.rules)

    async def begin(self, new: NewJourney, stored: asyncio.Future[Head]) -> Next:
        """Store a new journey as this worker's own, and advance it until it rests.

        Args:
            new: the journey, of ``opening``; the journal was asked to reserve it.
            stored: is told how it was stored, as ``Opening.begin`` says.
        """
        hand = await self.opening.begin(new, stored)
        return WakeAt(self.rules.clock.now()) if hand is None else await self._go(hand, hand.head.state, [])

    async def advance(self, journey: str) -> Next:
        """Advance a journey until it rests, and say what it rests for.

        Args:
            journey: its id.

        Raises:
            UnknownJourney: the journal holds none of that id.
            JournalConflict: somebody else advanced it meanwhile; nothing of this was written.
            JournalError: the journal cannot be written; nothing further was sent.
        """
        try:
            return await self._advance(journey)
        except JournalDamaged as error:
            if error.journey is None:  # it is not this one alone
                raise
            damage = str(error)
        return await set_aside(self.journal, journey, damage, self.rules)

    async def _advance(self, journey: str) -> Next:
        """Advance what the journal can tell all of."""
        stored = await self.journal.load(journey)
        head = stored.head
        if head.status.is_final and not stored.messages:
            return Finished(Outcome.from_json(head.note or "{}"))
        failure: str | None = None
        try:
            flow, book, state = self.sealer.unseal(
                head.id,
                stored.data,
                flow=head.flow,
                version=head.version,
                state=head.state,
                ended=head.status.is_final,
            )
        except (UnknownFlow, DefinitionError, KeyMismatch, JournalDamaged, NotPossible) as error:
            failure = str(error)
        except RAISED_BY_FLOWS as error:  # the package of a flow may fail to load in any way
            failure = f"the flow {head.flow!r} cannot be loaded here: {type(error).__name__}"
        chain = self.sealer.chain
        if failure is not None:
            return await park_untouched(self.journal, stored, ParkKind.UNREADABLE, failure, self.rules, chain)
        if book.signed < head.seq:  # rows were written while it could not be read, or before rows were signed
            rows = await self.journal.history(journey, after=book.signed)
            book.mac = chain.follow(rows, bytes.fromhex(book.mac)).hex()
        hand = JourneyInHand(head, flow, book, self.journal, self.sealer, self.rules)
        return await self._go(hand, state, list(stored.messages))

    async def _go(self, hand: JourneyInHand, state: str, messages: list[Message]) -> Next:
        """Carry a journey into a state of this version where another one stored it, then go on; park it if it fails."""
        try:
            if hand.head.version != hand.definition.version:
                hand.migrate(state)
            return await self._run(hand, messages)
        except JournalError:
            raise
        except DefinitionError as error:
            failure = str(error)
        except RAISED_BY_FLOWS as error:  # a condition, a field: no retry mends these
            failure = f"the flow failed in the state {hand.head.state!r} with {type(error).__name__}"
        await hand.durable()
        stored = await self.journal.load(hand.head.id)
        return await park_untouched(self.journal, stored, ParkKind.ERROR, failure, self.rules, self.sealer.chain)

    async def _run(self, hand: JourneyInHand, messages: list[Message]) -> Next:
        """Go on until the journey rests."""
        first = hand.head.seq
        while hand.armed or hand.head.seq - first < _LONGEST_RUN:
            message = next((message for message in messages if wants(hand, message)), None)
            if message is not None and not self._is_late(hand, message):
                messages.remove(message)
                apply_message(hand, message, self.sealer)
                continue
            if hand.head.status.is_final or hand.head.status is Status.PARKED:
                return await self._rest(hand)
            if isinstance(hand.definition.states[hand.head.state], Waiting):
                if not self._time_out(hand):
                    return await self._rest(hand)
            elif not await self._work(hand):
                return await self._rest(hand)
        await hand.durable()
        return WakeAt(hand.now)

    def _is_late(self, hand: JourneyInHand, message: Message) -> bool:
        """Whether the deadline came before the message: then the deadline is looked at first."""
        live = not hand.head.status.is_final and hand.head.status is not Status.PARKED
        return live and hand.deadline is not None and message.at > hand.deadline and hand.now >= hand.deadline

    def _time_out(self, hand: JourneyInHand) -> bool:
        """Fire the deadline of a waiting or polling state if it has passed."""
        state = hand.definition.states[hand.head.state]
        if not isinstance(state, Waiting | Polling) or hand.deadline is None or hand.now < hand.deadline:
            return False
        if isinstance(state, Waiting) and hand.head.restored and not hand.book.heard:
            hand.park(
                ParkKind.RESTORED, f"{RESTORED}: it may have gone on from {state.name} before its time was up",
                "find out how it went on, then retry, which lets its time be up, or cancel",
            )  # fmt: skip
            return True
        dest = hand.fire(state.then)
        assert dest is not None, "checked when the flow was defined"
        hand.enter(state.then, dest)
        return True

    async def _rest(self, hand: JourneyInHand) -> Next:
        """Make durable what was written, and say what the journey rests for."""
        await hand.durable()
        head = hand.head
        if head.status.is_final:
            return Finished(Outcome.from_json(head.note or "{}"))
        if head.status is Status.PARKED:
            return Parked.from_json(head.note or "{}")
        assert head.due is not None, "a journey that goes on has a time"
        if head.status is Status.WAITING:
            return WaitingFor(tuple(hand.definition.inputs[head.state]), head.due)
        return WakeAt(head.due)

    # One step

    async def _work(self, hand: JourneyInHand) -> bool:
        """Do the present step if it may be done now. False: it rests."""
        head, step = hand.head, hand.step()
        if head.phase is not Phase.DOUBT and not hand.armed and hand.may_be_old(head.state):
            self._doubts.after_restore(hand)
            return True
        if head.phase is Phase.SENDING:
            if hand.armed:
                await self._perform(hand)
            else:
                self._doubts.after_crash(hand)
            return True
        if head.due is not None and head.due > hand.now:
            return False
        if head.phase is Phase.DOUBT:
            await self._doubts.look_into(hand)
        elif step.effect is not Effect.READ:
            self._arm(hand)
        else:
            await self._perform(hand)
        return True

    def _arm(self, hand: JourneyInHand) -> None:
        """Record the intent of a step that touches the outside, if it may be sent now."""
        state = hand.head.state
        if hand.is_exhausted(state):
            self._exhausted(hand)
        elif (cooling := hand.cools_until(state)) is not None:
            hand.postpone(cooling)
        else:
            hand.arm()

    def _exhausted(self, hand: JourneyInHand) -> None:
        step = hand.step()
        unknown = hand.book.doubts >= (step.at_most or 0)  # no answer to any of them: nothing is known to have failed
        dest = hand.fire(step.exhausted) if step.exhausted and not unknown else None
        if step.exhausted and dest:
            hand.enter(step.exhausted, dest)
            return
        what = "was tried" if unknown else "was done"
        hand.park(
            ParkKind.EXHAUSTED, f"{step.name} {what} {step.at_most} times, which is all there may be"
            + (", and what became of it is not known" if unknown else ""),
            "find out why it did not lead on; retry allows it anew",
        )  # fmt: skip

    async def _perform(self, hand: JourneyInHand) -> None:
        """Do the step; its intent is in the journal before anything leaves."""
        step = hand.step()
        if step.effect is not Effect.READ:
            await hand.durable()
        hand.armed = False
        before = hand.snapshot()
        body, rules = step.body(hand.flow, self.api), self.rules
        ended = await perform(body, step.effect, rules.clock, rules.step_limit, hand.may_send)
        if ended.how is not How.RETURNED:
            hand.restore(before)
        self._conclude(hand, ended)

    def _conclude(self, hand: JourneyInHand, ended: Ended) -> None:
        changing = hand.step().effect is not Effect.READ
        if changing and ended.how in (How.NOT_SENT, How.REJECTED, How.BROKE):
            hand.withdraw()
        match ended.how:
            case How.RETURNED:
                self._returned(hand, ended)
            case How.REFUSED:
                self._refused(hand, ended)
            case How.NOT_SENT:
                self._try_later(hand, ended, "not sent")
            case How.IN_DOUBT if changing:
                self._doubts.after_answer(hand, ended)
            case How.IN_DOUBT:
                self._try_later(hand, ended, "no usable answer")
            case _:
                self._park_broken(hand, ended)

    def _park_broken(self, hand: JourneyInHand, ended: Ended) -> None:
        """What no waiting mends: a request that never could be valid, a step that fails by itself."""
        once = hand.step().effect is Effect.ONCE
        kind, reason, needs = {
            How.REJECTED: (
                ParkKind.REJECTED,
                f"the request was refused as not valid: {ended.reason}",
                "mend the settings (address, tenant, token) or the flow, then retry",
            ),
            How.BROKE: (
                ParkKind.ERROR,
                f"the step {hand.step().name} failed: {ended.reason}",
                "mend the flow, then retry",
            ),
            How.BROKE_AFTER_SENDING: (
                ParkKind.IN_DOUBT if once else ParkKind.ERROR,
                f"the step {hand.step().name} failed after its request was sent: {ended.reason}",
                "find out whether the request took effect, then resolve it" if once else "mend the flow, then retry",
            ),
        }[ended.how]
        hand.park(kind, reason, needs, ended)

    def _returned(self, hand: JourneyInHand, ended: Ended) -> None:
        trigger = ended.value if ended.value is not None else hand.step().then
        hand.book.failures = 0
        if trigger is None:  # a poll without an answer
            if not self._time_out(hand):
                hand.poll_later()
            return
        dest = hand.fire(trigger) if isinstance(trigger, str) else None
        if dest is not None:
            self._lead_on(hand, trigger, dest, ended)
            return
        hand.park(
            ParkKind.ERROR if hand.step().effect is Effect.READ else ParkKind.IN_DOUBT,
            f"the step {hand.step().name} returned {_named(trigger)}, which leads nowhere from its state",
            "mend the flow; where the step had sent something, resolve it", ended,
        )  # fmt: skip

    def _refused(self, hand: JourneyInHand, ended: Ended) -> None:
        step, meaning = hand.step(), ended.meaning or ""
        if hand.book.doubts and meaning in step.evidence and step.then:
            trigger, detail = step.then, f"after a doubt, {meaning} proves that it had landed"
        else:
            trigger, detail = step.refusals.get(meaning, ""), meaning
        dest = hand.fire(trigger) if trigger else None
        if dest is not None:
            self._lead_on(hand, trigger, dest, ended, detail)
            return
        hand.park(
            ParkKind.REFUSED, f"the service refused {ended.endpoint}: {ended.reason}",
            "this flow does not say what follows; mend what was refused, then retry, or cancel", ended,
        )  # fmt: skip

    def _lead_on(self, hand: JourneyInHand, trigger: str, dest: str, ended: Ended, detail: str = "") -> None:
        """Go where a step leads. A restored journey does not end badly on what it may have done itself."""
        if isinstance(hand.definition.states[dest], Failed) and hand.head.restored and not hand.book.heard:
            hand.book.fired[trigger] -= 1
            hand.park(
                ParkKind.RESTORED, f"{RESTORED}: {trigger} may be the trace of what it did itself",
                "find out how far it had come, then retry, which lets it end so, or cancel", ended,
            )  # fmt: skip
            return
        hand.enter(trigger, dest, ended, detail)

    def _try_later(self, hand: JourneyInHand, ended: Ended, what: str) -> None:
        """A failure that may pass: again after a while, so many times; a poll goes on until its deadline."""
        hand.book.failures += 1
        failures, backoff, now = hand.book.failures, self.rules.backoff, hand.now
        overdue = hand.deadline is not None and now >= hand.deadline
        polling = isinstance(hand.definition.states[hand.head.state], Polling)
        if overdue or (failures >= backoff.attempts and not polling):
            where = ended.endpoint or hand.step().name
            hand.park(
                ParkKind.UNREACHABLE, f"{what}, {failures} times in a row: {where}: {ended.reason}",
                "find out whether the service can be reached (onboarding doctor), then retry", ended,
            )  # fmt: skip
            return
        wait = backoff.delay(failures, self.rules.rng, ended.retry_after)
        due = now + wait
        if hand.deadline is not None:
            due = max(now + timedelta(seconds=1), min(due, hand.deadline))
        hand.stay("retry", due, ended, f"{what}: {ended.reason}; again in {wait.total_seconds():.1f} s", at=now)


def _named(trigger: object) -> str:
    """What a step returned, where it looks like a trigger: anything else may hold anything."""
    if isinstance(trigger, str) and trigger.isascii() and trigger.isidentifier() and len(trigger) <= _LONGEST_WORD:
        return f"the trigger {trigger!r}"
    return f"something of type {type(trigger).__name__}"
