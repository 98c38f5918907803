from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from onboarding.errors import JournalBusy, JournalDamaged, KeyMismatch
from onboarding.journal import (
    DATA_FIELD,
    Keyring,
    SqliteJournal,
    Verdict,
    message_field,
    meta_field,
    rotate,
)

from .samples import a_head, a_message, a_record, next_change

pytestmark = pytest.mark.anyio

OLD_KEY, NEW_KEY = Keyring.generate_key(), Keyring.generate_key()
OLD, NEW, BOTH = Keyring([OLD_KEY]), Keyring([NEW_KEY]), Keyring([NEW_KEY, OLD_KEY])
IDS = [f"j{number}" for number in range(7)]


class Interrupted(Exception):
    pass


class Disturbed(SqliteJournal):
    """A journal in which something happens just before sealed data are replaced."""

    stop_after: int | None = None
    writes = 0

    async def reseal(self, rows: Sequence[tuple[str, int, bytes]]) -> int:
        if self.stop_after is not None:
            if self.stop_after == 0:
                raise Interrupted
            self.stop_after -= 1
        if self.writes and rows:
            self.writes -= 1
            id_ = rows[0][0]
            data = OLD.seal(b"newer", journey=id_, field=DATA_FIELD)
            await self.write(next_change(await self.head(id_), data=data))
        return await super().reseal(rows)


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[Disturbed]:
    """Seven journeys, a payload each, one of them looked at, and a pepper: all under the old key."""
    journal = Disturbed(folder / "journal.db")
    await journal.open()
    for id_ in IDS:
        data = OLD.seal(id_.encode(), journey=id_, field=DATA_FIELD)
        await journal.create(a_head(id_), data, a_record(id_))
        payload = OLD.seal(b"123456", journey=id_, field=message_field(f"m-{id_}"))
        await journal.post(a_message(f"m-{id_}", id_, payload=payload))
    await journal.post(a_message("empty", "j1", payload=None))
    await journal.write(next_change(a_head("j0"), verdicts=(Verdict("m-j0", "applied"),)))
    await journal.set_meta("pepper", OLD.seal(b"salt", journey="", field=meta_field("pepper")))
    yield journal
    await journal.close()


async def holds_under_the_new_key(journal: SqliteJournal) -> None:
    for id_ in IDS:
        stored = await journal.load(id_)
        assert NEW.unseal(stored.data, journey=id_, field=DATA_FIELD) in (id_.encode(), b"newer")
        for message in stored.messages:
            if message.payload is not None:
                opened = NEW.unseal(message.payload, journey=id_, field=message_field(message.id))
                assert opened == b"123456"
    pepper = await journal.meta("pepper")
    assert pepper is not None
    assert NEW.unseal(pepper, journey="", field=meta_field("pepper")) == b"salt"


async def test_everything_comes_under_the_new_key_and_a_second_run_finds_nothing(journal: Disturbed) -> None:
    assert await rotate(journal, BOTH, batch=3) == 7 + 6 + 1
    await holds_under_the_new_key(journal)
    assert await rotate(journal, BOTH, batch=3) == 0
    assert (await journal.head("j1")).revision == 1


async def test_it_may_be_stopped_anywhere_and_started_again(journal: Disturbed) -> None:
    total = 0
    for stop in range(3):
        journal.stop_after = stop
        with pytest.raises(Interrupted):
            await rotate(journal, BOTH, batch=2)
    journal.stop_after = None
    total = await rotate(journal, BOTH, batch=2)
    assert 0 < total < 14
    await holds_under_the_new_key(journal)


async def test_a_row_written_meanwhile_is_kept_and_picked_up_again(journal: Disturbed) -> None:
    journal.writes = 3
    assert await rotate(journal, BOTH, batch=2) == 14
    await holds_under_the_new_key(journal)
    assert NEW.unseal((await journal.load("j0")).data, journey="j0", field=DATA_FIELD) == b"newer"


async def test_writers_that_keep_the_old_key_are_reported(journal: Disturbed) -> None:
    journal.writes = 10_000
    with pytest.raises(JournalBusy, match="new keys"):
        await rotate(journal, BOTH)


async def test_a_key_that_is_missing_stops_it_before_anything_is_lost(journal: Disturbed) -> None:
    before = await journal.sealed()
    with pytest.raises(KeyMismatch):
        await rotate(journal, NEW)
    assert await journal.sealed() == before


async def test_a_row_that_does_not_open_is_named(journal: Disturbed) -> None:
    await journal.reseal([("j3", 1, OLD.seal(b"elsewhere", journey="j4", field=DATA_FIELD))])
    with pytest.raises(JournalDamaged, match="j3"):
        await rotate(journal, BOTH)
