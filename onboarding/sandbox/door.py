"""The door of ``/v1``: one request in, one answer or one fault out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from onboarding.sandbox.answer import Answer, answer_of_bad_request, answer_of_fault, perform
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.faults import DROP, ConnectionDropped, FaultKind, FaultRule
from onboarding.sandbox.ledger import RequestEntry
from onboarding.sandbox.request import ApiRequest, BadRequest, endpoint_for

__all__ = ["ApiDoor"]

_LARGEST_BODY = 1 << 20
_CLOSING = {FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.LATE_LANDING, FaultKind.HANG}


class ApiDoor:
    """An ASGI app that answers the account API's addresses."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request.

        Raises:
            ConnectionDropped: a fault drops the connection, and there is none to drop (in process).
        """
        sandbox = self._sandbox
        sandbox.settle()
        try:
            endpoint, segments = endpoint_for(scope["method"], _raw_path(scope))
        except BadRequest as bad:
            await _answer(send, answer_of_bad_request(bad), sandbox.requests.open(None))
            return
        entry = sandbox.requests.open(endpoint.section)
        try:
            body = await _body(receive)
        except BadRequest as bad:
            await _answer(send, answer_of_bad_request(bad), entry)
            return
        if body is None:
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = ApiRequest(segments, scope["query_string"].decode("latin-1"), headers, body)
        act = partial(perform, sandbox, endpoint, request)
        rule = sandbox.faults.befalling(endpoint.section)
        if rule is None:
            await _answer(send, act(), entry)
        else:
            entry.fault = rule.kind.value
            await self._befall(rule, act, entry, (scope, receive, send))

    async def _befall(
        self,
        rule: FaultRule,
        act: Callable[[], Answer],
        entry: RequestEntry,
        connection: tuple[Scope, Receive, Send],
    ) -> None:
        scope, receive, send = connection
        sandbox = self._sandbox
        good = act() if rule.takes_effect else None
        if rule.kind is FaultKind.LATE_LANDING:
            sandbox.agenda.add(sandbox.clock.now() + timedelta(seconds=rule.seconds or 0), act)
        if rule.kind in (FaultKind.DELAY, FaultKind.HANG):
            seconds = rule.seconds if rule.seconds is not None else sandbox.config.hang_limit
            if await self._client_leaves_within(seconds, receive):
                return
        if rule.kind in _CLOSING:
            await _drop(scope, receive)
        elif rule.kind is FaultKind.DELAY and good is not None:
            await _answer(send, good, entry)
        else:
            await _answer(send, answer_of_fault(rule, good), entry)

    async def _client_leaves_within(self, seconds: float, receive: Receive) -> bool:
        """Wait ``seconds``, or until the client has gone: then true."""
        sleep = asyncio.ensure_future(self._sandbox.clock.sleep(seconds))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sleep, gone}, return_when=asyncio.FIRST_COMPLETED)
            return gone.done()
        finally:
            sleep.cancel()
            gone.cancel()
            await asyncio.gather(sleep, gone, return_exceptions=True)


def _raw_path(scope: Scope) -> str:
    """The path as it was sent: an encoded slash in a parameter must not become a separator."""
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"])


async def _body(receive: Receive) -> bytes | None:
    """The whole body; ``None`` when the client left before its end."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise BadRequest("the body is larger than 1 MiB", status=413)
        if not message.get("more_body", False):
            return body


async def _answer(send: Send, answer: Answer, entry: RequestEntry) -> None:
    entry.status, entry.mcode = answer.status, answer.mcode
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _drop(scope: Scope, receive: Receive) -> None:
    cut: Callable[[], None] | None = scope.get("extensions", {}).get(DROP)
    if cut is None:
        raise ConnectionDropped("the sandbox dropped this request: a fault says so")
    cut()
    # Only when the server knows that the client is gone may the app return without an answer.
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
