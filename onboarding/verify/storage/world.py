"""A handful of journeys on one journal on disk: played to their end, over restarts, and judged.

Engine, worker, service and journal are the real ones. The other side is in this process, and time is moved by hand: a
journey that waits a minute takes none.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from onboarding.engine import Event, Journey
from onboarding.errors import JournalDamaged, JournalError, JourneyError, KeyMismatch, OnboardingError, UnknownJourney
from onboarding.journal import Head, Journal, SqliteJournal, Status, TransitionRecord
from onboarding.machine import Flow
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.reckoning import Baseline, Judgement, judge
from onboarding.verify.rehearsal import Role, answer_of
from onboarding.verify.rehearsal import cast as cast_role
from onboarding.verify.storage.broker import Broker, Line
from onboarding.verify.storage.disk import Disk
from onboarding.verify.storage.witness import Memory, Witness

__all__ = ["PATIENCE", "World"]

_TICK = timedelta(seconds=0.5)
PATIENCE = 200
"""Ticks in which everything must have come to rest: far longer than any wait of these settings."""
_NEVER_TWICE = ("user_registered", "password_reset", "password_changed", "account_updated", "task_created")
"""Effects that no other code or ticket excuses."""
_CALM = 6
"""Rounds of the event loop in which nothing happened: whatever goes on now waits for time."""
_BUSY_TIMEOUT = 0.01
"""Seconds, of real time, that a journal here waits for a lock: nobody else is there who would let go."""


class World:
    """One journal, its journeys and their people; it outlives restarts and power cuts.

    Args:
        disk: where the journal lies.
        rng: makes the people.
        flows: what is played, one journey of each.
    """

    def __init__(self, disk: Disk, rng: random.Random, flows: Sequence[type[Flow]]) -> None:
        self.disk = disk
        self.path = disk.journal
        self.clock = VirtualClock()
        self.memory = Memory()
        self.broker = Broker(self.clock, rng.getrandbits(32))
        self.flows = {flow.definition.name: flow for flow in flows}
        self.roles: list[Role] = [cast_role(flow, self.broker, rng) for flow in flows]
        self.journeys: dict[int, str] = {}
        self.troubles: list[str] = []
        """What somebody was told that did not work, a sentence each."""
        self.strange: list[str] = []
        """Errors that are none of ours."""
        self.damage: list[str] = []
        """Where damage to the journal as a whole was named."""
        self.refused: set[str] = set()
        """Journeys that were refused by name, because they are damaged."""
        self.gone: set[str] = set()
        """Journeys that the journal knows nothing of."""
        self.answering = True
        """Whether the people answer when a journey waits for them."""
        self._seed = rng.getrandbits(32)
        self.onboarding: Onboarding | None = None
        self._sends: dict[str, asyncio.Task[None]] = {}
        self._lines: list[Line] = []

    # Opening and closing

    async def open(self) -> None:
        """A service on the journal, as a process that starts would have it. Raises what opening raises."""
        line = Line(self.broker, lambda: self.disk.dead, self.memory)
        self._lines.append(line)
        journal = SqliteJournal(self.path, busy_timeout=_BUSY_TIMEOUT)
        self.witness = Witness(cast(Journal, journal), self.memory)
        settings = Settings(
            journal=f"sqlite:///{self.path}", landing_delay=timedelta(seconds=1), cooldown=timedelta(seconds=0.5),
            poll_every=timedelta(seconds=0.5), backoff_base=timedelta(seconds=0.25), backoff_cap=timedelta(seconds=1),
        )  # fmt: skip
        onboarding = Onboarding(
            settings, flows=list(self.flows.values()), api=line.api(self.clock), journal=cast(Journal, self.witness),
            clock=self.clock, rng=random.Random(self._seed), tell=self._told,
        )  # fmt: skip
        await self._carefully(onboarding.__aenter__)
        self.onboarding = onboarding

    async def open_when_possible(self, meanwhile: Callable[[], bool]) -> None:
        """Open it, again and again while the disk refuses."""
        for _ in range(PATIENCE):
            try:
                await self.open()
            except JournalError as error:
                self.note(error)
            else:
                return
            meanwhile()
            self.clock.advance(_TICK)
        await self.open()

    async def close(self) -> None:
        """Leave in good order, as far as that goes."""
        onboarding, self.onboarding = self.onboarding, None
        for task in self._sends.values():
            task.cancel()
        await asyncio.gather(*self._sends.values(), return_exceptions=True)
        self._sends.clear()
        if onboarding is not None:
            try:
                await onboarding.__aexit__(None, None, None)
            except OnboardingError as error:
                self.note(error)

    # Playing

    async def play(self, each_tick: Callable[[], bool] = lambda: True, *, patience: int = PATIENCE) -> bool:
        """Let everything come to rest: each journey ends or is parked. False: it did not, or was told to stop.

        Args:
            each_tick: called before time moves on; False stops.
            patience: how many ticks it may take.
        """
        for _ in range(patience):
            await self._quiet()
            if not each_tick():
                return False
            if await self._turn():
                return True
            await self._quiet()
            self.clock.advance(_TICK)
        return False

    async def _quiet(self) -> None:
        """Until everybody waits for time."""
        calm = 0
        while calm < _CALM:
            busy = self.witness.busy or self._lines[-1].busy
            await asyncio.sleep(0.0002 if busy else 0)
            calm = 0 if busy else calm + 1

    async def _turn(self) -> bool:
        """What the people do now; True where nothing is left to do."""
        try:
            await self._start()
            heads = [(number, await self._head(journey)) for number, journey in self.journeys.items()]
        except OnboardingError as error:
            self.note(error)
            return False
        for number, head in heads:
            if self.answering and head is not None and head.status is Status.WAITING and head.id not in self._sends:
                task = asyncio.ensure_future(self._answer(head.id, head.state, self.roles[number]))
                self._sends[head.id] = task
        return all(head is None or head.status.is_final or head.status is Status.PARKED for _, head in heads)

    async def _start(self) -> None:
        """Start what is not started yet; the same one again where it is not known whether it was."""
        assert self.onboarding is not None
        for number, role in enumerate(self.roles):
            if number not in self.journeys:
                journey = await self._carefully(
                    lambda o, role, number: o.start(role.flow, key=f"role {number}", **role.fields),
                    self.onboarding, role, number,
                )  # fmt: skip
                self.journeys[number] = journey.id

    async def _head(self, journey: str) -> Head | None:
        """How a journey stands; None: it is refused by name, because it is damaged."""
        assert self.onboarding is not None
        try:
            head: Head = await self._carefully(self.onboarding.journal.head, journey)
        except JournalDamaged as error:
            if journey not in str(error):
                raise
            self.refused.add(journey)
            return None
        except UnknownJourney:
            self.gone.add(journey)
            return None
        return head

    async def _answer(self, journey: str, state: str, role: Role) -> None:
        """The person enters the newest code."""
        assert self.onboarding is not None
        try:
            code = self.broker.latest_code(role.to or "")
            given = answer_of(self.flows[role.flow].definition, state, code)
            if given is not None:
                await self._carefully(lambda o: o.send(journey, given[0], **given[1]), self.onboarding)
        except (JourneyError, JournalError) as error:
            self.note(error)
        finally:
            self._sends.pop(journey, None)

    async def _carefully(self, call: Callable[..., Any], *args: Any) -> Any:
        """What comes out of the product is an error of its own, or nothing."""
        try:
            return await call(*args)
        except OnboardingError:
            raise
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.strange.append(f"{type(error).__name__} came out where an error of the package belongs")
            raise JournalError("something strange came out") from None

    def note(self, error: OnboardingError) -> None:
        """Somebody was told that something did not work."""
        self.troubles.append(str(error))
        if isinstance(error, JournalDamaged) and error.journey is not None:
            self.refused.add(error.journey)
        elif isinstance(error, JournalDamaged | KeyMismatch):
            self.damage.append(str(error))
        if len(str(error).splitlines()) > 1:
            self.strange.append(f"a {type(error).__name__} is not one sentence")

    def _told(self, event: Event) -> None:
        """What is told has durably happened."""
        row = event.transition
        if not self.memory.is_confirmed(row):
            self.strange.append(f"{event.flow}: {row.trigger} was told before it was durable")
        self.memory.rows[row.journey, row.seq] = row

    # Judging

    async def baselines(self) -> dict[str, Baseline]:
        """What each flow did, where nothing disturbed it."""
        found = {}
        for number, role in enumerate(self.roles):
            journey, history = await self.read(number)
            found[role.flow] = Baseline.of(journey, history, self.broker.ledger(role.subjects))
        return found

    async def faults(self, baselines: Mapping[str, Baseline]) -> tuple[list[str], list[Judgement]]:
        """Everything that did not hold, a sentence each; and the judgement of each journey."""
        assert self.onboarding is not None
        faults = [*self.strange, *(rash for line in self._lines for rash in line.rash)]
        faults += await self.memory.missing(self.onboarding.journal)
        judgements = []
        for number, role in enumerate(self.roles):
            if number not in self.journeys:
                faults.append(f"{role.flow}: it could never be started")
                continue
            try:
                journey, history = await self.read(number)
            except OnboardingError as error:
                faults.append(f"{role.flow}: it cannot be read any more: {type(error).__name__}")
                continue
            found = self.judged(role, baselines, journey, history)
            judgements.append(found)
            faults += [f"{role.flow}: {fault}" for fault in found.faults]
            gaps = [row.seq for row in history] != list(range(1, len(history) + 1))
            faults += [f"{role.flow}: its history has gaps"] if gaps else []
        return faults, judgements

    def judged(
        self, role: Role, baselines: Mapping[str, Baseline], journey: Journey, history: Sequence[TransitionRecord]
    ) -> Judgement:
        """What a journey did, held against what its flow does undisturbed."""
        ledger = self.broker.ledger(role.subjects)
        return judge(self.flows[role.flow], baselines[role.flow], journey, history, ledger, may_ask=True)

    def doubled(self, role: Role, baseline: Baseline) -> list[str]:
        """What happened twice to a person, whatever the journal knows of it; a code is no harm."""
        done = Counter((entry.effect, entry.endpoint) for entry in self.broker.ledger(role.subjects))
        return [
            f"{role.flow}: {effect} happened {done[effect, endpoint]} times"
            for effect, endpoint in baseline.once
            if done[effect, endpoint] > baseline.once[effect, endpoint] and effect in _NEVER_TWICE
        ]

    async def faults_of_storage(self) -> list[str]:
        """What was confirmed and is not there."""
        assert self.onboarding is not None
        return [*self.strange, *await self.memory.missing(self.onboarding.journal)]

    async def read(self, number: int) -> tuple[Journey, list[TransitionRecord]]:
        """A journey as the service shows it, and its history."""
        assert self.onboarding is not None
        journey = self.journeys[number]
        return await self.onboarding.wait(journey, timeout=0), await self.onboarding.history(journey)
