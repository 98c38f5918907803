"""Looking at journeys: ``list`` and ``show``."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onboarding.cli.commands.options import AS_JSON, ID, duration_of
from onboarding.cli.failure import say
from onboarding.errors import InvalidData, JournalError, UnknownFlow

if TYPE_CHECKING:
    from onboarding.cli.invocation import Invocation
    from onboarding.engine import Journey
    from onboarding.journal import TransitionRecord
    from onboarding.service import JourneyPage, Onboarding

__all__ = ["list_journeys", "read", "show"]


def list_journeys(
    context: typer.Context,
    flow: Annotated[str | None, typer.Option(metavar="FLOW", help="Only this flow's.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Only these: working, polling, waiting, parked, …")
    ] = None,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Only those in this state.")] = None,
    older_than: Annotated[str | None, typer.Option(metavar="DURATION", help="Only those started longer ago.")] = None,
    newer_than: Annotated[str | None, typer.Option(metavar="DURATION", help="Only those started since.")] = None,
    failing: Annotated[
        bool, typer.Option("--failing", help="Only those whose tries fail, and that go on trying.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this journey: the next page.")] = None,
    count: Annotated[bool, typer.Option("--count", help="Only how many, by flow, status and state.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """List journeys, newest first."""
    older, newer = duration_of(older_than, "--older-than"), duration_of(newer_than, "--newer-than")

    async def work() -> Any:
        async with context.obj.onboarding(worker=False, looks=True) as onboarding:
            name = await _flow_name(onboarding, flow)
            if count:
                counts = await onboarding.count()
                return {key: number for key, number in counts.items() if name in (None, key[0])}
            return await onboarding.list(
                flow=name, status=status or (), state=state, older_than=older, newer_than=newer,
                failures=int(failing), after=after, limit=limit,
            )  # fmt: skip

    found = asyncio.run(work())
    if count:
        _print_counts(found, as_json=as_json)
    else:
        _print_page(found, as_json=as_json)


def show(
    context: typer.Context,
    journey: ID,
    reveal: Annotated[
        str | None, typer.Option(metavar="FIELD", help="Print this field's value alone, secret or not.")
    ] = None,
    graph: Annotated[bool, typer.Option("--graph", help="Print its diagram, with the path that it took.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Show a journey: how it stands, and every transition with its time. Personal and secret fields are masked."""
    if reveal is not None:
        _reveal(asyncio.run(_whole(context.obj, journey)), reveal)
        return
    found, history, flow = asyncio.run(read(context.obj, journey, draws=graph))
    if graph:
        from onboarding.cli.commands.flows import drawing_of

        print(drawing_of(flow, found, history, "mermaid"), end="")
    elif as_json:
        from onboarding.cli.output import print_json
        from onboarding.cli.timeline import document

        print_json(document(found, history))
    else:
        from onboarding.cli.timeline import print_journey

        print_journey(found, history)


async def _flow_name(onboarding: Onboarding, flow: str | None) -> str | None:
    """The name that journeys of a flow are stored under; raises ``UnknownFlow``."""
    if flow is None or any(flow == name for name, _, _ in await onboarding.count()):
        return flow  # perhaps one that is not installed here
    return onboarding.flows.resolve(flow).definition.name


async def _whole(invocation: Invocation, journey: str) -> Journey:
    async with invocation.onboarding(worker=False, looks=True) as onboarding:
        return await onboarding.get(journey)


async def read(
    invocation: Invocation, journey: str, *, draws: bool = False
) -> tuple[Journey, list[TransitionRecord], Any]:
    """A journey, its history, and its flow where that is known; with its data, or a word about why they are missing.

    ``draws``: for a drawing, which shows no data, so that no word is lost on them.
    """
    async with invocation.onboarding(worker=False, looks=True) as onboarding:
        found = await _found(onboarding, journey, silent=draws)
        flow = onboarding.flows[found.flow] if found.flow in onboarding.flows else None  # noqa: SIM401 - it raises UnknownFlow
        return found, await onboarding.history(journey), flow


async def _found(onboarding: Onboarding, journey: str, *, silent: bool) -> Journey:
    try:
        return await onboarding.get(journey)
    except (JournalError, UnknownFlow) as error:
        unreadable = str(error)
    from onboarding.engine import view

    head = await onboarding.journal.head(journey)
    if not silent:
        say(f"its data cannot be read here: {unreadable}")
    return view(head)


def _reveal(journey: Journey, name: str) -> None:
    """Print one field's value to standard output, alone."""
    from onboarding.machine.fields import REVEAL, is_handed_over, is_secret

    if journey.outcome is not None and journey.outcome.forgotten:
        raise InvalidData("the journey was forgotten: its data were erased")
    assert journey.data is not None, "a journey that was read has its data"
    field = name.replace("-", "_")
    if field not in type(journey.data).model_fields:
        names = ", ".join(type(journey.data).model_fields)
        raise InvalidData(f"{journey.flow} has no field of that name; it has: {names}")
    info = type(journey.data).model_fields[field]
    if journey.is_final and is_secret(info.annotation) and not is_handed_over(info.annotation, info.metadata):
        raise InvalidData(f"{field} was wiped when the journey ended")
    if getattr(journey.data, field) is None:
        raise InvalidData(f"{field} is not there, or not there any more")
    value = journey.data.model_dump(mode="json", include={field}, context=REVEAL, warnings=False)[field]
    print(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _print_page(page: JourneyPage, *, as_json: bool) -> None:
    from onboarding.cli.grid import print_grid
    from onboarding.cli.listing import LAYOUTS, row_of
    from onboarding.cli.output import print_json
    from onboarding.clock import SystemClock

    if as_json:
        print_json({"journeys": [journey.public() for journey in page], "next": page.next})
        return
    now = SystemClock().now()
    print_grid(LAYOUTS, (row_of(journey, now) for journey in page), empty="there are no such journeys")
    if page.next is not None:
        say(f"there are more: --after {page.next}")


def _print_counts(counts: dict[tuple[str, str, str], int], *, as_json: bool) -> None:
    from onboarding.cli.grid import Layout, print_grid
    from onboarding.cli.output import print_json

    columns = ("flow", "status", "state", "count")
    rows = [(*key, number) for key, number in sorted(counts.items())]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    cells = (dict(zip(columns, map(str, row), strict=True)) for row in rows)
    print_grid([Layout(columns)], cells, empty="there are no such journeys")
