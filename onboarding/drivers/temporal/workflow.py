"""The workflow: advance the journey, rest as long as it says or until it is woken, and again, until it has ended.

It decides nothing about the journey, and what it is told is all that it knows. That it runs twice, late or not at all
costs time and nothing else.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey

from onboarding.drivers.temporal.payloads import ADVANCE, WAKE, WORKFLOW, Errand, Rest

__all__ = ["ATTRIBUTES", "HEARTBEAT", "JourneyWorkflow"]

ATTRIBUTES = {
    name: SearchAttributeKey.for_keyword(f"Onboarding{name.capitalize()}") for name in ("flow", "state", "status")
}
"""By which journeys are searched in Temporal's own list."""
HEARTBEAT = timedelta(seconds=10)
"""After so long without a sign of life, another worker is asked to advance the journey."""
_LONGEST_LOOK = timedelta(hours=1)
"""Advancing ends by itself long before; the one who is asked then waits for the one who is still at it."""
_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=0
)  # fmt: skip
"""For as long as the journal cannot be used."""
_LONGEST_REST = timedelta(days=1)
"""Looks again at the latest then: somebody else may have ended the journey, and nobody need say so here."""
_EARLY = timedelta(milliseconds=5)
"""A timer that fires a moment early would cost a second round."""


@workflow.defn(name=WORKFLOW)
class JourneyWorkflow:
    """A journey's loop."""

    def __init__(self) -> None:
        self._woken = False

    @workflow.signal(name=WAKE)
    def wake(self) -> None:
        """Something was handed in: look at once."""
        self._woken = True

    @workflow.run
    async def run(self, errand: Errand) -> str:
        """Advance the journey until it has ended; how."""
        looks = 0
        while True:
            self._woken = False  # whatever was handed in before this look, it sees
            rest: Rest = await workflow.execute_activity(
                ADVANCE, errand.journey, result_type=Rest, start_to_close_timeout=_LONGEST_LOOK,
                heartbeat_timeout=HEARTBEAT, retry_policy=_RETRY,
            )  # fmt: skip
            if rest.listed:
                self._list(rest)
            if rest.ended:
                return rest.status
            await self._rest(rest)
            looks += 1
            if looks >= errand.looks or workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(errand)  # its first act is to look, so no signal is lost on the way

    def _list(self, rest: Rest) -> None:
        """Show how it stands in the server's list, where that has changed: each time is an event of the history."""
        known = workflow.info().typed_search_attributes
        values = {key: getattr(rest, name) for name, key in ATTRIBUTES.items()}
        changed = [key.value_set(value) for key, value in values.items() if known.get(key) != value]
        if changed:
            workflow.upsert_search_attributes(changed)

    async def _rest(self, rest: Rest) -> None:
        """Until it is time, or until it is woken."""
        due = _LONGEST_REST if rest.after is None else timedelta(seconds=rest.after) + _EARLY
        with contextlib.suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._woken, timeout=min(due, _LONGEST_REST))
