"""The part of the contract about finding by time. A journal may look at the ids first, which begin with a time."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from onboarding.journal import Head, Journal, Query, Status

from .samples import NOW, a_head, store

SPAN = timedelta(microseconds=65_536_000)
"""For so long, the first eight digits of an id are the same."""
_BORDER = datetime(1970, 1, 1, tzinfo=UTC) + (NOW - datetime(1970, 1, 1, tzinfo=UTC)) // SPAN * SPAN
_LEAST = timedelta(microseconds=1)
_HOUR = timedelta(hours=1)


def an_id(at: datetime, number: int) -> str:
    """A UUIDv7 of that time."""
    digits = f"{int(at.timestamp() * 1000):012x}7{number:019x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def made() -> list[Head]:
    """Journeys around a border; of most, the id tells when they were created, and they ended then or later."""
    ages = [*(number * SPAN + least for number in (-2, -1, 0, 1, 2) for least in (-_LEAST, 0 * _LEAST, _LEAST))]
    ages += [-30 * _HOUR, -_HOUR, _HOUR]
    # How far the id's time is from the journey's; None: it has no time at all.
    aside = (0 * SPAN, SPAN / 2, -SPAN / 2, SPAN * 1.9, -SPAN * 1.9, 5 * _HOUR, -5 * _HOUR, None)
    kinds = itertools.cycle(((Status.DONE, "f"), (Status.FAILED, "g"), (Status.PARKED, "f")))
    heads = []
    for number, (age, off) in enumerate(itertools.product(ages, aside)):
        at, (status, flow) = _BORDER + age, next(kinds)
        journey = f"j{number:03}" if off is None else an_id(at + off, number)
        ended = (0 * _HOUR, 2 * SPAN, -2 * SPAN, 3 * _HOUR)[number // 3 % 4]
        heads.append(replace(a_head(journey, flow=flow, status=status, created=at), updated=at + ended))
    return sorted(heads, key=lambda head: head.id, reverse=True)


class TimesContract:
    pytestmark = pytest.mark.anyio

    async def test_every_mixture_of_times_is_paged_like_a_filter_of_all(self, journal: Journal) -> None:
        heads = made()
        await store(journal, *heads)
        times = (None, _BORDER - 10 * _HOUR, _BORDER - SPAN, _BORDER, _BORDER + _LEAST, _BORDER + 10 * _HOUR)
        kinds: tuple[tuple[str | None, tuple[Status, ...]], ...] = (
            (None, ()), ("f", ()), (None, (Status.DONE, Status.FAILED)), ("f", (Status.PARKED,)),
        )  # fmt: skip
        spans = [(before, after, None) for before, after in itertools.product(times, times)]
        spans += [(None, None, ended) for ended in times] + [(times[3], times[2], times[5])]
        for (before, after, ended), (flow, status) in itertools.product(spans, kinds):
            fitting = [
                head.id
                for head in heads
                if (before is None or head.created < before)
                and (after is None or head.created >= after)
                and (ended is None or head.updated < ended)
                and flow in (None, head.flow)
                and (not status or head.status in status)
            ]
            found: list[str] = []
            query: Query | None = Query(
                created_before=before, created_after=after, updated_before=ended, flow=flow, status=status, limit=50
            )
            while query is not None:
                page = await journal.find(query)
                found += [head.id for head in page.heads]
                query = None if page.next is None else replace(query, after=page.next)
            assert found == fitting, (before, after, ended, flow, status)

    async def test_what_ended_before_is_given_whatever_its_id_says(self, journal: Journal) -> None:
        heads = made()
        await store(journal, *heads)
        for before in (_BORDER - 10 * _HOUR, _BORDER - SPAN, _BORDER, _BORDER + _LEAST, _BORDER + 10 * _HOUR):
            fitting = [head.id for head in heads[::-1] if head.status.is_final and head.updated < before]
            found: list[str] = []
            after: str | None = ""
            while after is not None:
                page = await journal.ended(before, after, 20)
                found += [whole.head.id for whole in page.journeys]
                after = page.next
            assert found == fitting, before
