"""Watching a process from within, and killing it at one point of its way. ``wrapped`` says what it does.

The kill is a real one: SIGKILL, which no handler and no ``finally`` sees.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import httpx
from sqlalchemy import Connection

from onboarding.api.effects import Effect
from onboarding.api.endpoints import ENDPOINTS
from onboarding.journal import Change, Head, Phase, statements
from onboarding.journal.connection import SqliteSession
from onboarding.machine import Definition
from onboarding.verify.crash.broker import WARDS
from onboarding.verify.crash.cases import INPUT, START, Case, Point, Seen

__all__ = ["Blow", "Watch", "blow_again", "die", "first_blow"]

_LONGEST_COMMIT = 0.004
"""Seconds within which a kill comes that is meant to hit COMMIT itself."""
_PATHS = {
    name: (endpoint, re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint.path))) for name, endpoint in ENDPOINTS.items()
}
_WRITES = {
    Point.BEFORE_INTENT: "before", Point.INTENT_COMMIT: "commit", Point.IN_INTENT_COMMIT: "within",
    Point.AFTER_INTENT: "after", Point.ANSWERED: "before", Point.OUTCOME_COMMIT: "commit",
    Point.IN_OUTCOME_COMMIT: "within", Point.AFTER_OUTCOME: "after",
}  # fmt: skip
_INTENTS = (Point.BEFORE_INTENT, Point.INTENT_COMMIT, Point.IN_INTENT_COMMIT, Point.AFTER_INTENT)


@dataclass(frozen=True, slots=True)
class Blow:
    """How one process is disturbed.

    Attributes:
        write: the write that it dies of: ``start``, ``input``, ``intent``, ``outcome``, or a number; empty: none.
        at: when in that write: ``before``, ``commit``, ``within``, ``after``.
        request: the request that is disturbed: a section, or a number; empty: none.
        way: how: ``half-sent``, ``sent``, ``effect`` (it dies of them), ``alive``.
        fate: what becomes of that request.
        state: where; empty: anywhere.
    """

    write: str = ""
    at: str = ""
    request: str = ""
    way: str = ""
    fate: str = "landed"
    state: str = ""


def first_blow(case: Case) -> Blow:
    """How the first process of a case is disturbed."""
    at = _WRITES.get(case.point, "")
    if case.state in (START, INPUT):
        return Blow(write=case.state, at=at)
    if case.point in _INTENTS:
        return Blow(write="intent", at=at, state=case.state)
    if at:
        return Blow(
            write="outcome", at=at, request=case.section if case.fate != "landed" else "", way="alive",
            fate=case.fate, state=case.state,
        )  # fmt: skip
    return Blow(request=case.section, way=case.point.value, fate=case.fate, state=case.state)


def blow_again(case: Case) -> Blow | None:
    """How the process that recovers is disturbed."""
    if not case.again:
        return None
    kind, number, way = case.again.split("-", 2)
    if kind == "write":
        return Blow(write=number, at=way)
    name, _, fate = way.partition("-") if way.startswith(("sent-", "alive-")) else (way, "", "")
    return Blow(request=number, way=name, fate=fate or "landed")


@dataclass(slots=True)
class Watch:
    """What a process has done so far, and the blow that waits for it."""

    definition: Definition
    ward: str = ""
    """The name of the case, for the broker."""
    blow: Blow = field(default_factory=Blow)
    rng: random.Random = field(default_factory=random.Random)
    diary: Path | None = None
    """Where it is written down when each request that left was intended, or that it was not, and how long a doubt was
    left alone."""
    intended: datetime | None = None
    doubted: datetime | None = None
    seen: list[Seen] = field(default_factory=list)
    state: str = ""
    phase: Phase = Phase.READY
    writes: int = 0
    requests: int = 0
    asked: bool = False
    """Whether the present state has requested something here."""
    struck: bool = False
    claimed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the worker here has looked for what is due: from then on, what is started is begun at once."""
    awaited: tuple[str, int] | None = None
    """The journey and the revision (for an input: 0) whose COMMIT is to be its last."""

    def at(self, write: str) -> str:
        """When in such a write to die; empty: not."""
        return self.blow.at if self.blow.write == write else ""

    def creating(self, head: Head) -> str:
        """The journey is about to be stored, which may be an intent too: when in that to die; empty: not."""
        intent = head.phase is Phase.SENDING and self.blow.write == "intent" and head.state == self.blow.state
        return self.blow.at if intent else self.at(START)

    def created(self, head: Head) -> None:
        """The journey was stored here."""
        self.phase = head.phase
        if head.phase is Phase.SENDING:
            self.intended = head.updated

    def found(self, head: Head) -> None:
        """The journey stood here when this process first saw it."""
        if not self.state:
            self.phase = head.phase
            self._enter(head)

    def _enter(self, head: Head) -> None:
        if head.state != self.state:
            self.asked = False
        self.state = head.state
        self.seen.append(Seen(head.state))

    def wrote(self, change: Change) -> str:
        """The journey is about to be written: when in that to die; empty: not."""
        before, asked, blow = self.state, self.asked, self.blow
        head = change.head
        self.writes += 1
        self.phase = head.phase
        self._enter(head)
        step = self.definition.steps.get(head.state)
        intent = step is not None and (head.phase is Phase.SENDING or (step.effect is Effect.READ and not self.asked))
        if head.phase is Phase.SENDING:
            self.intended = head.updated
        if any(row.trigger == "in_doubt" for row in change.transitions):
            self.doubted = head.updated if head.phase is Phase.DOUBT else None
        hit = (
            (blow.write == "intent" and intent and head.state == blow.state)
            or (blow.write == "outcome" and asked and before == blow.state)
            or blow.write == str(self.writes)
        )
        return blow.at if hit else ""

    def requested(self, request: httpx.Request) -> Blow | None:
        """A request is about to leave: the blow that it gets, if any."""
        path = request.url.path
        endpoint = next(
            (each for each, form in _PATHS.values() if each.method == request.method and form.fullmatch(path)), None
        )
        section = endpoint.section if endpoint is not None else ""
        if endpoint is not None and endpoint.effect is Effect.ONCE:
            request.headers[WARDS] = self.ward
        self.requests += 1
        self.asked = True
        self.seen.append(Seen(self.state, section=section))
        self._note(changing=endpoint is not None and endpoint.effect is not Effect.READ)
        blow = self.blow
        here = not blow.state or blow.state == self.state
        if self.struck or not here or blow.request not in (section, str(self.requests)):
            return None
        self.struck = True
        return blow

    def _note(self, *, changing: bool) -> None:
        """Write down what a request had waited for, and whether one that changes something was not intended."""
        lines = []
        if self.intended is not None:
            lines.append(f"sent {self.state} {self.intended.timestamp()!r}\n")
        elif self.doubted is not None:
            lines.append(f"looked {self.state} {time.time() - self.doubted.timestamp()!r}\n")
        if changing and self.phase is Phase.READY:
            lines.append(f"unintended {self.state} 0\n")
        self.intended = self.doubted = None
        if self.diary is not None and lines:
            with self.diary.open("a", encoding="utf-8") as diary:
                diary.writelines(lines)

    def listen(self) -> None:
        """Be there at every COMMIT."""
        for session in _sessions():
            _before_commit(session, self._committing)

    def _committing(self, connection: Connection) -> None:
        """On whichever thread commits, right before it does."""
        if self.awaited is None:
            return
        journey, revision = self.awaited
        terms = {"journey": journey}
        if revision:
            head = connection.execute(statements.HEAD, terms).mappings().first()
            there = head is not None and head["revision"] >= revision
        else:
            there = connection.execute(statements.MESSAGES, terms).first() is not None
        if not there:
            return
        if self.blow.at == "within":
            threading.Thread(target=die, args=(self.rng.random() * _LONGEST_COMMIT,)).start()
        else:
            die()


def _sessions() -> list[type[Any]]:
    """What commits, on every database that can be used here."""
    sessions: list[type[Any]] = [SqliteSession]
    with suppress(ImportError):
        from onboarding.journal.postgres.session import PostgresSession

        sessions.append(PostgresSession)
    return sessions


def _before_commit(session: type[Any], call: Callable[[Connection], None]) -> None:
    commit = session._commit  # noqa: SLF001 - nothing is nearer to it

    def committing(self: Any, connection: Connection) -> None:
        call(connection)
        commit(self, connection)

    session._commit = committing  # noqa: SLF001


def die(after: float = 0.0) -> NoReturn:
    """Kill this process."""
    if after:
        time.sleep(after)
    while True:
        os.kill(os.getpid(), signal.SIGKILL)
