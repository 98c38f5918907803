"""Every outcome, over a real connection."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from api_calls import EXAMPLES, Example
from scripted_service import Play, ScriptedService, answer, drop, hang, http

from onboarding.api import Meaning
from onboarding.errors import CallError, InDoubt, NotSent, Refused, RefusedByProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from onboarding.api.client import AccountApi

pytestmark = pytest.mark.anyio


async def failure(api: AccountApi) -> CallError:
    with pytest.raises(CallError) as caught:
        await api.verify_mobile_code("15912345678", "931484")
    return caught.value


@pytest.mark.parametrize(
    ("reply", "kind", "reason"),
    [
        (answer(mcode="SANDBOX_CODE_WRONG"), Refused, "wrong"),
        (answer(mcode="PUB_AUTH_0000018"), RefusedByProtocol, "expired"),
        (answer(mcode="BW_API_0000003"), RefusedByProtocol, "tenant"),
        (answer(mcode="-1"), InDoubt, "system error"),
        (answer(mcode="PUB_AUTH_0000099"), InDoubt, "does not list"),
        (answer(mcode="PUB_AUTH_0000052"), InDoubt, "does not list"),
        (answer("t", result=False), InDoubt, "contradict"),
        (answer("t", mcode="SANDBOX_CODE_WRONG", result=True), InDoubt, "contradict"),
        (answer(931484), InDoubt, "shape"),
        (http(400), RefusedByProtocol, "accept"),
        (http(404, b"<html>"), RefusedByProtocol, "accept"),
        (http(408), InDoubt, "gave up"),
        (http(425), NotSent, "early"),
        (http(429), NotSent, "throttled"),
        (http(500), InDoubt, "failed"),
        (http(502, b"<html>"), InDoubt, "failed"),
        (http(301, b"", "Location: http://127.0.0.1:9/"), InDoubt, "redirected"),
        (http(302, b"", "Location: http://["), InDoubt, ""),
        (http(201, b'{"result":true,"mcode":"m0000000","data":"t"}'), InDoubt, "no answer"),
        (b"HTTP/1.1 204 None\r\n\r\n", InDoubt, "no answer"),
        (http(200, b"<html>"), InDoubt, "broken"),
        (http(200), InDoubt, "broken"),
        (http(200, b" " * (1024 * 1024 + 1)), InDoubt, "too large"),
        (http(200, b"x", "Content-Encoding: br"), InDoubt, "unreadable"),
        (http(200, gzip.compress(b" " * 50_000_000, 1), "Content-Encoding: gzip"), InDoubt, "too large"),
        (b"SSH-2.0-what\r\n\r\n", InDoubt, "broke"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, InDoubt, "broke"),
        (drop, InDoubt, "broke"),
    ],
)  # fmt: skip
async def test_an_outcome_is_of_its_kind(
    api: AccountApi, service: ScriptedService, reply: bytes | Play, kind: type[CallError], reason: str
) -> None:
    service.replies = [reply]
    error = await failure(api)
    assert type(error) is kind
    assert reason in error.reason
    assert error.endpoint == "verify_mobile_code"
    assert len(service.received) == 1, "nothing is repeated"
    service.always = answer("ticket")
    assert await api.verify_mobile_code("1", "2") == "ticket", "the next call works"


async def test_a_refusal_carries_its_meaning(api: AccountApi, service: ScriptedService) -> None:
    service.always = answer(mcode="SANDBOX_CODE_EXPIRED")
    error = await failure(api)
    assert isinstance(error, Refused)
    assert (error.meaning, error.mcode, error.http_status) == ("code_expired", "SANDBOX_CODE_EXPIRED", 200)
    assert error.reason == Meaning.CODE_EXPIRED.text


async def test_a_live_code_is_believed_where_its_meaning_belongs(
    make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    api = make(result_codes={"PUB_AUTH_0000031": Meaning.CODE_WRONG})
    service.always = answer(mcode="PUB_AUTH_0000031")
    error = await failure(api)
    assert isinstance(error, Refused)
    assert error.meaning == Meaning.CODE_WRONG
    with pytest.raises(InDoubt):
        await api.log_in("a", "b")


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [(429, "7", 7.0), (503, "Sun, 22 Nov 2026 12:00:30 GMT", 30.0), (429, "soon", None), (503, "1e9", None)],
)
async def test_the_wait_that_the_service_asks_for_is_told(
    make: Callable[..., AccountApi], service: ScriptedService, status: int, header: str, wait: float | None
) -> None:
    class Noon:
        def now(self) -> datetime:
            return datetime(2026, 11, 22, 12, tzinfo=UTC)

        def monotonic(self) -> float:
            return 0.0

        async def sleep(self, delay: float) -> None: ...

    service.always = http(status, b"", f"Retry-After: {header}")
    assert (await failure(make(clock=Noon()))).retry_after == wait


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_data_of_a_wrong_shape_is_in_doubt_wherever_data_matters(
    make: Callable[..., AccountApi], service: ScriptedService, example: Example
) -> None:
    service.always = answer(example.wrong_data if example.wrong_data is not ... else [])
    if example.wrong_data is ...:
        assert await example.make(make()) is None
    else:
        with pytest.raises(InDoubt, match="shape"):
            await example.make(make())


async def test_a_zipped_answer_is_read(api: AccountApi, service: ScriptedService) -> None:
    body = gzip.compress(json.dumps({"result": True, "mcode": "m0000000", "data": "t"}).encode())
    service.always = http(200, body, "Content-Encoding: gzip")
    assert await api.verify_mobile_code("1", "2") == "t"


async def test_a_port_where_nobody_listens_means_not_sent(
    library: Any, make: Callable[..., AccountApi], unused_tcp_port: int
) -> None:
    error = await failure(make(f"http://127.0.0.1:{unused_tcp_port}"))
    assert type(error) is NotSent


async def test_a_name_that_does_not_resolve_means_not_sent(
    library: Any, make: Callable[..., AccountApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    assert type(await failure(make("https://account.invalid"))) is NotSent


async def test_a_certificate_that_cannot_be_verified_means_not_sent(
    library: Any, make: Callable[..., AccountApi], self_signed: ssl.SSLContext
) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(1))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self_signed)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert type(await failure(make(f"https://localhost:{port}"))) is NotSent
    assert [one for one in seen if one] == []


async def test_silence_until_the_deadline_is_in_doubt(
    library: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    service.replies = [hang]
    error = await failure(make(timeout=0.3))
    assert type(error) is InDoubt
    assert error.reason == "no answer in time"


async def test_no_error_keeps_the_one_it_came_from(api: AccountApi, service: ScriptedService) -> None:
    for reply in (drop, http(200, b"{"), answer(7), answer(mcode="-1"), http(500)):
        service.replies = [reply]
        error = await failure(api)
        assert error.__cause__ is None
        assert error.__context__ is None
