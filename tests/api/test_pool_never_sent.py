""" "Never sent" is said where no byte left, and only there."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest
from pool_under_test import get, pool_of, silent
from raw_server import OK, Line, Play, RawServer
from scripted_service import answer

from onboarding.api.client import AccountApi
from onboarding.api.network import Stream
from onboarding.api.passage import Passage
from onboarding.errors import CallError, InDoubt, NotSent

pytestmark = pytest.mark.anyio

WHOLE = answer("ticket")


def dropped_after(count: int, *parts: bytes) -> Play:
    """A connection that is reset when so many bytes have come in, and these have gone out."""

    async def play(line: Line) -> None:
        await line.hear(count)
        await line.say(*parts)
        line.reset()

    return play


async def outcome(api: AccountApi) -> type[CallError]:
    with pytest.raises(CallError) as caught:
        await api.verify_mobile_code("159", "931484")
    return type(caught.value)


@pytest.mark.parametrize("part", [b"", WHOLE[:1], WHOLE[:30], WHOLE[:-20], WHOLE[:-1]])
@pytest.mark.parametrize("count", [1, 100, 200])
async def test_whatever_the_server_heard_of_a_request_it_is_in_doubt(
    library: Any, make: Callable[..., AccountApi], count: int, part: bytes
) -> None:
    async with RawServer(dropped_after(count, part)) as server:
        api = make(server.url, pool_size=1)
        assert await outcome(api) is InDoubt
        assert len(server.heard[0]) >= count
        server.plays = [dropped_after(1, WHOLE)]
        assert await api.verify_mobile_code("159", "931484") == "ticket"


async def test_a_handshake_that_is_dropped_means_not_sent(library: Any, make: Callable[..., AccountApi]) -> None:
    async with RawServer(dropped_after(1)) as server:
        assert await outcome(make(server.url.replace("http:", "https:"))) is NotSent
        assert b"931484" not in server.heard[0]


async def first_call_answered(line: Line) -> None:
    await line.request()
    await line.say(WHOLE)
    await line.until_gone()


async def test_a_connection_that_closed_before_the_first_byte_means_not_sent(
    library: Any, make: Callable[..., AccountApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It closes between the pool's look at it and the first byte: the look is made to see nothing.
    monkeypatch.setattr(Stream, "get_extra_info", lambda *_: None)
    async with RawServer(first_call_answered) as server:
        api = make(server.url)
        await api.verify_mobile_code("159", "931484")
        (idle,) = api._transport._client._idle
        server.lines[0].reset()
        await server.until(lambda: bool(idle.stream.is_closed))
        assert await outcome(api) is NotSent
        assert server.heard[0].count(b"GET ") == 1
        assert len(server.lines) == 1


def shut(line: Line) -> None:
    """Close at once, so that the other side's event loop has not heard of it yet."""
    with socket.socket(fileno=os.dup(line.writer.get_extra_info("socket").fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


async def test_a_connection_that_closed_a_moment_ago_is_seen_and_not_used(
    library: Any, make: Callable[..., AccountApi]
) -> None:
    async with RawServer(first_call_answered, first_call_answered) as server:
        api = make(server.url)
        await api.verify_mobile_code("159", "931484")
        shut(server.lines[0])
        assert await api.verify_mobile_code("159", "931484") == "ticket"
        assert [heard.count(b"GET ") for heard in server.heard] == [1, 1]


async def test_bytes_written_into_a_connection_that_was_closed_are_in_doubt(
    library: Any, make: Callable[..., AccountApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = Passage.leave

    def leave_too_late(self: Passage) -> None:
        leave(self)
        shut(server.lines[0])

    async with RawServer(first_call_answered) as server:
        api = make(server.url)
        await api.verify_mobile_code("159", "931484")
        monkeypatch.setattr(Passage, "leave", leave_too_late)
        assert await outcome(api) is InDoubt
        assert server.heard[0].count(b"GET ") == 1


async def test_the_hook_is_called_once_when_the_connection_stands_and_nothing_is_out(library: Any) -> None:
    async with RawServer() as server, pool_of(library, server.url) as client:
        seen: list[tuple[int, int]] = []

        def leaving() -> None:
            seen.append((len(client._transport._lines), sum(heard.count(b"POST ") for heard in server.heard)))

        for _ in range(2):
            request = client.build_request("POST", "/", content=b"", headers={"content-length": "0"})
            request.extensions["leaving"] = leaving
            assert (await client.send(request)).text == "ok"
        assert seen == [(1, 0), (1, 1)]


async def test_a_hook_that_raises_keeps_the_request_here(library: Any) -> None:
    def leaving() -> None:
        raise LookupError

    async with RawServer(silent) as server, pool_of(library, server.url) as client:
        with pytest.raises(LookupError):
            await client.post("/", content=b"x", extensions={"leaving": leaving})
        await server.until(lambda: len(server.lines) == 1 and server.open == 0)
        assert server.heard == [b""]
        assert await get(client) == OK[-2:].decode()


async def test_headers_that_cannot_be_written_never_leave(library: Any) -> None:
    async with RawServer() as server, pool_of(library, server.url) as client:
        seen: list[str] = []
        with pytest.raises(library.LocalProtocolError):
            await client.get("/", headers={"x": "a\nb"}, extensions={"leaving": lambda: seen.append("left")})
        assert (seen, b"".join(server.heard)) == ([], b"")
