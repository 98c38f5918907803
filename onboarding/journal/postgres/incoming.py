"""What is handed in from outside: new journeys and messages, as a statement a table, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection

from onboarding.errors import JournalConflict, JournalDamaged, OnboardingError
from onboarding.journal.batch import unknown
from onboarding.journal.postgres.batch import ADD_TRANSITIONS
from onboarding.journal.postgres.many import Statement, kinds, listed
from onboarding.journal.postgres.outbox import Answer, outbox_of
from onboarding.journal.records import Head, Message, TransitionRecord
from onboarding.journal.rows import archived_head_of, head_of, head_row, message_row, transition_row
from onboarding.journal.schema import inbox, journey_data, journeys

__all__ = ["HandedIn", "Incoming", "New"]


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A journey to be stored.

    Attributes:
        head: how it begins.
        data: sealed.
        first: the first row of its history.
        key: whoever comes with the same one for this flow gets the same journey; None: it has none.
        is_reserved: whether it is to be the worker's who stores it, or not to be stored.
    """

    head: Head
    data: bytes
    first: TransitionRecord
    key: bytes | None = None
    is_reserved: bool = False


HandedIn: TypeAlias = New | Message
_Firsts: TypeAlias = dict[tuple[str, bytes | None], Head | JournalDamaged]


class Incoming:
    """What was handed in at once: what of it is there already, and what has to be put there.

    Journeys go before messages, which may be for them.

    Args:
        connection: in a transaction.
        handed_in: in the order in which it was.
        may_own: whether the process is a worker still.
    """

    def __init__(self, connection: Connection, handed_in: Sequence[HandedIn], *, may_own: Callable[[], bool]) -> None:
        self._outbox = outbox_of(connection)
        self._may_own = may_own
        keyed = [
            {"flow": one.head.flow, "key": one.key} for one in handed_in if isinstance(one, New) and one.key is not None
        ]
        ids = sorted({one.journey for one in handed_in if isinstance(one, Message)})
        # All questions are on their way before the first answer is waited for.
        used = [question.send(self._outbox, keyed) for question in (_BY_KEY, _BY_ARCHIVED_KEY)] if keyed else []
        there = self._outbox.send(_THERE, {"ids": ids}) if ids else None
        self._firsts = _firsts(*used) if used else {}
        self._there = {row["id"] for row in there.rows} if there is not None else set()
        self.new: list[New] = []
        """The journeys to be stored."""
        self.messages: list[Message] = []
        """The messages to be kept."""
        begun = {number: self._begun(one) for number, one in enumerate(handed_in) if isinstance(one, New)}
        self.outcomes: list[Head | OnboardingError | None] = [
            self._posted(one) if isinstance(one, Message) else begun[number] for number, one in enumerate(handed_in)
        ]
        """What became of each: the journey that is then there, None for a message that is, or why it is refused."""

    def write(self, owned: Collection[str], fence: int | None) -> None:
        """Put it there; these journeys as the worker's with this number."""
        if self.new:
            # In one order whoever stores them: of two that use the same keys, the second waits for the first.
            new = sorted(self.new, key=lambda one: (one.head.flow, one.key or b""))
            owners = dict.fromkeys(owned, fence)
            _ADD_HEADS.send(
                self._outbox,
                [{**head_row(one.head), "key": one.key, "owner": owners.get(one.head.id)} for one in new],
            )
            _ADD_DATA.send(self._outbox, [{"journey": one.head.id, "data": one.data} for one in new])
            ADD_TRANSITIONS.send(self._outbox, [transition_row(one.first) for one in new])
        if self.messages:
            _ADD_MESSAGES.send(self._outbox, map(message_row, self.messages))

    def _begun(self, one: New) -> Head | OnboardingError:
        """The journey that is there then."""
        key = (one.head.flow, one.key)
        if one.key is not None and key in self._firsts:
            return self._firsts[key]
        if one.is_reserved and not self._may_own():
            return JournalConflict("this process is no worker any more, so a new journey cannot be its own")
        self._firsts[key] = one.head
        self.new.append(one)
        self._there.add(one.head.id)
        return one.head

    def _posted(self, message: Message) -> OnboardingError | None:
        """Why a message is refused."""
        if message.journey not in self._there:
            return unknown(message.journey)
        self.messages.append(message)
        return None


def _firsts(current: Answer, archived: Answer) -> _Firsts:
    """The first journey of each key that was used."""
    found: _Firsts = {}
    for read, answer in ((archived_head_of, archived), (head_of, current)):
        found.update({(row["flow"], row["key"]): _read(read, row) for row in answer.rows})
    return found


def _read(read: Callable[[Mapping[Any, Any]], Head], row: Mapping[str, Any]) -> Head | JournalDamaged:
    try:
        return read(row)
    except JournalDamaged as error:
        return error


_KEYED = kinds(journeys, ("flow", "key"))
_ALL_OF_A_JOURNEY = tuple(column.name for column in journeys.c)
_ALL_OF_A_MESSAGE = tuple(column.name for column in inbox.c if column.name != "number")
_BY_KEY = Statement(
    "SELECT j.*", _KEYED,
    "JOIN journeys AS j ON j.flow = new.flow AND j.key = new.key AND j.key IS NOT NULL",
)  # fmt: skip
_BY_ARCHIVED_KEY = Statement(
    "SELECT archived.*", _KEYED, "JOIN archived ON archived.flow = new.flow AND archived.key = new.key"
)
# Locked: nobody takes them out before the messages for them are there.
_THERE = "SELECT id FROM journeys WHERE id = ANY(%(ids)s) ORDER BY id FOR KEY SHARE"
_ADD_HEADS = Statement(
    f"INSERT INTO journeys ({listed((*_ALL_OF_A_JOURNEY, 'owner'))}) SELECT *",
    {**kinds(journeys, _ALL_OF_A_JOURNEY), "owner": "bigint"},
)
_ADD_DATA = Statement("INSERT INTO journey_data (journey, data) SELECT *", kinds(journey_data, ("journey", "data")))
_ADD_MESSAGES = Statement(
    f"INSERT INTO inbox ({listed(_ALL_OF_A_MESSAGE)}) SELECT *", kinds(inbox, _ALL_OF_A_MESSAGE),
    "ON CONFLICT (id) DO NOTHING",
)  # fmt: skip
