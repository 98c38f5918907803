"""A real worker is really killed, again and again: every journey ends well, and nothing was done twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onboarding import InputRefused, Journey, NotPossible, Onboarding, ParkKind, Settings, Status
from onboarding.sandbox import SandboxDesk, SandboxServer

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KILLS = int(os.environ.get("TEST_KILLS", "8"))
"""How often the worker is killed; 20 and more by hand."""

PASSWORD, NEW_PASSWORD = "Abcd1234", "Efgh5678"


@pytest.fixture
def desk() -> Iterator[SandboxDesk]:
    with SandboxServer() as server:
        yield SandboxDesk(server.url)


class Fleet:
    """One worker process at a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[str] | None = None
        self.killed = 0

    def start(self) -> None:
        child = Path(__file__).with_name("worker_child.py")
        self._process = subprocess.Popen(
            [sys.executable, str(child)], env=self._environment, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self.killed += number == signal.SIGKILL


def plan(desk: SandboxDesk, rng: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """Two journeys of every flow, each for a person of its own."""
    journeys: list[tuple[str, dict[str, Any]]] = []
    for number in range(2):
        phones = [f"159{rng.randrange(10**8):08d}" for _ in range(6)]
        emails = [f"user{rng.randrange(10**9)}@example.com" for _ in range(2)]
        users = [desk.create_user(f"Demo {phone}", phone=phone, password=PASSWORD) for phone in phones[:5]]
        desk.set_course("JOB_TYPE_TA_UPDATE_OWNER", [(1, "Handling"), (3, "Finished")], user_id=users[3])
        desk.create_task(users[4], "JOB_TYPE_TA_OPEN")
        desk.set_course("JOB_TYPE_TA_OPEN", [(1, "Handling"), (2, "Dealed"), (4, "Finished")], user_id=users[4])
        journeys += [
            ("password-reset", {"phone": phones[0], "new_password": NEW_PASSWORD, "send_sms": bool(number)}),
            ("phone-verification", {"phone": phones[1]}),
            ("password-change", {"login_name": phones[2], "password": PASSWORD, "new_password": NEW_PASSWORD}),
            ("kyc-update", {"user_id": users[3], "changes": {"base": {"address": f"Street {number}"}}}),
            ("avatar-change", {"user_id": users[3], "avatar": f"https://example.com/{number}.png"}),
            ("task-watch", {"user_id": users[4], "task_type": "JOB_TYPE_TA_OPEN"}),
            ("mobile-registration", {"name": "Demo", "phone": phones[5], "password": PASSWORD}),
            ("email-registration", {"name": "Demo", "email": emails[0], "password": PASSWORD}),
            ("email-signup", {"email": emails[1], "password": PASSWORD}),
        ]
    return journeys


async def drive(onboarding: Onboarding, desk: SandboxDesk, flow: str, fields: dict[str, Any]) -> Journey:
    """What a patient user does: waits, and enters the newest code until it is taken."""
    journey = await onboarding.start(flow, **fields)
    to = fields.get("phone") or fields.get("email")
    while True:
        journey = await onboarding.wait(journey.id)
        if journey.status is not Status.WAITING:
            return journey
        code = await asyncio.to_thread(desk.latest_code, to)
        try:
            await onboarding.send(journey.id, "code_entered", code=code)
        except (InputRefused, NotPossible):
            await asyncio.sleep(0.1)


async def test_killed_at_random_moments_every_journey_ends_well_and_nothing_is_done_twice(
    desk: SandboxDesk, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get("TEST_SEED", "7"))
    rng = random.Random(seed)
    environment = {
        "ONBOARDING_BASE_URL": desk.url,
        "ONBOARDING_TENANT_ID": "T001117",
        "ONBOARDING_API_TOKEN": "sandbox-token",
        "ONBOARDING_JOURNAL": f"sqlite:///{tmp_path}/private/journal.db",
        "ONBOARDING_LANDING_DELAY": "0.5s",
        "ONBOARDING_COOLDOWN": "0.2s",
        "ONBOARDING_POLL_EVERY": "0.2s",
    }
    journeys = plan(desk, rng)
    # Answers come late, so that a kill often finds a request under way, before its effect and after it.
    # But for logins: one to find out is tried twice an hour, and a journey whose two were both killed waits so long.
    desk.add_fault("2.6", "delay", seconds=0)
    desk.add_fault("*", "delay", seconds=0.25, rate=0.5, seed=seed)
    fleet = Fleet(environment)
    settings = Settings(**{name.removeprefix("ONBOARDING_").lower(): value for name, value in environment.items()})
    async with Onboarding(settings, worker=False) as onboarding:
        runs = asyncio.gather(*(drive(onboarding, desk, flow, fields) for flow, fields in journeys))
        for _ in range(KILLS):
            await asyncio.to_thread(fleet.start)
            await asyncio.sleep(rng.uniform(0.2, 1.2))
            await asyncio.to_thread(fleet.kill)
        await asyncio.to_thread(fleet.start)
        ended = await runs
        await asyncio.to_thread(fleet.kill, signal.SIGTERM)
        doubts = Counter[str]()
        for journey in ended:
            doubts.update(row.trigger for row in await onboarding.history(journey.id))
    record_property("doubts", doubts["in_doubt"] + doubts["code_spent"])
    # A journey may send three messages, whatever is killed: three kills can use them up. Then it ends honestly, or,
    # where not one of them was ever answered, asks a person.
    spent = [j for j in ended if j.state == "codes_used_up" or (j.parked and j.parked.kind is ParkKind.EXHAUSTED)]
    assert [(j.flow, j.state, j.parked) for j in ended if not j.ended_well and j not in spent] == []
    assert fleet.killed == KILLS

    ledger = desk.ledger()
    done = Counter((entry.effect, entry.subject) for entry in ledger)
    once = ("password_reset", "user_registered", "password_changed", "account_updated")
    assert {what: n for what, n in done.items() if what[0] in once and n != 1} == {}, "done twice"
    flows = {
        "password_reset": ("password-reset",),
        "user_registered": ("mobile-registration", "email-registration", "email-signup"),
        "password_changed": ("password-change",),
        "account_updated": ("kyc-update",),
    }
    by_hand = 2 * len(("reset", "verified", "changed", "kyc", "watched"))
    wanted = {effect: sum(j.flow in names and j.ended_well for j in ended) for effect, names in flows.items()}
    wanted["user_registered"] += by_hand
    found = Counter(effect for effect, _ in done if effect in once)
    assert {effect: found[effect] for effect in wanted} == wanted, (
        f"missing, or too many; used up: {[j.flow for j in spent]}"
    )
    messages = {what: n for what, n in done.items() if what[0] in ("code_sent", "code_issued")}
    assert max(messages.values()) <= 3
