"""Who advances which journey, and until when it may send.

A worker is a row in ``workers``, good until a time by the server's clock, which it puts off again and again. The row's
number is the fence: it stands in ``journeys.owner``, is never given twice, and whoever finds a row whose time has
passed takes it off the list and lets go of its journeys in one transaction. From then on that worker's writes fail.

A request cannot be called back: before one is sent, the worker looks at a clock of its own, which was read before the
server was asked to put the time off. So it stops sending before anybody may take its journeys over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection

from onboarding.errors import JournalConflict, JournalError, OnboardingError
from onboarding.journal.batch import conflict
from onboarding.journal.postgres.batch import Applied
from onboarding.journal.postgres.incoming import HandedIn, Incoming
from onboarding.journal.postgres.outbox import Answer, outbox_of
from onboarding.journal.postgres.session import CHANNEL
from onboarding.journal.records import Change, Head

__all__ = ["Leases"]

_SHOWN = 60
"""Letters of a worker's name that the server shows: its end tells workers apart."""
_MARGIN = 0.1
"""The share of a lease that is not used: for clocks that do not run alike, and the way from the look to the wire."""


_TAKE = """
    UPDATE journeys SET owner = %(fence)s WHERE id IN (
        SELECT id FROM journeys WHERE id = ANY(%(ids)s) AND (owner IS NULL OR owner = %(fence)s)
        FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING id"""
# To look at each row once more would double what a claim costs.
_TAKE_LOCKED = """
    UPDATE journeys SET owner = %(fence)s WHERE id = ANY(%(ids)s) AND (owner IS NULL OR owner = %(fence)s)
    RETURNING id"""


def _elapsed() -> float:
    """Seconds that go on while this process, or the machine, is stopped."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Leases:
    """What one process holds. Its methods that take a connection run on the journal's thread, all others anywhere.

    Args:
        length: seconds until a worker that is not heard of is taken for dead.
        name: who this is, for whoever looks into the table.
    """

    def __init__(self, length: float, name: str) -> None:
        self.length = length
        self._name = name
        self.fence: int | None = None
        """This worker's number; None: it is none."""
        self._held: dict[str, int] = {}
        self._let_go: set[str] = set()
        self._told: set[str] = set()
        """Those that the transaction under way has said, or need not say: said again if it comes to nothing."""
        self._letting_go = threading.Lock()
        self._until = self._until_by_day = 0.0
        self._taken: set[str] = set()
        self._locked: set[str] = set()
        self._news: set[str] = set()
        self._given: set[str] = set()
        self._reserved: set[str] = set()
        self._lost_now: bool | None = False
        self._new = False

    # Anywhere

    def may_send(self, journey: str) -> bool:
        """Whether nobody else can have taken the journey over yet."""
        fence = self.fence
        in_time = _elapsed() < self._until and time.time() < self._until_by_day
        return in_time and fence is not None and self._held.get(journey) == fence

    @property
    def is_fresh(self) -> bool:
        """Whether more than half of this worker's time is left."""
        return self.fence is not None and _elapsed() < self._until - self.length / 2

    def release(self, journeys: Collection[str]) -> None:
        """Leave these to whoever is next; the server is told with the next look at what is due."""
        with self._letting_go:
            self._let_go.update(journey for journey in journeys if self._held.pop(journey, None) is not None)

    def reserve(self, journey: str) -> None:
        """Have this journey be stored as this worker's, or not at all."""
        self._reserved.add(journey)

    def reserved(self, journey: str) -> bool:
        """Whether that was said of it, which is forgotten with this."""
        there = journey in self._reserved
        self._reserved.discard(journey)
        return there

    # Around every transaction that writes

    @property
    def session(self) -> str:
        """How the server shows this worker's session."""
        return self._name[-_SHOWN:]

    def begun(self, connection: Connection) -> Callable[[], int]:
        """Ask whether this worker is still on the list, which it stays until the end, and for the transaction's number.

        The answer comes with that to the first statement.
        """
        self._taken, self._given, self._news, self._lost_now = set(), set(), set(), None
        with self._letting_go:  # what was told in a transaction that came to nothing
            self._let_go |= self._told
            self._told = set()
        if self._new:  # registered in a transaction that came to nothing
            self._forget()
        self._opened = opened = outbox_of(connection).send(_BEGUN, {"fence": self.fence, "name": self._name})
        return lambda: int(opened.rows[0]["number"])

    @property
    def _lost(self) -> bool:
        """Whether this worker is not on the list any more."""
        if self._lost_now is None:
            self._lost_now = self.fence is not None and self._opened.rows[0]["fence"] is None
        return self._lost_now

    def ending(self, connection: Connection) -> None:
        """Tell the news."""
        if self._news:
            outbox_of(connection).send(_TELL, {"channel": CHANNEL, "news": sorted(self._news)})

    def committed(self) -> None:
        """What was taken over is held from now on."""
        self._new = False
        self._told = set()
        if self._lost:
            self._forget()
        elif self.fence is not None:
            self._held.update(dict.fromkeys(self._taken, self.fence))
            for journey in self._given:
                self._held.pop(journey, None)

    def tell(self, news: str = "") -> None:
        """Let all processes know, when this transaction is committed: a journey's id, or that there is work."""
        self._news.add(news)

    # Within a transaction

    def apply(self, connection: Connection, changes: Sequence[Change]) -> list[JournalError | None]:
        """Apply changes; those of a worker that was taken off the list fail."""
        applied = Applied(connection, changes, self.fence)
        if self._lost:
            return [self._fenced(change.head.id) for change in changes]
        applied.write()
        self._taken = self._taken - applied.given | applied.taken
        self._given = self._given - applied.taken | applied.given
        self._let_go_of(applied.taken)
        self._news |= applied.seen
        return applied.outcomes

    def add(self, connection: Connection, handed_in: Sequence[HandedIn]) -> list[Head | OnboardingError | None]:
        """Store new journeys, those that were reserved as this worker's or not at all, and messages.

        A key that was used gives the first journey, and a message that is there already changes nothing.
        """
        incoming = Incoming(connection, handed_in, may_own=lambda: not self._is_off)
        taken = {one.head.id for one in incoming.new if one.is_reserved}
        incoming.write(taken, self.fence)
        self._taken |= taken
        if incoming.messages or len(taken) < len(incoming.new):
            self.tell()
        return incoming.outcomes

    @property
    def _is_off(self) -> bool:
        return self.fence is None or self._lost

    def renew(self, connection: Connection) -> tuple[float, float]:
        """Put the time off, or become a worker; gives until when, by two clocks of this machine's."""
        until = _elapsed() + self.length * (1 - _MARGIN), time.time() + self.length * (1 - _MARGIN)
        terms = {"fence": self.fence, "name": self._name, "length": self.length}
        if self._lost:
            self._forget()
        if self.fence is None or connection.exec_driver_sql(_RENEW, terms).first() is None:
            self._forget()
            self._lost_now, self._new = False, True
            self.fence = int(connection.exec_driver_sql(_REGISTER, terms).scalar_one())
            # Whose owner is not on the list (a table was restored by itself): they would be stuck in silence.
            connection.exec_driver_sql(_FREE_STRAYS)
        self._tell_let_go(connection)
        outbox_of(connection).send(_END_STUCK, {"late": self.length / 4, "shown": _SHOWN})
        if connection.exec_driver_sql(_MANY).scalar_one() and connection.exec_driver_sql(_FOLDING).scalar_one():
            connection.exec_driver_sql(_FOLD)
        return until

    def renewed(self, until: tuple[float, float]) -> None:
        """The new time is durable."""
        self._until, self._until_by_day = until

    def resign(self, connection: Connection) -> None:
        """Leave the list, and all journeys to others."""
        if self._lost:
            return
        terms = {"fences": [self.fence]}
        connection.exec_driver_sql(_REMOVE, terms)
        connection.exec_driver_sql(_FREE, terms)
        self.tell()

    def resigned(self) -> None:
        """This is no worker any more."""
        self._forget()

    def claim(self, connection: Connection, now: int, limit: int, busy: Collection[str]) -> list[str]:
        """The journeys to advance now, the longest waiting first: this worker's, or nobody's, which then are its own.

        Those of workers whose time has passed are nobody's. Who is no worker only looks.
        """
        found = self.due(connection, now, limit, busy, lock=True)
        if self.fence is None or not found:
            return found
        locked = [journey for journey in found if journey in self._locked]
        mine = self._take(connection, locked, _TAKE_LOCKED)
        if called := [journey for journey in found if journey not in self._locked]:
            mine |= self._take(connection, called)
        return [journey for journey in found if journey in mine]

    def due(
        self, connection: Connection, now: int, limit: int, busy: Collection[str], *, lock: bool = False
    ) -> list[str]:
        """The same ones, left as they are; ``lock``: nobody else takes them before this transaction has ended."""
        if self._lost:
            return []
        outbox = outbox_of(connection)
        swept = outbox.send(_SWEEP)
        self._tell_let_go(connection)
        terms = {"now": now, "limit": limit, "busy": list(busy), "fence": self.fence}
        statement = _LOCK_DUE if lock else _DUE
        due, called = outbox.send(statement, terms), outbox.send(_CALLED, terms)
        if self._freed(connection, swept):
            due, called = outbox.send(statement, terms), outbox.send(_CALLED, terms)
        since = {row["id"]: row["due"] for row in due.rows}
        self._locked = set(since) if lock else set()
        for row in called.rows:
            since[row["journey"]] = min(row["since"], since.get(row["journey"], row["since"]))
        return sorted(since, key=lambda journey: (since[journey], journey))[:limit]

    def take(self, connection: Connection, journey: str) -> bool:
        """Take this one, if it is nobody's or this worker's already. Who is no worker takes nothing."""
        if self._lost or self.fence is None:
            return False
        self._freed(connection, outbox_of(connection).send(_SWEEP))
        self._tell_let_go(connection)
        return journey in self._take(connection, [journey])

    def next_due(self, connection: Connection, busy: Collection[str]) -> tuple[int | None, bool]:
        """When the next journey that this worker may claim falls due, and whether a message waits for it."""
        terms = {"busy": list(busy), "fence": self.fence, "limit": 1}
        outbox = outbox_of(connection)
        due, called = outbox.send(_NEXT_DUE, terms), outbox.send(_CALLED, terms)
        return next((row["due"] for row in due.rows), None), bool(called.rows)

    def _take(self, connection: Connection, journeys: Sequence[str], statement: str = _TAKE) -> set[str]:
        terms = {"fence": self.fence, "ids": journeys}
        mine = {row["id"] for row in outbox_of(connection).send(statement, terms).rows}
        self._taken |= mine
        return mine

    def _freed(self, connection: Connection, swept: Answer) -> bool:
        """Whether there were workers whose time has passed: what they held is nobody's now."""
        late = [row["id"] for row in swept.rows]
        if late:
            # A statement of its own: it sees what those took until the moment in which they were locked out.
            outbox_of(connection).send(_FREE, {"fences": late})
            self.tell()
        return bool(late)

    def _tell_let_go(self, connection: Connection) -> None:
        let_go = self._let_go_of(None)
        if let_go and self.fence is not None:
            outbox_of(connection).send(_LET_GO, {"fence": self.fence, "ids": sorted(let_go)})

    def _let_go_of(self, those: set[str] | None) -> set[str]:
        """Take these, or all, off what is to be let go of, for the transaction under way."""
        with self._letting_go:
            let_go = set(self._let_go) if those is None else self._let_go & those
            self._let_go -= let_go
            self._told |= let_go
        return let_go

    def _forget(self) -> None:
        self.fence, self._until, self._new = None, 0.0, False
        with self._letting_go:
            self._held.clear()
            self._let_go.clear()
            self._told.clear()

    def _fenced(self, journey: str) -> JournalConflict:
        return JournalConflict(f"{conflict(journey)} (this worker was not heard of for {self.length:g} s)")


_MINE = "(j.owner IS NULL OR j.owner = %(fence)s::bigint) AND j.id <> ALL(%(busy)s::text[])"
# The name too: a server that was set back may give a number once more.
_BEGUN = """
    SELECT pg_current_xact_id()::text AS number,
           (SELECT id FROM workers WHERE id = %(fence)s::bigint AND name = %(name)s FOR KEY SHARE) AS fence"""
_TELL = "SELECT pg_notify(%(channel)s, news) FROM unnest(%(news)s::text[]) AS news"
_RENEW = """
    UPDATE workers SET until = clock_timestamp() + make_interval(secs => %(length)s)
    WHERE id = %(fence)s AND name = %(name)s RETURNING id"""
_REGISTER = """
    INSERT INTO workers (name, until) VALUES (%(name)s, clock_timestamp() + make_interval(secs => %(length)s))
    RETURNING id"""
_REMOVE = "DELETE FROM workers WHERE id = ANY(%(fences)s::bigint[])"
# What has an owner stands in ``held`` too, whoever wrote it.
_FREE = """
    UPDATE journeys SET owner = NULL
    WHERE owner = ANY(%(fences)s::bigint[]) AND id IN (
        SELECT journey FROM held WHERE held.owner = ANY(%(fences)s::bigint[]))"""
_FREE_STRAYS = """
    UPDATE journeys SET owner = NULL
    WHERE NOT EXISTS (SELECT FROM workers WHERE workers.id = journeys.owner) AND id IN (
        SELECT journey FROM held WHERE NOT EXISTS (SELECT FROM workers WHERE workers.id = held.owner))"""
# SKIP LOCKED: a process that was stopped within a transaction holds its row; the server ends that session in time.
_SWEEP = """
    DELETE FROM workers WHERE id IN (
        SELECT id FROM workers WHERE until < clock_timestamp() FOR UPDATE SKIP LOCKED)
    RETURNING id"""
# Where it was stopped between two messages of one transaction, the server does not end it: nothing is idle for it.
_END_STUCK = """
    SELECT pg_terminate_backend(a.pid) FROM workers AS w
    JOIN pg_stat_activity AS a ON a.application_name = right(w.name, %(shown)s::integer)
    WHERE w.until < clock_timestamp() - make_interval(secs => %(late)s) AND a.pid <> pg_backend_pid()
        AND a.usename = current_user AND a.datname = current_database()"""
_LET_GO = """
    UPDATE journeys SET owner = NULL WHERE id IN (
        SELECT id FROM journeys WHERE id = ANY(%(ids)s) AND owner = %(fence)s ORDER BY id FOR NO KEY UPDATE)"""
_MANY = "SELECT count(*) = 1000 FROM (SELECT FROM tally_changes LIMIT 1000) AS few"
_FOLDING = "SELECT pg_try_advisory_xact_lock(1869505124, 1)"
_FOLD = """
    WITH gone AS (DELETE FROM tally_changes RETURNING flow, status, state, number)
    INSERT INTO tally_changes (flow, status, state, number)
    SELECT flow, status, state, sum(number) FROM gone GROUP BY flow, status, state HAVING sum(number) <> 0"""
_DUE = f"""
    SELECT j.id, j.due FROM journeys AS j WHERE j.due <= %(now)s AND {_MINE}
    ORDER BY j.due, j.id LIMIT %(limit)s"""
_LOCK_DUE = f"{_DUE} FOR NO KEY UPDATE SKIP LOCKED"
_NEXT_DUE = f"SELECT j.due FROM journeys AS j WHERE j.due IS NOT NULL AND {_MINE} ORDER BY j.due LIMIT 1"
_CALLED = f"""
    SELECT i.journey, min(i.at) AS since FROM inbox AS i JOIN journeys AS j ON j.id = i.journey
    WHERE i.verdict IS NULL AND {_MINE} AND (i.kind <> 'input' OR j.status NOT IN ('working', 'parked'))
    GROUP BY i.journey ORDER BY since, i.journey LIMIT %(limit)s"""
