"""What every journal must do: a class of tests to inherit, beside a fixture ``journal`` that is open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal import (
    Change,
    Journal,
    MessageKind,
    Phase,
    Query,
    Status,
    Verdict,
)

from .contract_erasing import ErasingContract
from .contract_moving import MovingContract
from .contract_queries import QueriesContract
from .contract_times import TimesContract
from .samples import NOW, a_head, a_message, a_record, later, next_change, store

HOSTILE = "x'); DROP TABLE journeys; --\u2028\U0001f512"


class JournalContract(QueriesContract, TimesContract, ErasingContract, MovingContract):
    pytestmark = pytest.mark.anyio

    # creating

    async def test_what_is_created_is_loaded_as_it_was(self, journal: Journal) -> None:
        head = replace(
            a_head("j1", due=later(5)),
            phase=Phase.DOUBT,
            attempt=3,
            note='{"why": "é"}',
            version=7,
            revision=1,
        )
        assert await journal.create(head, b"\x00sealed\xff", a_record("j1")) == head
        stored = await journal.load("j1")
        assert (stored.head, stored.data, stored.messages) == (head, b"\x00sealed\xff", ())
        assert await journal.head("j1") == head
        assert await journal.history("j1") == [a_record("j1")]

    async def test_a_key_used_again_gives_the_first_journey_and_writes_nothing(self, journal: Journal) -> None:
        first = await journal.create(a_head("j1"), b"one", a_record("j1"), b"key")
        assert await journal.create(a_head("j2"), b"two", a_record("j2"), b"key") == first
        with pytest.raises(UnknownJourney):
            await journal.load("j2")
        assert await journal.history("j2") == []

    async def test_a_key_belongs_to_its_flow(self, journal: Journal) -> None:
        await journal.create(a_head("j1", flow="one"), b"", a_record("j1"), b"key")
        other = await journal.create(a_head("j2", flow="two"), b"", a_record("j2"), b"key")
        assert other.id == "j2"

    async def test_a_key_used_at_once_makes_one_journey(self, journal: Journal) -> None:
        ids = [f"j{number}" for number in range(20)]
        heads = await asyncio.gather(*(journal.create(a_head(id_), id_.encode(), a_record(id_), b"key") for id_ in ids))
        assert len({head.id for head in heads}) == 1
        assert sum((await journal.count()).values()) == 1

    async def test_the_first_journey_of_a_key_is_given_as_it_stands_now(self, journal: Journal) -> None:
        head = await journal.create(a_head("j1"), b"", a_record("j1"), b"key")
        change = next_change(head)
        await journal.write(change)
        assert await journal.create(a_head("j2"), b"", a_record("j2"), b"key") == change.head

    async def test_an_id_used_again_is_refused_and_the_first_stays(self, journal: Journal) -> None:
        await store(journal, a_head("j1"), data=b"first")
        with pytest.raises(JournalError):
            await journal.create(a_head("j1", flow="other"), b"second", a_record("j1"))
        assert (await journal.load("j1")).data == b"first"

    async def test_text_is_text_whatever_it_holds(self, journal: Journal) -> None:
        head = replace(a_head(HOSTILE, flow=HOSTILE, state=HOSTILE), note=HOSTILE)
        await journal.create(head, b"", a_record(HOSTILE))
        assert await journal.head(HOSTILE) == head
        assert (await journal.find(Query(flow=HOSTILE, state=HOSTILE))).heads == (head,)
        assert await journal.claim(NOW, 10, [HOSTILE]) == []

    # writing

    async def test_a_write_replaces_head_and_data_and_adds_to_the_history(self, journal: Journal) -> None:
        await store(journal, a_head("j1"))
        head = replace(
            a_head("j1", state="awaiting_code", status=Status.WAITING, due=later(600)),
            version=2, phase=Phase.SENDING, attempt=1, seq=3, revision=2,
            updated=later(1), entered=later(1), note="{}",
        )  # fmt: skip
        records = (a_record("j1", 2), a_record("j1", 3))
        await journal.write(Change(head=head, data=b"new", transitions=records))
        stored = await journal.load("j1")
        assert (stored.head, stored.data) == (head, b"new")
        assert await journal.history("j1") == [a_record("j1"), *records]
        assert await journal.history("j1", after=2) == [records[1]]

    async def test_a_write_without_data_leaves_the_data(self, journal: Journal) -> None:
        await store(journal, a_head("j1"), data=b"kept")
        await journal.write(next_change(a_head("j1")))
        assert (await journal.load("j1")).data == b"kept"

    async def test_a_write_does_not_change_whose_flow_a_journey_is_or_when_it_was_created(
        self, journal: Journal
    ) -> None:
        await store(journal, a_head("j1"))
        change = next_change(a_head("j1"))
        await journal.write(replace(change, head=replace(change.head, flow="other", created=later(99))))
        head = await journal.head("j1")
        assert (head.flow, head.created) == ("password-reset", NOW)

    async def test_writes_are_applied_in_the_order_in_which_they_are_handed_in(self, journal: Journal) -> None:
        head = a_head("j1")
        await store(journal, head)
        receipts = []
        for number in range(100):
            change = next_change(head, data=str(number).encode())
            receipts.append(journal.write(change))
            head = change.head
        # Nobody has awaited any of them: the reads below stand behind them all.
        stored, history = await asyncio.gather(journal.load("j1"), journal.history("j1"))
        assert (stored.head, stored.data) == (head, b"99")
        assert [record.seq for record in history] == list(range(1, 102))
        await asyncio.gather(*receipts)

    async def test_of_two_writers_one_loses_and_leaves_nothing_behind(self, journal: Journal) -> None:
        head = a_head("j1")
        await store(journal, head)
        await journal.post(a_message("m1", "j1"))
        won = journal.write(next_change(head, data=b"winner"))
        lost = journal.write(next_change(head, data=b"loser", verdicts=(Verdict("m1", "applied"),)))
        await won
        with pytest.raises(JournalConflict, match="j1"):
            await lost
        stored = await journal.load("j1")
        assert stored.data == b"winner"
        assert [message.id for message in stored.messages] == ["m1"]
        assert [record.seq for record in await journal.history("j1")] == [1, 2]

    async def test_a_conflict_fails_what_was_built_on_it_and_nothing_else(self, journal: Journal) -> None:
        await store(journal, a_head("j1"), a_head("j2"))
        stale = replace(a_head("j1"), revision=5)
        outcomes = await asyncio.gather(
            journal.write(next_change(stale)),
            journal.write(next_change(a_head("j2"))),
            journal.write(next_change(next_change(stale).head)),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [JournalConflict, type(None), JournalConflict]
        assert (await journal.head("j1")).revision == 1
        assert (await journal.head("j2")).revision == 2

    async def test_a_write_of_a_journey_that_is_not_there_is_a_conflict(self, journal: Journal) -> None:
        with pytest.raises(JournalConflict):
            await journal.write(next_change(a_head("nobody")))
        assert await journal.history("nobody") == []

    async def test_a_write_that_does_not_fit_fails_alone_and_whole(self, journal: Journal) -> None:
        await store(journal, a_head("j1"), a_head("j2"))
        bad = replace(next_change(a_head("j1"), data=b"never"), transitions=(a_record("j1", 2), a_record("j1", 1)))
        outcomes = await asyncio.gather(
            journal.write(bad), journal.write(next_change(a_head("j2"), data=b"kept")), return_exceptions=True
        )
        assert isinstance(outcomes[0], JournalError)
        assert outcomes[1] is None
        first, second = await journal.load("j1"), await journal.load("j2")
        assert (first.head.revision, first.data, second.data) == (1, b"sealed", b"kept")
        assert [record.seq for record in await journal.history("j1")] == [1]

    async def test_a_receipt_may_be_awaited_by_many_and_again(self, journal: Journal) -> None:
        await store(journal, a_head("j1"))
        lost = journal.write(next_change(replace(a_head("j1"), revision=9)))

        async def wait() -> None:
            await lost

        errors = await asyncio.gather(wait(), wait(), return_exceptions=True)
        with pytest.raises(JournalConflict) as again:
            await lost
        assert len({id(error) for error in (*errors, again.value)}) == 3

    async def test_a_failed_write_may_be_dropped_in_silence(self, journal: Journal) -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        await store(journal, a_head("j1"))
        journal.write(next_change(replace(a_head("j1"), revision=9)))
        await journal.head("j1")
        await asyncio.sleep(0)
        assert told == []

    async def test_a_write_happens_though_who_awaits_it_is_cancelled(self, journal: Journal) -> None:
        await store(journal, a_head("j1"))
        receipt = journal.write(next_change(a_head("j1"), data=b"written"))

        async def wait() -> None:
            await receipt

        task = asyncio.create_task(wait())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await receipt
        assert (await journal.load("j1")).data == b"written"

    async def test_a_journey_that_is_not_there_is_said_to_be_unknown(self, journal: Journal) -> None:
        for attempt in (
            journal.load("nobody"),
            journal.head("nobody"),
            journal.post(a_message("m1", "nobody")),
        ):
            with pytest.raises(UnknownJourney, match="nobody"):
                await attempt
        assert await journal.history("nobody") == []

    # messages

    async def test_messages_come_with_the_journey_in_the_order_of_arrival_until_looked_at(
        self, journal: Journal
    ) -> None:
        await store(journal, a_head("j1"), a_head("j2"))
        posted = [
            a_message("m3", "j1"),
            a_message("m1", "j1", kind=MessageKind.CANCEL, payload=None),
            a_message("m2", "j1"),
        ]
        for message in (*posted, a_message("m0", "j2")):
            await journal.post(message)
        assert (await journal.load("j1")).messages == tuple(posted)
        verdicts = (Verdict("m3", "applied"), Verdict("m1", "refused: too late"))
        await journal.write(next_change(a_head("j1"), verdicts=verdicts))
        assert (await journal.load("j1")).messages == (posted[2],)
        assert [await journal.verdict(id_) for id_ in ("m3", "m1", "m2")] == [
            "applied", "refused: too late", None,
        ]  # fmt: skip
        assert [id_ for id_, _, _ in await journal.sealed_messages()] == ["m0", "m2"]

    async def test_a_message_posted_again_is_kept_once_as_it_stands(self, journal: Journal) -> None:
        await store(journal, a_head("j1"))
        await journal.post(a_message("m1", "j1"))
        await journal.write(next_change(a_head("j1"), verdicts=(Verdict("m1", "applied"),)))
        await journal.post(a_message("m1", "j1"))
        assert await journal.verdict("m1") == "applied"
        assert (await journal.load("j1")).messages == ()

    async def test_a_message_may_be_taken_back_until_it_is_looked_at(self, journal: Journal) -> None:
        await store(journal, a_head("j1"))
        await journal.post(a_message("m1", "j1"))
        await journal.post(a_message("m2", "j1"))
        await journal.write(next_change(a_head("j1"), verdicts=(Verdict("m2", "applied"),)))
        assert [await journal.recall(id_) for id_ in ("m1", "m1", "m2")] == [True, False, False]
        assert (await journal.load("j1")).messages == ()
        assert await journal.verdict("m2") == "applied"

    async def test_a_decision_on_a_message_taken_back_meanwhile_is_a_conflict(self, journal: Journal) -> None:
        await store(journal, a_head("j1"))
        await journal.post(a_message("m1", "j1"))
        assert await journal.recall("m1")
        with pytest.raises(JournalConflict):
            await journal.write(next_change(a_head("j1"), data=b"never", verdicts=(Verdict("m1", "applied"),)))
        stored = await journal.load("j1")
        assert (stored.head.revision, stored.data) == (1, b"sealed")

    async def test_a_message_is_decided_on_once_and_by_its_own_journey(self, journal: Journal) -> None:
        await store(journal, a_head("j1"), a_head("j2"))
        await journal.post(a_message("m1", "j1"))
        verdict = (Verdict("m1", "applied"),)
        with pytest.raises(JournalConflict):
            await journal.write(next_change(a_head("j2"), verdicts=verdict))
        first = next_change(a_head("j1"), verdicts=verdict)
        outcomes = await asyncio.gather(
            journal.write(first),
            journal.write(next_change(first.head, verdicts=(Verdict("m1", "again"),))),
            return_exceptions=True,
        )
        assert outcomes[0] is None
        assert isinstance(outcomes[1], JournalConflict)
        assert await journal.verdict("m1") == "applied"

    # ownership and life

    async def test_a_budget_is_used_so_often_within_its_time_and_no_oftener(self, journal: Journal) -> None:
        hour = timedelta(hours=1)
        assert await journal.spend(b"one", NOW, most=2, within=hour) is None
        assert await journal.spend(b"one", later(10), most=2, within=hour) is None
        assert await journal.spend(b"one", later(20), most=2, within=hour) == NOW + hour
        assert await journal.spend(b"another", later(20), most=2, within=hour) is None
        assert await journal.spend(b"one", later(3600), most=2, within=hour) is None, "the first is an hour old"
        assert await journal.spend(b"one", later(3601), most=2, within=hour) == later(10) + hour

    async def test_what_a_budget_gets_back_can_be_used_again(self, journal: Journal) -> None:
        hour = timedelta(hours=1)
        await journal.spend(b"one", NOW, most=1, within=hour)
        await journal.spend(b"one", NOW, most=2, within=hour)
        await journal.give_back(b"one", NOW)
        assert await journal.spend(b"one", later(1), most=1, within=hour) is not None, "one use was given back, not two"
        await journal.give_back(b"one", NOW)
        assert await journal.spend(b"one", later(1), most=1, within=hour) is None
        assert await journal.spend(b"one", later(2), most=1, within=hour) is not None

    async def test_the_owner_stays_the_owner_until_it_lets_go(self, journal: Journal) -> None:
        assert await journal.own()
        assert await journal.own()
        await journal.disown()
        await journal.disown()
        assert await journal.own()

    async def test_what_was_handed_in_before_closing_is_there_after_opening_again(self, journal: Journal) -> None:
        await journal.open()
        await store(journal, a_head("j1"))
        receipt = journal.write(next_change(a_head("j1"), data=b"last"))
        await journal.close()
        await journal.close()
        await receipt
        await journal.open()
        assert (await journal.load("j1")).data == b"last"

    async def test_a_closed_journal_says_so(self, journal: Journal) -> None:
        await journal.close()
        with pytest.raises(JournalError, match="open"):
            await journal.head("j1")
        receipt = journal.write(next_change(a_head("j1")))
        with pytest.raises(JournalError, match="open"):
            await receipt
        with pytest.raises(JournalError, match="open"):
            await journal.own()
