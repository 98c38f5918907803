"""A flow that asks for one value of every kind, so that every kind of junk finds a place."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field

from onboarding.clock import days
from onboarding.machine import (
    Done,
    Duration,
    Email,
    Failed,
    Flow,
    Phone,
    Secret,
    VerificationCode,
    Waiting,
    WebAddress,
    Working,
    later,
    on_input,
    read,
)

__all__ = ["INPUT", "START", "Address", "Colour", "Questionnaire"]

START: dict[str, Any] = {"phone": "15912345678", "email": "ada@example.com", "password": "Abcd1234"}
"""Fields with which it can be started."""
INPUT: dict[str, Any] = {"code": "123456"}
"""Values with which ``answered`` leads on."""


class Colour(Enum):
    """One of a few."""

    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    """A model within the flow."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    street: str = ""
    number: int = 0


class _Nothing(Protocol):
    """The steps call nothing."""


class Questionnaire(Flow, name="verify-questionnaire", version=1):
    """Ask for a value of every kind."""

    phone: Phone
    email: Email
    password: Secret
    picture: WebAddress | None = None
    patience: Duration = days(1)
    number: int | None = None
    share: float | None = None
    agreed: bool = False
    colour: Colour = Colour.RED
    address: Address | None = None
    words: list[str] = Field(default_factory=list)
    table: dict[str, str] = Field(default_factory=dict)
    anything: Any = None
    code: VerificationCode = later()
    answer: Any = later()

    states: ClassVar = [
        Waiting("asking", up_to="patience"),
        Working("looking"),
        Done("answered_well"),
        Failed("too_late"),
    ]
    transitions: ClassVar = [
        ["answered", "asking", "looking"],
        ["passed", "asking", "answered_well"],
        ["timed_out", "asking", "too_late"],
        ["seen", "looking", "answered_well"],
    ]

    @on_input
    def answered(
        self,
        code: VerificationCode,
        number: int = 0,
        share: float = 0.0,
        colour: Colour = Colour.RED,
        address: Address | None = None,
        words: list[str] | None = None,
        picture: WebAddress | None = None,
        anything: Any = None,
    ) -> None:
        """Keep the answer."""
        del number, share, colour, address, words, picture
        self.code, self.answer = code, anything

    @read(then="seen")
    async def looking(self, api: _Nothing) -> None:
        """Look at nothing."""
