"""Several workers on one journal, before one sandbox: started, stopped, killed, and what came of it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from onboarding import Onboarding, Settings
from onboarding.errors import OnboardingError
from onboarding.journal import Keyring, Query, Status
from onboarding.sandbox import SandboxDesk

from .portrait import Portrait

CHILD = Path(__file__).with_name("worker_child.py")
PATIENCE = 60.0
_AT_ONCE = 100


def settings_for(url: str, desk: SandboxDesk, **more: object) -> Settings:
    given = {
        "base_url": desk.url, "tenant_id": "T001117", "api_token": "sandbox-token", "journal": url,
        "keys": Keyring.generate_key(), "landing_delay": "0.5s", "poll_every": "0.1s", "concurrency": 10,
        "backoff_base": "0.1s", **more,
    }  # fmt: skip
    return Settings.load(**given)


@dataclass(slots=True)
class Fleet:
    """Workers, each a process of its own."""

    settings: Settings
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, **environment: str) -> asyncio.subprocess.Process:
        settings = self.settings
        assert settings.tenant_id is not None
        assert settings.api_token is not None
        given = {
            "BASE_URL": settings.base_url, "TENANT_ID": settings.tenant_id,
            "API_TOKEN": settings.api_token.get_secret_value(), "JOURNAL": settings.journal_url,
            "KEYS": settings.keys[0].get_secret_value(), "POLL_EVERY": "0.1s", "BACKOFF_BASE": "0.1s",
            "LANDING_DELAY": f"{settings.landing_delay.total_seconds()}s", "CONCURRENCY": str(settings.concurrency),
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(CHILD), stdout=subprocess.PIPE,
            env={**os.environ, **{f"ONBOARDING_{name}": value for name, value in given.items()}, **environment},
        )  # fmt: skip
        if await says(process) != "ready":
            await process.communicate()
            raise AssertionError("the worker did not start")
        self.processes.append(process)
        return process

    async def kill(self, process: asyncio.subprocess.Process) -> None:
        process.kill()
        await process.wait()
        self.processes.remove(process)

    async def end(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            await process.communicate()


async def says(process: asyncio.subprocess.Process) -> str:
    """The next line that a worker says."""
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode().strip()


@asynccontextmanager
async def fleet(settings: Settings) -> AsyncIterator[Fleet]:
    workers = Fleet(settings)
    try:
        yield workers
    finally:
        await workers.end()


def a_user(desk: SandboxDesk, name: str) -> str:
    return desk.create_user(name, email=f"{name}@example.com", password="Abcd1234")


async def start_all(onboarding: Onboarding, desk: SandboxDesk, number: int) -> dict[str, str]:
    """So many journeys, each for a user of its own: the users by the journeys' ids."""
    users = [await asyncio.to_thread(a_user, desk, f"u{n}") for n in range(number)]
    return {(await onboarding.start(Portrait, user_id=user, key=user)).id: user for user in users}


async def ask_all(onboarding: Onboarding) -> None:
    """Ask each journey for its second picture when it waits for that, until all have ended or are parked."""
    resting = {*(status.value for status in Status if status.is_final), Status.PARKED.value}
    while True:
        with suppress(OnboardingError):  # the server is away: looked at again
            waiting = (await onboarding.journal.find(Query(status=(Status.WAITING,), limit=_AT_ONCE))).heads
            await asyncio.gather(*(onboarding.send(head.id, "go_on") for head in waiting), return_exceptions=True)
            if {status for _, status, _ in await onboarding.count()} <= resting:
                return
        await asyncio.sleep(0.05)


async def judge(onboarding: Onboarding, desk: SandboxDesk, journeys: dict[str, str]) -> None:
    """Every journey has ended well, and each picture was set once."""
    ends = Counter([(await onboarding.journal.head(journey)).status.value for journey in journeys])
    assert ends == {"done": len(journeys)}
    sets = Counter(entry.subject for entry in desk.ledger(effect="avatar_set"))
    assert {user: sets[user] for user in journeys.values() if sets[user] != 2} == {}
    found = await onboarding.audit()
    assert found.ok, found.findings
