"""The guards of the adapter: what an answer may do to us, and what it may make us believe."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from onboarding.api import caller, envelope, strict_json, transport
from onboarding.api.caller import Caller
from onboarding.api.passage import Passage
from onboarding.api.transport import Transport
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("deadline", "a call ends when its time is up", part="answers")
def _deadline() -> Iterator[None]:
    with (
        in_place_of(Passage, "remaining", lambda _: 3600.0),
        in_place_of(Passage, "bound", lambda _: asyncio.timeout(None)),
    ):
        yield


@mutant("answer-size", "an answer has a greatest size", part="answers")
def _answer_size() -> Iterator[None]:
    async def greedy(response: Any) -> bytes:
        return b"".join([piece async for piece in response.aiter_raw()])

    with in_place_of(Transport, "_read", staticmethod(greedy)):
        yield


@mutant("unpacked-size", "a packed answer has a greatest size too", part="answers")
def _unpacked_size() -> Iterator[None]:
    import zlib

    def greedy(encoding: str | None, body: bytes) -> bytes | None:
        return zlib.decompress(body, 47) if encoding in ("gzip", "deflate") else body

    with in_place_of(envelope, "unpack", greedy), in_place_of(transport, "unpack", greedy):
        yield


@mutant("strict-json", "an answer that could be read in two ways is not read", part="answers")
def _strict_json() -> Iterator[None]:
    with in_place_of(strict_json, "load", json.loads):
        yield


@mutant("shape", "an answer of an unexpected shape is a doubt", part="answers")
def _shape() -> Iterator[None]:
    with in_place_of(caller, "_shaped", lambda answer, read: envelope.Answer(read(answer.data))):
        yield


@mutant("never-sent", "a request counts as never sent only if no byte of it left", part="answers")
def _never_sent() -> Iterator[None]:
    with (
        in_place_of(Passage, "may_have_left", property(lambda _: False)),
        in_place_of(Transport, "_proves_unsent", lambda *_: True),
    ):
        yield


@mutant("call-uncancelled", "a request under way is never broken off from outside", part="answers")
def _call_uncancelled() -> Iterator[None]:
    async def direct(self: Caller, request: Any, read: Any, passage: Any, start: float) -> Any:
        return await self._perform(request, read, passage, start)

    with in_place_of(Caller, "_send", direct):
        yield
