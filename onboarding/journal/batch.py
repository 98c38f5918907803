"""Apply writes to the tables, within a transaction that somebody else begins and commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal import statements as sql
from onboarding.journal.moving import archived
from onboarding.journal.prepared import Prepared
from onboarding.journal.records import Change, Head, Message, TransitionRecord
from onboarding.journal.rows import head_of, head_row, message_row, transition_row

__all__ = [
    "add_journey",
    "apply_changes",
    "conflict",
    "erase_journey",
    "post_message",
    "spend",
    "taken_back",
    "unknown",
]

_LONGEST_BUDGET = 86_400_000_000
"""Microseconds after which the use of a budget is forgotten, whichever it was."""


def conflict(journey: str) -> JournalConflict:
    """The error of a change whose revision is not the next one."""
    return JournalConflict(f"journey {journey} was changed by another writer first: load it again")


def taken_back(journey: str) -> JournalConflict:
    """The error of a change that decides on a message which is no longer there to be decided on."""
    return JournalConflict(f"a message to journey {journey} was taken back or decided on meanwhile: load it again")


def unknown(journey: str) -> UnknownJourney:
    """The error of an id that the journal does not hold."""
    return UnknownJourney(f"the journal holds no journey {journey}")


def apply_changes(connection: Connection, changes: Sequence[Change]) -> list[JournalError | None]:
    """Apply changes in order, as one statement a table; the outcome of each, in the same order.

    The conflicts are found first, in memory, from the revisions stored when the transaction began: nothing
    else can write between. A row that several changes touch is written once, as the last of them leaves it.
    """
    revisions = _revisions(connection, changes)
    unseen = _unseen(connection, changes)
    heads: dict[str, dict[str, Any]] = {}
    data: dict[str, dict[str, Any]] = {}
    history: list[dict[str, Any]] = []
    verdicts: list[dict[str, Any]] = []
    outcomes: list[JournalError | None] = []
    for change in changes:
        journey = change.head.id
        if revisions.get(journey) != change.follows:
            outcomes.append(conflict(journey))
            continue
        if any(unseen.get(verdict.message) != journey for verdict in change.verdicts):
            outcomes.append(taken_back(journey))
            continue
        revisions[journey] = change.head.revision
        heads[journey] = {"the_id": journey, **head_row(change.head)}
        if change.data is not None:
            data[journey] = {"the_id": journey, "data": change.data}
        history += map(transition_row, change.transitions)
        for verdict in change.verdicts:
            del unseen[verdict.message]
            verdicts.append({"the_id": verdict.message, "verdict": verdict.verdict})
        outcomes.append(None)
    written = (
        (_NEW_HEADS, list(heads.values())),
        (_NEW_DATA, list(data.values())),
        (_ADD_TRANSITIONS, history),
        (_LOOKED_AT, verdicts),
    )
    for statement, rows in written:
        if rows:
            statement.each(connection, rows)
    return outcomes


_NEW_HEADS, _NEW_DATA = Prepared(sql.NEW_HEAD), Prepared(sql.NEW_DATA)
_ADD_TRANSITIONS, _LOOKED_AT = Prepared(sql.ADD_TRANSITION), Prepared(sql.LOOKED_AT)


def _revisions(connection: Connection, changes: Sequence[Change]) -> dict[str, int]:
    ids = {change.head.id for change in changes}
    return {row.id: row.revision for row in connection.execute(sql.REVISIONS, {"ids": sql.listed(ids)})}


def _unseen(connection: Connection, changes: Sequence[Change]) -> dict[str, str]:
    ids = {verdict.message for change in changes for verdict in change.verdicts}
    if not ids:
        return {}
    return {row.id: row.journey for row in connection.execute(sql.UNSEEN, {"ids": sql.listed(ids)})}


def add_journey(connection: Connection, head: Head, data: bytes, first: TransitionRecord, key: bytes | None) -> Head:
    """Store a journey, or find the one that was stored under ``key`` before."""
    if key is not None:
        row = connection.execute(sql.BY_KEY, {"flow": head.flow, "key": key}).mappings().first()
        first_head = head_of(row) if row is not None else archived(connection, head.flow, key)
        if first_head is not None:
            return first_head
    connection.execute(sql.ADD_HEAD, {**head_row(head), "key": key})
    connection.execute(sql.ADD_DATA, {"journey": head.id, "data": data})
    connection.execute(sql.ADD_TRANSITION, transition_row(first))
    return head


def erase_journey(
    connection: Connection, head: Head, data: bytes, history: Sequence[TransitionRecord], verdict: str
) -> None:
    """Put these in the place of all that is kept of a journey."""
    revision = connection.execute(sql.REVISIONS, {"ids": sql.listed([head.id])}).first()
    if revision is None or revision.revision != head.revision - 1:
        raise conflict(head.id)
    row, the_id = head_row(head), {"the_id": head.id}
    connection.execute(sql.NEW_HEAD, {**the_id, **{name: row[name] for name in sql.CHANGING}})
    connection.execute(sql.NEW_DATA, {**the_id, "data": data})
    connection.execute(sql.ERASE_KEY, the_id)
    connection.execute(sql.ERASE_MESSAGES, {**the_id, "the_verdict": verdict})
    connection.execute(sql.ERASE_HISTORY, the_id)
    connection.execute(sql.ADD_TRANSITION, [transition_row(record) for record in history])


def spend(connection: Connection, budget: bytes, now: int, most: int, within: int) -> int | None:
    """Use a budget once more, or give the time when that may be; times in microseconds."""
    connection.execute(sql.FORGET_USES, {"until": now - max(within, _LONGEST_BUDGET)})
    used = [row.at for row in connection.execute(sql.USES, {"budget": budget, "since": now - within})]
    if len(used) >= most:
        return int(used[-most]) + within
    connection.execute(sql.ADD_USE, {"budget": budget, "at": now})
    return None


def post_message(connection: Connection, message: Message) -> None:
    """Keep a message; the same id a second time changes nothing."""
    if connection.execute(sql.HEAD, {"journey": message.journey}).first() is None:
        raise unknown(message.journey)
    connection.execute(sql.POST, message_row(message))
