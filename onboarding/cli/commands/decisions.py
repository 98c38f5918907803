"""What a person decides about a journey: ``cancel``, ``retry``, ``resolve``."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from onboarding.cli.commands.options import AS_JSON, ID, REASON
from onboarding.cli.exits import Exit, exit_of_journey
from onboarding.cli.failure import say
from onboarding.errors import InvalidData, OnboardingError, UnknownJourney

if TYPE_CHECKING:
    from onboarding.cli.invocation import Invocation
    from onboarding.engine import Journey
    from onboarding.service import Onboarding

__all__ = ["ask", "cancel", "resolve", "retry", "tell"]

_SETTLE = 2.0
"""Seconds in which a journey that was handed something may come to rest before its state is shown."""
_PAGE = 1000


def cancel(context: typer.Context, journey: ID, reason: REASON = "", as_json: AS_JSON = False) -> None:
    """End a journey where it stands."""
    asked = _decide(context.obj, journey, lambda onboarding: onboarding.cancel(journey, reason))
    tell([asyncio.run(asked)], as_json=as_json)


def retry(
    context: typer.Context,
    journeys: Annotated[list[str] | None, typer.Argument(metavar="ID", help="The journeys' ids.")] = None,
    all_parked: Annotated[
        bool,
        typer.Option(
            "--all-parked", help="Every parked journey but those in doubt or restored, at each of which somebody looks."
        ),
    ] = False,
    as_json: AS_JSON = False,
) -> None:
    """Try the present step of journeys anew: of parked ones, or of those that wait for their next try or poll."""
    if bool(journeys) == all_parked:
        raise InvalidData("retry needs the ids of journeys, or --all-parked")
    done, refused, left = asyncio.run(_retry(context.obj, journeys or []))
    many = all_parked or len(journeys or []) > 1
    tell(done, as_json=as_json, many=many)
    if left:
        say(
            f"{left} {'is' if left == 1 else 'are'} parked for a person to look at, one by one, as what a retry sends "
            "may have been done already: onboarding list --status parked"
        )
    elif all_parked and not done and not refused:
        say("nothing is parked that could be tried again")
    if refused:
        raise typer.Exit(Exit.FAILED)
    if not many:
        raise typer.Exit(exit_of_journey(done[0]))


def resolve(
    context: typer.Context,
    journey: ID,
    landed: Annotated[
        bool | None,
        typer.Option("--landed/--not-landed", help="Whether the request took effect.", show_default=False),
    ] = None,
    reason: REASON = "",
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so; your login name by default.")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Say what became of the request of a journey that is parked in doubt: it goes on, or the request is sent again."""
    if landed is None:
        raise InvalidData("resolve needs --landed or --not-landed: find out which it is")
    if not reason.strip():
        raise InvalidData("resolve needs --reason: on which evidence")
    name = _login_name() if by is None else by
    asked = _decide(
        context.obj, journey,
        lambda onboarding: onboarding.resolve(journey, landed=landed, reason=reason, by=name),
    )  # fmt: skip
    resolved = asyncio.run(asked)
    tell([resolved], as_json=as_json)
    raise typer.Exit(exit_of_journey(resolved))


async def ask(invocation: Invocation, journey: str, what: Callable[[Onboarding], Awaitable[Journey]]) -> Journey:
    """Ask something of a journey; how it stands afterwards."""
    async with invocation.onboarding(worker=True) as onboarding:
        found = await what(onboarding)
        return found if found.is_final else await onboarding.wait(journey, timeout=_SETTLE)


async def _decide(invocation: Invocation, journey: str, what: Callable[[Onboarding], Awaitable[Journey]]) -> Journey:
    """The same. Raises ``UnknownFlow``: whoever advances a journey without its flow parks it as unreadable."""
    await invocation.flow_of(journey)
    return await ask(invocation, journey, what)


def tell(journeys: list[Journey], *, as_json: bool, many: bool = False) -> None:
    """Print how journeys stand: a line each, or as JSON an object, a list where it may be ``many``."""
    from onboarding.cli.listing import status_of
    from onboarding.cli.output import clean, print_json

    if as_json:
        shown = [journey.public() for journey in journeys]
        print_json(shown if many else shown[0])
        return
    for journey in journeys:
        came = f", after {journey.last.trigger}" if journey.last is not None and journey.accepts else ""
        print(f"{journey.id} is {status_of(journey)} in {journey.state}{came}")
        if (parked := journey.parked) is not None:
            print(f"  {parked.kind.value}: {clean(parked.reason)}\n  it needs: {clean(parked.needs)}")


async def _retry(invocation: Invocation, ids: list[str]) -> tuple[list[Journey], int, int]:
    """Retry journeys one after the other; those that were, how many could not be, and how many are left to a person."""
    from onboarding.engine import ParkKind
    from onboarding.engine.asked import id_of
    from onboarding.journal import Status

    # What a retry of them sends may have been done already: somebody looks at each.
    one_by_one = (ParkKind.IN_DOUBT, ParkKind.RESTORED)

    done, refused, left = [], 0, 0
    alone = len(ids) == 1
    if alone:
        await invocation.flow_of(ids[0])  # before anything is advanced: without its flow, it would be parked
    async with invocation.onboarding(worker=True) as onboarding:
        if not ids:
            after = None
            while True:
                page = await onboarding.list(status=Status.PARKED, limit=_PAGE, after=after)
                parked = [(each.id, each.parked.kind in one_by_one) for each in page if each.parked]
                ids += [journey for journey, alone_only in parked if not alone_only]
                left += sum(alone_only for _, alone_only in parked)
                after = page.next
                if after is None:
                    break
        for journey in ids:
            try:
                head = await onboarding.journal.head(id_of(journey))
                onboarding.flows[head.flow]  # raises where it is not known
                tried = await onboarding.retry(journey)
                done.append(await onboarding.wait(journey, timeout=_SETTLE) if alone else tried)
            except OnboardingError as error:
                if alone:
                    raise
                # Whatever is no id was mixed up with one, and is not repeated.
                say(str(error) if isinstance(error, UnknownJourney) else f"{journey}: {error}")
                refused += 1
    return done, refused, left


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
