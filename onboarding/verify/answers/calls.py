"""One call of every endpoint, with the ``data`` of a good answer to it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from onboarding.api import AccountApi, CodePurpose, TaskType, UserField

__all__ = ["CALLS", "Call"]

_PHONE, _EMAIL, _USER, _PASSWORD, _CODE = "15900000000", "vera@example.com", "u-1", "Abcd1234", "000000"


@dataclass(frozen=True, slots=True)
class Call:
    """A call.

    Attributes:
        make: makes it.
        data: of a good answer, as JSON.
        looks: whether the call looks at the data of an answer: where not, a success says everything.
        absent: whether no data at all is a good answer too.
    """

    make: Callable[[AccountApi], Awaitable[Any]]
    data: bytes = b"null"
    looks: bool = False
    absent: bool = True


def _looks(make: Callable[[AccountApi], Awaitable[Any]], data: Any, *, absent: bool = False) -> Call:
    return Call(make, json.dumps(data).encode(), looks=True, absent=absent)


_DETAIL = {"username": "Vera", "phone": _PHONE}

CALLS: dict[str, Call] = {
    "list_result_codes": _looks(lambda api: api.list_result_codes(), [{"code": "m0000000", "value": "ok"}]),
    "request_mobile_code": _looks(
        lambda api: api.request_mobile_code(_PHONE, CodePurpose.REGISTER, send_sms=False), _CODE
    ),
    "verify_mobile_code": _looks(lambda api: api.verify_mobile_code(_PHONE, _CODE), "a-ticket"),
    "reset_password": Call(lambda api: api.reset_password(_PHONE, _PASSWORD, "a-ticket")),
    "register_by_mobile": Call(lambda api: api.register_by_mobile("Vera", _PHONE, _PASSWORD, _CODE)),
    "register_by_email": Call(lambda api: api.register_by_email(_EMAIL, _PASSWORD)),
    "log_in": _looks(lambda api: api.log_in(_PHONE, _PASSWORD), {"userId": _USER, "phone": _PHONE}),
    "find_users": _looks(
        lambda api: api.find_users(UserField.PHONE, _PHONE), {"list": [{"pubUserId": _USER}], "total": 1}
    ),
    "get_user": _looks(lambda api: api.get_user(_USER), _DETAIL),
    "change_password": Call(lambda api: api.change_password(_USER, _PASSWORD, "Efgh5678")),
    "set_avatar": _looks(lambda api: api.set_avatar(_USER, "https://example.com/a.png"), _DETAIL),
    "get_account": _looks(lambda api: api.get_account(_USER), {"base": {"accountName": "Vera"}}),
    "update_account": Call(lambda api: api.update_account(_USER, {"base": {"address": "1 Verity Lane"}})),
    "get_task": _looks(lambda api: api.get_task(_USER, TaskType.OPEN), {"id": "t-1", "state": "Submited"}, absent=True),
    "send_email_code": Call(lambda api: api.send_email_code(_EMAIL)),
    "register_with_email_code": Call(lambda api: api.register_with_email_code("Vera", _EMAIL, _PASSWORD, _CODE)),
}
"""By the endpoint's name."""
