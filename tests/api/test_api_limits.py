"""Deadlines, places, cancellation: what a call costs at most, and what it leaves behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scripted_service import Play, ScriptedService, after, answer, drip, hang, http

from onboarding.api import Call, Endpoint, observing
from onboarding.errors import InDoubt, NotSent, RefusedByProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from onboarding.api.client import AccountApi

pytestmark = pytest.mark.anyio


class Watcher:
    """Keeps what the hooks are told."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.calls: list[Call] = []

    def sending(self, endpoint: Endpoint) -> None:
        self.sent.append(endpoint.name)

    def ended(self, call: Call) -> None:
        self.calls.append(call)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the other end does in its own time; a test that waits in vain fails."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


SLOW = [
    pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000), id="a header byte at a time"),
    pytest.param(drip(http(200, b" " * 50_000)), id="a body byte at a time"),
    pytest.param(drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000), id="one interim answer after the other"),
]


@pytest.mark.parametrize("slow", SLOW)
async def test_a_drip_ends_at_the_deadline_and_gives_its_place_back(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService, slow: Play
) -> None:
    api = make(timeout=0.2, pool_size=2)
    service.replies = [slow, slow, slow, slow]
    async with asyncio.timeout(5):
        for _ in range(2):
            results = await asyncio.gather(api.send_email_code("a"), api.send_email_code("b"), return_exceptions=True)
            assert [type(result) for result in results] == [InDoubt, InDoubt]
        await api.send_email_code("c")
    await until(lambda: service.at_once == 0)


async def test_a_drip_of_an_error_needs_no_body(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    service.replies = [http(404, b"x")[:-1]]
    async with asyncio.timeout(2):
        with pytest.raises(RefusedByProtocol):
            await make().send_email_code("a")


async def test_no_more_requests_are_in_flight_than_there_are_places(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    event = asyncio.Event()
    service.always = after(event, answer())
    api = make(pool_size=3)
    tasks = [asyncio.create_task(api.send_email_code("a")) for _ in range(10)]
    await until(lambda: service.at_once == 3)
    event.set()
    await asyncio.gather(*tasks)
    assert len(service.received) == 10
    assert service.most_at_once == 3


async def test_a_call_that_gets_no_place_in_time_was_not_sent(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    api = make(pool_size=1, timeout=0.3)
    service.replies = [hang]
    first = asyncio.create_task(api.send_email_code("a"))
    await until(lambda: service.at_once == 1)
    api._caller._timeout = 0.05
    with pytest.raises(NotSent):
        await api.send_email_code("b")
    with pytest.raises(InDoubt):
        await first
    assert len(service.received) == 1


async def test_who_waits_for_a_place_gets_it_in_turn_and_who_stops_waiting_takes_none(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    event = asyncio.Event()
    service.replies = [after(event, answer())]
    api = make(pool_size=1)
    tasks = [asyncio.create_task(api.send_email_code(str(number))) for number in range(9)]
    await until(lambda: service.at_once == 1)
    for task in tasks[1:4]:
        task.cancel()
    event.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks, return_exceptions=True)
    assert [number for number, task in enumerate(tasks) if task.cancelled()] == [1, 2, 3]
    assert [received.line.split()[1][-1] for received in service.received] == list("045678")


async def test_a_connection_that_does_not_stand_in_time_means_not_sent(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    # TLS towards a server that says nothing: the connection never stands, and nothing of the request is out.
    seen: list[bytes] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for limits in ({"timeout": 0.2}, {"timeout": 5.0, "connect_timeout": 0.2}):
            with pytest.raises(NotSent):
                await make(address, **limits).log_in("canary-name", "canary-password")
        await until(lambda: len(seen) == 2)
    assert all(b"canary" not in one for one in seen)


async def test_a_connection_that_stands_too_late_carries_nothing(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = asyncio.Event()
    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo

    async def slow_resolve(*args: Any, **kwargs: Any) -> Any:
        await late.wait()
        return await resolve(*args, **kwargs)

    monkeypatch.setattr(loop, "getaddrinfo", slow_resolve)
    api = make(f"http://localhost:{service.port}", timeout=0.2, connect_timeout=5.0)
    # The library's own limit is taken away, so that the connection does come to stand after the deadline.
    passage_limits = "onboarding.api.routes.min"
    monkeypatch.setattr(passage_limits, lambda *_: 5.0, raising=False)
    with pytest.raises(NotSent):
        await api.send_email_code("a")
    late.set()
    await api.aclose()
    assert service.connections == 1
    assert service.received == []


async def test_a_cancelled_call_ends_by_itself_and_its_outcome_is_reported(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    event, watcher = asyncio.Event(), Watcher()
    service.replies = [after(event, answer("ticket"))]
    api = make()
    with observing(watcher):
        task = asyncio.create_task(api.verify_mobile_code("1", "2"))
    await until(lambda: service.at_once == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    event.set()
    await until(lambda: bool(watcher.calls))
    assert [call.outcome for call in watcher.calls] == ["answered"]
    await api.send_email_code("a")
    assert service.connections == 1, "the connection was kept"


async def test_every_place_survives_two_hundred_cancelled_calls(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    api = make(pool_size=10)
    service.always = answer()
    tasks = []
    for number in range(200):
        tasks.append(asyncio.create_task(api.send_email_code("a")))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        tasks[number - number % 5].cancel()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    event = asyncio.Event()
    service.always = after(event, answer())
    tasks = [asyncio.create_task(api.send_email_code("b")) for _ in range(50)]
    await until(lambda: service.at_once == 10)  # only if every place is there
    event.set()
    await asyncio.gather(*tasks)
    assert service.most_at_once == 10


async def test_closing_waits_for_the_requests_in_flight(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    event, watcher = asyncio.Event(), Watcher()
    service.replies = [after(event, answer())]
    api = make()
    with observing(watcher):
        task = asyncio.create_task(api.send_email_code("a"))
        await until(lambda: service.at_once == 1)
        closing = asyncio.create_task(api.aclose())
        await asyncio.sleep(0)
        with pytest.raises(NotSent, match="closed"):
            await api.send_email_code("b")
        event.set()
        await asyncio.gather(task, closing)
    assert [call.outcome for call in watcher.calls] == ["not_sent", "answered"]
    assert watcher.sent == ["send_email_code"]
