"""What is not a request of this API, and whose credentials are not good."""

from __future__ import annotations

import json
from typing import Any

import pytest
from broker_calls import HEADERS, PASSWORD, PHONE, Broker

from onboarding.sandbox import SandboxDesk
from onboarding.sandbox.api import ENDPOINTS

CODE = "/v1/api/sys/mobile/code"
LOGIN = "/v1/api/user/login"
SECRET = "Canary-5f1"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.section)
def test_a_wrong_verb_is_not_allowed(broker: Broker, endpoint: Any) -> None:
    path = endpoint.path.replace("{userId}", "x").replace("{phoneNo}", PHONE).replace("{taskType}", "T")
    for method in {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"} - {endpoint.method}:
        reply = broker.send(method, path)
        assert reply.status == 405
        assert reply.headers["allow"] == endpoint.method


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/api/user", "/v1/api/user/login/", "/v2/api/user/login", "/"])
def test_an_unknown_address_is_not_found(broker: Broker, path: str) -> None:
    assert broker.send("POST", path, b"{}").status == 404


@pytest.mark.parametrize(
    ("changed", "mcode"),
    [
        ({"x-api-token": None}, "PUB_AUTH_0000029"),
        ({"x-api-token": ""}, "BW_API_0000001"),
        ({"x-api-token": "another"}, "BW_API_0000004"),
        ({"x-api-token": "expired-token"}, "PUB_AUTH_0000018"),
        ({"x-api-tenantId": None}, "BW_API_0000003"),
        ({"x-api-tenantId": "T000000"}, "BW_API_0000003"),
    ],
)
def test_credentials_are_refused_before_anything_else(
    broker: Broker, desk: SandboxDesk, changed: dict[str, str | None], mcode: str
) -> None:
    headers = {name: value for name, value in {**HEADERS, **changed}.items() if value is not None}
    reply = broker.send("GET", f"{CODE}?phone={PHONE}&type=Register", headers=headers)
    assert (reply.mcode, reply.envelope["result"]) == (mcode, False)
    assert broker.send("GET", CODE, headers=headers).mcode == mcode
    assert desk.messages() == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"phone={PHONE}",
        "type=Register",
        "phone=&type=Register",
        "phone=%20&type=Register",
        f"phone={PHONE}&type=register",
        f"phone={PHONE}&type={SECRET}",
        f"phone={PHONE}&type=Register&sendSms=True",
        f"phone={PHONE}&type=Register&sendSms=1",
        f"phone={PHONE}&type=Register&sendSms=",
        f"phone={PHONE}&type=Register&sendsms=true",
        f"phone={PHONE}&phone={SECRET}&type=Register",
        f"phone={PHONE}&type=Register&{SECRET}=1",
        f"phone={PHONE}&type=Register&novalue",
        f"phone=%ff{SECRET}&type=Register",
    ],
)
def test_a_query_that_is_wrong_is_refused_without_repeating_it(broker: Broker, desk: SandboxDesk, query: str) -> None:
    reply = broker.send("GET", f"{CODE}?{query}")
    assert reply.status == 400
    assert reply.reason
    assert SECRET not in reply.reason
    assert PHONE not in reply.reason
    assert desk.ledger() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"loginName": "Canary-5f1", "password": "Canary-5f1",}',
        b'{"loginName": "Canary-5f1"}',
        b'{"loginName": "Canary-5f1", "password": ""}',
        b'{"loginName": "Canary-5f1", "password": "  "}',
        b'{"loginName": "Canary-5f1", "password": 123}',
        b'{"loginName": "Canary-5f1", "password": null}',
        b'{"loginName": "Canary-5f1", "password": true}',
        b'{"loginName": "Canary-5f1", "password": "a1", "Canary-5f1": 1}',
        b'{"loginName": "Canary-5f1", "password": "a1", "password": "a1"}',
        b'{"loginName": "Canary-5f1", "password": NaN}',
        b'{"loginName": "Canary-5f1", "password": "\\ud800"}',
        b'{"loginName": "Canary-5f1", "password": "\xff"}',
        b'{"loginName": "a", "password": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_body_that_is_wrong_is_refused_without_repeating_it(broker: Broker, desk: SandboxDesk, body: bytes) -> None:
    reply = broker.send("POST", LOGIN, body)
    assert reply.status == 400
    assert SECRET not in reply.reason
    assert desk.ledger() == []


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.in_body], ids=lambda endpoint: endpoint.section)
def test_each_parameter_of_a_body_is_needed_unless_the_contract_says_no(
    broker: Broker, endpoint: Any, user_id: str
) -> None:
    path = endpoint.path.replace("{userId}", user_id).replace("{phoneNo}", PHONE)
    whole = {parameter.name: "a1a1a1" for parameter in endpoint.in_body}
    assert broker.post(path, whole).status == 200
    for parameter in endpoint.in_body:
        reply = broker.post(path, {k: v for k, v in whole.items() if k != parameter.name})
        assert reply.status == (400 if parameter.required else 200)
        if parameter.required:
            assert reply.reason == f"{parameter.name} is missing"
        assert broker.post(path, {**whole, parameter.name: 7}).reason == f"{parameter.name} must be text"


@pytest.mark.parametrize("media", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_another_content_type_is_refused(broker: Broker, media: str | None) -> None:
    headers = {k: v for k, v in HEADERS.items() if k != "content-type"} | ({"content-type": media} if media else {})
    body = json.dumps({"loginName": PHONE, "password": PASSWORD}).encode()
    assert broker.send("POST", LOGIN, body, headers).status == 400
    assert broker.send("GET", f"{CODE}?phone={PHONE}&type=Register", headers=headers).status == 400


def test_a_charset_and_a_language_may_be_named(broker: Broker) -> None:
    headers = {**HEADERS, "content-type": "application/json; charset=utf-8", "x-language": "zh-HK"}
    path = f"{CODE}?phone={PHONE}&type=Register"
    assert broker.send("GET", path, headers=headers).mcode == "m0000000"
    assert broker.send("GET", path, headers={**headers, "x-language": "fr"}).status == 400


@pytest.mark.parametrize(
    ("page", "size"), [("0", "1"), ("1", "0"), ("-1", "1"), ("a", "1"), ("1.0", "1"), ("9" * 5000, "1")]
)
def test_pages_are_whole_numbers_from_one(broker: Broker, page: str, size: str) -> None:
    assert broker.get("/v1/api/user/list", type="Phone", value="1", page=page, size=size).status == 400


def test_an_unknown_kind_of_search_or_task_is_refused(broker: Broker, user_id: str) -> None:
    assert broker.find("phone", PHONE).status == 400
    assert broker.task(user_id, "JOB_TYPE_TA_CLOSE").status == 400


def test_a_path_parameter_is_decoded_after_the_path_was_split(broker: Broker) -> None:
    assert broker.detail("a%2Fb").mcode == "SANDBOX_NO_SUCH_USER"
    assert broker.detail("a/b").status == 404
    assert broker.detail("").status == 400
    assert broker.detail("%20").status == 400
    assert broker.detail("%ff").status == 400


def test_a_body_where_none_belongs_is_refused(broker: Broker) -> None:
    path = "/v1/api/user/email/sendRegisterValidateCode?email=demo%40example.com"
    assert broker.send("POST", path, b"{}").status == 400
    assert broker.send("POST", path).status == 200


def test_an_unescaped_plus_is_a_space_and_makes_the_number_malformed(broker: Broker) -> None:
    assert broker.send("GET", f"{CODE}?phone=+86{PHONE}&type=Register").mcode == "PUB_AUTH_0000002"


def test_a_huge_body_is_refused(broker: Broker, desk: SandboxDesk) -> None:
    assert broker.send("POST", LOGIN, b" " * ((1 << 20) + 1)).status == 413
    assert desk.requests()[-1].status == 413


def test_every_request_is_logged_with_what_it_was_answered(broker: Broker, desk: SandboxDesk) -> None:
    broker.mobile_code()
    broker.log_in()
    broker.get(CODE)
    broker.get("/v1/api/nowhere")
    assert [(e.n, e.endpoint, e.status, e.mcode, e.fault) for e in desk.requests()] == [
        (1, "2.1", 200, "m0000000", None),
        (2, "2.6", 200, "PUB_AUTH_0000017", None),
        (3, "2.1", 400, None, None),
        (4, None, 404, None, None),
    ]
    assert [e.n for e in desk.requests(since=1, endpoint="2.1")] == [3]
