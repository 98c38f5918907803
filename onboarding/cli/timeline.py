"""A journey on one screen: how it stands, its fields, and every transition with its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onboarding.cli.output import STYLES, ago, clean, console_on, length, moment, table

if TYPE_CHECKING:
    from onboarding.engine import Journey
    from onboarding.journal import TransitionRecord

__all__ = ["document", "print_journey", "timeline_rows"]


def print_journey(journey: Journey, history: list[TransitionRecord]) -> None:
    """Print it."""
    console = console_on()
    facts = [
        ("journey", journey.id, ""),
        ("flow", f"{journey.flow} (version {journey.version})", ""),
        ("state", journey.state, "bold"),
        ("status", journey.status.value + (", in doubt" if journey.in_doubt else ""), STYLES[journey.status.value]),
        ("started", f"{moment(journey.created)} ({ago(journey.created)} ago)", ""),
    ]
    if journey.due is not None:
        facts.append(("due", moment(journey.due), ""))
    if journey.accepts:
        facts.append(("accepts", ", ".join(journey.accepts), ""))
    if journey.parked is not None:
        facts.append(("parked", f"{journey.parked.kind.value}: {journey.parked.reason}", "red"))
        facts.append(("needs", journey.parked.needs, ""))
        facts.append(("since", moment(journey.parked.since), ""))
    if journey.outcome is not None:
        outcome = journey.outcome
        facts.append(("outcome", outcome.text or outcome.state, ""))
        facts += [
            (word, said, "")
            for word, said in (
                ("answer", outcome.mcode),
                ("which means", outcome.vendor_text),
                ("note", outcome.remark),
            )
            if said
        ]
    for word, said, style in facts:
        console.print(f"{word:12}", clean(said), style=style, markup=False)
    fields = journey.public().get("data") or {}
    if fields:
        shown = "  ".join(f"{name}={'-' if value is None else value}" for name, value in fields.items())
        console.print(f"{'fields':12}", clean(shown), markup=False)
    console.print(table(("#", "at", "trigger", "from", "to", "try", "took", "answer", "note"), timeline_rows(history)))


def document(journey: Journey, history: list[TransitionRecord]) -> dict[str, Any]:
    """The same as JSON values, personal and secret fields masked."""
    rows = [{name: getattr(row, name) for name in row.__slots__ if name != "journey"} for row in history]
    for row in rows:
        row["at"] = row["at"].isoformat()
    return {**journey.public(), "transitions": rows}


def timeline_rows(history: list[TransitionRecord]) -> list[tuple[str, ...]]:
    """The transitions as rows of a table."""
    return [
        (
            str(row.seq), moment(row.at), row.trigger, row.source, row.dest, str(row.attempt or ""),
            "" if row.duration is None else length(row.duration), row.mcode or "", row.detail or "",
        )
        for row in history
    ]  # fmt: skip
