"""One call from start to outcome: wait for a place, tell the observers, send, sort, raise.

No frame here holds a secret: requests and answers are objects whose ``repr`` shows nothing, errors are made
from data and raised outside of every ``except``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from onboarding.api.codes import SUCCESS
from onboarding.api.envelope import Answer, Trouble, read_answer
from onboarding.api.observe import Call, announce, permission, report
from onboarding.api.passage import Passage
from onboarding.api.retry_after import seconds_to_wait
from onboarding.errors import CallError, InDoubt, NotSent, RefusedByProtocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from onboarding.api.codes import CodeTable
    from onboarding.api.endpoints import Endpoint
    from onboarding.api.request import FilledRequest
    from onboarding.api.transport import Transport
    from onboarding.clock import Clock

__all__ = ["Caller"]

Result = TypeVar("Result")

_OK = 200
_GRACE = 1.0
_NOT_PERMITTED = "it may be advanced elsewhere by now"


class Caller:
    """Makes calls.

    Args:
        transport: how requests get out.
        codes: the result codes that are known.
        timeout: seconds that a call may take in all; real time, because the other side lives in it.
        connect_timeout: seconds for a connection to stand.
        clock: for durations and for ``Retry-After`` dates.
    """

    def __init__(
        self,
        transport: Transport,
        codes: CodeTable,
        *,
        timeout: float,
        connect_timeout: float,
        clock: Clock,
    ) -> None:
        self._transport = transport
        self._codes = codes
        self._timeout = timeout
        self._grace = connect_timeout + _GRACE
        self._clock = clock

    async def call(self, request: FilledRequest, read: Callable[[Any], Result]) -> Result:
        """Make one call and give its result.

        Args:
            request: what to send.
            read: turns ``data`` of the answer into the result, or raises ``ValueError``.

        Raises:
            CallError: one of its four kinds.
        """
        start = self._clock.monotonic()
        loop = asyncio.get_running_loop()
        permit = permission(request.endpoint)
        passage = Passage(loop.time() + self._timeout, grace=self._grace, traced=self._transport.owned, permit=permit)
        if request.problem is not None:
            unsent: Trouble | None = Trouble(RefusedByProtocol, request.problem)
        else:
            unsent = await self._transport.take_slot(passage)
        if unsent is None:
            outcome = await self._send(request, read, passage, start)
        else:
            outcome = self._settle(request.endpoint, unsent, passage, start, announced=False)
        if isinstance(outcome, CallError):
            raise outcome
        result: Result = outcome.data
        return result

    async def _send(
        self, request: FilledRequest, read: Callable[[Any], Any], passage: Passage, start: float
    ) -> Answer | CallError:
        try:
            announce(request.endpoint)
        except BaseException:
            self._transport.free_slot()
            raise
        if not permission(request.endpoint)():
            self._transport.free_slot()
            return self._settle(request.endpoint, Trouble(NotSent, _NOT_PERMITTED), passage, start)
        # A task of its own: cancelling a request in mid-air can cost the pool a connection for good, and
        # would leave the outcome unknown where it could have been known.
        task = asyncio.get_running_loop().create_task(self._perform(request, read, passage, start))
        self._transport.own(task)
        await passage.ended(task)
        if task.done() and not task.cancelled():
            return task.result()
        late = (
            Trouble(InDoubt, "no answer in time")
            if passage.may_have_left
            else Trouble(NotSent, "no connection in time")
        )
        return self._settle(request.endpoint, late, passage, start)

    async def _perform(
        self, request: FilledRequest, read: Callable[[Any], Any], passage: Passage, start: float
    ) -> Answer | CallError:
        reply = await self._transport.perform(request, passage)
        if isinstance(reply, Trouble):
            found: Answer | Trouble = reply
        elif reply.body is None:
            found = Trouble(InDoubt, "the answer is too large or unreadable", http_status=reply.status)
        else:
            wait = seconds_to_wait(reply.retry_after, self._clock.now())
            found = read_answer(request.endpoint, self._codes, reply.status, reply.body, wait)
        if isinstance(found, Answer):
            found = _shaped(found, read)
        return self._settle(request.endpoint, found, passage, start)

    def _settle(
        self, endpoint: Endpoint, found: Answer | Trouble, passage: Passage, start: float, *, announced: bool = True
    ) -> Answer | CallError:
        """The outcome, told to the observers once: a late answer to a call given up changes nothing."""
        duration = self._clock.monotonic() - start
        outcome = found if isinstance(found, Answer) else found.error(endpoint, duration)
        if passage.settled:
            return outcome
        passage.settled = True
        report(
            Call(
                endpoint=endpoint.name,
                section=endpoint.section,
                effect=endpoint.effect,
                outcome="answered" if isinstance(found, Answer) else found.outcome,
                http_status=_OK if isinstance(found, Answer) else found.http_status,
                mcode=found.mcode,
                duration=duration,
                announced=announced,
            )
        )
        return outcome


def _shaped(answer: Answer, read: Callable[[Any], Any]) -> Answer | Trouble:
    try:
        return Answer(read(answer.data))
    except (KeyError, RecursionError, TypeError, ValueError):
        pass
    return Trouble(InDoubt, "the answer's data has an unexpected shape", mcode=SUCCESS, http_status=_OK)
