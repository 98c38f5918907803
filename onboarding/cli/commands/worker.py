"""``worker``: advance journeys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from onboarding.cli.exits import Exit
from onboarding.cli.failure import say

if TYPE_CHECKING:
    from onboarding.cli.interruption import Interruption
    from onboarding.cli.invocation import Invocation
    from onboarding.service import Onboarding

__all__ = ["worker"]

_MOST = 1000
_LOOK = 0.25
"""Seconds between two looks at who advances journeys."""


def worker(
    context: typer.Context,
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help="Advance what is due now, then end: for cron. Exit code 3 if any is parked, or fails for long.",
        ),
    ] = False,
    concurrency: Annotated[int | None, typer.Option(min=1, max=1000, help="How many journeys at once.")] = None,
    temporal: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Advance them through this Temporal server. Needs the extra temporal."),
    ] = None,
    namespace: Annotated[str | None, typer.Option(help="The namespace there.  [default: default]")] = None,
    task_queue: Annotated[str | None, typer.Option(help="The task queue there; by default the journal's own.")] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Show every transition.")
    ] = 0,
) -> None:
    """Advance journeys until SIGINT or SIGTERM; requests that are under way are let end."""
    if verbose:
        from onboarding.cli.logs import set_up

        set_up(context.obj.verbose + verbose, context.obj.log_json)
    there = {"temporal_address": temporal, "temporal_namespace": namespace, "temporal_task_queue": task_queue}
    if once and any(there.values()):
        raise typer.BadParameter("a pass needs no Temporal: leave --temporal, --namespace and --task-queue out")
    if not once:
        with asyncio.Runner(loop_factory=_quickest_loop()) as runner:
            runner.run(_run(context.obj, concurrency=concurrency, **there))
        return
    trouble = asyncio.run(_pass(context.obj, concurrency))
    for sentence in trouble:
        say(sentence)
    if trouble:
        raise typer.Exit(Exit.PARKED)


def _quickest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed (extra ``fast``); None: asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _pass(invocation: Invocation, concurrency: int | None) -> list[str]:
    """One pass; what needs a person after it."""
    async with invocation.onboarding(worker=False, concurrency=concurrency) as onboarding:
        advanced = await onboarding.drain()
        if not advanced and await _is_owned(onboarding):
            say(f"another process advances the journeys of {onboarding.journal.place}: nothing was left to do here")
        else:
            say(f"advanced {advanced} {'time' if advanced == 1 else 'times'}")
        counts = await onboarding.count()
        parked = sum(number for (_, status, _), number in counts.items() if status == "parked")
        attempts = onboarding.settings.attempts
        failing = len(await onboarding.list(failures=attempts, limit=_MOST))
    trouble = [f"{parked} parked: onboarding list --status parked"] if parked else []
    if failing:
        trouble.append(f"{failing} failing, {attempts} times in a row or more: onboarding list --failing")
    return trouble


async def _is_owned(onboarding: Onboarding) -> bool:
    """Whether another process is the owner of the journal."""
    if not await onboarding.journal.own():
        return True
    await onboarding.journal.disown()
    return False


async def _run(invocation: Invocation, **given: Any) -> None:
    from onboarding.cli.interruption import Interrupted, Interruption

    through = invocation.settings(**given).temporal_address
    if not through and (given["temporal_namespace"] or given["temporal_task_queue"]):
        raise typer.BadParameter("--namespace and --task-queue are of a Temporal server: give --temporal HOST:PORT")
    with Interruption() as interruption:
        async with AsyncExitStack() as stack:
            worker: bool | Literal["temporal"] = "temporal" if through else True
            opening = invocation.onboarding(worker=worker, makes=True, waits=True, **given)
            with suppress(Interrupted):  # while it waits for the journal's server
                onboarding = await interruption.guard(stack.enter_async_context(opening))
                if through:
                    say(f"through the Temporal server at {through}")
                await _report(onboarding, interruption)
            say("stopping")


async def _report(onboarding: Onboarding, interruption: Interruption) -> None:
    """Say who advances journeys, whenever that changes, until a signal comes."""
    owner: bool | None = None
    # The worker takes the lock in its first turn: what stands before it is no news.
    while not await interruption.wait(_LOOK):
        if onboarding.is_owner is not owner:
            owner = onboarding.is_owner
            place = onboarding.journal.place
            say(
                f"advancing the journeys of {place}"
                if owner
                else f"standing by: another process advances the journeys of {place}"
            )
