"""``wait``: stay with a journey until it has ended, waits, or is parked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import typer

from onboarding.cli.commands.options import AS_JSON, ID, TIMEOUT, seconds_of
from onboarding.cli.exits import Exit, exit_of_journey
from onboarding.cli.failure import say

if TYPE_CHECKING:
    from onboarding.cli.invocation import Invocation
    from onboarding.cli.narrator import Narrator
    from onboarding.engine import Journey
    from onboarding.journal import TransitionRecord
    from onboarding.service import Onboarding

__all__ = ["report", "stay", "wait"]


def wait(context: typer.Context, journey: ID, timeout: TIMEOUT = None, as_json: AS_JSON = False) -> None:
    """Stay with a journey until it ends, waits for an input, or is parked; advance it if nobody else does."""
    from onboarding.cli.narrator import Narrator
    from onboarding.engine.asked import id_of

    seconds = seconds_of(timeout)

    async def known(onboarding: Onboarding) -> Any:
        return await onboarding.journal.head(id_of(journey))

    with Narrator(sys.stderr if as_json else sys.stdout) as narrator:
        found, history = asyncio.run(stay(context.obj, narrator, seconds, converse=False, start=known))
        report(found, history, narrator, as_json=as_json)
    code = exit_of_journey(found)
    if code is Exit.WAITING and not found.accepts:
        say(f"the time was up; go on with: onboarding wait {found.id}")
    raise typer.Exit(code)


async def stay(
    invocation: Invocation, narrator: Narrator, timeout: float | None, *, converse: bool,  # noqa: ASYNC109 - the user's
    start: Callable[[Onboarding], Awaitable[Any]], makes: bool = False, quiet: bool = False,
) -> tuple[Journey, list[TransitionRecord]]:  # fmt: skip
    """Stay with the journey that ``start`` gives, advancing it if nobody else does; it and its history in the end.

    A signal ends it: what is under way comes to rest, and the exit code is 130.
    """
    from onboarding.cli.follow import Follower
    from onboarding.cli.interruption import Interrupted, Interruption

    with Interruption() as interruption:
        begun = None
        try:
            async with invocation.onboarding(worker=True, makes=makes, quiet=quiet) as onboarding:
                begun = await start(onboarding)
                narrator.line(f"{begun.flow} {begun.id}", "bold")
                follower = Follower(onboarding, begun.id, narrator, timeout)
                try:
                    work = follower.converse() if converse else follower.follow()
                    return await interruption.guard(work), await onboarding.history(begun.id)
                finally:
                    narrator.quiet()
        except Interrupted:
            pass
        assert begun is not None
        say(f"interrupted; the journey goes on with: onboarding wait {begun.id}")
        raise typer.Exit(Exit.INTERRUPTED)


def report(journey: Journey, history: list[TransitionRecord], narrator: Narrator, *, as_json: bool) -> None:
    """Say how the journey stands: in words, or as one JSON document with its history."""
    narrator.rest(journey)
    if as_json:
        from onboarding.cli.output import print_json
        from onboarding.cli.timeline import document

        print_json(document(journey, history))
