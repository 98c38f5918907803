"""The part ``answers``: malformed replies to every endpoint, and to the steps that must never be repeated.

From the inside out:

- ``counterpart``: a service on a raw socket; ``plays``: how an answer goes over the wire
- ``callers``: who asks it: a client, or an engine with one flow
- ``calls``: one call of every endpoint; ``replies``: the malformed replies, and what is true of each
- ``matrix``: the one times the other
- ``manners``: what a call does beside reading its answer; ``lines``: what it leaves behind
- ``steps``: the flows of ``unruly``, held to what they declare;
  ``ways_round``: what could get past a doubt or a deadline
- ``between``: a twist in front of the sandbox; ``stage``: a journey behind it; ``journeys``: all of them
"""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from onboarding.verify.answers.journeys import Played, play_all
from onboarding.verify.answers.lines import look_at_lines
from onboarding.verify.answers.manners import look_at_manners
from onboarding.verify.answers.matrix import Tried, pairs, try_all
from onboarding.verify.answers.steps import look_at_steps
from onboarding.verify.answers.ways_round import look_at_ways_round
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, PartResult

__all__ = ["Answers"]

_GROUP = 96


class Answers:
    """Malformed replies: each call ends with what is true, in bounded time and memory, and nothing is sent again."""

    name: ClassVar[str] = "answers"
    promise: ClassVar[str] = (
        "whatever a reply looks like, a call ends in bounded time and memory with what is true, and a step that must "
        "not be repeated is not"
    )

    def run(self, plan: Plan) -> PartResult:
        """Try it."""
        began = time.monotonic()
        with without(plan.mutant):
            tried = self._calls(plan)
            looks = (look_at_manners, look_at_lines, look_at_steps, look_at_ways_round)
            looked = [each for look in looks for each in look(plan)]
            played = self._journeys(plan, len(tried) + len(looked))
        findings = [Finding(each.case, what) for each in (*tried, *looked) for what in each.faults]
        findings += [Finding(each.case, what, each.detail) for each in played for what in each.faults]
        counts = {
            "calls": len(tried),
            "steps and manners": len(looked),
            "malformed replies": len({each.case.partition("/")[0] for each in tried}),
            "peak memory in KiB": max((each.peak // 1024 for each in tried), default=0),
            "journeys": len(played),
            "effects doubled": sum(each.doubled for each in played),
            "effects lost": sum(each.missing for each in played),
            "left to a person": sum(each.asked for each in played),
        }
        return PartResult(
            part=self.name, cases=len(tried) + len(looked) + len(played), counts=counts, findings=tuple(findings),
            seconds=time.monotonic() - began,
        )  # fmt: skip

    def _calls(self, plan: Plan) -> list[Tried]:
        chosen, tried = pairs(plan), list[Tried]()
        for start in range(0, len(chosen), _GROUP):
            tried += asyncio.run(try_all(chosen[start : start + _GROUP]))
            plan.tell(Progress(self.name, len(tried), len(chosen)))
        return tried

    def _journeys(self, plan: Plan, before: int) -> list[Played]:
        played = list[Played]()
        for each in play_all(plan):
            played.append(each)
            plan.tell(Progress(self.name, before + len(played), before + len(played)))
        return played
