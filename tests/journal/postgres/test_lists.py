"""What lists read of a big journal on a server, and journals that an older version made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Select, create_engine
from sqlalchemy.dialects import postgresql

import onboarding.journal.postgres.migrations
from journal.samples import NOW
from onboarding.journal import Query, Status
from onboarding.journal.finding import ENDED, find, most_id
from onboarding.journal.postgres.migrations import VERSIONS
from onboarding.journal.rows import micros

from .conftest import opened
from .server import Server

pytestmark = pytest.mark.anyio

FINAL = (Status.DONE, Status.FAILED, Status.CANCELLED)
_MANY = 100_000
_LONG_AGO = NOW - timedelta(days=_MANY / 100 - 1)
_DAY = timedelta(days=1)
_FILL = """
    INSERT INTO journeys (id, flow, version, state, status, phase, attempt, seq, revision, created, updated, entered)
    SELECT lpad(to_hex(made / 1000), 12, '0') || '-' || number, 'f' || number %% 3, 1, 's' || number %% 5,
        (ARRAY['parked', 'done', 'polling', 'waiting'])[number %% 4 + 1], 'ready', 1, 1, 1, made, made, made
    FROM (SELECT number, %(now)s::bigint - number * 86400000000::bigint / 100 AS made
        FROM generate_series(1, %(many)s::bigint) AS number) AS each"""
"""A hundred journeys a day."""


@pytest.fixture(scope="module")
def big(server: Server) -> Iterator[str]:
    """A database with many journeys of the first version, opened since; nobody has told the server how many."""
    server.database("big")
    with _first_version(server.url("big")) as connection:
        connection.execute(_FILL, {"now": micros(NOW), "many": _MANY})
        connection.commit()
    asyncio.run(_migrated(server.url("big")))
    yield "big"
    server.sql("DROP DATABASE big WITH (FORCE)")


async def _migrated(url: str) -> None:
    journal = await opened(url)
    await journal.close()


def _first_version(url: str) -> psycopg.Connection[Any]:
    """Make the tables as the first version made them."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(onboarding.journal.postgres.migrations.__file__).parent))
        command.upgrade(config, "0001")
    engine.dispose()
    return psycopg.connect(url)


async def test_a_journal_of_the_first_version_is_brought_up_to_date_and_lists_what_it_holds(
    server: Server, big: str
) -> None:
    journal = await opened(server.url(big))
    try:
        page = await journal.find(Query(created_before=NOW - 100 * _DAY, flow="f1", limit=3))
    finally:
        await journal.close()
    assert [NOW - head.created for head in page.heads] == [number * _DAY / 100 for number in (10_003, 10_006, 10_009)]
    assert server.sql("SELECT version_num FROM journal_version", big) == [(VERSIONS[-1],)]


QUERIES = {
    "all": Query(),
    "flow": Query(flow="f1"),
    "state": Query(state="s2"),
    "status": Query(status=(Status.PARKED,)),
    "statuses": Query(status=(Status.PARKED, Status.WAITING)),
    "nothing": Query(flow="f1", status=(Status.CANCELLED,)),
    "old": Query(created_before=_LONG_AGO),
    "old-flow": Query(created_before=_LONG_AGO, flow="f1"),
    "old-none": Query(created_before=NOW - 9_000 * _DAY, status=(Status.PARKED,)),
    "new": Query(created_after=NOW - _DAY / 2),
    "new-flow": Query(created_after=NOW - _DAY / 2, flow="f1"),
    "ended": Query(status=FINAL, updated_before=_LONG_AGO),
    "failing": Query(failures=3, flow="f1"),
    "restored": Query(restored=True, status=(Status.PARKED,)),
    "next-page": Query(flow="f1", after=f"{int(NOW.timestamp() * 1000) - 86_400_000 * 100:012x}"),
}


@pytest.mark.parametrize("analyzed", [False, True], ids=["no-statistics", "statistics"])
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_no_list_reads_more_than_it_shows_of_each_kind(
    server: Server, big: str, query: Query, analyzed: bool
) -> None:
    if analyzed:
        server.sql("ANALYZE", big)
    # Of each of sixty kinds a page and one more, and then those that are shown.
    assert _read(server, big, find(query, "postgresql")) <= 61 * (query.limit + 1)


async def test_what_ended_long_ago_is_found_without_reading_what_did_not(server: Server, big: str) -> None:
    before = _LONG_AGO
    terms = {"before": micros(before), "most": most_id(before), "after": "", "limit": 200}
    assert _read(server, big, ENDED["postgresql"].params(terms)) <= 200


def _read(server: Server, database: str, statement: Select[Any]) -> int:
    """How many journeys' rows the server looks at for a statement."""
    text = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    ((plan,),) = server.sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {text}", database)
    (told,) = plan if isinstance(plan, list) else json.loads(plan)
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in _nodes(told["Plan"])
        if node.get("Relation Name") == "journeys"
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
