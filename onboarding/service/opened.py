"""What an ``Onboarding`` is made of, opened and closed, and how a journey is shown: what its sections share."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from onboarding.changes import Changes
from onboarding.clock import Clock, SystemClock
from onboarding.connect import account_api, temporal_worker
from onboarding.drivers import Worker
from onboarding.engine import Backoff, Engine, Event, Journey, Rules, Sealer, view
from onboarding.errors import NotPossible
from onboarding.journal import Head, Journal, Status, Stored, open_journal
from onboarding.keys import keyring_for, pepper_of
from onboarding.leaving import to_its_end
from onboarding.log import log
from onboarding.machine import Flow, Registry
from onboarding.machine.web_address import web_hosts
from onboarding.settings import Settings

if TYPE_CHECKING:
    from onboarding.drivers.temporal.worker import TemporalWorker

__all__ = ["Opened"]


class Opened:
    """The parts of an ``Onboarding``, which says what the arguments are."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        flows: Iterable[type[Flow] | str] = (),
        worker: bool | Literal["temporal"] = True,
        api: Any = None,
        journal: Journal | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        tell: Callable[[Event], Any] | None = None,
    ) -> None:
        self.settings = settings if settings is not None else Settings.load()
        self.flows = Registry([*self.settings.flows, *flows])
        self._context = web_hosts(self.settings.avatar_hosts)
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._tell_user = tell
        self._with_worker = bool(worker)
        self._through_temporal = worker == "temporal"
        self._api = api
        self._journal = journal
        self._stack = AsyncExitStack()
        self._changes = Changes(self._clock)
        self._stack.callback(self._changes.close)
        self._worker: Worker | TemporalWorker | None = None
        self._passes = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Open the journal, and begin to advance what is due."""
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let what is under way come to rest, then close everything."""
        await to_its_end(self._stack.aclose())

    async def _open(self) -> None:
        settings = self.settings
        journal = self._journal or open_journal(settings.journal_url)
        await journal.open()
        self._stack.push_async_callback(journal.close)
        self._journal = journal
        keyring = await keyring_for(journal, settings)
        self._sealer = Sealer(keyring, self.flows, await pepper_of(journal, keyring))
        api = self._api
        if api is None and self._with_worker:
            api = await self._stack.enter_async_context(account_api(settings, self._clock))
        rules = Rules(
            landing_delay=settings.landing_delay, step_limit=settings.step_limit,
            backoff=Backoff(settings.backoff_base, settings.backoff_cap, settings.attempts),
            poll_every=settings.poll_every, cooldown=settings.cooldown, clock=self._clock, rng=self._rng,
            worker=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}", tell=self._tell,
            rests=self._changes.rests,
        )  # fmt: skip
        self.engine = Engine(journal, self._sealer, api, rules)
        if self._with_worker:
            if self._through_temporal:
                self._worker = await temporal_worker(settings, self.engine, journal, self._clock)
            else:
                self._worker = Worker(self.engine, journal, self._clock, concurrency=settings.concurrency)
            task = asyncio.create_task(self._worker.run())
            self._stack.push_async_callback(self._end_worker, task)
        journal.on_news(self._heard)

    async def _end_worker(self, task: asyncio.Task[None]) -> None:
        assert self._worker is not None
        self._worker.stop()
        await task

    @property
    def journal(self) -> Journal:
        """The durable record."""
        if self._journal is None:
            raise NotPossible("it is not open; use it as: async with Onboarding() as onboarding")
        return self._journal

    @property
    def is_owner(self) -> bool:
        """Whether the journeys are advanced here, not by another process."""
        return self._worker is not None and self._worker.owner

    # A journey as it is shown

    def _view(self, head: Head) -> Journey:
        try:
            definition = self.flows[head.flow].definition
        except Exception:  # noqa: BLE001 - unknown here, or its package does not load: its head can be shown
            definition = None
        return view(head, definition)

    def _shown(self, stored: Stored) -> Journey:
        head = stored.head
        if (shown := self._view(head)).outcome is not None and shown.outcome.forgotten:
            return shown
        flow, _, _ = self._sealer.unseal(
            head.id,
            stored.data,
            flow=head.flow,
            version=head.version,
            state=head.state,
            ended=head.status.is_final,
        )
        return view(head, type(flow).definition, flow, stored.last)

    async def _get_or_view(self, head: Head) -> Journey:
        """With its data where they can be read: a parked journey's may not, nor one's that an older version ended."""
        try:
            return self._shown(await self.journal.load(head.id, last=True))
        except Exception:
            if head.status is Status.PARKED or head.status.is_final:
                return self._view(head)
            raise

    # What is told to it, and what it tells

    def _wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()

    def _heard(self, news: str) -> None:
        """Another process has done something: looked at what was asked of a journey, or made work."""
        if news:
            self._changes.tell(news, rests=False)
        else:
            self._wake()

    def _tell(self, event: Event) -> None:
        row = event.transition
        self._changes.tell(row.journey, rests=event.status.rests)
        log.log(
            "WARNING" if row.trigger == "parked" else "INFO", "{} {}: {} -> {} ({})", event.flow, row.journey,
            row.source or "·", row.dest, f"{row.trigger}: {row.detail}" if row.trigger == "parked" else row.trigger,
            journey=row.journey, flow=event.flow, seq=row.seq, trigger=row.trigger, source=row.source, dest=row.dest,
            attempt=row.attempt, duration=row.duration, mcode=row.mcode, endpoint=row.endpoint,
            status=event.status.value,
        )  # fmt: skip
        if self._tell_user is not None:
            self._tell_user(event)
