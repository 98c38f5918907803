"""A journal of many journeys, made quickly: real rows, really sealed and signed, that the engine takes up as its own.

``python -m benchmarks.capacity.generate FILE --journeys 1000000`` makes one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.capacity.filling import Made, filler
from benchmarks.capacity.places import Place
from benchmarks.capacity.templates import KINDS, Template, record
from onboarding import Settings
from onboarding.engine.book import Book
from onboarding.journal import DATA_FIELD, Chain, Keyring
from onboarding.journal.rows import head_row, transition_row
from onboarding.keys import keyring_for, pepper_of

__all__ = ["Plan", "generate"]

_CHUNK = 20_000
"""Journeys a transaction."""
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Plan:
    """What the journal is to hold.

    Attributes:
        journeys: how many.
        shares: how much of them is of each kind.
        ages: they were started over so long, up to now.
        every: how often a watch polls; the watches fall due spread over this.
        due_from: when the first watch falls due, from now.
        seed: of chance.
    """

    journeys: int
    shares: Mapping[str, float] = field(
        default_factory=lambda: {"parked": 0.3, "polling": 0.3, "waiting": 0.2, "done": 0.2, "working": 0}
    )
    ages: timedelta = timedelta(days=20)
    every: timedelta = timedelta(minutes=5)
    due_from: timedelta = timedelta(0)
    seed: int = 4

    def due_of(self, number: int) -> timedelta:
        """When the watch of that number falls due, counted from now: evenly spread, in no order."""
        return self.due_from + self.every * (number * _GOLDEN % 1)


async def generate(place: Place, plan: Plan, now: datetime | None = None) -> None:
    """Make the journal at ``place``, with its keys beside it; ``now`` is what its times are counted from."""
    now = now or datetime.now(UTC)
    place.folder.mkdir(parents=True, exist_ok=True)
    journal = place.journal()
    await journal.open()
    keyring = await keyring_for(journal, Settings.load(**place.settings))
    chain = Chain(await pepper_of(journal, keyring))
    await journal.close()
    templates = await record(now, plan.every)
    await asyncio.to_thread(_fill, place, _Copier(templates, keyring, chain, plan, now), plan)
    place.made()


def _fill(place: Place, copier: _Copier, plan: Plan) -> None:
    with filler(place) as journal:
        kinds = _kinds(plan)
        for start in range(0, plan.journeys, _CHUNK):
            end = min(start + _CHUNK, plan.journeys)
            journal.add([copier.copy(number, next(kinds)) for number in range(start, end)])


def _kinds(plan: Plan) -> Iterator[str]:
    rng = random.Random(plan.seed)
    weights = [plan.shares.get(kind, 0) for kind in KINDS]
    while True:
        yield from rng.choices(KINDS, weights, k=1000)


class _Copier:
    """Makes journeys out of templates: each with an id, times, fields, seal and signatures of its own."""

    def __init__(
        self, templates: Mapping[str, Template], keyring: Keyring, chain: Chain, plan: Plan, now: datetime
    ) -> None:
        self._templates = templates
        self._keyring = keyring
        self._chain = chain
        self._plan = plan
        self._now = now
        self._rng = random.Random(plan.seed + 1)

    def copy(self, number: int, kind: str) -> Made:
        """The rows of journey ``number``: head, sealed data, history."""
        template, plan = self._templates[kind], self._plan
        # In order of age: ids are made of times.
        created = self._now - plan.ages * (1 - number / plan.journeys)
        shift = created - template.head.created
        journey = _id(created)
        book = Book(**{**template.kept["book"], "signed": 0, "mac": ""})
        book.sent_at = {state: at + shift.total_seconds() for state, at in book.sent_at.items()}
        history = [
            transition_row(book.sign(replace(row, journey=journey, at=row.at + shift), self._chain))
            for row in template.history
        ]
        fields = dict(template.kept["fields"])
        if "user_id" in fields:
            fields["user_id"] = f"u{number}"
        if "phone" in fields:
            fields["phone"] = f"{fields['phone'][:-8]}{number % 100_000_000:08d}"
        plain = json.dumps({"book": book.to_dict(), "fields": fields}, separators=(",", ":"))
        old = template.head
        due = old.due
        if kind == "polling":
            due = self._now + plan.due_of(number)
        elif kind == "waiting" and old.due is not None:
            due = old.due + shift
        head = replace(
            old, id=journey, due=due, created=created, updated=old.updated + shift, entered=old.entered + shift
        )
        data = self._keyring.seal(plain.encode(), journey=journey, field=DATA_FIELD)
        return Made({**head_row(head), "key": None}, data, history)


def _id(created: datetime) -> str:
    """A UUIDv7 of that time."""
    millis = int(created.timestamp() * 1000)
    digits = f"{millis:012x}7{secrets.randbits(12):03x}{(0b10 << 62) | secrets.randbits(62):016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--journeys", type=int, default=1_000_000)
    given = parser.parse_args()
    started, place = time.perf_counter(), Place.file(given.file)
    asyncio.run(generate(place, Plan(given.journeys)))
    took, size = time.perf_counter() - started, place.size()
    print(f"{given.journeys} journeys in {took:.1f} s, {size / given.journeys:.0f} bytes each")


if __name__ == "__main__":
    _main()
