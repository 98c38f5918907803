"""Definitions of flows with mistakes in them: refused when the class is defined, or flows that really run."""

from __future__ import annotations

import asyncio
import random
import warnings
from typing import Any

from onboarding.engine import ParkKind
from onboarding.errors import DefinitionError, JourneyError
from onboarding.journal import MemoryJournal, Status
from onboarding.machine import Flow, draw, graph_of
from onboarding.machine.fields import filled_in_later
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing.clock import VirtualClock
from onboarding.verify.bad_input.drafts import CLASS, define, mutated
from onboarding.verify.bad_input.judging import faults_of
from onboarding.verify.plan import Plan

__all__ = ["NAME", "try_case"]

NAME = "definition"
_NO_CANARY = "\0"
_ROUNDS = 12


def try_case(plan: Plan, case: str) -> list[str]:
    """Define one flow that was changed at random; what did not hold, a sentence each."""
    rng = plan.rng("bad-input", case)
    what, draft = mutated(rng)
    flows: list[type[Flow]] = []

    def choose(step: str) -> str | None:
        declared = flows[0].definition.steps[step]
        return rng.choice((declared.then, *declared.otherwise))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic's, of names that hide others
        try:
            flows.append(define(draft, choose))
        except DefinitionError as error:
            named = [] if CLASS in str(error) else ["the refusal does not name the class"]
            return [f"{what}: {fault}" for fault in (*named, *faults_of(str(error), _NO_CANARY))]
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            return [f"{what}: the definition raised {type(error).__name__}, which is no DefinitionError"]
    return [f"{what}: {fault}" for fault in asyncio.run(_run(flows[0], rng))]


async def _run(flow: type[Flow], rng: random.Random) -> list[str]:
    """What was not refused must run: be drawn, started, advanced, answered, and come to rest in order."""
    try:
        for form in ("mermaid", "dot"):
            draw(graph_of(flow.definition), form)
        clock = VirtualClock()
        settings = Settings.model_construct(journal="memory://")
        async with Onboarding(
            settings, flows=[flow], worker=False, api=object(), journal=MemoryJournal(), clock=clock, rng=rng
        ) as onboarding:
            return await _advanced(onboarding, flow, clock, rng)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return [f"it was not refused, and running it raised {type(error).__name__}"]


async def _advanced(onboarding: Onboarding, flow: type[Flow], clock: VirtualClock, rng: random.Random) -> list[str]:
    required = {name for name, field in flow.model_fields.items() if field.is_required()}
    asked = required - filled_in_later(flow)
    given: dict[str, Any] = {"phone": "15912345678", "patience": 60, "code": "123456", "number": 1}
    try:
        journey = await onboarding.start(flow, **{name: given.get(name, "1") for name in asked})
    except DefinitionError:
        return ["it was not refused, and its journey cannot be read back"]
    except JourneyError:
        return []  # a field that this does not know how to fill in
    for _ in range(_ROUNDS):
        await onboarding.drain()
        journey = await onboarding.get(journey.id)
        if journey.status is Status.PARKED:
            odd = journey.parked is not None and journey.parked.kind is ParkKind.UNREADABLE
            return ["it was not refused, and its journey cannot be read back"] if odd else []
        if journey.is_final:
            return []
        if journey.accepts and rng.random() < 0.5:  # noqa: PLR2004
            await _answer(onboarding, flow, journey, rng)
        elif journey.due is not None:
            clock.advance(max((journey.due - clock.now()).total_seconds(), 0.0))
    return []


async def _answer(onboarding: Onboarding, flow: type[Flow], journey: Any, rng: random.Random) -> None:
    name = rng.choice(journey.accepts)
    handler = flow.definition.inputs[journey.state][name]
    values = dict.fromkeys(handler.parameters, "123456") if handler is not None else {}
    sending = asyncio.ensure_future(onboarding.send(journey.id, name, **values))
    while not sending.done():
        await onboarding.drain()
        await asyncio.sleep(0)
    if not isinstance(error := sending.exception(), JourneyError | None):
        raise error
