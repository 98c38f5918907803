"""Every row of a history is signed, also those that are written while the journey cannot be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from errands import CodeEntry
from workbench import Workbench

from onboarding.audit import audit, examine
from onboarding.engine import Parked, WaitingFor
from onboarding.journal import Change, Link, MessageKind

pytestmark = pytest.mark.anyio


async def findings(bench: Workbench) -> list[tuple[int | None, str]]:
    found = await audit(bench.journal, bench.onboarding._sealer)
    return [(finding.seq, finding.what.partition(": ")[2]) for finding in found.findings]


async def test_a_journey_is_signed_from_its_first_row_on_and_goes_on_after_a_restart(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    assert await findings(bench) == []
    await bench.advance(journey)
    await bench.restart()
    assert await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="1") == "applied"
    history = await bench.history(journey)
    assert len(history) > 3
    assert all(row.mac is not None for row in history)
    assert await findings(bench) == []


async def test_rows_written_while_it_could_not_be_read_are_signed_apart_and_followed_on(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    await bench.restart(flows=[])
    assert isinstance(await bench.advance(journey), Parked)
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert await findings(bench) == []
    history = await bench.history(journey)
    chain = bench.onboarding._sealer.chain
    assert [chain.link(row, before.mac or b"") for before, row in zip(history[-3:-1], history[-2:], strict=True)] == [
        Link.APART, Link.APART,
    ]  # fmt: skip
    await bench.restart(flows=[CodeEntry])
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert isinstance(await bench.advance(journey), WaitingFor)
    assert await findings(bench) == []


async def test_nobody_can_pass_a_row_off_as_one_that_was_written_while_it_could_not_be_read(bench: Workbench) -> None:
    """Somebody puts back the sealed data of before: the ordinary rows since then do not pass for rows signed apart."""
    journey = await bench.start(CodeEntry, password="p")
    old = (await bench.journal.load(journey)).data
    await bench.advance(journey)
    stored, history = await bench.journal.load(journey), await bench.history(journey)
    sealer = bench.onboarding._sealer
    assert examine(stored, history, sealer) == []
    put_back = examine(replace(stored, data=old), history, sealer)
    assert [(finding.seq, "put back" in finding.what) for finding in put_back] == [(2, True)]
    # The engine goes on, and does not heal it: the next row follows what the sealed data know.
    await bench.journal.write(Change(head=replace(stored.head, revision=stored.head.revision + 1), data=old))
    await bench.hand_in(journey, MessageKind.CANCEL, reason="enough")
    assert [seq for seq, _ in await findings(bench)] == [len(history) + 1]


async def test_a_history_that_was_cut_short_is_not_healed_by_going_on(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    stored, history = await bench.journal.load(journey), await bench.history(journey)
    cut = replace(stored.head, seq=1, state=history[0].dest, revision=stored.head.revision + 1)
    await bench.journal.erase(cut, stored.data, history[:1], "")
    assert [seq for seq, _ in await findings(bench)] == [2]
    await bench.hand_in(journey, MessageKind.CANCEL, reason="enough")
    assert [seq for seq, _ in await findings(bench)] == [2]
