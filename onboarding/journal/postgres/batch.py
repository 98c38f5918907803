"""The changes of a transaction as a statement a table, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from onboarding.errors import JournalConflict, JournalError
from onboarding.journal.batch import conflict, taken_back
from onboarding.journal.postgres.many import Statement, kinds, listed
from onboarding.journal.postgres.outbox import outbox_of
from onboarding.journal.records import Change, Phase
from onboarding.journal.rows import head_row, transition_row
from onboarding.journal.schema import journey_data, journeys, transitions
from onboarding.journal.statements import CHANGING

__all__ = ["ADD_TRANSITIONS", "Applied"]


class Applied:
    """A batch: what is stored when it begins, what it puts there, and what becomes of each of its changes.

    The rows are locked before they are looked at: other processes write too.
    """

    def __init__(self, connection: Connection, changes: Sequence[Change], fence: int | None) -> None:
        self._fence = fence
        self._outbox = outbox_of(connection)
        self._changes = changes
        ids = sorted({change.head.id for change in changes})
        stored = self._outbox.send(_STORED, {"ids": ids})
        ids = sorted({verdict.message for change in changes for verdict in change.verdicts})
        unseen = self._outbox.send(_UNSEEN, {"ids": ids}).rows if ids else ()
        self._revisions = {row["id"]: row["revision"] for row in stored.rows}
        self._owners = {row["id"]: row["owner"] for row in stored.rows}
        self._unseen = {row["id"]: row["journey"] for row in unseen}
        self._heads: dict[str, Mapping[str, Any]] = {}
        self._data: dict[str, Mapping[str, Any]] = {}
        self._history: list[Mapping[str, Any]] = []
        self._verdicts: list[Mapping[str, Any]] = []
        self.seen: set[str] = set()
        """The journeys of which something that was asked was looked at."""
        self.taken: set[str] = set()
        """The journeys that are this worker's from now on."""
        self.given: set[str] = set()
        """The journeys that ended, and are nobody's from now on."""
        self.outcomes: list[JournalError | None] = []
        """What became of each change."""

    def write(self) -> None:
        """Put there what fits."""
        self.outcomes = [self._add(change) for change in self._changes]
        for statement, rows in (
            (_NEW_HEADS, self._heads.values()), (_NEW_DATA, self._data.values()),
            (ADD_TRANSITIONS, self._history), (_LOOKED_AT, self._verdicts),
        ):  # fmt: skip
            if rows:
                statement.send(self._outbox, rows)

    def _add(self, change: Change) -> JournalError | None:
        """Note what a change puts there; why it does not fit."""
        journey = change.head.id
        if self._revisions.get(journey) != change.follows:
            return conflict(journey)
        if self._owners[journey] not in (None, self._fence):
            return JournalConflict(f"journey {journey} is advanced by another worker: load it again later")
        if any(self._unseen.get(verdict.message) != journey for verdict in change.verdicts):
            return taken_back(journey)
        self._revisions[journey] = change.head.revision
        if self._fence is not None and change.head.phase is Phase.SENDING:
            self._owners[journey] = self._fence  # nobody else takes up what is about to send
            self.taken.add(journey)
            self.given.discard(journey)
        elif change.head.status.is_final:
            # Nothing of it is to be sent any more: it is let go of in the same write.
            self._owners[journey] = None
            self.given.add(journey)
            self.taken.discard(journey)
        self._heads[journey] = {**head_row(change.head), "owner": self._owners[journey]}
        if change.data is not None:
            self._data[journey] = {"journey": journey, "data": change.data}
        self._history += map(transition_row, change.transitions)
        for verdict in change.verdicts:
            del self._unseen[verdict.message]
            self._verdicts.append({"id": verdict.message, "verdict": verdict.verdict})
            self.seen.add(journey)
        return None


def _set(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}" = new."{name}"' for name in names)


_ALL_OF_A_TRANSITION = tuple(column.name for column in transitions.c)
_STORED = "SELECT id, revision, owner FROM journeys WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE"
_UNSEEN = "SELECT id, journey FROM inbox WHERE id = ANY(%(ids)s) AND verdict IS NULL ORDER BY id FOR UPDATE"
_NEW_HEADS = Statement(
    f"UPDATE journeys SET {_set((*CHANGING, 'owner'))}",
    {**kinds(journeys, ("id", *CHANGING)), "owner": "bigint"}, "WHERE journeys.id = new.id",
)  # fmt: skip
_NEW_DATA = Statement(
    "UPDATE journey_data SET data = new.data", kinds(journey_data, ("journey", "data")),
    "WHERE journey_data.journey = new.journey",
)  # fmt: skip
ADD_TRANSITIONS = Statement(
    f"INSERT INTO transitions ({listed(_ALL_OF_A_TRANSITION)}) SELECT *",
    kinds(transitions, _ALL_OF_A_TRANSITION),
)
_LOOKED_AT = Statement(
    "UPDATE inbox SET verdict = new.verdict, payload = NULL", {"id": "text", "verdict": "text"},
    "WHERE inbox.id = new.id",
)  # fmt: skip
