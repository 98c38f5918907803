"""A journey whose step must not be repeated gets a malformed reply to a request that took effect."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onboarding.api.effects import Effect
from onboarding.engine import Journey, ParkKind
from onboarding.errors import OnboardingError
from onboarding.machine import Flow, Step
from onboarding.sandbox import Sandbox, SandboxConfig, SandboxDesk, SandboxServer
from onboarding.service import History
from onboarding.testing import VirtualClock
from onboarding.verify.answers.between import Between, Passed
from onboarding.verify.answers.replies import DOUBT, REPLIES, Reply
from onboarding.verify.answers.stage import stage_on
from onboarding.verify.plan import Plan
from onboarding.verify.reckoning import Baseline, judge
from onboarding.verify.rehearsal import Role, cast, flows_of

__all__ = ["Played", "play_all"]

_TOKEN = "token-of-the-verifier"  # noqa: S105 - the sandbox's own
_SHORT, _LONG = 0.3, 10.0


@dataclass(frozen=True, slots=True)
class Played:
    """How one journey went.

    Attributes:
        case: its name.
        faults: what did not hold, a sentence each.
        detail: its history.
        doubled: effects that happened more often than they may.
        missing: effects that did not happen, though the journey ended as if they had.
        asked: whether it rests with a person, honestly in doubt.
    """

    case: str
    faults: tuple[str, ...]
    detail: str = ""
    doubled: int = 0
    missing: int = 0
    asked: bool = False


def play_all(plan: Plan) -> Iterator[Played]:
    """Play them one by one."""
    replies = [reply for reply in REPLIES if reply.may == {DOUBT} and not (reply.heavy or reply.by_shape or reply.deaf)]
    flows = [flow for flow in flows_of(plan.flows) if _wanted(plan, flow)]
    if not flows:
        return
    clock = VirtualClock()
    with SandboxServer(Sandbox(SandboxConfig(token=_TOKEN, seed=plan.seed), clock=clock)) as server:
        theatre = _Theatre(plan, clock, SandboxDesk(server.url))
        for flow in flows:
            steps = [step for step in flow.definition.steps.values() if step.effect is Effect.ONCE]
            if not steps:
                continue
            baseline, problem = theatre.baseline(flow)
            if baseline is None:
                yield Played(f"{flow.definition.name}/undisturbed", (problem,))
                continue
            for step in steps:
                if step.name not in baseline.sections:
                    continue
                for reply in plan.sample(f"answers {flow.definition.name} {step.name}", replies, 3):
                    case = f"{flow.definition.name}/{step.name}/{reply.name}"
                    if plan.wants(case):
                        yield theatre.disturbed(case, flow, step, reply, baseline)


def _wanted(plan: Plan, flow: type[Flow]) -> bool:
    return plan.case is None or plan.case.startswith(f"{flow.definition.name}/")


class _Theatre:
    """Plays journeys against one sandbox, each from an empty one on."""

    def __init__(self, plan: Plan, clock: VirtualClock, desk: SandboxDesk) -> None:
        self._plan = plan
        self._clock = clock
        self._desk = desk

    def baseline(self, flow: type[Flow]) -> tuple[Baseline | None, str]:
        """What it does undisturbed; or None, and why not."""
        role = self._role(flow)
        try:
            journey, history, _ = asyncio.run(self._play(flow, role, Between(self._desk.url), _LONG))
        except OnboardingError as error:
            return None, f"undisturbed, {flow.definition.name} fails with {type(error).__name__}"
        if not journey.ended_well:
            return None, f"undisturbed, {flow.definition.name} ends in {journey.state}, {journey.status.value}"
        return Baseline.of(journey, history, self._desk.ledger()), ""

    def disturbed(self, case: str, flow: type[Flow], step: Step, reply: Reply, baseline: Baseline) -> Played:
        """The same with a malformed reply in the place of the answer to the step's request."""
        role = self._role(flow)
        between = Between(self._desk.url, baseline.sections[step.name], reply.play)
        try:
            journey, history, passed = asyncio.run(self._play(flow, role, between, _SHORT if reply.hangs else _LONG))
        except Exception as error:  # noqa: BLE001 - whatever comes out is what was looked for
            return Played(case, (f"it raised {type(error).__name__}",))
        may_ask = step.check is None or _cannot_tell(journey)
        judgement = judge(flow, baseline, journey, history, self._desk.ledger(), may_ask=may_ask)
        faults = [*judgement.faults, *_guessed(step, history, passed), *_repeated(passed)]
        detail = "\n".join(f"{row.source} -> {row.dest} ({row.trigger}) {row.detail or ''}" for row in history)
        return Played(case, tuple(faults), detail, judgement.doubled, judgement.missing, judgement.asked)

    async def _play(
        self, flow: type[Flow], role: Role, between: Between, deadline: float
    ) -> tuple[Journey, History, list[Passed]]:
        async with between, stage_on(between, self._clock, self._desk, deadline=deadline, token=_TOKEN) as stage:
            journey, history = await stage.play(flow, role)
        return journey, history, between.passed

    def _role(self, flow: type[Flow]) -> Role:
        self._desk.reset()
        return cast(flow, self._desk, self._plan.rng("answers", flow.definition.name))


def _cannot_tell(journey: Journey) -> bool:
    """Whether the flow's own check has looked, and said that it cannot tell."""
    parked = journey.parked
    return parked is not None and parked.kind is ParkKind.IN_DOUBT and "cannot tell" in parked.reason


def _guessed(step: Step, history: History, passed: Sequence[Passed]) -> Iterator[str]:
    """A reply that proves nothing must leave a doubt in the history."""
    if not any(each.replaced for each in passed):
        yield f"{step.name} never sent its request"
    doubts = ("in_doubt", step.in_doubt)
    if not any(
        row.source == step.name and (row.trigger in doubts or (row.detail or "").startswith("in_doubt"))
        for row in history
    ):
        yield f"{step.name} took a reply that proves nothing for an answer"


def _repeated(passed: Sequence[Passed]) -> Iterator[str]:
    """Every request took effect: the same one a second time is one too many."""
    once = Counter(each.written for each in passed if each.endpoint.effect is Effect.ONCE)
    for written, times in once.items():
        if times > 1:
            endpoint = next(each.endpoint for each in passed if each.written == written)
            yield f"{endpoint.name} ({endpoint.section}) was sent {times} times with the same values, and had landed"
