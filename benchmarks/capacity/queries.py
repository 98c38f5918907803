"""What a big journal is asked all the time: what is due, lists, counts; and how long it takes to open."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from benchmarks.capacity.places import Place
from benchmarks.capacity.rows import Row
from onboarding import Onboarding, Settings
from onboarding.clock import SystemClock
from onboarding.journal import Query, Status

__all__ = ["measure"]

_TIMES = 7

_Ask = Callable[[], Awaitable[Any]]
_Question = tuple[str, float | None, _Ask] | tuple[str, float | None, _Ask, _Ask]
"""Its name, its target in milliseconds, how it is asked, and what undoes it."""


async def measure(place: Place) -> list[Row]:
    """Every question, asked of the journal at ``place`` as often as makes a median."""
    rows = []
    started = time.perf_counter()
    journal = place.journal()
    await journal.open()
    rows.append(Row("opening", _millis(started), "ms"))
    await journal.close()
    settings = Settings.load(**place.settings, flows=["benchmarks.capacity.flows:LongWait"])
    async with Onboarding(settings, worker=False) as onboarding:
        # As a worker does it: where there may be several, what is claimed is taken.
        assert await onboarding.journal.own(), "nobody else works on it"
        busy = await onboarding.journal.claim(SystemClock().now() + timedelta(days=1), 1000)
        for name, target, ask, *after in _questions(onboarding, busy):
            rows.append(await _timed(name, target, ask, *after))
    return rows


def _questions(onboarding: Onboarding, busy: list[str]) -> list[_Question]:
    journal, days, claimed = onboarding.journal, timedelta(days=1), list[list[str]]()
    now = SystemClock().now() + days

    async def claim(busy: Sequence[str] = ()) -> None:
        claimed.append(await journal.claim(now, 500, busy))
        assert len(claimed[-1]) == 500

    async def let_go() -> None:
        journal.release(claimed.pop())
        await journal.claim(now - 900 * days, 500)  # what is let go of is written with the next look

    def find(**terms: Any) -> Callable[[], Awaitable[Any]]:
        return lambda: journal.find(Query(**terms))

    return [
        ("claim of 500 due", 20, claim, let_go),
        ("claim of 500 due beside 1,000 that are busy", 20, lambda: claim(busy), let_go),
        ("next due", None, lambda: journal.next_due(now)),
        ("count by flow, status and state", 50, onboarding.count),
        ("list", 50, onboarding.list),
        ("list by flow", 50, lambda: onboarding.list(flow="task-watch")),
        ("list by state", 50, lambda: onboarding.list(state="awaiting_word")),
        ("list by a state that nothing is in", 50, lambda: onboarding.list(state="proving_login")),
        ("list by status", 50, lambda: onboarding.list(status="parked")),
        ("list by two statuses", 50, lambda: onboarding.list(status=["parked", "failed"])),
        ("list by a status that nothing has", 50, lambda: onboarding.list(status="cancelled")),
        ("list by flow and status", 50, lambda: onboarding.list(flow="password-reset", status="parked")),
        ("list by flow and a status that nothing has", 50, lambda: onboarding.list(flow="task-watch", status="failed")),
        ("list by flow, state and status", 50,
         lambda: onboarding.list(flow="task-watch", state="watching", status="polling")),
        ("list of those that fail", 50, lambda: onboarding.list(failures=1)),
        ("list of those that fail again and again", 50, lambda: onboarding.list(failures=8)),
        ("list by flow of those that fail", 50, lambda: onboarding.list(flow="task-watch", failures=8)),
        ("list older than", 50, lambda: onboarding.list(older_than=19 * days)),
        ("list newer than", 50, lambda: onboarding.list(newer_than=days)),
        ("list of status and older than", 50, lambda: onboarding.list(status="parked", older_than=19 * days)),
        ("list newer than anything", 50, find(created_after=now)),
        ("list older than anything", 50, find(created_before=now - 900 * days)),
        ("list of status and newer than", 50, lambda: onboarding.list(status="parked", newer_than=days)),
        ("list of those restored", 50, find(restored=True)),
        ("list of what ended long ago", 50,
         find(status=(Status.DONE, Status.FAILED, Status.CANCELLED), updated_before=now - 19 * days)),
        ("list of what ended longer ago than anything", 50,
         find(status=(Status.DONE, Status.FAILED, Status.CANCELLED), updated_before=now - 900 * days)),
        ("what is to be archived", None, lambda: journal.ended(now - 19 * days)),
        ("what is to be archived, where nothing is", 50, lambda: journal.ended(now - 900 * days)),
    ]  # fmt: skip


async def _timed(name: str, target: float | None, ask: _Ask, *after: _Ask) -> Row:
    took = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        await ask()
        took.append(_millis(started))
        for each in after:
            await each()
    return Row(name, statistics.median(took), "ms", target)


def _millis(started: float) -> float:
    return (time.perf_counter() - started) * 1000
