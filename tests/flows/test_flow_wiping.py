"""Codes, tickets and passwords leave the sealed data in the commit that makes them useless."""

from __future__ import annotations

import json
from typing import Any

import pytest
import test_ways
from stage import Stage, stage_on
from way import WAYS, Way

from onboarding.journal import DATA_FIELD, Change, MemoryJournal
from onboarding.journal.receipt import Receipt
from onboarding.sandbox import SandboxServer
from onboarding.testing import VirtualClock

assert test_ways.SHIPPED, "it has the ways written down"

SPENT_BY = {
    "verify_mobile_code": "code",
    "register_by_mobile": "code",
    "register_with_email_code": "code",
    "reset_password": "ticket",
}
"""Which secret an endpoint uses up, so that it is of no use once that has answered."""

SECRETS = {"password", "new_password", "code", "ticket"}


class KeepingJournal(MemoryJournal):
    """Keeps every change that was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Change] = []

    def write(self, change: Change) -> Receipt[None]:
        self.changes.append(change)
        return super().write(change)


def fields_in(stage: Stage, change: Change) -> dict[str, Any]:
    """The journey's fields as a change has sealed them."""
    assert change.data is not None
    plain = stage.onboarding.engine.sealer.keyring.unseal(change.data, journey=change.head.id, field=DATA_FIELD)
    fields: dict[str, Any] = json.loads(plain)["fields"]
    return fields


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS, ids=str)
async def test_a_secret_is_gone_in_the_commit_that_makes_it_useless(
    server: SandboxServer, clock: VirtualClock, way: Way
) -> None:
    journal = KeepingJournal()
    async with stage_on(server, clock, journal) as stage:
        await way.play(stage)
        kept = [(row, fields_in(stage, change)) for change in journal.changes for row in change.transitions]
    for row, fields in kept:
        if row.mcode == "m0000000":
            assert SPENT_BY.get(row.endpoint or "", "nothing") not in fields, f"{row.endpoint} has used it up"
        if row.trigger == "code_sent":
            assert not {"code", "ticket"} & fields.keys(), "those of the message before are of no use any more"
    if stage.journey.is_final:
        handed_over = {"ticket"} if way.flow.definition.name == "phone-verification" else set()
        last = kept[-1][1]
        assert {name for name in SECRETS & last.keys() if last[name] != "wiped"} <= handed_over


@pytest.mark.anyio
async def test_a_secret_that_is_still_needed_is_in_the_sealed_data(server: SandboxServer, clock: VirtualClock) -> None:
    journal = KeepingJournal()
    async with stage_on(server, clock, journal) as stage:
        [way] = [way for way in WAYS if "a code that was sent resets" in str(way)]
        await way.play(stage)
        seen = [fields_in(stage, change) for change in journal.changes]
    assert {name for fields in seen for name in fields.keys() & SECRETS} == {"new_password", "code", "ticket"}
