"""Waiting for a server that is not there yet: a service and its database are started together."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy.exc import DBAPIError

from onboarding.errors import JournalError
from onboarding.journal.postgres.address import Address
from onboarding.journal.postgres.faults import explained, is_crowded, is_lost, is_not_there
from onboarding.log import log

__all__ = ["Arrival"]

_SHORTEST, _LONGEST = 0.1, 1.0
"""Seconds between two tries."""
_AGREED = 2
"""How often in a row the server must say that it is there before a refusal is taken for its last word: it may have come
up between the refusal and the question."""


class Arrival:
    """Waits until a server can be connected to.

    Args:
        address: the server, and for how long it is waited for.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._given_up = Event()

    def give_up(self) -> None:
        """Wait no longer; from any thread."""
        self._given_up.set()

    def wait_for(self, connect: Callable[[], None]) -> None:
        """Try to connect until it is done, what is wrong does not pass with time, or time is up.

        Raises:
            JournalError: it did not come in time.
            Exception: what ``connect`` raised, where waiting mends nothing: a wrong password, no such database.
        """
        wait, place = self._address.wait, self._address.place
        until, pause, refused = time.monotonic() + wait, _SHORTEST, 0
        while True:
            try:
                return connect()
            except Exception as error:
                origin = error.orig if isinstance(error, DBAPIError) else error
                if origin is None or not wait or not is_not_there(origin):
                    raise
                refused = 0 if self._may_come(origin) else refused + 1
                if refused == _AGREED:
                    raise
                fault = explained(origin, place)
            if time.monotonic() > until or self._given_up.is_set():
                raise JournalError(f"{fault} (it was waited for, for {wait:g} s)")
            if pause == _SHORTEST:
                log.warning(
                    "the server of the journal {} is not there yet: it is waited for, up to {:g} s", place, wait
                )
            if self._given_up.wait(pause):
                raise fault
            pause = min(2 * pause, _LONGEST)

    def _may_come(self, error: BaseException) -> bool:
        """Whether the server does not answer, is just starting, or has no connection left.

        It is asked for that itself: what it says of a refusal depends on the language that it speaks.
        """
        if isinstance(error, psycopg.errors.ConnectionTimeout) or not isinstance(error, psycopg.OperationalError):
            return is_lost(error)  # a pooler answers though its server does not
        if error.sqlstate is not None or is_crowded(error):
            return True
        words = make_conninfo("", **{"connect_timeout": "5", **self._address.parameters})
        return pq.PGconn.ping(words.encode()) in (pq.Ping.REJECT, pq.Ping.NO_RESPONSE)
