"""The judge: what a journey did to the world, held against what the same flow does when nothing goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from onboarding.api.effects import Effect
from onboarding.api.endpoints import ENDPOINTS
from onboarding.engine import Journey, ParkKind
from onboarding.journal import Status, TransitionRecord
from onboarding.machine import Done, Flow

__all__ = ["Baseline", "Entry", "Judgement", "judge"]

_BY_SECTION = {endpoint.section: endpoint for endpoint in ENDPOINTS.values()}


class Entry(Protocol):
    """An effect in the sandbox's ledger, as far as the judge looks at it."""

    @property
    def effect(self) -> str:
        """What happened."""
        ...

    @property
    def endpoint(self) -> str:
        """The contract's section that did it; ``desk`` and ``course`` are nobody's journey."""
        ...


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a flow does undisturbed.

    Attributes:
        end: the state in which it ends.
        once: effects of endpoints that must never be repeated: how often each.
        repeated: effects of endpoints whose repetition is a nuisance: how often each.
        sections: by state, the contract's sections that its step called last.
    """

    end: str
    once: Counter[tuple[str, str]]
    repeated: Counter[tuple[str, str]]
    sections: dict[str, str]

    @classmethod
    def of(cls, journey: Journey, history: Iterable[TransitionRecord], ledger: Iterable[Entry]) -> Baseline:
        """From a journey that ran undisturbed, its history and its effects."""
        entries = list(ledger)
        sections = {row.source: ENDPOINTS[row.endpoint].section for row in history if row.endpoint in ENDPOINTS}
        return cls(journey.state, _count(entries, Effect.ONCE), _count(entries, Effect.REPEATABLE), sections)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was wrong with a journey, and how it ended.

    Attributes:
        doubled: effects that happened more often than they may.
        missing: effects that did not happen, though the journey ended as if they had.
        faults: everything that did not hold, a sentence each; empty is well.
        asked: whether it rests with a person, honestly in doubt.
    """

    doubled: int
    missing: int
    faults: tuple[str, ...]
    asked: bool


def judge(
    flow: type[Flow],
    baseline: Baseline,
    journey: Journey,
    history: Sequence[TransitionRecord],
    ledger: Iterable[Entry],
    *,
    may_ask: bool = False,
) -> Judgement:
    """Judge a journey that was disturbed.

    Args:
        flow: its flow.
        baseline: what the flow does undisturbed.
        journey: how it stands after all.
        history: its transitions.
        ledger: the effects on the person that it was for.
        may_ask: whether parking it in doubt is an honest end of what it met.
    """
    entries = list(ledger)
    faults: list[str] = []
    doubled = missing = 0
    asked = journey.parked is not None and journey.parked.kind is ParkKind.IN_DOUBT
    for what, times in _count(entries, Effect.ONCE).items():
        most = baseline.once[what] + _new_codes(flow, baseline, history, what[1])
        if times > most:
            doubled += times - most
            faults.append(f"{what[0]} ({what[1]}) happened {times} times, and {most} is all there may be")
    for what, times in _count(entries, Effect.REPEATABLE).items():
        limit = max((kind.at_most or 0 for step, kind in flow.definition.steps.items()
                     if baseline.sections.get(step) == what[1]), default=0)  # fmt: skip
        if limit and times > limit + _probes(flow, history, what[1]):
            doubled += times - limit
            faults.append(f"{what[0]} ({what[1]}) happened {times} times, and {limit} is all there may be")
    if journey.status is Status.DONE:
        for what, times in (baseline.once - _count(entries, Effect.ONCE)).items():
            missing += times
            faults.append(f"it ended in {journey.state}, and {what[0]} ({what[1]}) is missing")
    faults += _false_end(flow, baseline, journey, history, may_ask=may_ask)
    return Judgement(doubled, missing, tuple(faults), asked)


def _false_end(
    flow: type[Flow], baseline: Baseline, journey: Journey, history: Sequence[TransitionRecord], *, may_ask: bool
) -> list[str]:
    if journey.status is Status.DONE:
        known = isinstance(flow.definition.states[journey.state], Done)
        return [] if known and journey.state == baseline.end else [f"it ended in {journey.state}, not {baseline.end}"]
    if journey.status is Status.FAILED:
        spent = {step.exhausted for step in flow.definition.steps.values() if step.exhausted}
        return [] if history and history[-1].trigger in spent else [f"it ended falsely in {journey.state}"]
    if journey.parked is not None:
        honest = may_ask and journey.parked.kind is ParkKind.IN_DOUBT
        return [] if honest else [f"it is parked in {journey.state}, {journey.parked.kind.value}"]
    return [f"it never came to an end: {journey.status.value} in {journey.state}"]


def _new_codes(flow: type[Flow], baseline: Baseline, history: Sequence[TransitionRecord], section: str) -> int:
    """How often a doubt led on to another try with something new, such as another code: each is one more."""
    return sum(
        row.trigger == step.in_doubt
        for name, step in flow.definition.steps.items()
        if isinstance(step.in_doubt, str) and baseline.sections.get(name) == section
        for row in history
    )


def _probes(flow: type[Flow], history: Sequence[TransitionRecord], section: str) -> int:
    """Logins that only looked whether a password works: one a doubt."""
    doubts = sum(row.trigger in ("in_doubt", "retry") for row in history)
    checks = any(step.check is not None for step in flow.definition.steps.values())
    return doubts if checks and section == ENDPOINTS["log_in"].section else 0


def _count(entries: Iterable[Entry], effect: Effect) -> Counter[tuple[str, str]]:
    return Counter(
        (entry.effect, entry.endpoint)
        for entry in entries
        if entry.endpoint in _BY_SECTION and _BY_SECTION[entry.endpoint].effect is effect
    )
