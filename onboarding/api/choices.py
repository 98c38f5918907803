"""The closed sets of values that the contract names: purposes of codes, fields of a search, task types."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FINAL_STATES", "PENDING_STATES", "CodePurpose", "TaskType", "TaskVerdict", "UserField"]


class CodePurpose(StrEnum):
    """What a mobile code is asked for (contract 2.1, ``type``)."""

    REGISTER = "Register"
    RESET_PASSWORD = "ResetPassword"  # noqa: S105
    UPDATE_PHONE = "UpdatePhoneNumber"


class UserField(StrEnum):
    """What users are searched by (contract 2.7, ``type``)."""

    USER_NAME = "UserName"
    EMAIL = "Email"
    PHONE = "Phone"
    TRADE_ACCOUNT = "TradeAccount"


class TaskType(StrEnum):
    """The kinds of review tasks (contract 2.13, ``taskType``)."""

    OPEN = "JOB_TYPE_TA_OPEN"
    SAME_OPEN = "JOB_TYPE_TA_SAME_OPEN"
    BIND = "JOB_TYPE_TA_BIND"
    UPDATE_OWNER = "JOB_TYPE_TA_UPDATE_OWNER"


class TaskVerdict(StrEnum):
    """What a task's state says to somebody who watches it."""

    PENDING = "pending"
    FINISHED = "finished"
    REFUSED = "refused"


PENDING_STATES = frozenset({"Submited", "Submitted", "Handling", "Dealed"})
"""States that are known and do not end a watch, in the service's own spelling."""

FINAL_STATES: Mapping[str, TaskVerdict] = MappingProxyType(
    {
        "Finished": TaskVerdict.FINISHED,
        "Rejected": TaskVerdict.REFUSED,
        "Refused": TaskVerdict.REFUSED,
        "Closed": TaskVerdict.REFUSED,
    }
)
"""States that end a watch, unless the client is told others."""
