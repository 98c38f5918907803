"""One call of every method with canary values, and what must be on the wire for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from onboarding.api import CodePurpose, TaskType, UserField
from onboarding.api.client import AccountApi

USER = {"pubUserId": "canary-u1", "phone": "+86canary"}
DETAIL = {"username": "canary-Ann", "new-field": 1}


@dataclass(frozen=True)
class Example:
    """One call: how it is made, its exact request line and body, a good ``data``."""

    name: str
    make: Callable[[AccountApi], Awaitable[Any]]
    line: str
    body: bytes = b""
    data: Any = None
    wrong_data: Any = ...


EXAMPLES = [
    Example(
        "list_result_codes",
        lambda api: api.list_result_codes("zh-CN"),
        "GET /v1/api/sys/error/code?lang=zh-CN HTTP/1.1",
        data=[{"code": "m0000000", "value": "ok"}],
        wrong_data=[{"code": 1, "value": "ok"}],
    ),
    Example(
        "request_mobile_code",
        lambda api: api.request_mobile_code("+86canary", CodePurpose.REGISTER, send_sms=False),
        "GET /v1/api/sys/mobile/code?phone=%2B86canary&type=Register&sendSms=false HTTP/1.1",
        data="canary-380086",
        wrong_data=380086,
    ),
    Example(
        "verify_mobile_code",
        lambda api: api.verify_mobile_code("+86canary", "canary-931484"),
        "GET /v1/api/sys/phone/code/verify?phone=%2B86canary&code=canary-931484 HTTP/1.1",
        data="canary-ticket",
        wrong_data=None,
    ),
    Example(
        "reset_password",
        lambda api: api.reset_password("+86 1/2?canary", "canary-Pw1~é", "canary-ticket"),
        "POST /v1/api/user/pwd/reset/%2B86%201%2F2%3Fcanary/phone HTTP/1.1",
        '{"newPwd":"canary-Pw1~é","verified":"canary-Pw1~é","ticket":"canary-ticket"}'.encode(),
    ),
    Example(
        "register_by_mobile",
        lambda api: api.register_by_mobile("canary-安", "+86canary", "canary-Pw1~", "canary-60", custom_source="s"),
        "POST /v1/api/user/phone/register HTTP/1.1",
        '{"name":"canary-安","phone":"+86canary","password":"canary-Pw1~",'
        '"validateCode":"canary-60","customSource":"s"}'.encode(),
        data=[],
    ),
    Example(
        "register_by_email",
        lambda api: api.register_by_email("canary@example.org", "canary-Pw1~"),
        "POST /v1/api/user/email/register HTTP/1.1",
        b'{"mail":"canary@example.org","password":"canary-Pw1~"}',
    ),
    Example(
        "log_in",
        lambda api: api.log_in("+86canary", "canary-Pw1~"),
        "POST /v1/api/user/login HTTP/1.1",
        b'{"loginName":"+86canary","password":"canary-Pw1~"}',
        data={"userId": "canary-u1", "phone": "+86canary", "language": "en-US", "lastLoginTime": 1},
        wrong_data=[{"userId": "canary-u1"}],
    ),
    Example(
        "find_users",
        lambda api: api.find_users(UserField.EMAIL, "canary+a@example.org", page=2, size=5),
        "GET /v1/api/user/list?type=Email&value=canary%2Ba%40example.org&page=2&size=5 HTTP/1.1",
        data={"list": [USER], "total": 1},
        wrong_data={"list": [{"pubUserId": 7, "phone": "+86canary"}]},
    ),
    Example(
        "get_user",
        lambda api: api.get_user("canary-u1"),
        "GET /v1/api/user/canary-u1/detail HTTP/1.1",
        data=DETAIL,
        wrong_data=[DETAIL],
    ),
    Example(
        "change_password",
        lambda api: api.change_password("canary-u1", "canary-Old", "canary-New"),
        "POST /v1/api/user/pwd/set HTTP/1.1",
        b'{"userId":"canary-u1","origin":"canary-Old","newPwd":"canary-New","verifyPwd":"canary-New"}',
    ),
    Example(
        "set_avatar",
        lambda api: api.set_avatar("canary-u1", "//canary/a.png"),
        "POST /v1/api/user/canary-u1/avatar HTTP/1.1",
        b'{"avatar":"//canary/a.png"}',
        data=DETAIL,
        wrong_data=None,
    ),
    Example(
        "get_account",
        lambda api: api.get_account("canary-u1"),
        "GET /v1/api/account/canary-u1/info HTTP/1.1",
        data={"base": {"accountName": "canary-Ann"}},
        wrong_data="canary",
    ),
    Example(
        "update_account",
        lambda api: api.update_account("canary-u1", {"base": {"n": 1.5, "ok": True}, "x": ["é"]}),
        "POST /v1/api/account/canary-u1/update HTTP/1.1",
        '{"base":{"n":1.5,"ok":true},"x":["é"]}'.encode(),
    ),
    Example(
        "get_task",
        lambda api: api.get_task("canary-u1", TaskType.SAME_OPEN),
        "GET /v1/api/account/canary-u1/JOB_TYPE_TA_SAME_OPEN/task/state HTTP/1.1",
        data={"id": "canary-t1", "state": "Submited"},
        wrong_data={"id": "canary-t1"},
    ),
    Example(
        "send_email_code",
        lambda api: api.send_email_code("canary+a@example.org"),
        "POST /v1/api/user/email/sendRegisterValidateCode?email=canary%2Ba%40example.org HTTP/1.1",
    ),
    Example(
        "register_with_email_code",
        lambda api: api.register_with_email_code("canary-Ann", "canary@a.org", "canary-Pw", "canary-30"),
        "POST /v1/api/user/email/registerWithValidateCode HTTP/1.1",
        b'{"name":"canary-Ann","email":"canary@a.org","password":"canary-Pw","validateCode":"canary-30"}',
    ),
]

BY_NAME = {example.name: example for example in EXAMPLES}
