"""Forgetting a person: what is gone, what stays, and that everything goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from greeting import Greeting, GreetingApi

from onboarding import (
    BlockingOnboarding,
    JournalBusy,
    JournalDamaged,
    Journey,
    NotPossible,
    Onboarding,
    Settings,
    Status,
    UnknownJourney,
)
from onboarding.journal import Change, Head, Keyring, Message, SqliteJournal, TransitionRecord, rotate
from onboarding.journal.receipt import Receipt
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio

DAY = 24 * 3600


class Remembering(SqliteJournal):
    """Keeps every value that was ever stored of a person, to look for it later."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, busy_timeout=0.4)
        self.seen: list[bytes] = []

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        self.seen += [data, key or b""]
        return await super().create(head, data, first, key)

    def write(self, change: Change) -> Receipt[None]:
        self.seen += [change.data or b"", *((row.detail or "").encode() for row in change.transitions)]
        return super().write(change)

    async def post(self, message: Message) -> None:
        self.seen.append(message.payload or b"")
        await super().post(message)


def parts(values: Sequence[bytes]) -> set[bytes]:
    """From each value a piece of its beginning, its middle and its end: a long one lies on several pages."""
    found = set()
    for value in values:
        # A sealed value begins with the id of its key, which others have too.
        own = value[5:] if value[:1] == b"\x01" else value
        if len(own) >= 12:
            found |= {own[:12], own[len(own) // 2 : len(own) // 2 + 12], own[-12:]} - {b""}
    return {part for part in found if len(part) >= 6}


def raw(folder: Path) -> bytes:
    """All bytes of the journal, read by another process: one that closes the file here would drop its locks."""
    files = [
        str(place) for place in folder.iterdir() if place.name.startswith("journal.db") and ".keys" not in place.name
    ]
    return subprocess.run(["cat", *files], capture_output=True, check=True, timeout=30).stdout


async def cancelled(onboarding: Onboarding, **more: str) -> Journey:
    """A journey that a person has cancelled, with words that no pattern would find."""
    journey = await onboarding.wait((await onboarding.start(Greeting, name="canary-name" * 900, **more)).id)
    assert journey.status is Status.WAITING
    return await onboarding.cancel(journey.id, "canary-reason of a person")


async def test_of_a_forgotten_person_no_byte_is_left_and_the_history_still_shows_how_it_went(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    journal = Remembering(tmp_path / "private" / "journal.db")
    async with Onboarding(settings, flows=[Greeting], api=api, journal=journal) as onboarding:
        journey = await cancelled(onboarding, key="canary-key", password="canary-password")
        before = await onboarding.history(journey.id)
        gone = parts(journal.seen)
        assert len(gone) > 20
        assert sum(part in raw(tmp_path / "private") for part in gone) > 10
        other = await onboarding.wait((await onboarding.start(Greeting, name="other")).id)
        shown = await onboarding.forget(journey.id)
        left = raw(tmp_path / "private")
        assert [part for part in gone if part in left] == []
        assert (shown.status, shown.state, shown.data) == (Status.CANCELLED, journey.state, None)
        assert shown.outcome is not None
        assert (shown.outcome.forgotten, shown.outcome.text, shown.outcome.remark) == (True, "", None)
        after = await onboarding.history(journey.id)
        kept = [field.name for field in fields(TransitionRecord) if field.name not in ("detail", "mac")]
        assert [[getattr(row, name) for name in kept] for row in after[:-1]] == [
            [getattr(row, name) for name in kept] for row in before
        ]
        assert [row.detail for row in after] == [None] * len(after)
        last = after[-1]
        assert (last.seq, last.trigger, last.source, last.dest) == (
            len(before) + 1, "forgotten", journey.state, journey.state,
        )  # fmt: skip
        assert (await onboarding.audit()).findings == ()
        assert (await onboarding.get(other.id)).data.name == "other"  # type: ignore[union-attr]


async def test_a_forgotten_journey_goes_on_being_listed_shown_waited_for_and_asked(
    settings: Settings, api: GreetingApi
) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        journey = await cancelled(onboarding, key="k")
        await onboarding.forget(journey.id)
        assert [each.id for each in await onboarding.list(status="cancelled")] == [journey.id]
        for shown in (await onboarding.get(journey.id), await onboarding.wait(journey.id, timeout=5)):
            assert (shown.data, shown.outcome and shown.outcome.forgotten) == (None, True)
            assert shown.public()["outcome"]["forgotten"] is True
        for ask in (onboarding.cancel(journey.id, "again"), onboarding.retry(journey.id)):
            with pytest.raises(NotPossible, match="forgotten"):
                await ask
        again = await onboarding.start(Greeting, key="k", name="a")
        assert again.id != journey.id
        assert (await onboarding.start(Greeting, key="k", name="a")).id == again.id
        # What was asked of it is in its history, and the chain of it is whole.
        assert [row.trigger for row in await onboarding.history(journey.id)][-2:] == ["input_refused"] * 2
        assert (await onboarding.audit()).findings == ()


async def test_forgetting_again_changes_nothing(settings: Settings, api: GreetingApi) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        journey = await cancelled(onboarding)
        assert await onboarding.forget(journey.id) == await onboarding.forget(journey.id)
        assert [row.trigger for row in await onboarding.history(journey.id)].count("forgotten") == 1


async def test_a_journey_that_is_under_way_is_not_forgotten(settings: Settings, api: GreetingApi) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        journey = await onboarding.wait((await onboarding.start(Greeting, name="a")).id)
        with pytest.raises(NotPossible, match="cancel it first"):
            await onboarding.forget(journey.id)
        assert await onboarding.get(journey.id) == journey
        with pytest.raises(UnknownJourney):
            await onboarding.forget("nobody")


async def test_what_ended_long_ago_is_forgotten_in_batches(settings: Settings, api: GreetingApi) -> None:
    clock = VirtualClock()
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False, clock=clock) as onboarding:
        old = [(await onboarding.start(Greeting, name=str(number))).id for number in range(230)]
        live = old.pop()
        clock.advance(3600)
        await asyncio.gather(*(end(onboarding, id_) for id_ in old))
        clock.advance(10 * DAY)
        young = (await onboarding.start(Greeting, name="young")).id
        await end(onboarding, young)
        clock.advance(20 * DAY)
        done = await onboarding.forget_ended(timedelta(days=30, hours=1))
        assert (done.journeys, done.refused) == (0, 0)
        done = await onboarding.forget_ended(timedelta(days=29))
        assert (done.journeys, done.refused, done.reasons) == (229, 0, ())
        assert (await onboarding.get(old[0])).data is None
        assert (await onboarding.get(young)).data is not None
        assert (await onboarding.get(live)).data is not None
        assert (await onboarding.forget_ended(timedelta(days=29))).journeys == 0
        assert (await onboarding.forget_ended(timedelta(0))).journeys == 1
        assert (await onboarding.audit()).ok


async def end(onboarding: Onboarding, journey: str) -> None:
    """End a journey where no worker looks after it: its owner is asked to cancel it, and does."""
    asked = asyncio.create_task(onboarding.cancel(journey))
    while not (await onboarding.journal.load(journey)).messages:  # noqa: ASYNC110 - it looks into the journal
        await asyncio.sleep(0)
    await onboarding.engine.advance(journey)
    await asked


async def test_keys_are_rotated_over_a_forgotten_journey(settings: Settings, api: GreetingApi) -> None:
    first, second = Keyring.generate_key(), Keyring.generate_key()
    given = settings.model_copy(update={"keys": [first]})
    async with Onboarding(given, flows=[Greeting], api=api) as onboarding:
        journey = await cancelled(onboarding)
        await onboarding.forget(journey.id)
        assert await rotate(onboarding.journal, Keyring([second, first])) == 2
    async with Onboarding(given.model_copy(update={"keys": [second]}), flows=[Greeting], api=api) as onboarding:
        assert (await onboarding.get(journey.id)).data is None
        assert (await onboarding.audit()).findings == ()


async def test_a_history_that_was_tampered_with_is_not_covered_up_by_forgetting(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        ids = [(await cancelled(onboarding)).id for _ in range(2)]
    raw_file = sqlite3.connect(tmp_path / "private" / "journal.db")
    raw_file.execute("UPDATE transitions SET mcode = 'm0000001' WHERE journey = ? AND seq = 2", (ids[0],))
    raw_file.commit()
    raw_file.close()
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False) as onboarding:
        with pytest.raises(JournalDamaged, match=f"{ids[0]}, row 2: it was changed"):
            await onboarding.forget(ids[0])
        done = await onboarding.forget_ended(timedelta(0))
        assert (done.journeys, done.refused) == (1, 1)
        assert ids[0] in done.reasons[0]
        shown = await onboarding.forget(ids[0], damaged=True)
        assert shown.data is None
        assert "row 2: it was changed" in ((await onboarding.history(ids[0]))[-1].detail or "")


async def test_while_another_program_reads_it_is_erased_and_said_that_old_bytes_are_left(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    journal = Remembering(tmp_path / "private" / "journal.db")
    async with Onboarding(settings, flows=[Greeting], api=api, journal=journal) as onboarding:
        journey = await cancelled(onboarding)
        gone = parts(journal.seen)
        reader = sqlite3.connect(tmp_path / "private" / "journal.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM journeys").fetchall()
        with pytest.raises(JournalBusy, match="forget the same again"):
            await onboarding.forget(journey.id)
        assert (await onboarding.get(journey.id)).data is None
        reader.execute("COMMIT")
        reader.close()
        await onboarding.forget(journey.id)
        left = raw(tmp_path / "private")
        assert [part for part in gone if part in left] == []


def test_the_blocking_twin_forgets_and_audits(settings: Settings, api: GreetingApi) -> None:
    with BlockingOnboarding(settings, flows=[Greeting], api=api) as onboarding:
        journey = onboarding.wait(onboarding.start(Greeting, name="a").id)
        onboarding.cancel(journey.id)
        assert onboarding.forget(journey.id).data is None
        assert onboarding.forget_ended(timedelta(0)).journeys == 0
        assert onboarding.audit(journey.id).ok
