"""What must not be accepted, whoever hands it in: each by its name, since chance might never come upon it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from onboarding.api import AccountApi
from onboarding.errors import (
    DefinitionError,
    InvalidData,
    NotPossible,
    OnboardingError,
    RefusedByProtocol,
    SettingsError,
    UnknownJourney,
)
from onboarding.journal import MemoryJournal
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.bad_input import junk
from onboarding.verify.bad_input.bad_flows import BAD_FLOWS
from onboarding.verify.bad_input.judging import faults_of
from onboarding.verify.bad_input.questionnaire import INPUT, START, Questionnaire
from onboarding.verify.plan import Plan

__all__ = ["CASES", "NAME", "try_case"]

NAME = "must-refuse"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is handed in.

    Attributes:
        onboarding: without a worker.
        clock: its time.
        canary: what must not be repeated.
    """

    onboarding: Onboarding
    clock: VirtualClock
    canary: str


Act = Callable[[Place], Awaitable[Any]]


def try_case(plan: Plan, case: str) -> list[str]:
    """Hand it in; what did not hold, a sentence each."""
    wanted = CASES.get(case)
    if wanted is None:
        return ["there is no such case"]
    canary = junk.canary_of(plan.rng("bad-input", case))
    error, act = wanted
    return asyncio.run(_tried(error, act, canary))


async def _tried(wanted: type[OnboardingError], act: Act, canary: str) -> list[str]:
    settings = Settings.model_construct(journal="memory://", avatar_hosts=["example.com"])
    clock = VirtualClock()
    async with Onboarding(
        settings, flows=[Questionnaire], worker=False, api=object(), journal=MemoryJournal(), clock=clock
    ) as onboarding:
        try:
            async with asyncio.timeout(_PATIENCE):
                await act(Place(onboarding, clock, canary))
        except wanted as error:
            return [*faults_of(str(error), canary), *_with_frames(error)]
        except Exception as error:  # noqa: BLE001 - whatever else comes out is a finding
            return [f"it raised {type(error).__name__}, and not {wanted.__name__}"]
    return ["it was accepted"]


def _with_frames(error: OnboardingError) -> list[str]:
    """An error of a public method comes without that method's frame and those below, which hold what it was given."""
    below = error.__traceback__
    while below is not None:
        if str(below.tb_frame.f_globals.get("__name__")).startswith("onboarding.service."):
            return ["it leaves with the frames that hold what was handed in"]
        below = below.tb_next
    return []


def _start(**fields: Any) -> Act:
    return lambda place: place.onboarding.start(Questionnaire, **{**START, **fields})


def _input(**values: Any) -> Act:
    async def send(place: Place) -> None:
        journey = await place.onboarding.start(Questionnaire, **START)
        await place.onboarding.send(journey.id, "answered", **{**INPUT, **values})

    return send


def _picture(address: str) -> Act:
    return _start(picture=address)


def _api(address: str) -> Act:
    async def make(place: Place) -> None:
        await AccountApi(address, tenant_id="T001117", token=place.canary).aclose()

    return make


def _dots(segment: str) -> Act:
    """A value that would make the address of a call another one."""

    async def call(place: Place) -> None:
        async with AccountApi("https://127.0.0.1:9", tenant_id="T001117", token=place.canary) as api:
            await api.get_user(segment)

    return call


async def _no_number(place: Place) -> None:
    """A number that JSON does not have."""
    async with AccountApi("https://127.0.0.1:9", tenant_id="T001117", token=place.canary) as api:
        await api.update_account("u-1", {"base": {"height": float("nan")}})


def _settings(**wrong: object) -> Act:
    async def load(_: Place) -> None:
        Settings.load(**wrong)

    return load


def _flow(define: Callable[[], object]) -> Act:
    async def make(_: Place) -> None:
        define()

    return make


async def _unanswered(place: Place) -> None:
    """Nobody advances the journey: what was handed in is taken back, and does not come into effect later."""
    onboarding, clock = place.onboarding, place.clock
    journey = await onboarding.start(Questionnaire, **START)
    sending = asyncio.ensure_future(onboarding.send(journey.id, "answered", **INPUT))
    while not sending.done():
        clock.advance(5.0)
        await asyncio.sleep(0)
    await onboarding.drain()
    if (await onboarding.get(journey.id)).state == "asking":
        await sending


async def _decided(place: Place) -> None:
    journey = await place.onboarding.start(Questionnaire, **START)
    await place.onboarding.resolve(journey.id, landed=True, reason=" ")


CASES: dict[str, tuple[type[OnboardingError], Act]] = {
    f"{NAME}-{name}": case
    for name, case in {
        "plain-http": (SettingsError, _api("http://account.example.com")),
        "user-in-address": (SettingsError, _api("https://user:word@account.example.com")),
        "query-in-address": (SettingsError, _api("https://account.example.com/?to=elsewhere")),
        "segment-of-dots": (RefusedByProtocol, _dots("..")),
        "number-that-is-none": (RefusedByProtocol, _no_number),
        "landing-delay-negative": (SettingsError, _settings(landing_delay=timedelta(seconds=-1))),
        "picture-elsewhere": (InvalidData, _picture("https://pictures.elsewhere.test/a.png")),
        "picture-lookalike": (InvalidData, _picture("https://example.com.elsewhere.test/a.png")),
        "picture-plain-http": (InvalidData, _picture("http://example.com/a.png")),
        "picture-of-user": (InvalidData, _picture("https://example.com@elsewhere.test/a.png")),
        "picture-by-number": (InvalidData, _picture("https://2130706433/a.png")),
        "picture-by-address": (InvalidData, _picture("https://127.0.0.1/a.png")),
        "picture-file": (InvalidData, _picture("file:///etc/hostname")),
        "field-unknown": (InvalidData, _start(nickname="Vera")),
        "number-as-text": (InvalidData, _start(number="seven")),
        "words-without-end": (InvalidData, _start(words=count())),
        "words-almost-without-end": (InvalidData, _start(words=range(10**9))),
        "input-without-end": (InvalidData, _input(words=count())),
        "id-that-is-none": (UnknownJourney, lambda place: place.onboarding.get(f"../{place.canary}")),
        "id-unknown": (UnknownJourney, lambda place: place.onboarding.get("01a204bf-21a5-7e3b-a0bd-7c0f3f6f1f1f")),
        "key-too-long": (
            InvalidData, lambda place: place.onboarding.start(Questionnaire, key="k" * 100_000, **START),
        ),
        "key-half-a-letter": (
            InvalidData, lambda place: place.onboarding.start(Questionnaire, key="\ud800", **START),
        ),
        "older-than-time": (InvalidData, lambda place: place.onboarding.list(older_than=timedelta.max)),
        "reason-empty": (InvalidData, _decided),
        "message-nobody-looks-at": (NotPossible, _unanswered),
        **{f"flow-{name}": (DefinitionError, _flow(define)) for name, define in BAD_FLOWS.items()},
    }.items()
}  # fmt: skip
"""By their names: what must be raised, and what is handed in."""
