"""The cases of the matrix: every step, every kill point, every fate, as the flow's own undisturbed run shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from onboarding.api.effects import Effect
from onboarding.api.endpoints import ENDPOINTS
from onboarding.machine import Definition

__all__ = ["FATES", "LATE", "Case", "Point", "Seen", "cases_of", "essential"]

LATE = 0.15
"""Seconds after which a late request lands; the landing delay is longer."""


class Point(StrEnum):
    """Where a process is killed."""

    BEFORE_INTENT = "before-intent"
    INTENT_COMMIT = "intent-commit"
    """COMMIT is the next thing that the journal's thread does."""
    IN_INTENT_COMMIT = "in-intent-commit"
    """At any moment of COMMIT."""
    AFTER_INTENT = "after-intent"
    HALF_SENT = "half-sent"
    """The server has some of the request's bytes."""
    SENT = "sent"
    """The server has all of them, and nothing has happened yet."""
    EFFECT = "effect"
    """Everything has happened, and not a byte of the answer is out."""
    ANSWERED = "answered"
    """The answer was read, and nothing was handed to the journal."""
    OUTCOME_COMMIT = "outcome-commit"
    IN_OUTCOME_COMMIT = "in-outcome-commit"
    AFTER_OUTCOME = "after-outcome"
    ALIVE = "alive"
    """Nothing is killed: the server alone goes wrong."""


OUTCOMES = (Point.ANSWERED, Point.OUTCOME_COMMIT, Point.IN_OUTCOME_COMMIT, Point.AFTER_OUTCOME)
INTENTS = (Point.BEFORE_INTENT, Point.INTENT_COMMIT, Point.IN_INTENT_COMMIT, Point.AFTER_INTENT)

HANG = 1.0
"""Seconds that a hanging request hangs; the client gives up sooner."""

FATES: dict[str, dict[str, Any] | None] = {
    "landed": None,
    "lost": {"kind": "drop_before"},
    "late": {"kind": "late_landing", "seconds": LATE},
    "unanswered": {"kind": "drop_after"},
    "hung": {"kind": "hang", "seconds": HANG},
    "hung-landed": {"kind": "hang", "seconds": HANG, "effect": True},
    "error-500": {"kind": "error_500"},
    "error-500-landed": {"kind": "error_500", "effect": True},
    "html": {"kind": "html_502"},
    "html-landed": {"kind": "html_502", "effect": True},
    "broken": {"kind": "broken_json", "effect": False},
    "broken-landed": {"kind": "broken_json"},
    "system-error": {"kind": "system_error"},
    "system-error-landed": {"kind": "system_error", "effect": True},
    "throttled": {"kind": "throttle_429"},
    "forbidden": None,
}
"""What becomes of a request, as a fault of the sandbox. ``forbidden`` is turned away at the door: wrong credentials."""

_UNANSWERED = ("lost", "late", "landed")
"""What may become of a request whose sender is dead."""
_TOLD = ("landed", "lost", "late", "unanswered", "broken-landed", "system-error", "throttled", "forbidden")
"""The fates that make a difference to what is written of them: the others are doubts like these."""
_CHANGING = frozenset(each.section for each in ENDPOINTS.values() if each.effect is not Effect.READ)
START, INPUT = "start", "input"
"""Beside the states: the start of the journey, and an input that is handed in."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that a process did in a state: it requested something, or (no section) wrote."""

    state: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to be disturbed.

    Attributes:
        flow: the flow's name.
        state: where; ``start`` and ``input`` for what people do.
        point: when.
        section: the request that it is about, by the contract's section.
        fate: what becomes of that request.
        again: how the process that recovers is disturbed, such as ``write-2-commit`` or ``request-1-sent-late``.
    """

    flow: str
    state: str
    point: Point
    section: str = ""
    fate: str = "landed"
    again: str = ""

    @property
    def name(self) -> str:
        """By which it can be done again."""
        at = f"{self.point}@{self.section}" if self.section else self.point.value
        fate = self.fate if self.section else ""
        return "/".join(part for part in (self.flow, self.state, at, fate, self.again) if part)

    @property
    def kills(self) -> int:
        """How many kills it is meant to have."""
        return (self.point is not Point.ALIVE) + bool(self.again and "-alive-" not in self.again)


def cases_of(definition: Definition, seen: Sequence[Seen]) -> list[Case]:
    """All cases of a flow, from what an undisturbed run of it did."""
    flow = definition.name
    found = [Case(flow, START, point) for point in INTENTS]
    if any(kinds for kinds in definition.inputs.values()):
        found += [Case(flow, INPUT, point) for point in INTENTS]
    first = seen[0].state if seen else ""
    for state in dict.fromkeys(each.state for each in seen if each.state in definition.steps):
        effect = definition.steps[state].effect
        sections = tuple(dict.fromkeys(each.section for each in seen if each.state == state and each.section))
        if effect is not Effect.READ or state != first:
            found += [Case(flow, state, point) for point in INTENTS]
        if not sections:
            found += [Case(flow, state, point) for point in OUTCOMES]
            continue
        for section in sections:
            found += _of_request(flow, state, section, last=section == sections[-1])
        if effect is not Effect.READ:
            found += _twice(flow, state, sections[-1])
        else:
            found += [Case(flow, state, Point.EFFECT, sections[-1], again=each) for each in _AGAIN_READ]
    return found


def essential(cases: Sequence[Case], definition: Definition) -> list[Case]:
    """The few that every run does: what must never happen twice was done, was lost, comes late."""
    found = []
    for case in cases:
        step = definition.steps.get(case.state)
        if step is None or step.effect is Effect.READ or case.again:
            continue
        killed = step.effect is Effect.ONCE and case.point is Point.SENT and case.fate in ("lost", "late")
        alive = case.point is Point.ALIVE and case.fate == "unanswered"
        if case.section in _CHANGING and (case.point is Point.EFFECT or killed or alive):
            found.append(case)
    return found


def _of_request(flow: str, state: str, section: str, *, last: bool) -> Iterator[Case]:
    # To a request that only looks it makes no difference whether it landed.
    fates = [fate for fate in FATES if section in _CHANGING or (fate != "late" and "-landed" not in fate)]
    yield Case(flow, state, Point.HALF_SENT, section)
    for fate in _UNANSWERED:
        if fate in fates:
            yield Case(flow, state, Point.SENT, section, fate)
    yield Case(flow, state, Point.EFFECT, section)
    for point in OUTCOMES if last else ():
        for fate in fates:
            if fate in _TOLD:
                yield Case(flow, state, point, section, fate)
    for fate in fates:
        if fate != "landed":
            yield Case(flow, state, Point.ALIVE, section, fate)


def _twice(flow: str, state: str, section: str) -> Iterator[Case]:
    for point, fate in ((Point.SENT, "lost"), (Point.SENT, "late"), (Point.EFFECT, "landed")):
        for again in _AGAIN:
            yield Case(flow, state, point, section, fate, again)


_AT_REQUEST = ("half-sent", "sent-lost", "sent-late", "sent-landed", "effect")
_AGAIN = (
    *(f"write-{number}-{at}" for number in (1, 2, 3) for at in ("before", "commit", "within", "after")),
    *(f"request-{number}-{at}" for number in (1, 2) for at in _AT_REQUEST),
    *(f"request-1-alive-{fate}" for fate in ("unanswered", "hung", "html", "broken", "system-error", "forbidden")),
)
"""How the process that recovers is disturbed."""
_AGAIN_READ = ("write-1-commit", "write-1-after", "request-1-half-sent", "request-1-effect", "request-1-alive-html")
