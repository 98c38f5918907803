"""``Onboarding``: the one object that a user holds."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeAlias

from uuid_utils import uuid7

from onboarding.answers import Answer, ask
from onboarding.changes import Changes
from onboarding.clock import Clock, SystemClock
from onboarding.connect import account_api
from onboarding.drivers import Worker
from onboarding.engine import Backoff, Engine, Event, Journey, Rules, Sealer, view
from onboarding.engine.book import Book
from onboarding.engine.events import tell
from onboarding.engine.messages import check_input, raise_verdict
from onboarding.errors import InputRefused, InvalidData, NotPossible
from onboarding.frames import clean_frames
from onboarding.journal import (
    Head,
    Journal,
    Message,
    MessageKind,
    Query,
    Status,
    TransitionRecord,
    digest,
    open_journal,
)
from onboarding.keys import keyring_for, pepper_of
from onboarding.leaving import to_its_end
from onboarding.log import log
from onboarding.machine import Flow, Registry
from onboarding.settings import Settings
from onboarding.starting import fresh, opening

__all__ = ["Answer", "JourneyPage", "Onboarding"]

_VERDICT_TIMEOUT = 10.0
"""Seconds for the owner of the journal to look at what was handed in."""
_ALONE = 30.0
"""Seconds that a journey may be due before who waits for it is told that nobody advances it."""


History: TypeAlias = list[TransitionRecord]
"""A journey's transitions, oldest first."""


class JourneyPage(tuple[Journey, ...]):  # noqa: SLOT001 - a tuple with one attribute
    """A page of journeys, newest first.

    Attributes:
        next: hand it to ``list(after=…)`` for the following page; None on the last.
    """

    next: str | None = None


class Onboarding:
    """Starts journeys, hands inputs to them, and advances them.

    Use it as an async context manager; inside, an embedded worker advances whatever is due, unless another
    process does. Leaving it lets what is under way come to rest; nothing is lost by a crash.

    Args:
        settings: how; without, they are read from the environment (``Settings.load()``).
        flows: flows of your own, as classes or ``package.module:Class``, beside the installed ones.
        worker: whether to advance journeys here. Without, another process must (``onboarding worker``).
        api: what the steps call; without, an ``AccountApi`` made from the settings.
        journal: the durable record; without, the one that the settings name.
        clock: the time.
        rng: chance, for jitter.
        tell: called with every transition, an ``Event``, once it is durable.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        flows: Iterable[type[Flow] | str] = (),
        worker: bool = True,
        api: Any = None,
        journal: Journal | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        tell: Callable[[Event], Any] | None = None,
    ) -> None:
        self.settings = settings if settings is not None else Settings.load()
        self.flows = Registry([*self.settings.flows, *flows])
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._tell_user = tell
        self._with_worker = worker
        self._api = api
        self._journal = journal
        self._stack = AsyncExitStack()
        self._changes = Changes(self._clock)
        self._worker: Worker | None = None

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
        self._pepper = await pepper_of(journal, keyring)
        self._sealer = Sealer(keyring, self.flows)
        api = self._api
        if api is None and self._with_worker:
            api = await self._stack.enter_async_context(account_api(settings, self._clock))
        rules = Rules(
            landing_delay=settings.landing_delay,
            backoff=Backoff(settings.backoff_base, settings.backoff_cap, settings.attempts),
            poll_every=settings.poll_every, cooldown=settings.cooldown, clock=self._clock, rng=self._rng,
            worker=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}", tell=self._tell,
        )  # fmt: skip
        self.engine = Engine(journal, self._sealer, api, rules)
        if self._with_worker:
            self._worker = Worker(self.engine, journal, self._clock, concurrency=settings.concurrency)
            task = asyncio.create_task(self._worker.run())
            self._stack.push_async_callback(self._end_worker, task)

    async def _end_worker(self, task: asyncio.Task[None]) -> None:
        assert self._worker is not None
        self._worker.stop()
        await task

    @property
    def journal(self) -> Journal:
        """The durable record."""
        assert self._journal is not None, "use it as: async with Onboarding() as onboarding"
        return self._journal

    @property
    def is_owner(self) -> bool:
        """Whether the journeys are advanced here, not by another process."""
        return self._worker is not None and self._worker.owner

    # Journeys

    @clean_frames
    async def start(self, flow: type[Flow] | str | Flow, /, *, key: str | None = None, **fields: Any) -> Journey:
        """Start a journey; it is durable when this returns.

        Args:
            flow: the flow's name, its class, or an instance with its fields.
            key: makes it idempotent: a second start of the flow with the same key returns the first journey.
            fields: the flow's fields.

        Raises:
            UnknownFlow: no flow of that name.
            InvalidData: the fields do not fit; the message names each, never its value.
            JournalError: it could not be stored.
        """
        kind = self.flows.resolve(type(flow) if isinstance(flow, Flow) else flow)
        data = fresh(kind, flow if isinstance(flow, Flow) else None, fields)
        head, first = opening(kind.definition, data, self._clock.now(), self.engine.rules.worker)
        sealed = self._sealer.seal(head.id, data, Book())
        stored = await self.journal.create(head, sealed, first, None if key is None else digest(self._pepper, key))
        if stored.id == head.id:
            tell(self._tell, Event(head.flow, head.status, first))
        self._wake()
        return self._view(stored)

    @clean_frames
    async def get(self, journey: str) -> Journey:
        """A journey with its data. Raises ``UnknownJourney``, or what keeps its data from being read."""
        stored = await self.journal.load(journey)
        head = stored.head
        flow, _, _ = self._sealer.unseal(
            head.id,
            stored.data,
            flow=head.flow,
            version=head.version,
            state=head.state,
            ended=head.status.is_final,
        )
        return view(head, type(flow).definition, flow)

    async def list(
        self,
        *,
        flow: type[Flow] | str | None = None,
        status: Status | str | Iterable[Status | str] = (),
        state: str | None = None,
        older_than: timedelta | None = None,
        newer_than: timedelta | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> JourneyPage:
        """A page of journeys, newest first, without their data.

        Args:
            flow: only this flow's.
            status: only of this status, or of one of these.
            state: only in this state.
            older_than: only those started longer ago.
            newer_than: only those started since.
            after: the ``next`` of the page before.
            limit: how many a page, at most 1000.
        """
        now = self._clock.now()
        statuses = (status,) if isinstance(status, str) else tuple(status)
        page = await self.journal.find(
            Query(
                flow=flow if isinstance(flow, str) or flow is None else flow.definition.name,
                status=tuple(_status(each) for each in statuses),
                state=state,
                created_before=None if older_than is None else now - older_than,
                created_after=None if newer_than is None else now - newer_than,
                after=after,
                limit=max(1, min(limit, 1000)),
            )
        )
        found = JourneyPage(self._view(head) for head in page.heads)
        found.next = page.next
        return found

    async def count(self) -> dict[tuple[str, str, str], int]:
        """How many journeys there are, by (flow, status, state)."""
        return await self.journal.count()

    async def history(self, journey: str) -> History:
        """A journey's transitions, oldest first. Raises ``UnknownJourney``."""
        await self.journal.head(journey)
        return await self.journal.history(journey)

    @clean_frames
    async def send(self, journey: str, name: str, /, **values: Any) -> Journey:
        """Hand an input to a journey; it is applied and durable when this returns.

        Raises:
            InputRefused: not accepted now, or no more (``retry_at`` says when, where that is known).
            InvalidData: the values do not fit.
            NotPossible: nobody advances journeys, so nobody looked at it; it was taken back.
        """
        head = await self.journal.head(journey)
        if head.status.is_final:
            raise InputRefused(f"the journey has ended in {head.state!r}")
        if head.status is Status.PARKED:
            raise InputRefused(f"the journey is parked in {head.state!r}, so it takes no input; see onboarding show")
        kept = check_input(self.flows[head.flow].definition, name, values)
        return await self._ask(journey, MessageKind.INPUT, name, kept)

    @clean_frames
    async def cancel(self, journey: str, reason: str = "") -> Journey:
        """End a journey where it stands. Raises ``NotPossible`` if it has ended."""
        return await self._ask(journey, MessageKind.CANCEL, "cancel", {"reason": reason})

    @clean_frames
    async def retry(self, journey: str) -> Journey:
        """Try the present step anew: a parked journey's, or one that waits for its next try.

        Raises ``NotPossible`` where there is nothing to try, or where it is in doubt (``resolve`` it).
        """
        return await self._ask(journey, MessageKind.RETRY, "retry", {})

    @clean_frames
    async def resolve(self, journey: str, *, landed: bool, reason: str, by: str = "") -> Journey:
        """Say what became of the request of a journey that is parked in doubt.

        Args:
            journey: its id.
            landed: whether the request took effect: then the journey goes on as after a success, else the
                request is sent again.
            reason: on which evidence; the journal keeps it.
            by: who says so.
        """
        if not reason.strip():
            raise InvalidData("say on which evidence: reason must not be empty")
        values = {"landed": landed, "reason": reason, "by": by}
        return await self._ask(journey, MessageKind.RESOLVE, "resolve", values)

    @clean_frames
    async def wait(self, journey: str, *, timeout: float | None = None) -> Journey:  # noqa: ASYNC109 - the clock is handed in
        """Wait until a journey has ended, waits for an input, or is parked.

        Args:
            journey: its id.
            timeout: seconds at most; then it is returned as it is.

        Raises ``NotPossible`` without a timeout where it is due, and no process advances journeys.
        """
        until = None if timeout is None else self._clock.now() + timedelta(seconds=timeout)
        while True:
            change = self._changes.watch(journey)
            head = await self.journal.head(journey)
            resting = head.status.is_final or head.status in (Status.WAITING, Status.PARKED)
            if resting or (until is not None and self._clock.now() >= until):
                return await self._get_or_view(head)
            if until is None and await self._is_left_alone(head):
                raise NotPossible(f"it has been due for {_ALONE:.0f} s, and no worker is running (onboarding worker)")
            await self._changes.pause(change, until)

    @clean_frames
    async def run(
        self,
        flow: type[Flow] | str | Flow,
        /,
        *,
        answer: Answer | None = None,
        key: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the clock is handed in
        **fields: Any,
    ) -> Journey:
        """Start a journey and stay with it until it ends, is parked, or waits for what ``answer`` does not give.

        Args:
            flow: as for ``start``.
            answer: called with the journey whenever it waits: gives the input's name and its values.
                A plain function is called in a thread, so it may ask a person or a mailbox.
            key: as for ``start``.
            timeout: seconds at most; then the journey is returned as it is, and goes on.
            fields: the flow's fields.
        """
        # Not kept for as long as this takes: a traceback may show the variables of its frames.
        starting = self.start(flow, key=key, **fields)
        del flow, key, fields
        journey = await starting
        until = None if timeout is None else self._clock.now() + timedelta(seconds=timeout)
        while True:
            left = None if until is None else (until - self._clock.now()).total_seconds()
            journey = await self.wait(journey.id, timeout=left)
            if journey.status is not Status.WAITING or answer is None or (left is not None and left <= 0):
                return journey
            given = await ask(answer, journey)
            if given is None:
                return journey
            sending = self.send(journey.id, given[0], **given[1])
            del given
            journey = await sending

    async def drain(self) -> int:
        """One pass: advance all that is due now, until nothing is; how often a journey was advanced.

        For a cron job: ``Onboarding(worker=False)``, whose API is made here. Where another process owns the
        journal, nothing is done.
        """
        if self._worker is not None:
            raise NotPossible("a worker is running here already; use Onboarding(worker=False) for one pass")
        if self.engine.api is None:
            self.engine.use(await self._stack.enter_async_context(account_api(self.settings, self._clock)))
        worker = Worker(self.engine, self.journal, self._clock, concurrency=self.settings.concurrency)
        return await worker.one_pass()

    # Within

    def _view(self, head: Head) -> Journey:
        try:
            definition = self.flows[head.flow].definition
        except Exception:  # noqa: BLE001 - unknown here, or its package does not load: its head can be shown
            definition = None
        return view(head, definition)

    async def _get_or_view(self, head: Head) -> Journey:
        """With its data where they can be read: a parked journey's may not, nor one's that an older version ended."""
        try:
            return await self.get(head.id)
        except Exception:
            if head.status is Status.PARKED or head.status.is_final:
                return self._view(head)
            raise

    async def _ask(self, journey: str, kind: MessageKind, name: str, values: dict[str, Any]) -> Journey:
        """Post a message, and wait for what its owner makes of it."""
        head = await self.journal.head(journey)
        number = str(uuid7())
        message = Message(
            id=number, journey=journey, kind=kind, name=name, at=self._clock.now(),
            payload=self._sealer.seal_payload(journey, number, values) if values else None,
        )  # fmt: skip
        change = self._changes.watch(journey)
        await self.journal.post(message)
        self._wake()
        until = self._clock.now() + timedelta(seconds=_VERDICT_TIMEOUT)
        while (verdict := await self.journal.verdict(number)) is None:
            if self._clock.now() >= until and await self.journal.recall(number):
                raise NotPossible(
                    f"nobody looked at it within {_VERDICT_TIMEOUT:.0f} s (the journey is {head.status.value} in "
                    f"{head.state!r}); is a worker running? (onboarding worker)"
                )
            await self._changes.pause(change, until)
            change = self._changes.watch(journey)
        raise_verdict(kind, verdict)
        return await self._get_or_view(await self.journal.head(journey))

    async def _is_left_alone(self, head: Head) -> bool:
        """Whether a journey is due for so long because no process advances the journal's journeys."""
        late = head.due is not None and self._clock.now() - head.due > timedelta(seconds=_ALONE)
        if self._worker is not None or not late or not await self.journal.own():
            return False
        await self.journal.disown()
        return True

    def _wake(self) -> None:
        if self._worker is not None:
            self._worker.wake()

    def _tell(self, event: Event) -> None:
        row = event.transition
        self._changes.tell(row.journey)
        log.bind(
            journey=row.journey, flow=event.flow, seq=row.seq, trigger=row.trigger, source=row.source, dest=row.dest,
            attempt=row.attempt, duration=row.duration, mcode=row.mcode, endpoint=row.endpoint,
            status=event.status.value,
        ).info("{} {}: {} -> {} ({})", event.flow, row.journey, row.source or "·", row.dest, row.trigger)  # fmt: skip
        if self._tell_user is not None:
            self._tell_user(event)


def _status(value: Status | str) -> Status:
    if value not in set(Status):
        raise InvalidData(f"{str(value)!r} is no status; there are: {', '.join(Status)}")
    return Status(value)
