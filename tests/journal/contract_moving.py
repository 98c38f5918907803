"""What every journal must do when journeys that have ended are moved to another, or deleted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onboarding.errors import UnknownJourney
from onboarding.journal import Head, Journal, Query, Status, Verdict, Whole

from .samples import NOW, a_head, a_message, a_record, later, next_change, store


def a_whole(journey: str, revision: int = 3, key: bytes | None = None) -> Whole:
    head = replace(a_head(journey, status=Status.DONE), revision=revision, seq=2, note="words")
    return Whole(head, f"data {revision}".encode(), (a_record(journey), a_record(journey, 2)), key)


class MovingContract:
    async def done(self, journal: Journal, journey: str, key: bytes | None = None, at: float = 1) -> Head:
        head = await journal.create(a_head(journey), b"one", a_record(journey), key)
        change = next_change(head, data=b"two")
        change = replace(change, head=replace(change.head, status=Status.DONE, updated=later(at), note="words"))
        await journal.write(change)
        return change.head

    async def test_what_ended_before_is_given_whole_and_in_order_of_id(self, journal: Journal) -> None:
        heads = {name: await self.done(journal, name, b"key" if name == "c" else None) for name in ("c", "a", "b")}
        await self.done(journal, "young", at=100)
        await store(journal, a_head("live"))
        found = await journal.ended(later(50))
        assert [whole.head for whole in found.journeys] == [heads["a"], heads["b"], heads["c"]]
        last = found.journeys[-1]
        assert (last.data, last.history, last.key) == (b"two", (a_record("c"), a_record("c", 2)), b"key")
        assert (found.unreadable, found.next, found.journeys[0].key) == ((), None, None)
        first = await journal.ended(later(50), limit=2)
        assert first.next is not None
        rest = await journal.ended(later(50), first.next, 2)
        assert ([whole.head.id for whole in rest.journeys], rest.next) == (["c"], None)

    async def test_what_was_handed_something_in_that_nobody_has_looked_at_is_not_given_and_stays(
        self, journal: Journal
    ) -> None:
        head = await self.done(journal, "j1")
        await journal.post(a_message("m1", "j1"))
        assert (await journal.ended(later(50))).journeys == ()
        assert await journal.take_out([("j1", head.revision)]) == []
        change = next_change(head, verdicts=(Verdict("m1", "refused: it has ended"),))
        await journal.write(change)
        assert await journal.take_out([("j1", change.head.revision)]) == ["j1"]
        assert await journal.verdict("m1") is None

    async def test_what_is_taken_out_leaves_nothing_but_its_key(self, journal: Journal) -> None:
        head = await self.done(journal, "j1", b"key")
        other = await self.done(journal, "j2")
        assert await journal.take_out([("j1", head.revision), ("nobody", 1)]) == ["j1"]
        for ask in (journal.load("j1"), journal.head("j1"), journal.post(a_message("m9", "j1"))):
            with pytest.raises(UnknownJourney):
                await ask
        assert await journal.history("j1") == []
        assert [id_ for id_, _, _ in await journal.sealed()] == ["j2"]
        assert (await journal.find(Query())).heads == (other,)
        assert await journal.count() == {("password-reset", "done", "requesting_code"): 1}
        assert await journal.orphans() == []
        left = await journal.create(a_head("j3"), b"", a_record("j3"), b"key")
        assert left == replace(head, note=None)
        with pytest.raises(UnknownJourney):
            await journal.head("j3")
        assert (await journal.create(a_head("j4", flow="other"), b"", a_record("j4"), b"key")).id == "j4"

    async def test_what_was_changed_since_or_has_not_ended_stays(self, journal: Journal) -> None:
        head = await self.done(journal, "j1", b"key")
        await store(journal, a_head("live"))
        assert await journal.take_out([("j1", head.revision - 1), ("live", 1)]) == []
        assert (await journal.load("j1")).head == head
        assert (await journal.create(a_head("j2"), b"", a_record("j2"), b"key")).id == "j1"

    async def test_what_is_taken_in_is_there_as_it_was(self, journal: Journal) -> None:
        wholes = [a_whole("j1", key=b"key"), a_whole("j2")]
        await journal.take_in(wholes)
        await journal.take_in(wholes)
        assert (await journal.ended(later(50))).journeys == tuple(wholes)
        stored = await journal.load("j1")
        assert (stored.head, stored.data) == (wholes[0].head, wholes[0].data)
        assert await journal.claim(NOW, 10) == []
        assert (await journal.create(a_head("j9"), b"", a_record("j9"), b"key")).id == "j1"

    async def test_of_two_states_of_a_journey_the_later_one_stays(self, journal: Journal) -> None:
        await journal.take_in([a_whole("j1", revision=5, key=b"key")])
        await journal.take_in([a_whole("j1", revision=4)])
        assert (await journal.load("j1")).data == b"data 5"
        await journal.take_in([replace(a_whole("j1", revision=6), history=(a_record("j1"),))])
        assert (await journal.load("j1")).data == b"data 6"
        assert await journal.history("j1") == [a_record("j1")]
        assert (await journal.create(a_head("j2"), b"", a_record("j2"), b"key")).id == "j2"
        await journal.take_in([a_whole("j3", key=b"key")])
        assert (await journal.create(a_head("j4"), b"", a_record("j4"), b"key")).id == "j3"
