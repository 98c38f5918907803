"""Of two runs that advance one journey, one loses: with all that it had handed in, waited for or not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from errands import Look
from workbench import Workbench

from onboarding.engine.journey import JourneyInHand
from onboarding.errors import JournalConflict

pytestmark = pytest.mark.anyio


async def in_hand(bench: Workbench, journey: str) -> JourneyInHand:
    """The journey as one run of the engine has it."""
    engine = bench.onboarding.engine
    stored = await bench.journal.load(journey)
    head = stored.head
    flow, book, _ = engine.sealer.unseal(head.id, stored.data, flow=head.flow, version=head.version, state=head.state)
    return JourneyInHand(head, flow, book, bench.journal, engine.sealer, engine.rules)


async def test_what_the_loser_hands_in_later_does_not_fit_onto_what_the_winner_wrote(bench: Workbench) -> None:
    journey = await bench.start(Look)
    winner, loser = await in_hand(bench, journey), await in_hand(bench, journey)
    later = bench.clock.now() + timedelta(minutes=1)
    winner.stay("retry", later, detail="won")
    await winner.durable()
    loser.stay("retry", later, detail="lost")  # nobody waits for this one
    loser.stay("retry", later, detail="lost too")
    with pytest.raises(JournalConflict):
        await loser.durable()
    assert [row.detail for row in await bench.history(journey)] == [None, "won"]


async def test_a_run_that_nobody_overtook_goes_on_from_its_own_writes(bench: Workbench) -> None:
    journey = await bench.start(Look)
    run = await in_hand(bench, journey)
    for _ in range(3):
        run.stay("retry", bench.clock.now())
    await run.durable()
    assert [row.seq for row in await bench.history(journey)] == [1, 2, 3, 4]
