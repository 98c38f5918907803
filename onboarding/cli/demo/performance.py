"""The demo from its beginning to its end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from onboarding.cli.demo.cast import FATEFUL, Role, cast
from onboarding.cli.demo.person import accompany
from onboarding.cli.demo.reckoning import Reckoning, reckon
from onboarding.cli.demo.screen import Row, Screen
from onboarding.cli.demo.stage import Stage
from onboarding.cli.exits import Exit
from onboarding.cli.failure import say
from onboarding.cli.grid import Layout, print_grid
from onboarding.cli.interruption import Interrupted, Interruption
from onboarding.cli.output import clean, console_on

if TYPE_CHECKING:
    from onboarding.sandbox import SandboxDesk
    from onboarding.service import Onboarding

__all__ = ["Watch", "perform"]

_LOOK = 0.1
_LEAST = 2.5
"""Seconds for which the first worker is left to work, for somebody to watch."""
_DARK = 0.8
"""Seconds between the killing of a worker and the start of the next: nobody advances anything."""
_LONGEST = 60.0
"""Seconds after which something is wrong: it takes about ten."""


def perform() -> int:
    """Play it; the exit code: 0 only if every journey ended as it should, and nothing was done twice."""
    from onboarding.sandbox import SandboxDesk, SandboxServer

    with SandboxServer() as server:
        stage, desk = Stage(server), SandboxDesk(server.url)
        try:
            rows = asyncio.run(_play(stage, desk))
            found = reckon(desk, [row.role for row in rows])
        except Interrupted:
            say(f"interrupted; what there was of the journal is in {stage.folder}")
            return Exit.INTERRUPTED
        finally:
            stage.stop_worker()
    return _close(stage, rows, found)


async def _play(stage: Stage, desk: SandboxDesk) -> list[Row]:
    from onboarding.service import Onboarding

    with Interruption() as interruption:
        async with Onboarding(stage.settings(), worker=False) as onboarding:
            return await interruption.guard(_acts(stage, desk, onboarding))


async def _acts(stage: Stage, desk: SandboxDesk, onboarding: Onboarding) -> list[Row]:
    """Start everything, kill the worker in the middle of two requests, start another, wait for the end."""
    rows: list[Row] = []
    with Screen(rows) as screen:
        number = stage.start_worker()
        screen.say(f"a sandbox at {desk.url}, a journal in {stage.folder}, and a worker, process {number}")
        for role in await asyncio.to_thread(cast, desk):
            rows.append(await _begun(onboarding, role))  # noqa: PERF401 - the screen draws them as they come
        persons = [asyncio.create_task(accompany(onboarding, desk, row.role, row.journey)) for row in rows]
        watch = Watch(onboarding, screen, rows)
        watching = asyncio.create_task(watch.go_on())
        try:
            await asyncio.gather(_until_fateful(stage, desk), asyncio.sleep(_LEAST))
            stage.kill_worker()
            await watch.look()
            under_way = sum(not row.head.status.is_final for row in rows if row.head)
            screen.say(
                f"killed the worker (SIGKILL): {under_way} journeys under way, {len(FATEFUL)} of them in the middle "
                "of a request that must not be sent twice",
                "bold red",
            )
            await asyncio.sleep(_DARK)
            number = stage.start_worker()
            screen.say(f"started another worker, process {number}: it goes on from where they stood", "bold green")
            await asyncio.wait_for(asyncio.gather(*persons), _LONGEST)
        except TimeoutError:
            screen.say("not all of it came to its end in time", "bold red")
        finally:
            watching.cancel()
            for person in persons:
                person.cancel()
            await asyncio.wait({watching, *persons})
        await watch.look()
    return rows


async def _begun(onboarding: Onboarding, role: Role) -> Row:
    journey = await onboarding.start(role.flow, **role.fields)
    return Row(role, journey.id, onboarding.flows[role.flow].definition.main_path())


class Watch:
    """Reads what has happened: from the journal, like everybody.

    Args:
        onboarding: whose journal it is.
        screen: where it is shown.
        rows: the journeys.
    """

    def __init__(self, onboarding: Onboarding, screen: Screen, rows: list[Row]) -> None:
        self._onboarding, self._screen, self._rows = onboarding, screen, rows
        self._alone = asyncio.Lock()

    async def go_on(self) -> None:
        """Look again and again."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK)

    async def look(self) -> None:
        """Look once. One look at a time: two at once would both find the same news, and tell them twice."""
        journal = self._onboarding.journal
        async with self._alone:
            for row in self._rows:
                seen = row.history[-1].seq if row.history else 0
                news = await journal.history(row.journey, seen)
                row.update(await journal.head(row.journey), news)
                self._screen.show(row, news)


async def _until_fateful(stage: Stage, desk: SandboxDesk) -> None:
    """Until the requests that are answered too late are under way."""
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until and not stage.worker_has_ended():
        under_way = {fault["endpoint"] for fault in await asyncio.to_thread(desk.faults) if fault["fired"]}
        if set(FATEFUL) <= under_way:
            return
        await asyncio.sleep(_LOOK)
    raise TimeoutError


def _close(stage: Stage, rows: list[Row], found: Reckoning) -> int:
    """Say how it ended, and where more is to be seen."""
    console = console_on()
    columns, lines = ("journey", "ended in", "as it should", "its transitions"), []
    for row in rows:
        well = _as_it_should(row)
        state = "" if row.head is None else row.head.state
        triggers = [record.trigger for record in row.history[1:]]
        said = (row.role.title, state, "ok" if well else "problem", " ".join(_folded(triggers)))
        lines.append(dict(zip(columns, said, strict=True)))
    console.print()
    print_grid([Layout(columns, wraps=24)], lines)
    console.print()
    right = found.right and len(rows) > 0 and all(map(_as_it_should, rows))
    style = "bold green" if right else "bold red"
    console.print(
        f"the sandbox's ledger: effects done: {found.done} (of {found.wanted}), done twice: {found.twice}; "
        f"codes sent: {found.messages}",
        style=style,
    )
    console.print(f"\nthe journal is kept for a day, in {stage.folder}; look at it with", style="dim", soft_wrap=True)
    doubted = next((row for row in rows if any(each.trigger == "in_doubt" for each in row.history)), None)
    commands = [("list",), *([("show", doubted.journey)] if doubted else [])]
    for words in commands:
        # Not through the console, which would break the line.
        print(f"  {clean(stage.command(*words))}")
    return Exit.OK if right else Exit.FAILED


def _as_it_should(row: Row) -> bool:
    return row.head is not None and row.head.status.is_final and row.head.state == row.role.end


def _folded(words: list[str]) -> list[str]:
    """Repetitions in a row, counted: ``task_moved x3``."""
    folded: list[list[Any]] = []
    for word in words:
        if folded and folded[-1][0] == word:
            folded[-1][1] += 1
        else:
            folded.append([word, 1])
    return [word if number == 1 else f"{word} x{number}" for word, number in folded]
