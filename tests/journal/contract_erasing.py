"""What every journal must do when a person is erased from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onboarding.errors import JournalConflict, UnknownJourney
from onboarding.journal import Change, Head, Journal, Query, Status, Verdict

from .samples import NOW, a_head, a_message, a_record, later, next_change, store


class ErasingContract:
    async def ended(self, journal: Journal, journey: str = "j1", key: bytes | None = b"key") -> Head:
        head = await journal.create(a_head(journey), b"one", a_record(journey), key)
        await journal.post(a_message(f"{journey} applied", journey))
        await journal.post(a_message(f"{journey} refused", journey))
        await journal.post(a_message(f"{journey} unseen", journey))
        verdicts = (Verdict(f"{journey} applied", "applied"), Verdict(f"{journey} refused", "refused: words"))
        change = next_change(head, data=b"two", verdicts=verdicts)
        change = replace(change, head=replace(change.head, status=Status.DONE, note="words"))
        await journal.write(change)
        return change.head

    async def test_what_is_erased_is_replaced_as_a_whole(self, journal: Journal) -> None:
        head = await self.ended(journal)
        await self.ended(journal, "j2", None)
        new = replace(head, revision=head.revision + 1, seq=3, note="{}", updated=later(99))
        rows = [replace(a_record("j1", seq), detail=None, mac=bytes([seq]) * 32) for seq in (1, 2, 3)]
        await journal.erase(new, b"erased", rows, "forgotten")
        stored = await journal.load("j1")
        assert (stored.head, stored.data, stored.messages) == (new, b"erased", ())
        assert await journal.history("j1") == rows
        said = [await journal.verdict(f"j1 {name}") for name in ("applied", "refused", "unseen")]
        assert said == ["applied", "forgotten", "forgotten"]
        assert [id_ for id_, _, _ in await journal.sealed_messages()] == ["j2 unseen"]
        other = await journal.load("j2")
        assert (other.data, [message.id for message in other.messages]) == (b"two", ["j2 unseen"])
        assert await journal.history("j2") == [a_record("j2"), a_record("j2", 2)]

    async def test_an_erased_key_starts_a_new_journey(self, journal: Journal) -> None:
        head = await self.ended(journal)
        assert (await journal.create(a_head("j2"), b"", a_record("j2"), b"key")).id == "j1"
        await journal.erase(replace(head, revision=head.revision + 1), b"", [a_record("j1")], "")
        assert (await journal.create(a_head("j2"), b"", a_record("j2"), b"key")).id == "j2"
        assert (await journal.create(a_head("j3"), b"", a_record("j3"), b"key")).id == "j2"

    async def test_an_erasure_that_lost_to_a_writer_erases_nothing(self, journal: Journal) -> None:
        head = await self.ended(journal)
        with pytest.raises(JournalConflict, match="j1"):
            await journal.erase(head, b"erased", [], "forgotten")
        with pytest.raises(JournalConflict, match="nobody"):
            await journal.erase(a_head("nobody"), b"erased", [], "forgotten")
        assert (await journal.load("j1")).data == b"two"
        assert len(await journal.history("j1")) == 2
        assert await journal.verdict("j1 refused") == "refused: words"
        with pytest.raises(UnknownJourney):
            await journal.head("nobody")

    async def test_an_erased_journey_is_written_on(self, journal: Journal) -> None:
        head = await self.ended(journal)
        new = replace(head, revision=head.revision + 1)
        await journal.erase(new, b"erased", [a_record("j1"), a_record("j1", 2)], "")
        await journal.post(a_message("m9", "j1"))
        change = next_change(new, verdicts=(Verdict("m9", "refused: it has ended"),))
        await journal.write(change)
        assert (await journal.load("j1")).head == change.head
        assert [record.seq for record in await journal.history("j1")] == [1, 2, 3]

    async def test_scrubbing_loses_nothing(self, journal: Journal) -> None:
        assert await journal.own()
        await self.ended(journal)
        assert await journal.scrub()
        receipt = journal.write(Change(head=replace(await journal.head("j1"), revision=3), data=b"three"))
        assert await journal.scrub()
        await receipt
        assert (await journal.load("j1")).data == b"three"
        assert await journal.scrub()
        await journal.close()
        await journal.open()
        assert (await journal.load("j1")).data == b"three"

    async def test_nothing_is_an_orphan_that_has_its_journey(self, journal: Journal) -> None:
        await self.ended(journal)
        assert await journal.orphans() == []

    async def test_those_that_were_last_written_before_a_time_are_found(self, journal: Journal) -> None:
        await store(journal, *(replace(a_head(f"j{n}"), updated=later(n)) for n in range(4)))
        page = await journal.find(Query(updated_before=later(2)))
        assert [head.id for head in page.heads] == ["j1", "j0"]
        assert (await journal.find(Query(updated_before=NOW))).heads == ()
