"""A stored journey that cannot go on here is parked untouched: its data and its doubt stay as they are."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from errands import Change, CodeEntry
from pydantic import SecretStr
from scripted_api import HANG
from workbench import KEY, Workbench

from onboarding import (
    Done,
    Failed,
    Flow,
    ParkKind,
    Status,
    Working,
    later,
    once,
    read,
)
from onboarding.engine import Finished, Parked, WaitingFor
from onboarding.journal import Keyring, MessageKind, Phase

pytestmark = pytest.mark.anyio

RETRY = MessageKind.RETRY


async def test_a_flow_that_is_not_known_here_parks_untouched_and_goes_on_when_it_is(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    data = (await bench.journal.load(journey)).data
    await bench.restart(flows=[])
    rest = await bench.advance(journey, after=1)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREADABLE
    assert "no flow is named 'code-entry'" in rest.reason
    assert (await bench.journal.load(journey)).data == data
    rows = len(await bench.history(journey))
    assert await bench.advance(journey) == rest
    assert len(await bench.history(journey)) == rows, "looked at again, nothing is written"
    page = await bench.onboarding.list(status="parked")
    assert [(shown.id, shown.parked) for shown in page] == [(journey, rest)]

    await bench.restart(flows=[CodeEntry])
    assert await bench.hand_in(journey, RETRY) == "applied"
    assert isinstance(await bench.advance(journey), WaitingFor)
    assert await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="1") == "applied"
    assert (await bench.head(journey)).state == "changed"


async def test_a_journey_sealed_with_another_key_parks_untouched_beside_the_others(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    sealer = bench.onboarding._sealer
    mine, sealer.keyring = sealer.keyring, Keyring([Keyring.generate_key(), KEY])
    other = await bench.start(CodeEntry, password="p")
    sealer.keyring = mine
    rest = await bench.advance(other)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREADABLE
    assert "which is not among those given" in rest.reason
    assert isinstance(await bench.advance(journey), WaitingFor), "the others go on"
    assert (await bench.onboarding.wait(other)).status is Status.PARKED


@pytest.mark.parametrize("wrong", ["flow", "key"])
async def test_a_retry_of_what_could_not_be_read_keeps_a_doubt(bench: Workbench, wrong: str) -> None:
    bench.api.plays["change"] = [HANG]
    bench.api.plays["look"] = [True]
    journey = await bench.start(Change)
    await bench.crash_while_sending(journey)
    sealer = bench.onboarding._sealer
    mine = sealer.keyring
    if wrong == "key":
        sealer.keyring = Keyring([Keyring.generate_key()])
    else:
        await bench.restart(flows=[])
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREADABLE
    sealer.keyring = mine
    await bench.restart(flows=[Change])
    assert await bench.hand_in(journey, RETRY) == "applied"
    assert (await bench.head(journey)).phase is Phase.DOUBT
    assert isinstance(await bench.advance(journey, after=30), Finished)
    assert bench.api.calls == ["change", "look"], "done twice"


async def test_everything_but_a_retry_is_refused_while_it_cannot_be_read(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    await bench.restart(flows=[])
    for kind in (MessageKind.CANCEL, MessageKind.RESOLVE):
        assert "no flow is named" in await bench.hand_in(journey, kind, landed=True, reason="x")
    assert await bench.hand_in(journey, RETRY) == "applied"
    assert (await bench.head(journey)).status is Status.PARKED


class Fragile(Flow, name="fragile", version=1):
    """Its condition fails once its request has landed."""

    states: ClassVar = [Working("changing"), Done("changed"), Failed("odd")]
    transitions: ClassVar = [["did", "changing", "changed", "is_well"], ["did", "changing", "odd"]]
    broken: ClassVar[bool] = True

    def is_well(self) -> bool:
        if Fragile.broken:
            raise KeyError("canary")
        return True

    @once(then="did")
    async def changing(self, api: Any) -> None:
        await api.change()

    @changing.landed
    async def has_landed(self, api: Any) -> Any:
        return await api.look()


async def test_a_condition_that_fails_after_sending_parks_and_a_retry_looks_before_it_sends(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.api.plays["look"] = [True]
    journey = await bench.start(Fragile)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.ERROR
    assert rest.reason == "the flow failed in the state 'changing' with KeyError"
    monkeypatch.setattr(Fragile, "broken", False)
    assert await bench.hand_in(journey, RETRY) == "applied"
    assert isinstance(await bench.advance(journey, after=30), Finished)
    assert bench.api.calls == ["change", "look"]


class Unstorable(Flow, name="unstorable", version=1):
    """Learns something that cannot be stored."""

    what: dict[str, Any] = later()
    states: ClassVar = [Working("looking"), Done("seen"), Failed("odd")]
    transitions: ClassVar = [["did", "looking", "seen"], ["odd", "looking", "odd"]]

    @read(then="did", otherwise=["odd"])
    async def looking(self, api: Any) -> None:
        await api.look()
        self.what = {"canary": object()}


async def test_what_cannot_be_stored_parks_instead_of_being_tried_for_ever(bench: Workbench) -> None:
    journey = await bench.start(Unstorable)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.ERROR
    assert "canary" not in rest.reason
    assert bench.api.calls == ["look"]


async def test_a_new_key_in_front_reads_what_the_old_one_sealed(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.restart(keys=[SecretStr(Keyring.generate_key()), SecretStr(KEY)])
    assert isinstance(await bench.advance(journey), WaitingFor)
