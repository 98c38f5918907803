"""The moves: whatever may happen to a journey, in any order, drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onboarding.errors import MissingExtra

try:
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
except ImportError:
    raise MissingExtra("verify", "the model") from None

from onboarding.journal import MessageKind
from onboarding.machine import Flow
from onboarding.sandbox.faults import FaultKind
from onboarding.verify.model.stage import Stage

__all__ = ["DivergedError", "play_of"]

_FAULTS: dict[str, dict[str, Any]] = {
    "dropped": {"kind": FaultKind.DROP_BEFORE},
    "answer lost": {"kind": FaultKind.DROP_AFTER},
    "late": {"kind": FaultKind.LATE_LANDING, "seconds": 20.0},
    "failed": {"kind": FaultKind.ERROR_500},
    "failed, and done": {"kind": FaultKind.HTML_502, "effect": True},
    "asked to wait": {"kind": FaultKind.ERROR_500, "effect": True, "retry_after": 45},
    "garbage": {"kind": FaultKind.BROKEN_JSON},
    "system error": {"kind": FaultKind.SYSTEM_ERROR},
    "throttled": {"kind": FaultKind.THROTTLE_429},
    "throttled for long": {"kind": FaultKind.THROTTLE_429, "retry_after": 90},
}
_SMOOTH = 8
"""Moves in which a journey has done all that it does undisturbed, or enough of it."""
_PASSES = (0.5, 5.0, 11.0, 31.0, 61.0, 301.0, 601.0, 3601.0)


class DivergedError(AssertionError):
    """The engine did not do what the reference says."""


class _Play(RuleBasedStateMachine):
    """One journey, on both stages."""

    stage_of: Callable[[], Stage]
    moved: Callable[[], None]
    sections: tuple[str, ...]

    def __init__(self) -> None:
        super().__init__()
        self.stage = type(self).stage_of()

    @rule()
    def go_on(self) -> None:
        """Time passes until there is something to do."""
        self.stage.go_on()

    @rule(seconds=st.sampled_from(_PASSES))
    def pass_time(self, seconds: float) -> None:
        """So much time passes."""
        self.stage.pass_time(seconds)

    @rule(fault=st.sampled_from(sorted(_FAULTS)), skip=st.integers(0, 5), times=st.integers(1, 4))
    def trouble(self, fault: str, skip: int, times: int) -> None:
        """So many requests will meet a fault, when so many others have passed."""
        self.stage.trouble(skip=skip, times=times, **_FAULTS[fault])

    @rule(data=st.data(), fault=st.sampled_from(sorted(_FAULTS)), times=st.integers(1, 6))
    def trouble_there(self, data: st.DataObject, fault: str, times: int) -> None:
        """So many requests to one endpoint will meet a fault."""
        section = data.draw(st.sampled_from(type(self).sections))
        self.stage.trouble(endpoint=section, times=times, **_FAULTS[fault])

    @rule(moves=st.integers(2, 7))
    def play_on(self, moves: int) -> None:
        """Everybody does what is expected."""
        for _ in range(moves):
            self.stage.play_on()

    @rule(when=st.sampled_from(["before", "after"]))
    def crash(self, when: str) -> None:
        """The process will end during the next request."""
        self.stage.crash(when)

    @precondition(lambda self: self.stage.reference.status == "waiting")
    @rule(right=st.integers(0, 3))
    def enter_code(self, right: int) -> None:
        """Somebody hands in what the journey waits for: the right code, or none."""
        given = self.stage.answer(None if right else "000000")
        if given is not None:
            self._agree(self.stage.hand_in(*given))

    @precondition(lambda self: self.stage.reference.status == "waiting")
    @rule(seconds=st.sampled_from((599.0, 601.0, 90_000.0)))
    def enter_code_late(self, seconds: float) -> None:
        """Somebody hands in the right code after a while in which nobody has looked at the journey."""
        self.stage.sleep(seconds)
        given = self.stage.answer(None)
        if given is not None:
            self._agree(self.stage.hand_in(*given))

    @precondition(lambda self: self._inputs() and self.stage.reference.status not in ("working", "parked"))
    @rule(data=st.data())
    def send_another(self, data: st.DataObject) -> None:
        """Somebody hands in another input, in time or not."""
        self._agree(self.stage.hand_in(data.draw(st.sampled_from(self._inputs())), {}))

    @rule(really=st.integers(0, 7))
    def cancel(self, really: int) -> None:
        """Somebody ends it, now and then."""
        if really == 0:
            self._agree(self.stage.decide(MessageKind.CANCEL, by="somebody"))

    @rule()
    def retry(self) -> None:
        """Somebody tries the present step anew, possible or not."""
        self._agree(self.stage.decide(MessageKind.RETRY))

    @rule(landed=st.booleans())
    def resolve(self, landed: bool) -> None:
        """Somebody says what became of the last request, asked or not."""
        self._agree(self.stage.decide(MessageKind.RESOLVE, landed=landed, by="somebody"))

    @invariant()
    def nothing_diverges(self) -> None:
        """After each move."""
        type(self).moved()
        if found := self.stage.divergence():
            raise DivergedError(found)

    def teardown(self) -> None:
        """Let go of both stages."""
        self.stage.close()

    def _inputs(self) -> list[str]:
        """The inputs that carry nothing."""
        definition = self.stage.flow.definition
        return sorted(
            {name for inputs in definition.inputs.values() for name, handler in inputs.items() if handler is None}
        )

    def _agree(self, said: tuple[bool, bool]) -> None:
        if said[0] is not said[1]:
            words = ["refused", "accepted"]
            raise DivergedError(f"the engine {words[said[0]]} what was handed in, the reference {words[said[1]]} it")


def play_of(flow: type[Flow], seed: int, moved: Callable[[], None]) -> type[RuleBasedStateMachine]:
    """The moves for one flow.

    Args:
        flow: the flow.
        seed: makes its person.
        moved: called after each move.
    """
    smooth = Stage(flow, seed)
    for _ in range(_SMOOTH):
        smooth.play_on()
    members = {
        "stage_of": staticmethod(lambda: Stage(flow, seed)), "moved": staticmethod(moved), "sections": smooth.called,
    }  # fmt: skip
    smooth.close()
    return type(f"Play{flow.__name__}", (_Play,), members)
