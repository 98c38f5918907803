"""The durable record of all journeys, and the only truth about them.

- ``records``: what it holds, as plain data
- ``protocol``: what every journal must be able to do
- ``backends``: from a URL to a journal
- ``memory``: dictionaries, for tests
- ``sqlite``: one file; below it ``single_owner`` and ``tables`` (what it shares with the other journals),
  ``connection`` (opening, locks), ``writer`` (the thread, one commit a batch), ``batch``, ``moving`` and
  ``statements`` (the writes and the SQL), ``rows``, ``schema`` and ``migrations`` (the tables), ``faults`` (what a
  database error means), ``receipt`` (what a writer awaits), ``files`` (private files)
- ``chain``: the signatures of a history's rows
- ``sealing``: keys, and data sealed at rest; ``keyfile``: a file of keys; ``rotation``: changing the key

Whoever imports this loads none of SQLAlchemy, Alembic and cryptography: they load with what first needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from onboarding.journal.backends import open_journal
from onboarding.journal.protocol import Journal
from onboarding.journal.records import (
    Change,
    Ended,
    Head,
    Message,
    MessageKind,
    Page,
    Phase,
    Query,
    Status,
    Stored,
    TransitionRecord,
    Verdict,
    Whole,
    changed,
)

if TYPE_CHECKING:
    from onboarding.journal.chain import Chain, Link
    from onboarding.journal.keyfile import add_primary_key, create_key_file, drop_old_keys, load_key_file
    from onboarding.journal.memory import MemoryJournal
    from onboarding.journal.rotation import rotate
    from onboarding.journal.sealing import DATA_FIELD, Keyring, digest, message_field, meta_field
    from onboarding.journal.sqlite import SqliteJournal

__all__ = [
    "DATA_FIELD",
    "Chain",
    "Change",
    "Ended",
    "Head",
    "Journal",
    "Keyring",
    "Link",
    "MemoryJournal",
    "Message",
    "MessageKind",
    "Page",
    "Phase",
    "Query",
    "SqliteJournal",
    "Status",
    "Stored",
    "TransitionRecord",
    "Verdict",
    "Whole",
    "add_primary_key",
    "changed",
    "create_key_file",
    "digest",
    "drop_old_keys",
    "load_key_file",
    "message_field",
    "meta_field",
    "open_journal",
    "rotate",
]

_LATER = {
    "Chain": "chain",
    "DATA_FIELD": "sealing",
    "Keyring": "sealing",
    "Link": "chain",
    "MemoryJournal": "memory",
    "SqliteJournal": "sqlite",
    "add_primary_key": "keyfile",
    "create_key_file": "keyfile",
    "digest": "sealing",
    "drop_old_keys": "keyfile",
    "load_key_file": "keyfile",
    "message_field": "sealing",
    "meta_field": "sealing",
    "rotate": "rotation",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
