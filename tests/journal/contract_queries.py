"""The part of the contract about finding: what is due, lists, counts, values, and what key rotation walks over."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest

from onboarding.journal import Journal, MessageKind, Query, Status, Verdict

from .samples import NOW, a_head, a_message, later, next_change, store


class QueriesContract:
    pytestmark = pytest.mark.anyio

    # what to advance

    async def test_the_due_are_claimed_longest_due_first(self, journal: Journal) -> None:
        dues = {"a": later(-1), "b": later(-3), "c": NOW, "d": later(0.000001), "e": None, "f": later(-2)}
        await store(journal, *(a_head(id_, due=due) for id_, due in dues.items()))
        assert await journal.claim(NOW, 10) == ["b", "f", "a", "c"]
        assert await journal.claim(NOW, 2) == ["b", "f"]
        assert await journal.claim(NOW, 10, {"b", "a"}) == ["f", "c"]
        assert await journal.claim(later(-5), 10) == []

    @pytest.mark.parametrize(
        ("status", "kind", "is_claimed"),
        [
            (Status.WORKING, MessageKind.INPUT, False),
            (Status.WORKING, MessageKind.CANCEL, True),
            (Status.POLLING, MessageKind.INPUT, True),
            (Status.WAITING, MessageKind.INPUT, True),
            (Status.PARKED, MessageKind.INPUT, False),
            (Status.PARKED, MessageKind.CANCEL, True),
            (Status.PARKED, MessageKind.RETRY, True),
            (Status.PARKED, MessageKind.RESOLVE, True),
            (Status.DONE, MessageKind.INPUT, True),
            (Status.CANCELLED, MessageKind.RETRY, True),
        ],
    )
    async def test_a_message_calls_for_a_journey_that_can_answer_it(
        self, journal: Journal, status: Status, kind: MessageKind, is_claimed: bool
    ) -> None:
        await store(journal, a_head("j1", status=status))
        await journal.post(a_message("m1", "j1", kind=kind))
        assert await journal.claim(NOW, 10) == (["j1"] if is_claimed else [])
        assert await journal.next_due(NOW) == (NOW if is_claimed else None)
        assert await journal.claim(NOW, 10, ["j1"]) == []
        assert await journal.next_due(NOW, ["j1"]) is None

    async def test_a_message_that_was_looked_at_calls_no_more(self, journal: Journal) -> None:
        head = a_head("j1", status=Status.WAITING)
        await store(journal, head)
        await journal.post(a_message("m1", "j1"))
        await journal.write(next_change(head, verdicts=(Verdict("m1", "applied"),)))
        assert await journal.claim(NOW, 10) == []

    async def test_the_due_and_the_called_are_claimed_once_each_longest_waiting_first(self, journal: Journal) -> None:
        waiting = Status.WAITING
        await store(
            journal,
            a_head("a", status=waiting, due=later(-10)),
            a_head("b", status=waiting),
            a_head("c", status=waiting, due=later(-1)),
        )
        for id_, journey, at in (("m1", "b", -5), ("m2", "c", -20), ("m3", "c", -30), ("m4", "a", -2)):
            await journal.post(a_message(id_, journey, at=later(at)))
        assert await journal.claim(NOW, 10) == ["c", "a", "b"]
        assert await journal.claim(NOW, 2) == ["c", "a"]

    async def test_what_is_due_is_told_in_the_order_in_which_it_is_claimed(self, journal: Journal) -> None:
        await store(journal, a_head("a", due=later(-1)), a_head("b", due=later(-3)), a_head("c", due=later(1)))
        await store(journal, a_head("d", status=Status.WAITING), a_head("e", due=later(-9)))
        await journal.post(a_message("m1", "d", at=later(-2)))
        assert await journal.due(NOW, 10, ["e"]) == ["b", "d", "a"]
        assert await journal.due(NOW, 2, ["e"]) == ["b", "d"]
        assert await journal.claim(NOW, 10, ["e"]) == ["b", "d", "a"]

    async def test_the_owner_takes_a_journey_that_nothing_calls_for(self, journal: Journal) -> None:
        await store(journal, a_head("a", status=Status.WAITING))
        assert await journal.own()
        assert await journal.take("a")
        assert await journal.take("a")
        assert journal.may_send("a")

    async def test_the_next_due_is_the_earliest_of_those_not_busy(self, journal: Journal) -> None:
        assert await journal.next_due(NOW) is None
        await store(journal, a_head("a", due=later(60)), a_head("b", due=later(-5)), a_head("c"))
        assert await journal.next_due(NOW) == later(-5)
        assert await journal.next_due(NOW, ["b"]) == later(60)
        assert await journal.next_due(NOW, ["a", "b"]) is None

    # lists

    async def test_lists_are_filtered_and_newest_first(self, journal: Journal) -> None:
        heads = {
            "1": a_head("1", flow="x", state="s", status=Status.WAITING, created=later(1)),
            "2": a_head("2", flow="x", state="t", status=Status.PARKED, created=later(2)),
            "3": a_head("3", flow="y", state="s", status=Status.DONE, created=later(3)),
            "4": a_head("4", flow="x", state="s", status=Status.PARKED, created=later(4)),
        }
        await store(journal, *heads.values())
        expected = {
            Query(): "4321",
            Query(flow="x"): "421",
            Query(state="s"): "431",
            Query(flow="x", state="s"): "41",
            Query(status=(Status.PARKED,)): "42",
            Query(status=(Status.DONE, Status.WAITING)): "31",
            Query(created_before=later(3)): "21",
            Query(created_after=later(3)): "43",
            Query(created_after=later(2), created_before=later(4), flow="x"): "2",
            Query(flow="x", status=(Status.PARKED,), state="s", after="4"): "",
            Query(after="3"): "21",
            Query(flow="z"): "",
        }
        for query, ids in expected.items():
            page = await journal.find(query)
            assert page.heads == tuple(heads[id_] for id_ in ids), query
            assert page.next is None

    async def test_those_are_found_whose_last_tries_failed_while_they_go_on_trying(self, journal: Journal) -> None:
        heads = [
            replace(a_head("1", status=Status.POLLING), attempt=1),
            replace(a_head("2", status=Status.POLLING), attempt=2),
            replace(a_head("3", status=Status.WORKING), attempt=9),
            replace(a_head("4", status=Status.PARKED), attempt=9),
            replace(a_head("5", status=Status.WAITING), attempt=0),
        ]
        await store(journal, *heads)
        found = {
            failures: "".join(head.id for head in (await journal.find(Query(failures=failures))).heads)
            for failures in (0, 1, 2, 8, 9)
        }
        assert found == {0: "54321", 1: "32", 2: "3", 8: "3", 9: ""}

    async def test_every_mixture_of_flow_state_and_status_is_paged_like_a_filter_of_all(self, journal: Journal) -> None:
        kinds = list(itertools.product(("f", "g"), ("s", "t"), (Status.WORKING, Status.PARKED, Status.DONE)))
        heads = [
            replace(a_head(f"j{number:03d}", flow=flow, state=state, status=status), attempt=number % 4)
            for number, (flow, state, status) in enumerate(kinds * 3)
        ]
        await store(journal, *heads)
        newest = heads[::-1]
        statuses: tuple[tuple[Status, ...], ...] = ((), (Status.PARKED,), (Status.WORKING, Status.DONE))
        for flow, state, status, failures in itertools.product((None, "f"), (None, "t"), statuses, (0, 2)):
            fitting = [
                head.id
                for head in newest
                if flow in (None, head.flow)
                and state in (None, head.state)
                and (not status or head.status in status)
                and (not failures or (head.status is Status.WORKING and head.attempt > failures))
            ]
            found: list[str] = []
            query: Query | None = Query(flow=flow, state=state, status=status, failures=failures, limit=2)
            while query is not None:
                page = await journal.find(query)
                found += [head.id for head in page.heads]
                query = None if page.next is None else replace(query, after=page.next)
            assert found == fitting, (flow, state, status, failures)

    async def test_pages_follow_each_other_without_gap_or_overlap(self, journal: Journal) -> None:
        ids = [f"{number:03}" for number in range(10)]
        await store(journal, *(a_head(id_) for id_ in ids))
        seen: list[str] = []
        query = Query(limit=4)
        sizes = []
        while True:
            page = await journal.find(query)
            seen += [head.id for head in page.heads]
            sizes.append(len(page.heads))
            if page.next is None:
                break
            query = replace(query, after=page.next)
        assert seen == ids[::-1]
        assert sizes == [4, 4, 2]
        assert (await journal.find(Query(limit=10))).next is None

    async def test_journeys_are_counted_by_flow_status_and_state(self, journal: Journal) -> None:
        assert await journal.count() == {}
        await store(
            journal,
            a_head("1"),
            a_head("2"),
            a_head("3", status=Status.DONE, state="over"),
            a_head("4", flow="x"),
        )
        assert await journal.count() == {
            ("password-reset", "working", "requesting_code"): 2,
            ("password-reset", "done", "over"): 1,
            ("x", "working", "requesting_code"): 1,
        }

    # values and keys

    async def test_a_value_is_kept_and_replaced_unless_it_is_to_be_the_first(self, journal: Journal) -> None:
        assert await journal.meta("pepper") is None
        assert await journal.set_meta("pepper", b"one", only_if_absent=True) == b"one"
        assert await journal.set_meta("pepper", b"two", only_if_absent=True) == b"one"
        assert await journal.set_meta("pepper", b"three") == b"three"
        assert await journal.meta("pepper") == b"three"

    async def test_of_many_first_values_at_once_all_get_the_same(self, journal: Journal) -> None:
        values = await asyncio.gather(
            *(journal.set_meta("pepper", bytes([number]), only_if_absent=True) for number in range(10))
        )
        assert len(set(values)) == 1

    async def test_sealed_data_are_walked_and_replaced_without_a_new_revision(self, journal: Journal) -> None:
        await store(journal, *(a_head(id_) for id_ in "abc"))
        await journal.write(next_change(a_head("b"), data=b"newer"))
        assert await journal.sealed(limit=2) == [("a", 1, b"sealed"), ("b", 2, b"newer")]
        assert await journal.sealed("b") == [("c", 1, b"sealed")]
        assert await journal.reseal([("a", 1, b"A"), ("b", 1, b"B"), ("x", 1, b"X")]) == 1
        assert await journal.sealed() == [("a", 1, b"A"), ("b", 2, b"newer"), ("c", 1, b"sealed")]
        assert await journal.reseal([]) == 0

    async def test_sealed_payloads_are_walked_and_replaced_while_unseen(self, journal: Journal) -> None:
        await store(journal, a_head("j1"))
        for id_, payload in (("a", b"1"), ("b", None), ("c", b"3"), ("d", b"4")):
            await journal.post(a_message(id_, "j1", payload=payload))
        assert await journal.sealed_messages(limit=2) == [("a", "j1", b"1"), ("c", "j1", b"3")]
        assert await journal.sealed_messages("c") == [("d", "j1", b"4")]
        await journal.write(next_change(a_head("j1"), verdicts=(Verdict("d", "applied"),)))
        assert await journal.reseal_messages([("a", b"1", b"A"), ("c", b"?", b"C"), ("d", b"4", b"D")]) == 1
        assert [payload for _, _, payload in await journal.sealed_messages()] == [b"A", b"3"]
