"""Between a journey and the sandbox: passes requests on, and puts a reply of its own in the place of one answer."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from onboarding.api.endpoints import ENDPOINTS, Endpoint
from onboarding.testing.local_server import LocalServer
from onboarding.verify.answers.counterpart import Exchange, Play, read_request

__all__ = ["Between", "Passed"]

_PATHS = [
    (endpoint, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(endpoint.path)))) for endpoint in ENDPOINTS.values()
]


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that the sandbox was handed.

    Attributes:
        endpoint: which it was.
        written: its first line and its body: two of the same ask for the same.
        data: of the answer that the sandbox gave.
        replaced: whether the journey got something else instead of that answer.
    """

    endpoint: Endpoint
    written: bytes = field(repr=False)
    data: Any = field(repr=False)
    replaced: bool


class Between(LocalServer):
    """A service on a port of its own, in front of the sandbox.

    Args:
        sandbox: the sandbox's address.
        section: as for ``twist``.
        play: as for ``twist``.

    Attributes:
        passed: every request, in order.
    """

    def __init__(self, sandbox: str, section: str | None = None, play: Play | None = None) -> None:
        super().__init__()
        address = urlsplit(sandbox)
        self._sandbox = (address.hostname or "127.0.0.1", address.port or 80)
        self.passed: list[Passed] = []
        self.twist(section, None if play is None else lambda _: play)

    def twist(self, section: str | None = None, instead: Callable[[bytes], Play] | None = None) -> None:
        """Replace the next answer of a section of the contract.

        Args:
            section: which; None: of none any more.
            instead: makes what is there instead, from the request's first line and body.
        """
        self._section = section
        self._instead = instead

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange(reader, writer, b"null", self.url)
        with suppress(asyncio.IncompleteReadError):
            while not exchange.over and (request := await read_request(reader)) is not None:
                await self._pass(exchange, *request)

    async def _pass(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        line = head.partition(b"\r\n")[0]
        endpoint = _endpoint(line)
        answer = await self._ask(head, body)
        if not answer:  # the sandbox dropped it: so does who stands before it
            exchange.reset()
            return
        data = _data(answer)
        instead = self._instead if endpoint.section == self._section else None
        self.passed.append(Passed(endpoint, line + b"\n" + body, data, instead is not None))
        if instead is None:
            await exchange.write(answer)
            return
        self.twist()
        exchange.data = json.dumps(data).encode()
        await instead(line + b"\n" + body)(exchange)

    async def _ask(self, head: bytes, body: bytes) -> bytes:
        """The sandbox's whole answer, on a connection of its own."""
        reader, writer = await asyncio.open_connection(*self._sandbox)
        try:
            writer.write(head[:-2] + b"Connection: close\r\n\r\n" + body)
            answer = await reader.read()
        finally:
            writer.close()
        return answer.replace(b"connection: close\r\n", b"", 1)


def _endpoint(line: bytes) -> Endpoint:
    method, target, _ = line.decode("latin-1").split(" ", 2)
    path = target.partition("?")[0]
    return next(endpoint for endpoint, form in _PATHS if endpoint.method == method and form.fullmatch(path))


def _data(answer: bytes) -> Any:
    try:
        return json.loads(answer.partition(b"\r\n\r\n")[2])["data"]
    except (ValueError, KeyError, TypeError):
        return None
