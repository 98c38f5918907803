"""``Onboarding``: the one object that a user holds."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, nullcontext
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from uuid_utils import uuid7

from onboarding.answers import Answer, ask
from onboarding.archiving import Archived, Archiving
from onboarding.audit import Audit, audit
from onboarding.changes import Changes
from onboarding.clock import Clock, SystemClock
from onboarding.connect import account_api, temporal_worker
from onboarding.drivers import Worker
from onboarding.engine import Backoff, Engine, Event, Journey, Rules, Sealer, view
from onboarding.engine.asked import id_of, moment_after, moment_before, text_of
from onboarding.engine.events import tell
from onboarding.engine.messages import check_input, ended, raise_verdict
from onboarding.errors import InputRefused, InvalidData, NotPossible
from onboarding.forgetting import Forgetting, Forgotten
from onboarding.frames import clean_frames
from onboarding.journal import (
    Head,
    Journal,
    Message,
    MessageKind,
    Query,
    Status,
    Stored,
    TransitionRecord,
    open_journal,
)
from onboarding.keys import keyring_for, pepper_of
from onboarding.leaving import to_its_end
from onboarding.log import log
from onboarding.machine import Flow, Registry
from onboarding.machine.quoting import quoted
from onboarding.machine.web_address import web_hosts
from onboarding.settings import Settings
from onboarding.starting import fresh, opening

if TYPE_CHECKING:
    from onboarding.drivers.temporal.worker import TemporalWorker

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
            ``"temporal"``: through the Temporal server that the settings name.
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
        key = None if key is None else text_of(key, "key")
        data = fresh(kind, flow if isinstance(flow, Flow) else None, fields, self._context)
        rules, chain = self.engine.rules, self._sealer.chain
        head, first, book = opening(kind.definition, data, self._clock.now(), rules.worker, chain)
        sealed = self._sealer.seal(head.id, data, book)
        try:
            with self._worker.expecting(head) if isinstance(self._worker, Worker) else nullcontext():
                digest = None if key is None else self._sealer.digest(key)
                stored = await self.journal.create(head, sealed, first, digest)
        except BaseException:  # it may be stored all the same, where this was broken off: then it is found
            self._wake()
            raise
        if stored.id != head.id:
            self._wake()
            return await self._get_or_view(stored)
        tell(self._tell, Event(head.flow, head.status, first))
        if self._worker is None or not self._worker.begin(Stored(head, sealed)):
            self._wake()
        return view(head, kind.definition, data, first)

    @clean_frames
    async def get(self, journey: str) -> Journey:
        """A journey with its data and last transition. Raises ``UnknownJourney``, or what keeps its data unread."""
        return self._shown(await self.journal.load(id_of(journey), last=True))

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

    @clean_frames
    async def list(
        self,
        *,
        flow: type[Flow] | str | None = None,
        status: Status | str | Iterable[Status | str] = (),
        state: str | None = None,
        older_than: timedelta | None = None,
        newer_than: timedelta | None = None,
        failures: int = 0,
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
            failures: only those that go on trying, and whose last so many tries, or more, have failed.
            after: the ``next`` of the page before.
            limit: how many a page, at most 1000.
        """
        now = self._clock.now()
        page = await self.journal.find(
            Query(
                flow=flow if isinstance(flow, str) or flow is None else self.flows.resolve(flow).definition.name,
                status=_statuses(status),
                state=None if state is None else text_of(state, "state"),
                created_before=moment_before(now, older_than, "older_than"),
                created_after=moment_before(now, newer_than, "newer_than"),
                failures=max(0, failures),
                after=None if after is None else id_of(after),
                limit=max(1, min(limit, 1000)),
            )
        )
        found = JourneyPage(self._view(head) for head in page.heads)
        found.next = page.next
        return found

    async def count(self) -> dict[tuple[str, str, str], int]:
        """How many journeys there are, by (flow, status, state)."""
        return await self.journal.count()

    @clean_frames
    async def history(self, journey: str) -> History:
        """A journey's transitions, oldest first. Raises ``UnknownJourney``."""
        await self.journal.head(id_of(journey))
        return await self.journal.history(journey)

    @clean_frames
    async def send(self, journey: str, name: str, /, **values: Any) -> Journey:
        """Hand an input to a journey; it is applied and durable when this returns.

        Raises:
            InputRefused: not accepted now, or no more (``retry_at`` says when, where that is known).
            InvalidData: the values do not fit.
            NotPossible: nobody advances journeys, so nobody looked at it; it was taken back.
        """
        head = await self.journal.head(id_of(journey))
        if head.status.is_final:
            raise InputRefused(ended(head))
        if head.status is Status.PARKED:
            raise InputRefused(f"the journey is parked in {head.state!r}, so it takes no input; see onboarding show")
        kept = check_input(self.flows[head.flow].definition, name, values, self._context)
        return await self._ask(journey, MessageKind.INPUT, name, kept)

    @clean_frames
    async def cancel(self, journey: str, reason: str = "") -> Journey:
        """End a journey where it stands. Raises ``NotPossible`` if it has ended."""
        return await self._ask(journey, MessageKind.CANCEL, "cancel", {"reason": text_of(reason, "reason")})

    @clean_frames
    async def retry(self, journey: str) -> Journey:
        """Try the present step anew: a parked journey's, or one that waits for its next try.

        In doubt, what tells whether its request took effect is asked again, and nothing sent before it has said so.

        Raises ``NotPossible`` where there is nothing to try, or where nothing but a person can tell (``resolve`` it).
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
        if not isinstance(landed, bool):
            raise InvalidData("landed must be True or False: whether the request took effect")
        if not text_of(reason, "reason").strip():
            raise InvalidData("say on which evidence: reason must not be empty")
        values = {"landed": landed, "reason": reason, "by": text_of(by, "by")}
        return await self._ask(journey, MessageKind.RESOLVE, "resolve", values)

    @clean_frames
    async def wait(self, journey: str, *, timeout: float | None = None) -> Journey:  # noqa: ASYNC109 - the clock is handed in
        """Wait until a journey has ended, waits for an input, or is parked.

        Args:
            journey: its id.
            timeout: seconds at most; then it is returned as it is.

        Raises ``NotPossible`` without a timeout where it is due, and no process advances journeys.
        """
        journey, until = id_of(journey), moment_after(self._clock.now(), timeout, "timeout")
        # What is under way here tells when it rests: until then there is nothing to look at.
        look, told = self._worker is None or not self._worker.is_under_way(journey), False
        while True:
            change = self._changes.watch_rest(journey)
            if told and (rested := await self._get_at_rest(journey)) is not None:
                return rested
            if look:
                head = await self.journal.head(journey)
                if head.status.rests or (until is not None and self._clock.now() >= until):
                    return await self._get_or_view(head)
                if until is None and await self._is_left_alone(head):
                    raise NotPossible(
                        f"it has been due for {_ALONE:.0f} s, and no worker is running (onboarding worker)"
                    )
            await self._changes.pause(change, until)
            look = told = True

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
        until = moment_after(self._clock.now(), timeout, "timeout")
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
            try:
                journey = await sending
            except InputRefused:
                # Where another answer was quicker, nothing is wrong with this one: the journey has gone on.
                now = await self.journal.head(journey.id)
                if (now.state, now.entered) == (journey.state, journey.entered):
                    raise

    async def drain(self) -> int:
        """One pass: advance all that is due now, until nothing is; how often a journey was advanced.

        For a cron job: ``Onboarding(worker=False)``, whose API is made here. Where another process owns the
        journal, nothing is done.
        """
        if self._worker is not None:
            raise NotPossible("a worker is running here already; use Onboarding(worker=False) for one pass")
        async with self._passes:  # the one that ends first would let go of the journal under the others
            if self.engine.api is None:
                self.engine.use(await self._stack.enter_async_context(account_api(self.settings, self._clock)))
            worker = Worker(self.engine, self.journal, self._clock, concurrency=self.settings.concurrency)
            return await worker.one_pass()

    # The journal as a whole

    @clean_frames
    async def forget(self, journey: str, *, damaged: bool = False) -> Journey:
        """Erase the person from a journey that has ended: its data, and every word of a person about it.

        That it was, and how it went, stays: it is listed and shown without its data. A second time changes nothing.

        Args:
            journey: its id.
            damaged: also where its history was changed by somebody else, which the history then says.

        Raises:
            NotPossible: it has not ended.
            JournalDamaged: its history was changed by somebody else.
            JournalBusy: it is erased, but another program keeps old bytes from being overwritten: forget it again.
        """
        await self._forgetting.forget(id_of(journey), damaged=damaged)
        await self._forgetting.scrub()
        return self._view(await self.journal.head(journey))

    @clean_frames
    async def forget_ended(self, older_than: timedelta) -> Forgotten:
        """Erase the person from every journey that ended longer ago; how many, and which could not be.

        Raises:
            JournalBusy: as for ``forget``.
        """
        done = await self._forgetting.forget_ended(moment_before(self._clock.now(), older_than, "older_than"))
        await self._forgetting.scrub()
        return done

    @clean_frames
    async def archive(self, older_than: timedelta, to: str | os.PathLike[str]) -> Archived:
        """Move every journey that ended longer ago into an archive, which is made where there is none.

        An archive is a journal with the same keys, and is read like one. The keys of idempotency stay used here.

        Args:
            older_than: how long ago they ended.
            to: a path, or the URL of a journal.

        Raises:
            NotPossible: ``to`` is no archive of this journal; or archiving to another place was broken off.
            JournalError: it cannot be written; what is moved is moved.
        """
        before = moment_before(self._clock.now(), older_than, "older_than")
        archive = open_journal(to if isinstance(to, str) and "://" in to else f"sqlite:///{os.fspath(to)}")
        if archive.place == self.journal.place:
            raise NotPossible(f"{archive.place} is the journal itself: give another file")
        await archive.open()
        try:
            return await Archiving(self.journal, self._sealer).archive(before, archive)
        finally:
            await archive.close()

    @clean_frames
    async def delete_ended(self, older_than: timedelta) -> Archived:
        """Delete every journey that ended longer ago, with its history. The keys of idempotency stay used.

        Raises:
            JournalBusy: as for ``forget``.
        """
        before = moment_before(self._clock.now(), older_than, "older_than")
        return await Archiving(self.journal, self._sealer).delete(before)

    @clean_frames
    async def audit(self, journey: str | None = None) -> Audit:
        """Whether the histories and sealed data of all journeys, or of one, are as they were written.

        Raises ``UnknownJourney`` where the journal holds nothing of that id.
        """
        return await audit(self.journal, self._sealer, None if journey is None else id_of(journey))

    # Within

    @property
    def _forgetting(self) -> Forgetting:
        return Forgetting(self.journal, self._sealer, self.engine.rules)

    def _view(self, head: Head) -> Journey:
        try:
            definition = self.flows[head.flow].definition
        except Exception:  # noqa: BLE001 - unknown here, or its package does not load: its head can be shown
            definition = None
        return view(head, definition)

    async def _get_or_view(self, head: Head) -> Journey:
        """With its data where they can be read: a parked journey's may not, nor one's that an older version ended."""
        try:
            return self._shown(await self.journal.load(head.id, last=True))
        except Exception:
            if head.status is Status.PARKED or head.status.is_final:
                return self._view(head)
            raise

    async def _get_at_rest(self, journey: str) -> Journey | None:
        """A journey that is thought to rest, in one look; None: it does not, or there is more to be said of it."""
        try:
            stored = await self.journal.load(journey, last=True)
            return self._shown(stored) if stored.head.status.rests else None
        except Exception:  # noqa: BLE001 - who looks at its head alone is told
            return None

    async def _ask(self, journey: str, kind: MessageKind, name: str, values: dict[str, Any]) -> Journey:
        """Post a message, and wait for what its owner makes of it."""
        head = await self.journal.head(id_of(journey))
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
        return self._worker is None and late and not await self.journal.is_attended()

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
        log.bind(
            journey=row.journey, flow=event.flow, seq=row.seq, trigger=row.trigger, source=row.source, dest=row.dest,
            attempt=row.attempt, duration=row.duration, mcode=row.mcode, endpoint=row.endpoint,
            status=event.status.value,
        ).log(
            "WARNING" if row.trigger == "parked" else "INFO", "{} {}: {} -> {} ({})", event.flow, row.journey,
            row.source or "·", row.dest, f"{row.trigger}: {row.detail}" if row.trigger == "parked" else row.trigger,
        )  # fmt: skip
        if self._tell_user is not None:
            self._tell_user(event)


def _statuses(given: Status | str | Iterable[Status | str]) -> tuple[Status, ...]:
    return tuple(map(_status, (given,) if isinstance(given, str) or not isinstance(given, Iterable) else given))


def _status(value: object) -> Status:
    if not isinstance(value, str) or value not in set(Status):
        raise InvalidData(f"{quoted(value)} is no status; there are: {', '.join(Status)}")
    return Status(value)
