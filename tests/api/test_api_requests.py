"""What goes over the wire, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from api_calls import EXAMPLES, Example
from pydantic import SecretStr
from scripted_service import TOKEN, ScriptedService, answer

from onboarding.api import ENDPOINTS, CodePurpose
from onboarding.errors import RefusedByProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from onboarding.api.client import AccountApi

pytestmark = pytest.mark.anyio


def test_there_is_an_example_of_every_endpoint() -> None:
    assert [example.name for example in EXAMPLES] == list(ENDPOINTS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
async def test_a_call_is_written_as_the_contract_has_it(
    api: AccountApi, service: ScriptedService, example: Example
) -> None:
    service.always = answer(example.data)
    await example.make(api)
    (request,) = service.received
    assert request.line == example.line
    assert request.body == example.body
    assert request.header("content-type") == "application/json"
    assert ("x-api-tenantId", "T001117") in request.headers
    assert ("x-api-token", TOKEN) in request.headers
    names = {name.lower() for name, _ in request.headers}
    assert names - {"content-length"} == {
        "host", "accept", "accept-encoding", "user-agent", "content-type", "x-api-tenantid", "x-api-token",
    }  # fmt: skip


async def test_the_language_is_sent_where_it_is_set(make: Callable[..., AccountApi], service: ScriptedService) -> None:
    await make(language="zh-HK").send_email_code("a@example.org")
    assert service.received[0].header("x-language") == "zh-HK"


async def test_a_code_by_message_says_so_and_gives_nothing(api: AccountApi, service: ScriptedService) -> None:
    service.always = answer("380086")
    assert await api.request_mobile_code("159", CodePurpose.UPDATE_PHONE) is None
    assert service.received[0].line.endswith("?phone=159&type=UpdatePhoneNumber&sendSms=true HTTP/1.1")


async def test_an_optional_field_is_written_in_its_place(api: AccountApi, service: ScriptedService) -> None:
    await api.register_by_mobile("n", "p", "w", "c", recommend_code=SecretStr("r"))
    expected = b'{"name":"n","phone":"p","password":"w","recommendCode":"r","validateCode":"c"}'
    assert service.received[0].body == expected


async def test_secrets_may_be_handed_in_sealed(api: AccountApi, service: ScriptedService) -> None:
    service.always = answer("ticket")
    await api.verify_mobile_code(SecretStr("159"), SecretStr("931484"))
    assert service.received[0].line.startswith("GET /v1/api/sys/phone/code/verify?phone=159&code=931484 ")


async def test_a_base_path_is_kept(make: Callable[..., AccountApi], service: ScriptedService) -> None:
    await make(service.url + "/broker/").send_email_code("a")
    assert service.received[0].line.startswith("POST /broker/v1/api/user/email/sendRegisterValidateCode?")


@pytest.mark.parametrize("user_id", ["", ".", "..", None, 7.5, "\ud800"])
async def test_a_value_that_would_be_another_address_is_not_sent(
    api: AccountApi, service: ScriptedService, user_id: Any
) -> None:
    with pytest.raises(RefusedByProtocol):
        await api.get_user(user_id)
    assert service.received == []


@pytest.mark.parametrize("field", [float("nan"), object(), "\udfff", b"x", {1, 2}])
async def test_an_account_that_json_does_not_have_is_not_sent(
    api: AccountApi, service: ScriptedService, field: Any
) -> None:
    with pytest.raises(RefusedByProtocol):
        await api.update_account("u", {"base": field})
    assert service.received == []


async def test_an_address_with_escapes_arrives_as_written(api: AccountApi, service: ScriptedService) -> None:
    service.always = answer({})
    await api.get_user("a%2Fb/../c;d=é")
    assert service.received[0].line == "GET /v1/api/user/a%252Fb%2F..%2Fc%3Bd%3D%C3%A9/detail HTTP/1.1"


async def test_cookies_that_the_service_sets_are_not_sent_back(api: AccountApi, service: ScriptedService) -> None:
    reply = answer().replace(b"Content-Type", b"Set-Cookie: session=1; Path=/\r\nContent-Type")
    service.replies = [reply]
    await api.send_email_code("a")
    await api.send_email_code("a")
    assert [request.header("cookie") for request in service.received] == [None, None]


async def test_proxies_of_the_environment_are_not_used(
    library: Any,
    make: Callable[..., AccountApi],
    service: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    await make().send_email_code("a")
    assert len(service.received) == 1


async def test_proxies_of_the_environment_are_used_where_they_are_wanted(
    library: Any,
    make: Callable[..., AccountApi],
    service: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
    unused_tcp_port: int,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", service.url)
    monkeypatch.setenv("NO_PROXY", "")
    address = f"http://127.0.0.1:{unused_tcp_port}"
    await make(address, trust_env=True).send_email_code("a")
    assert service.received[0].line.startswith(f"POST {address}/v1/api/user/email/")
