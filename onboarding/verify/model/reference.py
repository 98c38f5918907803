"""What the engine should do, written out plainly: one journey, in memory, one thing after the other.

It knows nothing of journals, revisions, intents or messages. A flow's own step is run as it is: what is looked at is
when it may be run, how often, and where its outcome leads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from onboarding.api import ENDPOINTS, Effect, Meaning
from onboarding.errors import CallError, InDoubt, NotSent, Refused
from onboarding.machine import Done, Failed, Flow, Polling, Step, Waiting

__all__ = ["ATTEMPTS", "Reference"]

LANDING_DELAY = timedelta(seconds=30)
ATTEMPTS = 4
_PROBES, _HOUR = 2, timedelta(hours=1)


@dataclass(slots=True)
class Reference:
    """A journey as it should be.

    Attributes:
        flow: its fields.
        api: what its steps call.
        now: the time.
        state: where it stands.
        status: how it stands, in the journal's words.
        why: why it is parked, in one word.
        due: when it is looked at next.
        entered: when it came into its state.
        sends, sent: how often and when each step was sent; ``fired``: how often each trigger was fired.
        doubts, failures: of the present step.
        checking: whether it is to be found out whether the last request took effect.
        left: whether a request that changes something left in the present step.
        killed: whether the process ended during the present call; ``crashed``: the last of its steps was to change
            something, and it is not known whether it did.
        probed: whether the one login to find out was tried; ``logins``: when, on this account.
    """

    flow: Flow
    api: Any
    now: Callable[[], datetime]
    state: str = ""
    status: str = ""
    why: str = ""
    due: datetime | None = None
    entered: datetime = field(default=datetime.min.replace(tzinfo=UTC))
    sends: dict[str, int] = field(default_factory=dict)
    sent: dict[str, datetime] = field(default_factory=dict)
    fired: dict[str, int] = field(default_factory=dict)
    doubts: int = 0
    failures: int = 0
    checking: bool = False
    left: bool = False
    killed: bool = False
    crashed: bool = False
    probed: bool = False
    logins: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        """It begins in the flow's first state."""
        self.flow._fired = self.fired  # noqa: SLF001 - what the flow's conditions count
        self._enter(self.flow.definition.initial, first=True)

    # What happens to it

    async def advance(self) -> None:
        """Go on for as long as there is something to do now."""
        while self.status in ("working", "polling", "waiting"):
            if self.crashed:
                self.crashed = False
                self._in_doubt(None)
            elif self.due is not None and self.due > self.now():
                return
            elif self.status == "waiting":
                self._fire(self._kind.then)
            elif self.checking:
                await self._look_into()
            else:
                await self._work()

    def hand_in(self, name: str, values: dict[str, Any]) -> bool:
        """An input, while it waits; whether it is accepted."""
        inputs = self.flow.definition.inputs.get(self.state, {})
        if self.status in ("done", "failed", "cancelled") or name not in inputs or self.now() > self._deadline:
            return False
        before, fired = copy.deepcopy(self.flow.__dict__), dict(self.fired)
        self.fired[name] = self.fired.get(name, 0) + 1
        if (handler := inputs[name]) is not None:
            handler.handler(self.flow, **dict(handler.parse(values)))
        dest = self.flow.definition.decide(self.flow, self.state, name)
        step = self.flow.definition.steps.get(dest or "")
        spent = (
            step is not None and step.at_most is not None and (self._exhausted(step) or self._cools(step) is not None)
        )
        if dest is None or spent:
            object.__setattr__(self.flow, "__dict__", before)
            self.fired.clear()
            self.fired.update(fired)
            return False
        self._enter(dest)
        return True

    def cancel(self) -> bool:
        """End it where it stands; whether that was possible."""
        if self.status in ("done", "failed", "cancelled"):
            return False
        self.status, self.due, self.why, self.checking, self.crashed = "cancelled", None, "", False, False
        return True

    def retry(self) -> bool:
        """Try the present step anew; whether that was possible."""
        match self.status:
            case "parked" if self.why == "in_doubt" and not self.checking:
                return False
            case "parked":
                if self.why == "exhausted":
                    self.sends.pop(self.state, None)
                    self.doubts = 0
            case "working" | "polling" if not self.checking and not self.crashed:
                pass
            case _:
                return False
        self.failures, self.probed = 0, False
        self._again()
        return True

    def resolve(self, *, landed: bool) -> bool:
        """A person says whether the last request took effect; whether there was anything to say."""
        if self.status != "parked" or not (self.why == "in_doubt" or self.checking):
            return False
        self.checking = False
        if landed:
            self._fire(self._step().then)
        else:
            self.doubts = 0
            self._again()
        return True

    # What follows from what

    async def _work(self) -> None:
        step = self._step()
        if step.effect is not Effect.READ:
            if self._exhausted(step):
                # No answer to any of them: nothing is known to have failed.
                if step.exhausted and self.doubts < (step.at_most or 0):
                    self._fire(step.exhausted)
                else:
                    self._park("exhausted")
                return
            if (cools := self._cools(step)) is not None:
                self.due = cools
                return
            self.sends[self.state] = self.sends.get(self.state, 0) + 1
            self.sent[self.state] = self.now()
        await self._perform(step)

    async def _perform(self, step: Step) -> None:
        before, changing = copy.deepcopy(self.flow.__dict__), step.effect is not Effect.READ
        self.left = False
        try:
            trigger = await step.body(self.flow, self.api)
        except CallError as error:
            object.__setattr__(self.flow, "__dict__", before)
            trouble = error
        else:
            self.failures = 0
            if trigger is None and step.then is None:
                self._poll_later()
            else:
                self._fire(trigger or step.then)
            return
        if self.killed:
            self.killed, self.crashed = False, changing
            return
        looked = ENDPOINTS[trouble.endpoint].effect is Effect.READ
        match trouble:
            case _ if looked and self.left:
                self._in_doubt(trouble)
            case Refused():
                self._refused(step, trouble.meaning)
            case InDoubt() if changing and not looked:
                self._in_doubt(trouble)
            case NotSent() | InDoubt():
                if changing:
                    self.sends[self.state] -= 1
                    self.sent.pop(self.state)
                self._try_later(trouble)
            case _:
                self._park("rejected")

    def _refused(self, step: Step, meaning: str) -> None:
        if self.doubts and meaning in step.evidence:
            self._fire(step.then)
        elif (trigger := (step.refused or {}).get(Meaning(meaning))) is not None:
            self._fire(trigger)
        else:
            self._park("refused")

    def _try_later(self, trouble: CallError) -> None:
        self.failures += 1
        polls = isinstance(self._kind, Polling)
        if (self.failures >= ATTEMPTS and not polls) or (polls and self.now() >= self._deadline):
            self._park("unreachable")
            return
        self.due = self.now() + self._backoff(self.failures, trouble)
        if polls:
            self.due = max(self.now() + timedelta(seconds=1), min(self.due, self._deadline))

    def _in_doubt(self, trouble: CallError | None) -> None:
        step = self._step()
        self.doubts, self.probed, self.checking = self.doubts + 1, False, False
        if step.effect is Effect.REPEATABLE:
            self.due = self._cools(step) or self.now()
            if trouble is not None:
                self.due = max(self.due, self.now() + self._backoff(self.doubts, trouble))
        elif isinstance(step.in_doubt, str):
            self._fire(step.in_doubt)
        elif step.check is None or self.doubts >= ATTEMPTS:
            self._ask()
        else:
            asked = timedelta(seconds=(trouble.retry_after if trouble else None) or 0)
            self.checking, self.due = True, self.now() + max(LANDING_DELAY, asked)

    async def _look_into(self) -> None:
        step = self._step()
        assert step.check is not None, "only then is there anything to look into"
        if step.probes is not None and not self._may_log_in():
            return
        try:
            landed = await step.check(self.flow, self.api)
        except CallError as error:
            trouble = error
        else:
            await self._looked(step, landed=landed)
            return
        if self.killed:
            self.killed = False
            return
        if step.probes is not None and isinstance(trouble, NotSent):
            self.probed = False
            self.logins = [at for at in self.logins if at != self.now()]
        if step.probes is not None and isinstance(trouble, InDoubt):
            self._in_doubt(trouble)
        elif isinstance(trouble, NotSent | InDoubt) and self.failures + 1 < ATTEMPTS:
            self.failures += 1
            self.due = self.now() + self._backoff(self.failures, trouble)
        else:
            self.failures += isinstance(trouble, NotSent | InDoubt)
            self._ask()

    async def _looked(self, step: Step, *, landed: bool | None) -> None:
        if landed is None:
            self._ask()
            return
        self.checking = False
        if landed:
            self._fire(step.then)
            return
        self.failures = 0
        self.sends[self.state] = self.sends.get(self.state, 0) + 1
        self.sent[self.state] = self.now()
        await self._perform(step)

    def _may_log_in(self) -> bool:
        """Whether to find out by a login: one for a doubt, so many an hour."""
        if self.probed:
            self._in_doubt(None)
            return False
        self.logins = [at for at in self.logins if at > self.now() - _HOUR]
        if len(self.logins) >= _PROBES:
            self.due = sorted(self.logins)[-_PROBES] + _HOUR
            return False
        self.logins.append(self.now())
        self.probed = True
        return True

    def _poll_later(self) -> None:
        assert isinstance(self._kind, Polling)
        if self.now() >= self._deadline:
            self._fire(self._kind.then)
            return
        every = self.flow.definition.every(self.flow, self.state) or timedelta(seconds=1)
        self.due = max(self.now(), min(self.now() + every * 0.95, self._deadline))

    def _fire(self, trigger: str | None) -> None:
        assert trigger is not None, "only what the flow declares is fired"
        self.fired[trigger] = self.fired.get(trigger, 0) + 1
        dest = self.flow.definition.decide(self.flow, self.state, trigger)
        assert dest is not None, "checked when the flow was defined"
        self._enter(dest)

    def _enter(self, dest: str, *, first: bool = False) -> None:
        moved = first or dest != self.state
        self.state, self.why, self.checking = dest, "", False
        if moved:
            self.entered, self.doubts, self.failures, self.probed = self.now(), 0, 0, False
        self.flow.wipe(*self._kind.forgets)
        match self._kind:
            case Done():
                self.status, self.due = "done", None
            case Failed():
                self.status, self.due = "failed", None
            case Waiting():
                self.status, self.due = "waiting", self._deadline
            case Polling():
                self.status, self.due = "polling", self.now()
                if not moved:
                    self._poll_later()
            case _:
                self.status, self.due = "working", self.now()

    def _again(self) -> None:
        self.status = {Waiting: "waiting", Polling: "polling"}.get(type(self._kind), "working")
        self.due, self.why = self._deadline if self.status == "waiting" else self.now(), ""
        step = self.flow.definition.steps.get(self.state)
        if step is not None and step.effect is Effect.ONCE and self.state in self.sent:
            self.due = max(self.due, self.sent[self.state] + LANDING_DELAY)  # until then it may still land

    def _park(self, why: str) -> None:
        self.status, self.why, self.due = "parked", why, None

    def _ask(self) -> None:
        self.checking = self._step().check is not None
        self._park("in_doubt")

    # What is looked up

    @property
    def _kind(self) -> Any:
        return self.flow.definition.states[self.state]

    def _step(self) -> Step:
        return self.flow.definition.steps[self.state]

    @property
    def _deadline(self) -> datetime:
        length = self.flow.definition.up_to(self.flow, self.state)
        return datetime.max.replace(tzinfo=self.entered.tzinfo) if length is None else self.entered + length

    def _exhausted(self, step: Step) -> bool:
        return step.at_most is not None and self.sends.get(step.name, 0) >= step.at_most

    def _cools(self, step: Step) -> datetime | None:
        if step.cooldown is None or step.name not in self.sent:
            return None
        until = self.sent[step.name] + step.cooldown
        return until if until > self.now() else None

    @staticmethod
    def _backoff(failures: int, trouble: CallError) -> timedelta:
        """Without chance: the least that it may be."""
        wait = min(timedelta(minutes=5), timedelta(seconds=2.0 ** (failures - 1))) / 2
        return max(wait, timedelta(seconds=trouble.retry_after or 0))
