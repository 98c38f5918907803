"""The pool behind httpx's interface: what servers do to connections, and that none is ever left behind."""

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
    async with RawServer() as server, pool_of(library, server.url) as client:
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
            (idle,) = client._transport._idle
            await server.until(lambda: bool(idle.stream._unread))  # noqa: B023
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
async def test_an_answer_that_breaks_off_is_an_error_and_leaves_nothing_behind(
    library: Any, play: Play, error: str
) -> None:
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


async def test_no_more_is_kept_of_a_body_than_somebody_reads(library: Any) -> None:
    async def generous(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n", b"x" * 20_000_000)
        await line.until_gone()

    async with (
        RawServer(generous) as server,
        pool_of(library, server.url) as client,
        client.stream("GET", "/") as response,
    ):
        (line,) = client._transport._lines
        await server.until(lambda: not line.stream._transport.is_reading())
        assert len(line.stream._unread) < 1_000_000
        assert len(await response.aread()) == 20_000_000


async def test_a_body_is_taken_as_fast_as_the_server_reads(library: Any) -> None:
    may_read = asyncio.Event()

    async def late(line: Line) -> None:
        await may_read.wait()
        await line.hear(21_000_000)
        await line.say(OK)
        await line.until_gone()

    async def two_parts() -> AsyncIterator[bytes]:
        yield b"x" * 20_000_000
        yield b"x" * 1_000_000

    async with RawServer(late) as server, pool_of(library, server.url) as client:
        task = asyncio.create_task(client.post("/", content=two_parts()))
        await server.until(lambda: any(line.stream._full for line in client._transport._lines))
        may_read.set()
        assert (await task).text == "ok"


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


async def test_a_body_that_fails_or_is_left_closes_its_connection_though_nobody_closes_the_response(
    library: Any,
) -> None:
    async with RawServer(broken_off(OK[:-1]), half_a_body) as server, pool_of(library, server.url) as client:
        for error in (library.RemoteProtocolError, None):
            response = await client._transport.handle_async_request(library.Request("GET", server.url))
            parts = response.stream.__aiter__()
            assert await anext(parts) == b"o"
            if error is None:
                await parts.aclose()
            else:
                with pytest.raises(error):
                    await anext(parts)
            assert client._transport._lines == set()
        assert await get(client) == "ok"


async def test_an_idle_connection_is_used_until_its_time_is_up_and_then_closed(library: Any) -> None:
    time = [1000.0]
    async with RawServer() as server, pool_of(library, server.url, now=lambda: time[0]) as client:
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


async def test_twenty_who_send_ten_requests_each_share_twenty_connections(library: Any) -> None:
    async with RawServer() as server, pool_of(library, server.url) as client:

        async def ten_requests() -> None:
            for _ in range(10):
                assert await get(client) == "ok"

        await asyncio.gather(*(ten_requests() for _ in range(20)))
        assert len(server.lines) == server.most_open == 20
        assert sum(heard.count(b"GET ") for heard in server.heard) == 200


async def test_closing_ends_what_is_in_flight_and_nothing_begins_afterwards(library: Any) -> None:
    async with RawServer(*[silent] * 3) as server, pool_of(library, server.url) as client:
        tasks = [asyncio.create_task(get(client)) for _ in range(3)]
        await server.until(lambda: len(server.heard) == 3 and all(server.heard))
        await client._transport.aclose()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, library.TransportError) for one in done), done
        with pytest.raises(library.ConnectError):
            await get(client)
        assert len(server.lines) == 3
        await server.until(lambda: server.open == 0)
