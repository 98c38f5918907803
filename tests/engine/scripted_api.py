"""An API that announces and reports its calls as the adapter does, and plays what it is told to."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from onboarding.api import Call, Meaning
from onboarding.api.endpoints import ENDPOINTS
from onboarding.api.observe import announce, report
from onboarding.errors import CallError, InDoubt, NotSent, Refused, RefusedByProtocol

__all__ = ["HANG", "ScriptedApi", "in_doubt", "no_place", "not_sent", "protocol", "refused"]

HANG = object()
"""Play this: the request leaves, and no answer ever comes."""

ENDPOINT = {"look": "get_user", "nudge": "set_avatar", "change": "reset_password", "glance": "get_account"}
"""What each method stands for: a look and a glance read, a nudge may be repeated, a change may not."""


def not_sent(retry_after: float | None = None) -> Callable[[str], CallError]:
    return lambda endpoint: NotSent("no connection could be made", endpoint=endpoint, retry_after=retry_after)


def no_place(endpoint: str) -> CallError:
    """Play this: it fails before it is announced."""
    return NotSent("no connection was free in time", endpoint=endpoint)


def in_doubt(retry_after: float | None = None) -> Callable[[str], CallError]:
    return lambda endpoint: InDoubt("the service failed", endpoint=endpoint, http_status=502, retry_after=retry_after)


def refused(meaning: Meaning, mcode: str = "X_1") -> Callable[[str], CallError]:
    return lambda endpoint: Refused("no", meaning=meaning, endpoint=endpoint, mcode=mcode, http_status=200)


def protocol() -> Callable[[str], CallError]:
    return lambda endpoint: RefusedByProtocol("not accepted", endpoint=endpoint, http_status=401)


class ScriptedApi:
    """``plays[method]`` are played in order: a result, an error's maker, or ``HANG``; then None is answered."""

    def __init__(self) -> None:
        self.plays: dict[str, list[Any]] = defaultdict(list)
        self.calls: list[str] = []
        self.on_sending: Callable[[str], None] = lambda _: None
        self.under_way = asyncio.Event()

    async def look(self) -> Any:
        return await self._call("look")

    async def glance(self) -> Any:
        return await self._call("glance")

    async def nudge(self) -> Any:
        return await self._call("nudge")

    async def change(self) -> Any:
        return await self._call("change")

    async def _call(self, method: str) -> Any:
        endpoint = ENDPOINTS[ENDPOINT[method]]
        play = self.plays[method].pop(0) if self.plays[method] else None
        if play is not no_place:
            announce(endpoint)
            self.on_sending(method)
            self.calls.append(method)
        if play is HANG:
            self.under_way.set()
            await asyncio.Event().wait()
        error = play(endpoint.name) if callable(play) else None
        report(
            Call(
                endpoint=endpoint.name, section=endpoint.section, effect=endpoint.effect,
                outcome="answered" if error is None else error.outcome,
                http_status=200 if error is None else error.http_status,
                mcode="m0000000" if error is None else error.mcode, duration=0.0, announced=play is not no_place,
            )
        )  # fmt: skip
        if error is not None:
            raise error
        return play
