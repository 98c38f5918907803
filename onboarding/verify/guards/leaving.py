"""The guards around what leaves a journal: who is forgotten is, wholly, and nothing else goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, update

from onboarding import forgetting
from onboarding.forgetting import Forgetting
from onboarding.journal import batch
from onboarding.journal import statements as sql
from onboarding.journal.prepared import Prepared
from onboarding.journal.schema import inbox
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("archived-key", "the key of a journey that was archived starts no other one", part="storage",
        case="leave/archived")  # fmt: skip
def _archived_key() -> Iterator[None]:
    with in_place_of(batch, "archived", lambda *_: None):
        yield


@mutant("unanswered", "what has something to be looked at is not taken out of a journal", part="storage",
        case="word/taken-out")  # fmt: skip
def _unanswered() -> Iterator[None]:
    with in_place_of(sql, "REMOVABLE", sql.REVISIONS):
        yield


@mutant("payload-wiped", "what is handed in is wiped in the commit in which it is looked at", part="storage",
        case="word/decided-once")  # fmt: skip
def _payload_wiped() -> Iterator[None]:
    kept = update(inbox).where(inbox.c.id == bindparam("the_id")).values(verdict=bindparam("verdict"))
    with in_place_of(batch, "_LOOKED_AT", Prepared(kept)):
        yield


@mutant("erased-messages", "of who is forgotten nothing stays that was handed in", part="storage",
        case="leave/forgotten")  # fmt: skip
def _erased_messages() -> Iterator[None]:
    with in_place_of(sql, "ERASE_MESSAGES", sql.ERASE_KEY):
        yield


@mutant("erased-key", "the key of who is forgotten leads nowhere", part="storage", case="leave/forgotten")
def _erased_key() -> Iterator[None]:
    with in_place_of(sql, "ERASE_KEY", sql.ERASE_HISTORY):
        yield


@mutant("forgotten-words", "of who is forgotten no words stay", part="storage", case="leave/forgotten")
def _forgotten_words() -> Iterator[None]:
    def wordy(head: Any) -> Any:
        return replace(forgetting._outcome(head), forgotten=True)

    with in_place_of(forgetting, "_without_words", wordy):
        yield


@mutant("forgotten-bytes", "what is forgotten is erased from the file at once", part="storage", case="leave/forgotten")
def _forgotten_bytes() -> Iterator[None]:
    async def later(self: Forgetting) -> None:
        del self

    with in_place_of(Forgetting, "scrub", later):
        yield


@mutant("forget-live", "a journey that is under way is not forgotten", part="storage", case="leave/not-forgotten")
def _forget_live() -> Iterator[None]:
    async def forget(self: Forgetting, journey: str, *, damaged: bool = False) -> bool:
        stored, history = await self._journal.load(journey), await self._journal.history(journey)
        if not (stored.head.status.is_final or damaged):
            await self._erase(stored.head, history, None)
        return True

    with in_place_of(Forgetting, "forget", forget):
        yield


@mutant("forget-examined", "a history that was changed is not covered up by forgetting", part="storage",
        case="leave/not-forgotten")  # fmt: skip
def _forget_examined() -> Iterator[None]:
    with in_place_of(forgetting, "examine", lambda *_: []):
        yield


@mutant("forget-copies", "who lies in an archive that is not finished is not forgotten in the journal alone",
        part="storage", case="leave/not-forgotten")  # fmt: skip
def _forget_copies() -> Iterator[None]:
    async def none(_: Any) -> frozenset[str]:
        return frozenset()

    with in_place_of(forgetting, "copies_under_way", none):
        yield
