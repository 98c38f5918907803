"""The audit: whether what lies in the journal is as it was written.

It finds what somebody changed who can write to the file: rows of a history that were edited, added, moved or taken
away, sealed data that were changed or put elsewhere, and what has lost its journey. ``onboarding.journal.chain`` says
what it cannot find.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from onboarding.engine import Sealer
from onboarding.engine.book import Book
from onboarding.errors import JournalError, UnknownJourney
from onboarding.journal import Chain, Head, Journal, Link, Query, Stored, TransitionRecord

__all__ = ["Audit", "AuditFinding", "audit", "examine"]

_PAGE = 100
_MOST = 1000
"""Findings, and notes, that are kept of an audit: it stays small, however much is wrong."""
_LOOKS = 5
_PUZZLE = 64
"""Rows of a history up to which it is tried where a row that does not fit comes from."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What is not as it was written.

    Attributes:
        journey: the journey's id; empty for the journal as a whole.
        seq: the number of the row of its history, where it is about one.
        what: a sentence about both.
    """

    journey: str
    seq: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit has found.

    Attributes:
        journeys: how many journeys were looked at.
        transitions: how many rows of their histories.
        found: how many findings there are.
        findings: what is not as it was written; the first thousand.
        unsigned: how many rows are from before rows were signed: nobody can tell whether they are as they were written.
    """

    journeys: int
    transitions: int
    found: int
    findings: tuple[AuditFinding, ...]
    unsigned: int

    @property
    def ok(self) -> bool:
        """Whether all is as it was written."""
        return not self.found


async def audit(journal: Journal, sealer: Sealer, journey: str | None = None) -> Audit:
    """Audit all journeys, or one, while they go on. Raises ``UnknownJourney`` for one that is not there."""
    journeys = transitions = found = unsigned = 0
    kept: list[AuditFinding] = []
    after, pages = None, True
    while pages:
        if journey is not None:
            ids, pages = [journey], False
            await _known(journal, journey)
        else:
            try:
                page = await journal.find(Query(limit=_PAGE, after=after))
            except JournalError as error:
                ids, pages = [], False
                what = f"the list of journeys{f' below {after}' if after else ''} cannot be read: {error}"
                found += 1
                kept.append(AuditFinding("", None, what))
            else:
                ids, after, pages = [head.id for head in page.heads], page.next, page.next is not None
        for seen in await asyncio.gather(*(_look(journal, sealer, id_) for id_ in ids)):
            journeys += 1
            transitions += seen.rows
            unsigned += seen.unsigned
            found += len(seen.findings)
            kept += seen.findings[: _MOST - len(kept)]
    for id_ in [] if journey is not None else await journal.orphans(_MOST):
        found += 1
        kept.append(AuditFinding(id_, None, f"of the journey {id_} there are rows, but the journey itself is gone"))
    return Audit(journeys, transitions, found, tuple(kept[:_MOST]), unsigned)


_Say: TypeAlias = Callable[[int, str], None]


@dataclass(slots=True)
class _Seen:
    rows: int
    unsigned: int
    findings: list[AuditFinding]


async def _known(journal: Journal, journey: str) -> None:
    try:
        await journal.head(journey)
    except UnknownJourney:
        if not await journal.history(journey):
            raise


async def _look(journal: Journal, sealer: Sealer, journey: str) -> _Seen:
    """One journey; again where it has gone on while it was looked at."""
    for _ in range(_LOOKS):
        try:
            stored, history = await asyncio.gather(journal.load(journey), journal.history(journey))
        except UnknownJourney:
            return _Seen(0, 0, [AuditFinding(journey, None, f"the sealed data of the journey {journey} are missing")])
        except JournalError as error:
            return _Seen(0, 0, [AuditFinding(journey, None, f"the journey {journey} cannot be read: {error}")])
        seen = _Seen(len(history), sum(row.mac is None for row in history), examine(stored, history, sealer))
        if not seen.findings or (await journal.head(journey)).revision == stored.head.revision:
            break
    return seen


def examine(stored: Stored, history: Sequence[TransitionRecord], sealer: Sealer) -> list[AuditFinding]:
    """What is wrong with a journey: its rows, its head, its sealed data and messages."""
    head, journey = stored.head, stored.head.id
    found: list[AuditFinding] = []

    def say(seq: int, what: str) -> None:
        found.append(AuditFinding(journey, seq, f"journey {journey}, row {seq}: {what}"))

    links = _links(history, sealer.chain, say)
    _head(head, history, say)
    try:
        book = sealer.book_of(journey, stored.data)
    except JournalError as error:
        say(head.seq, f"{error}")
    except (ValueError, TypeError, KeyError):
        say(head.seq, "the sealed data are not what this program seals")
    else:
        _ending(history, links, book, {finding.seq for finding in found}, say)
    for message in stored.messages:
        try:
            sealer.unseal_payload(journey, message.id, message.payload)
        except JournalError as error:
            say(head.seq, f"the message {message.id} that came after it: {error}")
    return found


def _head(head: Head, history: Sequence[TransitionRecord], say: _Say) -> None:
    """Whether a journey stands where its history ends."""
    if not history:
        say(head.seq, "the whole history is missing")
    elif head.seq != history[-1].seq:
        say(head.seq, f"the journey says that this is its last row, but its history ends with row {history[-1].seq}")
    elif head.state != history[-1].dest:
        say(head.seq, f"it leads to {history[-1].dest!r}, but the journey stands in {head.state!r}")
    if head.note is not None and not _is_object(head.note):
        say(head.seq, "why the journey is parked, or how it ended, was made unreadable")


def _links(history: Sequence[TransitionRecord], chain: Chain, say: _Say) -> dict[int, Link]:
    """How each row was signed; what breaks the chain is said."""
    links: dict[int, Link] = {}
    number, previous, trust = 0, b"", True
    for row in history:
        gap, number = range(number + 1, row.seq), row.seq
        if gap:
            say(gap[0], "it is missing" + _up_to(gap[0], gap[-1]))
        link = chain.link(row, previous)
        wrong = None
        if link is not None:
            links[row.seq] = link
        elif row.mac is None:
            if previous:
                wrong = "it is not signed: it was added, or its signature was taken away"
        else:
            wrong = _misfit(row, history, chain, gap=bool(gap), trust=trust, first=not previous)
        if wrong:
            say(row.seq, wrong)
        trust = not wrong
        previous = row.mac or previous
    return links


def _misfit(
    row: TransitionRecord, history: Sequence[TransitionRecord], chain: Chain, *, gap: bool, trust: bool, first: bool
) -> str | None:
    """What is to be said of a row that does not follow from the one before it; None: that one says it all."""
    place = _place(row, history, chain)
    if place is not None and place != row.seq:
        return f"the rows were put into another order: it was written as row {place}"
    if gap or (place == row.seq and not trust):
        return None
    if place == row.seq:
        return "it does not follow from the row before it, which was added or exchanged"
    if not trust:
        return "it cannot be checked, because the row before it is not as it was written"
    if first and row.seq > 1:
        return "it was changed after it was written, or the signatures of the rows before it were taken away"
    return "it was changed after it was written, or it belongs to another journey"


def _place(row: TransitionRecord, history: Sequence[TransitionRecord], chain: Chain) -> int | None:
    """As which row of this history a row was signed; None: as none that can be told."""
    if len(history) > _PUZZLE:
        return None
    before = {b"", *(other.mac for other in history if other.mac is not None)}
    numbers = [row.seq, *(other.seq for other in history if other.seq != row.seq)]
    moved = (replace(row, seq=number) for number in numbers)
    return next((other.seq for other in moved for mac in before if chain.link(other, mac) is not None), None)


def _ending(
    history: Sequence[TransitionRecord], links: dict[int, Link], book: Book, broken: set[int | None], say: _Say
) -> None:
    """Whether the history ends where the sealed data say that it does."""
    last = {row.seq: row for row in history}.get(book.signed)
    end = history[-1].seq if history else 0
    if book.signed > end:
        say(end + 1, "it was cut off the end of the history" + _up_to(end + 1, book.signed))
    elif last is not None and book.signed not in broken and (last.mac is None or last.mac.hex() != book.mac):
        say(book.signed, "it is not the row that the sealed data know: it was exchanged, or its signature was")
    later = [seq for seq, link in links.items() if link is Link.ORDINARY and seq > book.signed]
    if later:
        say(later[0], "the sealed data are older than it: an earlier state of them was put back")


def _up_to(first: int, last: int) -> str:
    return "" if first == last else f", with all up to row {last}"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, TypeError):
        return False
