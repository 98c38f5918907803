"""The fifteen endpoints of the contract, and the list of result codes, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.api.codes import RESULT_CODES
from onboarding.api.effects import Effect

__all__ = ["ENDPOINTS", "Endpoint"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint: how a call of it is written, and what repeating it would do.

    Attributes:
        name: the method of ``AccountApi``, such as ``reset_password``.
        section: the section of the contract, such as ``2.3``.
        method: the HTTP verb.
        path: the path, its parameters in braces.
        query: the names in the query, in the contract's order.
        body: the names in the JSON body, in the contract's order; None: no body; empty: an object given
            whole.
        optional: names that are left out when there is no value.
        effect: what repeating the call would do.
    """

    name: str
    section: str
    method: str
    path: str
    effect: Effect
    query: tuple[str, ...] = ()
    body: tuple[str, ...] | None = None
    optional: frozenset[str] = frozenset()

    @property
    def refusals(self) -> frozenset[str]:
        """The known codes that this endpoint may answer, those about our credentials among them."""
        return frozenset(code for code, known in RESULT_CODES.items() if self.section in known.sections)


_TABLE = (
    Endpoint(
        "list_result_codes", "1", "GET", "/v1/api/sys/error/code",
        Effect.READ, query=("lang",),
    ),
    Endpoint(
        "request_mobile_code", "2.1", "GET", "/v1/api/sys/mobile/code",
        Effect.REPEATABLE, query=("phone", "type", "sendSms"),
    ),
    Endpoint(
        "verify_mobile_code", "2.2", "GET", "/v1/api/sys/phone/code/verify",
        Effect.ONCE, query=("phone", "code"),
    ),
    Endpoint(
        "reset_password", "2.3", "POST", "/v1/api/user/pwd/reset/{phoneNo}/phone",
        Effect.ONCE, body=("newPwd", "verified", "ticket"),
    ),
    Endpoint(
        "register_by_mobile", "2.4", "POST", "/v1/api/user/phone/register",
        Effect.ONCE, body=("name", "phone", "password", "recommendCode", "validateCode", "customSource"),
        optional=frozenset({"recommendCode", "customSource"}),
    ),
    Endpoint(
        "register_by_email", "2.5", "POST", "/v1/api/user/email/register",
        Effect.ONCE, body=("mail", "password"),
    ),
    Endpoint(
        "log_in", "2.6", "POST", "/v1/api/user/login",
        Effect.REPEATABLE, body=("loginName", "password"),
    ),
    Endpoint(
        "find_users", "2.7", "GET", "/v1/api/user/list",
        Effect.READ, query=("type", "value", "page", "size"),
    ),
    Endpoint("get_user", "2.8", "GET", "/v1/api/user/{userId}/detail", Effect.READ),
    Endpoint(
        "change_password", "2.9", "POST", "/v1/api/user/pwd/set",
        Effect.ONCE, body=("userId", "origin", "newPwd", "verifyPwd"),
    ),
    Endpoint(
        "set_avatar", "2.10", "POST", "/v1/api/user/{userId}/avatar",
        Effect.REPEATABLE, body=("avatar",),
    ),
    Endpoint("get_account", "2.11", "GET", "/v1/api/account/{userId}/info", Effect.READ),
    Endpoint("update_account", "2.12", "POST", "/v1/api/account/{userId}/update", Effect.ONCE, body=()),
    Endpoint("get_task", "2.13", "GET", "/v1/api/account/{userId}/{taskType}/task/state", Effect.READ),
    Endpoint(
        "send_email_code", "2.14", "POST", "/v1/api/user/email/sendRegisterValidateCode",
        Effect.REPEATABLE, query=("email",),
    ),
    Endpoint(
        "register_with_email_code", "2.15", "POST", "/v1/api/user/email/registerWithValidateCode",
        Effect.ONCE, body=("name", "email", "password", "validateCode"),
    ),
)  # fmt: skip

ENDPOINTS = {endpoint.name: endpoint for endpoint in _TABLE}
"""Every endpoint by the name of its method."""
