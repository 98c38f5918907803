"""The one thread of a journal: it drains what is queued, applies it in one transaction, and commits once.

A caller queues and goes on; one message a batch back to the event loop tells all who wait. Nobody hangs: when
the thread ends, for whatever reason, every receipt it still held and every later one gets a ``JournalError``.

Where the disk is quick, what is about single journeys is done on the event loop's thread: to hand it to another
thread and back takes as long as the commit itself, and two threads that both run Python wait for each other. A batch
is complete when the loop brings nothing more to it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from onboarding.errors import JournalBusy, JournalError, OnboardingError
from onboarding.journal.batch import apply_changes
from onboarding.journal.faults import explain, is_of_one_write
from onboarding.journal.forks import forked, inherited, watch
from onboarding.journal.jobs import Apply, Job, Session, Together
from onboarding.journal.receipt import Receipt
from onboarding.journal.records import Change

__all__ = ["Writer"]

T = TypeVar("T")

_BATCH = 512
"""Jobs of one transaction at most: it bounds how long the last waits for the first."""
_HERE = 32
"""Jobs of one transaction on the event loop's thread, which begins with so many: all else on the loop waits for it."""
_MOST_HERE = 64
"""If so many come at one turn of the loop, the other thread does them."""
_QUICK = 0.002
"""Seconds that the disk may take there."""
_SLOW_FOR = 1.0
"""Seconds for which a disk that was slower is left to the other thread."""
_TURNS = 2
"""Turns of the loop that bring nothing more, after which a batch is complete,"""
_HELD = 0.002
"""unless it writes, and less than so many seconds have passed: each commit that is spared saves a sync of the disk."""


_Outcome: TypeAlias = tuple[Receipt[Any], Any, OnboardingError | None]


class Writer:
    """Runs a session on a thread of its own.

    Args:
        session: the connection.
        apply: how it applies changes.
    """

    def __init__(self, session: Session, apply: Apply = apply_changes) -> None:
        self._session = session
        self._changes = apply
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._guard = threading.Lock()
        self._pending: list[Job] = []
        """What was handed in since the event loop's last turn."""
        self._queued = 0
        """How much of what is in the queue, or was taken out of it, has not ended."""
        self._turn = threading.Lock()
        """Held by whoever uses the session."""
        self._pace = 0.0
        """Seconds that the disk takes of late, where the event loop waits for it."""
        self._slow_until = 0.0
        """Until when the disk is taken for a slow one."""
        self._alone: str | None = None
        """The journey that was written last, if no other one was written with it."""
        self._seen = self._turns = 0
        """How much had been handed in at the loop's last turn, and how many turns have brought nothing since."""
        self._since = 0.0
        """When the first of it was, in the loop's time."""
        self._ended: OnboardingError | None = None
        self._closing: Receipt[None] | None = None
        self._thread = threading.Thread(target=self._run, name="onboarding-journal", daemon=True)

    async def start(self) -> None:
        """Start the thread and open the session on it; raises what opening raised."""
        if inherited(self.place):
            raise forked(self.place)
        opened = Job(Receipt(asyncio.get_running_loop()), lambda _: None)
        self._opened = opened
        self._thread.start()
        watch(self)
        await opened.receipt

    def write(self, change: Change) -> Receipt[None]:
        """Queue a change."""
        return self._submit(Job(Receipt(asyncio.get_running_loop()), change=change, writes=True, short=True))

    def do(self, work: Callable[[Connection], T], *, short: bool = False, begins: str | None = None) -> Receipt[T]:
        """Queue work that writes; ``short``: a few rows of one journey; ``begins``: which it stores as a new one."""
        job = Job(Receipt(asyncio.get_running_loop()), work, writes=True, short=short, begins=begins)
        return self._submit(job)

    def read(self, work: Callable[[Connection], T], *, short: bool = False) -> Receipt[T]:
        """Queue work that reads, ``short``: a few rows; it sees every write queued before it."""
        return self._submit(Job(Receipt(asyncio.get_running_loop()), work, short=short))

    def create(self, together: Together, asked: Any) -> Receipt[Any]:
        """Queue work that adds what no other write of its batch has to come before: it goes first."""
        return self._submit(Job(Receipt(asyncio.get_running_loop()), together=together, asked=asked, writes=True))

    def look(self, together: Together, asked: Any) -> Receipt[Any]:
        """Queue work that reads; it sees every write queued before it."""
        return self._submit(Job(Receipt(asyncio.get_running_loop()), together=together, asked=asked))

    async def stop(self) -> None:
        """Write what was queued, close the session, end the thread."""
        with self._guard:
            closing = self._closing
            if closing is None:
                closing = self._closing = Receipt(asyncio.get_running_loop())
                if self._ended is not None:
                    closing.settle(None)
                else:
                    self._pending.append(Job(closing))
                    self._hand_over(self._pending)
        await closing
        # Its receipt was the last thing on its mind: this waits for no I/O.
        self._thread.join()

    def abandon(self) -> bool:
        """After a fork, in the child, where the thread does not exist: refuse everything; whether it was open."""
        self._guard = threading.Lock()
        self._closing = None
        was_open = self._ended is None
        if was_open:
            self._ended = forked(self.place)
        return was_open

    @property
    def place(self) -> str:
        """Where the journal is."""
        return self._session.place

    @property
    def has_ended(self) -> bool:
        """Whether it refuses everything, because it was stopped, failed to open, or died."""
        return self._ended is not None

    def _submit(self, job: Job) -> Receipt[Any]:
        with self._guard:
            refusal = self._ended
            if refusal is None and self._closing is not None:
                refusal = JournalError(f"the journal {self.place} is closed: open it first")
            if refusal is None:
                self._pending.append(job)
                if len(self._pending) == 1:
                    # When the loop has gone round once, all is there that is handed in at this moment.
                    job.receipt.loop.call_soon(self._flush, job.receipt.loop)
        if refusal is not None:
            job.receipt.settle(None, refusal)
        return job.receipt

    def _hand_over(self, jobs: list[Job]) -> None:
        """Put jobs into the thread's queue, under the guard; the list is empty then."""
        self._queued += len(jobs)
        self._seen = self._turns = 0
        for job in jobs:
            self._queue.put(job)
        jobs.clear()

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """Do what was handed in, once no more comes; or have the thread do it."""
        with self._guard:
            if not self._pending:
                return  # it went along with something else
            refusal = self._ended
            if refusal is None and (self._queued or not self._may_be_done_here(loop)):
                self._hand_over(self._pending)
                return
            if refusal is None and (wait := self._more_may_come(loop.time())) is not None:
                if wait:
                    loop.call_later(wait, self._flush, loop)
                else:
                    loop.call_soon(self._flush, loop)
                return
            jobs, self._pending = self._pending, []
            if refusal is None:
                self._turn.acquire()  # free, or for a moment in the hands of another loop: nothing is queued
        if refusal is None:
            self._do_here(jobs)
            return
        for job in jobs:
            job.error = refusal
        _deliver(jobs)

    def _may_be_done_here(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether what was handed in keeps the loop for no longer than handing it over would."""
        return (
            self._session.is_local
            and len(self._pending) <= _MOST_HERE
            and all(job.short and job.receipt.loop is loop for job in self._pending)
            and (time.monotonic() >= self._slow_until or not any(job.writes for job in self._pending))
        )

    def _more_may_come(self, now: float) -> float | None:
        """Seconds to wait for others that may join the batch, 0 for a turn of the loop; None: it is complete."""
        written = {job.change.head.id for job in self._pending if job.change is not None}
        written.update(job.begins for job in self._pending if job.begins is not None)
        alone = self._alone is not None and written <= {self._alone}
        if not self._seen:
            self._since = now
        self._turns = 0 if len(self._pending) > self._seen else self._turns + 1
        self._seen = len(self._pending)
        if self._seen < _HERE and not alone:
            if self._turns < _TURNS:
                return 0.0
            if written and now < self._since + _HELD:
                return self._since + _HELD - now
        self._seen = self._turns = 0
        if written:
            self._alone = written.pop() if len(written) == 1 else None
        return None

    def _do_here(self, jobs: list[Job]) -> None:
        """Do jobs here and now; what another process is in the way of is left to the thread, which waits for that."""
        try:
            self._session.be_patient(False)
            self._round(jobs)
            if any(job.writes for job in jobs):
                self._judge_disk()
        except BaseException:
            for job in jobs:
                job.error = JournalError(f"what the journal {self.place} did was broken off: it may not be written")
            raise
        finally:
            self._turn.release()
            waits = [job for job in jobs if isinstance(job.error, JournalBusy)]
            _tell([(job.receipt, job.result, job.error) for job in jobs if job not in waits])
            for job in waits:
                job.error = None
            with self._guard:
                self._hand_over(waits)

    def _judge_disk(self) -> None:
        # One commit that took long says little: the next thousand may be quick again.
        self._pace += (min(self._session.synced_in, 4 * _QUICK) - self._pace) / 8
        if self._pace > _QUICK:
            self._slow_until = time.monotonic() + _SLOW_FOR

    def _run(self) -> None:
        held: list[Job] = [self._opened]
        last: Job | None = None
        try:
            try:
                self._session.open()
            except Exception as error:  # noqa: BLE001 - told to whom opens
                self._opened.error = explain(error, self.place)
            else:
                _deliver(held)
                while last is None:
                    held[:] = self._drain()
                    with self._turn:
                        self._session.be_patient(True)
                        last = self._round(held, _deliver)
                    # Before anybody is told, and hands in the next: that may be done at once.
                    with self._guard:
                        self._queued -= len(held)
                    _deliver(job for job in held if job is not last)
        except BaseException:  # noqa: BLE001 - the thread ends, and everybody is told so below
            last = None
        finally:
            with suppress(Exception):
                self._session.close()
            self._end(held, last)

    def _drain(self) -> list[Job]:
        jobs = [self._queue.get()]
        with suppress(Empty):
            while len(jobs) < _BATCH:
                jobs.append(self._queue.get_nowait())
        return jobs

    def _round(self, jobs: Sequence[Job], deliver: Callable[[Sequence[Job]], None] | None = None) -> Job | None:
        """One batch: the writes in their order, the commit, then the reads. The closing job, where there.

        The outcomes are for the caller to deliver; ``deliver`` is called with the writes where reads follow them.
        """
        writes = [job for job in jobs if job.writes]
        reads = [job for job in jobs if not job.writes and not job.closes]
        if writes:
            self._settle(writes)
            if deliver is not None and reads:
                deliver(writes)
        if reads:
            try:
                at_once = reads[0].together is not None and all(job.together == reads[0].together for job in reads)
                self._session.read(lambda connection: self._look(connection, reads), at_once=at_once)
            except Exception as error:  # noqa: BLE001 - told to whom it concerns
                for job in reads:
                    job.error = explain(error, self.place)
        return next((job for job in jobs if job.closes), None)

    def _settle(self, jobs: Sequence[Job]) -> None:
        try:
            self._session.write(lambda connection: self._apply(connection, jobs))
        except Exception as error:  # noqa: BLE001 - told to whom it concerns
            if len(jobs) > 1 and is_of_one_write(error):
                # One of them does not fit the tables: it must not fail the others.
                for job in jobs:
                    self._settle([job])
                return
            for job in jobs:
                job.result, job.error = None, explain(error, self.place)

    def _apply(self, connection: Connection, jobs: Sequence[Job]) -> None:
        for job in jobs:  # a transaction may be done again, where the database broke it off
            job.result = job.error = None
        self._look_together(connection, [job for job in jobs if job.together is not None])
        others = (job for job in jobs if job.together is None)
        for _, group in groupby(others, key=lambda job: job.change is None):
            run = list(group)
            changes = [job.change for job in run if job.change is not None]
            if not changes:
                self._look(connection, run, undivided=True)
                continue
            for job, outcome in zip(run, self._changes(connection, changes), strict=True):
                job.error = outcome

    def _look_together(self, connection: Connection, jobs: Sequence[Job]) -> None:
        for together in dict.fromkeys(job.together for job in jobs):
            assert together is not None, "they were asked for by it"
            alike = [job for job in jobs if job.together == together]
            for job, outcome in zip(alike, together(connection, [job.asked for job in alike]), strict=True):
                if isinstance(outcome, OnboardingError):
                    job.error = outcome
                else:
                    job.result = outcome

    def _look(self, connection: Connection, jobs: Sequence[Job], *, undivided: bool = False) -> None:
        for job in jobs:  # it may be done again: what a lost connection left behind is no answer
            job.result = job.error = None
        self._look_together(connection, [job for job in jobs if job.together is not None])
        for job in jobs:
            if job.work is None:
                continue
            try:
                job.result = job.work(connection)
            except OnboardingError as error:
                job.error = error
            except Exception as error:  # a read of its own; a write undoes the whole transaction
                if undivided:
                    raise
                job.error = explain(error, self.place)

    def _end(self, held: list[Job], last: Job | None) -> None:
        ended = self._opened.error or JournalError(
            f"the journal {self.place} is closed: open it first"
            if last is not None
            else f"the thread of the journal {self.place} ended unexpectedly: what was not confirmed may not "
            "be written; open the journal again"
        )
        with self._guard:
            self._ended = ended
            with suppress(Empty):
                while True:
                    held.append(self._queue.get_nowait())
            if self._closing is not None and all(job.receipt is not self._closing for job in held):
                held.append(Job(self._closing))
        for job in held:
            if job.receipt is self._closing:
                job.error = None
            else:
                job.error = ended
        _deliver(held)


def _deliver(jobs: Iterable[Job]) -> None:
    """Tell the outcomes as they are now: one call to each event loop, however many wait on it."""
    loops: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for job in jobs:
        loops.setdefault(job.receipt.loop, []).append((job.receipt, job.result, job.error))
    for loop, told in loops.items():
        # A loop that has ended has nobody who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell, told)


def _tell(outcomes: list[_Outcome]) -> None:
    for receipt, result, error in outcomes:
        receipt.settle(result, error)
