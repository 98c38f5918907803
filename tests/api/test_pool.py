"""The pool behind httpx's interface: what servers do to connections, and that no place is ever lost."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pool_under_test import deaf, get, half_a_body, pool_of, silent
from raw_server import OK, Line, Play, RawServer, answer_all

pytestmark = pytest.mark.anyio


async def test_the_connection_used_last_is_used_again(library: Any) -> None:
    async with RawServer() as server, pool_of(library, server.url, 3) as client:
        assert isinstance(client._transport, library.AsyncBaseTransport)
        await asyncio.gather(*(get(client) for _ in range(3)))
        for _ in range(5):
            assert await get(client) == "ok"
        assert len(server.lines) == 3
        assert sorted(heard.count(b"GET ") for heard in server.heard) == [1, 1, 6]


async def one_answer_then_close(line: Line) -> None:
    await line.request()
    await line.say(OK)


async def one_answer_then_half_close(line: Line) -> None:
    await one_answer_then_close(line)
    line.writer.write_eof()
    await line.until_gone()


async def one_answer_and_a_goodbye(line: Line) -> None:
    await line.request()
    await line.say(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    await line.until_gone()


async def one_answer_until_the_end(line: Line) -> None:
    await line.request()
    await line.say(b"HTTP/1.0 200 OK\r\n\r\nok")


@pytest.mark.parametrize(
    "play",
    [
        one_answer_then_close,
        one_answer_then_half_close,
        one_answer_and_a_goodbye,
        one_answer_until_the_end,
    ],
)
async def test_a_connection_that_the_server_has_done_with_is_not_used_again(library: Any, play: Play) -> None:
    async with RawServer(play, play) as server, pool_of(library, server.url) as client:
        pool = client._transport
        for more in (True, True, False):
            assert await get(client) == "ok"
            if more:
                await server.until(lambda: not pool._idle or pool._idle[0].http.has_expired())
        assert [heard.count(b"GET ") for heard in server.heard] == [1, 1, 1]
        await server.until(lambda: server.open == 1)


async def test_a_connection_on_which_something_came_unasked_is_not_used_again(library: Any) -> None:
    async with RawServer() as server, pool_of(library, server.url) as client:
        for count in (1, 2):
            assert await get(client) == "ok"
            await server.lines[-1].say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nothers")
            await server.until(client._transport._idle[0].http.has_expired)
            assert len(server.lines) == count
        assert await get(client) == "ok"


async def test_interim_answers_are_passed_over(library: Any) -> None:
    async def interim(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n", OK)
        await answer_all(line)

    async with RawServer(interim) as server, pool_of(library, server.url) as client:
        assert [await get(client), await get(client)] == ["ok", "ok"]
        assert len(server.lines) == 1


def broken_off(*parts: bytes, reset: bool = False) -> Play:
    async def play(line: Line) -> None:
        await line.request()
        await line.say(*parts)
        if reset:
            line.reset()

    return play


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKEN = [
    pytest.param(broken_off(), "RemoteProtocolError", id="no answer"),
    pytest.param(broken_off(b"HTTP/1.1 200 O"), "RemoteProtocolError", id="in the headers"),
    pytest.param(broken_off(OK[:-1]), "RemoteProtocolError", id="in the body"),
    pytest.param(broken_off(CHUNKED + b"9\r\nx"), "RemoteProtocolError", id="in a chunk"),
    pytest.param(broken_off(b"nonsense\r\n\r\n"), "RemoteProtocolError", id="nonsense"),
    pytest.param(broken_off(reset=True), "TransportError", id="reset"),
]  # fmt: skip


@pytest.mark.parametrize(("play", "error"), BROKEN)
async def test_an_answer_that_breaks_off_is_an_error_and_costs_no_place(library: Any, play: Play, error: str) -> None:
    async with RawServer(play, play) as server, pool_of(library, server.url) as client:
        for _ in range(2):
            with pytest.raises(getattr(library, error)) as caught:
                await get(client)
            assert type(caught.value.__cause__).__module__.startswith("httpcore")
        assert await get(client) == "ok"


async def test_an_answer_that_comes_before_the_request_is_whole_is_read(library: Any) -> None:
    async def refuse(line: Line) -> None:
        await line.hear()
        await line.say(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        line.writer.write_eof()
        await line.until_gone()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async with RawServer(refuse) as server, pool_of(library, server.url) as client:
        assert (await client.post("/", content=endless())).status_code == 413
        assert await get(client) == "ok"


async def test_a_slow_body_is_read_and_one_that_stalls_is_a_timeout(library: Any) -> None:
    async def slow(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(100):
            await line.say(b"x" * 1000)
            await asyncio.sleep(0.001)
        await line.until_gone()

    async with RawServer(slow) as server, pool_of(library, server.url) as client:
        assert len(await get(client)) == 100_000
    async with RawServer(half_a_body, silent) as server, pool_of(library, server.url) as client:
        for _ in range(2):
            with pytest.raises(library.ReadTimeout):
                await get(client, timeout=library.Timeout(5, read=0.05))
        assert await get(client) == "ok"
        await server.until(lambda: server.open == 1)


async def test_a_body_that_nobody_takes_is_a_timeout(library: Any) -> None:
    async with RawServer(deaf) as server, pool_of(library, server.url) as client:
        with pytest.raises(library.WriteTimeout):
            await client.post("/", content=b"x" * 20_000_000, timeout=library.Timeout(5, write=0.05))
        assert await get(client) == "ok"


async def test_a_response_that_is_not_read_closes_its_connection(library: Any) -> None:
    async with RawServer(half_a_body) as server, pool_of(library, server.url) as client:
        async with client.stream("GET", "/") as response:
            assert response.status_code == 200
        assert await get(client) == "ok"
        assert len(server.lines) == 2


async def test_who_came_first_is_served_first_and_who_waits_too_long_is_told(library: Any) -> None:
    async with RawServer() as server, pool_of(library, server.url) as client:
        served: list[int] = []

        async def one(number: int) -> None:
            await get(client)
            served.append(number)

        async with client.stream("GET", "/"):
            tasks = [asyncio.create_task(one(number)) for number in range(10)]
            await asyncio.sleep(0)
            with pytest.raises(library.PoolTimeout):
                await get(client, timeout=library.Timeout(5, pool=0.02))
        await asyncio.gather(*tasks)
        assert served == list(range(10))
        assert [heard.count(b"GET ") for heard in server.heard] == [1, 10]


async def test_an_idle_connection_is_used_until_its_time_is_up_and_then_closed(library: Any) -> None:
    time = [1000.0]
    async with RawServer() as server, pool_of(library, server.url, 2, now=lambda: time[0]) as client:
        await asyncio.gather(get(client), get(client))
        time[0] += 3.0
        await get(client)
        assert len(server.lines) == 2
        time[0] += 0.1
        await get(client)  # the other one is past its time, and is closed without being asked for
        await server.until(lambda: server.open == 1)
        time[0] += 3.1
        await get(client)
        assert len(server.lines) == 3
        await server.until(lambda: server.open == 1)


async def test_what_cannot_connect_says_so(library: Any, unused_tcp_port: int, self_signed: ssl.SSLContext) -> None:
    async with pool_of(library, f"http://127.0.0.1:{unused_tcp_port}") as client:
        for _ in range(3):
            with pytest.raises(library.ConnectError):
                await get(client)
    async with RawServer(context=self_signed) as server, pool_of(library, server.url) as client:
        for _ in range(3):
            with pytest.raises(library.ConnectError):
                await get(client)
        assert server.heard == []
    async with RawServer(silent) as server, pool_of(library, server.url.replace("http:", "https:")) as client:
        with pytest.raises(library.ConnectTimeout):
            await get(client, timeout=library.Timeout(5, connect=0.05))


async def test_requests_go_over_tls_and_share_a_connection(
    library: Any, self_signed: ssl.SSLContext, tmp_path: Path
) -> None:
    trusting = ssl.create_default_context(cafile=tmp_path / "both.pem")
    trusting.check_hostname = False
    async with (
        RawServer(context=self_signed) as server,
        pool_of(library, server.url, context=trusting) as client,
    ):
        for _ in range(3):
            response = await client.get("/")
            assert (response.text, response.http_version) == ("ok", "HTTP/1.1")
        assert len(server.lines) == 1


async def test_another_origin_is_refused(library: Any) -> None:
    async with RawServer() as server, RawServer() as other, pool_of(library, server.url) as client:
        for url in (other.url, server.url.replace("http:", "https:"), server.url.replace("127.0.0.1", "localhost")):
            with pytest.raises(library.UnsupportedProtocol):
                await client.get(url)
        assert other.lines == []


async def test_two_hundred_requests_share_twenty_connections(library: Any) -> None:
    async with RawServer() as server, pool_of(library, server.url, 20) as client:
        assert await asyncio.gather(*(get(client) for _ in range(200))) == ["ok"] * 200
        assert len(server.lines) == server.most_open == 20


async def test_closing_ends_what_is_in_flight_and_what_waits(library: Any) -> None:
    async with RawServer(silent) as server, pool_of(library, server.url) as client:
        tasks = [asyncio.create_task(get(client)) for _ in range(3)]
        await server.until(lambda: bool(server.heard) and bool(server.heard[0]))
        await client._transport.aclose()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, library.TransportError) for one in done), done
        assert len(server.lines) == 1
        await server.until(lambda: server.open == 0)
