"""A flow's fields become options by their types, whatever flow it is."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, Field

from onboarding import (
    Done,
    Duration,
    Email,
    Failed,
    Flow,
    HandedOver,
    Phone,
    Secret,
    VerificationCode,
    Waiting,
    hours,
    later,
    minutes,
    on_input,
)  # fmt: skip
from onboarding.cli.fields import Asked, Manner, fields_of_flow, fields_of_input


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    street: str


class Everything(Flow, name="everything", version=1):
    phone: Phone
    mail: Email | None = None
    pin: Secret
    new_pin: Secret | None = None
    code: VerificationCode
    patience: Duration = minutes(90)
    colour: Colour = Colour.BLUE
    tags: list[str] = Field(default_factory=list)
    address: Address | None = None
    more: dict[str, Any] = Field(default_factory=dict)
    size: Literal["s", "m"] = "s"
    number: int | None = 7
    key: str = "x"
    agreed: bool | None = None
    ticket: HandedOver = later()

    states: ClassVar = [Waiting("asked", up_to=hours(1)), Done("told"), Failed("silent")]
    transitions: ClassVar = [["answered", "asked", "told"], ["timed_out", "asked", "silent"]]

    @on_input
    def answered(self, code: VerificationCode, mark: int, note: str | None = None) -> None: ...


@pytest.fixture(scope="module")
def asked() -> dict[str, Asked]:
    return {each.name: each for each in fields_of_flow(Everything)}


@pytest.mark.parametrize(
    ("name", "manner", "metavar", "default"),
    [
        ("phone", Manner.TEXT, "PHONE", ""),
        ("mail", Manner.TEXT, "EMAIL", ""),
        ("pin", Manner.SECRET, "(asked)", ""),
        ("code", Manner.SECRET, "(asked)", ""),
        ("patience", Manner.TEXT, "DURATION", "90m"),
        ("colour", Manner.TEXT, "red|blue", "blue"),
        ("tags", Manner.JSON, "JSON", ""),
        ("address", Manner.JSON, "JSON", ""),
        ("more", Manner.JSON, "JSON", ""),
        ("size", Manner.TEXT, "TEXT", "s"),
        ("number", Manner.TEXT, "NUMBER", "7"),
        ("agreed", Manner.SWITCH, "", ""),
    ],
)
def test_a_field_is_given_as_its_type_says(
    asked: dict[str, Asked], name: str, manner: Manner, metavar: str, default: str
) -> None:
    found = asked[name]
    assert (found.manner, found.metavar, found.default) == (manner, metavar, default)
    assert found.required is Everything.model_fields[name].is_required()


def test_what_is_filled_in_on_the_way_is_not_asked_for(asked: dict[str, Asked]) -> None:
    assert "ticket" not in asked


def test_only_a_new_secret_is_asked_for_twice(asked: dict[str, Asked]) -> None:
    assert [name for name, each in asked.items() if each.twice] == ["new_pin"]


def test_a_field_named_like_an_option_of_the_command_gets_another_name(asked: dict[str, Asked]) -> None:
    assert (asked["key"].option, asked["new_pin"].option) == ("--field-key", "--new-pin")


def test_an_inputs_values_are_asked_for_in_its_order() -> None:
    found = fields_of_input(Everything.definition.inputs["asked"]["answered"])
    assert [(each.name, each.manner.value, each.required) for each in found] == [
        ("code", "secret", True), ("mark", "text", True), ("note", "text", False),
    ]  # fmt: skip
    assert fields_of_input(None) == []
