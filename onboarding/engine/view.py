"""A journey as its users see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from onboarding.engine.outcome import Outcome, Parked
from onboarding.journal import Head, Phase, Status, TransitionRecord
from onboarding.machine import Definition, Flow

__all__ = ["Journey", "view"]


_SHOWN_APART = frozenset({"accepts", "parked", "outcome", "data", "last"})
_OF_LAST = ("seq", "at", "trigger", "source", "dest", "endpoint", "http_status", "mcode", "detail")


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey at one moment: plain data, without its fields unless they were asked for.

    Attributes:
        id: its id, a UUIDv7.
        flow: the name of its flow.
        version: the version of the flow that stored it.
        state: the state it is in.
        status: how it stands: working, polling, waiting, parked, done, failed, cancelled.
        in_doubt: whether a request of it may or may not have taken effect, and that is being found out.
        attempt: which try of the present step this is.
        created, updated, entered: when it was started, last written, and came into its state.
        due: when it is looked at next; for a waiting journey, its deadline.
        accepts: the inputs that it waits for.
        parked: why it does not go on, where it is parked.
        outcome: how it ended, where it has.
        data: the flow's fields, secrets masked (``.get_secret_value()``); None in a list.
        last: its last transition, such as the refusal of a wrong code; None in a list.
        restored: whether the journal was restored or copied while it lived: what it says may be old.
    """

    id: str
    flow: str
    version: int
    state: str
    status: Status
    in_doubt: bool
    attempt: int
    created: datetime
    updated: datetime
    entered: datetime
    due: datetime | None
    accepts: tuple[str, ...] = ()
    parked: Parked | None = None
    outcome: Outcome | None = None
    data: Flow | None = None
    last: TransitionRecord | None = None
    restored: bool = False

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.status.is_final

    @property
    def ended_well(self) -> bool:
        """Whether it has ended in a good end."""
        return self.status is Status.DONE

    @property
    def failures(self) -> int:
        """How many tries of the present step have failed in a row, while it goes on trying; 0 where all is well."""
        return max(0, self.attempt - 1) if self.status in (Status.WORKING, Status.POLLING) else 0

    @property
    def failing(self) -> bool:
        """Whether the last try of the present step failed, and it is tried again (a poll: until its deadline)."""
        return self.failures > 0

    def public(self) -> dict[str, Any]:
        """All that may be shown around, as JSON values: personal fields are masked, secrets too."""
        shown: dict[str, Any] = {
            name: _plain(getattr(self, name)) for name in self.__slots__ if name not in _SHOWN_APART
        }
        shown |= {"failing": self.failing, "failures": self.failures}
        shown["accepts"] = list(self.accepts)
        shown["parked"] = None if self.parked is None else _shown(self.parked)
        shown["outcome"] = None if self.outcome is None else _shown(self.outcome)
        shown["last"] = None if self.last is None else {name: _plain(getattr(self.last, name)) for name in _OF_LAST}
        if self.data is not None:
            shown["data"] = {name: _mask(self.data, name) for name in type(self.data).model_fields}
        return shown


def view(
    head: Head, definition: Definition | None = None, flow: Flow | None = None, last: TransitionRecord | None = None
) -> Journey:
    """The view of a stored journey."""
    parked = Parked.from_json(head.note or "") if head.status is Status.PARKED else None
    outcome = Outcome.from_json(head.note) if head.status.is_final and head.note else None
    live = definition is not None and not head.status.is_final and parked is None
    return Journey(
        id=head.id, flow=head.flow, version=head.version, state=head.state, status=head.status,
        in_doubt=head.phase is Phase.DOUBT, attempt=head.attempt, created=head.created, updated=head.updated,
        entered=head.entered, due=head.due,
        accepts=tuple(definition.inputs.get(head.state, ())) if definition and live else (),
        parked=parked, outcome=outcome, data=flow, last=last, restored=head.restored > 0 and not head.status.is_final,
    )  # fmt: skip


def _shown(record: Any) -> dict[str, Any]:
    return {name: _plain(getattr(record, name)) for name in record.__slots__}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _mask(flow: Flow, name: str) -> Any:
    """A field's value if it can be no personal datum (yes or no, one of a closed set), else whether it is there."""
    value = flow.__dict__.get(name)
    if value is None:
        return None
    return _plain(value) if isinstance(value, bool | Enum) else "•••"
