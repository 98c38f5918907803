"""Every malformed reply to a call of every endpoint: what the call makes of it."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onboarding.api import AccountApi
from onboarding.errors import CallError
from onboarding.verify.answers.callers import caller
from onboarding.verify.answers.calls import CALLS
from onboarding.verify.answers.counterpart import Counterpart, Nobody
from onboarding.verify.answers.plays import envelope, http, whole
from onboarding.verify.answers.replies import REPLIES, Reply
from onboarding.verify.plan import Plan

__all__ = ["Tried", "pairs", "try_all"]

_DEADLINE = 0.3
"""Seconds for what only the deadline ends; everything else has the time that it takes."""
_PATIENT = 5.0
_TOO_LONG = 15.0
"""Seconds: what takes longer was not bounded by its deadline, however busy the machine is."""
_AT_ONCE = 24
_LONGEST_WAIT = 24 * 60 * 60.0
_NEXT = "the-next-ticket"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one reply to one call.

    Attributes:
        case: its name.
        outcome: the kind of the outcome; the exception's type where it was no outcome at all.
        faults: what did not hold, a sentence each.
        peak: bytes of memory taken meanwhile, where that was measured.
    """

    case: str
    outcome: str
    faults: tuple[str, ...]
    peak: int = 0


def pairs(plan: Plan) -> list[tuple[Reply, str]]:
    """The replies and the endpoints to try each on: all, or some of each in a quick run."""
    return list(_chosen(plan))


def _chosen(plan: Plan) -> Iterator[tuple[Reply, str]]:
    for reply in REPLIES:
        names = plan.sample(f"answers {reply.name}", list(CALLS), 1 if reply.heavy else 3)
        yield from ((reply, name) for name in names if plan.wants(case_of(reply, name)))


def case_of(reply: Reply, endpoint: str) -> str:
    """The name of a case."""
    return f"{reply.name}/{endpoint}"


async def try_all(chosen: Iterable[tuple[Reply, str]]) -> list[Tried]:
    """Try them, those that are made to take memory one by one and measured, the others several at once."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(reply: Reply, endpoint: str, trap: Counterpart) -> Tried:
        async with places:
            return await _try(reply, endpoint, trap)

    light = [pair for pair in chosen if not pair[0].heavy]
    heavy = [pair for pair in chosen if pair[0].heavy]
    follow = whole(http(200, envelope()))
    async with Counterpart(follow, follow) as trap:
        tried = list(await asyncio.gather(*(one(*pair, trap) for pair in light)))
        tried += [await _measured(*pair, trap) for pair in heavy]
    return tried


async def _measured(reply: Reply, endpoint: str, trap: Counterpart) -> Tried:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tried = await _try(reply, endpoint, trap)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    faults = tried.faults
    if peak > reply.most:
        faults += (f"it took {peak // 1024:,} KiB of memory, and {reply.most // 1024:,} KiB is all there may be",)
    return Tried(tried.case, tried.outcome, faults, peak)


async def _try(reply: Reply, endpoint: str, trap: Counterpart) -> Tried:
    call = CALLS[endpoint]
    follow = whole(http(200, envelope(data=f'"{_NEXT}"')))
    service = (
        Nobody() if reply.nobody else Counterpart(reply.play, follow, data=call.data, trap=trap.url, deaf=reply.deaf)
    )
    faults: list[str] = []
    asked = trap.requests
    async with service:
        timeout = _DEADLINE if reply.hangs else _PATIENT
        api = caller(service.url, timeout)
        began, error = time.monotonic(), None
        try:
            await call.make(api)
            outcome = "answered"
        except CallError as trouble:
            outcome, error = trouble.outcome, trouble
        except Exception as other:  # noqa: BLE001 - this is what must not happen
            outcome = type(other).__name__
        took, seen, heard = time.monotonic() - began, service.requests, service.heard
        if outcome not in reply.honest(call):
            honest = " or ".join(sorted(reply.honest(call)))
            faults.append(f"{endpoint} makes {outcome} of the reply {reply.name}, and {honest} is all that is true")
        elif outcome == "not_sent" and heard and error is not None and error.http_status is None:
            faults.append(f"{endpoint} says not sent of a request that came")
        if took > _TOO_LONG:
            faults.append(f"{endpoint} took {took:.1f} s with a deadline of {timeout} s")
        if seen > 1:
            faults.append(f"{endpoint} was sent {seen} times by one call")
        if error is not None and error.retry_after is not None and not 0 <= error.retry_after <= _LONGEST_WAIT:
            faults.append(f"{endpoint} believes a Retry-After that is no time")
        faults += await _next_call(api)
        await api.aclose()
    if trap.requests > asked and reply.name.startswith(("redirect", "hints")):
        faults.append(f"{endpoint} asked the address that the reply names")
    return Tried(case_of(reply, endpoint), outcome, tuple(faults))


async def _next_call(api: AccountApi) -> list[str]:
    """What is left of a reply must not become the answer to the next call."""
    try:
        ticket = await api.verify_mobile_code("15900000000", "000000")
    except CallError:
        return []
    except Exception as other:  # noqa: BLE001 - this is what must not happen
        return [f"the call after it raised {type(other).__name__}"]
    return [] if ticket == _NEXT else ["the call after it got an answer that was not its own"]
