"""Junk handed to a service: ``start``, ``send``, ``cancel``, ``resolve`` and whatever takes an id."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from onboarding.engine import Journey
from onboarding.errors import DefinitionError, JourneyError
from onboarding.journal import MemoryJournal, Status
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.bad_input import junk
from onboarding.verify.bad_input.judging import faults_of, hidden_in
from onboarding.verify.bad_input.questionnaire import INPUT, START, Questionnaire
from onboarding.verify.plan import Plan

__all__ = ["NAME", "try_case"]

NAME = "send"
_PATIENCE = 10.0
_ASKED = tuple(Questionnaire.definition.inputs["asking"])
_FIELDS = tuple(Questionnaire.model_fields)
_VALUES = ("code", "number", "share", "colour", "address", "words", "picture", "anything")

Act = Callable[[Onboarding, Journey], Awaitable[Any]]


def try_case(plan: Plan, case: str) -> list[str]:
    """Hand one piece of junk in; what did not hold, a sentence each."""
    rng = plan.rng("bad-input", case)
    canary = junk.canary_of(rng)
    what, act = _act(rng, canary)
    return [f"{what}: {fault}" for fault in asyncio.run(_tried(act, canary))]


async def _tried(act: Act, canary: str) -> list[str]:
    settings = Settings.model_construct(journal="memory://", concurrency=2)
    async with Onboarding(settings, flows=[Questionnaire], api=object(), journal=MemoryJournal()) as onboarding:
        journey = await onboarding.start(Questionnaire, **START)
        faults = []
        try:
            async with asyncio.timeout(_PATIENCE):
                await act(onboarding, journey)
        except (JourneyError, DefinitionError) as error:
            faults = [*faults_of(str(error), canary), *hidden_in(error, canary)]
            faults += await _harmed(onboarding, journey)
        except TimeoutError:
            faults = [f"it did not answer within {_PATIENCE:.0f} s"]
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            faults = [f"it raised {type(error).__name__}, which is no error of this package"]
        return faults + await _unreadable(onboarding)


async def _harmed(onboarding: Onboarding, journey: Journey) -> list[str]:
    """What a refusal did to the journey: it must be where it was, and go on."""
    now = await onboarding.get(journey.id)
    if (now.state, now.status) != (journey.state, journey.status):
        return [f"what was refused has moved the journey to {now.state} ({now.status.value})"]
    try:
        await onboarding.send(journey.id, "answered", **INPUT)
        now = await onboarding.wait(journey.id, timeout=_PATIENCE)
    except Exception as error:  # noqa: BLE001
        return [f"after what was refused it takes no other input: {type(error).__name__}"]
    return [] if now.status is Status.DONE else [f"after what was refused it does not go on: {now.status.value}"]


async def _unreadable(onboarding: Onboarding) -> list[str]:
    """What was accepted and cannot be read back, or has parked a journey."""
    for each in await onboarding.list():
        try:
            found = await onboarding.wait(each.id, timeout=_PATIENCE)
            (await onboarding.get(each.id)).public()
        except Exception as error:  # noqa: BLE001
            return [f"what was accepted cannot be read back: {type(error).__name__}"]
        if found.status is Status.PARKED:
            kind = found.parked.kind.value if found.parked else "?"
            return [f"what was accepted has parked the journey: {kind}"]
    return []


def _act(rng: random.Random, canary: str) -> tuple[str, Act]:
    """One call, and what it is called in a finding."""
    made = rng.choice((_start, _start, _start, _send, _send, _send, _decide, _identify, _list))
    return made(rng, canary)


def _values(rng: random.Random, canary: str, names: tuple[str, ...], good: dict[str, Any]) -> dict[str, Any]:
    """Good values, some of them junk, some left out, some of them of no such name."""
    found = dict(good)
    for _ in range(rng.choice((1, 1, 2, 4))):
        found[junk.name(rng, names) if rng.random() < 0.3 else rng.choice(names)] = junk.value(rng, canary)  # noqa: PLR2004
    if rng.random() < 0.2:  # noqa: PLR2004
        found.pop(rng.choice(list(found)))
    return {name: value for name, value in found.items() if name not in ("key", "flow", "self")}


def _start(rng: random.Random, canary: str) -> tuple[str, Act]:
    flow = junk.name(rng, ("verify-questionnaire",)) if rng.random() < 0.2 else Questionnaire  # noqa: PLR2004
    fields = _values(rng, canary, _FIELDS, START)
    key = junk.value(rng, canary) if rng.random() < 0.15 else None  # noqa: PLR2004
    return f"start({', '.join(sorted(map(_short, fields)))})", lambda it, _: it.start(flow, key=key, **fields)


def _send(rng: random.Random, canary: str) -> tuple[str, Act]:
    name = junk.name(rng, _ASKED)
    values = _values(rng, canary, _VALUES, INPUT)
    return f"send({_short(name)}, {', '.join(sorted(map(_short, values)))})", lambda it, at: it.send(
        at.id, name, **values
    )


def _decide(rng: random.Random, canary: str) -> tuple[str, Act]:
    reason, by, landed = junk.value(rng, canary), junk.value(rng, canary), rng.choice((True, False, None, canary, 1))
    if rng.random() < 0.3:  # noqa: PLR2004
        return "cancel(reason)", lambda it, at: it.cancel(at.id, reason)
    return "resolve(landed, reason, by)", lambda it, at: it.resolve(at.id, landed=landed, reason=reason, by=by)


def _identify(rng: random.Random, canary: str) -> tuple[str, Act]:
    wrong = junk.value(rng, canary)
    acts: dict[str, Act] = {
        "get": lambda it, _: it.get(wrong),
        "history": lambda it, _: it.history(wrong),
        "send": lambda it, _: it.send(wrong, "answered", **INPUT),
        "cancel": lambda it, _: it.cancel(wrong),
        "retry": lambda it, _: it.retry(wrong),
        "wait": lambda it, _: it.wait(wrong, timeout=0.1),
    }
    name = rng.choice(sorted(acts))
    return f"{name}(id)", acts[name]


def _list(rng: random.Random, canary: str) -> tuple[str, Act]:
    what = rng.choice(("flow", "status", "state", "after"))
    given: dict[str, Any] = {
        what: junk.name(rng, ("waiting", "asking")) if what == "status" else junk.value(rng, canary)
    }
    if rng.random() < 0.5:  # noqa: PLR2004
        given = {rng.choice(("older_than", "newer_than")): rng.choice((timedelta.max, timedelta.min, timedelta(-1)))}
    return f"list({', '.join(given)})", lambda it, _: it.list(**given)


def _short(name: str) -> str:
    return name if name.isidentifier() and len(name) < 30 else "?"  # noqa: PLR2004
