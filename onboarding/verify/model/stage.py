"""Two stages: the engine with all that belongs to it, and the reference, each before a sandbox of its own."""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from uuid_utils import uuid7

from onboarding.api import ENDPOINTS, AccountApi, Effect
from onboarding.engine import Parked
from onboarding.engine.messages import APPLIED, check_input
from onboarding.journal import Keyring, Message, MessageKind, Phase, Status
from onboarding.machine import Flow
from onboarding.machine.fields import REVEAL
from onboarding.sandbox import Sandbox, SandboxConfig
from onboarding.sandbox.faults import FaultRule
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.model.reference import ATTEMPTS, Reference
from onboarding.verify.rehearsal import Role, answer_of, cast
from onboarding.verify.simulation.clocks import LoopClock, MachineClock, VirtualLoop
from onboarding.verify.simulation.commits import SharedJournal
from onboarding.verify.simulation.desk import NearDesk
from onboarding.verify.simulation.process import Process, Site
from onboarding.verify.simulation.wire import Departure, Wire
from onboarding.verify.simulation.world import START

__all__ = ["Stage"]

_EFFECTS = {endpoint.section: endpoint.effect for endpoint in ENDPOINTS.values()}
_MOST_TAKES = 50
_KEY = Keyring.generate_key()


class _Never(random.Random):
    """No chance: the least of everything."""

    def random(self) -> float:
        return 0.0

    def randint(self, a: int, b: int) -> int:
        """All that was handed in before a crash is committed."""
        del a
        return b


class Stage:
    """One journey of a flow, played twice.

    Args:
        flow: the flow.
        seed: makes its person, and the sandboxes' codes.
    """

    def __init__(self, flow: type[Flow], seed: int) -> None:
        self.flow = flow
        self.clock = LoopClock(START)
        self._loop = VirtualLoop(self.clock)
        self._crash: str | None = None
        self._twin_crash: str | None = None
        self._failure = ""
        self.sandboxes = [Sandbox(SandboxConfig(seed=seed), self.clock) for _ in range(2)]
        self.desks = [NearDesk(sandbox) for sandbox in self.sandboxes]
        review = [(0.0, "Submited"), (120.0, "Handling"), (700.0, "Finished")]
        roles = [cast(flow, desk, random.Random(seed), review=review) for desk in self.desks]
        self.role: Role = roles[0]
        self._loop.run_until_complete(self._open(roles[1]))

    # What is done on both

    def settle(self) -> None:
        """Let both do all that is to be done now."""
        self._loop.run_until_complete(self._settle())

    def sleep(self, seconds: float) -> None:
        """Let so much time pass, and nobody look at it."""
        self._loop.run_until_complete(asyncio.sleep(seconds))

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, then what follows from it."""
        self.sleep(seconds)
        self.settle()

    def go_on(self) -> None:
        """Let time pass until there is something to do."""
        due = self.reference.due
        self.pass_time(max(0.0, (due - self.clock.now()).total_seconds()) if due is not None else 1.0)

    def play_on(self) -> None:
        """What is expected: the right answer where one is awaited, else time."""
        given = self.answer(None) if self.reference.status == "waiting" else None
        if given is None:
            self.go_on()
        else:
            self.hand_in(*given)

    @property
    def called(self) -> tuple[str, ...]:
        """The sections of the endpoints that were called, each once."""
        entries = self.sandboxes[0].requests.entries()
        return tuple(dict.fromkeys(entry.endpoint for entry in entries if entry.endpoint is not None))

    def trouble(self, **rule: Any) -> None:
        """The next request meets a fault; with the rule's words, another one, or several."""
        for sandbox in self.sandboxes:
            sandbox.faults.clear()
            sandbox.faults.add(FaultRule(**{"endpoint": "*", "times": 1, **rule}))

    def crash(self, when: str) -> None:
        """The process ends during the next request: before it arrives, or when it took effect."""
        self._crash = when

    def hand_in(self, name: str, values: dict[str, str]) -> tuple[bool, bool]:
        """An input on both; by whom it was accepted."""
        return self._loop.run_until_complete(self._hand_in(name, values))

    def decide(self, kind: MessageKind, **values: Any) -> tuple[bool, bool]:
        """A decision on both; by whom it was accepted."""
        return self._loop.run_until_complete(self._decide(kind, values))

    def answer(self, code: str | None) -> tuple[str, dict[str, str]] | None:
        """What the present state waits for; without a code, the newest one."""
        newest = self.desks[0].latest_code(self.role.to or "")
        return answer_of(self.flow.definition, self.reference.state, newest if code is None else code)

    def close(self) -> None:
        """Let go of everything."""
        self._loop.run_until_complete(self._close())
        self._loop.close()

    # What is seen of both

    def divergence(self) -> str:
        """In what the engine's journey is not what the reference says; empty: in nothing."""
        return self._loop.run_until_complete(self._compare())

    # Within

    async def _open(self, twin: Role) -> None:
        machine = MachineClock(self.clock)
        self._journal = SharedJournal(lambda: None)
        settings = Settings.model_construct(keys=[SecretStr(_KEY)], journal="memory://", flows=[])
        self._front = Onboarding(
            settings, flows=[self.flow], worker=False, journal=self._journal, clock=machine, rng=_Never()
        )
        await self._front.__aenter__()
        self._site = Site(
            journal=self._journal, sealer=self._front.engine.sealer, sandbox=self.sandboxes[0], true=self.clock,
            machine=machine, rate=0.0, attempts=ATTEMPTS, changed=lambda _: None, departed=self._departed,
            strike=lambda _: 0, struck=lambda _: None, failed=self._failed, ended=lambda: None, arrived=self._arrived,
        )  # fmt: skip
        self._processes = [Process(self._site, "worker-1", _Never())]
        wire = Wire(self.sandboxes[1], self.clock, _Never(), 0.0, self._twin_departs, self._twin_arrived)
        self._client = httpx.AsyncClient(transport=wire, trust_env=False, verify=False)  # noqa: S501 - it never connects
        config = self.sandboxes[1].config
        self._api = AccountApi(
            "http://127.0.0.1:9", tenant_id=config.tenant_id, token=config.token, client=self._client, clock=self.clock
        )
        self.journey = (await self._front.start(self.flow, **self.role.fields)).id
        flow = self.flow.model_validate(copy.deepcopy(twin.fields))
        self.reference = Reference(flow, self._api, self.clock.now)

    async def _settle(self) -> None:
        takes = 0
        while self.journey in await self._journal.claim(self.clock.now(), 1):
            if (takes := takes + 1) > _MOST_TAKES:
                self._failure = "it is due again and again, and nothing comes of it"
                return
            process = self._processes[-1]
            process.take(self.journey)
            while process.at_work:  # noqa: ASYNC110 - no time may pass, and there is nothing else to wait for
                await asyncio.sleep(0)
        await self.reference.advance()

    async def _hand_in(self, name: str, values: dict[str, str]) -> tuple[bool, bool]:
        kept = check_input(self.flow.definition, name, values)
        number = await self._post(MessageKind.INPUT, name, kept)
        said = self.reference.hand_in(name, values)
        await self._settle()
        return await self._journal.verdict(number) == APPLIED, said

    async def _decide(self, kind: MessageKind, values: dict[str, Any]) -> tuple[bool, bool]:
        number = await self._post(kind, kind.value, {**values, "reason": "seen"} if values else {})
        match kind:
            case MessageKind.CANCEL:
                said = self.reference.cancel()
            case MessageKind.RETRY:
                said = self.reference.retry()
            case _:
                said = self.reference.resolve(landed=values["landed"])
        await self._settle()
        return await self._journal.verdict(number) == APPLIED, said

    async def _post(self, kind: MessageKind, name: str, values: dict[str, Any]) -> str:
        number = str(uuid7())
        payload = self._site.sealer.seal_payload(self.journey, number, values) if values else None
        message = Message(id=number, journey=self.journey, kind=kind, name=name, payload=payload, at=self.clock.now())
        await self._journal.post(message)
        return number

    # Crashes, the same on both stages

    def _departed(self, departure: Departure) -> None:
        if self._crash == "before":
            departure.lost = True
            self._kill()

    def _arrived(self, departure: Departure) -> None:
        del departure
        if self._crash == "after":
            self._kill()

    def _kill(self) -> None:
        self._twin_crash, self._crash = self._crash, None
        self._processes[-1].kill()
        self._processes.append(Process(self._site, f"worker-{len(self._processes) + 1}", _Never()))

    def _twin_departs(self, section: str) -> Departure:
        self.reference.left |= _EFFECTS[section] is not Effect.READ
        departure = Departure(self.journey, section, self.clock.now())
        if self._twin_crash == "before":
            self._twin_crash, self.reference.killed, departure.lost = None, True, True
        return departure

    def _twin_arrived(self, departure: Departure) -> None:
        del departure
        if self._twin_crash == "after":
            self._twin_crash, self.reference.killed = None, True
            raise httpx.ReadError("the process has ended")

    def _failed(self, journey: str, error: BaseException) -> None:
        del journey
        self._failure = f"the engine raised {type(error).__name__}"

    # Comparing

    async def _compare(self) -> str:
        stored, twin = await self._journal.load(self.journey), self.reference
        head = stored.head
        if self._failure:
            return self._failure
        flow, book, _ = self._site.sealer.unseal(
            head.id, stored.data, flow=head.flow, version=head.version, state=head.state, ended=head.status.is_final
        )
        why = Parked.from_json(head.note or "").kind.value if head.status is Status.PARKED else ""
        pairs = {
            "state": (head.state, twin.state),
            "status": (head.status.value, twin.status),
            "the reason why it is parked": (why, twin.why),
            "whether it is in doubt": (head.phase is not Phase.READY, twin.checking or twin.crashed),
            "what was sent how often": (_counted(book.sends), _counted(twin.sends)),
            "what was fired how often": (_counted(book.fired), _counted(twin.fired)),
            "doubts": (book.doubts, twin.doubts),
            "failures": (book.failures, twin.failures),
            "the time of the next look": (_rounded(head.due), _rounded(twin.due)),
            "what happened to the person": _from_where_they_differ(self._effects(0), self._effects(1)),
        }
        for what, (engine, reference) in pairs.items():
            if engine != reference:
                return f"in {twin.state}, {what}: the engine has {engine}, the reference {reference}"
        if not head.status.is_final and _shown(flow) != _shown(twin.flow):
            names = sorted(name for name, value in _shown(flow).items() if _shown(twin.flow)[name] != value)
            return f"in {twin.state}, the fields {', '.join(names)} differ"
        return ""

    def _effects(self, number: int) -> list[str]:
        return [f"{entry.effect} at {entry.at}" for entry in self.desks[number].ledger(self.role.subjects)]

    async def _close(self) -> None:
        for process in self._processes:
            process.kill()
            await process.close()
        await self._api.aclose()
        await self._client.aclose()
        await self._front.__aexit__(None, None, None)


def _from_where_they_differ(one: list[str], other: list[str]) -> tuple[list[str], list[str]]:
    alike = 0
    while alike < min(len(one), len(other)) and one[alike] == other[alike]:
        alike += 1
    return one[alike:], other[alike:]


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: times for name, times in sorted(counts.items()) if times}


def _rounded(at: datetime | None) -> str:
    """To the tenth of a second: what was written as a number and read again differs by less."""
    return "" if at is None else f"{at + timedelta(seconds=0.05):%d %H:%M:%S.%f}"[:-5]


def _shown(flow: Flow) -> dict[str, Any]:
    unset = {name for name, value in flow.__dict__.items() if value is None}
    known = flow.model_dump(mode="json", context=REVEAL, exclude=unset, warnings=False)
    return {name: known.get(name) for name in type(flow).model_fields}
