"""Whoever the codes are sent to: reads the sandbox's mailbox, and hands in what stands there."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from onboarding.errors import InputRefused

if TYPE_CHECKING:
    from onboarding.cli.demo.cast import Role
    from onboarding.sandbox import SandboxDesk
    from onboarding.service import Onboarding

__all__ = ["accompany"]

_WRONG = "000000"
_PAUSE = 0.4


async def accompany(onboarding: Onboarding, desk: SandboxDesk, role: Role, journey: str) -> None:
    """Answer a journey whenever it waits, until it has ended or is parked."""
    mistypes = role.mistypes
    while True:
        found = await onboarding.wait(journey)
        if found.is_final or found.parked is not None or role.to is None:
            return
        message = await asyncio.to_thread(desk.latest_message, role.to)
        await asyncio.sleep(_PAUSE)  # a person takes a moment
        if message is None:
            continue
        code = message.code
        if mistypes and code != _WRONG:
            code, mistypes = _WRONG, False
        # Refused where its state changed meanwhile (a resend, a deadline): then it is looked at again.
        with contextlib.suppress(InputRefused):
            await onboarding.send(journey, "code_entered", code=code)
