"""Connections that can be cut: how a fault closes one without an answer.

ASGI has no word for "close this connection and say nothing". The server therefore keeps the transport of
every open connection and hands each request a function that aborts its own, as the ASGI extension that
:mod:`onboarding.sandbox.faults` names.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from onboarding.errors import MissingExtra
from onboarding.sandbox.faults import DROP

try:
    from uvicorn.protocols.http.h11_impl import H11Protocol
except ImportError:
    raise MissingExtra("sandbox", "the sandbox") from None

__all__ = ["Connections"]


class Connections:
    """The open connections of one server, by the client's address."""

    def __init__(self) -> None:
        self._transports: dict[Any, asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """The server's HTTP protocol, which also enters its connections here."""
        transports = self._transports

        class CuttableProtocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                # An answer leaves in two writes, and the second would wait 40 ms for the client's delayed ACK.
                # asyncio sees to it, but only for sockets whose protocol number is set.
                transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                transports[transport.get_extra_info("peername")] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        return CuttableProtocol

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """``app``, with the extension in every request's scope."""

        async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[DROP] = self._cutter(scope)
            await app(scope, receive, send)

        return with_drop

    def cut_all(self) -> None:
        """Abort every connection: requests that hang see the client gone."""
        for transport in list(self._transports.values()):
            transport.abort()

    def _cutter(self, scope: Scope) -> Callable[[], None]:
        return self._transports[tuple(scope["client"])].abort
