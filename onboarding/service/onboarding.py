"""``Onboarding``: the one object that a user holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from onboarding.answers import Answer, ask
from onboarding.connect import account_api
from onboarding.drivers import Worker
from onboarding.engine import Journey, view
from onboarding.engine.asked import id_of, moment_after, text_of
from onboarding.errors import InputRefused, NotPossible
from onboarding.frames import clean_frames
from onboarding.journal import Head, Status, Stored
from onboarding.machine import Flow
from onboarding.service.asking import Asking
from onboarding.service.keeping import Keeping
from onboarding.service.reading import Reading
from onboarding.starting import fresh

__all__ = ["Onboarding"]

_ALONE = 30.0
"""Seconds that a journey may be due before who waits for it is told that nobody advances it."""


class Onboarding(Asking, Reading, Keeping):
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
            DefinitionError: the flow cannot read its own fields again as they would be stored.
            JournalError: it could not be stored.
        """
        kind = self.flows.resolve(type(flow) if isinstance(flow, Flow) else flow)
        key = None if key is None else text_of(key, "key")
        data, stored = fresh(kind, flow if isinstance(flow, Flow) else None, fields, self._context)
        new = self.engine.opening.new(stored, None if key is None else self._sealer.digest(key))
        begun = self._worker.begin(new) if isinstance(self._worker, Worker) else None
        if begun is not None:
            head = await begun
        else:
            try:
                head = await self.engine.opening.store(new)
            finally:  # it may be stored also where this was broken off
                self._wake()
        if head.id != new.head.id:
            return await self._get_or_view(head)
        return view(head, kind.definition, data, new.first)

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
        look = self._worker is None or not self._worker.is_under_way(journey)
        stored: Stored | None = None
        while True:
            change = self._changes.watch_rest(journey)
            if stored is not None and (rested := self._at_rest(stored)) is not None:
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
            look, stored = True, change.stored

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

    def _at_rest(self, stored: Stored) -> Journey | None:
        """A journey that has come to rest here; None: there is more to be said of it."""
        try:
            return self._shown(stored)
        except Exception:  # noqa: BLE001 - who looks at its head is told
            return None

    async def _is_left_alone(self, head: Head) -> bool:
        """Whether a journey is due for so long because no process advances the journal's journeys."""
        late = head.due is not None and self._clock.now() - head.due > timedelta(seconds=_ALONE)
        return self._worker is None and late and not await self.journal.is_attended()
