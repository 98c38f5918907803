"""The way from a simulated process to the sandbox: it takes time, loses requests, and knows which one left when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from onboarding.sandbox import ConnectionDropped, Sandbox
from onboarding.sandbox.door import ApiDoor
from onboarding.sandbox.faults import FaultKind, FaultRule
from onboarding.sandbox.request import endpoint_for
from onboarding.testing import VirtualClock

__all__ = ["REFUSED_TWICE", "WALKING", "Departure", "Wire", "faults"]

WALKING: ContextVar[str] = ContextVar("onboarding_verify_walking", default="")
"""The journey on whose behalf a request is made."""

_LATENCY = 0.15
_UNREACHABLE = 0.15
"""The share of what goes wrong that already goes wrong with the connection."""
_METHOD = type("_Method", (), {"method": b"POST"})()


@dataclass(slots=True, eq=False)
class Departure:
    """A request that left.

    Attributes:
        journey: whose.
        section: the contract's section of its endpoint.
        at: when, by the clock of the machine that sent it.
        lost: whether it is lost on its way.
        unseen: whether it was turned away without being looked at.
        stale: whether its process was stopped, or the clock set, between its intent and its leaving.
    """

    journey: str
    section: str
    at: datetime
    lost: bool = False
    unseen: bool = False
    stale: bool = False


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to a sandbox in this process.

    Args:
        sandbox: the sandbox.
        clock: whose time a request takes.
        rng: chance.
        rate: the share of the requests that meet a fault; the sandbox has faults of its own for most of it.
        depart: called when a request leaves: gives its record, or raises what keeps it from leaving.
        arrived: called when a request was answered, before its answer is on its way.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        clock: VirtualClock,
        rng: random.Random,
        rate: float,
        depart: Callable[[str], Departure],
        arrived: Callable[[Departure], None] | None = None,
    ) -> None:
        self._door = ApiDoor(sandbox)
        self._clock = clock
        self._rng = rng
        self._unreachable = rate * _UNREACHABLE
        self._depart = depart
        self._arrived = arrived
        self.refused = 0
        """How many requests found no connection."""
        self.under_way: dict[int, Departure] = {}
        self._count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request there and its answer back.

        Raises:
            ConnectError: no connection; nothing left.
            ReadError: the connection broke; nobody knows how far the request came.
        """
        if self._rng.random() < self._unreachable:
            self.refused += 1
            raise httpx.ConnectError("no connection")
        path = request.url.raw_path.decode()
        departure = self._depart(endpoint_for(request.method, path.partition("?")[0])[0].section)
        self._count += 1
        number = self._count
        self.under_way[number] = departure
        try:
            await request.extensions["trace"]("http11.send_request_headers.started", {"request": _METHOD})
            await self._clock.sleep(self._rng.random() * _LATENCY)
            if departure.lost:
                raise httpx.ReadError("lost on its way")
            status, headers, body = await self._ask(request)
            if self._arrived is not None:
                self._arrived(departure)
            departure.unseen = status == httpx.codes.TOO_MANY_REQUESTS
            await self._clock.sleep(self._rng.random() * _LATENCY)
        finally:
            del self.under_way[number]
        return httpx.Response(status, headers=headers, content=body)

    async def _ask(self, request: httpx.Request) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        content = await request.aread()
        came = iter([{"type": "http.request", "body": content, "more_body": False}])
        answer: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            for message in came:
                return message
            await self._clock.sleep(_FOR_EVER)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answer.append(message)

        scope = {
            "type": "http", "method": request.method, "headers": request.headers.raw, "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0], "query_string": request.url.query,
        }  # fmt: skip
        try:
            await self._door(scope, receive, send)
        except ConnectionDropped:
            pass
        else:
            return answer[0]["status"], answer[0]["headers"], answer[1]["body"]
        raise httpx.ReadError("the connection closed without an answer")


_FOR_EVER = 86_400.0


REFUSED_TWICE = ("2.4", "2.5", "2.9", "2.15")
"""What the broker itself refuses a second time: there a request may be later than anybody has reckoned with."""


def faults(rng: random.Random, rate: float, latest: float, delay: float) -> Iterator[FaultRule]:
    """Everything that can go wrong with a request, each as often as every other, ``rate`` of the requests in all.

    Args:
        rng: chance.
        rate: the share of the requests, from 0 to 1.
        latest: seconds after which a late request lands at the latest.
        delay: seconds after which absence counts.
    """
    kinds: list[dict[str, Any]] = [
        {"kind": FaultKind.DROP_BEFORE},
        {"kind": FaultKind.DROP_AFTER},
        {"kind": FaultKind.LATE_LANDING, "seconds": latest / 4},
        {"kind": FaultKind.LATE_LANDING, "seconds": latest},
        {"kind": FaultKind.DELAY, "seconds": 4},
        {"kind": FaultKind.THROTTLE_429},
        {"kind": FaultKind.THROTTLE_429, "retry_after": 7},
        {"kind": FaultKind.ERROR_500, "retry_after": 3, "effect": True},
        *(
            {"kind": kind, "effect": effect}
            for kind in (
                FaultKind.HANG, FaultKind.ERROR_500, FaultKind.HTML_502, FaultKind.BROKEN_JSON, FaultKind.SYSTEM_ERROR,
            )
            for effect in (False, True)
        ),
    ]  # fmt: skip
    rng.shuffle(kinds)
    # They are asked in turn, and the first that happens is the only one: each has its share of what is left.
    each = rate * (1 - _UNREACHABLE) / len(kinds)
    for number, kind in enumerate(kinds):
        yield FaultRule(endpoint="*", rate=each / (1 - each * number), seed=rng.getrandbits(32), **kind)
    for section in REFUSED_TWICE:
        seconds = delay + rng.random() * 0.5  # between the look whether it has landed and the next try
        yield FaultRule(
            endpoint=section, kind=FaultKind.LATE_LANDING, seconds=seconds, rate=rate / 4, seed=rng.getrandbits(32)
        )
