"""Every statement on the journal's rows, built once: SQLAlchemy compiles it once, SQLite prepares it once.

Lists of ids travel as one JSON text: a statement as long as its list would be another statement every time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BindParameter,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from onboarding.journal.dialects import JsonEach, TypeOf
from onboarding.journal.records import APPLIED, MessageKind, Status
from onboarding.journal.schema import (
    archived,
    inbox,
    journey_data,
    journeys,
    meta,
    tallies,
    transitions,
    uses,
)

__all__ = [
    "ADD_DATA",
    "ADD_HEAD",
    "ADD_META",
    "ADD_TRANSITION",
    "ADD_USE",
    "BY_ARCHIVED_KEY",
    "BY_KEY",
    "CALLED",
    "CHANGING",
    "COUNT",
    "DROP_MESSAGE",
    "DUE",
    "ERASE_HISTORY",
    "ERASE_KEY",
    "ERASE_MESSAGES",
    "FORGET_USES",
    "FREE_KEY",
    "GIVE_BACK",
    "HEAD",
    "HISTORIES",
    "HISTORY",
    "KEEP_KEYS",
    "LAST_NUMBER",
    "LOOKED_AT",
    "MEND",
    "MENDED",
    "MESSAGES",
    "META",
    "NEW_DATA",
    "NEW_HEAD",
    "NEXT_CALLED",
    "NEXT_DUE",
    "ORPHANS",
    "POST",
    "REMOVABLE",
    "REMOVE",
    "RESEAL",
    "RESEAL_MESSAGE",
    "RESTORED",
    "REVISIONS",
    "SEALED",
    "SEALED_MESSAGES",
    "SET_ASIDE",
    "SET_META",
    "STALE",
    "STORED",
    "UNSEEN",
    "USES",
    "VERDICT",
    "listed",
]


def listed(ids: Iterable[str]) -> str:
    """Ids as the one text that a statement takes them as."""
    return json.dumps(list(ids))


def _each(name: str) -> Select[Any]:
    return select(JsonEach(bindparam(name)).table_valued("value").c.value)


def _to(name: str) -> BindParameter[Any]:
    """A parameter of an ``UPDATE``'s condition: its name must differ from those of the columns set."""
    return bindparam(f"the_{name}")


_HEAD_COLUMNS = [column for column in journeys.c if column.name != "key"]
CHANGING = tuple(column.name for column in journeys.c if column.name not in {"id", "flow", "created", "key"})
"""What a write of a journey may change of its head."""

_MESSAGE_COLUMNS = [column for column in inbox.c if column.name != "number"]

# --- journeys ---
HEAD = select(*_HEAD_COLUMNS).where(journeys.c.id == bindparam("journey"))
STORED = (
    select(*_HEAD_COLUMNS, journey_data.c.data)
    .join(journey_data, journey_data.c.journey == journeys.c.id)
    .where(journeys.c.id == bindparam("journey"))
)
BY_KEY = select(*_HEAD_COLUMNS).where(journeys.c.flow == bindparam("flow"), journeys.c.key == bindparam("key"))
REVISIONS = select(journeys.c.id, journeys.c.revision).where(journeys.c.id.in_(_each("ids")))
ADD_HEAD = insert(journeys)
ADD_DATA = insert(journey_data)
ADD_TRANSITION = insert(transitions)
NEW_HEAD = update(journeys).where(journeys.c.id == _to("id")).values({name: bindparam(name) for name in CHANGING})
MENDED = (*CHANGING, "flow", "created")
MEND = update(journeys).where(journeys.c.id == _to("id")).values({name: bindparam(name) for name in MENDED})
NEW_DATA = update(journey_data).where(journey_data.c.journey == _to("id")).values(data=bindparam("data"))
HISTORY = (
    select(transitions)
    .where(transitions.c.journey == bindparam("journey"), transitions.c.seq > bindparam("after"))
    .order_by(transitions.c.seq)
)
LAST_NUMBER = select(func.max(transitions.c.seq)).where(
    transitions.c.journey == bindparam("journey"), TypeOf(transitions.c.seq) == "integer"
)
COUNT = select(tallies).where(tallies.c.number > 0)

# --- what wants to be advanced ---
_NOT_BUSY = journeys.c.id.not_in(_each("busy"))
DUE = (
    select(journeys.c.id, journeys.c.due)
    .where(journeys.c.due <= bindparam("now"), _NOT_BUSY)
    .order_by(journeys.c.due, journeys.c.id)
    .limit(bindparam("limit"))
)
NEXT_DUE = select(journeys.c.due).where(journeys.c.due.is_not(None), _NOT_BUSY).order_by(journeys.c.due).limit(1)
_CALLING = and_(
    inbox.c.verdict.is_(None),
    _NOT_BUSY,
    or_(
        inbox.c.kind != MessageKind.INPUT.value,
        journeys.c.status.not_in([Status.WORKING.value, Status.PARKED.value]),
    ),
)
_SINCE = func.min(inbox.c.at)
CALLED = (
    select(inbox.c.journey, _SINCE.label("since"))
    .join(journeys, journeys.c.id == inbox.c.journey)
    .where(_CALLING)
    .group_by(inbox.c.journey)
    .order_by(_SINCE, inbox.c.journey)
    .limit(bindparam("limit"))
)
NEXT_CALLED = select(inbox.c.journey).join(journeys, journeys.c.id == inbox.c.journey).where(_CALLING).limit(1)

# --- messages ---
_UNSEEN = inbox.c.verdict.is_(None)
POST = sqlite_insert(inbox).on_conflict_do_nothing(index_elements=[inbox.c.id])
MESSAGES = select(*_MESSAGE_COLUMNS).where(inbox.c.journey == bindparam("journey"), _UNSEEN).order_by(inbox.c.number)
UNSEEN = select(inbox.c.id, inbox.c.journey).where(inbox.c.id.in_(_each("ids")), _UNSEEN)
SET_ASIDE = (
    update(inbox)
    .where(
        inbox.c.journey == _to("id"),
        _UNSEEN,
        or_(inbox.c.kind != MessageKind.INPUT.value, TypeOf(inbox.c.at) != "integer"),
    )
    .values(verdict=bindparam("the_verdict"), payload=None)
)
LOOKED_AT = update(inbox).where(inbox.c.id == _to("id")).values(verdict=bindparam("verdict"), payload=None)
VERDICT = select(inbox.c.verdict).where(inbox.c.id == bindparam("message"))
DROP_MESSAGE = delete(inbox).where(inbox.c.id == bindparam("message"), _UNSEEN)

# --- values of the journal as a whole ---
META = select(meta.c.value).where(meta.c.name == bindparam("name"))
_SETTING = "INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO"
ADD_META, SET_META = text(f"{_SETTING} NOTHING"), text(f"{_SETTING} UPDATE SET value = excluded.value")

# --- budgets ---
FORGET_USES = delete(uses).where(uses.c.at <= bindparam("until"))
USES = select(uses.c.at).where(uses.c.budget == bindparam("budget"), uses.c.at > bindparam("since")).order_by(uses.c.at)
ADD_USE = insert(uses)
GIVE_BACK = delete(uses).where(
    uses.c.number
    == select(func.max(uses.c.number))
    .where(uses.c.budget == bindparam("budget"), uses.c.at == bindparam("at"))
    .scalar_subquery()
)

# --- what tells an old copy ---
RESTORED = (
    update(journeys)
    .where(journeys.c.status.not_in([status.value for status in Status if status.is_final]))
    .values(restored=bindparam("the_time"))
)

STALE = update(inbox).where(_UNSEEN).values(verdict=bindparam("the_verdict"), payload=None)
"""What was handed in before a journal was restored may have been looked at since, in the time that is lost."""

# --- what the rotation of keys walks over ---
SEALED = (
    select(journeys.c.id, journeys.c.revision, journey_data.c.data)
    .join(journey_data, journey_data.c.journey == journeys.c.id)
    .where(journeys.c.id > bindparam("after"))
    .order_by(journeys.c.id)
    .limit(bindparam("limit"))
)
RESEAL = (
    update(journey_data)
    .where(
        journey_data.c.journey == _to("id"),
        exists().where(journeys.c.id == _to("id"), journeys.c.revision == _to("revision")),
    )
    .values(data=bindparam("data"))
)
SEALED_MESSAGES = (
    select(inbox.c.id, inbox.c.journey, inbox.c.payload)
    .where(inbox.c.id > bindparam("after"), _UNSEEN, inbox.c.payload.is_not(None))
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
)
RESEAL_MESSAGE = (
    update(inbox)
    .where(inbox.c.id == _to("id"), inbox.c.payload == _to("payload"), _UNSEEN)
    .values(payload=bindparam("payload"))
)

# --- what forgets, and what audits ---
ERASE_HISTORY = delete(transitions).where(transitions.c.journey == _to("id"))
ERASE_KEY = update(journeys).where(journeys.c.id == _to("id")).values(key=None)
ERASE_MESSAGES = (
    update(inbox)
    .where(inbox.c.journey == _to("id"))
    .values(payload=None, verdict=case((inbox.c.verdict == APPLIED, APPLIED), else_=bindparam("the_verdict")))
)
_KEPT = union(*(select(table.c.journey) for table in (transitions, journey_data, inbox))).subquery()
ORPHANS = select(_KEPT.c.journey).where(~exists().where(journeys.c.id == _KEPT.c.journey)).limit(bindparam("limit"))


# --- what moves journeys that have ended from one journal to another ---
_FINAL = [status.value for status in Status if status.is_final]
_UNANSWERED = exists().where(inbox.c.journey == journeys.c.id, _UNSEEN)
HISTORIES = (
    select(transitions)
    .where(transitions.c.journey.in_(_each("ids")))
    .order_by(transitions.c.journey, transitions.c.seq)
)
REMOVABLE = select(journeys.c.id, journeys.c.revision).where(
    journeys.c.id.in_(_each("ids")), journeys.c.status.in_(_FINAL), ~_UNANSWERED
)
REMOVE = delete(journeys).where(journeys.c.id.in_(_each("ids")))
_LEFT = [column.name for column in archived.c if column.name != "journey"]
_USED = select(journeys.c.id, *(journeys.c[name] for name in _LEFT)).where(
    journeys.c.id.in_(_each("ids")), journeys.c.key.is_not(None)
)
KEEP_KEYS = {
    name: into(archived).from_select(["journey", *_LEFT], _USED).on_conflict_do_nothing()
    for name, into in (("sqlite", sqlite_insert), ("postgresql", postgresql_insert))
}
"""For each kind of database: what to do where a key is kept already, each says in its own words."""
BY_ARCHIVED_KEY = select(archived).where(archived.c.flow == bindparam("flow"), archived.c.key == bindparam("key"))
FREE_KEY = update(journeys).where(journeys.c.flow == _to("flow"), journeys.c.key == _to("key")).values(key=None)
