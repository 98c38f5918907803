"""LangGraph: a graph of four nodes with the SQLite checkpointer, which sets its file to WAL itself.

``durability="sync"``: a checkpoint is written before the next node begins, as its documentation says for what must not
be lost (https://docs.langchain.com/oss/python/langgraph/durable-execution). The default writes it while the next runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from benchmarks.contenders.calls import CALLS, HttpxCalls
from benchmarks.contenders.task import Task, race, tell


class State(TypedDict):
    """What a journey knows."""

    number: int
    step: int


async def main(task: Task) -> None:
    """Run the journeys."""
    file = Path(task.folder) / "checkpoints.sqlite"
    async with (
        HttpxCalls(task, library=task.options["library"]) as calls,
        AsyncSqliteSaver.from_conn_string(str(file)) as saver,
    ):

        def node(step: int) -> Callable[[State], Awaitable[State]]:
            async def perform(state: State) -> State:
                await calls.step(state["number"], step)
                return {"number": state["number"], "step": step}

            return perform

        builder = StateGraph(State)
        names = [START, *(f"step_{step}" for step in range(CALLS)), END]
        for step, name in enumerate(names[1:-1]):
            builder.add_node(name, node(step))
        for source, dest in pairwise(names):
            builder.add_edge(source, dest)
        graph = builder.compile(checkpointer=saver)

        async def journey(number: int) -> None:
            config = {"configurable": {"thread_id": str(number)}}
            await graph.ainvoke({"number": number, "step": -1}, config, durability="sync")

        tell(await race(task, journey))


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
