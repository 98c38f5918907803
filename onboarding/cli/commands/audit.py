"""``audit``: whether the journal is as it was written."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from onboarding.cli.commands.options import AS_JSON
from onboarding.cli.exits import Exit
from onboarding.cli.failure import say

if TYPE_CHECKING:
    from onboarding.audit import Audit
    from onboarding.cli.invocation import Invocation

__all__ = ["audit"]


def audit(
    context: typer.Context,
    journey: Annotated[str | None, typer.Argument(metavar="ID", help="One journey alone.", show_default=False)] = None,
    as_json: AS_JSON = False,
) -> None:
    """Check that nobody has changed the journal: every history's signatures, all sealed data; exit code 1 if so."""
    from onboarding.cli.output import clean, print_json

    found = asyncio.run(_audit(context.obj, journey))
    if as_json:
        print_json({"ok": found.ok, **asdict(found)})
    else:
        for finding in found.findings:
            print(clean(finding.what))
        looked_at = f"{_number(found.journeys, 'journey')} with {_number(found.transitions, 'row')} of history"
        say(f"{looked_at}: {_number(found.found, 'finding') if found.found else 'all is as it was written'}")
        if found.unsigned:
            say(f"{_number(found.unsigned, 'row')} were written before rows were signed: they cannot be checked")
    raise typer.Exit(Exit.OK if found.ok else Exit.FAILED)


async def _audit(invocation: Invocation, journey: str | None) -> Audit:
    async with invocation.onboarding(worker=False, looks=True) as onboarding:
        return await onboarding.audit(journey)


def _number(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
