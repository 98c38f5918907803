"""Flows that the verifier cannot play as they stand, and one that tells it how."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from onboarding import ASK, AccountApi, Done, Flow, Secret, Working, once

__all__ = ["Changing", "Exampled", "Measured"]


class Changing(Flow, name="changing", version=1):
    """Change a password; the fields' names say nothing, so that the old one is taken for the new one too."""

    user_id: str
    known: Secret
    fresh: Secret

    states: ClassVar = [Working("changing_password"), Done("password_changed", "the new password is set")]
    transitions: ClassVar = [["password_set", "changing_password", "password_changed"]]

    @once(then="password_set", in_doubt=ASK)
    async def changing_password(self, api: AccountApi) -> None:
        await api.change_password(self.user_id, self.known, self.fresh)


class Exampled(Changing, name="exampled", version=1):
    """The same, with an example of what is to be handed in."""

    fresh: Secret = Field(examples=["Other&Abcd1234"])


class Measured(Changing, name="measured", version=1):
    """A field of a type that nobody can make up."""

    limits: dict[str, int]
