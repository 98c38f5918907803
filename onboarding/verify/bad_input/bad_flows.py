"""Definitions of flows that cannot work, each of which must be refused when its class is defined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from onboarding.clock import seconds
from onboarding.machine import ASK, Done, Failed, Flow, Step, Waiting, Working, once, read, repeatable

__all__ = ["BAD_FLOWS"]

_ENDS = [Done("done"), Failed("failed")]
_WAYS = [["did", "doing", "done"], ["gave_up", "doing", "failed"]]


async def doing(flow: Flow, api: Any) -> None:
    """Do nothing."""
    del flow, api


def _define(states: Sequence[Any], ways: Sequence[Sequence[str]], **steps: Step) -> Callable[[], object]:
    """Define a flow of these parts, when it is called."""
    body = {"__module__": __name__, "__doc__": "A flow.", "states": list(states), "transitions": list(ways), **steps}
    return lambda: type("BadFlow", (Flow,), dict(body), name="verify-bad", version=1)


_STEP = once(then="did", otherwise=("gave_up",), in_doubt=ASK)(doing)

BAD_FLOWS: dict[str, Callable[[], object]] = {
    "doubt-undeclared": _define(
        [Working("doing"), *_ENDS], _WAYS, doing=once(then="did", otherwise=("gave_up",))(doing)
    ),
    "repeated-without-end": _define(
        [Working("doing"), *_ENDS], _WAYS,
        doing=repeatable(then="did", otherwise=("gave_up",), cooldown=seconds(1), at_most=0)(doing),
    ),
    "leads-nowhere": _define(
        [Working("doing"), *_ENDS], _WAYS, doing=read(then="went_astray", otherwise=("did", "gave_up"))(doing)
    ),
    "state-unknown": _define([Working("doing"), *_ENDS], [*_WAYS, ["did", "dreaming", "done"]], doing=_STEP),
    "never-reached": _define(
        [Working("doing"), Waiting("waiting", up_to=seconds(9), then="gave_up"), *_ENDS],
        [*_WAYS, ["gave_up", "waiting", "failed"]], doing=_STEP,
    ),
    "no-way-out": _define(
        [Working("doing"), Waiting("waiting", up_to=seconds(9), then="gave_up"), *_ENDS],
        [["did", "doing", "waiting"], ["gave_up", "doing", "waiting"], ["gave_up", "waiting", "waiting"]], doing=_STEP,
    ),
    "step-missing": _define([Working("doing"), *_ENDS], _WAYS),
    "word-of-the-engine": _define(
        [Working("doing"), *_ENDS], [["landed", "doing", "done"], ["gave_up", "doing", "failed"]],
        doing=once(then="landed", otherwise=("gave_up",), in_doubt=ASK)(doing),
    ),
}  # fmt: skip
"""By their names."""
