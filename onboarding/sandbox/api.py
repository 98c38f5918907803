"""The fifteen endpoints of the contract, and the list of result codes, as one table.

An independent reading of the contract: nothing here comes from the client's side of this package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from onboarding.sandbox import credentials, records, registration, verification
from onboarding.sandbox.codes import Purpose
from onboarding.sandbox.sections import SECTIONS
from onboarding.sandbox.tasks import TaskType
from onboarding.sandbox.users import QueryType

__all__ = ["ENDPOINTS", "LANGUAGES", "Endpoint", "Kind", "Parameter"]

LANGUAGES = ("en-US", "zh-CN", "zh-HK")


class Kind(StrEnum):
    """What a parameter's value must be; the value is how a reason names it."""

    TEXT = "text"
    FLAG = "true or false"
    NUMBER = "a whole number from 1"
    ACCOUNT = "an object, and so are its base, cert and finance"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an endpoint.

    Attributes:
        name: its name in the contract.
        argument: the name of the behaviour's argument that takes it.
        kind: what its value must be.
        required: whether it may be left out.
        choices: the values it may have; any without.
    """

    name: str
    argument: str
    kind: Kind = Kind.TEXT
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint.

    Attributes:
        section: its section in the contract.
        method: the HTTP verb.
        path: the address; ``{name}`` stands for a parameter.
        perform: the behaviour: takes the sandbox and the arguments, gives ``data`` or raises a refusal.
        in_path, in_query, in_body: its parameters.
        whole_body: the argument that takes the whole body (contract 2.12).
        has_data: whether the answer has a ``data``.
    """

    section: str
    method: str
    path: str
    perform: Callable[..., Any] = field(repr=False)
    in_path: tuple[Parameter, ...] = ()
    in_query: tuple[Parameter, ...] = ()
    in_body: tuple[Parameter, ...] = ()
    whole_body: Parameter | None = None
    has_data: bool = True

    @property
    def takes_body(self) -> bool:
        """Whether a body is expected; where not, none is accepted."""
        return bool(self.in_body or self.whole_body)


_PHONE = Parameter("phone", "phone")
_PASSWORD = Parameter("password", "password")
_NAME = Parameter("name", "name")
_CODE = Parameter("validateCode", "code")
_EMAIL = Parameter("email", "email")
_USER_ID = Parameter("userId", "user_id")

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "1",
        "GET",
        "/v1/api/sys/error/code",
        records.list_result_codes,
        in_query=(Parameter("lang", "language", choices=LANGUAGES),),
    ),
    Endpoint(
        "2.1",
        "GET",
        "/v1/api/sys/mobile/code",
        verification.send_mobile_code,
        in_query=(
            _PHONE,
            Parameter("type", "purpose", choices=tuple(Purpose)),
            Parameter("sendSms", "send_sms", Kind.FLAG, required=False),
        ),
    ),
    Endpoint(
        "2.2",
        "GET",
        "/v1/api/sys/phone/code/verify",
        verification.verify_mobile_code,
        in_query=(_PHONE, Parameter("code", "code")),
    ),
    Endpoint(
        "2.3",
        "POST",
        "/v1/api/user/pwd/reset/{phoneNo}/phone",
        credentials.reset_password,
        in_path=(Parameter("phoneNo", "phone"),),
        in_body=(
            Parameter("newPwd", "new_password"),
            Parameter("verified", "verified"),
            Parameter("ticket", "ticket"),
        ),
        has_data=False,
    ),
    Endpoint(
        "2.4",
        "POST",
        "/v1/api/user/phone/register",
        registration.register_by_mobile,
        in_body=(
            _NAME,
            _PHONE,
            _PASSWORD,
            Parameter("recommendCode", "recommend_code", required=False),
            _CODE,
            Parameter("customSource", "custom_source", required=False),
        ),
        has_data=False,
    ),
    Endpoint(
        "2.5",
        "POST",
        "/v1/api/user/email/register",
        registration.register_by_email,
        in_body=(Parameter("mail", "email"), _PASSWORD),
        has_data=False,
    ),
    Endpoint(
        "2.6",
        "POST",
        "/v1/api/user/login",
        credentials.log_in,
        in_body=(Parameter("loginName", "login_name"), _PASSWORD),
    ),
    Endpoint(
        "2.7",
        "GET",
        "/v1/api/user/list",
        records.query_users,
        in_query=(
            Parameter("type", "by", choices=tuple(QueryType)),
            Parameter("value", "value"),
            Parameter("page", "page", Kind.NUMBER),
            Parameter("size", "size", Kind.NUMBER),
        ),
    ),
    Endpoint("2.8", "GET", "/v1/api/user/{userId}/detail", records.user_detail, in_path=(_USER_ID,)),
    Endpoint(
        "2.9",
        "POST",
        "/v1/api/user/pwd/set",
        credentials.change_password,
        in_body=(
            _USER_ID,
            Parameter("origin", "old_password"),
            Parameter("newPwd", "new_password"),
            Parameter("verifyPwd", "verified"),
        ),
        has_data=False,
    ),
    Endpoint(
        "2.10",
        "POST",
        "/v1/api/user/{userId}/avatar",
        records.set_avatar,
        in_path=(_USER_ID,),
        in_body=(Parameter("avatar", "avatar"),),
    ),
    Endpoint("2.11", "GET", "/v1/api/account/{userId}/info", records.account_info, in_path=(_USER_ID,)),
    Endpoint(
        "2.12",
        "POST",
        "/v1/api/account/{userId}/update",
        records.update_account,
        in_path=(_USER_ID,),
        whole_body=Parameter("accountDTO", "sections", Kind.ACCOUNT),
        has_data=False,
    ),
    Endpoint(
        "2.13",
        "GET",
        "/v1/api/account/{userId}/{taskType}/task/state",
        records.task_state,
        in_path=(_USER_ID, Parameter("taskType", "task_type", choices=tuple(TaskType))),
    ),
    Endpoint(
        "2.14",
        "POST",
        "/v1/api/user/email/sendRegisterValidateCode",
        verification.send_email_code,
        in_query=(_EMAIL,),
        has_data=False,
    ),
    Endpoint(
        "2.15",
        "POST",
        "/v1/api/user/email/registerWithValidateCode",
        registration.register_with_email_code,
        in_body=(_NAME, _EMAIL, _PASSWORD, _CODE),
        has_data=False,
    ),
)

assert [endpoint.section for endpoint in ENDPOINTS] == list(SECTIONS)
