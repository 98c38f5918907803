"""A journey that another version of its flow has stored: taken over by a declared function, or parked."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from scripted_api import HANG
from workbench import Workbench

from onboarding import ASK, Done, Failed, Flow, ParkKind, Status, Waiting, Working, minutes, once
from onboarding.engine import Finished, Parked, WaitingFor
from onboarding.journal import MessageKind

pytestmark = pytest.mark.anyio

RETRY = MessageKind.RETRY


def order(state: str, version: int, migrate: Callable[..., Any] | None = None, kind: Any = None) -> type[Flow]:
    """An order flow whose first state has this name, at this version."""

    async def change(self: Any, api: Any) -> None:
        await api.change()

    change.__name__ = state

    def carry(cls: Any, version: int, state: str, fields: dict[str, Any]) -> Any:
        assert migrate is not None
        return migrate(version, state, fields)

    members: dict[str, Any] = {
        "__annotations__": {"what": str, "states": ClassVar, "transitions": ClassVar},
        "__doc__": "An order.",
        "__module__": __name__,
        "states": [kind or Working(state), Done("ordered"), Failed("expired")],
        "transitions": [
            ["ordered", state, "ordered"],
            ["timed_out" if kind else "turned_away", state, "expired"],
        ],
    }
    if version > 1:
        members["__annotations__"]["size"] = str | None
        members["size"] = None
    if kind is None:
        members[state] = once(then="ordered", otherwise=["turned_away"], in_doubt=ASK)(change)
    if migrate is not None:
        members["migrate"] = classmethod(carry)
    made: type[Flow] = types.new_class(
        "Order", (Flow,), {"name": "order", "version": version}, lambda ns: ns.update(members)
    )
    return made


V1 = order("ordering", 1)


async def test_a_journey_of_another_version_parks_where_nothing_says_how_to_take_it_over(bench: Workbench) -> None:
    journey = await bench.start(V1, what="a")
    await bench.restart(flows=[order("ordering", 2)])
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREADABLE
    assert "does not say how to take over a journey of version 1" in rest.reason
    assert bench.api.calls == []


async def test_a_declared_migration_takes_it_over_once(bench: Workbench) -> None:
    journey = await bench.start(V1, what="a")
    v2 = order("placing", 2, lambda _, __, fields: ("placing", {**fields, "size": "L"}))
    await bench.restart(flows=[v2])
    rest = await bench.advance(journey)
    assert isinstance(rest, Finished)
    head = await bench.head(journey)
    assert (head.version, head.state) == (2, "ordered")
    assert (await bench.get(journey)).data.size == "L"  # type: ignore[union-attr]
    migrated = (await bench.history(journey))[1]
    assert (migrated.trigger, migrated.source, migrated.dest) == ("migrated", "ordering", "placing")
    assert migrated.detail == "from version 1 to 2"
    assert bench.api.calls == ["change"]


async def test_a_migration_into_a_waiting_state_waits_there(bench: Workbench) -> None:
    journey = await bench.start(V1, what="a")
    v2 = order("holding", 2, lambda _, __, fields: ("holding", fields), Waiting("holding", up_to=minutes(10)))
    await bench.restart(flows=[v2])
    rest = await bench.advance(journey)
    assert isinstance(rest, WaitingFor)
    head = await bench.head(journey)
    assert (head.status, head.due) == (Status.WAITING, rest.until)
    assert rest.until > bench.clock.now()
    assert await bench.hand_in(journey, MessageKind.INPUT, "ordered") == "applied"


async def test_a_migration_does_not_forget_a_doubt(bench: Workbench) -> None:
    bench.api.plays["change"] = [HANG]
    journey = await bench.start(V1, what="a")
    await bench.crash_while_sending(journey)
    v2 = order("holding", 2, lambda _, __, fields: ("holding", fields), Waiting("holding", up_to=minutes(10)))
    await bench.restart(flows=[v2])
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert "its request is in doubt" in rest.reason
    await bench.restart(flows=[order("placing", 2, lambda _, __, fields: ("placing", fields))])
    assert await bench.hand_in(journey, RETRY) == "applied"
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.IN_DOUBT
    assert bench.api.calls == ["change"]


@pytest.mark.parametrize(
    "migrate",
    [lambda *_: 1 / 0, lambda *_: ("nowhere", {"what": "a"}), lambda *_: ("placing", {"canary": "canary"})],
)
async def test_a_migration_that_fails_parks_untouched(bench: Workbench, migrate: Callable[..., Any]) -> None:
    journey = await bench.start(V1, what="a")
    data = (await bench.journal.load(journey)).data
    await bench.restart(flows=[order("placing", 2, migrate)])
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREADABLE
    assert (await bench.journal.load(journey)).data == data


async def test_a_journey_that_ended_under_an_older_version_can_still_be_looked_at(bench: Workbench) -> None:
    journey = await bench.start(V1, what="a")
    await bench.advance(journey)
    await bench.restart(flows=[order("ordering", 2)])
    shown = await bench.onboarding.wait(journey)
    assert shown.ended_well
    assert shown.data is None
