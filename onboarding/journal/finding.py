"""The statements that look for many journeys at once: lists, and what ended long ago. None reads the whole table.

Of each kind (flow, status and state; ``tallies`` says which there are), the first ones are looked up: those of a kind
are a part of the index ``journeys_count``, in order of id. Then the first of these are taken.

Where it is asked for a time, only a part of the ids is looked through, since an id begins with the time at which it was
made. Of which journeys that is not so (a clock was set back, or was not the machine's) stands in an index of their own,
``journeys_astray``: they are looked through as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    bindparam,
    exists,
    select,
    text,
    true,
    union_all,
)

from onboarding.journal.records import Query, Status
from onboarding.journal.rows import micros
from onboarding.journal.schema import ASTRAY, FAILING, LIVE, SPAN, inbox, journey_data, journeys, tallies

__all__ = ["ENDED", "find", "least_id", "most_id"]

_HEAD_COLUMNS = [column for column in journeys.c if column.name != "key"]
_KIND = ("flow", "status", "state")

_Terms = Callable[[FromClause], list[ColumnElement[bool]]]
_Limit = int | BindParameter[int]


def least_id(since: datetime) -> str:
    """No id of a journey that was created at that time or later is below this, unless it is astray."""
    return f"{max(0, micros(since) // SPAN - 1):08x}"


def most_id(before: datetime) -> str:
    """The ids of all journeys that were created, or ended, before then are below this, unless they are astray."""
    return f"{max(0, micros(before) // SPAN + 2):08x}"


def find(query: Query, dialect: str) -> Select[Any]:
    """The heads that a list asks for, newest first, and one more: there is a next page.

    Args:
        query: what it asks for.
        dialect: ``sqlite`` or ``postgresql``.
    """
    limit = query.limit + 1
    found = select(*_HEAD_COLUMNS).order_by(journeys.c.id.desc()).limit(limit)
    if query.restored or query.failures:  # few, in an index of their own
        terms = [*_narrowed(query, journeys), *_of_kind(query, _no_index(journeys))]
        if query.restored:
            terms.append(text(LIVE))  # type: ignore[arg-type]
        if query.failures:
            terms += [text(FAILING), journeys.c.attempt > query.failures]  # type: ignore[list-item]
        return found.where(*terms)
    kinds = _of_kind(query, tallies.c)
    between = _between(query)
    if not kinds and not between:
        return found.where(*_narrowed(query, journeys))

    def in_order(table: FromClause) -> list[ColumnElement[bool]]:
        return [*_narrowed(query, table), *(term(table) for term in between)]

    walks = [_of_each_kind(dialect, kinds, in_order, limit) if kinds else _first(in_order, limit)]
    if between:
        walks.append(
            _astray(dialect, lambda table: [*_narrowed(query, table), *_of_kind(query, _no_index(table))], limit)
        )
    return found.where(journeys.c.id.in_(_merged(walks, limit)))


def _ended(dialect: str) -> Select[Any]:
    """Journeys that ended before a time, in order of id."""
    limit = bindparam("limit", type_=Integer)
    final = [status.value for status in Status if status.is_final]

    def terms(table: FromClause) -> list[ColumnElement[bool]]:
        unanswered = exists().where(inbox.c.journey == table.c.id, inbox.c.verdict.is_(None))
        return [table.c.id > bindparam("after"), table.c.updated < bindparam("before"), ~unanswered]

    walks = [
        _of_each_kind(
            dialect, [tallies.c.status.in_(final)], lambda table: [*terms(table), table.c.id < bindparam("most")],
            limit, ascending=True,
        ),
        _astray(dialect, lambda table: [*terms(table), _no_index(table)["status"].in_(final)], limit, ascending=True),
    ]  # fmt: skip
    return (
        select(*_HEAD_COLUMNS, journeys.c.key, journey_data.c.data)
        .join(journey_data, journey_data.c.journey == journeys.c.id)
        .where(journeys.c.id.in_(_merged(walks, limit, ascending=True)))
        .order_by(journeys.c.id)
        .limit(limit)
    )


def _first(terms: _Terms, limit: _Limit, *, ascending: bool = False) -> Select[Any]:
    """The ids of the first ones of all."""
    table = journeys.alias("part")
    return select(table.c.id).where(*terms(table)).order_by(_order(table, ascending)).limit(limit)


def _of_each_kind(
    dialect: str, kinds: list[ColumnElement[bool]], terms: _Terms, limit: _Limit, *, ascending: bool = False
) -> Select[Any]:
    """The ids of the first ones of each kind."""

    def of_the_kind(table: FromClause) -> list[ColumnElement[bool]]:
        return [*(table.c[name] == tallies.c[name] for name in _KIND), *terms(table)]

    first = _first(of_the_kind, limit, ascending=ascending).correlate(tallies)
    if dialect == "postgresql":
        each: FromClause = first.lateral("each")
        joined = tallies.join(each, true())
    else:
        each = journeys.alias("each")
        joined = tallies.join(each, each.c.id.in_(first))
    return select(each.c.id).select_from(joined).where(tallies.c.number > 0, *kinds)


def _astray(dialect: str, terms: _Terms, limit: _Limit, *, ascending: bool = False) -> Select[Any]:
    """The ids of the first ones whose ids do not tell their time."""
    return _first(lambda table: [text(ASTRAY[dialect]), *terms(table)], limit, ascending=ascending)  # type: ignore[list-item]


def _merged(walks: list[Select[Any]], limit: _Limit, *, ascending: bool = False) -> Select[Any]:
    """The first of what several walks have found."""
    # SQLite takes an order and a limit within a union only of a subquery.
    found = union_all(*(select(walk.subquery().c.id) for walk in walks)).subquery("found")
    # On PostgreSQL, the limit tells the planner that there are few.
    return select(found.c.id).distinct().order_by(_order(found, ascending)).limit(limit)


def _order(table: FromClause, ascending: bool) -> ColumnElement[Any]:
    return table.c.id.asc() if ascending else table.c.id.desc()


def _no_index(table: FromClause) -> Mapping[str, ColumnElement[str]]:
    """Its columns, joined to nothing: so they are no way into another index. SQLite does not know this one is small."""
    return {name: table.c[name].concat("") for name in _KIND}


def _of_kind(query: Query, columns: Mapping[str, ColumnElement[str]] | Any) -> list[ColumnElement[bool]]:
    """Of which flow, state and status."""
    terms = []
    if query.flow is not None:
        terms.append(columns["flow"] == query.flow)
    if query.state is not None:
        terms.append(columns["state"] == query.state)
    if query.status:
        terms.append(columns["status"].in_([status.value for status in query.status]))
    return terms


def _narrowed(query: Query, table: FromClause) -> list[ColumnElement[bool]]:
    """What else they must be like."""
    terms: list[ColumnElement[bool]] = []
    if query.created_before is not None:
        terms.append(table.c.created < micros(query.created_before))
    if query.created_after is not None:
        terms.append(table.c.created >= micros(query.created_after))
    if query.updated_before is not None:
        terms.append(table.c.updated < micros(query.updated_before))
    if query.after is not None:
        terms.append(table.c.id < query.after)
    return terms


def _between(query: Query) -> list[Callable[[FromClause], ColumnElement[bool]]]:
    """Between which ids they are, as far as those tell the time."""
    terms: list[Callable[[FromClause], ColumnElement[bool]]] = []
    before = [at for at in (query.created_before, query.updated_before) if at is not None]
    if before:
        terms.append(lambda table: table.c.id < most_id(min(before)))
    if query.created_after is not None:
        since = least_id(query.created_after)
        terms.append(lambda table: table.c.id >= since)
    return terms


ENDED = {dialect: _ended(dialect) for dialect in ("sqlite", "postgresql")}
"""For each kind of database."""
