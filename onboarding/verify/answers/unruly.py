"""Flows whose steps do what they should not, or meet what they cannot foresee."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar

from onboarding.api import AccountApi, Meaning, UserField
from onboarding.clock import hours, seconds
from onboarding.errors import CallError
from onboarding.machine import ASK, Done, Failed, Flow, Polling, Waiting, Working, on_input, once, read, repeatable

__all__ = ["LIMIT", "Astray", "Breaks", "Checked", "Endless", "Heavier", "Impatient", "Looks", "LooksAfter",
           "LooksUp", "Meddles", "Minds", "PassesOver", "Refused", "Second", "Stumbles", "Taken"]  # fmt: skip

LIMIT = 0.2
"""Seconds that a step may take here."""
_EMAIL, _PASSWORD = "vera@example.com", "Abcd1234"
_STATES = [Working("doing"), Done("done"), Failed("failed")]
_WAYS = [["did", "doing", "done"], ["gave_up", "doing", "failed"]]


class Heavier(Flow, name="verify-heavier", version=1):
    """A step that is declared repeatable registers somebody."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @repeatable(then="did", cooldown=seconds(1), at_most=1, exhausted="gave_up")
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)


class Second(Flow, name="verify-second", version=1):
    """A step that registers two people."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, and register."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        await api.register_by_email(f"second.{_EMAIL}", _PASSWORD)


class Endless(Flow, name="verify-endless", version=1):
    """A step that waits for something that never comes."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Wait: not for ever, so that this comes to its end where nothing breaks it off."""
        del api
        await asyncio.sleep(15 * LIMIT)


class PassesOver(Flow, name="verify-passes-over", version=1):
    """A step that takes no notice of how its call ended."""

    tried: int = 0

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, whatever comes of it."""
        self.tried += 1
        with suppress(CallError):
            await api.register_by_email(_EMAIL, _PASSWORD)


class Impatient(Flow, name="verify-impatient", version=1):
    """A step that waits no longer than it likes for its answer, and takes no notice of that."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, for a quarter of the time that there is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LIMIT / 4):
                await api.register_by_email(_EMAIL, _PASSWORD)


class Stumbles(Flow, name="verify-stumbles", version=1):
    """A step that asks for what cannot be written, then for what can, and fails afterwards."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register half a character, then somebody."""
        with suppress(CallError):
            await api.register_by_email("\ud800", _PASSWORD)
        await api.register_by_email(_EMAIL, _PASSWORD)
        raise ValueError


class Refused(Flow, name="verify-refused", version=1):
    """A step that does not say what follows when it is refused."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)


class Astray(Flow, name="verify-astray", version=1):
    """A step that returns what its flow does not know."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> str:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        return "went_astray"


class _Registers(Flow):
    """A step with a check: each flow below looks in its own way."""

    @once(then="did", otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)

    @doing.landed
    async def is_there(self, api: AccountApi) -> bool | None:
        """Look."""
        return await self.look(api)

    async def look(self, api: AccountApi) -> bool | None:
        """Whether it is there; None: nobody can tell."""
        raise NotImplementedError


class Checked(_Registers, name="verify-checked", version=1):
    """A step with a check that cannot tell."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    async def look(self, api: AccountApi) -> bool | None:
        """Nobody can tell."""
        del api
        return None


class LooksUp(_Registers, name="verify-looks-up", version=1):
    """A step whose check asks the service."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    async def look(self, api: AccountApi) -> bool | None:
        """Look for the address."""
        return (await api.find_users(UserField.EMAIL, _EMAIL)).found


class Meddles(_Registers, name="verify-meddles", version=1):
    """A step whose check does what it is to look for."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    async def look(self, api: AccountApi) -> bool | None:
        """Register, and see."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        return True


class Looks(Flow, name="verify-looks", version=1):
    """A journey that waits for something to appear, for an hour."""

    states: ClassVar = [Polling("looking", every=seconds(60), up_to=hours(1)), Done("done"), Failed("failed")]
    transitions: ClassVar = [["found", "looking", "done"], ["timed_out", "looking", "failed"]]

    @read(otherwise=("found",))
    async def looking(self, api: AccountApi) -> str | None:
        """Look for the address."""
        return "found" if (await api.find_users(UserField.EMAIL, _EMAIL)).found else None


class LooksAfter(Flow, name="verify-looks-after", version=1):
    """A step that looks at something when it is done."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, and look."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        await api.find_users(UserField.EMAIL, _EMAIL)


class Minds(Flow, name="verify-minds", version=1):
    """An input that is taken in by half."""

    tried: int = 0

    states: ClassVar = [Waiting("asking", up_to=hours(1)), Done("done"), Failed("failed")]
    transitions: ClassVar = [["told", "asking", "done"], ["timed_out", "asking", "failed"]]

    @on_input
    def told(self, word: str) -> None:
        """Note it, and fail on it."""
        self.tried += 1
        raise LookupError(word)


class Taken(Flow, name="verify-taken", version=1):
    """A step whose request is late: its check comes before it."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", refused={Meaning.EMAIL_TAKEN: "gave_up"}, evidence=(Meaning.EMAIL_TAKEN,))
    async def doing(self, api: AccountApi) -> None:
        """Register."""
        await api.register_by_email(_EMAIL, _PASSWORD)

    @doing.landed
    async def is_there(self, api: AccountApi) -> bool:
        """Not yet."""
        del api
        return False


class Breaks(Flow, name="verify-breaks", version=1):
    """A step that fails when its request has been answered."""

    states: ClassVar = _STATES
    transitions: ClassVar = _WAYS

    @once(then="did", in_doubt=ASK, otherwise=("gave_up",))
    async def doing(self, api: AccountApi) -> None:
        """Register, and fail."""
        await api.register_by_email(_EMAIL, _PASSWORD)
        raise LookupError
