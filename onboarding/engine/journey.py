"""A journey in the hands of the engine: what was stored, what has changed, and how that is written."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Iterator
from datetime import datetime, timedelta
from typing import Any

from onboarding.api.codes import Meaning
from onboarding.api.effects import Effect
from onboarding.engine.book import Book
from onboarding.engine.events import Event, tell
from onboarding.engine.outcome import Outcome, Parked, ParkKind
from onboarding.engine.perform import Ended, How
from onboarding.engine.rules import Rules
from onboarding.engine.sealer import Sealer
from onboarding.errors import DefinitionError
from onboarding.journal import Change, Head, Journal, Phase, Status, Stored, TransitionRecord, Verdict, changed
from onboarding.machine import Done, Failed, Flow, Polling, Step, Waiting
from onboarding.machine.fields import own_values
from onboarding.machine.kept import written

__all__ = ["JourneyInHand"]


class JourneyInHand:
    """One journey while it is advanced.

    Every change goes through ``write``: one change of the journal, in order. Nothing is told to anybody before
    the journal has it.
    """

    def __init__(self, head: Head, flow: Flow, book: Book, journal: Journal, sealer: Sealer, rules: Rules) -> None:
        self.head = head
        self.flow = flow
        self.definition = type(flow).definition
        """The flow's definition."""
        self.book = book
        self.rules = rules
        self._journal = journal
        self._sealer = sealer
        book.after_restore(head.restored)
        self.armed = False
        """Whether the intent in the journal is of this run: found there by another run, it is a doubt."""
        self._last: Awaitable[None] | None = None
        self._step = 1 + secrets.randbits(_GAP)
        """From the stored revision to the next; by chance at first. See ``write``."""
        self._written = b""
        """The sealed data of the last change."""
        self._untold: list[Event] = []

    @property
    def now(self) -> datetime:
        """The time."""
        return self.rules.clock.now()

    def step(self) -> Step:
        """The step of the present state."""
        return self.definition.steps[self.head.state]

    @property
    def deadline(self) -> datetime | None:
        """When the present state has lasted long enough."""
        length = self.definition.up_to(self.flow, self.head.state)
        return None if length is None else self.head.entered + length

    @property
    def is_in_doubt(self) -> bool:
        """Whether a request of the present step may have taken effect, and nobody knows."""
        head = self.head
        if head.status is Status.PARKED and head.note and Parked.from_json(head.note).kind is ParkKind.IN_DOUBT:
            return True
        return head.phase is not Phase.READY and not self.armed

    def snapshot(self) -> dict[str, Any]:
        """The flow's fields, to put back when a step that touched them did not succeed."""
        return own_values(vars(self.flow))

    def restore(self, fields: dict[str, Any]) -> None:
        """Put the fields back."""
        object.__setattr__(self.flow, "__dict__", fields)

    # What may be sent, and when

    def may_send(self) -> bool:
        """Whether nobody else can have taken the journey over: asked right before a request leaves."""
        return self._journal.may_send(self.head.id)

    def cools_until(self, state: str) -> datetime | None:
        """When the step of a state may be sent again, where its cooldown has not passed."""
        step = self.definition.steps[state]
        last = self.book.last_sent(state)
        if step.cooldown is None or last is None:
            return None
        until = last + (step.cooldown if self.rules.cooldown is None else self.rules.cooldown)
        return until if until > self.now else None

    def is_exhausted(self, state: str) -> bool:
        """Whether the step of a state was sent as often as it may be."""
        step = self.definition.steps[state]
        return step.at_most is not None and self.book.sends.get(state, 0) >= step.at_most

    def landed_by(self) -> datetime | None:
        """When the last request of the present step would have landed, if it must not be done twice."""
        step = self.definition.steps.get(self.head.state)
        last = self.book.last_sent(self.head.state) if step is not None and step.effect is Effect.ONCE else None
        return None if last is None else last + self.rules.landing_delay

    def may_be_old(self, state: str) -> bool:
        """Whether the journal was restored, and nothing tells yet that the step of a state was not done meanwhile."""
        step, book = self.definition.steps.get(state), self.book
        if not self.head.restored or step is None or step.effect is Effect.READ:
            return False
        if step.effect is Effect.ONCE and not isinstance(step.in_doubt, str):
            return state not in book.vouched
        return not book.heard

    def _intend(self, state: str, at: datetime) -> None:
        """Count a request that is about to leave: the commit that follows is its intent."""
        self.book.sends[state] = self.book.sends.get(state, 0) + 1
        self.book.sent_at[state] = at.timestamp()
        self.armed = True

    async def open(self, first: TransitionRecord, key: bytes | None, *, intent: bool) -> Head:
        """Store the journey, which is new; the head of what is stored under its key, which may be another one.

        Args:
            first: its first row.
            key: the digest of its key of idempotency.
            intent: the commit is the intent of its first step too, where that needs one.
        """
        if intent and self.step().effect is not Effect.READ:
            self._intend(self.head.state, self.now)
            self.head = changed(self.head, phase=Phase.SENDING)
        self._written = self._sealer.seal(self.head.id, self.flow, self.book)
        stored = await self._journal.create(self.head, self._written, first, key)
        if stored.id == self.head.id:
            tell(self.rules.tell, Event(stored.flow, stored.status, first))
        return stored

    def withdraw(self) -> None:
        """Take the count back: no byte of the request left."""
        state = self.head.state
        self.book.sends[state] = max(0, self.book.sends.get(state, 0) - 1)
        self.book.sent_at.pop(state, None)

    # What is written

    def enter(
        self, trigger: str, dest: str, ended: Ended | None = None, detail: str = "", *,
        verdicts: tuple[Verdict, ...] = (),
    ) -> None:  # fmt: skip
        """Write a transition. Into a step that touches the outside, it is the intent too, where it may be sent now."""
        head, now = self.head, self.now
        state = self.definition.states[dest]
        moved = dest != head.state
        if moved:
            self.book.enter()
        entered = now if moved else head.entered
        new: dict[str, Any] = {
            "state": dest, "phase": Phase.READY, "due": now, "attempt": 1, "status": Status.WORKING, "note": None,
            "entered": entered,
        }  # fmt: skip
        self.flow.wipe(*state.forgets)
        if isinstance(state, Done | Failed):
            outcome = self._outcome(state, ended)
            status = Status.DONE if outcome.ended_well else Status.FAILED
            new.update(status=status, due=None, attempt=0, note=outcome.to_json())
        elif isinstance(state, Waiting):
            until = entered + (self.definition.up_to(self.flow, dest) or timedelta())
            new.update(status=Status.WAITING, due=until, attempt=0)
        elif isinstance(state, Polling):
            new.update(status=Status.POLLING, due=now if moved else self.next_poll(now))
        elif self.definition.steps[dest].effect is not Effect.READ and not self.is_exhausted(dest):
            cooling = self.cools_until(dest)
            if cooling is not None:
                new["due"] = cooling
            elif not self.may_be_old(dest):
                self._intend(dest, now)
                new["phase"] = Phase.SENDING
        self._row(trigger, ended, detail, verdicts, at=now, **new)

    def arm(self, trigger: str | None = None, detail: str = "", ended: Ended | None = None) -> None:
        """Write the intent of the present step: a row of its own for another try, none for the first."""
        now = self.now
        self._intend(self.head.state, now)
        new: dict[str, Any] = {"phase": Phase.SENDING, "due": now, "status": Status.WORKING, "note": None}
        if trigger is None:
            self.write(updated=now, **new)
        else:
            self._row(trigger, ended, detail, at=now, **new, attempt=self.head.attempt + 1)

    def stay(
        self, trigger: str, due: datetime, ended: Ended | None = None, detail: str = "", *, phase: Phase = Phase.READY,
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Write a row that leaves the state as it is: another try later, a doubt. ``at``: when ``due`` was reckoned."""
        attempt = self.head.attempt + (phase is Phase.READY)
        self._row(
            trigger, ended, detail, at=at, phase=phase, due=due, status=self._live_status(), note=None, attempt=attempt
        )

    def park(
        self, kind: ParkKind, reason: str, needs: str, ended: Ended | None = None, *, phase: Phase = Phase.READY
    ) -> None:
        """Leave the journey to a person, and say why. A doubt that a check can still resolve stays open."""
        parked = Parked(kind, reason, needs, self.now)
        self._row(
            "parked", ended, f"{kind.value}: {reason}", at=parked.since, status=Status.PARKED, due=None, phase=phase,
            note=parked.to_json(),
        )  # fmt: skip

    def cancel(self, reason: str, verdicts: tuple[Verdict, ...]) -> None:
        """End the journey where it stands."""
        remark = "its last request may have taken effect" if self.is_in_doubt else None
        outcome = Outcome(self.head.state, ended_well=False, text=reason, remark=remark)
        self._row(
            "cancelled", None, f"{reason}; {remark}" if remark else reason, verdicts,
            status=Status.CANCELLED, due=None, phase=Phase.READY, note=outcome.to_json(),
        )  # fmt: skip

    def again(
        self, trigger: str, detail: str = "", verdicts: tuple[Verdict, ...] = (), *, phase: Phase | None = None
    ) -> None:
        """Put the present step back to its start: a person said so. A doubt that is still open stays one.

        What a person did not find yet may still land: not before that time has passed is it looked for, or sent again.
        """
        status, now = self._live_status(), self.now
        due = self.deadline if status is Status.WAITING else max(now, self.landed_by() or now)
        phase = phase or self.head.phase
        self._row(trigger, None, detail, verdicts, at=now, status=status, due=due, attempt=1, note=None, phase=phase)

    def note(self, trigger: str, detail: str, verdicts: tuple[Verdict, ...]) -> None:
        """Write a row that changes nothing else."""
        self._row(trigger, None, detail, verdicts)

    def fire(self, trigger: str) -> str | None:
        """Count a trigger and ask where it leads; None (and not counted) where it leads nowhere."""
        self.book.fired[trigger] = self.book.fired.get(trigger, 0) + 1
        dest = self.definition.decide(self.flow, self.head.state, trigger)
        if dest is None:
            self.book.fired[trigger] -= 1
        return dest

    def redact(self, text: str) -> str:
        """A person's words without the journey's own data in them."""
        for value in sorted(_strings(written(self.flow)), key=len, reverse=True):
            text = text.replace(value, "•••")
        # What it held and has wiped it cannot compare with: a code is a number, an address looks like one.
        text = _TELLING.sub("•••", text)
        return "".join(c if c.isprintable() else " " for c in text)[:500]

    def migrate(self, state: str) -> None:
        """Take over a journey that another version of the flow has stored.

        Raises:
            DefinitionError: a request of it is in doubt, and the state it is carried to has no step.
        """
        was, self.head = self.head.version, changed(self.head, version=self.definition.version)
        detail = f"from version {was} to {self.head.version}"
        if self.head.phase is not Phase.READY and state not in self.definition.steps:
            raise DefinitionError(f"{detail}: its request is in doubt, and the state {state!r} has no step to find out")
        resting = self.head.status.is_final or self.head.status is Status.PARKED
        if resting or self.head.phase is not Phase.READY or self.head.status is self._status_in(state):
            self._row("migrated", None, detail, state=state)
        else:
            self.enter("migrated", state, detail=detail)

    def postpone(self, due: datetime) -> None:
        """Look again at this time. No row; nothing has happened."""
        self.write(due=due)

    def next_poll(self, now: datetime) -> datetime:
        """When to poll next: after the flow's time, a tenth of it by chance, and at the deadline at the latest."""
        every = self.rules.poll_every or self.definition.every(self.flow, self.head.state) or timedelta(seconds=1)
        deadline = self.deadline
        at = now + max(every, _SHORTEST_POLL) * (0.95 + 0.1 * self.rules.rng.random())
        return at if deadline is None else max(now, min(at, deadline))

    def poll_later(self) -> None:
        """No answer yet: look again later. No row; nothing has happened."""
        now = self.now
        self.write(due=self.next_poll(now), attempt=1, updated=now)

    def write(self, *rows: TransitionRecord, verdicts: tuple[Verdict, ...] = (), **new: Any) -> None:
        """Hand one change to the journal: the head with what is ``new`` in it, and the data as they are now.

        Of two runs that began at the same revision one loses, with all that it has handed in and not waited for:
        its later writes must not fit onto those of the other, so each run counts on from a number of its own.
        """
        replaces = self.head.revision
        if "updated" not in new:
            new["updated"] = self.now
        self.head, self._step = changed(self.head, **new, revision=replaces + self._step), 1
        ended = self.head.status.is_final
        data = self._sealer.seal(self.head.id, self.flow, self.book, ended=ended)
        change = Change(head=self.head, replaces=replaces, data=data, transitions=rows, verdicts=verdicts)
        self._written = data
        self._last = self._journal.write(change)
        self._untold += [Event(self.head.flow, self.head.status, row) for row in rows]

    async def durable(self) -> None:
        """Wait until all that was written is safe; then tell it."""
        if self._last is not None:
            last, self._last = self._last, None
            await last
        untold, self._untold = self._untold, []
        if untold and self.head.status.rests and self.rules.rests is not None:
            self.rules.rests(Stored(self.head, self._written, last=untold[-1].transition))
        for event in untold:
            tell(self.rules.tell, event)

    def _live_status(self) -> Status:
        """The status of a journey that goes on in its present state."""
        return self._status_in(self.head.state)

    def _status_in(self, state: str) -> Status:
        match self.definition.states[state]:
            case Done():
                return Status.DONE
            case Failed():
                return Status.FAILED
            case Waiting():
                return Status.WAITING
            case Polling():
                return Status.POLLING
            case _:
                return Status.WORKING

    def _row(
        self, trigger: str, ended: Ended | None, detail: str, verdicts: tuple[Verdict, ...] = (), *,
        at: datetime | None = None, **new: Any,
    ) -> None:  # fmt: skip
        """Write a row of the history, with the head and with what is ``new`` in it.

        One write has one time: a second reading of the clock may be a good while later, on a busy machine.
        """
        head, seq, at = self.head, self.head.seq + 1, at or self.now
        remark, self.flow._remark = self.flow._remark, None  # noqa: SLF001 - the engine reads what a step noted
        words = [part for part in (detail, _printable(remark)) if part]
        did: dict[str, Any] = {}
        if ended is not None:
            did = {
                "duration": round(ended.duration, 6), "endpoint": ended.endpoint, "http_status": ended.http_status,
                "mcode": ended.mcode,
            }  # fmt: skip
        row = TransitionRecord(
            journey=head.id, seq=seq, at=at, trigger=trigger, source=head.state,
            dest=new.get("state", head.state), attempt=head.attempt, worker=self.rules.worker,
            detail="; ".join(words) or None, **did,
        )  # fmt: skip
        self.write(self.book.sign(row, self._sealer.chain), verdicts=verdicts, **new, seq=seq, updated=at)

    def _outcome(self, state: Done | Failed, ended: Ended | None) -> Outcome:
        refused = ended if ended is not None and ended.how is How.REFUSED else None
        return Outcome(
            state.name, isinstance(state, Done), state.text,
            mcode=refused.mcode if refused else None, meaning=refused.meaning if refused else None,
            vendor_text=Meaning(refused.meaning).text if refused and refused.meaning else None,
            remark=_printable(self.flow._remark),  # noqa: SLF001 - the engine reads what a step noted
        )  # fmt: skip


_SHORTEST_POLL = timedelta(milliseconds=50)
"""However little time between polls is asked for: nobody is served by a poll without a pause."""
_GAP = 20
"""Bits: two runs count on from the same number once in a million."""
_TELLING = re.compile(r"(?<![\w.-])\+?[0-9]{6,}(?![\w-])|[\w.+%-]+@[\w-]+(?:\.[\w-]+)*")
"""Six digits in a row that stand alone, and e-mail addresses: codes, phone numbers and accounts, not dates."""
_SHORTEST_DATUM = 4
"""Shorter values (a yes, a unit) are no secret, and would tear holes into every sentence."""


def _strings(value: Any) -> Iterator[str]:
    """Every string and number in JSON data that is long enough to tell something."""
    if isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif not isinstance(value, bool) and value is not None and len(str(value)) >= _SHORTEST_DATUM:
        yield str(value)


def _printable(remark: str | None) -> str | None:
    """A step's note may quote the other side: one short line of it."""
    return None if remark is None else "".join(c for c in remark if c.isprintable())[:80]
