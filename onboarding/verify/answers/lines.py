"""What a call leaves behind: its connection, what came on it unread, what a repr of it shows; and how loud it is."""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from loguru import logger
from pydantic import SecretBytes, SecretStr

import onboarding.log
from onboarding.api.endpoints import ENDPOINTS
from onboarding.api.envelope import Answer
from onboarding.api.http_library import preferred_library
from onboarding.api.request import FilledRequest
from onboarding.api.routes import Reply
from onboarding.errors import CallError
from onboarding.verify.answers.callers import caller
from onboarding.verify.answers.counterpart import Counterpart, Exchange
from onboarding.verify.answers.matrix import Tried
from onboarding.verify.answers.plays import envelope, http, whole
from onboarding.verify.plan import Plan

__all__ = ["look_at_lines"]

_SOON, _LONGER, _MUCH_LATER = 0.1, 1.0, 5.0
_TURNS = 100
"""So many turns of the event loop does the other side get to close a connection."""
_FLOOD, _ENOUGH = 64, 24
"""MiB that come, and how many of them may be taken by whoever does not read them: the system's buffers."""
_MIB = bytes(1024 * 1024)
_BIG = 16 * 1024 * 1024
_CANARY = "c4n4ry"
_STAYS = (
    ("a call whose time was up", b"", _SOON),
    ("a client that was closed", http(200, envelope(data="null")), _MUCH_LATER),
)


def look_at_lines(plan: Plan) -> list[Tried]:
    """Try them one by one; a quick run has no time for them."""
    wanted = {f"lines/{name}": look for name, look in _LOOKS.items() if plan.wants(f"lines/{name}")}
    return [Tried(name, "", tuple(asyncio.run(look()))) for name, look in wanted.items() if plan.full or plan.case]


async def _closed() -> list[str]:
    """The connection of a call whose time was up is closed; and that of one that ended well, with the client."""
    open_for = {play: await _closes(answer, limit) for play, answer, limit in _STAYS}
    return [f"the connection of {name} is still open" for name, closed in open_for.items() if not closed]


async def _closes(answer: bytes, limit: float) -> bool:
    gone = asyncio.Event()

    async def stays(exchange: Exchange) -> None:
        await exchange.write(answer)
        await exchange.reader.read()
        gone.set()
        exchange.over = True

    async with Counterpart(stays, stays) as service, caller(service.url, limit) as api:
        with suppress(CallError):
            await api.send_email_code("vera@example.com")
        if answer:
            await api.aclose()
        with suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), _MUCH_LATER)
        return gone.is_set()


async def _stale() -> list[str]:
    """No request is sent on a connection that the other side has closed: what became of it would not be known."""
    good = http(200, envelope(data="null"))
    async with Counterpart(whole(good, over=True), whole(good)) as service, caller(service.url, _MUCH_LATER) as api:
        await api.send_email_code("vera@example.com")
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        try:
            await api.send_email_code("vera@example.com")
        except CallError as error:
            return [f"a call on a connection that was closed is {type(error).__name__}"]
    return []


async def _unread() -> list[str]:
    """What comes while a request is still written is left to the network: it does not fill the memory."""
    taken = 0

    async def floods(exchange: Exchange) -> None:
        nonlocal taken
        for _ in range(_FLOOD):
            await exchange.write(_MIB)
            taken += 1

    async with Counterpart(floods, floods, deaf=True) as service, caller(service.url, _LONGER) as api:
        with suppress(CallError):
            await api.update_account("u-1", {"base": {"address": "x" * _BIG}})
    return [] if taken <= _ENOUGH else [f"{taken} MiB were taken in that nobody had asked for"]


async def _ended() -> list[str]:
    """A request that has nowhere to go ends some time after its caller was told so."""
    ended = asyncio.Event()

    class Nowhere(preferred_library().AsyncHTTPTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            del request
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    async with preferred_library().AsyncClient(transport=Nowhere(), trust_env=False) as client:
        api = caller("http://127.0.0.1:9", _SOON, client=client, connect_timeout=_SOON)
        with suppress(CallError):
            await api.log_in("15900000000", "Abcd1234")
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _MUCH_LATER)
        return [] if ended.is_set() else ["a request that has nowhere to go never ends"]


async def _shown() -> list[str]:
    """What a debugger, or a traceback with variables, prints of a call shows no value."""
    secret = SecretBytes(_CANARY.encode())
    things = {
        "a request": FilledRequest(ENDPOINTS["log_in"], SecretStr(_CANARY), secret, None),
        "a reply": Reply(200, _CANARY.encode(), _CANARY),
        "an answer": Answer({"phone": _CANARY}),
    }
    return [f"the repr of {name} shows a value" for name, thing in things.items() if _CANARY in repr(thing)]


async def _silent() -> list[str]:
    """Who does not ask for log lines gets none."""
    was = _is_heard()
    logger.enable("onboarding")
    try:
        runpy.run_path(str(Path(onboarding.log.__file__)))
        heard = _is_heard()
    finally:
        (logger.enable if was else logger.disable)("onboarding")
    return ["log lines are written that nobody has asked for"] if heard else []


def _is_heard() -> bool:
    lines: list[object] = []
    sink = logger.add(lines.append)
    onboarding.log.log.info("a line")
    logger.remove(sink)
    return bool(lines)


_LOOKS: dict[str, Callable[[], Coroutine[Any, Any, list[str]]]] = {
    "closed": _closed,
    "stale": _stale,
    "unread": _unread,
    "ended": _ended,
    "shown": _shown,
    "silent": _silent,
}
