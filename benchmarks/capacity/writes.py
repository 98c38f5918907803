"""What writing a journey costs the journal's thread: CPU a change, in batches as under load."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from uuid_utils import uuid7

from benchmarks.capacity.rows import Row
from onboarding.journal import Change, Head, Phase, Status, TransitionRecord
from onboarding.journal.batch import add_journey, apply_changes
from onboarding.journal.connection import SqliteSession

__all__ = ["measure"]

_AT_ONCE = 50
_ROUNDS = 15
_PATH = (
    ("requesting_code", Status.WORKING, Phase.SENDING),
    ("verifying_code", Status.WORKING, Phase.SENDING),
    ("resetting_password", Status.WORKING, Phase.SENDING),
    ("proving_login", Status.WORKING, Phase.SENDING),
    ("password_reset", Status.DONE, Phase.READY),
)


def measure(path: Path) -> list[Row]:
    """Microseconds of CPU and of time that one change takes of the thread, with its share of the commit."""
    session = SqliteSession(path, 60)
    cpu, wall = [], []
    with closing(session):
        session.open()
        for _ in range(_ROUNDS):
            used, took = time.thread_time(), time.perf_counter()
            changes = 0
            for batch in _life():
                changes += len(batch)
                session.write(lambda connection, batch=batch: _apply(connection, batch))  # type: ignore[misc]
            cpu.append((time.thread_time() - used) * 1e6 / changes)
            wall.append((time.perf_counter() - took) * 1e6 / changes)
    return [
        Row("CPU of the journal's thread, a change", statistics.median(cpu), "us", note=f"{_AT_ONCE} a commit"),
        Row("time of the journal's thread, a change", statistics.median(wall), "us", note=f"{_AT_ONCE} a commit"),
    ]


def _apply(connection: Connection, batch: list[Any]) -> None:
    for made in batch:
        if isinstance(made, tuple):
            head, data, first = made
            add_journey(connection, head, data, first, None)
    changes = [made for made in batch if isinstance(made, Change)]
    assert not any(apply_changes(connection, changes) if changes else ())


def _life() -> Iterator[list[Any]]:
    """The writes of fifty journeys from start to end, a commit after the other."""
    now = datetime.now(UTC)
    heads = [
        Head(id=str(uuid7()), flow="password-reset", version=1, state="requesting_code", status=Status.WORKING,
             due=now, seq=1, created=now, updated=now, entered=now)
        for _ in range(_AT_ONCE)
    ]  # fmt: skip
    yield [(head, b"." * 300, _row(head, now)) for head in heads]
    ticks = itertools.count(1)
    for state, status, phase in _PATH:
        at = now + timedelta(milliseconds=next(ticks))
        heads = [
            replace(head, state=state, status=status, phase=phase, due=None if status.is_final else at,
                    seq=head.seq + 1, revision=head.revision + 1, updated=at, entered=at)
            for head in heads
        ]  # fmt: skip
        yield [Change(head=head, data=b"." * 400, transitions=(_row(head, at),)) for head in heads]


def _row(head: Head, at: datetime) -> TransitionRecord:
    return TransitionRecord(
        journey=head.id, seq=head.seq, at=at, trigger="moved", source=head.state, dest=head.state, attempt=1,
        duration=0.1, endpoint="log_in", http_status=200, mcode="m0000000", worker="host:123:abcd", mac=b"." * 32,
    )  # fmt: skip
