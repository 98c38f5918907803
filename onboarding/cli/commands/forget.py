"""``forget``: erase a person from journeys that have ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from onboarding.cli.commands.decisions import tell
from onboarding.cli.commands.options import AS_JSON, duration_of
from onboarding.cli.exits import Exit
from onboarding.cli.failure import say
from onboarding.cli.invocation import has_terminal
from onboarding.errors import InvalidData

if TYPE_CHECKING:
    from datetime import timedelta

    from onboarding.cli.invocation import Invocation
    from onboarding.engine import Journey
    from onboarding.forgetting import Forgotten

__all__ = ["forget"]


def forget(
    context: typer.Context,
    journey: Annotated[str | None, typer.Argument(metavar="ID", help="The journey's id.", show_default=False)] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="DURATION", help="Every journey that ended longer ago: 30d, 36h.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    damaged: Annotated[
        bool, typer.Option("--damaged", help="Also a journey whose history `audit` finds fault with.")
    ] = False,
    as_json: AS_JSON = False,
) -> None:
    """Erase the person from journeys that have ended: data and words go, states and times stay. It cannot be undone."""
    span = duration_of(older_than, "--older-than")
    if (journey is None) == (span is None):
        raise InvalidData("forget needs the id of a journey, or --older-than")
    if journey is not None:
        erased = asyncio.run(_forget(context.obj, journey, damaged=damaged))
        if as_json:
            tell([erased], as_json=True)
        else:
            print(f"the person was erased from {erased.id}; its history stays")
        return
    assert span is not None, "one of the two was given"
    if damaged:
        raise InvalidData("--damaged goes with the id of a journey: look at each by itself")
    if not yes:
        if not has_terminal():
            raise InvalidData("what is forgotten is gone: add --yes")
        typer.confirm(
            f"Forget every journey that ended more than {older_than} ago? It cannot be undone.", abort=True, err=True
        )
    _report(asyncio.run(_forget_ended(context.obj, span)), as_json=as_json)


async def _forget(invocation: Invocation, journey: str, *, damaged: bool) -> Journey:
    async with invocation.onboarding(worker=False) as onboarding:
        return await onboarding.forget(journey, damaged=damaged)


async def _forget_ended(invocation: Invocation, span: timedelta) -> Forgotten:
    async with invocation.onboarding(worker=False) as onboarding:
        return await onboarding.forget_ended(span)


def _report(done: Forgotten, *, as_json: bool) -> None:
    from onboarding.cli.output import print_json

    if as_json:
        print_json({"forgotten": done.journeys, "refused": done.refused, "reasons": list(done.reasons)})
    else:
        print(f"{done.journeys} {'journey' if done.journeys == 1 else 'journeys'} forgotten")
        for reason in done.reasons:
            say(reason)
    if done.refused:
        raise typer.Exit(Exit.FAILED)
