"""Doing one step, and saying how it ended: one of a few plain outcomes, never an exception."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import PurePath
from types import TracebackType
from typing import Any, Literal

from onboarding.api import Call, Effect, Endpoint, observing
from onboarding.api.observe import CallOutcome, permitting
from onboarding.clock import Clock
from onboarding.errors import CallError, DefinitionError

__all__ = ["Ended", "How", "perform"]

_ENDS = {"refused": "refused", "not_sent": "not_sent", "refused_by_protocol": "rejected", "in_doubt": "in_doubt"}
"""How a step ended whose call ended so."""
_LATE = timedelta(seconds=1)
"""Where a step is broken off later than this after its limit, nothing ran meanwhile: the limit says nothing of it."""
_WEIGHT = {Effect.READ: 0, Effect.REPEATABLE: 1, Effect.ONCE: 2}


class How(StrEnum):
    """How a step ended."""

    RETURNED = "returned"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    BROKE = "broke"
    """The step itself failed before any request that changes something was sent."""
    BROKE_AFTER_SENDING = "broke_after_sending"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step, or the check of one, ended; the facts are those of its last call."""

    how: How
    value: Any = None
    """What it returned."""
    reason: str = ""
    meaning: str | None = None
    retry_after: float | None = None
    endpoint: str | None = None
    http_status: int | None = None
    mcode: str | None = None
    duration: float = 0.0


@dataclass(slots=True)
class _Guard:
    """Watches a step's calls: refuses one that its declaration does not allow, before it is sent."""

    allowed: Effect
    change: CallOutcome | Literal["under_way"] | None = None
    """What is known of the one call that changes something; None where none has been sent."""
    calls: list[Call] = field(default_factory=list)

    def sending(self, endpoint: Endpoint) -> None:
        if endpoint.effect is Effect.READ:
            return
        if _WEIGHT[endpoint.effect] > _WEIGHT[self.allowed]:
            raise DefinitionError(
                f"a step declared {self.allowed.value} may not call {endpoint.name}, which is {endpoint.effect.value}"
            )
        if self.change is not None:
            raise DefinitionError(
                f"a step makes at most one call that changes something; {endpoint.name} would be another"
            )
        self.change = "under_way"

    def ended(self, call: Call) -> None:
        self.calls.append(call)
        if call.effect is not Effect.READ and call.announced:  # what failed before that is another one
            self.change = None if call.outcome == "not_sent" else call.outcome

    @property
    def may_have_landed(self) -> bool:
        """Whether a call that changes something left, and was not refused."""
        return self.change not in (None, "refused", "refused_by_protocol")

    @property
    def only_looked(self) -> bool:
        """Whether it is proved that the step came no further than to look at something."""
        return bool(self.calls) and self.change is None and all(call.effect is Effect.READ for call in self.calls)

    def is_in_doubt(self, error: CallError | None) -> bool:
        """Whether what the step says must not be taken for the outcome of the call that changes something.

        Its outcome may be unknown, and the step have passed over that; or it may have landed, and another call
        have failed, which must not have it sent again.
        """
        if error is None:
            return self.change in ("under_way", "in_doubt")
        return self.may_have_landed and error.outcome != self.change


async def perform(
    step: Awaitable[Any], allowed: Effect, clock: Clock, limit: timedelta, permit: Callable[[], bool] = lambda: True
) -> Ended:
    """Await a step under guard.

    Args:
        step: the step's coroutine.
        allowed: the heaviest effect that its calls may have.
        clock: measures how long it took.
        limit: how long it may take, in real time: its calls have deadlines of their own, what else it awaits may
            have none.
        permit: asked right before a call leaves that changes something: where it says no, nothing is sent.
    """
    guard = _Guard(allowed)
    began, loop = clock.monotonic(), asyncio.get_running_loop()
    late = loop.time() + (limit + _LATE).total_seconds()
    how, value = How.RETURNED, None
    error: CallError | None = None
    with observing(guard), permitting(permit):
        try:
            async with asyncio.timeout(limit.total_seconds()):
                value = await step
        except CallError as failed:
            how, error = How(_ENDS[failed.outcome]), failed
        except (KeyboardInterrupt, GeneratorExit):
            raise  # the process is told to end, or this is thrown away: neither is the step's own
        except BaseException as bug:  # whatever a step raises, sys.exit() too, must not take the worker down
            task = asyncio.current_task()
            if isinstance(bug, asyncio.CancelledError) and task is not None and task.cancelling():
                raise  # not the step's own: the whole is broken off
            if _is_at_limit(bug) and loop.time() > late:
                may_have_landed = guard.may_have_landed or allowed is Effect.READ
                how, value = How.IN_DOUBT if may_have_landed else How.NOT_SENT, "the process stood still meanwhile"
            else:
                how = How.BROKE_AFTER_SENDING if guard.may_have_landed else How.BROKE
                value = _what_broke(bug, step, limit)
    duration = clock.monotonic() - began
    if error is None and how is not How.RETURNED:
        return _facts(guard, Ended(how, reason=str(value), duration=duration))
    if guard.is_in_doubt(error):
        why = error.reason if error is not None else "its outcome is unknown, which the step passed over"
        return _facts(guard, Ended(How.IN_DOUBT, reason=why, duration=duration))
    if how is How.IN_DOUBT and allowed is not Effect.READ and guard.only_looked:
        assert error is not None, "only a call ends in doubt"
        reason = f"what it looks at first gave no usable answer: {error.reason}"
        return replace(_of_error(How.NOT_SENT, error, duration), reason=reason)
    if error is None:
        return _facts(guard, Ended(How.RETURNED, value, duration=duration))
    return _of_error(how, error, duration)


def _is_at_limit(bug: BaseException) -> bool:
    return isinstance(bug, TimeoutError) and type(bug.__cause__) is asyncio.CancelledError


def _what_broke(bug: BaseException, step: Awaitable[Any], limit: timedelta) -> str:
    """What a step failed with, and where; its own text may hold anything, but for a definition's error."""
    if isinstance(bug, DefinitionError):
        return str(bug)
    code = getattr(step, "cr_code", None)
    if _is_at_limit(bug):
        return f"it did not end within {limit.total_seconds():g} s"
    lines = [
        frame.tb_lineno
        for frame in _frames(bug)
        if code is not None and frame.tb_frame.f_code.co_filename == code.co_filename
    ]
    place = f" at {PurePath(code.co_filename).name}:{lines[-1]}" if code is not None and lines else ""
    return f"it raised {type(bug).__name__}{place}"


def _frames(bug: BaseException) -> Iterator[TracebackType]:
    frame = bug.__traceback__
    while frame is not None:
        yield frame
        frame = frame.tb_next


def _of_error(how: How, error: CallError, duration: float) -> Ended:
    return Ended(
        how, reason=error.reason, meaning=getattr(error, "meaning", None), retry_after=error.retry_after,
        endpoint=error.endpoint, http_status=error.http_status, mcode=error.mcode, duration=duration,
    )  # fmt: skip


def _facts(guard: _Guard, ended: Ended) -> Ended:
    if not guard.calls:
        return ended
    changing = [call for call in guard.calls if call.effect is not Effect.READ]
    call = (changing or guard.calls)[-1]
    return Ended(
        ended.how, ended.value, ended.reason, endpoint=call.endpoint, http_status=call.http_status, mcode=call.mcode,
        duration=ended.duration,
    )  # fmt: skip
