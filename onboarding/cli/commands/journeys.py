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
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 50,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this journey: the next page.")] = None,
    count: Annotated[bool, typer.Option("--count", help="Only how many, by flow, status and state.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """List journeys, newest first."""
    older, newer = duration_of(older_than, "--older-than"), duration_of(newer_than, "--newer-than")

    async def work() -> Any:
        async with context.obj.onboarding(worker=False) as onboarding:
            if count:
                return await onboarding.count()
            return await onboarding.list(
                flow=flow, status=status or (), state=state, older_than=older, newer_than=newer, after=after,
                limit=limit,
            )  # fmt: skip

    found = asyncio.run(work())
    if count:
        _print_counts(found, flow, as_json=as_json)
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
    found, history, flow = asyncio.run(read(context.obj, journey))
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


async def _whole(invocation: Invocation, journey: str) -> Journey:
    async with invocation.onboarding(worker=False) as onboarding:
        return await onboarding.get(journey)


async def read(invocation: Invocation, journey: str) -> tuple[Journey, list[TransitionRecord], Any]:
    """A journey with its data where they can be read, its history, and its flow where that is known."""
    async with invocation.onboarding(worker=False) as onboarding:
        found = await _found(onboarding, journey)
        flow = onboarding.flows[found.flow] if found.flow in onboarding.flows else None  # noqa: SIM401 - it raises UnknownFlow
        return found, await onboarding.history(journey), flow


async def _found(onboarding: Onboarding, journey: str) -> Journey:
    try:
        return await onboarding.get(journey)
    except (JournalError, UnknownFlow) as error:
        unreadable = str(error)
    from onboarding.engine import view

    head = await onboarding.journal.head(journey)
    say(f"its data cannot be read here: {unreadable}")
    return view(head)


def _reveal(journey: Journey, name: str) -> None:
    """Print one field's value to standard output, alone."""
    from onboarding.machine.fields import REVEAL, is_handed_over, is_secret

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
    from onboarding.cli.output import ago, length, print_json, print_table
    from onboarding.clock import SystemClock

    if as_json:
        print_json({"journeys": [journey.public() for journey in page], "next": page.next})
        return
    now = SystemClock().now()
    rows = []
    for each in page:
        due = "" if each.due is None else "now" if each.due <= now else length(each.due - now)
        needs = each.parked.needs if each.parked else " or ".join(each.accepts)
        state = f"{each.state} (in doubt)" if each.in_doubt else each.state
        rows.append((each.id, each.flow, state, each.status.value, ago(each.created), due, needs))
    print_table(("id", "flow", "state", "status", "age", "due in", "needs"), rows, empty="there are no such journeys")
    if page.next is not None:
        say(f"there are more: --after {page.next}")


def _print_counts(counts: dict[tuple[str, str, str], int], flow: str | None, *, as_json: bool) -> None:
    from onboarding.cli.output import print_json, print_table

    kept = {key: number for key, number in sorted(counts.items()) if flow in (None, key[0])}
    if as_json:
        print_json([{"flow": f, "status": s, "state": t, "count": n} for (f, s, t), n in kept.items()])
        return
    rows = [(f, s, t, str(number)) for (f, s, t), number in kept.items()]
    print_table(("flow", "status", "state", "count"), rows, empty="there are no such journeys")
