"""Move journeys that have ended from one journal to another, within a transaction that somebody else commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from onboarding.errors import JournalDamaged
from onboarding.journal import statements as sql
from onboarding.journal.finding import ENDED, most_id
from onboarding.journal.records import Ended, Head, TransitionRecord, Whole
from onboarding.journal.rows import archived_head_of, head_of, head_row, micros, transition_of, transition_row

__all__ = ["archived", "ended", "take_in", "take_out"]


def ended(connection: Connection, before: datetime, after: str, limit: int) -> Ended:
    """Journeys that ended before then, whole."""
    terms = {"before": micros(before), "most": most_id(before), "after": after, "limit": limit}
    rows = connection.execute(ENDED[connection.dialect.name], terms).mappings().all()
    histories: dict[str, list[TransitionRecord]] = defaultdict(list)
    unreadable: set[str] = set()
    ids = sql.listed(row["id"] for row in rows)
    for row in connection.execute(sql.HISTORIES, {"ids": ids}).mappings():
        try:
            histories[row["journey"]].append(transition_of(row))
        except JournalDamaged:
            unreadable.add(row["journey"])
    found = []
    for row in rows:
        try:
            head = head_of(row)
        except JournalDamaged:
            unreadable.add(row["id"])
        else:
            found.append(Whole(head, row["data"], tuple(histories[head.id]), row["key"]))
    return Ended(
        tuple(whole for whole in found if whole.head.id not in unreadable),
        tuple(sorted(unreadable)),
        rows[-1]["id"] if len(rows) == limit else None,
    )


def take_in(connection: Connection, journeys: Sequence[Whole]) -> None:
    """Store them, those that are not there in this revision or a later one."""
    ids = sql.listed(whole.head.id for whole in journeys)
    held = {row.id: row.revision for row in connection.execute(sql.REVISIONS, {"ids": ids})}
    new = [whole for whole in journeys if held.get(whole.head.id, whole.head.revision - 1) < whole.head.revision]
    if not new:
        return
    connection.execute(sql.REMOVE, {"ids": sql.listed(whole.head.id for whole in new if whole.head.id in held)})
    # Of a journey that was put here and has given its key away since.
    if keys := [{"the_flow": whole.head.flow, "the_key": whole.key} for whole in new if whole.key is not None]:
        connection.execute(sql.FREE_KEY, keys)
    connection.execute(sql.ADD_HEAD, [{**head_row(whole.head), "key": whole.key} for whole in new])
    connection.execute(sql.ADD_DATA, [{"journey": whole.head.id, "data": whole.data} for whole in new])
    if rows := [transition_row(row) for whole in new for row in whole.history]:
        connection.execute(sql.ADD_TRANSITION, rows)


def take_out(connection: Connection, journeys: Sequence[tuple[str, int]]) -> list[str]:
    """Remove those that are as they were; their keys stay used."""
    asked = dict(journeys)
    held = connection.execute(sql.REMOVABLE, {"ids": sql.listed(asked)})
    ids = [row.id for row in held if row.revision == asked[row.id]]
    terms = {"ids": sql.listed(ids)}
    connection.execute(sql.KEEP_KEYS[connection.dialect.name], terms)
    connection.execute(sql.REMOVE, terms)
    return ids


def archived(connection: Connection, flow: str, key: bytes) -> Head | None:
    """What is left of the journey that used this key and was taken out; None: there is none."""
    row = connection.execute(sql.BY_ARCHIVED_KEY, {"flow": flow, "key": key}).mappings().first()
    return None if row is None else archived_head_of(row)
