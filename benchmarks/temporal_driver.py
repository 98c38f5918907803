"""Journeys driven through Temporal's development server, by worker processes of their own: what that costs.

python -m benchmarks.temporal_driver [--journeys 100] [--waiting 50] [--only sqlite-1 postgres-1 postgres-2 embedded]

The journey is that of the other benchmarks: four calls. The server keeps its data in a file. Beside the rate it prints
how long an advance takes (alone, and with 50 in flight), and what a journey that waits leaves in the server. It needs
the extra ``temporal``, the program ``temporal`` and, for two of the cases, PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from temporalio.client import Client

from benchmarks.contenders.calls import TENANT, TOKEN, person
from benchmarks.contenders.registration import BenchmarkRegistration
from benchmarks.services.postgres import postgres
from benchmarks.services.stub import ROOT, stub
from benchmarks.services.temporal import temporal
from onboarding import Onboarding, Settings

_IN_FLIGHT = 50
_WARM_UP = 10
_LONGEST = 120.0
_FLOW = "benchmarks.contenders.registration:BenchmarkRegistration"
CASES = {
    "embedded": ("sqlite", 0),
    "sqlite-1": ("sqlite", 1),
    "postgres-1": ("postgres", 1),
    "postgres-2": ("postgres", 2),
}


@contextmanager
def workers(number: int, settings: dict[str, str], folder: Path) -> Iterator[None]:
    """So many worker processes, which are told to stop at the end."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "ONBOARDING_FLOWS": _FLOW}
    variables |= {f"ONBOARDING_{name.upper()}": value for name, value in settings.items()}
    running = [
        subprocess.Popen([sys.executable, "-m", "onboarding", "worker"], env=variables, cwd=folder,
                         stderr=subprocess.DEVNULL)
        for _ in range(number)
    ]  # fmt: skip
    try:
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(_LONGEST)


async def journeys(settings: Settings, number: int, *, embedded: bool) -> tuple[float, list[str]]:
    """Run so many, 50 in flight: how many a second, and their ids."""
    ids: list[str] = []
    async with Onboarding(settings, flows=[BenchmarkRegistration], worker=embedded) as onboarding:

        async def run(numbers: Iterator[int]) -> None:
            for each in numbers:
                journey = await onboarding.start(BenchmarkRegistration(**person(each)))
                ended = await onboarding.wait(journey.id, timeout=_LONGEST)
                assert ended.state == "registered", ended.state
                ids.append(journey.id)

        await run(iter(range(_WARM_UP)))
        began, shared = time.perf_counter(), iter(range(_WARM_UP, _WARM_UP + number))
        await asyncio.gather(*(run(shared) for _ in range(_IN_FLIGHT)))
        return number / (time.perf_counter() - began), ids


async def looked_at(address: str, ids: list[str]) -> dict[str, float]:
    """What the server says of these journeys: how long each look took, from asking to its answer; what it has kept."""
    client = await Client.connect(address)
    took, events, size = [], [], []
    for each in ids:
        handle = client.get_workflow_handle(each)
        begun: dict[int, float] = {}
        history = (await handle.fetch_history()).events
        for event in history:
            at = event.event_time.ToNanoseconds() / 1e6
            if event.HasField("activity_task_scheduled_event_attributes"):
                begun[event.event_id] = at
            elif event.HasField("activity_task_completed_event_attributes"):
                took.append(at - begun[event.activity_task_completed_event_attributes.scheduled_event_id])
        events.append(len(history))
        size.append(sum(event.ByteSize() for event in history))
    return {"advance_p50_ms": median(took), "events": median(events), "history_bytes": median(size)}


async def waiting(settings: Settings, number: int) -> list[str]:
    """So many journeys that wait for a person."""
    async with Onboarding(settings, worker=False) as onboarding:
        ids = []
        for each in range(number):
            phone = f"159{each:08}"
            ids.append((await onboarding.start("password-reset", phone=phone, new_password="Efgh5678")).id)
        await asyncio.gather(*(onboarding.wait(each, timeout=_LONGEST) for each in ids))
    await asyncio.sleep(1)  # what the server writes last
    return ids


def measured(case: str, number: int, parked: int) -> dict[str, Any]:
    """One case, on services of its own."""
    journal, many = CASES[case]
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        running = stack.enter_context(stub())
        address = ""
        if many:
            address = stack.enter_context(temporal(Path(sys.executable).with_name("temporal"), folder))
        place = f"sqlite:///{folder / 'journal.db'}"
        if journal == "postgres":
            place = stack.enter_context(postgres()).fresh("driver")
        given = {"base_url": running.url, "tenant_id": TENANT, "api_token": TOKEN, "journal": place,
                 "key_file": str(folder / "keys"), "concurrency": str(_IN_FLIGHT), "pool_size": str(_IN_FLIGHT),
                 **({"temporal_address": address} if many else {})}  # fmt: skip
        settings = Settings.load(**given)
        with workers(many, given, folder):
            found["journeys_per_s"], ids = asyncio.run(journeys(settings, number, embedded=not many))
            if many:
                found["alone_advance_p50_ms"] = asyncio.run(looked_at(address, ids[:_WARM_UP]))["advance_p50_ms"]
                found |= asyncio.run(looked_at(address, ids[_WARM_UP:]))
                before = _kept(folder)
                rest = asyncio.run(waiting(settings, parked))
                left = asyncio.run(looked_at(address, rest))
                found |= {f"waiting_{name}": left[name] for name in ("events", "history_bytes")}
                found["waiting_server_bytes"] = (_kept(folder) - before) / parked
    return found


def _kept(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("temporal.db*"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--journeys", type=int, default=100)
    parser.add_argument("--waiting", type=int, default=50)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    given = parser.parse_args()
    for case in given.only:
        figures = measured(case, given.journeys, given.waiting)
        print(f"{case:12}", *(f"{name} {value:.1f}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
