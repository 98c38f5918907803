"""What must not be accepted, whoever hands it in: each by its name, since chance might never come upon it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from onboarding.api import AccountApi
from onboarding.errors import InvalidData, NotPossible, OnboardingError, SettingsError, UnknownJourney
from onboarding.journal import MemoryJournal
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.bad_input import junk
from onboarding.verify.bad_input.judging import faults_of
from onboarding.verify.bad_input.questionnaire import INPUT, START, Questionnaire
from onboarding.verify.plan import Plan

__all__ = ["NAME", "CASES", "try_case"]

NAME = "must-refuse"
_PATIENCE = 10.0

Act = Callable[[Onboarding, str], Awaitable[Any]]


def try_case(plan: Plan, case: str) -> list[str]:
    """Hand it in; what did not hold, a sentence each."""
    wanted = CASES.get(case)
    if wanted is None:
        return ["there is no such case"]
    canary = junk.canary_of(plan.rng("bad-input", case))
    error, act = wanted
    return asyncio.run(_tried(error, act, canary))


async def _tried(wanted: type[OnboardingError], act: Act, canary: str) -> list[str]:
    settings = Settings.model_construct(journal="memory://", avatar_hosts=("example.com",))
    async with Onboarding(
        settings, flows=[Questionnaire], worker=False, api=object(), journal=MemoryJournal(), clock=VirtualClock()
    ) as onboarding:
        try:
            async with asyncio.timeout(_PATIENCE):
                await act(onboarding, canary)
        except wanted as error:
            return [*faults_of(str(error), canary), *_with_frames(error)]
        except Exception as error:  # noqa: BLE001 - whatever else comes out is a finding
            return [f"it raised {type(error).__name__}, and not {wanted.__name__}"]
    return ["it was accepted"]


def _with_frames(error: OnboardingError) -> list[str]:
    """An error of a public method has no frames of ours below that method: they hold what was handed in."""
    below = error.__traceback__
    names = []
    while below is not None:
        names.append(below.tb_frame.f_globals.get("__name__", ""))
        below = below.tb_next
    inner = [name for name in names if name.startswith("onboarding.") and not name.startswith("onboarding.verify.")]
    return ["it leaves with the frames that hold what was handed in"] if set(inner) - {"onboarding.frames"} else []


def _start(**fields: Any) -> Act:
    return lambda onboarding, _: onboarding.start(Questionnaire, **{**START, **fields})


def _picture(address: str) -> Act:
    return _start(picture=address)


def _api(address: str) -> Act:
    async def make(_: Onboarding, canary: str) -> None:
        # In a frame of its own, as `clean_frames` has no part in it.
        error: SettingsError
        try:
            await AccountApi(address, tenant_id="T001117", token=canary).aclose()
        except SettingsError as refused:
            error = refused
        else:
            return
        raise error.with_traceback(None)

    return make


async def _unanswered(onboarding: Onboarding, canary: str) -> None:
    """Nobody advances the journey: what was handed in is taken back, and does not come into effect later."""
    del canary
    journey = await onboarding.start(Questionnaire, **START)
    try:
        await onboarding.send(journey.id, "answered", **INPUT)
    finally:
        await onboarding.drain()
        if (await onboarding.get(journey.id)).state != "asking":
            raise AssertionError
    raise AssertionError


async def _decided(onboarding: Onboarding, canary: str) -> None:
    journey = await onboarding.start(Questionnaire, **START)
    await onboarding.resolve(journey.id, landed=True, reason=f" {canary}"[:1])


CASES: dict[str, tuple[type[OnboardingError], Act]] = {
    f"{NAME}-{name}": case
    for name, case in {
        "plain-http": (SettingsError, _api("http://account.example.com")),
        "user-in-address": (SettingsError, _api("https://user:word@account.example.com")),
        "query-in-address": (SettingsError, _api("https://account.example.com/?to=elsewhere")),
        "picture-elsewhere": (InvalidData, _picture("https://pictures.elsewhere.test/a.png")),
        "picture-lookalike": (InvalidData, _picture("https://example.com.elsewhere.test/a.png")),
        "picture-plain-http": (InvalidData, _picture("http://example.com/a.png")),
        "picture-of-user": (InvalidData, _picture("https://example.com@elsewhere.test/a.png")),
        "picture-by-number": (InvalidData, _picture("https://2130706433/a.png")),
        "picture-by-address": (InvalidData, _picture("https://127.0.0.1/a.png")),
        "picture-file": (InvalidData, _picture("file:///etc/hostname")),
        "field-unknown": (InvalidData, _start(nickname="Vera")),
        "number-as-text": (InvalidData, _start(number="seven")),
        "id-that-is-none": (UnknownJourney, lambda onboarding, canary: onboarding.get(f"../{canary}")),
        "id-unknown": (UnknownJourney, lambda onboarding, _: onboarding.get("01a204bf-21a5-7e3b-a0bd-7c0f3f6f1f1f")),
        "key-too-long": (
            InvalidData, lambda onboarding, _: onboarding.start(Questionnaire, key="k" * 100_000, **START),
        ),
        "key-half-a-letter": (
            InvalidData, lambda onboarding, _: onboarding.start(Questionnaire, key="\ud800", **START),
        ),
        "older-than-time": (InvalidData, lambda onboarding, _: onboarding.list(older_than=timedelta.max)),
        "reason-empty": (InvalidData, _decided),
        "message-nobody-looks-at": (NotPossible, _unanswered),
    }.items()
}  # fmt: skip
"""By their names: what must be raised, and what is handed in."""
