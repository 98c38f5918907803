"""What is read of many journeys at once, because many ask at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from onboarding.errors import JournalDamaged, OnboardingError
from onboarding.journal.batch import unknown
from onboarding.journal.postgres.outbox import outbox_of
from onboarding.journal.records import Head, Stored
from onboarding.journal.rows import damaged, head_of, message_of, transition_of
from onboarding.journal.schema import inbox, journeys, transitions

__all__ = ["heads", "load"]


def heads(connection: Connection, asked: Sequence[str]) -> list[Head | OnboardingError]:
    """The head of each journey, or why it cannot be had."""
    rows = outbox_of(connection).send(_HEADS, {"ids": list(set(asked))}).rows
    found = {row["id"]: row for row in rows}
    return [_head(journey, found.get(journey)) for journey in asked]


def _head(journey: str, row: Mapping[str, Any] | None) -> Head | OnboardingError:
    if row is None:
        return unknown(journey)
    try:
        return head_of(row)
    except JournalDamaged as error:
        return error


def load(connection: Connection, asked: Sequence[tuple[str, bool]]) -> list[Stored | OnboardingError]:
    """Each journey, with the last row of its history where that is asked for, or why it cannot be had."""
    outbox, ids = outbox_of(connection), {"ids": list({journey for journey, _ in asked})}
    stored, unseen = outbox.send(_STORED, ids), outbox.send(_MESSAGES, ids)
    wanted = {"ids": [journey for journey, last in asked if last]}
    rows = outbox.send(_LAST, wanted).rows if wanted["ids"] else ()
    found = {row["id"]: row for row in stored.rows}
    messages: dict[str, list[Mapping[str, Any]]] = {}
    for row in unseen.rows:
        messages.setdefault(row["journey"], []).append(row)
    ends: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        ends.setdefault(row["journey"], row)
    return [
        _stored(journey, found.get(journey), messages.get(journey, ()), ends.get(journey) if last else None)
        for journey, last in asked
    ]


def _stored(
    journey: str,
    row: Mapping[str, Any] | None,
    messages: Iterable[Mapping[str, Any]],
    last: Mapping[str, Any] | None,
) -> Stored | OnboardingError:
    if row is None:
        return unknown(journey)
    if row["data"] is None:
        return damaged(journey, "its sealed data are gone")
    try:
        return Stored(
            head_of(row),
            row["data"],
            tuple(map(message_of, messages)),
            last=None if last is None else transition_of(last),
        )
    except JournalDamaged as error:
        return error


def _columns(table: str, names: Iterable[str]) -> str:
    return ", ".join(f'{table}."{name}"' for name in names)


_OF_A_HEAD = _columns("j", (column.name for column in journeys.c if column.name != "key"))
_HEADS = f"SELECT {_OF_A_HEAD} FROM journeys AS j WHERE j.id = ANY(%(ids)s)"
_STORED = f"""
    SELECT {_OF_A_HEAD}, d.data FROM journeys AS j LEFT JOIN journey_data AS d ON d.journey = j.id
    WHERE j.id = ANY(%(ids)s)"""
_MESSAGES = f"""
    SELECT {_columns("i", (column.name for column in inbox.c if column.name != "number"))} FROM inbox AS i
    WHERE i.journey = ANY(%(ids)s) AND i.verdict IS NULL ORDER BY i.number"""
_LAST = f"""
    SELECT {_columns("t", (column.name for column in transitions.c))} FROM journeys AS j
    JOIN transitions AS t ON t.journey = j.id AND t.seq >= j.seq
    WHERE j.id = ANY(%(ids)s) ORDER BY t.journey, t.seq"""
