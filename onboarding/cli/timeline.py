"""A journey on one screen: how it stands, its fields, and every transition with its time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from onboarding.cli.grid import Layout, labelled, print_grid, width_of
from onboarding.cli.listing import status_of, tries_of
from onboarding.cli.output import STYLES, ago, console_on, length, moment

if TYPE_CHECKING:
    from onboarding.engine import Journey, Outcome
    from onboarding.journal import TransitionRecord

__all__ = ["HISTORY", "document", "print_journey", "timeline_rows"]


def print_journey(journey: Journey, history: list[TransitionRecord]) -> None:
    """Print it."""
    console = console_on()
    for word, said, style in _facts(journey, history):
        for line in labelled(word, said, width_of(console), style=style):
            console.print(line, soft_wrap=True)
    console.print()
    print_grid(HISTORY, timeline_rows(history))


def _facts(journey: Journey, history: list[TransitionRecord]) -> Iterator[tuple[str, str, str]]:
    """What there is to be said beside the history: a word, what it is, and the colour of that."""
    yield "journey", journey.id, ""
    yield "flow", f"{journey.flow} (version {journey.version})", ""
    yield "state", journey.state, "bold"
    yield "status", status_of(journey), STYLES[journey.status.value]
    if journey.failing:
        last = f", the last at {moment(history[-1].at)}: {history[-1].detail or ''}" if history else ""
        yield "failing", f"{tries_of(journey)}{last}", "red"
    if journey.restored:
        yield "restored", "the journal was restored or copied while it lived: what it says may be old", "red"
    yield "started", f"{moment(journey.created)} ({ago(journey.created)} ago)", ""
    if journey.due is not None:
        yield "due", moment(journey.due), ""
    if journey.accepts:
        yield "accepts", ", ".join(journey.accepts), ""
    if journey.parked is not None:
        yield "parked", f"{journey.parked.kind.value}: {journey.parked.reason}", "red"
        yield "needs", journey.parked.needs, ""
        yield "since", moment(journey.parked.since), ""
    if journey.outcome is not None:
        yield from _ending(journey.outcome)
    fields = journey.public().get("data") or {}
    if fields:
        yield "fields", "  ".join(f"{name}={'-' if value is None else value}" for name, value in fields.items()), ""


def _ending(outcome: Outcome) -> Iterator[tuple[str, str, str]]:
    yield "outcome", outcome.text or outcome.state, ""
    if outcome.forgotten:
        yield "forgotten", "its data were erased, and what was said about it", ""
    for word, said in (("answer", outcome.mcode), ("which means", outcome.vendor_text), ("note", outcome.remark)):
        if said:
            yield word, said, ""


def document(journey: Journey, history: list[TransitionRecord]) -> dict[str, Any]:
    """The same as JSON values, personal and secret fields masked."""
    rows = [{name: getattr(row, name) for name in row.__slots__ if name not in ("journey", "mac")} for row in history]
    for row in rows:
        row["at"] = row["at"].isoformat()
    return {**journey.public(), "transitions": rows}


def timeline_rows(history: list[TransitionRecord]) -> list[dict[str, str]]:
    """The transitions as rows."""
    return [
        {
            "#": str(row.seq), "at": moment(row.at), "trigger": row.trigger, "from": row.source, "to": row.dest,
            "try": str(row.attempt or ""), "took": "" if row.duration is None else length(row.duration),
            "answer": row.mcode or "", "note": row.detail or "",
        }
        for row in history
    ]  # fmt: skip


HISTORY = (
    Layout(("#", "at", "trigger", "from", "to", "try", "took", "answer", "note"), wraps=48),
    Layout(("#", "at", "trigger", "from", "to", "try", "took", "answer"), below=("note",)),
    # Without "from": it is the "to" of the row above.
    Layout(("#", "at", "trigger", "to", "try", "took", "answer"), below=("note",)),
    Layout(("#", "at", "trigger", "to", "took"), below=("try", "answer", "note")),
    Layout(("#", "at", "trigger", "to"), below=("try", "took", "answer", "note")),
    Layout(("#", "at", "trigger"), below=("to", "try", "took", "answer", "note")),
)
