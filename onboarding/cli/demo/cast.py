"""The journeys of the demo, and what goes wrong with them on purpose."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onboarding.sandbox import SandboxDesk

__all__ = ["FATEFUL", "Role", "cast"]

FATEFUL = ("2.3", "2.4")
"""The requests in the middle of which the worker is killed: the sandbox does them at once and answers too late."""

_TOO_LATE = 60.0
_OPEN, _UPDATE = "JOB_TYPE_TA_OPEN", "JOB_TYPE_TA_UPDATE_OWNER"


@dataclass(frozen=True, slots=True)
class Role:
    """One journey of the demo.

    Attributes:
        title: what it is, for people.
        flow: its flow's name.
        fields: what it is started with.
        end: the state in which it should end.
        effect: what should then have happened in the sandbox exactly once; None: nothing.
        to: where its codes are sent.
        mistypes: whether the first code is entered wrongly.
    """

    title: str
    flow: str
    end: str
    fields: dict[str, Any] = field(repr=False)
    effect: str | None = None
    to: str | None = field(default=None, repr=False)
    mistypes: bool = False


def cast(desk: SandboxDesk) -> list[Role]:
    """Prepare the sandbox, and give the journeys that are to run in it."""
    forgetful, reviewed, lucky, unlucky = (
        desk.create_user(name, phone=f"1380000010{number}", password=_password())
        for number, name in enumerate(("Ada", "Grace", "Edsger", "Barbara"))
    )
    assert forgetful
    desk.set_course(_UPDATE, [(1.5, "Handling"), (3.5, "Dealed"), (5.5, "Finished")], user_id=reviewed)
    desk.set_course(_OPEN, [(2.0, "Handling"), (7.0, "Finished")], user_id=lucky)
    desk.set_course(_OPEN, [(3.0, "Handling"), (6.0, "Rejected")], user_id=unlucky)
    for user in (lucky, unlucky):
        desk.create_task(user, _OPEN)
    for section in FATEFUL:
        desk.add_fault(section, "delay", seconds=_TOO_LATE, times=1)
    desk.add_fault("2.15", "drop_before", times=1)
    return [
        Role(
            "password reset", "password-reset", "password_reset",
            {"phone": "13800000100", "new_password": _password()}, "password_reset", "13800000100",
        ),
        Role(
            "mobile registration", "mobile-registration", "registered",
            {"name": "Alan", "phone": "13800000200", "password": _password()}, "user_registered", "13800000200",
        ),
        Role(
            "e-mail registration", "email-registration", "registered",
            {"name": "Kurt", "email": "kurt@example.test", "password": _password()}, "user_registered",
            "kurt@example.test", mistypes=True,
        ),
        Role(
            "KYC update", "kyc-update", "account_updated",
            {"user_id": reviewed, "changes": {"base": {"city": "Wanchai"}}}, "account_updated",
        ),
        Role("account opening", "task-watch", "task_finished", {"user_id": lucky, "task_type": _OPEN}),
        Role("one that is refused", "task-watch", "task_refused", {"user_id": unlucky, "task_type": _OPEN}),
    ]  # fmt: skip


def _password() -> str:
    """A password that every rule accepts."""
    return f"Aa1!{secrets.token_hex(6)}"
