"""Every way through every shipped flow, against the sandbox; together they take every transition."""

from __future__ import annotations

from importlib import import_module

import pytest
from stage import Stage
from way import WAYS, Way

from onboarding import Done, Failed, Status
from onboarding.machine import Registry

for _name in (
    "avatar_change", "email_registration", "email_signup", "kyc_update", "mobile_registration", "password_change",
    "password_reset", "phone_verification", "task_watch",
):  # fmt: skip
    import_module(f"ways_{_name}")

SHIPPED = Registry()


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_a_way_leads_where_it_says(stage: Stage, way: Way) -> None:
    await way.play(stage)
    journey, rows = stage.journey, await stage.history()
    known = {arrow.trigger for arrow in way.flow.definition.arrows}
    assert [f"{row.trigger}:{row.dest}" for row in rows if row.trigger in known] == list(way.path)
    assert journey.state == way.end
    assert (journey.parked and journey.parked.kind) == way.parked
    assert [(event.flow, event.transition) for event in stage.events] == [(journey.flow, row) for row in rows]
    end = way.flow.definition.states[way.end]
    if isinstance(end, Done | Failed):
        outcome = journey.outcome
        assert outcome is not None
        assert (outcome.state, outcome.text, outcome.ended_well) == (end.name, end.text, isinstance(end, Done))
        assert journey.status is (Status.DONE if isinstance(end, Done) else Status.FAILED)
        assert outcome.text, "an end says in a sentence what is then true"
        assert (outcome.meaning, outcome.vendor_text) == ((way.by, way.by.text) if way.by else (None, None))
        assert outcome.mcode == (rows[-1].mcode if way.by else None)
        assert outcome.mcode is not None or way.by is None


@pytest.mark.parametrize("flow", list(SHIPPED))
def test_the_ways_take_every_transition_of_every_shipped_flow(flow: str) -> None:
    declared = {(arrow.trigger, arrow.source, arrow.dest) for arrow in SHIPPED[flow].definition.arrows}
    taken: set[tuple[str, str, str]] = set().union(*(way.arrows for way in WAYS if way.flow is SHIPPED[flow]))
    assert declared - taken == set(), "never taken"
    assert taken - declared == set(), "taken, but not declared"
