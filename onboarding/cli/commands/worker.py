"""``worker``: advance journeys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from onboarding.cli.exits import Exit
from onboarding.cli.failure import say

if TYPE_CHECKING:
    from onboarding.cli.interruption import Interruption
    from onboarding.cli.invocation import Invocation
    from onboarding.service import Onboarding

__all__ = ["worker"]

_LOOK = 0.25
"""Seconds between two looks at who advances journeys."""


def worker(
    context: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Advance what is due now, then end: for cron. Exit code 3 if any is parked.")
    ] = False,
    concurrency: Annotated[int | None, typer.Option(min=1, max=1000, help="How many journeys at once.")] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Show every transition.")
    ] = 0,
) -> None:
    """Advance journeys until SIGINT or SIGTERM; requests that are under way are let end."""
    if verbose:
        from onboarding.cli.logs import set_up

        set_up(context.obj.verbose + verbose, context.obj.log_json)
    parked = asyncio.run(_pass(context.obj, concurrency) if once else _run(context.obj, concurrency))
    if once and parked:
        say(f"{parked} parked: onboarding list --status parked")
        raise typer.Exit(Exit.PARKED)


async def _pass(invocation: Invocation, concurrency: int | None) -> int:
    """One pass; how many journeys are parked after it."""
    async with invocation.onboarding(worker=False, concurrency=concurrency) as onboarding:
        advanced = await onboarding.drain()
        say(f"advanced {advanced} {'time' if advanced == 1 else 'times'}")
        counts = await onboarding.count()
        return sum(number for (_, status, _), number in counts.items() if status == "parked")


async def _run(invocation: Invocation, concurrency: int | None) -> int:
    from onboarding.cli.interruption import Interruption

    with Interruption() as interruption:
        async with invocation.onboarding(worker=True, concurrency=concurrency) as onboarding:
            await _report(onboarding, interruption)
            say("stopping")
    return 0


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
