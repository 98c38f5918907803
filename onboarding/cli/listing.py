"""A journey as a row of a list: what an operator asks first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from onboarding.cli.grid import Layout
from onboarding.cli.output import ago, length

if TYPE_CHECKING:
    from onboarding.engine import Journey

__all__ = ["LAYOUTS", "row_of", "status_of", "tries_of"]

_LATE = timedelta(minutes=1)
"""A worker that is there takes up what is due in less."""

LAYOUTS = (
    Layout(("id", "flow", "state", "status", "age", "due in", "needs"), wraps=28),
    Layout(("id", "flow", "state", "status", "age", "due in"), below=("needs",)),
    Layout(("id", "flow", "state", "status"), below=("age", "due in", "needs")),
    Layout(("id", "status", "state"), below=("flow", "age", "due in", "needs")),
    Layout(("id", "status"), below=("state", "flow", "age", "due in", "needs")),
)
"""The best first; the last ones are for terminals that the id alone half fills."""


def row_of(journey: Journey, now: datetime) -> dict[str, str]:
    """The cells of a journey by their names."""
    needs = journey.parked.needs if journey.parked else " or ".join(journey.accepts)
    return {
        "id": journey.id,
        "flow": journey.flow,
        "state": journey.state,
        "status": status_of(journey),
        "age": ago(journey.created),
        "due in": "" if journey.due is None else _due(journey.due - now),
        "needs": tries_of(journey) if journey.failing else needs,
    }


def _due(span: timedelta) -> str:
    if span > timedelta():
        return length(span)
    return "now" if -span < _LATE else f"{length(-span)} late"


def status_of(journey: Journey) -> str:
    """How it stands, with what may be wrong: ``polling, failing``."""
    if journey.in_doubt:
        return f"{journey.status.value}, in doubt"
    return f"{journey.status.value}, failing" if journey.failing else journey.status.value


def tries_of(journey: Journey) -> str:
    """How often a step has failed that is still tried."""
    one = journey.failures == 1
    return f"{journey.failures} {'try' if one else 'tries in a row'} failed; it goes on trying"
