"""Unrest, for as long as it takes: ``python chaos.py --journeys 5000``.

A server that is restarted every few seconds, in the hard way, workers that are killed and stopped, and journeys that
must all end with each of their effects done once. It is not part of any run: it takes minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from journal.postgres.fleet import Fleet, a_user, ask_all, fleet, judge, settings_for
from journal.postgres.portrait import Portrait
from journal.postgres.server import Server
from onboarding import Onboarding
from onboarding.errors import OnboardingError
from onboarding.sandbox import SandboxDesk, SandboxServer

_STARTERS = 8


async def main() -> None:
    given = _arguments()
    rng = random.Random(given.seed)
    server = Server(fsync=given.fsync)
    try:
        server.start()
        with SandboxServer() as sandbox:
            await _play(given, rng, server, SandboxDesk(sandbox.url))
    finally:
        server.remove()


async def _play(given: argparse.Namespace, rng: random.Random, server: Server, desk: SandboxDesk) -> None:
    settings = settings_for(f"{server.database('journal')}?lease={given.lease}", desk, attempts=20)
    began, counts = time.monotonic(), Counter[str]()
    async with Onboarding(settings, worker=False, flows=[Portrait]) as onboarding, fleet(settings) as workers:
        for _ in range(given.workers):
            await workers.start()
        unrest = [
            asyncio.create_task(_restart(server, rng, given, counts)),
            asyncio.create_task(_kill(workers, rng, given, counts)),
        ]
        try:
            journeys: dict[str, str] = {}
            names = iter(range(given.journeys))
            async with asyncio.timeout(given.minutes * 60):
                starting = [asyncio.create_task(_start(onboarding, desk, names, journeys)) for _ in range(_STARTERS)]
                await asyncio.gather(*starting)
                print(f"{len(journeys)} started after {time.monotonic() - began:.0f} s", dict(counts), flush=True)
                await ask_all(onboarding)
        finally:
            for task in unrest:
                task.cancel()
            await asyncio.gather(*unrest, return_exceptions=True)
            print(dict(counts), flush=True)
            if not server.is_up():
                server.start()
            print(
                Counter(f"{s}/{k}" for (_, s, k), n in (await onboarding.count()).items() for _ in range(n)), flush=True
            )
        await judge(onboarding, desk, journeys)
        histories = [await onboarding.history(journey) for journey in journeys]
        triggers = Counter(row.trigger for rows in histories for row in rows)
    took = time.monotonic() - began
    print(f"{len(journeys)} journeys in {took:.0f} s, nothing lost, nothing doubled; their rows: {dict(triggers)}")


async def _start(onboarding: Onboarding, desk: SandboxDesk, names: object, journeys: dict[str, str]) -> None:
    for number in names:  # type: ignore[attr-defined]
        user = await asyncio.to_thread(a_user, desk, f"u{number}")
        while True:
            try:
                journeys[(await onboarding.start(Portrait, user_id=user, key=user)).id] = user
                break
            except OnboardingError:
                await asyncio.sleep(0.2)


async def _restart(server: Server, rng: random.Random, given: argparse.Namespace, counts: Counter[str]) -> None:
    while True:
        await asyncio.sleep(rng.uniform(*given.restart))
        counts["restarts"] += 1
        await asyncio.shield(asyncio.to_thread(server.restart, rng.choice(["immediate", "immediate", "fast"])))


async def _kill(workers: Fleet, rng: random.Random, given: argparse.Namespace, counts: Counter[str]) -> None:
    while True:
        await asyncio.sleep(rng.uniform(*given.kill))
        victim = rng.choice(workers.processes)
        if rng.random() < 0.5:
            counts["kills"] += 1
            await workers.kill(victim)
            while True:
                with contextlib.suppress(AssertionError):  # the server was away just then
                    await workers.start()
                    break
        else:
            counts["stops"] += 1
            victim.send_signal(signal.SIGSTOP)
            await asyncio.sleep(rng.uniform(0, 2 * given.lease))
            victim.send_signal(signal.SIGCONT)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journeys", type=int, default=500)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--lease", type=float, default=5.0)
    parser.add_argument("--minutes", type=float, default=20.0, help="after which it is broken off")
    parser.add_argument("--restart", type=float, nargs=2, default=(5.0, 40.0), help="seconds between two, at random")
    parser.add_argument("--kill", type=float, nargs=2, default=(3.0, 15.0))
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--fsync", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())
