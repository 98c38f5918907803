"""Contract 2.7, 2.8, 2.10 to 2.13, and the result codes: what is known is read and updated."""

from __future__ import annotations

import copy
from typing import Any

from onboarding.sandbox.accounts import update_account_info
from onboarding.sandbox.core import Sandbox
from onboarding.sandbox.ledger import Effect
from onboarding.sandbox.mcodes import Mcode
from onboarding.sandbox.tasks import TaskType
from onboarding.sandbox.users import QueryType

__all__ = [
    "account_info",
    "list_result_codes",
    "query_users",
    "set_avatar",
    "task_state",
    "update_account",
    "user_detail",
]


def list_result_codes(sandbox: Sandbox, language: str) -> list[dict[str, str]]:  # noqa: ARG001
    """Chapter 1 of the documentation: every code that can come, in English whatever ``language`` is."""
    return [{"code": mcode.value, "value": mcode.text} for mcode in Mcode]


def query_users(sandbox: Sandbox, by: str, value: str, page: int, size: int) -> dict[str, Any]:
    """Contract 2.7: one page of those who match; pages count from 1."""
    found = sandbox.users.query(QueryType(by), value)
    offset = (page - 1) * size
    return {
        "list": [user.listed() for user in found[offset : offset + size]],
        "offset": offset,
        "pager": page,
        "pages": -(-len(found) // size),
        "size": size,
        "total": len(found),
    }


def user_detail(sandbox: Sandbox, user_id: str) -> dict[str, Any]:
    """Contract 2.8."""
    return sandbox.users.with_id(user_id).detail()


def set_avatar(sandbox: Sandbox, user_id: str, avatar: str) -> dict[str, Any]:
    """Contract 2.10: answers with the data of 2.8."""
    user = sandbox.users.with_id(user_id)
    user.avatar = avatar
    sandbox.ledger.record(Effect.AVATAR_SET, "2.10", user.id, userId=user.id)
    return user.detail()


def account_info(sandbox: Sandbox, user_id: str) -> dict[str, Any]:
    """Contract 2.11."""
    return copy.deepcopy(sandbox.users.with_id(user_id).account_info)


def update_account(sandbox: Sandbox, user_id: str, sections: dict[str, Any]) -> None:
    """Contract 2.12: takes effect at once and gives the review desk a task."""
    user = sandbox.users.with_id(user_id)
    update_account_info(user.account_info, sections)
    sandbox.ledger.record(Effect.ACCOUNT_UPDATED, "2.12", user.id, userId=user.id, sections=sorted(map(str, sections)))
    sandbox.tasks.create(user.id, TaskType.UPDATE_OWNER, endpoint="2.12")


def task_state(sandbox: Sandbox, user_id: str, task_type: str) -> dict[str, Any] | None:
    """Contract 2.13: the newest task of this type, or nothing."""
    user = sandbox.users.with_id(user_id)
    task = sandbox.tasks.latest(user.id, TaskType(task_type))
    return task.shown() if task else None
