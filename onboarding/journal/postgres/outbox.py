"""The statements of a transaction, sent to the server together as far as nobody waits for what they find.

A statement costs a way to the server and back, and then the turn of the journal's thread in its own process, which
takes longer where the event loop is busy. So ``BEGIN`` travels with the first question, and ``COMMIT`` with the last
writes. A pooler may not know what is sent before the answer to the last is there: to it they go one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Connection

from onboarding.journal.postgres.faults import is_lost

__all__ = ["Answer", "Outbox", "flush", "outbox_of"]

_NAME = "onboarding-outbox"


class Answer:
    """What the server says to a statement."""

    __slots__ = ("_outbox", "_rows", "parameters", "text")

    def __init__(self, outbox: Outbox, text: str, parameters: Mapping[str, Any] | None) -> None:
        self.text = text
        self.parameters = parameters
        self._outbox = outbox
        self._rows: Sequence[Mapping[str, Any]] | None = None

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The rows, by the names of their columns; all that waits to be sent is sent first.

        Raises:
            psycopg.Error: a statement failed; what was sent after it was not done.
        """
        if self._rows is None:
            self._outbox.flush()
        assert self._rows is not None, "a statement that failed is not asked again"
        return self._rows

    def take(self, cursor: psycopg.Cursor[Mapping[str, Any]]) -> None:
        """Keep what came."""
        self._rows = cursor.fetchall() if cursor.description is not None else ()
        if cursor.description is None and cursor.rowcount > 0:
            self._outbox.has_written = True


class Outbox:
    """Statements that wait to be sent.

    Args:
        driver: the connection.
        pipelines: whether several may be sent before the first is answered.
    """

    def __init__(self, driver: psycopg.Connection[Any], pipelines: bool) -> None:
        self._driver = driver
        self._pipelines = pipelines
        self._waiting: list[Answer] = []
        self.last: str | None = None
        """What is to go along with what is sent next, which is all there is."""
        self.is_over = False
        """Whether that was sent."""
        self.fault: psycopg.Error | None = None
        """Why something could not be sent, or was not done."""
        self.has_written = False
        """Whether rows were put there, changed or removed: for such a commit alone the server waits for its disk."""

    def put(self, connection: Connection) -> None:
        """Be what ``outbox_of`` finds."""
        connection.info[_NAME] = self

    def send(self, text: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Have a statement be sent before the next one that somebody waits for, and before the commit."""
        answer = Answer(self, text, parameters)
        self._waiting.append(answer)
        return answer

    def flush(self) -> None:
        """Send what waits. Raises ``psycopg.Error``."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        if self.last is not None:
            waiting.append(Answer(self, self.last, None))
            self.last, self.is_over = None, True
        try:
            self._send(waiting)
        except psycopg.Error as error:
            self.fault = error
            raise

    def check(self) -> None:
        """Raise again what a read may have kept for whoever asked, if the connection is gone."""
        if self.fault is not None and is_lost(self.fault):
            raise self.fault

    def _send(self, waiting: Sequence[Answer]) -> None:
        if not self._pipelines or len(waiting) == 1:
            for answer in waiting:
                self._execute(answer)
            return
        with self._driver.pipeline():
            cursors = [self._cursor(answer) for answer in waiting]
        for answer, cursor in zip(waiting, cursors, strict=True):
            answer.take(cursor)

    def _execute(self, answer: Answer) -> None:
        answer.take(self._cursor(answer))

    def _cursor(self, answer: Answer) -> psycopg.Cursor[Any]:
        # The texts are this package's own; values are parameters.
        return self._driver.cursor(row_factory=dict_row).execute(answer.text.encode(), answer.parameters)


def outbox_of(connection: Connection) -> Outbox:
    """That of the transaction under way on a connection."""
    outbox: Outbox = connection.info[_NAME]
    return outbox


def flush(connection: Connection, *_: Any) -> None:
    """Send what waits, before SQLAlchemy sends a statement of its own."""
    outbox: Outbox | None = connection.info.get(_NAME)
    if outbox is not None:
        outbox.flush()
