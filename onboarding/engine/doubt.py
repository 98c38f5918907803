"""Doubt: a request may have taken effect, and its answer is not known. Resolved by evidence, never a guess (law 4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from onboarding.api.effects import Effect
from onboarding.engine.journey import JourneyInHand
from onboarding.engine.outcome import ParkKind
from onboarding.engine.perform import Ended, How, perform
from onboarding.engine.rules import Rules
from onboarding.engine.sealer import Sealer
from onboarding.journal import Journal, Phase

__all__ = ["RESTORED", "Doubts"]

RESTORED = "the journal was restored from a backup, or is a copy"
_SLEW = timedelta(seconds=0.5)
"""What two clocks of a machine that nobody has set may differ by after the landing delay."""
_PROBES, _PROBES_WITHIN = 2, timedelta(hours=1)
"""How often checks may try a login on one account, whichever journeys they belong to."""


class Doubts:
    """What follows when a step's outcome is unknown.

    Args:
        journal: keeps how often which account was probed.
        sealer: makes digests of login names.
        api: what the checks call.
        rules: the landing delay and the clock.
    """

    def __init__(self, journal: Journal, sealer: Sealer, api: Any, rules: Rules) -> None:
        self._journal = journal
        self._sealer = sealer
        self._api = api
        self._rules = rules

    def after_crash(self, hand: JourneyInHand) -> None:
        """An intent without an outcome: the process ended in between."""
        self._begin(hand, None, "the process ended while the request may have been under way")

    def after_answer(self, hand: JourneyInHand, ended: Ended) -> None:
        """An answer that does not say whether it happened."""
        self._begin(hand, ended, ended.reason)

    def after_restore(self, hand: JourneyInHand) -> None:
        """The journal is an old copy: what it would do next may have been done already."""
        step = hand.step()
        if step.effect is Effect.REPEATABLE:
            hand.park(
                ParkKind.RESTORED, f"{RESTORED}, and {step.name} may have been done already",
                "find out how far it had come, then retry, which does it once more, or cancel",
            )  # fmt: skip
            return
        hand.book.vouched.append(step.name)
        self._begin(hand, None, RESTORED)

    def _begin(self, hand: JourneyInHand, ended: Ended | None, why: str) -> None:
        step, book, now = hand.step(), hand.book, hand.now
        book.doubts += 1
        book.probed = False
        if step.effect is Effect.REPEATABLE:
            due = hand.cools_until(step.name) or now
            if ended is not None:
                due = max(due, now + self._rules.backoff.delay(book.doubts, self._rules.rng, ended.retry_after))
            hand.stay("in_doubt", due, ended, f"{why}; it may be repeated", at=now)
        elif isinstance(step.in_doubt, str):
            dest = hand.fire(step.in_doubt)
            assert dest is not None, "checked when the flow was defined"
            hand.enter(step.in_doubt, dest, ended, f"in doubt: {why}")
        elif step.check is None or book.doubts >= self._rules.backoff.attempts:
            self._ask(hand, why, ended)
        else:
            delay = self._rules.landing_delay
            if ended is not None and ended.retry_after:
                delay = max(delay, timedelta(seconds=ended.retry_after))
            book.doubted = self._rules.clock.monotonic()
            hand.stay(
                "in_doubt", now + delay, ended,
                f"{why}; looked into when a late request would have landed", phase=Phase.DOUBT, at=now,
            )  # fmt: skip

    async def look_into(self, hand: JourneyInHand) -> None:
        """Ask the step's check: go on where it had landed, write the intent anew where it had not."""
        step = hand.step()
        if step.check is None:
            self._begin(hand, None, "the check that it was to be looked into with is gone from the flow")
            return
        if (left := self._may_still_land(hand)) is not None:
            hand.postpone(hand.now + left)
            return
        asked = hand.now
        if step.probes is not None and not await self._probe(hand, step.probes, asked):
            return
        await hand.durable()
        # To log in, to see whether a password works, is a nuisance: only where it is declared.
        heaviest = Effect.READ if step.probes is None else Effect.REPEATABLE
        check, rules = step.check(hand.flow, self._api), self._rules
        ended = await perform(check, heaviest, rules.clock, rules.step_limit, hand.may_send)
        if step.probes is not None and ended.how is How.NOT_SENT:
            hand.book.probed = False
            await self._journal.give_back(self._account(hand, step.probes), asked)
        hand.book.heard = hand.book.heard or (ended.how is How.RETURNED and ended.value is not None)
        if ended.how is How.RETURNED and ended.value is True:
            self._landed(hand, ended)
        elif ended.how is How.RETURNED and ended.value is False:
            hand.book.failures = 0
            hand.arm("not_landed", f"{step.check.__name__}: it had not landed; sent again", ended)
        elif ended.how is How.IN_DOUBT and step.probes is not None:
            self._begin(hand, ended, f"the login to find out gave no answer: {ended.reason}")
        elif ended.how in (How.NOT_SENT, How.IN_DOUBT):
            self._look_later(hand, ended)
        elif ended.how is How.REJECTED:
            hand.park(
                ParkKind.REJECTED, f"{step.name} may have taken effect, and its check was refused: {ended.reason}",
                "mend the settings (address, tenant, token), then retry: it is checked again, not sent", ended,
                phase=Phase.DOUBT,
            )  # fmt: skip
        else:
            self._ask(hand, ended.reason or f"{step.check.__name__} cannot tell", ended)

    def _may_still_land(self, hand: JourneyInHand) -> timedelta | None:
        """For how long a late request may still land, where the time of day was set ahead since the doubt began.

        The other clock is the machine's, the same for all its processes; it begins anew when the machine does. On
        another machine it tells nothing, and costs a landing delay at most.
        """
        if hand.book.doubted is None:
            return None
        waited = timedelta(seconds=self._rules.clock.monotonic() - hand.book.doubted)
        left = self._rules.landing_delay - waited
        return left if waited >= timedelta() and left > _SLEW else None

    async def _probe(self, hand: JourneyInHand, field: str, asked: datetime) -> bool:
        """Whether the doubt's one login may be tried now: then that is durable before it is."""
        if hand.book.probed:
            self._begin(hand, None, "the process ended while a login to find out was under way")
            return False
        free = await self._journal.spend(
            self._account(hand, field), asked, most=_PROBES, within=_PROBES_WITHIN
        )  # fmt: skip
        if free is not None:
            hand.stay(
                "in_doubt", free, None, "the account was probed often enough for now; looked into when it may be again",
                phase=Phase.DOUBT,
            )  # fmt: skip
            return False
        hand.book.probed = True
        hand.write()
        return True

    def _account(self, hand: JourneyInHand, field: str) -> bytes:
        return self._sealer.digest(f"login probe {getattr(hand.flow, field)}")

    def _landed(self, hand: JourneyInHand, ended: Ended) -> None:
        step = hand.step()
        assert step.then is not None and step.check is not None  # noqa: PT018 - one thought
        dest = hand.fire(step.then)
        assert dest is not None, "checked when the flow was defined"
        hand.enter(step.then, dest, ended, f"{step.check.__name__}: it had landed")

    def _look_later(self, hand: JourneyInHand, ended: Ended) -> None:
        hand.book.failures += 1
        failures, backoff = hand.book.failures, self._rules.backoff
        if failures >= backoff.attempts:
            self._ask(hand, f"it could not be checked, {failures} times in a row: {ended.reason}", ended)
            return
        now, wait = hand.now, backoff.delay(failures, self._rules.rng, ended.retry_after)
        hand.stay("retry", now + wait, ended, f"not checked yet: {ended.reason}", phase=Phase.DOUBT, at=now)

    def _ask(self, hand: JourneyInHand, why: str, ended: Ended | None) -> None:
        needs, phase = "find out whether it did, then resolve the journey as landed or not landed", Phase.READY
        if hand.step().check is not None:
            needs, phase = f"{needs}; or retry, which checks again and sends nothing unchecked", Phase.DOUBT
        hand.park(ParkKind.IN_DOUBT, f"{hand.step().name} may have taken effect: {why}", needs, ended, phase=phase)
