"""A simulated world: some journeys, the people they are for, the processes that advance them, and what goes wrong."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from onboarding.journal import Keyring
from onboarding.machine import Flow
from onboarding.sandbox import Sandbox, SandboxConfig
from onboarding.sandbox.faults import FaultKind, FaultRule
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.reckoning import Baseline
from onboarding.verify.simulation.clocks import LoopClock, MachineClock
from onboarding.verify.simulation.commits import SharedJournal
from onboarding.verify.simulation.desk import NearDesk
from onboarding.verify.simulation.judgement import Lived, judge_life, landed
from onboarding.verify.simulation.person import Person
from onboarding.verify.simulation.process import LANDING_DELAY, Process, Site
from onboarding.verify.simulation.tale import Tale, lines_of
from onboarding.verify.simulation.wire import Departure, faults

__all__ = ["START", "World"]

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RATE = 0.2
"""The share of the requests that meet a fault."""
_LATEST = 20.0
"""Seconds after which a late request lands at the latest: the landing delay, less all that may hold one up before."""
_SHORT, _LONG = 4.0, 7200.0
"""Seconds that a process is stopped for: less than a request may be late, or long."""
_JUMPS = tuple(timedelta(seconds=by) for by in (-3600, -1, 1, 3600, 365 * 86_400))
_STRIKES = 0.15
"""The share of the advances during which something happens to the process, if they last so long."""
_CONCURRENCY = 6
_PREY = ("2.3", "2.12")
"""What the broker would do twice: there a late request and a clock set ahead do the most harm together."""
_LONGEST = timedelta(days=20).total_seconds()
_MOST_WALKS = 40
"""A world whose journeys are advanced so often, each, goes round in circles."""
_KEY = Keyring.generate_key()


class World:
    """One world, to be lived once.

    Args:
        flows: the flows of its journeys, one for each journey.
        baselines: what each flow does undisturbed, by name; empty: to find that out.
        rng: chance.
        clock: the true time, which the event loop moves.
        disturbed: whether anything goes wrong.
    """

    def __init__(
        self,
        flows: Sequence[type[Flow]],
        baselines: Mapping[str, Baseline],
        rng: random.Random,
        clock: LoopClock,
        *,
        disturbed: bool = True,
    ) -> None:
        self._rng = rng
        self._disturbed = disturbed
        self._baselines = baselines
        self.true = clock
        self.machine = MachineClock(clock)
        self._stir = asyncio.Event()
        self.journal = SharedJournal(self._stir.set)
        self.sandbox = Sandbox(SandboxConfig(seed=rng.getrandbits(32)), clock)
        self.desk = NearDesk(self.sandbox)
        self.inputs = self.refusals = 0
        self.counts: Counter[str] = Counter()
        self._turns = disturbed and rng.random() < 0.4  # noqa: PLR2004 - in most worlds nobody sets a clock
        self._attempts = rng.choice((3, 5, 8))
        self._events: dict[str, asyncio.Event] = {}
        self._numbers: dict[str, int] = {}
        self._departures: dict[str, list[Departure]] = {}
        self._trouble: list[str] = []
        self._processes: list[Process] = []
        self._owner: Process | None = None
        self._later: set[asyncio.Task[None]] = set()
        self.people = [
            Person(self, number, flow, random.Random(rng.getrandbits(64)), disturbed=disturbed)
            for number, flow in enumerate(flows)
        ]

    @property
    def front(self) -> Onboarding:
        """Where people start journeys and hand in what they have: a process that advances nothing."""
        return self._front

    # What people ask of the world

    def born(self, person: Person) -> None:
        """A journey was started."""
        self._numbers[person.journey] = person.number
        self._stir.set()

    def watch(self, journey: str) -> asyncio.Event:
        """Set when the journey is next written."""
        event = self._events.get(journey)
        if event is None or event.is_set():
            event = self._events[journey] = asyncio.Event()
        return event

    async def truth(self, person: Person, state: str) -> bool:
        """Whether the request that a journey is in doubt about took effect."""
        history = await self.journal.history(person.journey)
        baseline = self._baselines[person.flow.definition.name]
        return landed(person.flow, baseline, state, history, self.desk.ledger(person.role.subjects))

    # The whole of it

    async def live(self) -> Tale:
        """Live it, and judge it."""
        settings = Settings.model_construct(keys=[SecretStr(_KEY)], journal="memory://", flows=[], worker=False)
        self._front = Onboarding(
            settings, flows={person.flow for person in self.people}, worker=False, journal=self.journal,
            clock=self.machine, rng=random.Random(0),
        )  # fmt: skip
        async with self._front:
            if self._disturbed:
                for rule in faults(self._rng, RATE, _LATEST, LANDING_DELAY.total_seconds()):
                    self.sandbox.faults.add(rule)
            if self._turns:
                for section in _PREY:
                    rule = FaultRule(endpoint=section, kind=FaultKind.LATE_LANDING, seconds=_LATEST, rate=RATE,
                                     seed=self._rng.getrandbits(32))  # fmt: skip
                    self.sandbox.faults.add(rule)
            self._site = Site(
                journal=self.journal, sealer=self._front.engine.sealer, sandbox=self.sandbox, true=self.true,
                machine=self.machine, rate=RATE if self._disturbed else 0.0, attempts=self._attempts,
                changed=self._changed, departed=self._departed, strike=self._strike, struck=self._struck,
                failed=self._failed, ended=self._stir.set,
            )  # fmt: skip
            self._follow_on()
            driver = asyncio.create_task(self._drive())
            meddler = asyncio.create_task(self._turn_clocks() if self._turns else asyncio.sleep(0))
            try:
                async with asyncio.timeout(_LONGEST):
                    await asyncio.gather(*(person.live() for person in self.people))
                    while await self._due() or any(process.at_work for process in self._processes):
                        await self.true.sleep(20)
            except TimeoutError:
                self._trouble.append("some journeys never came to an end")
            for task in (driver, meddler, *self._later):
                task.cancel()
            await asyncio.wait((driver, meddler))
            for process in self._processes:
                process.kill()
            tale = await self._tell()
            for process in self._processes:
                await process.close()
            return tale

    # Who advances journeys

    def _follow_on(self) -> None:
        """A new process becomes the owner."""
        self._owner = Process(
            self._site, f"worker-{len(self._processes) + 1}", random.Random(self._rng.getrandbits(64))
        )
        self._processes.append(self._owner)
        self._stir.set()

    async def _drive(self) -> None:
        """Let the owner advance what is due, for ever."""
        while True:
            self._stir.clear()
            for journey in await self._due():
                if self._owner is not None:
                    self._owner.take(journey)
                if self._site.walks > _MOST_WALKS * len(self.people):
                    self._trouble.append("some journeys go round in circles")
                    raise TimeoutError
            wait = await self._until_due()
            try:
                async with asyncio.timeout(wait):
                    await self._stir.wait()
            except TimeoutError:
                pass

    async def _due(self) -> list[str]:
        if self._owner is None:
            return []
        busy = self._owner.busy
        ids = await self.journal.claim(self.machine.now(), len(self.people), busy)
        room = _CONCURRENCY - len(busy)
        return sorted((journey for journey in ids if journey in self._numbers), key=self._numbers.__getitem__)[
            : max(0, room)
        ]

    async def _until_due(self) -> float | None:
        if self._owner is None:
            return None
        busy = self._owner.busy
        due = await self.journal.next_due(self.machine.now(), busy)
        wait = 60.0 if due is None else (due - self.machine.now()).total_seconds()
        return max(0.25, min(wait, 5.0 if busy else wait))

    # What goes wrong

    def _strike(self, _: Process) -> int:
        """At which await of the next advance something happens to its process."""
        if not self._disturbed or self._rng.random() >= _STRIKES:
            return 0
        return 1 + int(self._rng.expovariate(0.4))

    def _struck(self, process: Process) -> None:
        """It happens now."""
        if process is not self._owner:
            return
        rng, self._owner = self._rng, None
        match rng.random():
            case dice if dice < 0.6:  # noqa: PLR2004 - shares of one
                self.counts["crashes"] += 1
                process.kill()
            case dice if dice < 0.85:  # noqa: PLR2004
                self.counts["processes stopped"] += 1
                overdue = rng.random() < 0.5  # noqa: PLR2004
                process.stop()
                self._in(rng.random() * (_LONG if overdue else _SHORT), lambda: process.go_on(overdue=overdue))
            case _:
                self.counts["takeovers"] += 1
        self._in(0.05 + rng.random() * 2, self._follow_on)

    async def _turn_clocks(self) -> None:
        for _ in range(self._rng.randint(1, 5)):
            if self._rng.random() < 0.6:  # noqa: PLR2004 - mostly when it does the most harm
                await self._something_late()
            else:
                await self.true.sleep(self._rng.random() * 60)
            self.counts["clock jumps"] += 1
            self.machine.jump(self._rng.choice(_JUMPS))
            self._stir.set()

    async def _something_late(self) -> None:
        """Until a request is on its way that will land late, or it is of no use to wait for one."""
        late = [fault for fault in self.sandbox.faults if fault.rule.endpoint in _PREY]
        before = sum(fault.fired for fault in late)
        for _ in range(300):
            if sum(fault.fired for fault in late) > before:
                return
            await self.true.sleep(0.2)

    def _in(self, seconds: float, act: object) -> None:
        async def then() -> None:
            await self.true.sleep(seconds)
            assert callable(act)
            act()

        task = asyncio.create_task(then())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    # What is seen of it

    def _changed(self, journey: str) -> None:
        if journey in self._events:
            self._events[journey].set()

    def _departed(self, departure: Departure) -> None:
        self._departures.setdefault(departure.journey, []).append(departure)

    def _failed(self, journey: str, error: BaseException) -> None:
        self._trouble.append(f"the engine raised {type(error).__name__} on journey {self._numbers[journey]}")

    async def _tell(self) -> Tale:
        self.sandbox.advance_clock(LANDING_DELAY.total_seconds())
        tale, digest = Tale(trouble=self._trouble), hashlib.sha256()
        for person in self.people:
            if not person.journey:
                continue
            journey = await self._front.get(person.journey)
            history = await self.journal.history(person.journey)
            ledger = self.desk.ledger(person.role.subjects)
            baseline = self._baselines.get(person.flow.definition.name) or Baseline.of(journey, history, ledger)
            definition, data = person.flow.definition, journey.data
            lengths = {
                name: length
                for name in definition.states
                if data is not None and (length := definition.up_to(data, name)) is not None
            }
            stored = await self.journal.load(person.journey)
            life = Lived(
                flow=person.flow, baseline=baseline, journey=journey, history=history, ledger=ledger,
                departures=self._departures.get(person.journey, ()), wrong=person.wrong, lengths=lengths,
                unanswered=len(stored.messages),
            )  # fmt: skip
            tale.lives.append(life)
            tale.judgements.append(judge_life(life))
            for line in lines_of(life):
                digest.update(f"{person.number} {line}\n".encode())
        tale.digest = digest.hexdigest()
        tale.counts = self.counts + Counter(
            {
                "requests": len(self.sandbox.requests.entries()),
                "faults": sum(fault.fired for fault in self.sandbox.faults)
                + sum(process.wire.refused for process in self._processes),
                "inputs": self.inputs, "inputs refused": self.refusals, "writes refused": self._site.conflicts,
                "processes": len(self._processes), "advances": self._site.walks,
            }
        )  # fmt: skip
        return tale
