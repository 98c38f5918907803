"""What a call does beside reading its answer: when it ends, where its request goes, and when it goes nowhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import cycle
from typing import Any

from onboarding.api.http_library import preferred_library
from onboarding.api.observe import Call, observing, permitting
from onboarding.api.pool import Pool
from onboarding.errors import CallError, InDoubt, NotSent
from onboarding.verify.answers.callers import caller
from onboarding.verify.answers.counterpart import Counterpart, Exchange
from onboarding.verify.answers.matrix import Tried
from onboarding.verify.answers.plays import cut, envelope, http, silence, whole
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.plan import Plan

__all__ = ["look_at_manners"]

_SOON, _MUCH_LATER = 0.1, 5.0
"""Seconds; both are of the same event loop, so that a machine that is busy delays the one as much as the other."""
_CALLS = 5
_PHONE = "15900000000"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_GOOD = whole(http(200, envelope(data="[]")))


def look_at_manners(plan: Plan) -> list[Tried]:
    """Try them one by one."""
    wanted = {f"manners/{name}": look for name, look in _MANNERS.items() if plan.wants(f"manners/{name}")}
    return [Tried(case, "", tuple(asyncio.run(_looked_at(look)))) for case, look in wanted.items()]


async def _looked_at(look: Callable[[], Awaitable[list[str]]]) -> list[str]:
    try:
        return await look()
    except Exception as error:  # noqa: BLE001 - whatever comes out is what was looked for
        return [f"it raised {type(error).__name__}"]


async def _deadline() -> list[str]:
    """A service that says nothing keeps nobody longer than the call may take."""
    async with Counterpart(silence(), _GOOD) as service:
        api = caller(service.url, _SOON)
        try:
            async with asyncio.timeout(_MUCH_LATER):
                await api.log_in(_PHONE, "Abcd1234")
        except CallError:
            await api.aclose()
            return []
        except TimeoutError:
            pass
        return ["log_in did not end when its time was up"]


async def _cancelled() -> list[str]:
    """Whoever calls is cancelled: the request ends by itself, and what came of it is told to the observers."""
    came, may_answer = asyncio.Event(), asyncio.Event()
    told = _Told()

    async def slowly(exchange: Exchange) -> None:
        came.set()
        await may_answer.wait()
        await _GOOD(exchange)

    async with Counterpart(slowly, _GOOD) as service, caller(service.url, _MUCH_LATER) as api:
        with observing(told):
            calling = asyncio.ensure_future(api.update_account("u-1", {"base": {"address": "1 Verity Lane"}}))
        await came.wait()
        calling.cancel()
        with suppress(asyncio.CancelledError):
            await calling
        may_answer.set()
        await api.aclose()
    return [] if told.outcomes == ["answered"] else ["a call whose caller was cancelled never told what came of it"]


async def _too_late() -> list[str]:
    """A connection stands only when the caller has been answered: then not a byte leaves."""

    class Slow(preferred_library().AsyncHTTPTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            await asyncio.sleep(3 * _SOON)
            return await super().handle_async_request(request)

    service = Counterpart(_GOOD, _GOOD)
    async with service, preferred_library().AsyncClient(transport=Slow(), trust_env=False) as client:
        api = caller(service.url, _SOON, client=client)
        with suppress(CallError):
            await api.register_by_email("vera@example.com", "Abcd1234")
        await api.aclose()
        return ["a request was sent after its caller had been told how it ended"] if service.heard else []


async def _too_late_to_leave() -> list[str]:
    """The same on a connection of our own."""
    connect = Pool._connect  # noqa: SLF001 - a connection takes so long nowhere near

    async def slowly(pool: Pool, limit: float | None) -> Any:
        await asyncio.sleep(3 * _SOON)
        return await connect(pool, limit)

    with in_place_of(Pool, "_connect", slowly):
        async with Counterpart(_GOOD, _GOOD) as service:
            api = caller(service.url, _SOON)
            with suppress(CallError):
                await api.register_by_email("vera@example.com", "Abcd1234")
            await api.aclose()
            return ["a request was sent after its caller had been told how it ended"] if service.heard else []


async def _untraced() -> list[str]:
    """A transport that tells nothing on the way, and calls what broke in mid-call a connection that never stood."""
    library = preferred_library()

    class Translating(library.AsyncBaseTransport):  # type: ignore[misc,name-defined]
        async def handle_async_request(self, request: Any) -> Any:
            raise library.ConnectTimeout("no connection", request=request) from OSError("the connection was dropped")

    async with library.AsyncClient(transport=Translating(), trust_env=False) as client:
        api = caller("http://127.0.0.1:9", _MUCH_LATER, client=client)
        try:
            await api.update_account("u-1", {"base": {"address": "1 Verity Lane"}})
        except InDoubt:
            return []
        except CallError as error:
            return [f"update_account is {error.outcome}, and nothing proves that it never left"]
        finally:
            await api.aclose()
    return ["update_account was answered by nobody"]


async def _proxy() -> list[str]:
    """A proxy in the environment is not asked, unless somebody wants that."""
    async with Counterpart(_GOOD, _GOOD) as proxy, Counterpart(_GOOD, _GOOD) as service:
        with _environment(http_proxy=proxy.url, https_proxy=proxy.url, all_proxy=proxy.url):
            api = caller(service.url, _MUCH_LATER)
            with suppress(CallError):
                await api.log_in(_PHONE, "Abcd1234")
            await api.aclose()
        return ["a password was sent to a proxy that nobody had asked for"] if proxy.heard else []


async def _places() -> list[str]:
    """However a call ends, and where it is stopped: its place and its connection are free for the next one."""
    plays = cycle(
        (cut(b""), _GOOD, cut(b"", reset=True), whole(http(500, b"<html>")), whole(http(200, b"{"), over=True))
    )

    async def in_turn(exchange: Exchange) -> None:
        await next(plays)(exchange)

    stops = (nullcontext, lambda: observing(_Forbids()), lambda: permitting(lambda: False))
    async with Counterpart(in_turn, in_turn) as service, caller(service.url, 10 * _SOON, pool_size=2) as api:
        for number in range(_CALLS * len(stops)):
            with stops[number % len(stops)]():
                try:
                    await api.log_in(_PHONE, "Abcd1234")
                except NotSent:
                    if number % len(stops) == 0:
                        return [f"after {number} calls none of two places is free any more"]
                except (CallError, PermissionError):
                    pass
        reached = service.requests
    return [] if reached == _CALLS else [f"{reached} requests were sent, and {_CALLS} had not been stopped"]


class _Forbids:
    """Stops every call."""

    def sending(self, endpoint: object) -> None:
        """It may not."""
        raise PermissionError(endpoint)

    def ended(self, call: Call) -> None:
        """It never began."""


class _Told:
    """What the observers of a call are told."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def sending(self, endpoint: object) -> None:
        """It may."""

    def ended(self, call: Call) -> None:
        """It has."""
        self.outcomes.append(call.outcome)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    names = [written for name in _PROXIES for written in (name, name.upper())]
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


_MANNERS: dict[str, Callable[[], Awaitable[list[str]]]] = {
    "deadline": _deadline,
    "cancelled": _cancelled,
    "too-late": _too_late,
    "too-late-to-leave": _too_late_to_leave,
    "untraced": _untraced,
    "proxy": _proxy,
    "places": _places,
}
