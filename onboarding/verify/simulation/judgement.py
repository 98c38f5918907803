"""What a simulated journey is held to: every effect in the ledger belongs to a row of its history, and the reverse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from onboarding.api import ENDPOINTS, Effect, Meaning
from onboarding.engine import Journey, ParkKind
from onboarding.journal import Status, TransitionRecord
from onboarding.machine import Done, Flow, Polling, Waiting
from onboarding.sandbox.ledger import LedgerEntry
from onboarding.verify.reckoning import Baseline, Judgement
from onboarding.verify.simulation.wire import REFUSED_TWICE, Departure

__all__ = ["Lived", "judge_life", "landed"]

_STAYS = {"in_doubt", "retry", "parked", "not_landed", "resolved", "retried", "input_refused", "cancelled", "migrated"}
"""Triggers of the engine's own: they leave the state as it is."""
_HONEST = {ParkKind.IN_DOUBT.value, ParkKind.UNREACHABLE.value, ParkKind.EXHAUSTED.value}
"""Why a journey may be parked that met nothing but faults and crashes."""
_EFFECTS = {endpoint.section: endpoint.effect for endpoint in ENDPOINTS.values()}
_COMMIT = timedelta(seconds=1)
"""An intent is a little older than its request: so much earlier may the next one seem to leave."""


@dataclass(slots=True, kw_only=True)
class Lived:
    """A journey as it was lived.

    Attributes:
        flow: its flow.
        baseline: what the flow does undisturbed.
        journey: how it stands after all.
        history: its transitions.
        ledger: the effects on the person that it was for.
        departures: the requests that were made for it.
        wrong: how many wrong or outdated codes the person may have handed in.
        asked: whether the person cancelled it.
        unanswered: messages without a verdict.
    """

    flow: type[Flow]
    baseline: Baseline
    journey: Journey
    history: Sequence[TransitionRecord]
    ledger: Sequence[LedgerEntry]
    departures: Sequence[Departure] = ()
    wrong: int = 0
    unanswered: int = 0
    lengths: dict[str, timedelta] = field(default_factory=dict)


def judge_life(lived: Lived) -> Judgement:
    """Everything that did not hold in a life."""
    once = list(_once(lived))
    doubled = sum(max(0, times - most) for _, times, _, most in once)
    missing = sum(max(0, least - times) for _, times, least, _ in once)
    faults = [f"{what} happened {times} times, and {most} is all there may be" for what, times, _, most in once
              if times > most]  # fmt: skip
    faults += [f"{what} happened {times} times, and the history says {least}" for what, times, least, _ in once
               if times < least]  # fmt: skip
    faults += [*_repeated(lived), *_cooled(lived), *_chain(lived), *_parked(lived), *_ended(lived)]
    if lived.unanswered:
        faults.append(f"{lived.unanswered} messages to it were never answered")
    asked = any(row.trigger == "parked" and (row.detail or "").startswith(ParkKind.IN_DOUBT) for row in lived.history)
    return Judgement(doubled, missing, tuple(faults), asked)


def landed(flow: type[Flow], baseline: Baseline, state: str, history: Sequence[TransitionRecord],
           ledger: Sequence[LedgerEntry]) -> bool:  # fmt: skip
    """Whether the request that a journey is in doubt about took effect, as who looks into the ledger knows."""
    section = baseline.sections.get(state)
    step = flow.definition.steps[state]
    known = sum(row.source == state and row.trigger in (step.then, step.in_doubt) for row in history)
    each = {what: times for what, times in baseline.once.items() if what[1] == section}
    happened = Counter((entry.effect, entry.endpoint) for entry in ledger)
    return any(happened[what] > known * times for what, times in each.items())


def _once(lived: Lived) -> Iterator[tuple[str, int, int, int]]:
    """By effect of a once endpoint: how often it happened, and how often at least and at most it must have."""
    happened = Counter((entry.effect, entry.endpoint) for entry in lived.ledger)
    steps = lived.flow.definition.steps
    for (effect, section), each in lived.baseline.once.items():
        states = [state for state, called in lived.baseline.sections.items()
                  if called == section and state in steps and steps[state].effect is Effect.ONCE]  # fmt: skip
        out = [row for row in lived.history if row.source in states]
        least = sum(row.trigger == steps[row.source].then for row in out)
        lost = sum(row.trigger == steps[row.source].in_doubt for row in out)
        still = lived.journey.state in states
        yield f"{effect} ({section})", happened[effect, section], least * each, (least + lost + still) * each


def _repeated(lived: Lived) -> Iterator[str]:
    """Effects that are a nuisance: not more of them than the steps may do, checks and a person's word included."""
    steps, sections = lived.flow.definition.steps, lived.baseline.sections
    happened = Counter(entry.endpoint for entry in lived.ledger)
    for section in {called for _, called in lived.baseline.repeated}:
        states = [state for state, called in sections.items() if called == section and state in steps]
        most = sum(steps[state].at_most or 0 for state in states)
        anew = sum(row.trigger == "retried" and row.source in states for row in lived.history)
        probes = sum(row.trigger in ("in_doubt", "retry", "retried") for row in lived.history
                     if row.source in steps and steps[row.source].check is not None)  # fmt: skip
        if section == ENDPOINTS["log_in"].section:
            most += probes
        if happened[section] > most * (1 + anew):
            yield f"the endpoint {section} took effect {happened[section]} times, and {most} is all there may be"


def _cooled(lived: Lived) -> Iterator[str]:
    """Between two requests of a step that cools lies its cooldown, by the clock that the engine had."""
    steps = lived.flow.definition.steps
    callers = Counter(lived.baseline.sections.values())
    probed = {ENDPOINTS["log_in"].section} if any(step.check for step in steps.values()) else set()
    for state, section in lived.baseline.sections.items():
        step = steps.get(state)
        if step is None or step.cooldown is None or callers[section] > 1 or section in probed:
            continue
        left = [departure for departure in lived.departures
                if departure.section == section and not departure.unseen and not departure.stale]  # fmt: skip
        for one, other in pairwise(left):
            if other.at - one.at < step.cooldown - _COMMIT:
                yield f"{state} was sent again after {(other.at - one.at).total_seconds():.1f} s"


def _chain(lived: Lived) -> Iterator[str]:
    """The history is gapless, and every row of it is possible."""
    rows, definition = lived.history, lived.flow.definition
    if [row.seq for row in rows] != list(range(1, len(rows) + 1)):
        yield "the history has gaps"
    arrows = {(arrow.source, arrow.trigger, arrow.dest) for arrow in definition.arrows}
    for before, row in pairwise(rows):
        if row.source != before.dest:
            yield f"row {row.seq} goes on from {row.source}, and row {before.seq} had led to {before.dest}"
        stays = row.trigger in _STAYS and row.source == row.dest
        if not stays and (row.source, row.trigger, row.dest) not in arrows:
            yield f"row {row.seq} is no transition of the flow: {row.trigger} from {row.source} to {row.dest}"
    if rows and rows[-1].dest != lived.journey.state:
        yield f"it stands in {lived.journey.state}, and its history ends in {rows[-1].dest}"


def _parked(lived: Lived) -> Iterator[str]:
    for row in lived.history:
        kind = (row.detail or "").partition(":")[0]
        if row.trigger == "parked" and kind not in _HONEST:
            yield f"it was parked in {row.source}, {kind}"


def _ended(lived: Lived) -> Iterator[str]:
    journey, flow, baseline = lived.journey, lived.flow, lived.baseline
    match journey.status:
        case Status.DONE:
            if not isinstance(flow.definition.states[journey.state], Done) or journey.state != baseline.end:
                yield f"it ended in {journey.state}, not {baseline.end}"
            if baseline.once - _happened(lived):
                yield f"it ended in {journey.state}, and not all of it happened"
        case Status.FAILED:
            last = next(row for row in reversed(lived.history) if row.trigger != "input_refused")
            if not _foreseen(lived, last):
                yield f"it ended falsely in {journey.state}, by {last.trigger}"
            elif not _is_deadline(lived, last) and baseline.once and not baseline.once - _happened(lived, known=True):
                yield f"it ended in {journey.state}, and all of it has happened"
        case Status.CANCELLED:
            remark = journey.outcome.remark if journey.outcome else None
            step = flow.definition.steps.get(journey.state)
            once = step is not None and step.effect is Effect.ONCE
            # What the broker refuses a second time may have been later than anybody reckons with.
            if baseline.sections.get(journey.state) in REFUSED_TWICE:
                once = once and all(row.trigger != "not_landed" for row in lived.history)
            if once and remark is None and landed(flow, baseline, journey.state, lived.history, lived.ledger):
                yield f"it was cancelled in {journey.state}, whose request had taken effect, and does not say so"
        case _:
            yield f"it never came to an end: {journey.status.value} in {journey.state}"


def _happened(lived: Lived, *, known: bool = False) -> Counter[tuple[str, str]]:
    """The effects; ``known``: without those that the flow has given up as in doubt, and done again in a new way."""
    happened = Counter((entry.effect, entry.endpoint) for entry in lived.ledger)
    if known:
        steps, sections = lived.flow.definition.steps, lived.baseline.sections
        for row in lived.history:
            step = steps.get(row.source)
            if step is not None and isinstance(step.in_doubt, str) and row.trigger == step.in_doubt:
                for what, times in lived.baseline.once.items():
                    happened[what] -= times if what[1] == sections.get(row.source) else 0
    return happened


def _is_deadline(lived: Lived, row: TransitionRecord) -> bool:
    state = lived.flow.definition.states.get(row.source)
    return isinstance(state, Waiting | Polling) and row.trigger == state.then


def _foreseen(lived: Lived, last: TransitionRecord) -> bool:
    """Whether a bad end is one that people, or nothing but bad luck, may lead to."""
    definition = lived.flow.definition
    if last.trigger in {step.exhausted for step in definition.steps.values()}:
        return True
    if _is_deadline(lived, last):
        return last.at >= _entered(lived.history, last.source) + lived.lengths[last.source]
    step = definition.steps.get(last.source)
    wrong = step is not None and last.trigger == step.refusals.get(Meaning.CODE_WRONG)
    return wrong and lived.wrong > 0


def _entered(history: Sequence[TransitionRecord], state: str) -> datetime:
    return [row.at for row in history if row.dest == state and row.source != state][-1]
