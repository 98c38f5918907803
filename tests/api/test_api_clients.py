"""Clients that are handed in: only their way out is used, and their errors are read with care."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
from scripted_service import TOKEN, ScriptedService, answer, hang

from onboarding.api import AccountApi, http_library
from onboarding.errors import InDoubt, NotSent, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[httpx2, httpx], ids=["httpx2", "httpx"])
def theirs(request: pytest.FixtureRequest) -> Any:
    """The library of the client that is handed in."""
    return request.param


async def test_nothing_of_the_client_is_merged_into_a_request(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    async with theirs.AsyncClient(
        base_url="http://127.0.0.1:9/elsewhere",
        headers={"x-api-token": "other", "x-more": "1"},
        cookies={"session": "1"},
        params={"extra": "1"},
        auth=("user", "password"),
        follow_redirects=True,
    ) as client:
        api = make(client=client)
        await api.send_email_code("a")
        await api.aclose()
        assert not client.is_closed
    (request,) = service.received
    assert request.line == "POST /v1/api/user/email/sendRegisterValidateCode?email=a HTTP/1.1"
    assert request.header("x-api-token") == TOKEN
    assert [request.header(name) for name in ("x-more", "cookie", "authorization")] == [None, None, None]


async def test_a_redirect_is_not_followed_even_where_the_client_would(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    service.replies = [answer().replace(b"200 Any", b"307 Any\r\nLocation: /other")]
    async with theirs.AsyncClient(follow_redirects=True) as client:
        with pytest.raises(InDoubt, match="redirected"):
            await make(client=client).send_email_code("a")
    assert len(service.received) == 1


async def test_the_errors_of_the_client_in_hand_are_understood(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService, unused_tcp_port: int
) -> None:
    async with theirs.AsyncClient() as client:
        with pytest.raises(NotSent):
            await make(f"http://127.0.0.1:{unused_tcp_port}", client=client).send_email_code("a")
        service.replies = [hang]
        with pytest.raises(InDoubt):
            await make(client=client, timeout=0.2).send_email_code("a")


async def test_a_pool_that_the_application_uses_up_means_not_sent(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    limits = theirs.Limits(max_connections=1)
    async with theirs.AsyncClient(limits=limits) as client:
        service.replies = [hang]
        own = asyncio.create_task(client.get(service.url))
        await service.until_it_has(1)
        api = make(client=client, timeout=0.2)
        with pytest.raises(NotSent):
            await api.send_email_code("a")
        await api.aclose()
        own.cancel()
        await asyncio.gather(own, return_exceptions=True)
    assert len(service.received) == 1


async def test_headers_that_cannot_be_written_mean_not_sent(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    async def spoil(request: Any) -> None:
        request.headers["x-broken"] = "a\nb"

    async with theirs.AsyncClient(event_hooks={"request": [spoil]}) as client:
        with pytest.raises(NotSent):
            await make(client=client).send_email_code("a")
    assert service.received == []


async def test_an_error_in_a_hook_after_the_answer_is_in_doubt(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    async def fail(_response: Any) -> None:
        raise LookupError("canary")

    async with theirs.AsyncClient(event_hooks={"response": [fail]}) as client:
        with pytest.raises(InDoubt):
            await make(client=client).send_email_code("a")


class Pretend:
    """Makes a transport of either library that raises what it is given."""

    def __init__(self, library: Any, error: Exception, cause: Exception | None = None) -> None:
        def handle(_request: Any) -> Any:
            if cause is not None:
                raise error from cause
            raise error

        self.transport = library.MockTransport(handle)


class ForeignError(Exception):
    """An error of another HTTP library."""


async def test_a_plain_connect_error_of_another_transport_is_believed(
    theirs: Any, make: Callable[..., AccountApi]
) -> None:
    transport = Pretend(theirs, theirs.ConnectError("no")).transport
    async with theirs.AsyncClient(transport=transport) as client:
        with pytest.raises(NotSent):
            await make(client=client).send_email_code("a")


@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "PoolTimeout"])
async def test_a_connect_error_translated_from_another_library_is_not_believed(
    theirs: Any, make: Callable[..., AccountApi], name: str
) -> None:
    transport = Pretend(theirs, getattr(theirs, name)("no"), ForeignError()).transport
    async with theirs.AsyncClient(transport=transport) as client:
        with pytest.raises(InDoubt):
            await make(client=client).send_email_code("a")


async def test_an_error_of_the_other_library_is_in_doubt(theirs: Any, make: Callable[..., AccountApi]) -> None:
    other = httpx if theirs is httpx2 else httpx2
    transport = Pretend(theirs, other.ConnectError("no")).transport
    async with theirs.AsyncClient(transport=transport) as client:
        with pytest.raises(InDoubt):
            await make(client=client).send_email_code("a")


async def test_a_transport_that_never_answers_is_ended(theirs: Any, make: Callable[..., AccountApi]) -> None:
    ended = asyncio.Event()

    async def handle(_request: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with theirs.AsyncClient(transport=theirs.MockTransport(handle)) as client:
        api = make(client=client, timeout=0.1, connect_timeout=0.1)
        with pytest.raises(InDoubt):
            await api.send_email_code("a")
        async with asyncio.timeout(5):
            await api.aclose()
    assert ended.is_set()


async def test_a_closed_client_sends_nothing(theirs: Any, make: Callable[..., AccountApi]) -> None:
    client = theirs.AsyncClient()
    api = make(client=client)
    await client.aclose()
    with pytest.raises(NotSent):
        await api.send_email_code("a")


async def test_a_subclass_of_a_client_will_do(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    class Ours(theirs.AsyncClient):  # type: ignore[misc]
        pass

    async with Ours() as client:
        await make(client=client).send_email_code("a")
    assert len(service.received) == 1


async def test_anything_else_is_refused(make: Callable[..., AccountApi]) -> None:
    with httpx.Client() as blocking, pytest.raises(SettingsError):
        make(client=blocking)
    with pytest.raises(SettingsError):
        make(client=object())


def test_httpx_is_used_where_httpx2_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert http_library.preferred_library() is httpx2
    monkeypatch.setitem(sys.modules, "httpx2", None)
    assert http_library.preferred_library() is httpx


def test_clients_share_one_verifying_context() -> None:
    for name in ("httpx", "httpx2"):
        context = http_library._ssl_context(name, False)
        assert context is http_library._ssl_context(name, False)
        assert context.check_hostname
        assert context.verify_mode.name == "CERT_REQUIRED"


async def test_a_proxy_that_refuses_the_tunnel_means_not_sent(
    theirs: Any, make: Callable[..., AccountApi], service: ScriptedService
) -> None:
    service.always = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    async with theirs.AsyncClient(proxy=service.url) as client:
        with pytest.raises(NotSent):
            await make("https://account.example.org", client=client).log_in("canary", "canary")
    assert [request.line for request in service.received] == ["CONNECT account.example.org:443 HTTP/1.1"]
    assert "canary" not in repr(service.received)


async def test_a_handed_in_client_may_answer_from_a_mock_transport(theirs: Any) -> None:
    answers = theirs.MockTransport(
        lambda _: theirs.Response(200, json={"result": True, "mcode": "m0000000", "data": "a-ticket"})
    )
    async with theirs.AsyncClient(transport=answers) as client:
        api = AccountApi("http://127.0.0.1:1", tenant_id="T001117", token="sandbox-token", client=client)
        assert await api.verify_mobile_code("15912345678", "123456") == "a-ticket"


async def test_a_mock_transport_that_gives_too_much_is_in_doubt(theirs: Any) -> None:
    answers = theirs.MockTransport(lambda _: theirs.Response(200, content=b" " * (2**20 + 1)))
    async with theirs.AsyncClient(transport=answers) as client:
        api = AccountApi("http://127.0.0.1:1", tenant_id="T001117", token="sandbox-token", client=client)
        with pytest.raises(InDoubt, match=r"too large|size|MiB"):
            await api.log_in("15912345678", "Abcd1234")
