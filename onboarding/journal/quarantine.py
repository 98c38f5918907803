"""A journey that cannot be read is set aside, so that it is seen and nothing is done with it; the others go on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection

from onboarding.journal import statements as sql
from onboarding.journal.batch import unknown
from onboarding.journal.records import Head, Status, TransitionRecord
from onboarding.journal.rows import head_row, transition_row, what_is_left

__all__ = ["set_aside"]


def set_aside(
    connection: Connection, record: TransitionRecord, note: str, verdict: str
) -> tuple[Head, TransitionRecord]:
    """Park a journey of which the journal cannot tell everything, and put what it can tell into order.

    Its sealed data and its key stay as they are. One that has ended stays so. Inputs wait.

    Args:
        connection: in a transaction that writes.
        record: the row of its history that says so; its number and its states are found here.
        note: why it is parked.
        verdict: on whatever else is asked of it, and on messages that cannot be read.

    Returns:
        The head as it is now, and the row.
    """
    journey = record.journey
    row = connection.execute(sql.HEAD, {"journey": journey}).mappings().first()
    if row is None:
        raise unknown(journey)
    left = what_is_left(row)
    last = connection.execute(sql.LAST_NUMBER, {"journey": journey}).scalar()
    seq = max(left.seq, last or 0) + 1
    head = replace(left, due=None, seq=seq, revision=left.revision + 1, updated=record.at, note=note)
    with suppress(ValueError):
        if Status(row["status"]).is_final:
            head = replace(head, status=Status(row["status"]), note=str(row["note"]))
    record = replace(record, seq=seq, source=head.state, dest=head.state)
    connection.execute(sql.MEND, {"the_id": journey, **{name: head_row(head)[name] for name in sql.MENDED}})
    connection.execute(sql.ADD_TRANSITION, transition_row(record))
    connection.execute(sql.SET_ASIDE, {"the_id": journey, "the_verdict": verdict})
    return head, record
