"""What keeps two workers on one server apart, each guard by itself: the journals are at hand, and no process is needed.

Chance comes upon what these keep away once in a thousand takeovers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from uuid_utils import uuid7

from onboarding.errors import JournalConflict
from onboarding.journal import Change, Head, Journal, Status, TransitionRecord
from onboarding.journal.backends import open_journal
from onboarding.machine import Flow
from onboarding.verify.crash.trial import Stage
from onboarding.verify.databases import LEASE, Databases
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.owners.rounds import Result

__all__ = ["FENCES", "stand_between"]

FENCES = "fences"
_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_LEASE = 60.0
"""Seconds: a slow machine does not come to its end here."""
_LATE = 0.95 * _LEASE
"""So much of a lease that what is left of it is too short to send in."""
_PATIENCE = 10.0
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def stand_between(stage: Stage, flows: Mapping[str, type[Flow]]) -> Result:
    """Hold two workers to what each of them may do."""
    del flows
    assert stage.databases is not None, "it is about a server"
    with stage.journal(stage.plan.folder / FENCES) as place:
        return Result(FENCES, asyncio.run(_faults(place, stage.databases)))


async def _faults(place: Mapping[str, Any], databases: Databases) -> list[str]:
    url = place["journal"].replace(f"lease={LEASE:g}", f"lease={_LEASE:g}")
    one, other = open_journal(url), open_journal(url)
    await one.open()
    await other.open()
    try:
        await one.own()
        await other.own()
        return [
            *await _someone_elses(one, other),
            *await _too_late(one),
            *await _overtaken(one, databases),
            *await _struck_off(one, other, databases),
        ]
    finally:
        await one.close()
        await other.close()


async def _someone_elses(one: Journal, other: Journal) -> list[str]:
    """What one has claimed the other neither claims nor takes nor writes."""
    head = await _started(one)
    if await one.claim(_NOW, 10) != [head.id]:
        return ["what was due was not claimed"]
    found = []
    if head.id in await other.claim(_NOW, 10) or await other.take(head.id):
        found.append("what one worker holds was claimed by another one")
    if await _is_written(other, head):
        found.append("what one worker holds was written by another one")
    if other.may_send(head.id):
        found.append("a worker may send for a journey that another one holds")
    one.release([head.id])
    if one.may_send(head.id):
        found.append("a worker may send for a journey of which it has let go")
    return found


async def _too_late(one: Journal) -> list[str]:
    """Shortly before a lease ends nothing is sent any more, by whichever clock."""
    from onboarding.journal.postgres import leases  # it needs the extra ``postgres``

    head = await _started(one)
    await one.claim(_NOW, 10)
    elapsed, found = leases._elapsed, []  # noqa: SLF001 - the clock that goes on while the machine is stopped
    if not one.may_send(head.id):
        found.append("a worker may not send for what it has just claimed")
    with in_place_of(leases, "_elapsed", lambda: elapsed() + _LATE):
        if one.may_send(head.id):
            found.append("a worker may send though its lease is all but over")
    with in_place_of(leases, "time", SimpleNamespace(**(vars(time) | {"time": _a_little_later}))):
        if one.may_send(head.id):
            found.append("a worker may send though its lease is all but over by the time of day")
    return found


async def _overtaken(one: Journal, databases: Databases) -> list[str]:
    """Of two writes at once the later one is refused: it looks at what is there when it is its turn."""
    from onboarding.journal.postgres.address import address_of
    from onboarding.journal.postgres.session import connect

    head = await _started(one)
    with connect(address_of(databases.url(FENCES))) as meanwhile:
        meanwhile.execute("BEGIN")
        meanwhile.execute("UPDATE journeys SET revision = revision + 7 WHERE id = %s", (head.id,))
        writing = asyncio.ensure_future(_is_written(one, head))
        until = time.monotonic() + _PATIENCE
        while not databases.ask_in(FENCES, _WAITING)[0][0] and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        meanwhile.execute("COMMIT")
    return ["what was written meanwhile was written over"] if await writing else []


async def _struck_off(one: Journal, other: Journal, databases: Databases) -> list[str]:
    """Who is not on the list of workers any more writes nothing, though nobody has taken its journeys yet."""
    head, found = await _started(one), []
    await one.claim(_NOW, 10)
    databases.ask_in(FENCES, "DELETE FROM workers")
    if await _is_written(one, head):
        found.append("who is not on the list of workers any more has written")
    with suppress(JournalConflict):
        await _started(other, as_its_own=True)
        found.append("who is not on the list of workers any more has stored a journey as its own")
    return found


def _a_little_later() -> float:
    return time.time() + _LATE


async def _is_written(journal: Journal, head: Head) -> bool:
    with suppress(JournalConflict):
        await journal.write(Change(head=replace(head, revision=head.revision + 1), replaces=head.revision))
        return True
    return False


async def _started(journal: Journal, *, as_its_own: bool = False) -> Head:
    head = Head(
        id=str(uuid7()), flow="verify-fences", version=1, state="doing", status=Status.WORKING, seq=1, created=_NOW,
        updated=_NOW, entered=_NOW, due=_NOW,
    )  # fmt: skip
    first = TransitionRecord(journey=head.id, seq=1, at=_NOW, trigger="started", source="", dest="doing")
    if as_its_own:
        journal.reserve(head.id)
    return await journal.create(head, b"sealed", first)
