"""The sandbox in a process of its own, which does with each request what the request itself asks for.

The process that is to be killed writes into a header what shall become of its request, and when it shall die of it:
so the server kills it at the very instant, and processes that work at once do not meet each other's faults.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onboarding.sandbox import Sandbox, create_app
from onboarding.sandbox.connections import Connections
from onboarding.sandbox.faults import FaultKind, FaultRule

__all__ = ["ANSWER", "ARRIVAL", "ORDER", "OVERLAPS", "WARDS", "Broker", "Order", "serve"]

ORDER = "x-verify-order"
"""The header of an order."""
WARDS = "x-verify-case"
"""The header that says whose request it is, on those that must never be sent while the same one is on its way."""
ARRIVAL, ANSWER = "arrival", "answer"

OVERLAPS = "/verify/overlaps/"
"""The path at which it is told how many there were."""


@dataclass(frozen=True, slots=True)
class Order:
    """What shall become of one request.

    Attributes:
        kill: the process to kill; 0: none.
        when: ``arrival``, before anything has happened, or ``answer``, when all has and nothing was answered.
        rule: the fault that befalls it, as the sandbox takes it; None: none.
        status: answered at the door with this HTTP status, without effect; 0: not.
    """

    kill: int = 0
    when: str = ARRIVAL
    rule: dict[str, Any] | None = None
    status: int = 0

    def header(self) -> str:
        """As it travels."""
        return json.dumps(asdict(self))


class Broker:
    """An ASGI app around a sandbox that follows orders."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._app: ASGIApp = create_app(sandbox)
        self._landing: dict[tuple[str, tuple[str, bytes, bytes]], float] = {}
        self._overlaps: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; one with an order as ordered."""
        if scope["path"].startswith(OVERLAPS):
            await _answer(send, 200, str(self._overlaps[scope["path"].removeprefix(OVERLAPS)]))
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        if ORDER not in headers and WARDS not in headers:
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is None:
            return
        order = Order(**json.loads(headers.get(ORDER, "{}")))
        ward, same = headers.get(WARDS, ""), (scope["path"], scope["query_string"], body)
        if ward and time.monotonic() < self._landing.get((ward, same), 0.0):
            self._overlaps[ward] += 1
        if order.kill and order.when == ARRIVAL:
            _kill(order.kill)
        if order.status:
            await _answer(send, order.status, "{}")
            return
        fault = None
        if order.rule is not None:
            rule = FaultRule(endpoint="*", times=1, **order.rule)
            if rule.kind is FaultKind.LATE_LANDING:
                self._landing[ward, same] = time.monotonic() + (rule.seconds or 0)
            fault = self._sandbox.faults.add(rule)
        kill = order.kill if order.when == ANSWER else 0
        try:
            # The body is there already, so nothing comes between this and the fault's being asked for.
            await self._app(scope, _again(body, receive), _deadly(send, kill) if kill else send)
        finally:
            if fault is not None:
                self._sandbox.faults.remove(fault.id)


def serve(listener: socket.socket, lifeline: int) -> NoReturn:
    """Serve a new sandbox in this process, which was forked off for it, until the lifeline's other end is closed.

    When whoever asked for all this is dead (standard input ends), it takes the whole group of processes with it: one
    of them may be stopped, and could not end by itself.
    """
    status = 1
    with suppress(BaseException):
        asyncio.run(_serve(listener, lifeline))
        status = 0
    os._exit(status)


async def _serve(listener: socket.socket, lifeline: int) -> None:
    connections = Connections()
    server = uvicorn.Server(
        uvicorn.Config(
            connections.wrap(Broker(Sandbox())), http=connections.protocol(), ws="none", lifespan="off",
            loop="asyncio", access_log=False, log_config=None, log_level="critical", proxy_headers=False,
            server_header=False, timeout_graceful_shutdown=1,
        )
    )  # fmt: skip

    def end() -> None:
        asyncio.get_running_loop().remove_reader(lifeline)
        connections.cut_all()
        server.should_exit = True

    def end_all() -> None:
        os.killpg(os.getpgrp(), signal.SIGKILL)

    asyncio.get_running_loop().add_reader(lifeline, end)
    asyncio.get_running_loop().add_reader(0, end_all)
    await server.serve(sockets=[listener])


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _deadly(send: Send, process: int) -> Send:
    """A ``send`` that kills whoever waits for the answer, right before its first byte."""

    async def kill_and_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            _kill(process)
        await send(message)

    return kill_and_send


def _again(body: bytes, receive: Receive) -> Callable[[], Any]:
    """A ``receive`` that gives the body at once, then what comes."""
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more


async def _whole(receive: Receive) -> bytes | None:
    """The body; None where the client left before its end."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
