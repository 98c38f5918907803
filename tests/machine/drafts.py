"""A small flow with every kind of state, step and input, as text, so that a test can change a line of it."""

from __future__ import annotations

import itertools
import sys
from types import ModuleType
from typing import Any

from onboarding import Flow

__all__ = ["GOOD", "define"]

_HEAD = """
from __future__ import annotations
from datetime import timedelta
from typing import Any, ClassVar
from pydantic import BaseModel, ConfigDict, Field, SecretStr, computed_field
from onboarding import *
from onboarding.machine import State
"""

GOOD = '''
class Draft(Flow, name="draft", version=1):
    """A draft.

    Nobody makes this journey.
    """

    patience: Duration = minutes(1)
    code: VerificationCode = later()

    states: ClassVar = [
        Working("sending"),
        Waiting("awaiting", up_to="patience"),
        Working("checking"),
        Polling("reviewing", every=seconds(5), up_to=days(1)),
        Done("proven"),
        Failed("refused"),
    ]
    transitions: ClassVar = [
        ["sent", "sending", "awaiting"],
        ["none_left", "sending", "refused"],
        ["entered", "awaiting", "checking"],
        ["resend", "awaiting", "sending", "may_resend"],
        ["timed_out", ["awaiting", "reviewing"], "refused"],
        ["right", "checking", "reviewing"],
        ["wrong", "checking", "awaiting", "may_try_again"],
        ["wrong", "checking", "refused"],
        ["approved", "reviewing", "proven"],
        ["withdrawn", "reviewing", "refused"],
    ]

    def may_resend(self) -> bool:
        return True

    def may_try_again(self) -> bool:
        return self.times("wrong") < 3

    @repeatable(then="sent", cooldown=seconds(60), at_most=3, exhausted="none_left")
    async def sending(self, api: Any) -> None: ...

    @on_input
    def entered(self, code: VerificationCode) -> None:
        self.code = code

    @once(then="right", refused={Meaning.CODE_WRONG: "wrong"}, evidence=[Meaning.CODE_USED])
    async def checking(self, api: Any) -> None: ...

    @checking.landed
    async def is_checked(self, api: Any) -> bool | None: ...

    @read(otherwise=["approved"])
    async def reviewing(self, api: Any) -> Trigger: ...

    @on_input
    def withdrawn(self) -> None: ...
'''

_counter = itertools.count()


def define(text: str, name: str = "Draft") -> type[Any]:
    """Execute a class's text as a module of its own, and return the class."""
    module = ModuleType(f"draft_{next(_counter)}")
    sys.modules[module.__name__] = module  # where annotations are looked up, a subclass's later on too
    exec(compile(_HEAD + text, module.__name__, "exec", dont_inherit=True), module.__dict__)
    found = module.__dict__[name]
    assert isinstance(found, type)
    assert issubclass(found, Flow)
    return found
