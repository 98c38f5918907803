"""What is given is checked before the rest is asked for; what is still missing is no fault of it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pydantic import ValidationInfo, field_validator, model_validator

from onboarding import Done, Failed, Flow, InvalidData, Phone, Secret, Waiting, hours, on_input
from onboarding.engine.asked import check_given


class Careful(Flow, name="careful", version=1):
    phone: Phone
    pin: Secret
    hint: str = ""

    states: ClassVar = [Waiting("asked", up_to=hours(1)), Done("told"), Failed("silent")]
    transitions: ClassVar = [["answered", "asked", "told"], ["timed_out", "asked", "silent"]]

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("hint") == "whole" and "pin" not in given:
            raise ValueError("a hint is for a pin")
        return given

    @field_validator("hint")
    @classmethod
    def _no_pin(cls, hint: str, info: ValidationInfo) -> str:
        if hint == "looks" and info.data["pin"].get_secret_value() in hint:
            raise ValueError("the hint must not hold the pin")
        return hint

    @on_input
    def answered(self) -> None: ...


@pytest.mark.parametrize("hint", ["plain", "whole", "looks"])
def test_what_waits_for_a_missing_field_is_not_refused_yet(hint: str) -> None:
    check_given(Careful, {"phone": "13800000001", "hint": hint}, "careful cannot start")


def test_a_field_that_does_not_fit_is_refused_without_a_word_on_the_missing_one() -> None:
    with pytest.raises(InvalidData) as refused:
        check_given(Careful, {"phone": "canary"}, "careful cannot start")
    message = str(refused.value)
    assert message.startswith("careful cannot start: phone: must be a mobile number")
    assert "pin" not in message
    assert "canary" not in message
    assert refused.value.__context__ is None
