"""Change the key: seal everything anew that is not under the primary key yet.

It may be stopped anywhere and started again: what is done is under the primary key, and is passed over.
"""

from __future__ import annotations

from collections.abc import Collection

from onboarding.errors import JournalBusy
from onboarding.journal.protocol import Journal
from onboarding.journal.sealing import DATA_FIELD, Keyring, message_field, meta_field

__all__ = ["SEALED_META", "rotate"]

SEALED_META = ("pepper",)
"""The values of the journal as a whole that are sealed."""

_PASSES = 20


async def rotate(journal: Journal, keyring: Keyring, *, batch: int = 500, meta: Collection[str] = SEALED_META) -> int:
    """Bring the data of all journeys, unseen payloads and sealed values under the primary key.

    A row that changes meanwhile is left to its writer, and looked at again in another pass. Run it once every
    process that writes has the new primary key: a return of 0 then says that old keys may be dropped.

    Args:
        journal: an open journal.
        keyring: the new primary key, and every older one still in use.
        batch: rows of one transaction.
        meta: names of the sealed values of the journal as a whole.

    Returns:
        How many values were sealed anew.

    Raises:
        KeyMismatch: something is sealed with a key that is not in ``keyring``.
        JournalDamaged: something does not open; the message names the journey.
        JournalBusy: rows kept changing, still under an old key.
    """
    total = await _rotate_meta(journal, keyring, meta)
    for _ in range(_PASSES):
        data, data_missed = await _rotate_data(journal, keyring, batch)
        payloads, payloads_missed = await _rotate_messages(journal, keyring, batch)
        total += data + payloads
        if not data_missed + payloads_missed:
            return total
    raise JournalBusy(
        "journeys keep being written under an old key: give every process the new keys, then rotate again"
    )


async def _rotate_meta(journal: Journal, keyring: Keyring, names: Collection[str]) -> int:
    done = 0
    for name in names:
        blob = await journal.meta(name)
        fresh = None if blob is None else keyring.reseal(blob, journey="", field=meta_field(name))
        if fresh is not None:
            await journal.set_meta(name, fresh)
            done += 1
    return done


async def _rotate_data(journal: Journal, keyring: Keyring, batch: int) -> tuple[int, int]:
    """One pass over all journeys: how many were sealed anew, and how many changed under our hands."""
    done = missed = 0
    after = ""
    while rows := await journal.sealed(after, batch):
        after = rows[-1][0]
        fresh = []
        for journey, revision, blob in rows:
            new = keyring.reseal(blob, journey=journey, field=DATA_FIELD)
            if new is not None:
                fresh.append((journey, revision, new))
        replaced = await journal.reseal(fresh)
        done += replaced
        missed += len(fresh) - replaced
    return done, missed


async def _rotate_messages(journal: Journal, keyring: Keyring, batch: int) -> tuple[int, int]:
    """One pass over all payloads that nobody has looked at."""
    done = missed = 0
    after = ""
    while rows := await journal.sealed_messages(after, batch):
        after = rows[-1][0]
        fresh = []
        for message, journey, blob in rows:
            new = keyring.reseal(blob, journey=journey, field=message_field(message))
            if new is not None:
                fresh.append((message, blob, new))
        replaced = await journal.reseal_messages(fresh)
        done += replaced
        missed += len(fresh) - replaced
    return done, missed
