"""``archive``: take journeys that ended long ago out of the journal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from onboarding.cli.commands.options import AS_JSON, duration_of
from onboarding.cli.exits import Exit
from onboarding.cli.failure import say
from onboarding.cli.invocation import has_terminal
from onboarding.errors import InvalidData

if TYPE_CHECKING:
    from datetime import timedelta

    from onboarding.archiving import Archived
    from onboarding.cli.invocation import Invocation

__all__ = ["archive"]


def archive(
    context: typer.Context,
    older_than: Annotated[str, typer.Option(metavar="DURATION", help="Those that ended longer ago: 90d, 36h.")],
    to: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The archive: a journal of its own, made where there is none, or added to."),
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Keep them nowhere. It cannot be undone.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Move journeys that have ended into an archive, with their histories; or delete them. Workers go on meanwhile."""
    span = duration_of(older_than, "--older-than")
    assert span is not None, "it was given"
    if (to is None) != delete:
        raise InvalidData("archive needs either --to FILE or --delete")
    if delete and not yes:
        if not has_terminal():
            raise InvalidData("what is deleted is gone: add --yes")
        typer.confirm(
            f"Delete every journey that ended more than {older_than} ago? It cannot be undone.", abort=True, err=True
        )
    done = asyncio.run(_archive(context.obj, span, to))
    if as_json:
        from onboarding.cli.output import print_json

        print_json({"journeys": done.journeys, "left": done.left, "archive": done.where})
    else:
        what = f"{done.journeys} {'journey' if done.journeys == 1 else 'journeys'}"
        print(f"{what} deleted" if done.where is None else f"{what} moved to {done.where}")
        if done.left:
            say(f"{done.left} stayed: they cannot be read, or were changed meanwhile; see: onboarding audit")
    if done.left:
        raise typer.Exit(Exit.FAILED)


async def _archive(invocation: Invocation, span: timedelta, to: str | None) -> Archived:
    async with invocation.onboarding(worker=False) as onboarding:
        if to is None:
            return await onboarding.delete_ended(span)
        return await onboarding.archive(span, to)
