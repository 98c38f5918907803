"""A flow whose effects could be done twice, and would be seen: a user's picture is set, and set again when asked."""

from __future__ import annotations

import asyncio
import os
from typing import ClassVar

from onboarding import AccountApi, Done, Failed, Flow, Waiting, Working, hours, on_input, once

__all__ = ["Portrait", "picture"]

_HOLD = float(os.environ.get("PORTRAIT_HOLD", "0"))
"""Seconds between the intent and the request; it is said when they begin."""


def picture(user_id: str, number: int) -> str:
    return f"https://example.com/{user_id}/{number}.png"


class Portrait(Flow, name="portrait", version=1):
    """Set a picture, wait until somebody asks for the next one, set that."""

    user_id: str

    states: ClassVar = [
        Working("first"),
        Waiting("asked", up_to=hours(1)),
        Working("second"),
        Done("shown", "both were set"),
        Failed("expired", "nobody asked for the second"),
    ]
    transitions: ClassVar = [
        ["first_set", "first", "asked"],
        ["go_on", "asked", "second"],
        ["timed_out", "asked", "expired"],
        ["second_set", "second", "shown"],
    ]

    @once(then="first_set")
    async def first(self, api: AccountApi) -> None:
        await self._set(api, 1)

    @first.landed
    async def first_landed(self, api: AccountApi) -> bool | None:
        return (await api.get_user(self.user_id)).avatar == picture(self.user_id, 1)

    @on_input
    def go_on(self) -> None:
        """Somebody asks."""

    @once(then="second_set")
    async def second(self, api: AccountApi) -> None:
        await self._set(api, 2)

    @second.landed
    async def second_landed(self, api: AccountApi) -> bool | None:
        return (await api.get_user(self.user_id)).avatar == picture(self.user_id, 2)

    async def _set(self, api: AccountApi, number: int) -> None:
        if _HOLD:
            print("holding", flush=True)
            await asyncio.sleep(_HOLD)
        await api.set_avatar(self.user_id, picture(self.user_id, number))
