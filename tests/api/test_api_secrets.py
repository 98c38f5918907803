"""Nothing of a person or of our credentials gets into a traceback, a repr or a log."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from api_calls import EXAMPLES, Example
from scripted_service import TOKEN, Play, ScriptedService, after, answer, drop, http

from onboarding.api import Endpoint, Login, Task, User, UserPage, observing
from onboarding.api.account import AccountInfo
from onboarding.api.client import AccountApi
from onboarding.errors import CallError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.anyio

CANARY = "canary"


def told(error: BaseException) -> str:
    """All that a tool could print about an error: with locals, except those of the tests' own frames."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    everything = [report]
    for one in everything:
        everything += [linked for linked in (one.__cause__, one.__context__) if linked is not None]
        own = [frame for frame in one.stack if "/tests/" in frame.filename or "<lambda>" in frame.name]
        for frame in own:
            one.stack.remove(frame)
    return "".join("".join(one.format(chain=False)) for one in everything) + repr(error) + repr(vars(error))


BAD: dict[str, bytes | Play] = {
    "refused": answer("canary", mcode="SANDBOX_CODE_WRONG"),
    "token expired": answer("canary", mcode="PUB_AUTH_0000018"),
    "unknown code": answer("canary", mcode="canary 15912345678"),
    "echo": http(400, b"canary"),
    "html": http(502, b"<html>canary"),
    "broken": http(200, b'{"result": true, "canary'),
    "not text": http(200, b'"canary\xff'),
    "twice": http(200, b'{"canary": 1, "canary": 2}'),
    "redirect": http(302, b"", "Location: http://canary/"),
    "bad redirect": http(302, b"", "Location: http://[canary"),
    "dropped": drop,
    "throttled": http(429, b"canary", "Retry-After: canary"),
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_no_error_of_a_call_tells_a_secret(api: AccountApi, service: ScriptedService, example: Example) -> None:
    bad: dict[str, bytes | Play] = {**BAD, "shape": answer(["canary", {"phone": "canary"}])}
    for name, reply in bad.items():
        if name == "shape" and example.wrong_data is ...:
            continue
        service.replies = [reply]
        with pytest.raises(CallError) as caught:
            await example.make(api)
        text = told(caught.value)
        assert "in call" in text, "the frames of the client are among what is told"
        assert CANARY not in text, f"{example.name}, {name}"
        assert CANARY not in repr(pickle.loads(pickle.dumps(caught.value)))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_no_call_that_never_left_tells_a_secret(
    library: Any, make: Callable[..., AccountApi], example: Example, unused_tcp_port: int
) -> None:
    closed = make()
    await closed.aclose()
    for api in (make(f"http://127.0.0.1:{unused_tcp_port}"), closed):
        with pytest.raises(CallError) as caught:
            await example.make(api)
        assert CANARY not in told(caught.value)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_neither_a_deadline_nor_a_cancellation_tells_a_secret(
    make: Callable[..., AccountApi], service: ScriptedService, example: Example
) -> None:
    event = asyncio.Event()
    service.always = after(event, answer(example.data))
    with pytest.raises(CallError) as late:
        await example.make(make(timeout=0.05))
    assert CANARY not in told(late.value)
    before = len(service.received)  # none, where the deadline came before the request had left
    task = asyncio.ensure_future(example.make(make()))
    await service.until_it_has(before + 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as cancelled:
        await task
    assert CANARY not in told(cancelled.value)
    event.set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_an_observer_that_stops_a_call_tells_no_secret(
    api: AccountApi, service: ScriptedService, example: Example
) -> None:
    class Stop:
        def sending(self, endpoint: Endpoint) -> None:
            raise PermissionError("the lease is gone")

        def ended(self, call: object) -> None: ...

    with observing(Stop()), pytest.raises(PermissionError) as caught:
        await example.make(api)
    assert CANARY not in told(caught.value)
    assert service.received == []


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "https://user:canary@example.org"},
        {"base_url": "http://canary.example.org"},
        {"token": "canary\n"},
        {"tenant_id": ""},
        {"language": "x"},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"connect_timeout": -1},
        {"pool_size": 0},
        {"result_codes": {"m0000000": "code_wrong"}},
        {"result_codes": {"PUB_AUTH_0000031": "guessed"}},
        {"final_states": {"Finished": "done"}},
        {"client": object()},
    ],
)
def test_a_setting_that_cannot_work_is_refused_without_telling_a_secret(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        AccountApi(**{"tenant_id": "T001117", "token": TOKEN, **settings})
    assert CANARY not in told(caught.value)


async def test_no_repr_shows_a_person_or_a_token(make: Callable[..., AccountApi]) -> None:
    api = make()
    user = User(user_id="canary", phone="canary", email="canary", unknown="canary")
    things = [
        api,
        Login(user_id="canary", phone="canary"),
        user,
        UserPage(users=[user]),
        Task(id="canary", state="canary", user_id="canary"),
        AccountInfo({"base": "canary"}),
    ]
    for thing in things:
        assert CANARY not in f"{thing!r} {thing!s}"
    assert repr(api) == f"<AccountApi {api._base_url} tenant T001117>"


@contextlib.contextmanager
def all_logs() -> Iterator[io.StringIO]:
    """Every record of every logger that reaches the root, at DEBUG."""
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


async def test_our_requests_leave_no_log_line_and_those_of_the_application_do(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    with all_logs() as logs:
        api = make()
        for reply in (answer("canary"), drop, http(500), b"HTTP/1.1 302 Any\r\nLocation: http://[\r\n\r\n"):
            service.replies = [reply]
            with contextlib.suppress(CallError):
                await api.verify_mobile_code("canary", "canary")
        await api.aclose()
        assert CANARY not in logs.getvalue()
        assert "http11" not in logs.getvalue()
        async with library.AsyncClient() as own:
            await own.get(f"{service.url}/theirs")
        assert "/theirs" in logs.getvalue()
        assert "send_request_headers" in logs.getvalue()


async def test_a_client_that_is_handed_in_is_quiet_for_us_only(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    service.always = answer("canary-ticket")
    async with library.AsyncClient() as shared:
        with all_logs() as logs:
            api = make(client=shared)
            await asyncio.gather(api.verify_mobile_code("canary", "canary"), shared.get(f"{service.url}/theirs"))
    assert "/theirs" in logs.getvalue()
    assert CANARY not in logs.getvalue()
