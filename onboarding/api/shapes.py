"""What ``data`` must look like for each call. A wrong shape proves nothing, so the call is then in doubt.

Each function takes ``data`` as received and returns the result of the call, or raises ``ValueError``
(pydantic's included). Those errors hold the data: they are caught where they arise and never leave the room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onboarding.api.account import AccountInfo
from onboarding.api.models import Login, Task, UserDetail, UserPage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onboarding.api.choices import TaskVerdict

__all__ = ["account", "code_list", "login", "nothing", "task", "text", "user_detail", "user_page"]


def nothing(_data: Any) -> None:
    """The calls whose success says everything."""


def text(data: Any) -> str:
    """A code (2.1) or a ticket (2.2)."""
    if not isinstance(data, str) or not data.strip():
        raise ValueError("not text")
    return data


def login(data: Any) -> Login:
    """One login (2.6)."""
    return Login.model_validate(data)


def user_page(data: Any) -> UserPage:
    """One page of users (2.7)."""
    return UserPage.model_validate(data)


def user_detail(data: Any) -> UserDetail:
    """One user (2.8, 2.10)."""
    return UserDetail.model_validate(data)


def account(data: Any) -> AccountInfo:
    """Account information (2.11)."""
    if not isinstance(data, dict):
        raise ValueError("not an object")  # noqa: TRY004
    return AccountInfo(data)


def task(final_states: Mapping[str, TaskVerdict]) -> Callable[[Any], Task | None]:
    """A reader of one task (2.13), or None where there is no such task yet."""

    def read(data: Any) -> Task | None:
        return None if data is None else Task.model_validate(data, context={"final_states": final_states})

    return read


def code_list(data: Any) -> dict[str, str]:
    """The list of ``{code, value}`` (chapter 1) as a dictionary."""
    if not isinstance(data, list):
        raise ValueError("not a list")  # noqa: TRY004
    return {text(row["code"]): row["value"] for row in data if _is_row(row)}


def _is_row(row: Any) -> bool:
    if not (isinstance(row, dict) and isinstance(row.get("value"), str) and isinstance(row.get("code"), str)):
        raise ValueError("not a code with its text")  # noqa: TRY004
    return True
