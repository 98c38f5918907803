"""Burr: an application of four actions with its asynchronous SQLite persister, which saves after each action.

As its documentation shows (https://burr.apache.org/concepts/state-persistence/): one persister for all applications.
Its file is in write-ahead mode, which the persister leaves as it finds it, so that a commit costs one sync, not
three. The synchronous setting stays as it comes. No tracker.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path

from burr.core import ApplicationBuilder, State, action
from burr.core.action import Action
from burr.integrations.persisters.b_aiosqlite import AsyncSQLitePersister

from benchmarks.contenders.calls import CALLS, HttpxCalls
from benchmarks.contenders.task import Task, race, tell

_NAMES = [f"step_{step}" for step in range(CALLS)]


async def main(task: Task) -> None:
    """Run the journeys."""
    file = Path(task.folder) / "burr.sqlite"
    async with (
        HttpxCalls(task, library=task.options["library"]) as calls,
        AsyncSQLitePersister.from_values(str(file)) as persister,
    ):
        await persister.connection.execute("PRAGMA journal_mode = WAL")
        await persister.initialize()
        actions = {name: _action(calls, step) for step, name in enumerate(_NAMES)}

        async def journey(number: int) -> None:
            application = await (
                ApplicationBuilder()
                .with_actions(**actions)
                .with_transitions(*pairwise(_NAMES))
                .with_state(number=number)
                .with_entrypoint(_NAMES[0])
                .with_identifiers(app_id=str(number))
                .with_state_persister(persister)
                .abuild()
            )
            await application.arun(halt_after=[_NAMES[-1]])

        tell(await race(task, journey))


def _action(calls: HttpxCalls, step: int) -> Action:
    async def perform(state: State) -> State:
        await calls.step(state["number"], step)
        return state.update(step=step)

    decorated: Callable[[State], Awaitable[State]] = action(reads=["number"], writes=["step"])(perform)
    return decorated


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
