"""A simulated process that advances journeys: it can be killed, stopped for a while, and be overtaken."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import httpx

from onboarding.api import ENDPOINTS, AccountApi, Effect
from onboarding.engine import Backoff, Engine, Rules, Sealer
from onboarding.errors import JournalConflict, JournalError
from onboarding.journal import Journal, MemoryJournal
from onboarding.sandbox import Sandbox
from onboarding.verify.simulation.clocks import LoopClock, MachineClock
from onboarding.verify.simulation.commits import Commits
from onboarding.verify.simulation.walk import Walk
from onboarding.verify.simulation.wire import WALKING, Departure, Wire

__all__ = ["LANDING_DELAY", "Process", "Site"]

LANDING_DELAY = timedelta(seconds=30)
_ADDRESS = "http://127.0.0.1:9"
_EFFECTS = {endpoint.section: endpoint.effect for endpoint in ENDPOINTS.values()}
_INTENT = 1.0
"""Seconds that an intent is older than its request at most."""
_SHUNNED = 5.0
"""Seconds before a journey that could not be written is taken up again, as the worker has it."""


@dataclass(slots=True, kw_only=True)
class Site:
    """What all processes of a world share."""

    journal: MemoryJournal
    sealer: Sealer
    sandbox: Sandbox
    true: LoopClock
    machine: MachineClock
    rate: float
    attempts: int
    changed: Callable[[str], None]
    departed: Callable[[Departure], None]
    strike: Callable[[Process], int]
    """At which await of the next advance something happens to its process; 0: at none."""
    struck: Callable[[Process], None]
    failed: Callable[[str, BaseException], None]
    ended: Callable[[], None]
    arrived: Callable[[Departure], None] | None = None
    walks: int = 0
    conflicts: int = 0


@dataclass(slots=True, eq=False)
class _Taken:
    walk: Walk
    task: asyncio.Task[None]
    context: contextvars.Context = field(repr=False)


class Process:
    """A process with an engine, connections and a way into the journal of its own.

    Args:
        site: what it shares with the others.
        name: who is written into the history.
        rng: chance.
    """

    def __init__(self, site: Site, name: str, rng: random.Random) -> None:
        self.name = name
        self.rng = rng
        self._site = site
        self._taken: dict[str, _Taken] = {}
        self._left: list[_Taken] = []
        self._shunned: dict[str, float] = {}
        self._frozen: list[asyncio.Future[None]] | None = None
        self._was_stopped = False
        self._overdue: set[str] = set()
        self.journal = Commits(site.journal, rng, self._committed, disturbed=site.rate > 0)
        self.wire = Wire(site.sandbox, site.true, rng, site.rate, self._depart, site.arrived)
        self._client = httpx.AsyncClient(transport=self.wire, trust_env=False, verify=False)  # noqa: S501 - it never connects
        config = site.sandbox.config
        self.api = AccountApi(
            _ADDRESS, tenant_id=config.tenant_id, token=config.token, client=self._client, clock=site.machine
        )
        rules = Rules(
            landing_delay=LANDING_DELAY,
            backoff=Backoff(attempts=site.attempts),
            clock=site.machine,
            rng=rng,
            worker=name,
        )
        self.engine = Engine(cast("Journal", self.journal), site.sealer, self.api, rules)

    @property
    def busy(self) -> set[str]:
        """The journeys that it advances, or leaves alone for a moment."""
        now = self._site.true.monotonic()
        self._shunned = {journey: until for journey, until in self._shunned.items() if until > now}
        return {*self._taken, *self._shunned}

    @property
    def at_work(self) -> bool:
        """Whether it advances any."""
        return bool(self._taken)

    def take(self, journey: str) -> None:
        """Advance a journey, in a task of its own."""
        site = self._site
        site.walks += 1
        when = site.strike(self)

        def at_await(number: int) -> None:
            if number == when:
                site.struck(self)

        context = contextvars.copy_context()
        context.run(WALKING.set, journey)
        walk = Walk(self.engine.advance(journey), self._gate, at_await)
        task = asyncio.get_running_loop().create_task(self._advance(journey, walk), context=context)
        self._taken[journey] = _Taken(walk, task, context)

    async def _advance(self, journey: str, walk: Walk) -> None:
        try:
            await walk
        except JournalConflict:
            self._site.conflicts += 1
        except JournalError:
            self._shunned[journey] = self._site.true.monotonic() + _SHUNNED
        except Exception as error:  # noqa: BLE001 - an engine that raises is a finding
            self._site.failed(journey, error)
        finally:
            if not walk.dead:
                self._taken.pop(journey, None)
            self._site.ended()

    # What can happen to it

    def kill(self) -> None:
        """End it: no line of its code is run any more. What it had sent may arrive or not."""
        for departure in self.wire.under_way.values():
            departure.lost = departure.lost or self.rng.random() < 0.5  # noqa: PLR2004 - either
        self.journal.die()
        for taken in self._taken.values():
            taken.walk.dead = True
            taken.task.cancel()
        self._left += self._taken.values()
        self._taken = {}

    def stop(self) -> None:
        """Stop it where it is."""
        self._frozen = []
        self._was_stopped = self.journal.stopped = True

    def go_on(self, *, overdue: bool) -> None:
        """Let a stopped process go on.

        Args:
            overdue: whether it was stopped for longer than a request may be late. What had an intent committed, and
                not sent its request yet, then goes no further than to the wire: there the lock, which such a
                process can lose only with its life, is all that keeps the request from leaving.
        """
        if overdue:
            self._overdue = set(self._taken)
        self.journal.stopped = False
        self.journal.commit()
        frozen, self._frozen = self._frozen or [], None
        for waiter in frozen:
            if not waiter.done():
                waiter.set_result(None)

    async def close(self) -> None:
        """Let go of everything, when nothing is looked at any more."""
        await self.api.aclose()
        await self._client.aclose()
        for taken in self._left:
            with suppress(Exception):
                taken.context.run(taken.walk.close)

    def _gate(self) -> asyncio.Future[None] | None:
        """What code of this process waits for before it goes on, while it is stopped."""
        if self._frozen is None:
            return None
        waiter = asyncio.get_running_loop().create_future()
        self._frozen.append(waiter)
        return waiter

    def _committed(self, journey: str) -> None:
        self._overdue.discard(journey)  # nobody had taken it over
        self._site.changed(journey)

    def _depart(self, section: str) -> Departure:
        journey = WALKING.get()
        if journey in self._overdue and _EFFECTS[section] is not Effect.READ:
            if (taken := self._taken.pop(journey, None)) is not None:
                taken.walk.dead = True
                taken.task.cancel()
                self._left.append(taken)
            raise httpx.ConnectError("it is not the owner any more")
        machine = self._site.machine
        stale = self._was_stopped or machine.monotonic() - machine.set_at < _INTENT
        departure = Departure(journey, section, machine.now(), stale=stale)
        self._site.departed(departure)
        return departure
